//! One call of `cargo metadata`: its answer as soon as it is there, and its end.

use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::thread::JoinHandle;

use serde::de::Error as _;

use gate_base::error::{Error, ErrorKind, Result};

use super::super::environment::Environment;
use super::metadata::Metadata;

/// The cargo to ask.
#[derive(Debug, Clone, Copy)]
pub struct Cargo<'a> {
    pub(crate) program: &'a Path,
    pub(crate) cwd: &'a Path,
    pub(crate) manifest: Option<&'a Path>,
    pub(crate) offline: bool,
    pub(crate) environment: &'a Environment,
}

impl Cargo<'_> {
    /// Asks about the members alone.
    ///
    /// # Errors
    /// Manifests that cargo refuses, a cargo that cannot be run, an answer that cannot be understood.
    pub(super) fn members_only<T>(&self, then: impl FnOnce(Metadata<'_>) -> T) -> Result<T> {
        self.run(&["--no-deps"], then)?.map_err(|message| {
            let mut error = Error::usage(format!("cargo cannot read the workspace: {message}"))
                .with_help("`cargo metadata --no-deps` shows the same message; fix the manifest it names");
            error.path = self.manifest.map(Path::to_path_buf);
            error
        })
    }

    /// Runs `cargo metadata` and makes something of what it says; the inner error is cargo's message.
    fn run<T>(&self, arguments: &[&str], then: impl FnOnce(Metadata<'_>) -> T) -> Result<Result<T, String>> {
        let (made, pending) = self.start(arguments, then)?;
        match pending.end()? {
            Ok(()) => made.map(Ok).map_err(|error| not_understood(&error)),
            Err(message) => Ok(Err(message)),
        }
    }

    /// Starts `cargo metadata` and makes something of what it says as soon as it is said.
    ///
    /// # Errors
    /// A cargo that cannot be run.
    pub(super) fn start<T>(
        &self,
        arguments: &[&str],
        then: impl FnOnce(Metadata<'_>) -> T,
    ) -> Result<(Made<T>, PendingExit)> {
        let mut command = self.environment.command(self.program, self.cwd);
        command
            .args(["metadata", "--format-version", "1", "--color", "never"])
            .args(arguments)
            .env("RUSTUP_AUTO_INSTALL", "0")
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.offline {
            command.arg("--offline");
        }
        if let Some(manifest) = self.manifest {
            command.arg("--manifest-path").arg(manifest);
        }
        let failed = |error| not_run(self.program, &error);
        let mut child = command.spawn().map_err(failed)?;
        let pipes = child.stdout.take().zip(child.stderr.take());
        let (answer, mut message) = pipes.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        let mut pending = PendingExit {
            program: self.program.to_owned(),
            child,
            rest: BufReader::new(answer),
            // On a thread of its own: cargo may say much before it answers, and neither may wait for the other.
            message: std::thread::spawn(move || {
                let mut text = Vec::new();
                message.read_to_end(&mut text).map(|_| text)
            }),
        };
        let made = understand(&mut pending.rest, then).map_err(failed)?;
        Ok((made, pending))
    }
}

/// What was made of an answer, or why it cannot be understood.
pub(super) type Made<T> = std::result::Result<T, serde_json::Error>;

/// A cargo that has answered. Giving back its memory takes it as long as answering a small workspace, for which nobody has to
/// wait who does not rely on the answer yet.
#[derive(Debug)]
pub struct PendingExit {
    program: PathBuf,
    child: Child,
    rest: BufReader<ChildStdout>,
    message: JoinHandle<io::Result<Vec<u8>>>,
}

impl PendingExit {
    /// Waits for its end; the inner error is cargo's message.
    ///
    /// # Errors
    /// It cannot be waited for, or there was something behind its answer.
    pub fn end(mut self) -> Result<Result<(), String>> {
        let mut rest = Vec::new();
        let read = self.rest.read_to_end(&mut rest);
        let message = self.message.join();
        let failed = |error| not_run(&self.program, &error);
        let status = self.child.wait().map_err(failed)?;
        let message = message.map_err(|_| Error::tool("the thread that listens to cargo ended early"))?;
        if !status.success() {
            return Ok(Err(message_of(&message.map_err(failed)?)));
        }
        read.map_err(failed)?;
        if rest.trim_ascii().is_empty() {
            Ok(Ok(()))
        } else {
            let error = serde_json::Error::custom("unexpected text after the first line");
            Err(not_understood(&error))
        }
    }
}

fn not_run(program: &Path, error: &io::Error) -> Error {
    Error::new(
        ErrorKind::ToolchainMissing,
        format!("cannot run `{}`: {error}", program.display()),
    )
    .with_help("install a Rust toolchain with rustup, or set CARGO to the path of cargo")
}

pub(super) fn not_understood(error: &serde_json::Error) -> Error {
    Error::tool(format!("cannot parse the output of `cargo metadata`: {error}"))
}

/// Makes something of an answer: of its first line, which is all of it as cargo writes it, else of all that comes.
fn understand<T>(answer: &mut impl BufRead, then: impl FnOnce(Metadata<'_>) -> T) -> io::Result<Made<T>> {
    let mut text = Vec::new();
    answer.read_until(b'\n', &mut text)?;
    if let Ok(metadata) = serde_json::from_slice(&text) {
        return Ok(Ok(then(metadata)));
    }
    let mut all = text;
    answer.read_to_end(&mut all)?;
    Ok(serde_json::from_slice(&all).map(then))
}

/// Cargo's message without what it said before, such as that it waits for a lock.
fn message_of(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let start = match text.find("error: ") {
        Some(at) if at == 0 || text[..at].ends_with('\n') => at + "error: ".len(),
        _ => text.find("\nerror: ").map_or(0, |at| at + "\nerror: ".len()),
    };
    let message = text[start..].trim();
    if message.is_empty() {
        "cargo gave no reason".into()
    } else {
        message.into()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The end of a cargo that was started with one argument, and of whose output `read` was taken for its answer.
    fn end(argument: &str, read: bool) -> Result<Result<(), String>> {
        let program = PathBuf::from(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let mut command = Command::new(&program);
        command.arg(argument).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a cargo");
        let mut message = child.stderr.take().expect("a pipe");
        let mut rest = BufReader::new(child.stdout.take().expect("a pipe"));
        if read {
            rest.read_until(b'\n', &mut Vec::new()).expect("a line");
        }
        let message = std::thread::spawn(move || {
            let mut text = Vec::new();
            message.read_to_end(&mut text).map(|_| text)
        });
        let pending = PendingExit {
            program,
            child,
            rest,
            message,
        };
        pending.end()
    }

    #[test]
    fn an_answer_counts_once_cargo_has_ended_well() {
        assert_eq!(end("-V", true).expect("an end"), Ok(()));
        let message = end("--no-such-argument", true).expect("an end").unwrap_err();
        assert!(message.contains("--no-such-argument"), "{message}");
        let error = end("-V", false).expect_err("there is more than an answer");
        assert!(
            error.to_string().contains("unexpected text after the first line"),
            "{error}"
        );
    }

    #[test]
    fn only_the_error_of_cargo_is_kept() {
        let stderr =
            b"    Blocking waiting for file lock on package cache\nerror: failed to parse\n\nCaused by:\n  x\n";
        assert_eq!(message_of(stderr), "failed to parse\n\nCaused by:\n  x");
        assert_eq!(message_of(b"error: one"), "one");
        assert_eq!(message_of(b""), "cargo gave no reason");
    }

    #[test]
    fn an_answer_is_one_line_or_one_value() {
        let root = |text: &str| {
            let mut bytes = text.as_bytes();
            let made = understand(&mut bytes, |metadata| metadata.workspace_root.clone());
            let made = made.expect("no I/O").map_err(|error| error.to_string());
            made.map(|root| (root, String::from_utf8_lossy(bytes).into_owned()))
        };
        let answer = r#"{"packages":[],"workspace_members":[],"workspace_root":"/w","target_directory":"/t"}"#;
        for (text, rest) in [
            (answer.to_owned(), ""),
            (format!("{answer}\n"), ""),
            (answer.replace(',', ",\n"), ""),
            (format!("{answer}\r\n{answer}\n"), &format!("{answer}\n")),
        ] {
            assert_eq!(root(&text), Ok((PathBuf::from("/w"), rest.to_owned())), "{text}");
        }
        for text in [String::new(), "{}\n".to_owned(), format!("note\n{answer}\n")] {
            assert!(root(&text).is_err(), "{text}");
        }
    }
}
