//! What findings say as text, for the unit tests of those who make them.

use crate::{Finding, Location, Reason};

/// One finding behind the other.
pub fn findings_text(findings: &[Finding]) -> String {
    findings.iter().map(finding_text).collect::<Vec<_>>().join("\n")
}

/// Places, message, level, detail, help and package of a finding.
pub fn finding_text(finding: &Finding) -> String {
    let place = |location: &Location| match location.line {
        Some(line) => format!("{}:{line}", location.path),
        None => location.path.clone(),
    };
    let mut text = match finding.locations.first() {
        Some(location) => format!("{}: ", place(location)),
        None => String::new(),
    };
    text += &finding.message;
    text += &match finding.blocks_at {
        Some(stage) => format!(" [{stage}]"),
        None => " [advice]".to_owned(),
    };
    for location in finding.locations.iter().skip(1) {
        text += &format!("\n  also: {}", place(location));
    }
    for line in finding.detail.iter().flat_map(|detail| detail.lines()) {
        text += &format!("\n  | {line}");
    }
    if let Some(help) = &finding.help {
        text += &format!("\n  help: {help}");
    }
    if let Some(policy) = &finding.policy {
        text += &format!("\n  because: {}", place(policy));
    }
    if let Some(package) = &finding.package {
        text += &format!("\n  package: {package}");
    }
    text
}

/// A reason with its code, message and help behind `what` happened.
pub fn reason_text(what: &str, reason: &Reason) -> String {
    let help = reason
        .help
        .as_ref()
        .map(|help| format!("\n  help: {help}"))
        .unwrap_or_default();
    format!("{what} ({}): {}{help}", reason.code, reason.message)
}

/// A report of the pilot stage without any check.
pub fn empty_report() -> crate::Report {
    crate::render::samples::empty()
}
