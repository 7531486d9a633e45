//! Panics in the output of tests: where, and in which words.
//!
//! Format: `library/std/src/panicking.rs` in rust-lang/rust. A line `thread 'name' (1234) panicked at src/lib.rs:3:5:`, as
//! the standard library writes it since Rust 1.73 (the number is there since 1.91), then the message on one or more lines,
//! then a note about backtraces, but only in the first panic of a process. nextest indents all of it.

use std::collections::BTreeMap;

/// Path, line and column.
pub type Place = (String, u32, u32);

/// Lines of a message that are kept; a longer one is a dump, and stands in the log.
const MOST_LINES: usize = 24;
/// Bytes of a message that are kept.
const MOST_BYTES: usize = 2_000;

/// A panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// Path, line and column.
    pub place: Place,
    /// What it said, without the indentation of the runner.
    pub message: String,
}

/// Reads lines as they come.
#[derive(Debug, Default)]
pub(super) struct Panics {
    /// The first panic in each thread, by name; `None` where threads of one name panicked in different places.
    first: BTreeMap<String, Option<Panic>>,
    /// The thread whose message is being read, the indentation in front of it, and its lines so far.
    open: Option<(String, usize, usize)>,
}

impl Panics {
    /// Takes one line without its end and without escape sequences.
    pub(super) fn line(&mut self, line: &str) {
        if let Some((thread, place)) = panicked(line) {
            let indent = line.len() - line.trim_start().len();
            self.open = match self.first.get_mut(thread) {
                None => {
                    let message = String::new();
                    self.first.insert(thread.to_owned(), Some(Panic { place, message }));
                    Some((thread.to_owned(), indent, 0))
                }
                Some(known) => {
                    if known.as_ref().is_some_and(|known| known.place != place) {
                        *known = None;
                    }
                    None
                }
            };
            return;
        }
        let Some((thread, indent, lines)) = &mut self.open else {
            return;
        };
        let inside = line.trim().is_empty() || line.len() - line.trim_start().len() >= *indent;
        let text = line.get(*indent..).unwrap_or_default().trim_end();
        let message = self
            .first
            .get_mut(thread.as_str())
            .and_then(Option::as_mut)
            .map(|panic| &mut panic.message);
        match message {
            Some(message) if inside && !ends_message(text) && *lines < MOST_LINES && message.len() < MOST_BYTES => {
                if *lines > 0 {
                    message.push('\n');
                }
                message.push_str(text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or_default());
                *lines += 1;
            }
            _ => self.open = None,
        }
    }

    /// The panics by the name of the thread, which is that of the test.
    pub(super) fn finish(mut self) -> BTreeMap<String, Option<Panic>> {
        for panic in self.first.values_mut().flatten() {
            panic.message.truncate(panic.message.trim_end().len());
        }
        self.first
    }
}

/// Whether a line is the first one behind the message of a panic.
fn ends_message(line: &str) -> bool {
    line.starts_with("note: run with `RUST_BACKTRACE=1`")
        || line == "stack backtrace:"
        || line == "failures:"
        || line.starts_with("---- ")
        || line.starts_with("test result: ")
        || line.starts_with("test ") && line.contains(" ... ")
}

/// The thread and the place of a panic.
fn panicked(line: &str) -> Option<(&str, Place)> {
    let (thread, rest) = line.trim_start().strip_prefix("thread '")?.split_once("' ")?;
    let (_, place) = rest.split_once("panicked at ")?;
    Some((thread, parse_place(place.strip_suffix(':')?)?))
}

/// `src/lib.rs:3:5`
pub(super) fn parse_place(text: &str) -> Option<Place> {
    let mut parts = text.rsplitn(3, ':');
    let column = parts.next()?.trim().parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?.replace('\\', "/"), line, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> String {
        let mut panics = Panics::default();
        text.lines().for_each(|line| panics.line(line));
        let shown = panics.finish().into_iter().map(|(thread, panic)| match panic {
            Some(Panic {
                place: (path, line, column),
                message,
            }) => format!("{thread} at {path}:{line}:{column}\n{message}"),
            None => format!("{thread} in several places"),
        });
        shown.collect::<Vec<_>>().join("\n--\n")
    }

    #[test]
    fn libtest_says_why_under_the_name_of_each_test() {
        let text = "failures:

---- tests::first stdout ----
printed before

thread 'tests::first' (41) panicked at src/lib.rs:24:9:
assertion `left == right` failed: of 2 and 2
  left: 4
 right: 5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

---- tests::second stdout ----

thread 'tests::second' panicked at src\\lib.rs:30:5:
first paragraph

second paragraph


failures:
    tests::first
    tests::second

test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        insta::assert_snapshot!(messages(text), @r"
        tests::first at src/lib.rs:24:9
        assertion `left == right` failed: of 2 and 2
          left: 4
         right: 5
        --
        tests::second at src/lib.rs:30:5
        first paragraph

        second paragraph
        ");
    }

    #[test]
    fn nextest_indents_and_tries_again() {
        let text = "        FAIL [   0.003s] (1/2) demo tests::it_fails
  stderr ───

    thread 'tests::it_fails' (7) panicked at src/lib.rs:14:9:
    assertion failed: ok
      indented
  TRY 2 FAIL [   0.003s] (1/2) demo tests::it_fails
    thread 'tests::it_fails' (8) panicked at src/lib.rs:14:9:
    assertion failed: another time
    thread 'twice' panicked at src/a.rs:1:1:
    one
    thread 'twice' panicked at src/b.rs:1:1:
    two
";
        insta::assert_snapshot!(messages(text), @"
        tests::it_fails at src/lib.rs:14:9
        assertion failed: ok
          indented
        --
        twice in several places
        ");
    }

    #[test]
    fn a_long_message_is_cut() {
        let line = "ß".repeat(900);
        let many = format!("thread 'a' panicked at a.rs:1:1:\n{}", "x\n".repeat(90));
        let long = format!("thread 'a' panicked at a.rs:1:1:\n{line}\n{line}\n{line}\n");
        assert_eq!(messages(&many).lines().count(), 1 + MOST_LINES);
        assert_eq!(messages(&long).lines().count(), 3);
    }

    proptest::proptest! {
        #[test]
        fn any_lines_are_fine(indent in "[ \u{a0}]{0,3}", text in "[\\PC\n ]{0,80}") {
            messages(&format!("{indent}thread 'a' panicked at a.rs:1:1:\n{text}"));
        }
    }
}
