//! Takes secrets out of a report, whoever put them there: every renderer and the run directory start from the result.

use std::borrow::Cow;
use std::collections::HashSet;

use gate_text::secrets::mask_text;

use super::{CheckReport, Finding, Location, Report};

impl Report {
    /// Replaces secrets in everything that is text from outside: findings, reasons, commands, scope, branch.
    pub fn redact_secrets(&mut self) {
        let mut redaction = Redaction::default();
        for check in &mut self.checks {
            redaction.check(check);
        }
        self.scope.iter_mut().for_each(|scope| redaction.text(scope));
        self.subject.branch.iter_mut().for_each(|branch| redaction.text(branch));
        redaction.text(&mut self.subject.name);
        for bound in &mut self.bounds {
            redaction.text(&mut bound.surface);
            redaction.text(&mut bound.reason);
        }
        for other in &mut self.not_applicable {
            redaction.text(&mut other.reason);
        }
        for step in &mut self.unblock {
            redaction.text(&mut step.action);
        }
    }
}

/// A thousand findings have a thousand messages, but few ways to help and not many more files.
#[derive(Default)]
struct Redaction {
    /// Texts without a secret.
    clean: HashSet<String>,
}

impl Redaction {
    fn check(&mut self, check: &mut CheckReport) {
        for finding in &mut check.findings {
            self.finding(finding);
        }
        if let Some(reason) = &mut check.reason {
            self.text(&mut reason.message);
            reason.help.iter_mut().for_each(|help| self.text(help));
        }
        if let Some(suite) = check.evidence.as_mut().and_then(|evidence| evidence.suite.as_mut()) {
            suite.command.iter_mut().for_each(|word| self.text(word));
            let messages = suite.tests.iter_mut().filter_map(|test| test.message.as_mut());
            messages.for_each(|message| self.text(message));
        }
    }

    fn finding(&mut self, finding: &mut Finding) {
        self.text(&mut finding.message);
        finding.help.iter_mut().for_each(|help| self.text(help));
        finding.detail.iter_mut().for_each(|detail| self.text(detail));
        for Location { path, .. } in &mut finding.locations {
            self.text(path);
        }
    }

    fn text(&mut self, text: &mut String) {
        if self.clean.contains(text) {
            return;
        }
        if let Cow::Owned(masked) = mask_text(text) {
            *text = masked;
        } else {
            self.clean.insert(text.clone());
        }
    }
}
