//! Servers on the loopback interface, as much of them as a store needs.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that answers GET and PUT, each on a thread. It ends with the test.
pub(super) struct Http {
    pub(super) address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<String, Vec<u8>>,
    /// Method, path and query of every request.
    requests: Vec<(String, String, String)>,
    /// Header that has to be there, name in lower case.
    expected: Option<String>,
    status: Option<u16>,
    cuts: bool,
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

    pub(super) fn set(&self, path: &str, bytes: Vec<u8>) {
        self.state.lock().unwrap().entries.insert(path.to_owned(), bytes);
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.state.lock().unwrap().entries.contains_key(path)
    }

    pub(super) fn count(&self, method: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.requests.iter().filter(|(asked, _, _)| asked == method).count()
    }

    pub(super) fn queries(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.requests.iter().map(|(_, _, query)| query.clone()).collect()
    }

    pub(super) fn expect(&self, header: &str) {
        self.state.lock().unwrap().expected = Some(header.to_owned());
    }

    pub(super) fn fail(&self, status: u16) {
        self.state.lock().unwrap().status = Some(status);
    }

    pub(super) fn cut(&self) {
        self.state.lock().unwrap().cuts = true;
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

/// A Redis server of one database.
pub(super) struct Redis {
    pub(super) address: String,
    state: Arc<Mutex<Database>>,
}

#[derive(Default)]
struct Database {
    entries: BTreeMap<String, Vec<u8>>,
    commands: Vec<String>,
    password: Option<String>,
}

impl Redis {
    pub(super) fn start(password: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(Database {
            password: password.map(str::to_owned),
            ..Database::default()
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || answer(stream, &state));
            }
        });
        Self { address, state }
    }

    pub(super) fn commands(&self) -> Vec<String> {
        self.state.lock().unwrap().commands.clone()
    }
}

fn answer(stream: TcpStream, state: &Mutex<Database>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    let mut authorised = state.lock().unwrap().password.is_none();
    while let Some(words) = command(&mut reader) {
        let text = |at: usize| String::from_utf8_lossy(words.get(at).map_or(&[][..], Vec::as_slice)).into_owned();
        let name = text(0).to_ascii_uppercase();
        let mut state = state.lock().unwrap();
        state.commands.push(format!("{name} {}", text(1)));
        let reply: Vec<u8> = match name.as_str() {
            "AUTH" => {
                authorised = Some(text(words.len() - 1)) == state.password;
                if authorised {
                    b"+OK\r\n".to_vec()
                } else {
                    b"-WRONGPASS invalid password\r\n".to_vec()
                }
            }
            "CLIENT" | "SELECT" | "PING" => b"+OK\r\n".to_vec(),
            _ if !authorised => b"-NOAUTH Authentication required.\r\n".to_vec(),
            "SET" => {
                state.entries.insert(text(1), words[2].clone());
                b"+OK\r\n".to_vec()
            }
            "GETRANGE" => {
                let bytes = state.entries.get(&text(1)).cloned().unwrap_or_default();
                let mut reply = format!("${}\r\n", bytes.len()).into_bytes();
                reply.extend(bytes);
                reply.extend(b"\r\n");
                reply
            }
            _ => b"-ERR unknown command\r\n".to_vec(),
        };
        drop(state);
        if writer.write_all(&reply).is_err() {
            return;
        }
    }
}

/// One command as RESP has it: an array of strings.
fn command(reader: &mut BufReader<TcpStream>) -> Option<Vec<Vec<u8>>> {
    fn number(reader: &mut BufReader<TcpStream>, kind: char) -> Option<usize> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        line.trim_end().strip_prefix(kind)?.parse().ok()
    }
    let count = number(reader, '*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let length = number(reader, '$')?;
        let mut word = vec![0; length + 2];
        reader.read_exact(&mut word).ok()?;
        word.truncate(length);
        words.push(word);
    }
    Some(words)
}
