//! What a key, a word or the id of a check means.

use std::fmt::Write as _;
use std::ops::Range;

use super::cursor::{self, CursorKind, unquoted};
use gate_policy::describe::{self, Key, Kind};
use gate_suites::KINDS;

/// What stands at `offset`, in Markdown, with the bytes it is about.
pub fn at(text: &str, offset: usize) -> Option<(String, Range<usize>)> {
    let cursor = cursor::at(text, offset)?;
    let word = unquoted(text.get(cursor.word.clone())?);
    if word.is_empty() {
        return None;
    }
    let markdown = match cursor.kind {
        CursorKind::Header { .. } | CursorKind::Key { .. } => {
            let (_, parents) = cursor.path.split_last()?;
            describe::keys_are_checks(parents)
                .then(|| check(word))
                .flatten()
                .or_else(|| describe::key(&cursor.path).map(|key| markdown(&key)))
        }
        CursorKind::Value => {
            let key = describe::key(&cursor.path)?;
            let Kind::Value(values) = &key.kind else {
                return None;
            };
            let meaning = values
                .words
                .iter()
                .find(|(known, meaning)| known == word && !meaning.is_empty())
                .map(|(known, meaning)| format!("**`\"{known}\"`**\n\n{meaning}"));
            let check = values.checks.then(|| check(word)).flatten();
            meaning.or(check).or_else(|| Some(markdown(&key)))
        }
    };
    Some((markdown?, cursor.word))
}

/// A key in Markdown.
pub fn markdown(key: &Key) -> String {
    let name = match key.kind {
        Kind::Table => format!("[{}]", key.name),
        Kind::Tables => format!("[[{}]]", key.name),
        Kind::Value(_) => key.name.clone(),
    };
    let mut text = format!("**`{name}`**");
    if let Kind::Value(values) = &key.kind
        && !values.shape.is_empty()
    {
        let _ = write!(text, ": {}", values.shape);
    }
    if key.required {
        text.push_str(", required");
    }
    let _ = write!(text, "\n\n{}", key.description);
    if let Kind::Value(values) = &key.kind
        && !values.words.is_empty()
    {
        text.push('\n');
        for (word, meaning) in &values.words {
            let colon = if meaning.is_empty() { "" } else { ": " };
            let _ = write!(text, "\n- `\"{word}\"`{colon}{meaning}");
        }
    }
    if let Some(default) = &key.default {
        let _ = write!(text, "\n\nDefault: `{default}`");
    }
    if let Some(example) = key.examples.first() {
        let _ = write!(text, "\n\nExample: `{} = {example}`", key.name);
    }
    text
}

/// The documentation of a check or of the kind of a suite, in Markdown.
pub fn check(id: &str) -> Option<String> {
    if let Some(check) = gate_checks::ALL.iter().find(|check| check.id == id) {
        return Some(topic(check.id, check.summary, check.docs, check.blocks_at.name()));
    }
    let kind = KINDS.iter().find(|kind| {
        id.strip_prefix(kind.id)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })?;
    Some(topic(id, kind.summary, kind.docs, kind.blocks_at.name()))
}

fn topic(id: &str, summary: &str, docs: &str, stage: &str) -> String {
    format!("**`{id}`**: {summary}\n\nBlocks from `{stage}` on.\n\n{}", docs.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hover(marked: &str) -> String {
        let offset = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        at(&text, offset).map_or("nothing".into(), |(markdown, word)| {
            format!("`{}`\n{markdown}", &text[word])
        })
    }

    #[test]
    fn keys_words_and_checks_are_explained() {
        insta::assert_snapshot!(hover("[tiers]\ndef|ault = \"portable\""), @r#"
        `default`
        **`default`**: a string

        Tier of every crate without an exception.

        - `"portable"`: Safe code only; no raw authority outside allowed modules.
        - `"idiomatic"`: Portable, and free of lint warnings.
        - `"native"`: Raw authority is the purpose of the crate.

        Default: `"portable"`
        "#);
        insta::assert_snapshot!(hover("[tiers]\ndefault = \"por|table\""), @r#"
        `"portable"`
        **`"portable"`**

        Safe code only; no raw authority outside allowed modules.
        "#);
        assert!(hover("[[wai|ver]]").starts_with("`waiver`\n**`[[waiver]]`**\n\n"));
        assert!(hover("[profile.release]\npan|ic = \"abort\"").contains("- `\"immediate-abort\"`"));
        let check = hover("[checks.\"lockfile.tra|cked\"]");
        assert!(
            check.contains("**`lockfile.tracked`**: ") && check.contains("Blocks from `controlled` on."),
            "{check}"
        );
        let check = hover("[[waiver]]\ncheck = \"docs.li|nks\"");
        assert!(check.contains("**`docs.links`**: "), "{check}");
        assert_eq!(hover("# a|"), "nothing");
        assert_eq!(hover("nothing.of| = 1"), "nothing");
    }
}
