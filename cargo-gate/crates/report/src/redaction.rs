//! Takes secrets out of what is about to be published, whatever field they are in.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use gate_text::secrets::{Masked, mask_text};
use gate_world::Workspace;

use super::redact::Redactor;
use super::{Report, render};

/// A report without secrets in any of its texts. What is published starts from this type, and making one masks.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskedReport(Report);

impl From<Report> for MaskedReport {
    fn from(mut report: Report) -> Self {
        for finding in report.checks.iter_mut().flat_map(|check| &mut check.findings) {
            // Applied with a mark in it, an edit would damage the file.
            if finding.fix.as_ref().is_some_and(|fix| masked(fix).is_some()) {
                finding.fix = None;
            }
        }
        Self(masked(&report).unwrap_or(report))
    }
}

impl Deref for MaskedReport {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.0
    }
}

// A renderer adds only its own words to what is masked, so what it gives is not searched again.
impl MaskedReport {
    /// Adds the directory of the run, which is known only when the rest is.
    pub fn set_run_dir(&mut self, directory: &str) {
        self.0.run_dir = Some(mask_text(directory).into_owned());
    }

    /// Adds the chain hash of the run, which covers the rest.
    pub fn set_chain(&mut self, chain: String) {
        self.0.chain = Some(chain);
    }

    /// The report as it is compared in tests, when redaction is on.
    pub fn redacted(&self, redactor: &Redactor) -> Cow<'_, Self> {
        if redactor.is_active() {
            Cow::Owned(Self::from(redactor.report(self)))
        } else {
            Cow::Borrowed(self)
        }
    }

    /// For people; `workspace` hides secrets of the sources it shows.
    pub fn human(&self, workspace: &Workspace, options: &render::human::Options) -> Masked<'static> {
        Masked::assembled(render::human::render(self, workspace, options))
    }

    /// As JSON.
    pub fn json(&self) -> Masked<'static> {
        Masked::assembled(render::json::render(self))
    }

    /// As Markdown, with links to the workspace that begin with this.
    pub fn markdown(&self, links: Option<&str>) -> Masked<'static> {
        Masked::assembled(render::markdown::render(self, links))
    }

    /// As a page of HTML, with what the caller knows of other runs.
    pub fn html(&self, context: &render::html::HtmlContext) -> Masked<'static> {
        // The texts of other runs are read from files, which anyone may have changed.
        let clean = masked(context);
        Masked::assembled(render::html::render(self, clean.as_ref().unwrap_or(context)))
    }

    /// As JUnit's XML.
    pub fn junit(&self) -> Masked<'static> {
        Masked::assembled(render::junit::render(self))
    }
}

/// The same value with every text in it masked, names of members included; `None` where nothing had to be.
pub fn masked<T: Serialize + DeserializeOwned>(value: &T) -> Option<T> {
    let mut tree = serde_json::to_value(value).ok()?;
    Masking::default()
        .value(&mut tree)
        .then(|| serde_json::from_value(tree).ok())
        .flatten()
}

/// A thousand findings have a thousand messages, but few ways to help and not many more files.
#[derive(Default)]
struct Masking {
    /// Texts without a secret.
    clean: HashSet<String>,
}

impl Masking {
    fn value(&mut self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => self.text(text),
            // Every one of them, not the first alone.
            Value::Array(values) => values
                .iter_mut()
                .fold(false, |changed, value| self.value(value) | changed),
            Value::Object(members) => {
                let changed = members
                    .values_mut()
                    .fold(false, |changed, value| self.value(value) | changed);
                let names: Vec<String> = members.keys().filter(|name| is_masked(name)).cloned().collect();
                for name in &names {
                    if let Some(value) = members.remove(name) {
                        members.insert(mask_text(name).into_owned(), value);
                    }
                }
                changed || !names.is_empty()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn text(&mut self, text: &mut String) -> bool {
        if self.clean.contains(text) {
            return false;
        }
        if let Cow::Owned(masked) = mask_text(text) {
            *text = masked;
            return true;
        }
        self.clean.insert(text.clone());
        false
    }
}

fn is_masked(text: &str) -> bool {
    matches!(mask_text(text), Cow::Owned(_))
}
