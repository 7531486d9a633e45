//! A refused run as an item for the register: what failed, where, what was expected.

use serde::Serialize;

use gate_evidence::history::HistoryEntry;
use gate_policy::quoted;
use gate_report::render::{place, text};
use gate_report::{CheckReport, Report};

/// Findings that are quoted of one check.
const QUOTED: usize = 3;

/// An item to be completed by a person: its owner and its severity are theirs to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Id of the run.
    pub run_id: String,
    /// What it is about.
    pub title: String,
    /// Day of the run, in UTC.
    pub opened: String,
    /// What must be true for it to be closed.
    pub acceptance: String,
    /// Commit that the run judged.
    pub commit: Option<String>,
    /// What failed.
    pub failures: Vec<Failing>,
}

/// A check that kept the stage closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failing {
    /// Id of the check.
    pub check: String,
    /// What it asks.
    pub expected: String,
    /// What it found instead, with places.
    pub actual: Vec<String>,
}

impl Draft {
    /// The draft of a refused run.
    pub fn of(entry: &HistoryEntry, report: &Report) -> Self {
        let refusing = report.checks.iter().filter(|check| !check.outcome.passes());
        let failures: Vec<Failing> = refusing.map(failing).collect();
        let what = match failures.as_slice() {
            [] => "no check was judged".to_owned(),
            [one] => format!("`{}` does not pass", one.check),
            [first, rest @ ..] => format!("`{}` and {} more do not pass", first.check, rest.len()),
        };
        Self {
            run_id: entry.run_id.clone(),
            title: format!("{} is refused: {what}", entry.stage),
            opened: entry.started.get(..10).unwrap_or(&entry.started).to_owned(),
            acceptance: format!("`cargo gate {}` ends READY", entry.stage),
            commit: entry.commit.clone(),
            failures,
        }
    }

    /// The draft as TOML for the register, with what failed as comments. What a person decides is left blank, which
    /// the register refuses.
    pub fn toml(&self) -> String {
        let mut out = format!("# Run {}", self.run_id);
        if let Some(commit) = &self.commit {
            out += &format!(", commit {commit}");
        }
        out.push('\n');
        for failing in &self.failures {
            out += &format!("# {}\n#   expected: {}\n", failing.check, text::line(&failing.expected));
            for actual in &failing.actual {
                out += &format!("#   actual:   {}\n", text::line(actual));
            }
        }
        let (title, acceptance) = (quoted(&self.title), quoted(&self.acceptance));
        out + &format!(
            "[[item]]\nid = \"\"        # a new one\ntitle = {title}\nseverity = \"\"  # critical, high, medium or \
             low\nstatus = \"open\"\nowner = \"\"     # a team or a person\nopened = {}\nacceptance = [{acceptance}]\n# \
             until = <target date>, with `status = \"deferred\"`, `reason` and `closure`\n",
            self.opened
        )
    }
}

fn failing(check: &CheckReport) -> Failing {
    let open = check.findings.iter().filter(|finding| finding.is_open());
    let mut actual: Vec<String> = check.reason.iter().map(|reason| reason.message.clone()).collect();
    let count = open.clone().count();
    actual.extend(open.take(QUOTED).map(|finding| match finding.locations.first() {
        Some(location) => format!("{}: {}", place(location), finding.message),
        None => finding.message.clone(),
    }));
    if count > QUOTED {
        actual.push(format!("and {} more", count - QUOTED));
    }
    Failing {
        check: check.id.clone(),
        expected: check.summary.clone(),
        actual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_report::Decision;
    use gate_report::render::samples;

    #[test]
    fn a_refused_run_becomes_an_item() {
        let report = samples::all()
            .into_iter()
            .map(|(_, report)| report)
            .filter(|report| !report.decision.is_ready())
            .max_by_key(|report| report.checks.len())
            .expect("a refused sample");
        let entry = HistoryEntry {
            run_id: report.run_id.clone(),
            started: report.started.clone(),
            stage: report.stage,
            decision: Decision::NotReady,
            content: String::new(),
            commit: Some("c".repeat(40)),
            dirty: false,
            terms: None,
            chain: String::new(),
        };
        insta::assert_snapshot!(Draft::of(&entry, &report).toml());
    }
}
