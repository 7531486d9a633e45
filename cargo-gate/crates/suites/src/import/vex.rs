//! CycloneDX JSON with `vulnerabilities`: an answer for each vulnerability whether it can be exploited here.
//! Source: the specification of CycloneDX 1.4 to 1.6, `vulnerabilities[].analysis`.

use gate_policy::SuitePolicy;
use gate_report::Finding;
use serde::Deserialize;

use super::said::{Said, Unreadable};
use crate::finding;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    bom_format: String,
    vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: Option<String>,
    analysis: Option<Analysis>,
    #[serde(default)]
    affects: Vec<Affected>,
}

#[derive(Deserialize)]
struct Analysis {
    state: Option<String>,
    justification: Option<String>,
    detail: Option<String>,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(rename = "ref")]
    component: String,
}

/// Reads one file.
pub(super) fn read(suite: &SuitePolicy, text: &str) -> Result<Said, Unreadable> {
    let document: Document = serde_json::from_str(text).map_err(|error| format!("is not CycloneDX: {error}"))?;
    if document.bom_format != "CycloneDX" {
        return Err(format!(
            "is not CycloneDX: its `bomFormat` is `{}`",
            document.bom_format
        ));
    }
    let Some(vulnerabilities) = document.vulnerabilities else {
        return Err("has no list of vulnerabilities".to_owned());
    };
    let mut said = Said::default();
    for vulnerability in &vulnerabilities {
        said.findings.extend(judge(suite, vulnerability)?);
    }
    said.failed = !said.findings.is_empty();
    Ok(said)
}

/// What is wrong with the answer for a vulnerability.
fn judge(suite: &SuitePolicy, vulnerability: &Vulnerability) -> Result<Option<Finding>, Unreadable> {
    let id = vulnerability
        .id
        .as_deref()
        .ok_or("has a vulnerability without an `id`")?;
    let of = match vulnerability.affects.first() {
        Some(first) => format!("`{id}` in `{}`", first.component),
        None => format!("`{id}`"),
    };
    let analysis = vulnerability.analysis.as_ref();
    let state = analysis.and_then(|analysis| analysis.state.as_deref());
    let reasoned = analysis.is_some_and(|analysis| {
        let says = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        says(&analysis.justification) || says(&analysis.detail)
    });
    let (message, help) = match state {
        Some("resolved" | "resolved_with_pedigree") => return Ok(None),
        Some("false_positive" | "not_affected") if reasoned => return Ok(None),
        Some(state @ ("false_positive" | "not_affected")) => (
            format!("{of} is `{state}` without a reason"),
            "add `justification` or `detail` to its `analysis`",
        ),
        Some("exploitable") => (format!("{of} can be exploited"), "update or replace the dependency"),
        Some("in_triage") => (
            format!("{of} is not analysed yet"),
            "finish the analysis, and write its `state`",
        ),
        None => (
            format!("{of} has no analysis"),
            "analyse it, and write `analysis.state`",
        ),
        Some(other) => return Err(format!("has the unknown state `{other}` for `{id}`")),
    };
    Ok(Some(finding(suite, message).help(help)))
}
