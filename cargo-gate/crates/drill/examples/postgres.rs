//! The system, the load and the final read of a drill of PostgreSQL: `serve PORT DIRECTORY [OPTION ...]` makes a database where there is none
//! and becomes the server, `ready PORT` asks it, `load PORT UNTIL` inserts rows and prints what became of each, `dump PORT` prints what is there.
//! `docs/src/guide/drills.md` shows the suite.
#![expect(clippy::print_stdout, reason = "it is the command of a suite")]

use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gate_drill::history::{Action, Operation, Outcome, Stored};

/// How long an answer may take before nobody knows what became of the operation.
const PATIENCE: Duration = Duration::from_millis(500);
const TABLE: &str = "CREATE TABLE IF NOT EXISTS kept (key text PRIMARY KEY, value text NOT NULL)";

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", port, directory, options @ ..] => serve(port, &Path::new(directory).join("data"), options),
        ["load", port, until] => load(port, Path::new(until)),
        ["ready", port] => Client::connect(port)?.rows("SELECT 1").map(drop),
        ["dump", port] => {
            for (key, value) in Client::connect(port)?.rows("SELECT key, value FROM kept")? {
                println!("{}", serde_json::to_string(&Stored { key, value })?);
            }
            Ok(())
        }
        _ => Err(io::Error::other(
            "usage: serve PORT DIRECTORY [OPTION ...], load PORT UNTIL, ready PORT, or dump PORT",
        )),
    }
}

#[cfg(unix)]
fn serve(port: &str, data: &Path, options: &[&str]) -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    // It is the last file that is written.
    if !data.join("complete").exists() {
        let mut command = Command::new("initdb");
        command.args(["--username", "gate", "--auth", "trust", "--no-sync", "--pgdata"]);
        let made = command.arg(data).stdout(Stdio::null()).status()?;
        if !made.success() {
            return Err(io::Error::other("initdb failed"));
        }
        std::fs::write(data.join("complete"), "")?;
    }
    let mut command = Command::new("postgres");
    command
        .arg("-D")
        .arg(data)
        .args(["-p", port, "-h", "127.0.0.1", "-k", ""])
        .args(options);
    Err(command.exec())
}

#[cfg(not(unix))]
fn serve(_: &str, _: &Path, _: &[&str]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// How a statement ended.
enum End {
    Done(Vec<(String, String)>),
    Refused,
}

/// A connection that speaks the protocol of PostgreSQL, version 3.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(port: &str) -> io::Result<Self> {
        let port: u16 = port.parse().map_err(io::Error::other)?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut client = Self(BufReader::new(stream));
        let mut start = 196_608_u32.to_be_bytes().to_vec();
        start.extend(b"user\0gate\0database\0postgres\0\0");
        client.send(None, &start)?;
        match client.end()? {
            End::Done(_) => Ok(client),
            End::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    fn send(&mut self, tag: Option<u8>, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
        let mut message: Vec<u8> = tag.into_iter().collect();
        message.extend(length.to_be_bytes());
        message.extend(body);
        self.0.get_mut().write_all(&message)
    }

    fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.0.read_exact(&mut head)?;
        let [tag, length @ ..] = head;
        let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
        self.0.read_exact(&mut body)?;
        Ok((tag, body))
    }

    /// Reads until the server is ready for the next statement.
    fn end(&mut self) -> io::Result<End> {
        let (mut rows, mut refused) = (Vec::new(), false);
        loop {
            match self.message()? {
                (b'D', body) => rows.push(row(&body).ok_or(io::ErrorKind::InvalidData)?),
                (b'E', _) => refused = true,
                (b'Z', _) if refused => return Ok(End::Refused),
                (b'Z', _) => return Ok(End::Done(rows)),
                _ => {}
            }
        }
    }

    fn query(&mut self, sql: &str) -> io::Result<End> {
        self.send(Some(b'Q'), format!("{sql}\0").as_bytes())?;
        self.end()
    }

    fn rows(&mut self, sql: &str) -> io::Result<Vec<(String, String)>> {
        match self.query(sql)? {
            End::Done(rows) => Ok(rows),
            End::Refused => Err(io::Error::other("the server refused the statement")),
        }
    }
}

/// The first two columns, the second of which may be missing.
fn row(body: &[u8]) -> Option<(String, String)> {
    let (mut columns, mut rest) = (Vec::new(), body.get(2..)?);
    while let Some((length, more)) = rest.split_first_chunk() {
        let (text, more) = more.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        columns.push(String::from_utf8(text.to_vec()).ok()?);
        rest = more;
    }
    let mut columns = columns.into_iter();
    Some((columns.next()?, columns.next().unwrap_or_default()))
}

fn load(port: &str, until: &Path) -> io::Result<()> {
    Client::connect(port)?.rows(TABLE)?;
    let began = Instant::now();
    let now = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut client = None;
    for id in 1.. {
        if until.exists() {
            break;
        }
        let (key, value, start) = (format!("key:{id}"), format!("value:{id}"), now());
        let mut insert = || -> io::Result<End> {
            let client = match &mut client {
                Some(client) => client,
                empty => empty.insert(Client::connect(port)?),
            };
            client.query(&format!("INSERT INTO kept VALUES ('{key}', '{value}')"))
        };
        let outcome = match insert() {
            Ok(End::Done(_)) => Outcome::Ok,
            Ok(End::Refused) => Outcome::Fail,
            Err(_) => {
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
