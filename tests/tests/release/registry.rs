//! A registry on this machine: the sparse protocol and the upload of packages
//! (<https://doc.rust-lang.org/cargo/reference/registry-web-api.html>), which can fail in the two ways that matter.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use gate_base::digest::sha256_hex;
use serde_json::{Value, json};

/// How the next upload of a package fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing is stored, and the client is told.
    Refused,
    /// The package is stored, and the client hears nothing: as if it was killed then.
    Unanswered,
    /// Other bytes are stored than were sent.
    Corrupted,
}

#[derive(Debug, Default)]
struct State {
    /// Lines of the index by package.
    index: BTreeMap<String, String>,
    /// Uploads that arrived, in order.
    uploads: Vec<String>,
    /// Packages that were stored, in order.
    stored: Vec<String>,
    /// Archives by `package/version`.
    archives: BTreeMap<String, Vec<u8>>,
    failing: BTreeMap<String, Failure>,
}

/// A registry that is served until the tests end.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Registry {
    pub(crate) fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let registry = Self {
            address,
            state: Arc::default(),
        };
        let served = registry.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                served.answer(stream);
            }
        });
        registry
    }

    /// As cargo's configuration names the index.
    pub(crate) fn index(&self) -> String {
        format!("sparse+{}/", self.address)
    }

    /// Makes the next upload of a package fail.
    pub(crate) fn fail(&self, package: &str, failure: Failure) {
        self.state
            .lock()
            .expect("a state")
            .failing
            .insert(package.to_owned(), failure);
    }

    /// Packages whose uploads arrived, in order.
    pub(crate) fn uploads(&self) -> Vec<String> {
        self.state.lock().expect("a state").uploads.clone()
    }

    /// Packages that were stored, in the order in which they were.
    pub(crate) fn stored(&self) -> Vec<String> {
        self.state.lock().expect("a state").stored.clone()
    }

    /// SHA-256 of the package's last version as the index has it.
    pub(crate) fn checksum(&self, package: &str) -> Option<String> {
        let state = self.state.lock().expect("a state");
        let last = state.index.get(package)?.lines().last()?;
        let line: Value = serde_json::from_str(last).expect("JSON");
        line["cksum"].as_str().map(str::to_owned)
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
        let mut head = Vec::new();
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            head.push(std::mem::take(&mut line));
        }
        let Some(request) = head.first() else { return };
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let header = |name: &str| {
            head.iter()
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        };
        if header("expect").is_some() {
            let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let length = header("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let answer = if request.starts_with("PUT ") {
            self.upload(&body).map(|(status, text)| (status, text.into_bytes()))
        } else {
            Some(self.page(&path))
        };
        if let Some((status, bytes)) = answer {
            let length = bytes.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&bytes);
        }
    }

    fn page(&self, path: &str) -> (&'static str, Vec<u8>) {
        if path == "/config.json" {
            let address = &self.address;
            let text = json!({ "dl": format!("{address}/dl"), "api": address }).to_string();
            return ("200 OK", text.into_bytes());
        }
        let state = self.state.lock().expect("a state");
        let download = path
            .strip_prefix("/dl/")
            .and_then(|path| path.strip_suffix("/download"));
        let found = match download {
            Some(archive) => state.archives.get(archive).cloned(),
            None => {
                let name = path.rsplit('/').next().unwrap_or_default();
                state.index.get(name).map(|lines| lines.clone().into_bytes())
            }
        };
        match found {
            Some(bytes) => ("200 OK", bytes),
            None => ("404 Not Found", Vec::new()),
        }
    }

    /// Stores a package; `None` where the client gets no answer.
    fn upload(&self, body: &[u8]) -> Option<(&'static str, String)> {
        let (length, rest) = body.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        let (text, rest) = rest.split_at(length);
        let about: Value = serde_json::from_slice(text).expect("JSON");
        let archive = &rest[4..];
        let name = about["name"].as_str().expect("a name").to_owned();
        let mut state = self.state.lock().expect("a state");
        state.uploads.push(name.clone());
        let failure = state.failing.remove(&name);
        let refused = |detail: &str| {
            let text = json!({ "errors": [{ "detail": detail }] }).to_string();
            Some(("500 Internal Server Error", text))
        };
        if failure == Some(Failure::Refused) {
            return refused("the disk is full");
        }
        let archived = format!("{name}/{}", about["vers"].as_str().expect("a version"));
        if state.archives.contains_key(&archived) {
            return refused("this version is there");
        }
        let dependencies: Vec<Value> = about["deps"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|dependency| {
                let mut dependency = dependency.clone();
                dependency["req"] = dependency["version_req"].take();
                dependency
            })
            .collect();
        let sum = match failure {
            Some(Failure::Corrupted) => "0".repeat(64),
            _ => sha256_hex(archive),
        };
        let line = json!({
            "name": name, "vers": about["vers"], "deps": dependencies, "cksum": sum, "features": {}, "yanked": false,
        });
        state.stored.push(name.clone());
        state.archives.insert(archived, archive.to_vec());
        *state.index.entry(name).or_default() += &format!("{line}\n");
        if failure == Some(Failure::Unanswered) {
            return None;
        }
        let nothing: [String; 0] = [];
        let warnings = json!({ "invalid_categories": nothing, "invalid_badges": nothing, "other": nothing });
        Some(("200 OK", json!({ "warnings": warnings }).to_string()))
    }
}
