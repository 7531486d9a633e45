//! Cargo's jobserver on Linux: tokens as bytes of a pipe, by GNU make's protocol. Who reads one may run one thread, and writes it back.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sorted::List as _;

/// A thread that waits for a token looks this often: the standard library cannot wait for a pipe and for the end of all work at once.
const LOOK: Duration = Duration::from_millis(10);

/// `O_NONBLOCK`
const WITHOUT_WAITING: i32 = 0o4000;

/// The pipe.
pub(super) struct Tokens {
    from: File,
    to: File,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Tokens that were asked for and have not come.
    requested: usize,
    /// Whether one of the threads that wait looks for them.
    watched: bool,
    over: bool,
}

/// One, which goes back when this does.
pub(super) struct Token<'a>(&'a Tokens, u8);

impl Drop for Token<'_> {
    fn drop(&mut self) {
        // As many bytes fit into the pipe as were in it.
        let _ = (&self.0.to).write_all(&[self.1]);
    }
}

impl Tokens {
    /// Those of the jobserver that these flags of make name.
    pub(super) fn of_process(flags: &str) -> Option<Self> {
        let [from, to] = ends(flags)?;
        // Opened again, so that reading without waiting is not a setting of everybody's pipe.
        let from = OpenOptions::new().read(true).custom_flags(WITHOUT_WAITING).open(from);
        let (from, to) = (from.ok()?, OpenOptions::new().write(true).open(to).ok()?);
        let is_pipe = |file: &File| file.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo());
        (is_pipe(&from) && is_pipe(&to)).then(|| Self {
            from,
            to,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for one more.
    pub(super) fn request(&self) {
        self.lock().requested += 1;
        self.changed.notify_all();
    }

    /// Waits for the next; `None` after the end.
    pub(super) fn next(&self) -> Option<Token<'_>> {
        let mut state = self.lock();
        while !state.over {
            if state.requested == 0 || state.watched {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let mut token = [0];
            if let Ok(1) = (&self.from).read(&mut token) {
                state.requested -= 1;
                drop(state);
                self.changed.notify_all();
                return Some(Token(self, token[0]));
            }
            state.watched = true;
            let waited = self.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.watched = false;
        }
        None
    }

    /// No more are wanted.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }
}

/// Where tokens are read and written.
fn ends(flags: &str) -> Option<[PathBuf; 2]> {
    let mut options = ["--jobserver-auth=", "--jobserver-fds="].into_iter();
    let value = options.seek_map(|option| Some(flags.rsplit_once(option)?.1))?;
    let value = value.split_ascii_whitespace().next()?;
    if let Some(path) = value.strip_prefix("fifo:") {
        return Some([PathBuf::from(path), PathBuf::from(path)]);
    }
    let (from, to) = value.split_once(',')?;
    let path = |descriptor: &str| {
        let descriptor: u32 = descriptor.parse().ok()?;
        Some(PathBuf::from(format!("/proc/self/fd/{descriptor}")))
    };
    Some([path(from)?, path(to)?])
}

#[cfg(test)]
mod tests {
    use std::io::pipe;
    use std::os::fd::AsRawFd;
    use std::thread;

    use super::*;

    #[test]
    fn the_ends_are_those_of_the_last_option() {
        let path = |text: &str| PathBuf::from(text);
        let own = [path("/proc/self/fd/3"), path("/proc/self/fd/4")];
        assert_eq!(ends("-j --jobserver-fds=3,4 --jobserver-auth=3,4"), Some(own.clone()));
        assert_eq!(ends("-j --jobserver-fds=3,4"), Some(own));
        assert_eq!(
            ends("-j4 --jobserver-auth=1,2 --jobserver-auth=fifo:/tmp/jobs"),
            Some([path("/tmp/jobs"), path("/tmp/jobs")])
        );
        assert_eq!(ends("-j4"), None);
        assert_eq!(ends("--jobserver-auth=-2,-2"), None);
    }

    #[test]
    fn a_token_goes_back_and_the_end_wakes_who_waits() {
        let (reader, mut writer) = pipe().unwrap();
        writer.write_all(b"a").unwrap();
        let flags = format!("-j --jobserver-auth={},{}", reader.as_raw_fd(), writer.as_raw_fd());
        let tokens = Tokens::of_process(&flags).unwrap();
        tokens.request();
        tokens.request();
        let one = tokens.next().unwrap();
        assert_eq!(one.1, b'a');
        thread::scope(|scope| {
            let waits = scope.spawn(|| tokens.next().map(|token| token.1));
            thread::sleep(LOOK * 3);
            assert!(!waits.is_finished());
            drop(one);
            assert_eq!(waits.join().unwrap(), Some(b'a'));
            tokens.request();
            // Nobody asked for a second of these two.
            let [first, second] = [(); 2].map(|()| scope.spawn(|| tokens.next().is_some()));
            thread::sleep(LOOK * 3);
            tokens.end();
            let came = [first, second].map(|thread| usize::from(thread.join().unwrap()));
            assert_eq!(came.iter().sum::<usize>(), 1);
        });
        assert!(tokens.next().is_none());
    }

    #[test]
    fn what_is_no_pipe_is_no_jobserver() {
        let file = tempfile::tempfile().unwrap();
        let number = file.as_raw_fd();
        assert!(Tokens::of_process(&format!("--jobserver-auth={number},{number}")).is_none());
    }
}
