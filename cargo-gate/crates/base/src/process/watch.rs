//! Ends what this process started if it is killed, and cannot do so itself: a second process reads from a pipe whose other end
//! only this one holds, and ends the group of the child when the pipe breaks. A third one finishes what must not stay half done.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// The only argument of the program that watches.
pub const ARGUMENT: &str = "watch-children";
/// The first argument of the program that becomes a child: then its stdin, or nothing for none, the program and its arguments.
pub const BECOME: &str = "become-child";

/// The first argument of the program that waits for this process to be killed: then the arguments of the program that it becomes.
pub const FINISH: &str = "finish-for";

/// What is written when a child has ended as it should.
const END: &str = "end";
/// What is written to a child that may begin, because its group is known.
const GO: &str = "go";
/// How long a group may take to end after it was asked to, the second time after it was asked again.
const GRACE: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(2)];
const TICK: Duration = Duration::from_millis(20);

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
static LOCK: Mutex<Option<File>> = Mutex::new(None);

/// Names the program that watches: this one, if it calls [`watch`] when [`ARGUMENT`] is its only argument. Without one, children
/// outlive this process when it is killed.
pub fn use_watcher(program: PathBuf) {
    // Only the first call counts.
    let _ = PROGRAM.set(program);
}

/// Has each watcher hold a locked file open until the group that it watches has ended, so that a lock outlives a killed process as long as
/// something that it started does. Only the last file counts.
pub fn hold_lock(lock: Option<File>) {
    *LOCK.lock().unwrap_or_else(PoisonError::into_inner) = lock;
}

/// Waits until the process at the other end of the input is gone, and becomes this program with the arguments, unless told that all is done.
///
/// # Errors
/// The program cannot be started.
pub fn finish_for(arguments: impl Iterator<Item = OsString>, input: impl BufRead) -> io::Result<()> {
    if input.lines().map_while(Result::ok).any(|line| line == END) {
        return Ok(());
    }
    let program = std::env::current_exe()?;
    Err(Command::new(program).args(arguments).stdin(Stdio::null()).exec())
}

/// Reads the group of a child, and ends it unless told that it has ended by itself.
pub fn watch(input: impl BufRead) {
    let mut lines = input.lines().map_while(Result::ok);
    let group = lines.next().and_then(|line| Pid::from_raw(line.parse().ok()?));
    if lines.next().as_deref() == Some(END) {
        return;
    }
    if let Some(group) = group {
        end(group);
    }
}

/// Waits for the word to begin, and becomes the command. Ends where nobody is left to say it: a command that began before its group
/// was known would outlive a gate that is killed in that moment.
///
/// # Errors
/// The command cannot be started.
pub fn become_child(mut arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
    let mut word = String::new();
    io::stdin().lock().read_line(&mut word)?;
    if word.trim_end() != GO {
        return Ok(());
    }
    let stdin = match arguments.next() {
        Some(path) if !path.is_empty() => File::open(path)?.into(),
        _ => Stdio::null(),
    };
    let program = arguments.next().unwrap_or_default();
    Err(Command::new(program).args(arguments).stdin(stdin).exec())
}

/// The command that becomes `program` once [`go`] was called; without a program that watches, `None`.
pub(super) fn held(program: &Path, input: Option<&Path>) -> Option<Command> {
    let mut command = Command::new(PROGRAM.get()?);
    command.arg(BECOME).arg(input.unwrap_or(Path::new(""))).arg(program);
    command.stdin(Stdio::piped());
    Some(command)
}

/// Lets a child begin that was started as [`held`].
pub(super) fn go(stdin: Option<ChildStdin>) {
    if let Some(mut stdin) = stdin {
        // A child that is gone has ended already.
        let _ = writeln!(stdin, "{GO}");
    }
}

/// Asks a group to end, as a runner passes that on to its tests, then asks again, then ends it by force.
fn end(group: Pid) {
    for grace in GRACE {
        let due = Instant::now() + grace;
        let _ = kill_process_group(group, Signal::TERM);
        // A paused one hears it only so.
        let _ = kill_process_group(group, Signal::CONT);
        while Instant::now() < due {
            if test_kill_process_group(group).is_err() {
                return;
            }
            std::thread::sleep(TICK);
        }
    }
    let _ = kill_process_group(group, Signal::KILL);
}

/// The lock as its own descriptor: it writes nothing to the file.
fn held_lock() -> Option<File> {
    let lock = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    lock.as_ref()?.try_clone().ok()
}

/// A process that finishes the work of this one if it is killed: dropping this says that it is not needed, except in a panic.
#[derive(Debug)]
pub struct Finisher(Child);

impl Finisher {
    /// Starts the process, which will become this program with these arguments. `None` where no program was named or it cannot be
    /// started.
    pub fn begin(arguments: &[OsString]) -> Option<Self> {
        let child = Command::new(PROGRAM.get()?)
            .arg(FINISH)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        child.ok().map(Self)
    }
}

impl Drop for Finisher {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Some(mut stdin) = self.0.stdin.take() {
            // One that is gone finishes nothing.
            let _ = writeln!(stdin, "{END}");
        }
        let _ = self.0.wait();
    }
}

/// A watcher of one child.
#[derive(Debug)]
pub(super) struct Watch(Child);

impl Watch {
    /// Starts a watcher, so that it is there before the child is. `None` where no program was named or it cannot be started.
    pub(super) fn begin() -> Option<Self> {
        let child = Command::new(PROGRAM.get()?)
            .arg(ARGUMENT)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(held_lock().map_or_else(Stdio::null, Stdio::from))
            .stderr(Stdio::null())
            // What is meant for the group of this process is not meant for it.
            .process_group(0)
            .spawn();
        child.ok().map(Self)
    }

    /// Says which group to end.
    pub(super) fn group(&mut self, leader: u32) {
        self.say(&leader.to_string());
    }

    fn say(&mut self, line: &str) {
        if let Some(stdin) = &mut self.0.stdin {
            // A watcher that is gone watches nothing, and the child runs all the same.
            let _ = writeln!(stdin, "{line}");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.say(END);
        self.0.stdin = None;
        let _ = self.0.wait();
    }
}
