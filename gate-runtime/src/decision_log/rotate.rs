//! Files of bounded size.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// When a file is full, and how many older ones are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) keep: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes: 64 << 20,
            keep: 4,
        }
    }
}

/// Something that lines are written to, in one or more pieces.
pub(super) trait Segments: Send {
    /// Whether a new piece has to begin before so many more bytes.
    fn is_full(&self, bytes: usize) -> bool;
    /// Begins a new piece.
    fn rotate(&mut self) -> io::Result<()>;
    /// Writes one line, with its line feed.
    fn write(&mut self, line: &str) -> io::Result<()>;
    /// Hands everything to the operating system.
    fn flush(&mut self) -> io::Result<()>;
}

/// A writer that takes a line whole or not at all: what is left of a line that was begun goes first the next time.
struct Lines<W> {
    writer: W,
    rest: Vec<u8>,
}

impl<W: Write> Lines<W> {
    fn new(writer: W) -> Lines<W> {
        let rest = Vec::new();
        Lines { writer, rest }
    }

    /// Writes until all is written or nothing more can be, and says how much was.
    fn part(writer: &mut W, bytes: &[u8]) -> (usize, io::Result<()>) {
        let mut written = 0;
        while let Some(left) = bytes.get(written..).filter(|left| !left.is_empty()) {
            match writer.write(left) {
                Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (written, Err(error)),
            }
        }
        (written, Ok(()))
    }

    fn complete(&mut self) -> io::Result<()> {
        let (written, result) = Lines::part(&mut self.writer, &self.rest);
        self.rest.drain(..written.min(self.rest.len()));
        result
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        self.complete()?;
        let (written, result) = Lines::part(&mut self.writer, line.as_bytes());
        match line.as_bytes().get(written..) {
            Some(rest) if written > 0 => {
                self.rest.extend_from_slice(rest);
                Ok(())
            }
            _ => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.complete()?;
        self.writer.flush()
    }
}

/// A writer that is never full.
pub(super) struct Unlimited(Lines<Box<dyn Write + Send>>);

impl Unlimited {
    pub(super) fn new(writer: Box<dyn Write + Send>) -> Unlimited {
        Unlimited(Lines::new(writer))
    }
}

impl Segments for Unlimited {
    fn is_full(&self, _: usize) -> bool {
        false
    }

    fn rotate(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        self.0.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// `NAME`, with the older `NAME.1`, `NAME.2` and so on beside it.
pub(super) struct RotatingFile {
    path: PathBuf,
    limits: Limits,
    /// `None` while files are being renamed, and after that failed.
    file: Option<Lines<BufWriter<File>>>,
    written: u64,
}

impl RotatingFile {
    /// Begins a file. What an earlier run left in its place becomes the newest of the older ones.
    pub(super) fn create(path: PathBuf, limits: Limits) -> io::Result<RotatingFile> {
        let mut file = RotatingFile {
            path,
            limits,
            file: None,
            written: 0,
        };
        file.rotate()?;
        Ok(file)
    }

    fn older(&self, number: u32) -> PathBuf {
        numbered(&self.path, number)
    }
}

/// `NAME.number`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

impl Segments for RotatingFile {
    fn is_full(&self, bytes: usize) -> bool {
        self.file.is_none() || self.written > 0 && self.written + bytes as u64 > self.limits.bytes
    }

    fn rotate(&mut self) -> io::Result<()> {
        // A file that cannot be written to its end stays open: it still holds lines that were taken.
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        // Closed first: Windows does not rename open files.
        self.file = None;
        // Where an earlier attempt got as far as this, there is nothing to make room for.
        if self.limits.keep > 0 && self.path.exists() {
            for number in (1..self.limits.keep).rev() {
                let older = self.older(number);
                if older.exists() {
                    fs::rename(older, self.older(number + 1))?;
                }
            }
            fs::rename(&self.path, self.older(1))?;
        }
        let file = BufWriter::with_capacity(1 << 16, File::create(&self.path)?);
        self.file = Some(Lines::new(file));
        self.written = 0;
        Ok(())
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Err(io::Error::other("the log's file could not be begun again"));
        };
        file.write(line)?;
        self.written += line.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Lines::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> String {
        fs::read_to_string(path).expect("the file exists")
    }

    #[test]
    fn full_files_move_on_and_the_oldest_goes() {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let path = dir.path().join("log.jsonl");
        let limits = Limits { bytes: 6, keep: 2 };
        let mut file = RotatingFile::create(path.clone(), limits).expect("the folder exists");
        for line in ["a\n", "b\n", "c\n", "d\n", "longer than a file\n", "e\n", "f\n"] {
            if file.is_full(line.len()) {
                file.rotate().expect("files can be renamed");
            }
            file.write(line).expect("the file is open");
        }
        file.flush().expect("the file is open");
        assert_eq!(lines(&path), "e\nf\n");
        assert_eq!(lines(&numbered(&path, 1)), "longer than a file\n");
        assert_eq!(lines(&numbered(&path, 2)), "d\n");
        assert!(!numbered(&path, 3).exists());
    }

    #[test]
    fn attempts_to_begin_a_file_move_older_ones_once() {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let path = dir.path().join("log.jsonl");
        let limits = Limits { bytes: 6, keep: 2 };
        let mut file = RotatingFile::create(path.clone(), limits).expect("the folder exists");
        file.write("first\n").expect("the file is open");
        file.rotate().expect("files can be renamed");
        for _ in 0..3 {
            // What an attempt leaves that renames the file and cannot make a new one.
            file.file = None;
            fs::remove_file(&path).expect("the file exists");
            file.rotate().expect("files can be renamed");
        }
        assert_eq!(lines(&numbered(&path, 1)), "first\n");
        assert!(!numbered(&path, 2).exists());
    }

    #[test]
    fn the_log_of_an_earlier_run_is_kept() {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let path = dir.path().join("log.jsonl");
        for run in ["first\n", "second\n"] {
            let mut file = RotatingFile::create(path.clone(), Limits::default()).expect("the folder exists");
            file.write(run).expect("the file is open");
            file.flush().expect("the file is open");
        }
        assert_eq!(lines(&path), "second\n");
        assert_eq!(lines(&numbered(&path, 1)), "first\n");
    }
}
