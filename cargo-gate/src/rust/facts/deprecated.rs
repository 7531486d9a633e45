//! Public items marked `#[deprecated]`.

use serde::{Deserialize, Serialize};

use crate::rust::boundary::attributes::string;
use crate::rust::boundary::extent;
use crate::rust::boundary::tokens::Tokens;
use crate::rust::boundary::watch::Around;

/// A public item marked `#[deprecated]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deprecated {
    /// Its path inside the file, `module::Type::method`.
    pub item: String,
    /// 1-based line of the attribute.
    pub line: u32,
    /// `since` of the attribute.
    pub since: Option<String>,
}

/// The public item that the attribute at `#` deprecates, without its line.
pub(crate) fn read(tokens: &Tokens<'_>, around: &Around<'_, '_>, at: usize) -> Option<Deprecated> {
    if !tokens.is(at + 1, b'[') || !tokens.is_word(at + 2, "deprecated") || around.is_test() || around.in_macro() {
        return None;
    }
    let start = tokens.skip_attributes(at);
    let public = tokens.is_word(start, "pub") && !tokens.is(start + 1, b'(');
    let mut name = extent::skip_visibility(tokens, start);
    while let Some("const" | "async" | "unsafe" | "extern" | "safe" | "default" | "auto" | "static" | "mut") =
        tokens.word(name)
    {
        name += 1;
        // The name of an ABI.
        if tokens.text_of(name).starts_with('"') {
            name += 1;
        }
    }
    let keyword = tokens.word(name);
    let is_item = matches!(
        keyword,
        Some("fn" | "struct" | "enum" | "union" | "trait" | "type" | "mod")
    );
    name += usize::from(is_item);
    let own = tokens.name(name)?;
    // A re-export is deprecated by what it names; what it names last is the item.
    if keyword == Some("use") || keyword == Some("impl") || keyword == Some("macro_rules") {
        return None;
    }
    // Variants of an enum and items of a trait are as public as the whole.
    let of_whole = !public && !is_item_of_impl(tokens, at) && around.type_name().is_some();
    if !(public || of_whole) {
        return None;
    }
    Some(Deprecated {
        item: around.item(Some(own)),
        line: 0,
        since: since(tokens, at),
    })
}

/// Whether the group around a token is the body of an `impl`, whose items are private unless they say otherwise.
fn is_item_of_impl(tokens: &Tokens<'_>, at: usize) -> bool {
    let parent = tokens.all[at].parent as usize;
    if !tokens.is(parent, b'{') {
        return true;
    }
    let mut before = parent;
    while let Some(next) = before.checked_sub(1) {
        before = next;
        match tokens.word(before) {
            Some("impl" | "fn" | "mod" | "struct" | "union") => return true,
            Some("trait" | "enum") => return false,
            _ if tokens.is(before, b';') || tokens.is(before, b'}') => return true,
            _ => {}
        }
    }
    true
}

/// `since = "…"` of the attribute at `#`.
fn since(tokens: &Tokens<'_>, at: usize) -> Option<String> {
    (at + 2..tokens.close(at + 1))
        .find(|at| tokens.is_word(*at, "since") && tokens.is(at + 1, b'='))
        .and_then(|at| string(tokens, at + 2))
        .map(str::to_owned)
}
