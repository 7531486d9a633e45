//! `cargo gate source docs`: writes the generated blocks of documents, or shows what would change.

use std::fmt::Write as _;

use clap::Args;

use crate::cli::Conversation;
use crate::cli::open::Opened;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_checks::docs::generated::{self, Facts};
use gate_checks::toolchain::consumers::consumers;
use gate_policy::{Existing, ToolchainPolicy, write_atomically};
use gate_text::markdown::place;

use super::documents::{listed, outcomes, replace};

#[derive(Debug, Args)]
pub(crate) struct DocsArgs {
    /// Show what would change without writing it, and fail if anything would change
    #[arg(long)]
    pub(crate) check: bool,
}

pub(super) fn run(arguments: &DocsArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let opened = conversation.open()?;
    let toolchain = opened.policy.toolchain.as_ref();
    let declares = opened
        .policy
        .docs
        .as_ref()
        .is_some_and(|docs| !docs.generated.is_empty());
    // A policy that declares only compilers has files to write as well.
    let documents = if toolchain.is_some() && !declares {
        Vec::new()
    } else {
        listed(&opened, "generated", |docs| &docs.generated)?
    };
    for document in &documents {
        if let Some(problem) = generated::problems(&document.text).into_iter().next() {
            let place = place(&document.path, &document.text, problem.span);
            let line = place.line.unwrap_or(1);
            let error = Error::usage(format!("`{}`, line {line}: {}", document.path, problem.message));
            return Err(error.with_help(problem.help));
        }
    }
    let outcomes = if documents.is_empty() {
        Vec::new()
    } else {
        outcomes(&opened, conversation)?
    };
    let facts = Facts {
        checks: &gate_checks::infos(),
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
    if let Some(policy) = toolchain {
        for file in repeated(&opened, policy)? {
            changed += 1;
            if arguments.check {
                differences += &difference(&file.path, &file.before, &file.after);
                continue;
            }
            let target = opened.workspace.root().join(&file.path);
            write_atomically(&target, &file.after, Existing::Replace)?;
            conversation
                .printer
                .status("Wrote", &format!("{}: what `[toolchain]` declares", file.path));
        }
    }
    if !arguments.check {
        if changed == 0 {
            conversation
                .printer
                .status("Fresh", "all generated files and blocks are up to date");
        }
        return Ok(exit::READY);
    }
    conversation.printer.data(&differences)?;
    Ok(if changed == 0 { exit::READY } else { exit::NOT_READY })
}

/// A file that repeats what `[toolchain]` declares.
struct Repeated {
    path: String,
    before: String,
    after: String,
}

/// Files that do not say what `[toolchain]` declares, with the text that does.
fn repeated(opened: &Opened, policy: &ToolchainPolicy) -> Result<Vec<Repeated>> {
    let workspace = &opened.workspace;
    let all = consumers(
        policy,
        workspace.toolchain().file.as_ref(),
        &workspace.cargo().members,
        workspace.manifests(),
    );
    let mut files: Vec<Repeated> = Vec::new();
    for consumer in all.iter().filter(|consumer| !consumer.agrees()) {
        let path = &consumer.path;
        let at = files.iter().position(|file| file.path == *path);
        let at = match at {
            Some(at) => at,
            None => {
                let before = match std::fs::read_to_string(workspace.root().join(path)) {
                    Ok(text) => text,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
                    Err(error) => return Err(Error::io("read", path, &error)),
                };
                files.push(Repeated {
                    path: path.clone(),
                    after: before.clone(),
                    before,
                });
                files.len() - 1
            }
        };
        let file = &mut files[at];
        file.after =
            if file.after.is_empty() {
                format!("[{}]\n{}\n", consumer.table(), consumer.line())
            } else {
                consumer.written(&file.after).ok_or_else(|| {
                    Error::usage(format!("`{path}` has no table `[{}]` to write to", consumer.table()))
                        .with_help(format!("write `{}` under `[{}]`", consumer.line(), consumer.table()))
                })?
            };
    }
    Ok(files)
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
