//! Runs a compiler to its end, or ends it.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::channel::{Missing, channel};
use crate::diagnostic::{Diagnostic, Id};
use crate::env::Env;
use crate::sorted::List as _;

/// Most that is kept of what a compiler prints; the rest is read and dropped.
const KEPT: usize = 1 << 20;

/// A command that ended by itself.
pub(crate) struct Finished {
    pub status: ExitStatus,
    /// Standard output and standard error, the former first.
    pub text: String,
}

/// A compiler's command line.
pub(crate) struct Invocation<'a> {
    pub program: &'a Path,
    pub arguments: Vec<OsString>,
    pub directory: PathBuf,
    pub env: &'a Env,
    pub timeout: Duration,
}

impl Invocation<'_> {
    /// Starts the program and waits until it has ended and closed its output.
    ///
    /// # Errors
    /// It cannot be started, does not end in time (then it is killed; processes of its own that it leaves behind are
    /// not waited for), or is ended by a signal.
    pub(crate) fn run(self) -> Result<Finished, Diagnostic> {
        let shown = self.program.display().to_string();
        let mut child = Command::new(self.program)
            .args(&self.arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.env.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                Diagnostic::error(Id::CompilerUnusable, format!("cannot start `{shown}`: {error}"))
                    .help("check that the file is an executable for this machine")
            })?;
        let failed =
            |error: io::Error| Diagnostic::error(Id::CompilerUnusable, format!("cannot wait for `{shown}`: {error}"));
        let deadline = Instant::now() + self.timeout;
        let (sender, receiver) = channel();
        let streams = [
            child
                .stdout
                .take()
                .map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            child
                .stderr
                .take()
                .map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ];
        for (at, stream) in streams.into_iter().enumerate() {
            let Some(stream) = stream else { continue };
            let sender = sender.clone();
            // Not joined: after a timeout, a grandchild may hold the other end for as long as it likes.
            let read: Box<dyn FnOnce() + Send> = Box::new(move || {
                sender.send((at, read_all(stream)));
            });
            thread::spawn(read);
        }
        drop(sender);

        let mut output = [Vec::new(), Vec::new()];
        let mut ended = false;
        loop {
            match receiver.receive(deadline.saturating_duration_since(Instant::now())) {
                Ok((at, bytes)) => output[at] = bytes,
                Err(Missing::Over) => {
                    ended = true;
                    break;
                }
                Err(Missing::Late) => break,
            }
        }
        let status = if ended {
            wait_until(&mut child, deadline).map_err(failed)?
        } else {
            None
        };
        let Some(status) = status else {
            // Too late for any of these to fail in a way that matters: the process is gone or will be.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Diagnostic::error(
                Id::CompilerTimeout,
                format!("`{shown}` timed out after {} s", self.timeout.as_secs()),
            )
            .output(&text_of(&output))
            .help("if it needs more time, raise `GATE_KERNEL_TIMEOUT` (in seconds)"));
        };
        let text = text_of(&output);
        if let Some(signal) = died(status.code()) {
            let how = status.to_string();
            // The system kills so whatever takes the last of its memory.
            let (id, what, help) = if how.contains("SIGKILL") || signal == KILL {
                (
                    Id::CompilerKilled,
                    "was killed",
                    "if the machine ran out of memory, use fewer jobs: `cargo build -j 1`",
                )
            } else {
                (
                    Id::CompilerCrashed,
                    "crashed",
                    "try a lower optimization level or another version of the compiler",
                )
            };
            return Err(Diagnostic::error(id, format!("`{shown}` {what} ({how})"))
                .output(&text)
                .help(help));
        }
        Ok(Finished { status, text })
    }
}

/// `SIGKILL`.
const KILL: i32 = 9;

/// The signal that ended a program or the part of it that counts, 0 where its number is not known; `None` where the program ended by
/// itself. Shells, and nvcc for the programs that it starts, hand a signal on as an exit code of 128 and its number; on Windows what
/// ends a program is an exit code whose highest two bits are set.
fn died(code: Option<i32>) -> Option<i32> {
    match code {
        None => Some(0),
        Some(code @ 129..=159) if !cfg!(windows) => Some(code - 128),
        Some(code) if cfg!(windows) && code.cast_unsigned() >> 30 == 3 => Some(0),
        Some(_) => None,
    }
}

fn text_of(output: &[Vec<u8>; 2]) -> String {
    output
        .iter()
        .map(|bytes| String::from_utf8_lossy(bytes))
        .list()
        .concat()
        // What is no text must not steer the terminal it is shown on.
        .replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r'), "\u{fffd}")
}

fn read_all(mut stream: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return kept,
            Ok(length) => {
                let room = KEPT.saturating_sub(kept.len()).min(length);
                kept.extend_from_slice(&buffer[..room]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return kept,
        }
    }
}

/// Both streams are closed, so the program has ended or is about to; one that closed them and lives on is polled.
fn wait_until(child: &mut std::process::Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    let mut pause = Duration::from_micros(100);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::{KILL, died};

    #[test]
    fn signals_are_told_from_exit_codes() {
        assert_eq!(died(None), Some(0));
        for code in [0, 1, 2, 101, 128, 160, 255] {
            assert_eq!(died(Some(code)), None, "{code}");
        }
        let handed_on = |code| died(Some(code));
        if cfg!(windows) {
            assert_eq!(handed_on(139), None);
            assert_eq!(handed_on(0xc000_0005_u32.cast_signed()), Some(0));
        } else {
            assert_eq!(handed_on(139), Some(11));
            assert_eq!(handed_on(137), Some(KILL));
        }
    }
}
