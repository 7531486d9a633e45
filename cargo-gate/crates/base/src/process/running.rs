//! A process that runs while this one goes on: what starts it can pause it, kill it and see that it is gone. It ends when this
//! is dropped, and when this process is killed.

use std::io;
use std::process::ExitStatus;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use process_wrap::std::ChildWrapper;

use super::lines::{Lines, MAX_LINE, MAX_SPLIT_LINE};
use super::supervise::Message;
#[cfg(unix)]
use super::watch;
use super::{ProcessSpec, signal_of, spawn};
use crate::error::Result;

/// A running process and its group. Unlike that of [`super::run`], its time limit is not kept here.
#[derive(Debug)]
pub struct Running {
    child: Box<dyn ChildWrapper>,
    #[cfg(unix)]
    _watch: Option<watch::Watch>,
    status: Option<ExitStatus>,
}

/// How often to look whether a process ended.
const TICK: Duration = Duration::from_millis(5);

impl Running {
    /// Starts a command and hands each line of its output to `on_line`, with whether it is of standard output, on a thread of its
    /// own. Where the specification does not split them, all lines are of standard output.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(spec: &ProcessSpec, mut on_line: impl FnMut(&str, bool) + Send + 'static) -> Result<Self> {
        let (sender, receiver) = sync_channel(64);
        #[cfg(unix)]
        let mut watch = watch::Watch::begin();
        #[cfg_attr(
            not(unix),
            expect(unused_mut, reason = "only on Unix does the child wait for its input to close")
        )]
        let (mut child, _) = spawn(spec, &sender)?;
        drop(sender);
        #[cfg(unix)]
        {
            if let Some(watch) = &mut watch {
                watch.group(child.id());
            }
            watch::go(child.stdin().take());
        }
        let limit = if spec.split_stdout { MAX_SPLIT_LINE } else { MAX_LINE };
        // It ends with the last writer of the output.
        thread::spawn(move || {
            let (mut out, mut err) = (Lines::new(limit), Lines::new(MAX_LINE));
            for message in receiver {
                match message {
                    Message::Stdout(bytes) => out.push(&bytes, &mut |line| on_line(line, true)),
                    Message::Stderr(bytes) => err.push(&bytes, &mut |line| on_line(line, false)),
                    Message::Closed | Message::Wake => {}
                }
            }
            out.finish(&mut |line| on_line(line, true));
            err.finish(&mut |line| on_line(line, false));
        });
        Ok(Self {
            child,
            #[cfg(unix)]
            _watch: watch,
            status: None,
        })
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how: the code, or the signal.
    ///
    /// # Errors
    /// The system does not say.
    pub fn ended(&mut self) -> io::Result<Option<(Option<i32>, Option<i32>)>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status.map(|status| (status.code(), signal_of(status))))
    }

    /// Ends the whole group by force, and says how its leader ended.
    ///
    /// # Errors
    /// It had ended before, or cannot be ended.
    pub fn kill(&mut self) -> io::Result<(Option<i32>, Option<i32>)> {
        if self.ended()?.is_some() {
            return Err(io::Error::other("it had ended before it was killed"));
        }
        self.child.start_kill()?;
        let status = self.child.wait()?;
        self.status = Some(status);
        Ok((status.code(), signal_of(status)))
    }

    /// Stops the whole group where it is, and says whether its leader stopped.
    ///
    /// # Errors
    /// It has ended, or cannot be stopped.
    #[cfg(unix)]
    pub fn pause(&mut self) -> io::Result<bool> {
        use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};
        self.signal(Signal::STOP)?;
        let Some(pid) = self.pid() else { return Ok(false) };
        // It stays to be collected as it is: only its state is asked for.
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let state = waitid(WaitId::Pid(pid), options)?;
        Ok(state.is_some_and(|state| state.stopped()))
    }

    /// Lets a paused group go on.
    ///
    /// # Errors
    /// It has ended.
    #[cfg(unix)]
    pub fn resume(&mut self) -> io::Result<()> {
        self.signal(rustix::process::Signal::CONT)
    }

    #[cfg(unix)]
    fn pid(&self) -> Option<rustix::process::Pid> {
        rustix::process::Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }

    #[cfg(unix)]
    fn signal(&mut self, signal: rustix::process::Signal) -> io::Result<()> {
        if self.ended()?.is_some() {
            return Err(io::Error::other("it has ended"));
        }
        match self.pid() {
            Some(pid) => Ok(rustix::process::kill_process_group(pid, signal)?),
            None => Err(io::Error::other("it has no id")),
        }
    }

    /// Asks the group to end where the system has a way to, waits for at most `grace`, and ends by force what is left of it. Says
    /// whether its leader ended when it was asked.
    ///
    /// # Errors
    /// The system does not say whether it ended.
    pub fn stop(&mut self, grace: Duration) -> io::Result<bool> {
        #[cfg(unix)]
        if self.ended()?.is_none() {
            // One that ends in this moment needs neither.
            drop(self.signal(rustix::process::Signal::TERM));
            // A paused one hears the first only so.
            drop(self.resume());
        }
        let ended = cfg!(unix) && self.wait(grace)?;
        // Fails when nothing is left of the group, which is what it is for.
        drop(self.child.start_kill());
        if self.status.is_none() {
            self.status = Some(self.child.wait()?);
        }
        Ok(ended)
    }

    /// Waits until it has ended by itself, at most so long.
    ///
    /// # Errors
    /// The system does not say whether it ended.
    pub fn wait(&mut self, most: Duration) -> io::Result<bool> {
        let due = Instant::now() + most;
        while self.ended()?.is_none() {
            if Instant::now() >= due {
                return Ok(false);
            }
            thread::sleep(TICK);
        }
        Ok(true)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails when nothing is left of the group, which is what it is for.
        drop(self.child.start_kill());
        if self.status.is_none() {
            drop(self.child.wait());
        }
    }
}

/// Ends a process that this one may not have started, by force, and says whether it could be.
pub fn end(id: u32) -> bool {
    #[cfg(unix)]
    {
        let pid = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
        pid.is_some_and(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok())
    }
    #[cfg(not(unix))]
    {
        let _ = id;
        false
    }
}
