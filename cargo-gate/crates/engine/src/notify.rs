//! Tells others about a run, as the policy asks. Whether they hear it changes nothing about the run.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;

use gate_base::stage::Stage;
use gate_evidence::run_dir::AuditStep;
use gate_policy::{NotifyPolicy, Sink};
use gate_report::{Decision, MaskedReport, Outcome, Report};

use gate_base::process::cancel::Cancel;
use gate_base::process::{self, ProcessSpec};

/// Version of [`Notice`]; raised when a field is removed or changes its meaning.
const SCHEMA_VERSION: u32 = 1;
/// Directory below the gate directory in which files are.
const DIRECTORY: &str = "notify";

/// What is told: the decision, and which checks stand in its way. No messages, paths or output, which could carry
/// what is nobody's business outside; the run directory has them.
#[derive(Debug, Serialize)]
struct Notice<'a> {
    schema_version: u32,
    run_id: &'a str,
    started: &'a str,
    workspace: &'a str,
    commit: Option<&'a str>,
    stage: Stage,
    decision: Decision,
    exit_code: i32,
    failing: Vec<Failing<'a>>,
}

/// A check that does not let the stage pass.
#[derive(Debug, Serialize)]
struct Failing<'a> {
    id: &'a str,
    outcome: Outcome,
    /// Code of the reason why there is no judgement.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// Number of findings that block the stage.
    findings: usize,
}

/// What came of telling somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Who, in words for people: the program, or the file.
    pub sink: String,
    /// Why they were not reached; `None` when they were.
    pub problem: Option<String>,
    /// The last line that a command wrote, to help find out why it failed.
    pub last_line: Option<String>,
    /// The line of the audit log.
    pub step: AuditStep,
}

/// The notice of a report, as one line of JSON with a line end after it.
fn notice(report: &Report) -> String {
    let failing = report
        .checks
        .iter()
        .filter(|check| !check.outcome.passes())
        .map(|check| Failing {
            id: &check.id,
            outcome: check.outcome,
            reason: check.reason.as_ref().map(|reason| reason.code.as_str()),
            findings: check.findings.iter().filter(|finding| report.blocks(finding)).count(),
        });
    let notice = Notice {
        schema_version: SCHEMA_VERSION,
        run_id: &report.run_id,
        started: &report.started,
        workspace: &report.subject.name,
        commit: report.subject.commit.as_deref(),
        stage: report.stage,
        decision: report.decision,
        exit_code: report.exit_code,
        failing: failing.collect(),
    };
    serde_json::to_string(&notice).expect("a notice is plain JSON") + "\n"
}

/// Tells everybody whom the decision concerns, one after the other. `root` is the working directory of commands.
pub fn notify(
    policies: &[NotifyPolicy],
    report: &MaskedReport,
    root: &Path,
    gate_dir: &Path,
    cancel: &Cancel,
) -> Vec<Told> {
    let concerned = policies.iter().filter(|policy| policy.on.contains(&report.decision));
    let notice = notice(report);
    concerned
        .map(|policy| {
            let clock = Instant::now();
            let mut attempt = match &policy.sink {
                Sink::Command(command) => run(command, policy, &notice, root, gate_dir, cancel),
                Sink::File(file) => append(file, &notice, gate_dir),
            };
            let sink = match &policy.sink {
                Sink::Command(command) => command.first().cloned().unwrap_or_default(),
                Sink::File(file) => format!("{DIRECTORY}/{file}"),
            };
            let problem = attempt.problem.take();
            let step = AuditStep {
                ts: Timestamp::now().to_string(),
                run_id: report.run_id.clone(),
                step: "notify".to_owned(),
                status: if problem.is_none() { "told" } else { "failed" }.to_owned(),
                exit_code: attempt.exit_code,
                elapsed_ms: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX),
                inputs: Vec::new(),
                outputs: Vec::new(),
                summary: match &problem {
                    None => format!("notified `{sink}`"),
                    Some(problem) => format!("cannot notify `{sink}`: {problem}"),
                },
            };
            Told {
                sink,
                problem,
                last_line: attempt.last_line,
                step,
            }
        })
        .collect()
}

#[derive(Default)]
struct Attempt {
    exit_code: Option<i32>,
    problem: Option<String>,
    last_line: Option<String>,
}

impl Attempt {
    fn failed(problem: impl Into<String>) -> Self {
        Self {
            problem: Some(problem.into()),
            ..Self::default()
        }
    }
}

fn append(file: &str, notice: &str, gate_dir: &Path) -> Attempt {
    let path = gate_dir.join(DIRECTORY).join(file);
    let parent = path.parent().unwrap_or(gate_dir);
    let written = fs::create_dir_all(parent)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
        .and_then(|mut file| file.write_all(notice.as_bytes()));
    match written {
        Ok(()) => Attempt::default(),
        // The path is one of this machine.
        Err(error) => Attempt::failed(format!("cannot write the file: {error}")),
    }
}

/// The input of one call, removed afterwards.
struct Scratch {
    input: PathBuf,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: what stays is small and below the target directory.
        let _ = fs::remove_file(&self.input);
    }
}

fn run(
    command: &[String],
    policy: &NotifyPolicy,
    notice: &str,
    root: &Path,
    gate_dir: &Path,
    cancel: &Cancel,
) -> Attempt {
    let directory = gate_dir.join("tmp");
    let line = policy.location.line.unwrap_or_default();
    let scratch = Scratch {
        input: directory.join(format!("notify-{line}-{}.json", std::process::id())),
    };
    let prepared = fs::create_dir_all(&directory).and_then(|()| fs::write(&scratch.input, notice));
    if let Err(error) = prepared {
        return Attempt::failed(format!("cannot write the notice: {error}"));
    }
    let spec = ProcessSpec {
        command: command.iter().map(OsString::from).collect(),
        directory: root.to_owned(),
        environment: Vec::new(),
        timeout: Some(policy.timeout),
        split_stdout: false,
        input: Some(scratch.input.clone()),
    };
    let mut last_line = None;
    let end = process::run(&spec, &mut std::io::sink(), cancel, &mut |line| {
        if !line.trim().is_empty() {
            last_line = Some(line.to_owned());
        }
    });
    let end = match end {
        Ok(end) => end,
        Err(error) => return Attempt::failed(error.message),
    };
    let problem = match (end.cancelled, end.timed_out, end.exit_code, end.signal) {
        (true, ..) => Some("interrupted".to_owned()),
        (_, true, ..) => Some(format!("timed out after {}s", policy.timeout.as_secs())),
        (.., Some(0), _) => None,
        (.., Some(code), _) => Some(format!("exit code {code}")),
        (.., None, Some(signal)) => Some(format!("killed by signal {signal}")),
        (.., None, None) => Some("ended without an exit code".to_owned()),
    };
    Attempt {
        exit_code: end.exit_code,
        problem,
        last_line,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use gate_report::Location;
    use gate_report::render::samples;

    fn policy(sink: Sink) -> NotifyPolicy {
        NotifyPolicy {
            sink,
            on: vec![Decision::NotReady],
            timeout: Duration::from_secs(60),
            location: Location::line("gate.toml", 3),
        }
    }

    fn tell(policies: &[NotifyPolicy], report: &Report, gate_dir: &Path) -> Vec<Told> {
        notify(policies, &report.clone().into(), gate_dir, gate_dir, &Cancel::default())
    }

    #[test]
    fn a_notice_names_the_run_and_what_fails() {
        let value: serde_json::Value = serde_json::from_str(&notice(&samples::unjudged())).expect("JSON");
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).expect("JSON"), @r#"
        {
          "schema_version": 1,
          "run_id": "20260301T120000Z-5d1a8b2c",
          "started": "2026-03-01T12:00:00Z",
          "workspace": "demo",
          "commit": "8f3c1d2e4b5a69788796a5b4c3d2e1f001122334",
          "stage": "pilot",
          "decision": "NOT_READY",
          "exit_code": 3,
          "failing": [
            {
              "id": "lockfile.fresh",
              "outcome": "inconclusive",
              "reason": "offline",
              "findings": 0
            },
            {
              "id": "boundary.raw",
              "outcome": "error",
              "reason": "panic",
              "findings": 0
            },
            {
              "id": "suite.test.default",
              "outcome": "not_run",
              "reason": "tool_missing",
              "findings": 0
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_notice_holds_no_message_and_no_path() {
        let text = notice(&samples::failures());
        for word in ["AKIA", "src/", "/home", "help", "cargo update"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        let (mut reasons, mut findings) = (0, 0);
        for report in [samples::failures(), samples::unjudged()] {
            let text = notice(&report);
            for check in &report.checks {
                if let Some(reason) = &check.reason {
                    reasons += 1;
                    assert!(!text.contains(&reason.message), "{text}");
                }
                for finding in &check.findings {
                    findings += 1;
                    assert!(!text.contains(&finding.message), "{text}");
                }
            }
        }
        assert!(reasons > 0 && findings > 0);
    }

    #[test]
    fn a_file_gets_a_line_for_every_decision_that_concerns_it() {
        let gate_dir = tempfile::tempdir().expect("a directory");
        let policies = [policy(Sink::File("team/alerts.jsonl".into()))];
        for report in [samples::failures(), samples::ready(), samples::unjudged()] {
            for told in tell(&policies, &report, gate_dir.path()) {
                assert_eq!((told.problem, told.step.status.as_str()), (None, "told"));
            }
        }
        let path = gate_dir.path().join("notify/team/alerts.jsonl");
        let text = fs::read_to_string(path).expect("a file");
        assert_eq!(text.lines().count(), 2);
        assert_eq!(text, notice(&samples::failures()) + &notice(&samples::unjudged()));
    }

    #[test]
    fn who_cannot_be_reached_is_named_without_a_path() {
        let gate_dir = tempfile::tempdir().expect("a directory");
        fs::write(gate_dir.path().join(DIRECTORY), "in the way").expect("it can be written");
        let policies = [
            policy(Sink::File("alerts.jsonl".into())),
            policy(Sink::Command(vec!["no-such-program-of-anybody".into()])),
        ];
        let told = tell(&policies, &samples::failures(), gate_dir.path());
        assert_eq!(told.len(), 2);
        assert!(
            told[1]
                .problem
                .as_deref()
                .is_some_and(|it| it.contains("no such program")),
            "{told:?}"
        );
        let here = gate_dir.path().display().to_string();
        for told in told {
            assert_eq!(told.step.status, "failed");
            assert!(!told.step.summary.contains(&here), "{}", told.step.summary);
        }
    }

    #[test]
    fn a_command_reads_the_notice_and_its_failure_is_told() {
        let gate_dir = tempfile::tempdir().expect("a directory");
        // rustc is part of the toolchain and compiles what it reads from its standard input: JSON is no program.
        let command = ["rustc", "--crate-type=lib", "--emit=metadata", "-o", "out.rmeta", "-"];
        let told = tell(
            &[policy(Sink::Command(command.map(str::to_owned).to_vec()))],
            &samples::failures(),
            gate_dir.path(),
        );
        assert_eq!(told[0].problem.as_deref(), Some("exit code 1"));
        assert_eq!(told[0].step.exit_code, Some(1));
        assert!(told[0].last_line.is_some());
        assert_eq!(
            fs::read_dir(gate_dir.path().join("tmp")).expect("a directory").count(),
            0
        );
    }
}
