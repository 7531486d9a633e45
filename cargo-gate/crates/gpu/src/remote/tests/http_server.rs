//! A server of HTTP on the loopback interface, as much of it as a store needs.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A server that answers GET and PUT, each on a thread. It ends with the test.
pub(super) struct Http {
    pub(super) address: String,
    state: Arc<Mutex<State>>,
}

/// What a server holds and how it answers.
#[derive(Default)]
pub(super) struct State {
    /// Bytes by path.
    pub(super) entries: BTreeMap<String, Vec<u8>>,
    /// Method, path and query of every request.
    pub(super) requests: Vec<(String, String, String)>,
    /// Header that has to be there, name in lower case.
    expected: Option<String>,
    /// The status of every answer.
    pub(super) status: Option<u16>,
    /// Whether answers end in their middle.
    pub(super) cuts: bool,
}

impl Http {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let weak = Arc::downgrade(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The test is over: the port is closed, too.
                let Some(state) = weak.upgrade() else { return };
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state }
    }

    /// What it holds and how it answers: to look at, and to change.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests had this method.
    pub(super) fn count(&self, method: &str) -> usize {
        self.state()
            .requests
            .iter()
            .filter(|(asked, _, _)| asked == method)
            .count()
    }

    /// From now on requests need this header.
    pub(super) fn expect(&self, header: &str) {
        self.state().expected = Some(header.to_owned());
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.state = Arc::default();
        // Wakes the listener, which sees that nobody is there.
        let _ = TcpStream::connect(&self.address);
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut words = line.split_whitespace();
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return;
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (mut length, mut authorised) = (0, false);
        let expected = state.lock().unwrap().expected.clone();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 {
                return;
            }
            let header = header.trim_end();
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(": ").unwrap_or((header, ""));
            let name = name.to_ascii_lowercase();
            if name == "content-length" {
                length = value.parse().unwrap();
            }
            authorised |= expected.as_deref() == Some(&format!("{name}: {value}"));
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut state = state.lock().unwrap();
        state
            .requests
            .push((method.to_owned(), path.to_owned(), query.to_owned()));
        let (status, body) = match (state.status, method) {
            (Some(status), _) => (status, Vec::new()),
            _ if expected.is_some() && !authorised => (401, Vec::new()),
            (_, "PUT") => {
                state.entries.insert(path.to_owned(), body);
                (201, Vec::new())
            }
            _ => state
                .entries
                .get(path)
                .map_or((404, Vec::new()), |bytes| (200, bytes.clone())),
        };
        let cuts = state.cuts;
        drop(state);
        let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n\r\n", body.len());
        let sent = if cuts { body.len() / 2 } else { body.len() };
        if writer.write_all(head.as_bytes()).is_err() || writer.write_all(&body[..sent]).is_err() || cuts {
            return;
        }
    }
}
