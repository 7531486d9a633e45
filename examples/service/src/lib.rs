//! Named counters behind a protocol of lines: `add NAME N` and `get NAME`, each answered by one line.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

/// The counters.
#[derive(Debug, Default)]
pub struct Counters {
    by_name: BTreeMap<String, u64>,
}

impl Counters {
    /// Answers one request. A request that is none, and a sum that has no place, are answered with `error`, and change
    /// nothing.
    pub fn answer(&mut self, request: &str) -> String {
        let words: Vec<&str> = request.split_whitespace().collect();
        match words.as_slice() {
            ["get", name] => self.by_name.get(*name).copied().unwrap_or_default().to_string(),
            ["add", name, number] => match number.parse::<u64>() {
                Ok(number) => self.add(name, number),
                Err(_) => format!("error: `{number}` is no number"),
            },
            _ => "error: write `add NAME N` or `get NAME`".to_owned(),
        }
    }

    fn add(&mut self, name: &str, number: u64) -> String {
        let now = self.by_name.get(name).copied().unwrap_or_default();
        match now.checked_add(number) {
            Some(sum) => {
                self.by_name.insert(name.to_owned(), sum);
                sum.to_string()
            }
            None => format!("error: `{name}` would be too great"),
        }
    }
}

/// Answers the requests of one connection until it ends.
///
/// # Errors
/// The connection breaks.
pub fn serve(stream: &TcpStream, counters: &mut Counters) -> io::Result<()> {
    let mut writer = stream;
    for line in BufReader::new(stream).lines() {
        writeln!(writer, "{}", counters.answer(&line?))?;
    }
    Ok(())
}

/// Serves connections, one after the other, until the listener fails.
///
/// # Errors
/// The listener fails.
pub fn listen(listener: &TcpListener, counters: &mut Counters) -> io::Result<()> {
    for stream in listener.incoming() {
        // A client that goes away is its own affair.
        let _ = serve(&stream?, counters);
    }
    Ok(())
}
