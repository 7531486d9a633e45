//! What one word of code asks of the system, by the tokens around it, so that nothing has to compile.

use serde::{Deserialize, Serialize};

use crate::boundary::tokens::{Class, Tokens};
pub use gate_base::UsedPath;

/// A place that uses a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseSite {
    /// Which path.
    pub path: UsedPath,
    /// What is used, as the code spells it.
    pub what: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters.
    pub column: u32,
}

/// Modules of the standard library, and of libraries that follow it, with the items that do something; of `fs` everything does. Types
/// that only carry data (`net::IpAddr`, `process::ExitCode`) are none of them.
const MODULES: [(&str, UsedPath, &str); 5] = [
    (
        "env",
        UsedPath::Env,
        "current_dir current_exe home_dir remove_var set_current_dir set_var temp_dir var var_os vars vars_os",
    ),
    ("fs", UsedPath::File, ""),
    (
        "net",
        UsedPath::Net,
        "TcpListener TcpSocket TcpStream ToSocketAddrs UdpSocket UnixDatagram UnixListener UnixStream lookup_host",
    ),
    ("process", UsedPath::Process, "Child Command Stdio"),
    ("thread", UsedPath::Thread, "Builder JoinHandle scope spawn"),
];

/// Crates that are there for one path.
const CRATES: [(&str, UsedPath); 22] = [
    ("actix_web", UsedPath::Net),
    ("axum", UsedPath::Net),
    ("duct", UsedPath::Process),
    ("fs_err", UsedPath::File),
    ("hyper", UsedPath::Net),
    ("ignore", UsedPath::File),
    ("isahc", UsedPath::Net),
    ("libc", UsedPath::Ffi),
    ("libloading", UsedPath::Ffi),
    ("memmap2", UsedPath::File),
    ("mio", UsedPath::Net),
    ("notify", UsedPath::File),
    ("quinn", UsedPath::Net),
    ("rayon", UsedPath::Thread),
    ("reqwest", UsedPath::Net),
    ("socket2", UsedPath::Net),
    ("tempfile", UsedPath::File),
    ("tonic", UsedPath::Net),
    ("ureq", UsedPath::Net),
    ("walkdir", UsedPath::File),
    ("windows_sys", UsedPath::Ffi),
    ("xshell", UsedPath::Process),
];

/// What the word at a token uses, if it uses anything.
pub fn used(tokens: &Tokens<'_>, at: usize) -> Option<(UsedPath, String)> {
    let word = tokens.word(at)?;
    if word == "extern" {
        // A declaration, a block or a type of foreign functions; `extern crate` is none.
        let foreign = matches!(tokens.all.get(at + 1)?.class, Class::Literal)
            || tokens.is(at + 1, b'{')
            || tokens.is_word(at + 1, "fn");
        return foreign.then(|| (UsedPath::Ffi, "extern".to_owned()));
    }
    if !is_separator(tokens, at + 1) {
        return None;
    }
    if let Some((_, path)) = CRATES.iter().find(|(name, _)| *name == word) {
        // A module of that name is not the crate.
        let first = at < 2 || !is_separator(tokens, at - 2) || at < 3 || tokens.name(at - 3).is_none();
        return (first && !declares(tokens, word)).then(|| (*path, word.to_owned()));
    }
    let (_, path, items) = MODULES.iter().find(|(name, ..)| *name == word)?;
    let does = |name: &str| items.is_empty() || items.split(' ').any(|item| item == name);
    let found = if tokens.is(at + 3, b'*') {
        Some("*")
    } else if tokens.is(at + 3, b'{') {
        group(tokens, at + 3).into_iter().find(|name| does(name))
    } else {
        tokens.name(at + 3).filter(|name| does(name))
    };
    found.map(|name| (*path, format!("{word}::{name}")))
}

/// Whether the file has a module of that name, which hides the crate.
fn declares(tokens: &Tokens<'_>, name: &str) -> bool {
    (1..tokens.len()).any(|at| tokens.is_word(at - 1, "mod") && tokens.is_word(at, name))
}

/// Whether `::` begins here.
fn is_separator(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.is(at, b':') && tokens.is(at + 1, b':')
}

/// The first names of what a group in a `use` declaration brings.
fn group<'s>(tokens: &Tokens<'s>, open: usize) -> Vec<&'s str> {
    let end = tokens.all[open].mate as usize;
    (open + 1..end.min(tokens.len()))
        .filter(|index| tokens.all[*index].parent as usize == open)
        .filter(|index| tokens.is(index - 1, b'{') || tokens.is(index - 1, b','))
        .filter_map(|index| tokens.name(index))
        .collect()
}
