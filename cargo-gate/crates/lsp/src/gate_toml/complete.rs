//! What may stand at a place of a policy.

use std::path::Path;

use lsp_types::{CompletionItem, CompletionItemKind, CompletionItemTextEdit, MarkupContent, MarkupKind, TextEdit};
use toml::de::DeTable;

use super::cursor::{self, Cursor, CursorKind, unquoted};
use super::{bases, hover, is_base};
use crate::text::Text;
use gate_policy::Reader;
use gate_policy::describe::{self, Key, Kind};

/// What may be written at `offset`, in the order of the documentation.
pub fn at(text: &Text, offset: usize, path: &Path, reader: &mut Reader<'_>) -> Vec<CompletionItem> {
    let Some(cursor) = cursor::at(text.as_str(), offset) else {
        return Vec::new();
    };
    let Some((_, parents)) = cursor.path.split_last() else {
        return Vec::new();
    };
    let mut items = Items {
        text,
        cursor: &cursor,
        list: Vec::new(),
    };
    match cursor.kind {
        CursorKind::Header { tables } => {
            items.ids_of_checks(parents);
            for key in describe::keys(parents) {
                let fits = match key.kind {
                    Kind::Table => true,
                    Kind::Tables => tables,
                    Kind::Value(_) => false,
                };
                if fits {
                    items.key(&key, &key.name);
                }
            }
        }
        CursorKind::Key { assigned } => {
            items.ids_of_checks(parents);
            let present = present(text.as_str(), parents);
            for key in describe::keys(parents) {
                if present.contains(&key.name) && unquoted(text.part(cursor.word.clone())) != key.name {
                    continue;
                }
                let written = match key.kind {
                    _ if assigned => key.name.clone(),
                    Kind::Value(_) => format!("{} = ", key.name),
                    // On a line of its own, at the top, a table begins with its header.
                    Kind::Table if parents.is_empty() => format!("[{}]", key.name),
                    Kind::Tables if parents.is_empty() => format!("[[{}]]", key.name),
                    Kind::Table | Kind::Tables => continue,
                };
                items.key(&key, &written);
            }
        }
        CursorKind::Value => {
            if let Some(Key {
                kind: Kind::Value(values),
                ..
            }) = describe::key(&cursor.path)
            {
                for (word, meaning) in &values.words {
                    items.value(word, true, meaning);
                }
                if values.boolean {
                    for word in ["true", "false"] {
                        items.value(word, false, "");
                    }
                }
                if values.checks {
                    items.checks();
                    for id in suites(text.as_str()) {
                        items.value(&id, true, "a suite of this file");
                    }
                    for (_, base) in bases::of(text.as_str(), path, reader) {
                        for id in suites(base.body()) {
                            items.value(&id, true, &format!("a suite of {}", base.path));
                        }
                    }
                }
            }
            if cursor.path == ["extends"] {
                for base in beside_and_above(path) {
                    items.value(&base, true, "a policy to add to");
                }
            }
        }
    }
    items.list
}

struct Items<'a> {
    text: &'a Text,
    cursor: &'a Cursor,
    list: Vec<CompletionItem>,
}

impl Items<'_> {
    fn push(&mut self, label: &str, written: String, kind: CompletionItemKind, detail: String, docs: Option<String>) {
        let edit = TextEdit {
            range: self.text.range(&self.cursor.word),
            new_text: written,
        };
        let typed = self.text.part(self.cursor.word.clone());
        let quote = typed.chars().next().filter(|first| matches!(first, '"' | '\''));
        self.list.push(CompletionItem {
            label: label.to_owned(),
            kind: Some(kind),
            detail: (!detail.is_empty()).then_some(detail),
            documentation: docs.map(|value| {
                MarkupContent {
                    kind: MarkupKind::Markdown,
                    value,
                }
                .into()
            }),
            // Clients keep an item whose filter begins as the text that it replaces does, quotation mark included.
            filter_text: quote.map(|quote| format!("{quote}{label}")),
            sort_text: Some(format!("{:04}", self.list.len())),
            text_edit: Some(CompletionItemTextEdit::TextEdit(edit)),
            ..CompletionItem::default()
        });
    }

    fn key(&mut self, key: &Key, written: &str) {
        let detail = match &key.kind {
            Kind::Table | Kind::Tables => "a table".to_owned(),
            Kind::Value(values) => values.shape.clone(),
        };
        let docs = Some(hover::markdown(key));
        self.push(
            &key.name,
            written.to_owned(),
            CompletionItemKind::Property,
            detail,
            docs,
        );
    }

    fn value(&mut self, word: &str, quoted: bool, meaning: &str) {
        let typed = self.text.part(self.cursor.word.clone());
        let quote = if typed.starts_with('\'') { '\'' } else { '"' };
        let written = if quoted {
            format!("{quote}{word}{quote}")
        } else {
            word.to_owned()
        };
        self.push(word, written, CompletionItemKind::Value, meaning.to_owned(), None);
    }

    fn checks(&mut self) {
        for check in gate_checks::ALL {
            self.value(check.id, true, check.summary);
        }
    }

    fn ids_of_checks(&mut self, parents: &[String]) {
        if describe::keys_are_checks(parents) {
            self.checks();
        }
    }
}

/// The keys that the table at `path` has already; of elements of arrays nothing is known here.
fn present(text: &str, path: &[String]) -> Vec<String> {
    let (file, _) = DeTable::parse_recoverable(text);
    let table = path.iter().try_fold(file.get_ref(), |table, key| {
        table.get(key.as_str())?.get_ref().as_table()
    });
    let keys = table.into_iter().flat_map(DeTable::keys);
    keys.map(|key| key.get_ref().to_string()).collect()
}

/// The bases in the directory of a policy and in those above it, up to the top of the repository, as it would name them.
fn beside_and_above(path: &Path) -> Vec<String> {
    let (mut found, mut up) = (Vec::new(), String::new());
    for directory in path.ancestors().skip(1) {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.path())
            .filter(|entry| is_base(entry) && entry != path)
            .filter_map(|entry| Some(format!("{up}{}", entry.file_name()?.to_str()?)))
            .collect();
        names.sort();
        found.append(&mut names);
        if directory.join(".git").exists() {
            break;
        }
        up.push_str("../");
    }
    found
}

/// Ids of the suites that the file declares.
fn suites(text: &str) -> Vec<String> {
    let (file, _) = DeTable::parse_recoverable(text);
    let mut ids = Vec::new();
    for kind in gate_policy::KINDS {
        let suites = file
            .get_ref()
            .get("suite")
            .and_then(|suite| suite.get_ref().as_table()?.get(kind)?.get_ref().as_array());
        for suite in suites.into_iter().flat_map(|suites| suites.iter()) {
            let name = suite
                .get_ref()
                .as_table()
                .and_then(|suite| suite.get("name")?.get_ref().as_str());
            ids.extend(name.map(|name| format!("suite.{kind}.{name}")));
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is offered at the `|`, as it would be written.
    fn offered(marked: &str) -> Vec<String> {
        let offset = marked.find('|').unwrap();
        let text = Text::new(marked.replacen('|', "", 1));
        at(&text, offset, Path::new("/gate.toml"), &mut |_, _| Ok(None))
            .into_iter()
            .map(|item| match item.text_edit {
                Some(CompletionItemTextEdit::TextEdit(edit)) => edit.new_text,
                _ => String::new(),
            })
            .collect()
    }

    #[test]
    fn keys_of_the_table_that_are_not_there_yet() {
        let keys = ["scope", "max-age", "predecessor-commits", "min-age", "strict", "reason"];
        let all = keys.map(|key| format!("{key} = "));
        assert_eq!(offered("[stage.pilot]\n|"), all);
        assert_eq!(offered("[stage.broad]\nscope = \"x\"\n|"), all[1..]);
        assert_eq!(offered("[stage.broad]\nmax|"), all);
        assert_eq!(offered("[stage.broad]\nsc|ope = \"x\""), keys);
        let top = offered("version = 1\n|");
        assert!(!top.contains(&"version = ".into()) && top.contains(&"[tiers]".into()));
        assert!(top.contains(&"[[waiver]]".into()), "{top:?}");
    }

    #[test]
    fn headers_offer_tables_and_double_ones_their_arrays() {
        assert_eq!(offered("[stage.|]"), ["pilot", "controlled", "broad"]);
        assert!(!offered("[|]").contains(&"waiver".into()));
        assert!(offered("[[|]]").contains(&"waiver".into()));
        assert_eq!(
            offered("[[suite.|]]"),
            [
                "test",
                "tool",
                "bench",
                "slo",
                "drill",
                "equivalence",
                "import",
                "ready"
            ]
        );
    }

    #[test]
    fn values_are_words_booleans_and_checks() {
        assert_eq!(
            offered("[tiers]\ndefault = |"),
            ["\"portable\"", "\"idiomatic\"", "\"native\""]
        );
        assert_eq!(
            offered("[tiers]\ndefault = \"|\""),
            ["\"portable\"", "\"idiomatic\"", "\"native\""]
        );
        assert_eq!(offered("[boundary]\nsafety-comments = |"), ["true", "false"]);
        let checks = offered("[[suite.test]]\nname = \"unit\"\n[[waiver]]\ncheck = '|'");
        assert!(checks.contains(&"'lockfile.tracked'".into()), "{checks:?}");
        assert!(checks.contains(&"'suite.test.unit'".into()));
        assert!(offered("[checks.|]").contains(&"\"lockfile.tracked\"".into()));
        assert_eq!(offered("[stage.pilot]\nscope = \"|\""), Vec::<String>::new());
        assert_eq!(offered("# |"), Vec::<String>::new());
    }
}
