//! The report as the messages that `cargo check --message-format json` prints, one JSON object per line, so that
//! rust-analyzer and everything else that reads them shows findings without knowing this tool.
//! Format: <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages> around
//! <https://doc.rust-lang.org/rustc/json.html>.
//!
//! rust-analyzer leaves out what has no primary span, and takes the part of a code in front of `::` for the name of the
//! source. It knows the files of Rust, TOML and Markdown in the directories of packages: what has no place, or one in
//! another file, stands at a manifest. What a waiver or an exclusion covers is left out, because nobody who edits has to
//! act on it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{Level, Renderer};
use serde_json::{Value, json};

use super::diagnostic::{Diagnostic, columns};
use super::ranking::{Ranked, ranked};
use super::{SourceProvider, Weight, anchor, text};
use crate::{Applicability, Dimension, Edit, Fix, Location, Report, SUITES_LEFT_OUT};
use gate_world::cargo::{Member, Target};

/// Stands in front of the id of the check in every code.
const SOURCE: &str = "cargo-gate";
/// Columns of the text for people inside a message.
const WIDTH: usize = 120;

/// One message per finding and per check without a judgement, most severe first; if the stage is not ready, a message
/// that says so; and the `build-finished` that ends every build. `root` is the directory of the root manifest.
pub fn render(report: &Report, sources: &dyn SourceProvider, members: &[Member], root: &Path) -> String {
    let page = Page {
        report,
        sources: Files::new(report, sources, top(members)),
        members,
        root,
    };
    let mut out = String::new();
    let mut line = |value: &Value| {
        out.push_str(&value.to_string());
        out.push('\n');
    };
    for said in ranked(report) {
        if said.weight != Weight::Covered {
            line(&page.said(&said));
        }
    }
    if !report.decision.is_ready() {
        line(&page.verdict());
    }
    line(&json!({ "reason": "build-finished", "success": report.decision.is_ready() }));
    out
}

struct Page<'a> {
    report: &'a Report,
    sources: Files<'a>,
    members: &'a [Member],
    root: &'a Path,
}

impl Page<'_> {
    fn said(&self, said: &Ranked<'_>) -> Value {
        let private = said.check.dimension == Dimension::Privacy;
        let place = anchor(said.finding);
        let (title, help) = match (said.finding, &said.check.reason) {
            (Some(finding), _) => (finding.message.clone(), finding.help.as_deref()),
            (None, Some(reason)) => {
                let words = format!("{}: {}", said.check.outcome.words(), reason.message);
                (words, reason.help.as_deref())
            }
            (None, None) => (said.check.outcome.words().to_owned(), None),
        };
        let blocks_at = said.finding.and_then(|finding| finding.blocks_at);
        let note = match (said.weight, blocks_at) {
            (Weight::Warns, Some(stage)) => Some(format!("blocks at {stage}")),
            _ => None,
        };
        let aside = is_about_the_run(said);
        let (level, shown) = match (said.weight, blocks_at) {
            _ if aside => ("note", Level::NOTE),
            (Weight::Blocks, _) => ("error", Level::ERROR),
            (_, Some(_)) => ("warning", Level::WARNING),
            (_, None) => ("note", Level::NOTE),
        };
        let visible = self.is_visible(&place.path);
        let mut spans = Vec::new();
        if !aside {
            let top = Location::line(top(self.members), 1);
            spans.push(self.span(if visible { &place } else { &top }, None, private));
        }
        let others = said.finding.map_or(&[][..], |finding| &finding.locations[..]);
        for other in others.iter().skip(1).filter(|_| !aside) {
            spans.push(self.span(other, Some("related location"), private));
        }
        let policy = said.finding.and_then(|finding| finding.policy.as_ref());
        let policy = policy.filter(|policy| !aside && **policy != *place);
        if let Some(policy) = policy {
            spans.push(self.span(policy, Some("required by this line of the policy"), false));
        }
        let has_place = said.finding.is_some_and(|finding| !finding.locations.is_empty());
        let elsewhere = (has_place && !visible && !aside).then(|| format!("at {}", super::place(&place)));
        let children = [
            ("note", elsewhere.as_deref()),
            ("note", note.as_deref()),
            ("help", help),
        ];
        let children: Vec<Value> = children
            .iter()
            .filter_map(|(level, words)| Some(message(level, &text::lines((*words)?), None, &[], &[], None)))
            .collect();
        let mut children = children;
        // A file that is not there yet has no span.
        let whole = |fix: &&Fix| !aside && fix.edits.iter().all(|edit| edit.sha256.is_some());
        if let Some(fix) = said.finding.and_then(|finding| finding.fix.as_ref()).filter(whole) {
            let spans: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| suggestion(edit, fix.applicability))
                .collect();
            children.push(message("help", &text::line(&fix.title), None, &spans, &[], None));
        }
        let code = format!("{SOURCE}::{}", said.check.id);
        let rendered = Diagnostic {
            level: shown,
            check: &said.check.id,
            title: title.as_str().into(),
            locations: said.finding.map_or(&[][..], |finding| &finding.locations[..]),
            notes: note.into_iter().collect(),
            help,
            policy,
            private,
        }
        .render(&Renderer::plain(), &self.sources, WIDTH);
        let inner = message(
            level,
            &text::lines(&title),
            Some(&code),
            &spans,
            &children,
            Some(&(rendered + "\n\n")),
        );
        let package = said.finding.and_then(|finding| finding.package.as_deref());
        self.message(&inner, self.member(package, &place.path), &place.path)
    }

    /// The verdict, as the compiler says that it aborts: without a place.
    fn verdict(&self) -> Value {
        let words = format!("{}: {}", self.report.verdict(), self.report.tally());
        let words = text::line(&words);
        let inner = message("failure-note", &words, None, &[], &[], Some(&format!("{words}\n\n")));
        self.message(&inner, self.member(None, "Cargo.toml"), "Cargo.toml")
    }

    fn message(&self, message: &Value, member: Option<&Member>, path: &str) -> Value {
        let manifest = member.map_or("Cargo.toml", |member| member.manifest.as_str());
        json!({
            "reason": "compiler-message",
            "package_id": self.package_id(member),
            "manifest_path": self.absolute(manifest),
            "target": self.target(member, path),
            "message": message,
        })
    }

    /// The member that a finding is about: the one it names, or else the one whose directory the file lies in.
    fn member(&self, package: Option<&str>, path: &str) -> Option<&Member> {
        let inside = |member: &&Member| holds(member, path);
        package
            .and_then(|name| self.members.iter().find(|member| member.name == name))
            .or_else(|| {
                self.members
                    .iter()
                    .filter(inside)
                    .max_by_key(|member| member.directory.len())
            })
            .or_else(|| self.members.first())
    }

    /// Whether rust-analyzer shows what is found in this file.
    fn is_visible(&self, path: &str) -> bool {
        let known = [".rs", ".toml", ".md"].iter().any(|end| path.ends_with(end));
        known && self.sources.0.contains_key(path) && self.members.iter().any(|member| holds(member, path))
    }

    /// The id as cargo writes it for packages on disk.
    fn package_id(&self, member: Option<&Member>) -> String {
        let Some(member) = member else {
            return format!("path+{}", self.url(""));
        };
        let url = self.url(&member.directory);
        if url.rsplit('/').next() == Some(&member.name) {
            format!("path+{url}#{}", member.version)
        } else {
            format!("path+{url}#{}@{}", member.name, member.version)
        }
    }

    fn url(&self, directory: &str) -> String {
        let path = self.absolute(directory).replace('\\', "/");
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!(
            "file://{slash}{}",
            super::markdown::percent_encoded(&path).replace("%3A", ":")
        )
    }

    /// The target a file belongs to: the one that starts there, or else the library, or else the first.
    fn target(&self, member: Option<&Member>, path: &str) -> Value {
        let targets = member.map_or(&[][..], |member| &member.targets[..]);
        let is_library = |target: &&Target| {
            target
                .kind
                .iter()
                .any(|kind| kind.contains("lib") || kind == "proc-macro")
        };
        let target = targets
            .iter()
            .find(|target| target.source == path)
            .or_else(|| targets.iter().find(is_library))
            .or_else(|| targets.first());
        let Some(target) = target else {
            return json!({
                "kind": ["lib"], "crate_types": ["lib"], "name": self.report.subject.name,
                "src_path": self.absolute("Cargo.toml"), "edition": "2024",
                "doc": false, "doctest": false, "test": false,
            });
        };
        let crate_types: Vec<&str> = target
            .kind
            .iter()
            .map(|kind| match kind.as_str() {
                "test" | "bench" | "example" | "custom-build" => "bin",
                kind => kind,
            })
            .collect();
        json!({
            "kind": target.kind, "crate_types": crate_types, "name": target.name,
            "src_path": self.absolute(&target.source),
            "edition": member.map_or("2024", |member| &member.edition),
            "doc": is_library(&target), "doctest": is_library(&target), "test": target.test,
        })
    }

    fn absolute(&self, path: &str) -> String {
        let root = self.root.display().to_string();
        if path.is_empty() {
            return root;
        }
        let separator = std::path::MAIN_SEPARATOR_STR;
        format!("{root}{separator}{}", path.replace('/', separator))
    }

    fn span(&self, place: &Location, label: Option<&str>, private: bool) -> Value {
        let at = self.sources.position(place);
        let shown: Vec<Value> = at
            .text
            .filter(|_| !private)
            .map(|line| json!({ "text": line, "highlight_start": at.columns.start, "highlight_end": at.columns.end }))
            .into_iter()
            .collect();
        json!({
            "file_name": place.path,
            "byte_start": at.bytes.start,
            "byte_end": at.bytes.end,
            "line_start": at.line,
            "line_end": at.line,
            "column_start": at.columns.start,
            "column_end": at.columns.end,
            "is_primary": label.is_none(),
            "text": shown,
            "label": label,
            "suggested_replacement": null,
            "suggestion_applicability": null,
            "expansion": null,
        })
    }
}

/// An edit as the compiler suggests it: rustfix and editors apply it.
fn suggestion(edit: &Edit, applicability: Applicability) -> Value {
    json!({
        "file_name": edit.path,
        "byte_start": edit.byte_start,
        "byte_end": edit.byte_end,
        "line_start": edit.line_start,
        "line_end": edit.line_end,
        "column_start": edit.column_start,
        "column_end": edit.column_end,
        "is_primary": true,
        "text": [],
        "label": null,
        "suggested_replacement": edit.replacement,
        "suggestion_applicability": applicability.rustc_name(),
        "expansion": null,
    })
}

/// Whether a file lies in the directory of a member.
fn holds(member: &Member, path: &str) -> bool {
    let rest = path.strip_prefix(member.directory.as_str());
    member.directory.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
}

/// The manifest that stands for the workspace: that of its root package, or else that of its first member.
fn top(members: &[Member]) -> &str {
    let root = members.iter().find(|member| member.directory.is_empty());
    root.or(members.first()).map_or("Cargo.toml", |member| &member.manifest)
}

/// Whether it is about the run and not about the text: suites that were left out, changes that are not committed, the
/// stage before. Who edits can do nothing about them now, so they are said without a place.
fn is_about_the_run(said: &Ranked<'_>) -> bool {
    ["git.clean", "stage.predecessor"].contains(&said.check.id.as_str())
        || said
            .check
            .reason
            .as_ref()
            .is_some_and(|reason| reason.code == SUITES_LEFT_OUT)
}

/// A diagnostic of rustc.
fn message(
    level: &str,
    words: &str,
    code: Option<&str>,
    spans: &[Value],
    children: &[Value],
    rendered: Option<&str>,
) -> Value {
    json!({
        "$message_type": "diagnostic",
        "message": words,
        "code": code.map(|code| json!({ "code": code, "explanation": null })),
        "level": level,
        "spans": spans,
        "children": children,
        "rendered": rendered,
    })
}

/// A place as the compiler gives it.
struct Position<'a> {
    line: usize,
    /// 1-based, in characters, the end not included.
    columns: Range<usize>,
    /// Offsets in the file.
    bytes: Range<usize>,
    text: Option<&'a str>,
}

/// A file and where its lines start.
struct File<'a> {
    text: Cow<'a, str>,
    starts: Vec<usize>,
}

/// Every file that the report points at, read once however many findings it has.
struct Files<'a>(BTreeMap<&'a str, File<'a>>);

impl<'a> Files<'a> {
    fn new(report: &'a Report, sources: &'a dyn SourceProvider, top: &'a str) -> Self {
        let mut files = BTreeMap::new();
        for finding in report.checks.iter().flat_map(|check| &check.findings) {
            for place in finding.locations.iter().chain(&finding.policy) {
                files
                    .entry(place.path.as_str())
                    .or_insert_with(|| sources.source(&place.path));
            }
        }
        files.entry(top).or_insert_with(|| sources.source(top));
        let read = files.into_iter().filter_map(|(path, text)| {
            let text = text?;
            let ends = text.match_indices('\n').map(|(at, _)| at + 1);
            let starts = std::iter::once(0).chain(ends).collect();
            Some((path, File { text, starts }))
        });
        Self(read.collect())
    }

    /// Where a place is in its file. One that the file does not have keeps its line and column.
    fn position(&self, place: &Location) -> Position<'_> {
        let line = place.line.unwrap_or(1).max(1) as usize;
        let line_of = |file: &'_ File<'_>| file.starts.get(line - 1).copied();
        let Some((file, start)) = self
            .0
            .get(place.path.as_str())
            .and_then(|file| Some((file, line_of(file)?)))
        else {
            let first = place.column.unwrap_or(1).max(1) as usize;
            return Position {
                line,
                columns: first..first + place.length.unwrap_or(0) as usize,
                bytes: 0..0,
                text: None,
            };
        };
        let text = file.text[start..].lines().next().unwrap_or_default();
        let within = columns(text, place);
        let column = |at: usize| 1 + text[..at].chars().count();
        Position {
            line,
            columns: column(within.start)..column(within.end),
            bytes: start + within.start..start + within.end,
            text: Some(text),
        }
    }
}

impl SourceProvider for Files<'_> {
    fn source(&self, path: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&*self.0.get(path)?.text))
    }
}

#[cfg(test)]
mod tests;
