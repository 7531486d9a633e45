//! Keeps the paths of one machine out of what a suite leaves behind: its log and its findings are published with the
//! run directory, and a home directory has no place there.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use gate_base::atomic;
use gate_base::error::{Error, Result};
use gate_evidence::EvidenceResult;
use gate_report::redact::Redactor;
use gate_report::{Location, Reason};
use gate_text::secrets::mask_text;
use gate_world::Workspace;

use super::SuiteRun;
use super::redaction::{Taken, cut};

/// Replaces the workspace, its target directory and the home directories of user, cargo and rustup by placeholders, and
/// takes secrets out.
///
/// # Errors
/// The log cannot be read or written.
pub(super) fn hide(mut run: SuiteRun, workspace: &Workspace, policy: Option<&Location>) -> Result<SuiteRun> {
    let redactor =
        Redactor::from_environment(workspace.environment()).workspace(workspace.root(), workspace.target_dir());
    match &mut run.result {
        EvidenceResult::Findings(findings) => {
            for finding in findings {
                hide_text(&mut finding.message, &redactor);
                finding.help.iter_mut().for_each(|help| hide_text(help, &redactor));
                finding
                    .detail
                    .iter_mut()
                    .for_each(|detail| hide_text(detail, &redactor));
            }
        }
        EvidenceResult::NotRun(reason) | EvidenceResult::Inconclusive(reason) | EvidenceResult::Error(reason) => {
            let Reason { message, help, .. } = reason;
            hide_text(message, &redactor);
            help.iter_mut().for_each(|help| hide_text(help, &redactor));
        }
    }
    if let Some(suite) = &mut run.suite {
        let messages = suite.tests.iter_mut().filter_map(|test| test.message.as_mut());
        messages.for_each(|message| hide_text(message, &redactor));
        let tests = suite.tests.iter_mut().map(|test| &mut test.name);
        for text in suite.command.iter_mut().chain(tests) {
            if let Cow::Owned(masked) = mask_text(text) {
                *text = masked;
            }
        }
    }
    if run.log.is_file() {
        let taken = rewrite(&run.log, &redactor).map_err(|error| Error::io("write", &run.log, &error))?;
        taken.report(&mut run.result, policy);
    }
    Ok(run)
}

fn hide_text(text: &mut String, redactor: &Redactor) {
    if let Cow::Owned(hidden) = redactor.paths(text) {
        *text = hidden;
    }
    if let Cow::Owned(masked) = mask_text(text) {
        *text = masked;
    }
}

/// Part by part, since a log may be larger than memory. A line without anything to hide keeps its bytes, text or not.
fn rewrite(log: &Path, redactor: &Redactor) -> io::Result<Taken> {
    /// Bytes that are looked at in one go.
    const PART: usize = 1 << 20;
    let hidden = log.with_extension("hidden");
    let mut from = BufReader::new(File::open(log)?);
    let mut to = BufWriter::new(File::create(&hidden)?);
    let mut taken = Taken::default();
    let mut part = Vec::new();
    let mut line = Vec::new();
    loop {
        let more = from.read_until(b'\n', &mut line)? > 0;
        match redactor.paths(&String::from_utf8_lossy(&line)) {
            Cow::Owned(hidden) => part.extend_from_slice(hidden.as_bytes()),
            Cow::Borrowed(_) => part.extend_from_slice(&line),
        }
        line.clear();
        if part.len() >= PART || !more {
            let end = if more { cut(&part) } else { part.len() };
            to.write_all(&taken.redact(&part[..end]))?;
            part.drain(..end);
        }
        if !more {
            break;
        }
    }
    to.into_inner().map_err(io::IntoInnerError::into_error)?;
    drop(from);
    atomic::rename(&hidden, log)?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_paths_change() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("x.log");
        let redactor = Redactor::default().directory(Path::new("/home/ada"), "[HOME]");
        fs::write(&log, b"a /home/ada/b\r\n\xff\n\xff /home/ada\nlast /home/ada").unwrap();
        rewrite(&log, &redactor).unwrap();
        let expected = [
            b"a [HOME]/b\r\n\xff\n".as_slice(),
            "\u{fffd} [HOME]\nlast [HOME]".as_bytes(),
        ]
        .concat();
        assert_eq!(fs::read(&log).unwrap(), expected);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
