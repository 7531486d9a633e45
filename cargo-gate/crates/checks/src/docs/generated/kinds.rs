//! The kinds of blocks.

use super::facts::Facts;
use super::{claims, status, support_matrix, toolchain};

/// A kind of block.
#[derive(Debug)]
pub struct Generator {
    /// Its name in the marker.
    pub kind: &'static str,
    /// What it says, one line.
    pub summary: &'static str,
    /// Makes Markdown that ends in a line feed.
    pub(super) generate: fn(&Facts<'_>) -> String,
}

/// Every kind.
pub const GENERATORS: &[Generator] = &[
    Generator {
        kind: "claims",
        summary: "scope of each stage, exclusions and waivers, as sentences",
        generate: claims::generate,
    },
    Generator {
        kind: "status",
        summary: "outcome at each stage of every check that depends on the content alone",
        generate: status::generate,
    },
    Generator {
        kind: "support-matrix",
        summary: "tier of each package and whether it is part of the claim, and what each suite needs",
        generate: support_matrix::generate,
    },
    Generator {
        kind: "toolchain",
        summary: "compilers of `[toolchain]`, and how the oldest supported one is raised",
        generate: toolchain::generate,
    },
];

/// The generator of this name.
pub fn find(kind: &str) -> Option<&'static Generator> {
    GENERATORS.iter().find(|generator| generator.kind == kind)
}
