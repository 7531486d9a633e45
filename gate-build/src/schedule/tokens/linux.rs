//! Tokens as bytes of a pipe, by GNU make's protocol: who reads one may run one thread, and writes it back.
#![expect(unsafe_code, reason = "the standard library cannot wait for one of two pipes")]

use std::ffi::{c_int, c_short, c_ulong};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Tokens as they arrive.
pub(in crate::schedule) struct Tokens {
    shared: Arc<Shared>,
    /// Ends the thread that reads tokens when it goes.
    wanted: Mutex<Option<(PipeWriter, JoinHandle<()>)>>,
}

struct Shared {
    to: File,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    requested: usize,
    arrived: Vec<u8>,
    over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, token: u8) {
        // As many bytes fit into the pipe as were in it.
        let _ = (&self.to).write_all(&[token]);
    }

    /// Reads as many tokens as are asked for, until the other end of `over` is gone.
    fn read(&self, mut from: File, over: &PipeReader) {
        loop {
            let mut state = self.lock();
            while state.requested == 0 && !state.over {
                state = self.wait(state);
            }
            if state.over {
                return;
            }
            drop(state);
            if wait_for(&from, over).is_err() {
                return;
            }
            let mut token = [0];
            let arrived = match from.read(&mut token) {
                Ok(1) => token[0],
                // Somebody else was faster, or it was the end that was waited for.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => continue,
                // Whoever has the other end is gone.
                _ => return,
            };
            let mut state = self.lock();
            if state.over {
                self.give_back(arrived);
                return;
            }
            state.requested -= 1;
            state.arrived.push(arrived);
            drop(state);
            self.changed.notify_all();
        }
    }
}

/// One, which goes back when this does.
pub(in crate::schedule) struct Token(Arc<Shared>, u8);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.give_back(self.1);
    }
}

impl Tokens {
    /// Those of the jobserver that the environment of this process names.
    pub(super) fn of_process() -> Option<Self> {
        let named = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];
        let flags = named.iter().find_map(std::env::var_os)?;
        let [from, to] = ends(flags.to_str()?)?;
        // Opened again, so that reading without waiting is not a setting of everybody's pipe. `O_NONBLOCK`.
        let from = OpenOptions::new().read(true).custom_flags(0o4000).open(from).ok()?;
        let to = OpenOptions::new().write(true).open(to).ok()?;
        let is_pipe = |file: &File| file.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo());
        if !is_pipe(&from) || !is_pipe(&to) {
            return None;
        }
        let (over, wanted) = io::pipe().ok()?;
        let shared = Arc::new(Shared {
            to,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let reader = Arc::clone(&shared);
        let reader = thread::Builder::new().spawn(move || reader.read(from, &over)).ok()?;
        Some(Self {
            shared,
            wanted: Mutex::new(Some((wanted, reader))),
        })
    }

    /// Asks for one more.
    pub(in crate::schedule) fn request(&self) {
        self.shared.lock().requested += 1;
        self.shared.changed.notify_all();
    }

    /// Waits for the next; `None` after the end.
    pub(in crate::schedule) fn next(&self) -> Option<Token> {
        let mut state = self.shared.lock();
        loop {
            if let Some(token) = state.arrived.pop() {
                return Some(Token(Arc::clone(&self.shared), token));
            }
            if state.over {
                return None;
            }
            state = self.shared.wait(state);
        }
    }

    /// No more are wanted.
    pub(in crate::schedule) fn end(&self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((wanted, reader)) = wanted {
            drop(wanted);
            // It reads without waiting, so nothing keeps it. It panics only where the allocator does.
            let _ = reader.join();
        }
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.end();
        for token in self.shared.lock().arrived.drain(..) {
            self.shared.give_back(token);
        }
    }
}

/// Where tokens are read and written.
fn ends(flags: &str) -> Option<[PathBuf; 2]> {
    let value = ["--jobserver-auth=", "--jobserver-fds="]
        .iter()
        .find_map(|option| Some(flags.rsplit_once(option)?.1))?;
    let value = value.split_ascii_whitespace().next()?;
    if let Some(path) = value.strip_prefix("fifo:") {
        return Some([PathBuf::from(path), PathBuf::from(path)]);
    }
    let (from, to) = value.split_once(',')?;
    let path = |descriptor: &str| {
        Some(PathBuf::from(format!(
            "/proc/self/fd/{}",
            descriptor.parse::<u32>().ok()?
        )))
    };
    Some([path(from)?, path(to)?])
}

/// Waits until there is something to read from one, or until the other is at its end.
fn wait_for(one: &File, other: &PipeReader) -> io::Result<()> {
    /// `struct pollfd`
    #[repr(C)]
    struct Pipe {
        descriptor: RawFd,
        events: c_short,
        happened: c_short,
    }
    /// `POLLIN`
    const READABLE: c_short = 1;
    unsafe extern "C" {
        fn poll(pipes: *mut Pipe, count: c_ulong, milliseconds: c_int) -> c_int;
    }

    let mut pipes = [one.as_raw_fd(), other.as_raw_fd()].map(|descriptor| Pipe {
        descriptor,
        events: READABLE,
        happened: 0,
    });
    // SAFETY: the pointer and the count are those of the array, which lives until the call returns; the structure is that of Linux.
    let count = unsafe { poll(pipes.as_mut_ptr(), 2, -1) };
    let error = io::Error::last_os_error();
    if count < 0 && error.kind() != ErrorKind::Interrupted {
        return Err(error);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_those_of_the_last_option() {
        let path = |text: &str| PathBuf::from(text);
        let own = [path("/proc/self/fd/3"), path("/proc/self/fd/4")];
        assert_eq!(ends("-j --jobserver-fds=8,9 --jobserver-auth=3,4"), Some(own.clone()));
        assert_eq!(ends(" -j8 --jobserver-auth=1,2 --jobserver-auth=3,4 -- A=b"), Some(own));
        assert_eq!(
            ends("-j --jobserver-auth=fifo:/tmp/a"),
            Some([path("/tmp/a"), path("/tmp/a")])
        );
        for none in ["", "-j4", "--jobserver-auth=-2,-2", "--jobserver-auth="] {
            assert_eq!(ends(none), None, "{none}");
        }
    }
}
