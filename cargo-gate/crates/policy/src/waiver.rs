//! `[[waiver]]`: permission for named findings, and the text of one that is signed.

use std::borrow::Cow;

use crate::JsonSchema;
use jiff::civil::Date;
#[cfg(feature = "schema")]
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use gate_report::Location;

use super::authority::{Approvals, Approvers, Authority};
use super::problem::{Oddity, shown};
use super::rules::Rules;
use super::tables::{elements, text};
use super::value::{CheckId, Day, Glob, Text};

/// First line of every text that is signed; its number grows when the text changes its form.
const HEADER: &str = "cargo-gate waiver 1";

/// A waiver for a named finding.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Waiver {
    /// Id of the check whose findings are waived; `cargo gate status` lists them.
    #[schemars(with = "CheckId", extend("examples" = ["boundary.raw"]))]
    pub check: String,
    /// Glob over the path of the finding's first location.
    #[schemars(with = "Option<Glob>", extend("examples" = ["src/ffi/**"]))]
    pub path: Option<String>,
    /// Package the finding is about.
    #[schemars(with = "Option<Text>")]
    pub package: Option<String>,
    /// Text that the finding's message contains.
    #[schemars(with = "Option<Text<1000>>")]
    pub contains: Option<String>,
    /// Owner: a team or a person.
    #[schemars(with = "Text", extend("examples" = ["platform-team"]))]
    pub owner: String,
    /// Why the finding is acceptable until then.
    #[schemars(with = "Text<1000>", extend("examples" = ["tracked in issue 12"]))]
    pub reason: String,
    /// Last day on which the waiver is valid, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2030-01-31"]))]
    pub expires: Date,
    /// Signature over the text of the waiver, or a list of several, written by `cargo gate govern waiver attach`. Required if
    /// `[waivers]` has `keys`.
    pub signature: Option<Signatures>,
    /// Whether its signature is valid; known once the keys of `[waivers]` are read.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    pub authority: Authority,
    /// Whether a waiver can cover that check at all, as the catalogue says.
    #[serde(skip)]
    #[schemars(skip)]
    pub can_cover: bool,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// The text of a waiver that is signed: a header line, then one line per key that the waiver has, in this order, texts
/// as JSON strings. Everything that a waiver says is in it, and nothing about where in the file it stands.
pub fn waiver_text(waiver: &Waiver) -> String {
    let mut text = format!("{HEADER}\n");
    let pairs = [
        ("check", Some(&waiver.check)),
        ("path", waiver.path.as_ref()),
        ("package", waiver.package.as_ref()),
        ("contains", waiver.contains.as_ref()),
        ("owner", Some(&waiver.owner)),
        ("reason", Some(&waiver.reason)),
    ];
    for (key, value) in pairs {
        if let Some(value) = value {
            text += &format!("{key} = {}\n", serde_json::Value::from(value.as_str()));
        }
    }
    text + &format!("expires = {}\n", waiver.expires)
}

/// Signatures of a waiver: one, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Signatures {
    /// A single one.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Signatures {
    /// Each of them.
    pub fn all(&self) -> &[String] {
        match self {
            Signatures::One(signature) => std::slice::from_ref(signature),
            Signatures::Many(signatures) => signatures,
        }
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for Signatures {
    fn schema_name() -> Cow<'static, str> {
        "Signatures".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one =
            json!({ "description": "A signature on one line.", "type": "string", "minLength": 1, "maxLength": 4000 });
        json_schema!({
            "description": "Signatures over the text of a waiver.",
            "anyOf": [
                one,
                { "description": "Signatures by different keys.", "type": "array", "items": one, "minItems": 1, "maxItems": 100 }
            ]
        })
    }
}

/// What a signature that does not match is not over.
const SUBJECT: &str = "waiver, which was changed after it was signed";

/// Who signed a waiver.
///
/// # Errors
/// Why its signatures prove nothing, continuing "the signature ".
pub(super) fn approvals(waiver: &Waiver, signatures: &[String], approvers: &Approvers) -> Result<Approvals, String> {
    let signatures = signatures.iter().map(String::as_str);
    let approvals = approvers.judge(SUBJECT, &waiver_text(waiver), signatures)?;
    if approvals.by.is_empty() {
        return Err("was made with a key that `[waivers]` does not list".into());
    }
    Ok(approvals)
}

/// Authority of a waiver where these must sign.
pub(super) fn authority(waiver: &Waiver, approvers: &Approvers) -> Authority {
    if approvers.keys().is_empty() {
        return Authority::NotAsked;
    }
    let Some(signatures) = &waiver.signature else {
        return Authority::Unsigned;
    };
    match approvals(waiver, signatures.all(), approvers) {
        Ok(approvals) if approvals.are_enough() => {
            Authority::Signed(format!("{}{}", approvals.names(), approvals.exceptions()))
        }
        Ok(approvals) => Authority::TooFew(format!(
            "{}, by {}{}",
            approvals.progress(),
            approvals.names(),
            approvals.exceptions()
        )),
        Err(reason) => Authority::Refused(reason),
    }
}

/// Waivers that hide everything.
pub(super) fn dangers(rules: &Rules<'_>) -> Vec<Oddity> {
    let paths = elements(rules.file, &["waiver"])
        .into_iter()
        .filter_map(|waiver| text(waiver, "path"));
    let all = paths.filter(|(path, _)| path.chars().all(|char| matches!(char, '*' | '/')));
    all.map(|(path, span)| Oddity {
        message: format!("the waiver covers every path: `{}`", shown(path)),
        help: "write a glob for the affected files, such as `src/ffi/**`".into(),
        span,
    })
    .collect()
}
