//! A store over TCP, its load, its final read and its invariant, for tests of drills. What is wrong with it is named on the command
//! line: `serve PORT DIRECTORY [FLAW]`, `load PORTS UNTIL [FLAW]`, `verify PORT [FLAW]`, `dump PORTS`, `verified PORT`, `ready PORT`,
//! `whole DIRECTORY`.
//!
//! A request is a line, `put KEY VALUE SUM`, `all`, `accept COUNT` or `accepted`, and so is an answer.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[expect(clippy::print_stdout, reason = "it plays a foreign program")]
fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", port, directory, flaw @ ..] => serve(port, Path::new(directory), flaw),
        ["load", ports, until, flaw @ ..] => load(ports, Path::new(until), flaw),
        ["verify", port, flaw @ ..] => verify(port, flaw),
        [what @ ("dump" | "verified"), ports] => {
            let request = if *what == "dump" { "all" } else { "accepted" };
            let answers: io::Result<Vec<String>> = ports.split(',').map(|port| ask(port, request)).collect();
            for value in answers?.iter().flat_map(|answer| answer.split_whitespace()) {
                let (key, value) = value.split_once('=').unwrap_or_default();
                println!("{{\"key\": \"{key}\", \"value\": \"{value}\"}}");
            }
            Ok(())
        }
        // It ends with the machine's patience, where nothing ends it before.
        ["linger"] => {
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        ["ready", port] => ask(port, "all").map(drop),
        ["whole", directory] => {
            let marks = Path::new(directory).join("instance-1/broken");
            if marks.exists() {
                Err(io::Error::other("broken"))
            } else {
                Ok(())
            }
        }
        _ => Err(io::Error::other("unknown words")),
    }
}

fn sum(key: &str, value: &str) -> u64 {
    let bytes = key.bytes().chain(value.bytes());
    bytes.fold(7, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte))
}

fn ask(port: &str, request: &str) -> io::Result<String> {
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_millis(400)))?;
    writeln!(stream, "{request}")?;
    let mut answer = String::new();
    if BufReader::new(stream).read_line(&mut answer)? == 0 || !answer.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer.trim_end().to_owned())
}

/// What a server has.
struct Store {
    log: PathBuf,
    flaw: String,
    pairs: Mutex<Vec<(String, String)>>,
    /// How many of them were verified.
    accepted: Mutex<usize>,
    /// Whether a write failed.
    failed: Mutex<bool>,
    began: Instant,
}

impl Store {
    fn flaw(&self, name: &str) -> bool {
        self.flaw == name
    }

    fn append(&self, key: &str, value: &str) -> io::Result<()> {
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        writeln!(log, "{key} {value}")
    }

    fn put(&self, key: &str, value: &str, given: &str) -> io::Result<&'static str> {
        let mut failed = self.failed.lock().expect("no thread panics");
        if *failed && self.flaw("stuck") {
            return Ok("no");
        }
        *failed = true;
        if !self.flaw("no-sum") && given != sum(key, value).to_string() {
            return Ok("bad");
        }
        let mut pairs = self.pairs.lock().expect("no thread panics");
        let count = pairs.len();
        let lost = self.flaw("memory") || (self.flaw("every-ninth") && count % 9 == 8);
        if self.flaw("late") {
            // Written with the next one.
            if let Some((key, value)) = pairs.last() {
                self.append(key, value)?;
            }
        } else if self.flaw("careless") {
            drop(self.append(key, value));
        } else if !lost {
            self.append(key, value)?;
        }
        if self.flaw("twice") && count % 9 == 8 {
            self.append(key, value)?;
        }
        pairs.push((key.to_owned(), value.to_owned()));
        *failed = false;
        Ok("ok")
    }
}

fn serve(port: &str, directory: &Path, flaw: &[&str]) -> io::Result<()> {
    let log = directory.join("log");
    let again = log.exists() || directory.join("began").exists();
    File::create(directory.join("began"))?;
    let flaw = flaw.first().copied().unwrap_or_default().to_owned();
    match flaw.as_str() {
        "never-again" if again => return Err(io::Error::other("the lock file is still there")),
        "forget" if again => fs::write(&log, "")?,
        "broken" if again => fs::write(directory.join("broken"), "")?,
        _ => {}
    }
    let text = fs::read_to_string(&log).unwrap_or_default();
    let mut pairs: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    if again {
        match flaw.as_str() {
            "half" => pairs.truncate(pairs.len() / 2),
            "replayed" => pairs.extend(pairs.clone().into_iter().take(2)),
            "garbage" => pairs.push(("k0".to_owned(), "garbage".to_owned())),
            _ => {}
        }
    }
    if flaw == "child" {
        // It leaves the group, so that only the mark shows it.
        stray()?;
    }
    if flaw == "watchdog" {
        // It gives up where its clock jumps, as it does after a pause.
        std::thread::spawn(|| {
            loop {
                let before = Instant::now();
                std::thread::sleep(Duration::from_millis(20));
                if before.elapsed() > Duration::from_millis(700) {
                    std::process::abort();
                }
            }
        });
    }
    let store = Arc::new(Store {
        log,
        flaw: flaw.clone(),
        pairs: Mutex::new(pairs),
        accepted: Mutex::default(),
        failed: Mutex::default(),
        began: Instant::now(),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse::<u16>().map_err(io::Error::other)?))?;
    for stream in listener.incoming() {
        let (store, slow) = (Arc::clone(&store), flaw == "slow-start" && again);
        // A connection that breaks is the client's matter.
        std::thread::spawn(move || drop(stream.and_then(|stream| answer(&store, &stream, slow))));
    }
    Ok(())
}

#[cfg(unix)]
fn stray() -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command.arg("linger");
    command.process_group(0).spawn().map(drop)
}

#[cfg(not(unix))]
fn stray() -> io::Result<()> {
    Ok(())
}

fn answer(store: &Store, mut stream: &TcpStream, slow: bool) -> io::Result<()> {
    let mut request = String::new();
    let began = Instant::now();
    BufReader::new(stream).read_line(&mut request)?;
    if store.flaw("impatient") && began.elapsed() > Duration::from_millis(700) {
        // As one that gives up where its queue is full.
        std::process::abort();
    }
    if slow && store.began.elapsed() < Duration::from_secs(4) {
        return writeln!(stream, "no");
    }
    let words: Vec<&str> = request.split_whitespace().collect();
    match words.as_slice() {
        ["put", key, value, given] => {
            let answer = store.put(key, value, given)?;
            writeln!(stream, "{answer}")
        }
        ["all"] => {
            let pairs = store.pairs.lock().expect("no thread panics");
            writeln!(stream, "{}", shown(&pairs))
        }
        ["accept", count] => {
            *store.accepted.lock().expect("no thread panics") = count.parse().map_err(io::Error::other)?;
            writeln!(stream, "ok")
        }
        ["accepted"] => {
            let pairs = store.pairs.lock().expect("no thread panics");
            let accepted = *store.accepted.lock().expect("no thread panics");
            let hasty = store.flaw("hasty");
            writeln!(stream, "{}", shown(if hasty { &pairs } else { &pairs[..accepted] }))
        }
        _ => writeln!(stream, "bad"),
    }
}

fn shown(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(" ")
}

/// Accepts what is there, again and again.
fn verify(port: &str, flaw: &[&str]) -> io::Result<()> {
    let mut turn = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(10));
        // Wherever in a turn it was stopped.
        if flaw == ["gives-up"] && turn.elapsed() > Duration::from_millis(700) {
            return Err(io::Error::other("its turn is over"));
        }
        turn = Instant::now();
        // The system may be away.
        if let Ok(all) = ask(port, "all") {
            drop(ask(port, &format!("accept {}", all.split_whitespace().count())));
        }
    }
}

/// Writes to each port in turn and prints what became of it, until the file is there.
#[expect(clippy::print_stdout, reason = "it plays a foreign program")]
fn load(ports: &str, until: &Path, flaw: &[&str]) -> io::Result<()> {
    let ports: Vec<&str> = ports.split(',').collect();
    let flaw = flaw.first().copied().unwrap_or_default();
    let began = Instant::now();
    let now = || began.elapsed().as_millis();
    let mut id = 0;
    while !until.exists() {
        id += 1;
        let port = ports[id % ports.len()];
        let (key, value, start) = (format!("k{}", id % 5), format!("v{id}"), now());
        let answer = ask(port, &format!("put {key} {value} {}", sum(&key, &value)));
        let outcome = match (answer.as_deref(), flaw) {
            (Ok("ok"), _) | (Err(_), "optimist") => "ok",
            (Ok(_), _) => "fail",
            (Err(_), _) => "unknown",
        };
        let op = if flaw == "reads-only" { "read" } else { "write" };
        println!(
            "{{\"id\": {id}, \"op\": \"{op}\", \"key\": \"{key}\", \"value\": \"{value}\", \"start\": {start}, \"end\": {}, \"outcome\": \"{outcome}\"}}",
            now()
        );
        // A loop that asks as fast as it can is another fault.
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
