//! cargo-deny, by its JSON messages, which it prints on stderr.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use gate_policy::SuitePolicy;
use gate_report::{Finding, Location, Reason};
use gate_world::Workspace;

use super::packages::PackageLines;
use super::{Adapter, Reads, Reported, finding};

pub(super) const ADAPTER: Adapter = Adapter {
    // Advisories are the gate's own check, which fetches nothing.
    command: &["deny", "--format=json", "check", "bans", "licenses", "sources"],
    // Only in front of `check`, where `--locked` is not added.
    locks: false,
    version: &["cargo", "deny", "--version"],
    program: "cargo-deny",
    on_stderr: true,
};

const CHECKS: [&str; 4] = ["advisories", "bans", "licenses", "sources"];

/// Codes of what is said about licences, and about sources. What is said about bans has some forty, and more with every
/// version; the counts of the summary show when one was taken for what it is not.
const LICENSES: &str = "\
    accepted rejected unlicensed skipped-private-workspace-crate license-not-encountered \
    license-exception-not-encountered missing-clarification-file parse-error empty-license-field no-license-field \
    gather-failure";
const SOURCES: &str = "\
    git-source-underspecified allowed-source allowed-by-organization source-not-allowed unmatched-source \
    unmatched-organization";

/// The check that a message is about.
fn check_of(code: Option<&str>) -> &'static str {
    match code {
        Some(code) if LICENSES.split_whitespace().any(|known| known == code) => "licenses",
        Some(code) if SOURCES.split_whitespace().any(|known| known == code) => "sources",
        _ => "bans",
    }
}

/// Reads messages as they come.
pub(super) struct Reader {
    suite: SuitePolicy,
    packages: PackageLines,
    /// Files a message may point into, with their text: the tool names lines and no file.
    files: Vec<(String, String)>,
    diagnostics: Vec<Diagnostic>,
    summary: Option<BTreeMap<String, Counts>>,
    no_config: bool,
    failure: Option<String>,
    unreadable: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    r#type: String,
    fields: Value,
}

#[derive(Deserialize)]
struct Diagnostic {
    #[serde(default)]
    code: Option<String>,
    message: String,
    severity: String,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    graphs: Vec<Graph>,
}

#[derive(Deserialize)]
struct Label {
    line: u32,
    column: u32,
    #[serde(default)]
    message: String,
    #[serde(default)]
    span: String,
}

#[derive(Deserialize)]
struct Graph {
    #[serde(rename = "Krate")]
    krate: Krate,
}

#[derive(Deserialize)]
struct Krate {
    name: String,
    version: String,
}

#[derive(Deserialize, Default, Clone, Copy)]
struct Counts {
    errors: u64,
    warnings: u64,
    notes: u64,
    helps: u64,
}

impl Reader {
    pub(super) fn new(suite: &SuitePolicy, workspace: &Workspace) -> Self {
        let manifests = workspace.cargo().members.iter().map(|member| member.manifest.clone());
        let configs = ["deny.toml", ".deny.toml", ".cargo/deny.toml"].map(str::to_owned);
        let files = configs
            .into_iter()
            .chain(manifests)
            .filter_map(|path| {
                let text = String::from_utf8(workspace.read(&path).ok()?).ok()?;
                Some((path, text))
            })
            .collect();
        Self::with(suite, PackageLines::of(workspace), files)
    }

    pub(super) fn with(suite: &SuitePolicy, packages: PackageLines, files: Vec<(String, String)>) -> Self {
        Self {
            suite: suite.clone(),
            packages,
            files,
            diagnostics: Vec::new(),
            summary: None,
            no_config: false,
            failure: None,
            unreadable: None,
        }
    }

    fn take(&mut self, line: &str) -> Result<(), serde_json::Error> {
        let Message { r#type, fields } = serde_json::from_str(line)?;
        match r#type.as_str() {
            "diagnostic" => self.diagnostics.push(serde_json::from_value(fields)?),
            "summary" => self.summary = Some(serde_json::from_value(fields)?),
            "log" => {
                let text = fields["message"].as_str().unwrap_or_default();
                self.no_config |= text.contains("falling back to default config");
                if fields["level"] == "ERROR" {
                    self.failure
                        .get_or_insert_with(|| text.lines().next().unwrap_or_default().to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Why the report cannot be believed.
    fn broken(&self, summary: &BTreeMap<String, Counts>) -> Option<String> {
        let asked = self.asked();
        if let Some(missing) = asked.iter().find(|check| !summary.contains_key(**check)) {
            return Some(format!("cargo deny reported nothing about {missing}"));
        }
        let counted: u64 = summary.values().map(|counts| counts.errors).sum();
        let read = self.diagnostics.iter().filter(|one| one.severity == "error").count() as u64;
        if counted != read {
            return Some(format!(
                "cargo deny reported {counted} errors, but only {read} could be parsed"
            ));
        }
        let part = self.suite.part.as_deref()?;
        let counts = summary.get(part)?;
        let read = |severity: &str| self.own().filter(|one| one.severity == severity).count() as u64;
        let (errors, warnings) = (read("error"), read("warning"));
        (counts.errors != errors || counts.warnings != warnings).then(|| {
            format!(
                "cargo deny reported {} errors and {} warnings about {part}, but only {errors} and {warnings} could \
                 be parsed",
                counts.errors, counts.warnings
            )
        })
    }

    /// The messages that this suite judges.
    fn own(&self) -> impl Iterator<Item = &Diagnostic> {
        let part = self.suite.part.as_deref();
        let is_own = move |one: &&Diagnostic| part.is_none_or(|part| check_of(one.code.as_deref()) == part);
        self.diagnostics.iter().filter(is_own)
    }

    /// The checks that the command asks for.
    fn asked(&self) -> Vec<&str> {
        let own = &self.suite.command;
        if own.is_empty() {
            return CHECKS[1..].to_vec();
        }
        let named = |check: &&str| own.iter().any(|word| word == check);
        let asked: Vec<&str> = CHECKS.into_iter().filter(named).collect();
        if asked.is_empty() { CHECKS.to_vec() } else { asked }
    }

    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let krate = diagnostic.graphs.first().map(|graph| &graph.krate);
        let mut message = String::new();
        if let Some(krate) = krate {
            message += &format!("`{} {}`: ", krate.name, krate.version);
        }
        message += &diagnostic.message;
        for label in &diagnostic.labels {
            if !label.message.is_empty() && !label.span.contains('\n') {
                message += &format!(", `{}`: {}", label.span, label.message);
            }
        }
        if let Some(code) = &diagnostic.code {
            message += &format!(" ({code})");
        }
        let mut found = if diagnostic.severity == "error" {
            finding(&self.suite, message)
        } else {
            Finding::advice(message).because(self.suite.location.clone())
        };
        found
            .locations
            .extend(krate.map(|krate| self.packages.place(&krate.name, &krate.version)));
        for label in &diagnostic.labels {
            if let Some(place) = self.place(label)
                && !found.locations.contains(&place)
            {
                found.locations.push(place);
            }
        }
        found.help("correct the dependency or deny.toml; `cargo deny check` shows what depends on the package")
    }

    /// The file that holds the text of a label at its line and column.
    fn place(&self, label: &Label) -> Option<Location> {
        let at = |text: &str| {
            let line = text.lines().nth(usize::try_from(label.line).ok()?.checked_sub(1)?)?;
            let column = usize::try_from(label.column).ok()?.checked_sub(1)?;
            line.get(column..)?.starts_with(&label.span).then_some(())
        };
        if label.span.is_empty() {
            return None;
        }
        let (path, _) = self.files.iter().find(|(_, text)| at(text).is_some())?;
        Some(Location::line(path.clone(), label.line))
    }
}

impl Reads for Reader {
    fn line(&mut self, line: &str) {
        // cargo and rustup print to stderr as well; messages are objects.
        if line.starts_with('{')
            && let Err(error) = self.take(line)
        {
            self.unreadable.get_or_insert_with(|| error.to_string());
        }
    }

    fn finish(self: Box<Self>) -> Reported {
        if self.no_config {
            let reason = Reason::new(
                "config_missing",
                "there is no deny.toml, so cargo deny has no rules to check",
            );
            return Reported::refused(reason.help("cargo deny init"));
        }
        if let Some(error) = self.unreadable {
            return Reported::broken(format!("cannot parse a message of cargo deny: {error}"));
        }
        let Some(summary) = &self.summary else {
            return match self.failure {
                Some(failure) => Reported::refused(
                    Reason::new("tool_failed", format!("cargo deny failed: {failure}")).help("cargo deny check"),
                ),
                None => Reported::broken("cargo deny did not report that it finished"),
            };
        };
        if let Some(broken) = self.broken(summary) {
            return Reported::broken(broken);
        }
        // Every package has a licence or lacks one, and is counted either way.
        let counted = |counts: &Counts| counts.errors + counts.warnings + counts.notes + counts.helps;
        let about_licenses = self.suite.part.as_deref().is_none_or(|part| part == "licenses");
        if about_licenses && summary.get("licenses").is_some_and(|counts| counted(counts) == 0) {
            let reason = Reason::new("nothing_checked", "cargo deny checked no licenses");
            return Reported::refused(reason.help("correct `[graph]` in deny.toml, which excludes every package"));
        }
        let mut findings: Vec<Finding> = self
            .own()
            .filter(|one| matches!(one.severity.as_str(), "error" | "warning"))
            .map(|one| self.finding(one))
            .collect();
        findings.sort_by(|a, b| {
            let key = |one: &Finding| (one.blocks_at.is_none(), one.locations.clone(), one.message.clone());
            key(a).cmp(&key(b))
        });
        Reported {
            explained: self.suite.part.is_some() && self.diagnostics.iter().any(|one| one.severity == "error"),
            findings,
            ..Reported::default()
        }
    }
}
