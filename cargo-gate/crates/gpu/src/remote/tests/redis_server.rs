//! A server of Redis on the loopback interface, as much of it as a store needs.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

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
