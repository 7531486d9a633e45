//! Ends what this process started if it is killed, and cannot do so itself: a second process reads from a pipe whose other end
//! only this one holds, and ends the group of the child when the pipe breaks.

use std::io::{BufRead, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// The only argument of the program that watches.
pub const ARGUMENT: &str = "watch-children";

/// What is written when a child has ended as it should.
const END: &str = "end";
/// How long a group may take to end after it was asked to, the second time after it was asked again.
const GRACE: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(2)];
const TICK: Duration = Duration::from_millis(20);

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the program that watches: this one, if it calls [`watch`] when [`ARGUMENT`] is its only argument. Without one, children
/// outlive this process when it is killed.
pub fn use_watcher(program: PathBuf) {
    // Only the first call counts.
    let _ = PROGRAM.set(program);
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

/// Asks a group to end, as a runner passes that on to its tests, then asks again, then ends it by force.
fn end(group: Pid) {
    for grace in GRACE {
        let due = Instant::now() + grace;
        let _ = kill_process_group(group, Signal::TERM);
        while Instant::now() < due {
            if test_kill_process_group(group).is_err() {
                return;
            }
            std::thread::sleep(TICK);
        }
    }
    let _ = kill_process_group(group, Signal::KILL);
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
            .stdout(Stdio::null())
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
