//! What a judgement, or a command that failed, makes of the suite.

use gate_evidence::EvidenceResult;
use gate_policy::SuitePolicy;
use gate_report::{Reason, SuiteResult};

use super::super::finding;
use super::super::output::first_error;
use super::judge::Judgement;

/// What could not be decided and gets words of its own; the rest is counted.
const NAMED: usize = 3;

/// What blocks is said before what could not be decided: it is an answer.
pub(super) fn verdict(suite: &SuitePolicy, judgement: Judgement) -> EvidenceResult {
    let Judgement {
        mut findings,
        undecided,
        vacuous,
        ..
    } = judgement;
    let blocks = findings.iter().any(|finding| finding.blocks_at == Some(suite.stage));
    if undecided.is_empty() && vacuous.is_empty() || blocks {
        let open = vacuous.into_iter().chain(undecided);
        findings.extend(open.map(|message| finding(suite, message)));
        return EvidenceResult::Findings(findings);
    }
    let (code, open, help) = if vacuous.is_empty() {
        let help = format!(
            "`cargo gate suite {} --calibrate` proposes limits that fit this machine",
            suite.name
        );
        ("undecided", undecided, help)
    } else {
        let help = format!("`cargo gate suite {}` measures again", suite.name);
        let open = vacuous.into_iter().chain(undecided).collect();
        ("not_measured", open, help)
    };
    let more = open.len().saturating_sub(NAMED);
    let mut message = open.into_iter().take(NAMED).collect::<Vec<_>>().join("; ");
    if more > 0 {
        message.push_str(&format!("; and {more} more"));
    }
    for warning in findings {
        message.push_str(&format!("; {}", warning.message));
    }
    EvidenceResult::Inconclusive(Reason::new(code, message).help(help))
}

/// A command that failed has measured nothing that counts. `stderr` may say why.
pub(super) fn failed(suite: &SuitePolicy, end: &SuiteResult, reference: bool, stderr: &[u8]) -> Option<EvidenceResult> {
    if end.exit_code == Some(0) && !end.timed_out {
        return None;
    }
    let command = end.command.join(" ");
    let mut what = match (end.timed_out, end.exit_code, end.signal) {
        (true, ..) => format!("timed out after {} s (timed_out)", suite.timeout.as_secs()),
        (false, Some(code), _) => format!("exited with code {code}"),
        (false, None, Some(signal)) => format!("was killed by signal {signal}"),
        (false, None, None) => "did not exit".to_owned(),
    };
    if let Some(error) = first_error(stderr) {
        what = format!("{what}: {}", error.message);
    }
    let help = format!("cargo gate suite {}", suite.name);
    if reference {
        let message = format!("the reference `{command}` {what}");
        return Some(EvidenceResult::Inconclusive(
            Reason::new("reference_failed", message).help(help),
        ));
    }
    let found = finding(suite, format!("`{command}` {what}")).help(help);
    Some(EvidenceResult::Findings(vec![found]))
}
