//! Generated blocks of documents: what stands between `<!-- gate:generated <kind> -->` and `<!-- gate:end -->`.
//!
//! A block says what follows from the policy and from the checks over this content. It holds no time, no machine and no
//! decision, so that the same content has the same block everywhere and at every stage.

mod blocks;
mod claims;
mod facts;
mod kinds;
mod status;
mod support_matrix;
mod toolchain;

pub use blocks::{Block, Problem, blocks, problems};
pub use facts::Facts;
use facts::cell;
pub use kinds::{GENERATORS, Generator, find};

/// The document with regenerated blocks, and the blocks that changed. Text outside of blocks, and blocks that
/// [`problems`] complains about, stay as they are.
pub fn regenerated(text: &str, facts: &Facts<'_>) -> (String, Vec<Block>) {
    let mut out = String::with_capacity(text.len());
    let mut changed = Vec::new();
    let mut at = 0;
    for block in blocks(text) {
        let parts = (text.get(at..block.inner.start), replacement(text, &block, facts));
        let (Some(before), Some(expected)) = parts else {
            continue;
        };
        out.push_str(before);
        out.push_str(&expected);
        at = block.inner.end;
        changed.push(block);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, changed)
}

/// What a block should hold; `None` where it holds that.
pub fn replacement(text: &str, block: &Block, facts: &Facts<'_>) -> Option<String> {
    let expected = format!("\n{}\n", (find(&block.kind)?.generate)(facts));
    let current = text.get(block.inner.clone())?;
    if current.replace("\r\n", "\n") == expected {
        return None;
    }
    let crlf = text.get(..block.inner.start)?.ends_with("\r\n");
    Some(if crlf { expected.replace('\n', "\r\n") } else { expected })
}

#[cfg(test)]
mod tests;
