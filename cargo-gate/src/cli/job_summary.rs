//! The summary that GitHub Actions shows on the page of a run.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use gate_report::render::summary;
use gate_report::{MaskedReport, Report};
use gate_text::secrets::Masked;
use gate_world::environment::Environment;

use super::Conversation;

/// File to which a step appends its summary.
const VARIABLE: &str = "GITHUB_STEP_SUMMARY";

/// Appends the report to the summary of the step, inside GitHub Actions. `prefix` is the path of the workspace inside
/// the repository. A summary that cannot be written changes no verdict: it is a warning.
pub(super) fn write(report: &MaskedReport, prefix: &str, conversation: &Conversation<'_>) {
    let Some(path) = conversation.environment.path(VARIABLE) else {
        return;
    };
    let printer = conversation.printer;
    let links = links(report, prefix, &conversation.environment);
    match append(&report.redacted(printer.redactor()), links.as_deref(), &path) {
        Ok(true) => {}
        Ok(false) => printer.warning(
            "the job summary is full: GitHub limits it to 1 MiB per step",
            Some("run the gate in a separate step"),
        ),
        Err(error) => printer.warning(
            &format!("cannot write the job summary: {error}"),
            Some("set `GITHUB_STEP_SUMMARY` to the empty string to skip it"),
        ),
    }
}

/// Whether there was room.
fn append(report: &Report, links: Option<&str>, path: &Path) -> io::Result<bool> {
    let used = match fs::metadata(path) {
        Ok(metadata) => usize::try_from(metadata.len()).unwrap_or(usize::MAX),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    // What another command of the step wrote may not end its last line.
    let text = summary::render(report, links, summary::LIMIT.saturating_sub(used).saturating_sub(2));
    if text.is_empty() {
        return Ok(false);
    }
    let separator = if used == 0 { "" } else { "\n\n" };
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(Masked::from(format!("{separator}{text}")).as_bytes())?;
    Ok(true)
}

/// Where the files of the commit are on the web.
fn links(report: &Report, prefix: &str, environment: &Environment) -> Option<String> {
    let server = environment.text("GITHUB_SERVER_URL").unwrap_or("https://github.com");
    let repository = environment.text("GITHUB_REPOSITORY")?;
    let commit = report.subject.commit.as_deref()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if !server.starts_with("https://") || !server[8..].bytes().all(plain) || !repository.bytes().all(plain) {
        return None;
    }
    let below = if prefix.is_empty() {
        String::new()
    } else {
        format!("{prefix}/")
    };
    Some(format!("{server}/{repository}/blob/{commit}/{below}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_report::render::samples;

    #[test]
    fn steps_share_a_summary_until_it_is_full() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("summary");
        let report = samples::failures();
        assert!(append(&report, None, &path).expect("it can be written"));
        assert!(append(&report, None, &path).expect("it can be written"));
        let text = fs::read_to_string(&path).expect("a summary");
        assert_eq!(text.matches("# `demo`: NOT READY for pilot").count(), 0);
        assert_eq!(
            text.matches("# `demo`: NOT READY for controlled\n").count(),
            2,
            "{text}"
        );
        assert!(text.contains("\n\n# `demo`"));
        fs::write(&path, " ".repeat(summary::LIMIT - 100)).expect("it can be written");
        assert!(!append(&report, None, &path).expect("it can be read"));
        let length = fs::metadata(&path).expect("a summary").len();
        assert_eq!(
            length,
            summary::LIMIT as u64 - 100,
            "nothing is added that would lose all of it"
        );
    }

    #[test]
    fn links_lead_to_the_commit() {
        let report = samples::failures();
        let environment = |repository: &'static str| Environment::from_pairs([("GITHUB_REPOSITORY", repository)]);
        assert_eq!(
            links(&report, "rust/app", &environment("acme/demo")).as_deref(),
            Some("https://github.com/acme/demo/blob/8f3c1d2e4b5a69788796a5b4c3d2e1f001122334/rust/app/")
        );
        assert_eq!(links(&report, "", &environment("acme/demo](x)")), None);
        assert_eq!(links(&report, "", &Environment::default()), None);
    }
}
