//! Child processes: own process group (job object on Windows), time limit, cancellation, captured output. Knows nothing
//! of suites or of the engine.

#[cfg(windows)]
pub mod bound;
pub mod cancel;
mod find;
pub mod full;
mod lines;
mod running;
mod supervise;
pub mod usage;
#[cfg(unix)]
pub mod watch;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use process_wrap::std::{ChildWrapper, CommandWrap};

use crate::error::{Error, Result};

use self::cancel::Cancel;
use self::lines::Lines;
use self::supervise::{Message, Supervisor};

pub use self::find::find;
pub use self::lines::{MAX_LINE, MAX_SPLIT_LINE};
pub use self::running::{Running, end};

/// Names the secret with which machines that share evidence mark it. No child sees it: code that is judged could mark
/// evidence of its own making.
pub const EVIDENCE_KEY: &str = "CARGO_GATE_EVIDENCE_KEY";

/// A command to run.
#[derive(Debug, Clone)]
pub struct ProcessSpec {
    /// Program and arguments; never handed to a shell.
    pub command: Vec<OsString>,
    /// Working directory.
    pub directory: PathBuf,
    /// Variables to set (`Some`) or remove (`None`).
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// Time limit; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// Whether stdout is kept apart from stderr: then the log receives stderr only and `on_line` sees stdout only.
    pub split_stdout: bool,
    /// File that is its stdin; without one it is empty.
    pub input: Option<PathBuf>,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessEnd {
    /// Exit code; `None` when a signal ended it.
    pub exit_code: Option<i32>,
    /// Signal that ended it (Unix).
    pub signal: Option<i32>,
    /// Whether the time limit ended it.
    pub timed_out: bool,
    /// Whether the user interrupted it.
    pub cancelled: bool,
    /// Wall time.
    pub duration: Duration,
}

/// Runs a command to its end. `log` receives stdout and stderr as they come, in order. Hands each line of output (without its end, invalid UTF-8 replaced, cut at
/// [`MAX_LINE`] or [`MAX_SPLIT_LINE`]) to `on_line`. On time-out or cancellation the whole process group is ended:
/// first politely, then by force.
///
/// A command that ends by itself leaves its background processes alone, unless they keep its output open for more
/// than two seconds.
///
/// # Errors
/// The program cannot be started (the error names it), or the log cannot be written.
pub fn run(
    spec: &ProcessSpec,
    log: &mut dyn Write,
    cancel: &Cancel,
    on_line: &mut dyn FnMut(&str),
) -> Result<ProcessEnd> {
    let mut lines = Lines::new(if spec.split_stdout { MAX_SPLIT_LINE } else { MAX_LINE });
    let end = run_for_bytes(spec, log, cancel, &mut |bytes| lines.push(bytes, on_line));
    lines.finish(on_line);
    end
}

/// As [`run`], and hands on the bytes of the output as they come: for output that must not change.
///
/// # Errors
/// As [`run`].
pub fn run_for_bytes(
    spec: &ProcessSpec,
    log: &mut dyn Write,
    cancel: &Cancel,
    on_bytes: &mut dyn FnMut(&[u8]),
) -> Result<ProcessEnd> {
    let started = Instant::now();
    let log_failed = |error: io::Error| Error::tool(format!("cannot write the log: {error}"));

    let (sender, receiver) = sync_channel(64);
    let wake = sender.clone();
    // A message that does not fit is not missed: the loop looks at the flag after every message.
    let _subscription = cancel.on_request(move || drop(wake.try_send(Message::Wake)));
    #[cfg(unix)]
    let mut watch = watch::Watch::begin();
    let (mut child, readers) = spawn(spec, &sender)?;
    #[cfg(unix)]
    if let Some(watch) = &mut watch {
        watch.group(child.id());
    }
    #[cfg(unix)]
    watch::go(child.stdin().take());

    let mut supervisor = Supervisor::new(child.as_mut(), cancel, spec.timeout, readers);
    let ended = loop {
        match supervisor.next(&receiver) {
            Ok(Some(Message::Stdout(bytes))) => {
                if !spec.split_stdout
                    && let Err(error) = log.write_all(&bytes)
                {
                    break Err(log_failed(error));
                }
                on_bytes(&bytes);
            }
            Ok(Some(Message::Stderr(bytes))) => {
                if let Err(error) = log.write_all(&bytes) {
                    break Err(log_failed(error));
                }
            }
            Ok(Some(Message::Wake | Message::Closed)) => {}
            Ok(None) => break log.flush().map_err(log_failed),
            Err(error) => {
                let program = spec.command[0].to_string_lossy().into_owned();
                break Err(Error::tool(format!("cannot wait for `{program}`: {error}")));
            }
        }
    };
    let (status, stopped) = supervisor.finish();
    ended?;
    Ok(ProcessEnd {
        exit_code: status.and_then(|status| status.code()),
        signal: status.and_then(signal_of),
        timed_out: stopped.timed_out,
        cancelled: stopped.cancelled,
        duration: started.elapsed(),
    })
}

/// Where [`find()`] finds a program with the variables of this process.
pub fn locate(program: &OsStr, directory: &Path) -> Option<PathBuf> {
    located(program, directory, std::env::var_os("PATH").as_deref())
}

/// Where the program of a command is, with the variables that the command gets.
fn path_of(spec: &ProcessSpec) -> Option<PathBuf> {
    let changed = spec.environment.iter().rev().find(|(name, _)| name == "PATH");
    let path = changed.map_or_else(|| std::env::var_os("PATH"), |(_, path)| path.clone());
    located(spec.command.first()?, &spec.directory, path.as_deref())
}

fn located(program: &OsStr, directory: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    let extensions = std::env::var("PATHEXT").ok();
    find(program, directory, path, extensions.as_deref())
}

/// Starts the command with all its output in one pipe, so that the order of stdout and stderr is kept, and one thread
/// that reads it (or two pipes and threads). Returns the child and the number of threads.
fn spawn(spec: &ProcessSpec, sender: &SyncSender<Message>) -> Result<(Box<dyn ChildWrapper>, usize)> {
    let [program, arguments @ ..] = spec.command.as_slice() else {
        return Err(Error::tool("cannot start an empty command"));
    };
    let cannot_start =
        |why: &dyn std::fmt::Display| Error::tool(format!("cannot start `{}`: {why}", program.to_string_lossy()));
    if !spec.directory.is_dir() {
        let directory = spec.directory.display();
        return Err(cannot_start(&format_args!(
            "its working directory `{directory}` does not exist"
        )));
    }
    let Some(path) = path_of(spec) else {
        return Err(cannot_start(&"no such program").with_help(format!(
            "install `{}`, or put its directory on PATH",
            program.to_string_lossy()
        )));
    };

    let stdin = match &spec.input {
        Some(input) => File::open(input).map_err(|error| cannot_start(&error))?.into(),
        None => Stdio::null(),
    };
    let at_once = || {
        let mut command = Command::new(&path);
        command.stdin(stdin);
        command
    };
    #[cfg(unix)]
    let mut command = {
        // The child opens it, from its own directory.
        let input = spec.input.as_ref().map(std::path::absolute).transpose();
        let input = input.map_err(|error| cannot_start(&error))?;
        watch::held(&path, input.as_deref()).unwrap_or_else(at_once)
    };
    #[cfg(not(unix))]
    let mut command = at_once();
    command
        .args(arguments)
        .current_dir(&spec.directory)
        .env_remove(EVIDENCE_KEY);
    for (name, value) in &spec.environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let no_pipe = |error: io::Error| cannot_start(&error);
    let (stdout, stdout_writer) = io::pipe().map_err(no_pipe)?;
    let stderr = if spec.split_stdout {
        let (stderr, stderr_writer) = io::pipe().map_err(no_pipe)?;
        command.stdout(stdout_writer).stderr(stderr_writer);
        Some(stderr)
    } else {
        command
            .stdout(stdout_writer.try_clone().map_err(no_pipe)?)
            .stderr(stdout_writer);
        None
    };

    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::std::JobObject);
    let child = command.spawn().map_err(no_pipe)?;
    // It holds this side's writers of the pipes, which would keep them open.
    drop(command);

    let readers = 1 + usize::from(stderr.is_some());
    read_in_background(stdout, sender.clone(), Message::Stdout);
    if let Some(stderr) = stderr {
        read_in_background(stderr, sender.clone(), Message::Stderr);
    }
    Ok((child, readers))
}

/// The thread is not joined: a process that left the group may keep the pipe open for ever. It ends with the pipe, or
/// with the first output after the receiver is gone.
fn read_in_background(mut pipe: io::PipeReader, sender: SyncSender<Message>, message: fn(Vec<u8>) -> Message) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    if sender.send(message(buffer[..length].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The pipe broke: for the reader that is its end, and the exit status says the rest.
                Err(_) => break,
            }
        }
        drop(sender.send(Message::Closed));
    });
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(test)]
mod tests;
