//! Takes secrets out of what is about to be published, whatever field they are in.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use gate_text::secrets::mask_text;

use super::Report;

impl Report {
    /// Replaces secrets in every text of the report: every renderer and the run directory start from the result.
    pub fn redact_secrets(&mut self) {
        if let Some(masked) = masked(self) {
            *self = masked;
        }
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
