//! The load and the final read of a drill of redis-server: `load PORT UNTIL` writes keys and prints what became of each, `dump PORT`
//! prints what is there. `docs/src/guide/drills.md` shows the suite.
#![expect(clippy::print_stdout, reason = "it is the command of a suite")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use gate_drill::history::{Action, Operation, Outcome, Stored};

/// How long an answer may take before nobody knows what became of the operation.
const PATIENCE: Duration = Duration::from_millis(500);

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["load", port, until] => load(port, Path::new(until)),
        ["dump", port] => dump(port),
        _ => Err(io::Error::other("usage: load PORT UNTIL, or dump PORT")),
    }
}

/// A connection that speaks the protocol of Redis.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(port: &str) -> io::Result<Self> {
        let port: u16 = port.parse().map_err(io::Error::other)?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    fn send(&mut self, words: &[&str]) -> io::Result<()> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.0.get_mut().write_all(request.as_bytes())
    }

    /// A line of an answer, without its end.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let line = line.strip_suffix("\r\n");
        line.map(str::to_owned)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// A text, as its length and its bytes.
    fn text(&mut self) -> io::Result<String> {
        let length = self.line()?;
        let length: usize = length.trim_start_matches('$').parse().map_err(io::Error::other)?;
        let mut bytes = vec![0; length + 2];
        self.0.read_exact(&mut bytes)?;
        bytes.truncate(length);
        String::from_utf8(bytes).map_err(io::Error::other)
    }

    /// Several texts.
    fn texts(&mut self) -> io::Result<Vec<String>> {
        let count = self.line()?;
        let count: usize = count.trim_start_matches('*').parse().map_err(io::Error::other)?;
        (0..count).map(|_| self.text()).collect()
    }
}

fn load(port: &str, until: &Path) -> io::Result<()> {
    let began = Instant::now();
    let now = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut client = None;
    for id in 1.. {
        if until.exists() {
            break;
        }
        let (key, value, start) = (format!("key:{id}"), format!("value:{id}"), now());
        let mut set = || -> io::Result<String> {
            let client = match &mut client {
                Some(client) => client,
                empty => empty.insert(Client::connect(port)?),
            };
            client.send(&["SET", &key, &value])?;
            client.line()
        };
        let outcome = match set().as_deref() {
            Ok("+OK") => Outcome::Ok,
            // An error of the server, while it reads its log for one.
            Ok(answer) if answer.starts_with('-') => Outcome::Fail,
            _ => {
                client = None;
                Outcome::Unknown
            }
        };
        let operation = Operation {
            id,
            op: Action::Write,
            key,
            value: Some(value),
            start,
            end: now(),
            outcome,
        };
        println!("{}", serde_json::to_string(&operation)?);
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn dump(port: &str) -> io::Result<()> {
    let mut client = Client::connect(port)?;
    client.send(&["KEYS", "*"])?;
    for key in client.texts()? {
        client.send(&["GET", &key])?;
        let value = client.text()?;
        println!("{}", serde_json::to_string(&Stored { key, value })?);
    }
    Ok(())
}
