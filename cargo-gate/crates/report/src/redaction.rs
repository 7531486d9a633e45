//! Takes secrets out of what is about to be published, whatever field they are in.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter, Serializer};

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

    /// For people, after the reports of other workspaces of the repository; `directory` is that of this one.
    pub fn human_after(
        &self,
        workspace: &Workspace,
        options: &render::human::Options,
        others: &render::human::Shown,
        directory: &str,
    ) -> Masked<'static> {
        Masked::assembled(render::human::after(self, workspace, options, (others, directory)))
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
    if !has_secret(value) {
        return None;
    }
    let mut tree = serde_json::to_value(value).ok()?;
    mask_all(&mut tree);
    serde_json::from_value(tree).ok()
}

fn mask_all(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = mask_text(text) {
                *text = masked;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask_all),
        Value::Object(members) => {
            members.values_mut().for_each(mask_all);
            let names: Vec<String> = members.keys().filter(|name| is_masked(name)).cloned().collect();
            for name in &names {
                if let Some(value) = members.remove(name) {
                    members.insert(mask_text(name).into_owned(), value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_masked(text: &str) -> bool {
    matches!(mask_text(text), Cow::Owned(_))
}

/// Whether any text of a value holds a secret. Nearly none does, and a tree of the value takes longer to make than to search.
fn has_secret(value: &impl Serialize) -> bool {
    let mut texts = Texts::default();
    let written = value.serialize(&mut Serializer::with_formatter(std::io::sink(), &mut texts));
    // What cannot be written down is not published either.
    written.is_err() || texts.secret
}

/// The texts of a value as they are written, with their escapes undone.
#[derive(Default)]
struct Texts {
    text: String,
    /// Texts without a secret: a thousand findings have few ways to help, and not many more files.
    clean: HashSet<String>,
    secret: bool,
}

impl Formatter for &mut Texts {
    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> std::io::Result<()> {
        self.text.clear();
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> std::io::Result<()> {
        self.text.push_str(fragment);
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> std::io::Result<()> {
        self.text.push(match escape {
            CharEscape::Quote => '"',
            CharEscape::ReverseSolidus => '\\',
            CharEscape::Solidus => '/',
            CharEscape::Backspace => '\u{8}',
            CharEscape::FormFeed => '\u{c}',
            CharEscape::LineFeed => '\n',
            CharEscape::CarriageReturn => '\r',
            CharEscape::Tab => '\t',
            CharEscape::AsciiControl(byte) => char::from(byte),
        });
        Ok(())
    }

    fn end_string<W: ?Sized + Write>(&mut self, _: &mut W) -> std::io::Result<()> {
        if !self.secret && !self.clean.contains(&self.text) {
            if is_masked(&self.text) {
                self.secret = true;
            } else {
                self.clean.insert(self.text.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is searched is what is written, whatever has to be escaped.
        #[test]
        fn escapes_are_undone(texts in proptest::collection::vec("\\PC*|[\\x00-\\x7f]*", 0..4)) {
            let mut seen = Texts::default();
            let written = texts.serialize(&mut Serializer::with_formatter(std::io::sink(), &mut seen));
            prop_assert!(written.is_ok());
            let clean = texts.iter().filter(|text| !is_masked(text)).cloned().collect::<HashSet<_>>();
            prop_assert_eq!(seen.secret, texts.iter().any(|text| is_masked(text)));
            prop_assert!(seen.secret || seen.clean == clean);
        }
    }

    #[test]
    fn secrets_in_texts_and_in_names_are_found() {
        let token = "x7Kq2mZ9vR4tLw8N";
        let address = format!("postgres://user:{token}@host/db");
        for value in [
            serde_json::json!({"a": [1, {"b": address}]}),
            serde_json::json!({"a": {address.clone(): null}}),
            serde_json::json!([format!("\t\"{address}\"\n")]),
        ] {
            let masked = masked(&value).expect("a secret is in it");
            assert!(!masked.to_string().contains(token), "{masked}");
        }
        assert_eq!(masked(&serde_json::json!({"a": [1.5, true, null, "b"]})), None);
    }
}
