//! The log of a suite, written without its secrets: what a kill leaves behind holds none either.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use gate_base::error::{Error, Result};
use gate_report::redact::Redactor;
use gate_world::Workspace;

use super::redaction::{Taken, cut};

/// Bytes that are looked at in one go.
const PART: usize = 1 << 20;

/// Writes a log, and replaces the workspace, its target directory, home directories and secrets by marks.
#[derive(Debug)]
pub(super) struct SuiteLog {
    file: BufWriter<File>,
    redactor: Redactor,
    /// Whole lines, and the beginning of one.
    pending: Vec<u8>,
    taken: Taken,
}

impl SuiteLog {
    /// Creates the file and its directory.
    ///
    /// # Errors
    /// It cannot be created.
    pub(super) fn create(path: &Path, workspace: &Workspace) -> Result<Self> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))?;
        }
        let file = File::create(path).map_err(|error| Error::io("create", path, &error))?;
        Ok(Self::over(file, redactor(workspace)))
    }

    pub(super) fn over(file: File, redactor: Redactor) -> Self {
        Self {
            file: BufWriter::new(file),
            redactor,
            pending: Vec::new(),
            taken: Taken::default(),
        }
    }

    /// Writes what is left and returns what was taken out.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn finish(mut self) -> io::Result<Taken> {
        let rest = std::mem::take(&mut self.pending);
        self.put(&rest)?;
        self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(self.taken)
    }

    /// A line without anything to hide keeps its bytes, text or not, apart from colours: one within a secret would keep it from being
    /// known.
    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut part = Vec::with_capacity(lines.len());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let line = colourless(line);
            match self.redactor.paths(&String::from_utf8_lossy(&line)) {
                Cow::Owned(hidden) => part.extend_from_slice(hidden.as_bytes()),
                Cow::Borrowed(_) => part.extend_from_slice(&line),
            }
        }
        self.file.write_all(&self.taken.redact(&part))
    }
}

/// The line without escape sequences.
fn colourless(line: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(0x1b, line) {
        Some(_) => Cow::Owned(anstream::adapter::strip_bytes(line).into_vec()),
        None => Cow::Borrowed(line),
    }
}

impl Write for SuiteLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PART {
            let lines = memchr::memrchr(b'\n', &self.pending).map_or(0, |end| end + 1);
            let whole = cut(&self.pending[..lines]);
            let rest = self.pending.split_off(whole);
            let whole = std::mem::replace(&mut self.pending, rest);
            self.put(&whole)?;
        }
        Ok(bytes.len())
    }

    /// Parts are written when they are whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What replaces the directories of this machine.
pub(super) fn redactor(workspace: &Workspace) -> Redactor {
    Redactor::from_environment(workspace.environment()).workspace(workspace.root(), workspace.target_dir())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gate_text::secrets::planted;

    use super::*;

    #[test]
    fn a_colour_within_a_secret_does_not_hide_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.log");
        let token = planted::value("github_token");
        let (begin, rest) = token.split_at(12);
        let (one, end) = rest.split_at(1);
        let mut log = SuiteLog::over(File::create(&path).unwrap(), Redactor::default());
        writeln!(log, "left: {begin}\x1b[1;31m{one}\x1b[0m{end}").unwrap();
        log.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "left: [redacted github_token]\n");
    }

    #[test]
    fn only_paths_and_secrets_change_however_the_bytes_come() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.log");
        let token = planted::value("github_token");
        let key = planted::private_key("PRIVATE KEY");
        let written = [
            b"a /home/ada/b\r\n\xff\n".as_slice(),
            format!("\0\0{token}\n{key}last /home/ada").as_bytes(),
        ]
        .concat();
        for step in [1, 7, written.len()] {
            let redactor = Redactor::default().directory(Path::new("/home/ada"), "[HOME]");
            let mut log = SuiteLog::over(File::create(&path).unwrap(), redactor);
            for bytes in written.chunks(step) {
                log.write_all(bytes).unwrap();
            }
            log.finish().unwrap();
            let expected = [
                b"a [HOME]/b\r\n\xff\n".as_slice(),
                b"[redacted github_token]\n[redacted private_key]\nlast [HOME]",
            ]
            .concat();
            assert_eq!(fs::read(&path).unwrap(), expected, "{step} bytes at a time");
        }
    }
}
