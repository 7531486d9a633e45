//! Takes secrets out of a report, whoever put them there: every renderer and the run directory start from the result.

use std::borrow::Cow;

use crate::secrets::mask_text;

use super::{CheckReport, Finding, Location, Report};

impl Report {
    /// Replaces secrets in everything that is text from outside: findings, reasons, commands, scope, branch.
    pub fn redact_secrets(&mut self) {
        self.checks.iter_mut().for_each(check);
        self.scope.iter_mut().for_each(text);
        self.subject.branch.iter_mut().for_each(text);
        text(&mut self.subject.name);
        for bound in &mut self.bounds {
            text(&mut bound.surface);
            text(&mut bound.reason);
        }
        for other in &mut self.not_applicable {
            text(&mut other.reason);
        }
        for step in &mut self.unblock {
            text(&mut step.action);
        }
    }
}

fn check(check: &mut CheckReport) {
    check.findings.iter_mut().for_each(finding);
    if let Some(reason) = &mut check.reason {
        text(&mut reason.message);
        reason.help.iter_mut().for_each(text);
    }
    let suite = check.evidence.as_mut().and_then(|evidence| evidence.suite.as_mut());
    suite.into_iter().flat_map(|suite| &mut suite.command).for_each(text);
}

fn finding(finding: &mut Finding) {
    text(&mut finding.message);
    finding.help.iter_mut().for_each(text);
    for Location { path, .. } in &mut finding.locations {
        text(path);
    }
}

fn text(text: &mut String) {
    if let Cow::Owned(masked) = mask_text(text) {
        *text = masked;
    }
}
