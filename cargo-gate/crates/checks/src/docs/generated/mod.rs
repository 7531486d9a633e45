//! Generated blocks of documents: what stands between `<!-- gate:generated <kind> -->` and `<!-- gate:end -->`.
//!
//! A block says what follows from the policy and from the checks over this content. It holds no time, no machine and no
//! decision, so that the same content has the same block everywhere and at every stage.

mod blocks;
mod claims;
mod status;
mod support_matrix;
mod toolchain;

use gate_contract::Check;
use gate_policy::Policy;
use gate_report::CheckReport;
use gate_world::cargo::Member;

pub use blocks::{Block, Problem, blocks, problems};

/// What blocks are made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// Members of the workspace, sorted by name.
    pub members: &'a [Member],
    /// The catalogue of built-in checks.
    pub checks: &'a [&'static Check],
    /// Checks that were judged, at whatever stage.
    pub outcomes: &'a [CheckReport],
}

/// A kind of block.
#[derive(Debug)]
pub struct Generator {
    /// Its name in the marker.
    pub kind: &'static str,
    /// Makes Markdown that ends in a line feed.
    generate: fn(&Facts<'_>) -> String,
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

/// The document with its blocks made anew, and those that changed. What stands outside of blocks, and blocks that
/// [`problems`] complains about, stay as they are.
pub fn regenerated(text: &str, facts: &Facts<'_>) -> (String, Vec<Block>) {
    let mut out = String::with_capacity(text.len());
    let mut changed = Vec::new();
    let mut at = 0;
    for block in blocks(text) {
        let Some(generator) = find(&block.kind) else { continue };
        let expected = format!("\n{}\n", (generator.generate)(facts));
        let parts = (text.get(at..block.inner.start), text.get(block.inner.clone()));
        let (Some(before), Some(current)) = parts else { continue };
        if current.replace("\r\n", "\n") == expected {
            continue;
        }
        out.push_str(before);
        if before.ends_with("\r\n") {
            out.push_str(&expected.replace('\n', "\r\n"));
        } else {
            out.push_str(&expected);
        }
        at = block.inner.end;
        changed.push(block);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, changed)
}

/// Text in the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests;
