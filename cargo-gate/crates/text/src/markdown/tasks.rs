//! Checkboxes: `- [x] What is done <!-- gate: check.id, other.check@broad -->`.

use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::events;

/// A checkbox of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Whether it is ticked.
    pub ticked: bool,
    /// Where the one byte between the brackets is.
    pub at: usize,
    /// Its first line of words, without markup.
    pub title: String,
    /// The checks that it names.
    pub gates: Vec<Gate>,
    /// Position of the task that it is a part of.
    pub parent: Option<usize>,
    /// The line of the box, from the bracket on.
    pub span: Range<usize>,
}

/// A check that a box names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Its id, as written.
    pub id: String,
    /// What follows `@`, as written.
    pub stage: Option<String>,
    /// Where it stands.
    pub span: Range<usize>,
}

/// A list item while it is read.
struct Item {
    task: Option<usize>,
    /// Whether its first words are over.
    titled: bool,
}

/// Every checkbox of a document in its order. No text fails.
pub fn tasks(text: &str) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    for (event, span) in events(text) {
        match event {
            Event::Start(Tag::Item) => items.push(Item {
                task: None,
                titled: false,
            }),
            Event::End(TagEnd::Item) => drop(items.pop()),
            Event::TaskListMarker(ticked) => {
                let parent = items.iter().rev().find_map(|item| item.task);
                let Some(item) = items.last_mut() else { continue };
                let Some(at) = between_brackets(text, &span) else {
                    continue;
                };
                item.task = Some(tasks.len());
                let end = text[at..].find(['\n', '\r']).map_or(text.len(), |length| at + length);
                tasks.push(Task {
                    ticked,
                    at,
                    title: String::new(),
                    gates: Vec::new(),
                    parent,
                    span: at - 1..end,
                });
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some(item) = items.last()
                    && !item.titled
                    && let Some(task) = item.task
                {
                    tasks[task].title.push_str(&words);
                }
            }
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph) | Event::Start(Tag::List(_)) => {
                if let Some(item) = items.last_mut() {
                    item.titled = item.task.is_some();
                }
            }
            Event::InlineHtml(_) | Event::Html(_) => {
                if let Some(task) = items.last().and_then(|item| item.task) {
                    tasks[task].gates.extend(gates(text, span));
                }
            }
            _ => {}
        }
    }
    for task in &mut tasks {
        task.title = task.title.trim().to_owned();
    }
    tasks
}

/// The text with the box of a task ticked or not; nothing else changes.
pub fn with_box(text: &str, task: &Task, ticked: bool) -> String {
    let mut out = text.to_owned();
    out.replace_range(task.at..task.at + 1, if ticked { "x" } else { " " });
    out
}

/// Position of the byte in `[ ]` or `[x]`.
fn between_brackets(text: &str, span: &Range<usize>) -> Option<usize> {
    let at = span.start + 1;
    let bytes = text.as_bytes();
    let boxed = bytes.get(span.start) == Some(&b'[')
        && matches!(bytes.get(at), Some(b' ' | b'x' | b'X'))
        && bytes.get(at + 1) == Some(&b']');
    boxed.then_some(at)
}

/// The checks of `<!-- gate: … -->`; the markers of generated blocks are none.
fn gates(text: &str, span: Range<usize>) -> Vec<Gate> {
    let comment = text.get(span.clone()).unwrap_or_default();
    let inner = comment
        .trim()
        .strip_prefix("<!--")
        .and_then(|rest| rest.split_once("-->"))
        .map(|(inner, _)| inner.trim());
    let Some(list) = inner.and_then(|inner| inner.strip_prefix("gate:")) else {
        return Vec::new();
    };
    if list.starts_with("generated") || list.trim() == "end" {
        return Vec::new();
    }
    let start = span.start + comment.find(list).unwrap_or_default();
    let mut found = Vec::new();
    let mut at = 0;
    for word in list.split(|c: char| c == ',' || c.is_whitespace()) {
        if !word.is_empty() {
            let (id, stage) = match word.split_once('@') {
                Some((id, stage)) => (id, Some(stage.to_owned())),
                None => (word, None),
            };
            found.push(Gate {
                id: id.to_owned(),
                stage,
                span: start + at..start + at + word.len(),
            });
        }
        // Separators are one byte, or white space of its own length.
        at += word.len();
        at += list[at..].chars().next().map_or(0, char::len_utf8);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROADMAP: &str = "# Plan\r\n\r\n- [x] Pin the `toolchain`, at last <!-- gate: toolchain.pinned@controlled -->\r\n  more words\r\n\
                           - [ ] Ship it\r\n  - [X] part one <!-- gate: a.b, c.d@broad -->\r\n  - part two\r\n    - [ ] deep\r\n\
                           * [x] loose\r\n\r\n  <!-- gate:e.f -->\r\n\r\n```\r\n- [x] code\r\n```\r\n<!-- gate: no.task -->\r\n";

    #[test]
    fn boxes_have_words_checks_and_parents() {
        let shown: Vec<String> = tasks(ROADMAP)
            .iter()
            .map(|task| {
                let gates: Vec<&str> = task.gates.iter().map(|gate| &ROADMAP[gate.span.clone()]).collect();
                format!("{} {} {gates:?} {:?}", task.ticked, task.title, task.parent)
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        true Pin the toolchain, at last ["toolchain.pinned@controlled"] None
        false Ship it [] None
        true part one ["a.b", "c.d@broad"] Some(1)
        false deep [] Some(1)
        true loose ["e.f"] None
        "#);
    }

    #[test]
    fn only_the_box_changes() {
        let all = tasks(ROADMAP);
        let after = with_box(ROADMAP, &all[1], true);
        assert_eq!(after, ROADMAP.replace("[ ] Ship", "[x] Ship"));
        assert_eq!(with_box(&after, &all[1], false), ROADMAP);
    }

    proptest! {
        #[test]
        fn boxes_can_be_set_in_any_text(
            text in "(- |\\* |1\\. |\\[x\\]|\\[ \\]|\\[|\\]|  |\n|\r\n|\t|a|é|<!-- gate: |a\\.b|@|,| -->|<!--|-->|`|>){0,40}",
            ticked: bool,
        ) {
            let all = tasks(&text);
            for (position, task) in all.iter().enumerate() {
                let after = with_box(&text, task, ticked);
                prop_assert_eq!(after.len(), text.len());
                let differing = text.bytes().zip(after.bytes()).filter(|(a, b)| a != b).count();
                prop_assert!(differing <= 1);
                let again = tasks(&after);
                prop_assert_eq!(again.len(), all.len());
                prop_assert_eq!(again[position].ticked, ticked);
                prop_assert_eq!(&again[position].gates, &task.gates);
                prop_assert!(task.gates.iter().all(|gate| text[gate.span.clone()].starts_with(&gate.id)));
                prop_assert!(task.parent.is_none_or(|parent| parent < position));
            }
        }
    }
}
