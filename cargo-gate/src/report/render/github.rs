//! Workflow commands of GitHub Actions: findings become annotations beside the lines of a pull request.
//! Format: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use super::{Weight, text};
use crate::report::{Finding, Location, Outcome, Report};

/// One workflow command per finding, and the verdict as the last one. `prefix` is the path of the workspace inside the
/// repository, empty at its root.
pub fn render(report: &Report, prefix: &str) -> String {
    let mut out = String::new();
    for check in &report.checks {
        if !matches!(check.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail) {
            let message = match &check.reason {
                Some(reason) => with_help(&reason.message, reason.help.as_deref()),
                None => check.summary.clone(),
            };
            let title = format!("{}: {}", check.id, check.outcome.words());
            command(&mut out, "error", None, &title, &message);
        }
        for finding in &check.findings {
            let level = match report.weight(finding) {
                Weight::Blocks => "error",
                Weight::Warns => "warning",
                Weight::Covered => "notice",
            };
            let location = finding.locations.first().map(|location| (prefix, location));
            command(&mut out, level, location, &check.id, &message(finding));
        }
    }
    let level = if report.decision.is_ready() { "notice" } else { "error" };
    command(
        &mut out,
        level,
        None,
        "cargo gate",
        &format!("{}: {}", report.verdict(), report.tally()),
    );
    out
}

fn message(finding: &Finding) -> String {
    let message = match (&finding.waived, &finding.excluded) {
        (Some(waiver), _) => {
            format!(
                "{} (waived until {} by {}: {})",
                finding.message, waiver.expires, waiver.owner, waiver.reason
            )
        }
        (None, Some(surface)) => format!("{} (outside the claim: {surface})", finding.message),
        (None, None) => match finding.blocks_at {
            Some(stage) => format!("{} (blocks at {stage})", finding.message),
            None => finding.message.clone(),
        },
    };
    with_help(&message, finding.help.as_deref())
}

fn with_help(message: &str, help: Option<&str>) -> String {
    match help {
        Some(help) => format!("{message}\nhelp: {help}"),
        None => message.to_owned(),
    }
}

fn command(out: &mut String, level: &str, location: Option<(&str, &Location)>, title: &str, message: &str) {
    let mut properties = Vec::new();
    if let Some((prefix, location)) = location {
        let path = in_repository(prefix, &location.path);
        properties.push(format!("file={}", property(&path)));
        if let Some(line) = location.line {
            properties.push(format!("line={line}"));
            if let Some(column) = location.column {
                properties.push(format!("col={column}"));
                if let Some(length) = location.length {
                    properties.push(format!("endColumn={}", column.saturating_add(length)));
                }
            }
        }
    }
    properties.push(format!("title={}", property(title)));
    out.push_str(&format!("::{level} {}::{}\n", properties.join(","), data(message)));
}

/// Path of a workspace file inside the repository; `..` is resolved as far as the prefix reaches.
pub(super) fn in_repository(prefix: &str, path: &str) -> String {
    let mut parts: Vec<&str> = prefix
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Escapes the text of a command. Control characters are made visible first: the log is shown in terminals, too.
fn data(text: &str) -> String {
    text::lines(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(&text::line(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_sample_reads_well() {
        for (name, report) in samples::all() {
            insta::assert_snapshot!(name, render(&report, ""));
        }
    }

    #[test]
    fn foreign_text_forges_no_command() {
        let text = render(&samples::hostile(), "");
        for line in text.lines() {
            assert!(
                ["::error ", "::warning ", "::notice "]
                    .iter()
                    .any(|level| line.starts_with(level)),
                "{line}"
            );
        }
    }

    #[test]
    fn paths_count_from_the_repository() {
        assert_eq!(in_repository("", "src/lib.rs"), "src/lib.rs");
        assert_eq!(in_repository("rust/app", "src/lib.rs"), "rust/app/src/lib.rs");
        assert_eq!(
            in_repository("rust/app", "../rust-toolchain.toml"),
            "rust/rust-toolchain.toml"
        );
    }
}
