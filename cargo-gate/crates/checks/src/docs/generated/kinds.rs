//! The kinds of blocks.

use super::facts::Facts;
use super::{claims, status, support_matrix, toolchain};

/// A kind of block.
#[derive(Debug)]
pub struct Generator {
    /// Its name in the marker.
    pub kind: &'static str,
    /// Makes Markdown that ends in a line feed.
    pub(super) generate: fn(&Facts<'_>) -> String,
}

/// Every kind.
pub const GENERATORS: &[Generator] = &[
    Generator {
        kind: "claims",
        generate: claims::generate,
    },
    Generator {
        kind: "status",
        generate: status::generate,
    },
    Generator {
        kind: "support-matrix",
        generate: support_matrix::generate,
    },
    Generator {
        kind: "toolchain",
        generate: toolchain::generate,
    },
];

/// The generator of this name.
pub fn find(kind: &str) -> Option<&'static Generator> {
    GENERATORS.iter().find(|generator| generator.kind == kind)
}
