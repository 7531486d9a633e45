//! The pages of several workspaces as one.

use std::fmt::Write as _;

use super::markup::{Section, Tone, code, mark, plain, prose, table};
use super::page;

/// A workspace of a combined page.
#[derive(Debug, Clone, Copy)]
pub struct Workspace<'a> {
    /// Its directory from the top of the repository.
    pub directory: &'a str,
    /// What was decided, in words.
    pub decision: &'a str,
    /// Whether the stage may be entered.
    pub ready: bool,
    /// Its page, as [`super::render`] gives it; empty if the workspace could not be judged.
    pub page: &'a str,
    /// Why it could not be judged; absent where it was.
    pub failed: Option<&'a str>,
}

/// One page with the reports of these workspaces, under a verdict over all of them.
pub fn render(verdict: &str, ready: bool, workspaces: &[Workspace<'_>]) -> String {
    let tone = if ready { Tone::Good } else { Tone::Bad };
    let top = format!(
        "<div class=\"hero {}\">\n<h1 class=\"verdict\"><span class=\"sign\" aria-hidden=\"true\">{}</span> <span>{}</span></h1>\n</div>\n",
        tone.class(),
        tone.sign(),
        plain(verdict)
    );
    let rows: Vec<String> = workspaces
        .iter()
        .enumerate()
        .map(|(index, workspace)| {
            let tone = if workspace.ready { Tone::Good } else { Tone::Bad };
            format!(
                "<th scope=\"row\"><a href=\"#w{index}\">{}</a></th><td class=\"keep\">{}</td>",
                code(workspace.directory),
                mark(tone, &plain(&workspace.decision.replace('_', " ").to_lowercase()))
            )
        })
        .collect();
    let mut parts = String::new();
    for (index, workspace) in workspaces.iter().enumerate() {
        let _ = writeln!(
            parts,
            "<article id=\"w{index}\">\n<h3 class=\"part\">{}</h3>",
            code(workspace.directory)
        );
        match workspace.failed {
            Some(why) => {
                let _ = writeln!(parts, "<p>{} {}</p>", mark(Tone::Bad, "not judged"), prose(why));
            }
            None => {
                for part in ["header", "main"] {
                    parts.push_str(&below(inside(workspace.page, part), index));
                }
            }
        }
        parts.push_str("</article>\n");
    }
    let sections = [
        Section::new(
            "workspaces",
            "Workspaces",
            table("Workspaces", &["Directory", "Decision"], &rows),
        ),
        Section::new("reports", "Reports", parts),
    ];
    page::document(
        verdict,
        &top,
        &sections,
        "One part for each workspace of the repository.",
    )
}

/// What is in the only element of this name of a page that this program wrote.
fn inside<'p>(page: &'p str, element: &str) -> &'p str {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    page.split_once(&open)
        .and_then(|(_, rest)| rest.split_once('>'))
        .and_then(|(_, rest)| rest.rsplit_once(&close))
        .map_or("", |(inside, _)| inside)
}

/// The same with headings two levels lower and ids of its own. Foreign text has no bare quotes and no bare `<`, so it looks like neither.
fn below(markup: &str, index: usize) -> String {
    let mut out = markup.to_owned();
    for level in (1..=4).rev() {
        let (old, new) = (level, level + 2);
        out = out
            .replace(&format!("<h{old}"), &format!("<h{new}"))
            .replace(&format!("</h{old}>"), &format!("</h{new}>"));
    }
    for attribute in [" id=\"", " href=\"#", " aria-labelledby=\""] {
        out = out.replace(attribute, &format!("{attribute}w{index}-"));
    }
    out
}
