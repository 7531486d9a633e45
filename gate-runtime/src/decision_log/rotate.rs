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

/// A writer that is never full.
pub(super) struct Unlimited(pub(super) Box<dyn Write + Send>);

impl Segments for Unlimited {
    fn is_full(&self, _: usize) -> bool {
        false
    }

    fn rotate(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        self.0.write_all(line.as_bytes())
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
    file: Option<BufWriter<File>>,
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
        // Closed first: Windows does not rename open files.
        if let Some(mut file) = self.file.take() {
            file.flush()?;
        }
        if self.limits.keep > 0 {
            for number in (1..self.limits.keep).rev() {
                let older = self.older(number);
                if older.exists() {
                    fs::rename(older, self.older(number + 1))?;
                }
            }
            if self.path.exists() {
                fs::rename(&self.path, self.older(1))?;
            }
        }
        self.file = Some(BufWriter::with_capacity(1 << 16, File::create(&self.path)?));
        self.written = 0;
        Ok(())
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Err(io::Error::other("the log's file could not be begun again"));
        };
        file.write_all(line.as_bytes())?;
        self.written += line.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
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
