//! The reports of several workspaces as one document, in the format of each.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_report::Decision;
use gate_report::render::html::combined;

use super::super::arguments::Format;
use super::super::json::{self, Failed};

/// What was said of the workspaces of a repository.
pub(super) struct All {
    pub(super) stage: Stage,
    /// The worst decision.
    pub(super) decision: Decision,
    /// The exit code of the worst workspace.
    pub(super) exit_code: i32,
    /// In the order of their directories.
    pub(super) parts: Vec<Part>,
    /// Directories of the workspaces that the command line leaves out.
    pub(super) left_out: Vec<String>,
}

/// One workspace.
pub(super) struct Part {
    /// Directory from the top of the repository; empty for the top.
    pub(super) directory: String,
    pub(super) said: Said,
}

/// What was said of a workspace.
pub(super) enum Said {
    Report {
        decision: Decision,
        exit_code: i32,
        /// The report in each format that was asked for, masked.
        texts: Vec<(Format, String)>,
    },
    Plan {
        text: String,
    },
    /// It could not be judged.
    Failed(Failed),
}

impl Part {
    fn shown(&self) -> &str {
        if self.directory.is_empty() {
            "."
        } else {
            &self.directory
        }
    }

    fn text(&self, format: Format) -> &str {
        let Said::Report { texts, .. } = &self.said else {
            return "";
        };
        let text = texts.iter().find(|(known, _)| *known == format);
        text.map_or("", |(_, text)| text)
    }

    fn failed(&self) -> Option<&Failed> {
        match &self.said {
            Said::Failed(failed) => Some(failed),
            Said::Report { .. } | Said::Plan { .. } => None,
        }
    }
}

impl All {
    /// A line for each workspace, and one for all of them.
    pub(super) fn table(&self) -> String {
        let left_out = self.left_out.iter().map(|directory| {
            (
                if directory.is_empty() { "." } else { directory.as_str() },
                "left out".to_owned(),
            )
        });
        let said = |part: &Part| match &part.said {
            Said::Report { decision, .. } => decision.name().to_owned(),
            Said::Plan { .. } => String::new(),
            Said::Failed(failed) => format!("not judged: {}", failed.message()),
        };
        let rows: Vec<(&str, String)> = self
            .parts
            .iter()
            .map(|part| (part.shown(), said(part)))
            .chain(left_out)
            .collect();
        let width = rows.iter().map(|(shown, _)| shown.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (shown, said) in &rows {
            let _ = writeln!(text, "{shown:<width$}  {said}");
        }
        let ready = self
            .parts
            .iter()
            .filter(|part| matches!(&part.said, Said::Report { decision, .. } if decision.is_ready()));
        let (ready, of) = (ready.count(), self.parts.len());
        let _ = writeln!(
            text,
            "{}: {} ({ready} of {of} workspaces ready)",
            self.stage,
            self.decision.name()
        );
        text
    }

    /// The plans of all workspaces.
    pub(super) fn plans(&self, format: Format) -> Result<String> {
        if format == Format::Json {
            let plans: Result<Vec<Value>> = self
                .parts
                .iter()
                .map(|part| {
                    part.data("plan", || match &part.said {
                        Said::Plan { text } => Some(text.as_str()),
                        _ => None,
                    })
                })
                .collect();
            return json::json(&json!({ "stage": self.stage, "workspaces": plans?, "left_out": self.left_out }));
        }
        let mut text = String::new();
        for part in &self.parts {
            let _ = writeln!(text, "{}", part.shown());
            match &part.said {
                Said::Plan { text: plan } => text.push_str(plan),
                Said::Failed(failed) => {
                    let _ = writeln!(text, "cannot be planned: {}", failed.message());
                }
                Said::Report { .. } => {}
            }
            text.push('\n');
        }
        Ok(text)
    }

    /// The reports of all workspaces as one document.
    pub(super) fn text(&self, format: Format) -> Result<String> {
        match format {
            Format::Json => self.json(),
            Format::Sarif => self.sarif(),
            Format::Html => Ok(self.html()),
            Format::Junit => Ok(self.junit()),
            Format::Gitlab => self.gitlab(),
            Format::CargoJson => Ok(self.cargo_json()),
            Format::Github => Ok(self.github()),
            Format::Human | Format::Markdown => Ok(self.sections(format)),
        }
    }

    fn json(&self) -> Result<String> {
        #[derive(Serialize)]
        struct View<'a> {
            stage: Stage,
            decision: Decision,
            exit_code: i32,
            workspaces: Vec<Value>,
            left_out: &'a [String],
        }
        let text = |part: &Part| part.data("report", || Some(part.text(Format::Json)));
        let workspaces: Result<Vec<Value>> = self.parts.iter().map(text).collect();
        json::json(&View {
            stage: self.stage,
            decision: self.decision,
            exit_code: self.exit_code,
            workspaces: workspaces?,
            left_out: &self.left_out,
        })
    }

    /// A part of the page for each workspace.
    fn html(&self) -> String {
        let workspaces: Vec<combined::Workspace<'_>> = self
            .parts
            .iter()
            .map(|part| {
                let decision = match &part.said {
                    Said::Report { decision, .. } => Some(*decision),
                    Said::Plan { .. } | Said::Failed(_) => None,
                };
                combined::Workspace {
                    directory: part.shown(),
                    decision: decision.map_or("not judged", Decision::name),
                    ready: decision.is_some_and(Decision::is_ready),
                    page: part.text(Format::Html),
                    failed: part.failed().map(Failed::message),
                }
            })
            .collect();
        let verdict = format!("{} for {}", self.decision.name().replace('_', " "), self.stage);
        combined::render(&verdict, self.decision.is_ready(), &workspaces)
    }

    /// One run for each workspace, which the service that reads them tells apart by their automation ids.
    fn sarif(&self) -> Result<String> {
        let mut log = Value::Null;
        let mut runs = Vec::new();
        for part in &self.parts {
            let mut one = match part.failed() {
                Some(failed) => failed_run(failed),
                None => parsed(part.text(Format::Sarif))?,
            };
            for run in one["runs"].as_array_mut().map(std::mem::take).unwrap_or_default() {
                let mut run = run;
                run["automationDetails"] = json!({ "id": format!("cargo-gate/{}/", part.shown()) });
                runs.push(run);
            }
            if log.is_null() || log.get("$schema").is_none() {
                log = one;
            }
        }
        log["version"] = json!("2.1.0");
        log["runs"] = Value::Array(runs);
        Ok(format!("{log:#}\n"))
    }

    /// The issues of all workspaces; the same one in two of them is two.
    fn gitlab(&self) -> Result<String> {
        let mut all = Vec::new();
        for part in &self.parts {
            let mut issues = match part.failed() {
                Some(failed) => vec![json!({
                    "description": failed.message(),
                    "check_name": "cargo-gate",
                    "fingerprint": sha256_hex(failed.message().as_bytes()),
                    "severity": "blocker",
                    "location": { "path": manifest(&part.directory), "lines": { "begin": 1 } },
                })],
                None => match parsed(part.text(Format::Gitlab))? {
                    Value::Array(issues) => issues,
                    _ => Vec::new(),
                },
            };
            for issue in &mut issues {
                let print = format!(
                    "{} {}",
                    part.directory,
                    issue["fingerprint"].as_str().unwrap_or_default()
                );
                issue["fingerprint"] = json!(sha256_hex(print.as_bytes()));
            }
            all.append(&mut issues);
        }
        Ok(format!("{:#}\n", Value::Array(all)))
    }

    /// The messages of all workspaces, and one that says how all of them ended.
    fn cargo_json(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            let lines = part.text(Format::CargoJson).lines();
            for line in lines.filter(|line| !line.contains("\"reason\":\"build-finished\"")) {
                let _ = writeln!(text, "{line}");
            }
        }
        let end = json!({ "reason": "build-finished", "success": self.decision.is_ready() });
        let _ = writeln!(text, "{end}");
        text
    }

    fn github(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part.failed() {
                Some(failed) => {
                    let message = failed
                        .message()
                        .replace('%', "%25")
                        .replace('\r', "%0D")
                        .replace('\n', "%0A");
                    let _ = writeln!(text, "::error file={}::{message}", manifest(&part.directory));
                }
                None => text.push_str(part.text(Format::Github)),
            }
        }
        text
    }

    /// The test suites of all workspaces, each with the directory in front of its name.
    fn junit(&self) -> String {
        let mut counts = [("tests", 0_u64), ("failures", 0), ("errors", 0)];
        let (mut time, mut suites) = (0.0_f64, String::new());
        for part in &self.parts {
            let shown = escaped(part.shown());
            if let Some(failed) = part.failed() {
                counts[0].1 += 1;
                counts[2].1 += 1;
                let message = escaped(failed.message());
                let _ = writeln!(
                    suites,
                    "    <testsuite name=\"{shown}: cargo gate\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n        <testcase name=\"workspace\" \
                     classname=\"cargo-gate\">\n            <error message=\"{message}\"/>\n        </testcase>\n    </testsuite>"
                );
                continue;
            }
            let text = part.text(Format::Junit);
            let Some(open) = text.lines().find(|line| line.starts_with("<testsuites")) else {
                continue;
            };
            for (name, sum) in &mut counts {
                *sum += attribute(open, name)
                    .and_then(|value| value.parse::<u64>().ok())
                    .unwrap_or(0);
            }
            time += attribute(open, "time")
                .and_then(|value| value.parse::<f64>().ok())
                .unwrap_or(0.0);
            let inside = text.lines().skip_while(|line| !line.starts_with("<testsuites")).skip(1);
            for line in inside.take_while(|line| !line.starts_with("</testsuites>")) {
                let _ = match line.strip_prefix("    <testsuite name=\"") {
                    Some(rest) => writeln!(suites, "    <testsuite name=\"{shown}: {rest}"),
                    None => writeln!(suites, "{line}"),
                };
            }
        }
        let [tests, failures, errors] = counts.map(|(_, sum)| sum);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cargo gate {}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             time=\"{time:.3}\">\n{suites}</testsuites>\n",
            self.stage
        )
    }

    fn sections(&self, format: Format) -> String {
        let mut text = String::new();
        for part in &self.parts {
            let heading = if format == Format::Markdown {
                format!("# `{}`\n", part.shown())
            } else {
                part.shown().to_owned()
            };
            let _ = writeln!(text, "{heading}");
            match part.failed() {
                Some(failed) => {
                    let _ = writeln!(text, "not judged: {}", failed.message());
                }
                None => text.push_str(part.text(format)),
            }
            text.push('\n');
        }
        if format == Format::Markdown {
            let _ = write!(text, "```text\n{}```\n", self.table());
        }
        text
    }
}

impl Part {
    /// The directory with what there is under `name`, or with the error.
    fn data<'p>(&'p self, name: &str, text: impl FnOnce() -> Option<&'p str>) -> Result<Value> {
        let mut value = json!({ "directory": self.directory });
        match self.failed() {
            Some(failed) => value["error"] = serde_json::to_value(failed).unwrap_or_default(),
            None => value[name] = parsed(text().unwrap_or("null"))?,
        }
        Ok(value)
    }
}

fn failed_run(failed: &Failed) -> Value {
    json!({
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "cargo-gate", "version": env!("CARGO_PKG_VERSION") } },
            "invocations": [{
                "executionSuccessful": false,
                "exitCode": failed.exit_code(),
                "toolExecutionNotifications": [{ "level": "error", "message": { "text": failed.message() } }],
            }],
            "results": [],
        }],
    })
}

fn manifest(directory: &str) -> String {
    gate_base::paths::join(directory, "Cargo.toml")
}

fn parsed(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::tool(format!("cannot put reports together: {error}")))
}

/// The value of an attribute in a tag that this program wrote.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn escaped(text: &str) -> String {
    let plain = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\n', "&#10;");
    plain.chars().filter(|char| !char.is_control()).collect()
}

#[cfg(test)]
mod tests;
