//! `cargo gate docs`: writes the generated blocks of documents, or shows what would change.

use std::fmt::Write as _;

use crate::error::{Error, Result};
use crate::exit;
use crate::generated::{self, Facts};
use crate::markdown::place;

use super::Conversation;
use super::documents::{listed, outcomes, replace};
use crate::command_line::DocsArgs;

pub(super) fn run(arguments: &DocsArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let opened = conversation.open()?;
    let documents = listed(&opened, "generated", |docs| &docs.generated)?;
    for document in &documents {
        if let Some(problem) = generated::problems(&document.text).into_iter().next() {
            let place = place(&document.path, &document.text, problem.span);
            let line = place.line.unwrap_or(1);
            let error = Error::usage(format!("`{}`, line {line}: {}", document.path, problem.message));
            return Err(error.with_help(problem.help));
        }
    }
    let outcomes = outcomes(&opened, conversation)?;
    let facts = Facts {
        policy: &opened.policy,
        members: &opened.workspace.cargo().members,
        outcomes: &outcomes,
    };
    let mut differences = String::new();
    let mut changed = 0;
    for document in &documents {
        let (text, blocks) = generated::regenerated(&document.text, &facts);
        if blocks.is_empty() {
            continue;
        }
        changed += blocks.len();
        if arguments.check {
            differences += &difference(&document.path, &document.text, &text);
        } else {
            replace(&opened.workspace, document, &text)?;
            let kinds: Vec<&str> = blocks.iter().map(|block| block.kind.as_str()).collect();
            conversation
                .printer
                .status("Wrote", &format!("{}: {}", document.path, kinds.join(", ")));
        }
    }
    if !arguments.check {
        if changed == 0 {
            conversation
                .printer
                .status("Fresh", "every generated block is up to date");
        }
        return Ok(exit::READY);
    }
    conversation.printer.data(&differences)?;
    Ok(if changed == 0 { exit::READY } else { exit::NOT_READY })
}

/// The lines that differ, as `-` and `+`, with the line at which they begin. Blocks are short, so what lies between the
/// first and the last difference of a document is shown whole.
fn difference(path: &str, before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let head = same(&mut before.iter().zip(&after));
    let tail = same(&mut before[head..].iter().rev().zip(after[head..].iter().rev()));
    let mut text = format!("--- {path}\n+++ {path}\n");
    let (old, new) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
    let _ = writeln!(text, "@@ -{},{} +{},{} @@", head + 1, old.len(), head + 1, new.len());
    for line in old {
        let _ = writeln!(text, "-{line}");
    }
    for line in new {
        let _ = writeln!(text, "+{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_what_lies_between_the_same_lines() {
        insta::assert_snapshot!(difference("a.md", "1\n2\n3\n4\n", "1\nx\ny\n3\n4\n"), @"
        --- a.md
        +++ a.md
        @@ -2,1 +2,2 @@
        -2
        +x
        +y
        ");
    }
}
