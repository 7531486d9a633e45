//! cargo-vet, by its JSON report.

use serde::Deserialize;
use serde_json::Value;

use gate_policy::SuitePolicy;
use gate_report::{Finding, Reason};
use gate_world::Workspace;

use super::packages::PackageLines;
use super::{Adapter, Reads, Reported, finding};

pub(super) const ADAPTER: Adapter = Adapter {
    command: &["vet", "--output-format=json"],
    locks: true,
    version: &["cargo", "vet", "--version"],
    program: "cargo-vet",
    on_stderr: false,
};

/// Collects the report, which is one JSON document.
pub(super) struct Reader {
    suite: SuitePolicy,
    packages: PackageLines,
    text: String,
}

/// The report of cargo-vet 0.10.
#[derive(Deserialize)]
#[serde(tag = "conclusion")]
enum Report {
    #[serde(rename = "success")]
    Success {
        vetted_fully: Vec<Package>,
        vetted_partially: Vec<Package>,
        vetted_with_exemptions: Vec<Package>,
    },
    #[serde(rename = "fail (vetting)")]
    Unvetted { failures: Vec<Failure> },
    #[serde(rename = "fail (violation)")]
    Violation {
        violations: std::collections::BTreeMap<String, Value>,
    },
}

#[derive(Deserialize)]
struct Package {}

#[derive(Deserialize)]
struct Failure {
    name: String,
    version: String,
    missing_criteria: Vec<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Cause,
}

#[derive(Deserialize)]
struct Cause {
    message: String,
}

impl Reader {
    pub(super) fn new(suite: &SuitePolicy, workspace: &Workspace) -> Self {
        Self::with(suite, PackageLines::of(workspace))
    }

    pub(super) fn with(suite: &SuitePolicy, packages: PackageLines) -> Self {
        Self {
            suite: suite.clone(),
            packages,
            text: String::new(),
        }
    }

    fn judge(&self) -> Reported {
        if let Ok(Refusal { error }) = serde_json::from_str(&self.text) {
            return Reported::refused(refusal(&error.message));
        }
        let report = match serde_json::from_str(&self.text) {
            Ok(report) => report,
            Err(error) => return Reported::broken(format!("the report of cargo vet cannot be read: {error}")),
        };
        let findings: Vec<Finding> = match report {
            Report::Success {
                vetted_fully,
                vetted_partially,
                vetted_with_exemptions,
            } => {
                if vetted_fully.len() + vetted_partially.len() + vetted_with_exemptions.len() == 0 {
                    let reason = Reason::new("nothing_checked", "cargo vet found no dependency to vet")
                        .help("remove the suite from gate.toml until the workspace has dependencies");
                    return Reported::refused(reason);
                }
                return Reported::default();
            }
            Report::Unvetted { failures } => failures.iter().map(|failure| self.unvetted(failure)).collect(),
            Report::Violation { violations } => violations.keys().map(|package| self.violation(package)).collect(),
        };
        if findings.is_empty() {
            return Reported::broken("cargo vet reports a failure and names no dependency");
        }
        Reported {
            findings,
            ..Reported::default()
        }
    }

    fn unvetted(&self, failure: &Failure) -> Finding {
        let Failure {
            name,
            version,
            missing_criteria,
        } = failure;
        let message = format!("`{name} {version}` is not vetted for {}", missing_criteria.join(", "));
        finding(&self.suite, message)
            .help(format!(
                "review it and run `cargo vet certify {name} {version}`, or see `cargo vet suggest`"
            ))
            .at(self.packages.place(name, version))
    }

    fn violation(&self, package: &str) -> Finding {
        let (name, version) = package.rsplit_once(':').unwrap_or((package, ""));
        let message = format!("an audit says that `{name} {version}` violates the required criteria");
        finding(&self.suite, message)
            .help(format!(
                "remove `{name} {version}`, or correct the audit; `cargo vet` shows it"
            ))
            .at(self.packages.place(name, version))
    }
}

fn refusal(message: &str) -> Reason {
    let line = message.lines().next().unwrap_or_default();
    let code = if message.contains("cargo vet init") {
        "config_missing"
    } else {
        "tool_failed"
    };
    Reason::new(code, format!("cargo vet failed: {line}")).help(match code {
        "config_missing" => "cargo vet init",
        _ => "cargo vet --locked",
    })
}

impl Reads for Reader {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn finish(self: Box<Self>) -> Reported {
        self.judge()
    }
}
