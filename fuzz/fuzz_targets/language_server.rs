//! The language server: no stream panics the framing, and no sequence of messages a session that works on no files.
//!
//! `cargo +nightly fuzz run language_server`
#![no_main]

use gate_lsp::framing::{self, Incoming};
use gate_lsp::session::Session;
use gate_lsp::{gate_toml, kernel, text::Text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut stream = bytes;
    while let Ok(Some(_)) = framing::read(&mut stream) {}

    // Bodies without headers, one a line, so that the fuzzer need not count bytes.
    let mut session = Session::new(None);
    let start = br#"{"id":0,"method":"initialize","params":{"capabilities":{}}}"#;
    for body in std::iter::once(start.as_slice()).chain(bytes.split(|byte| *byte == b'\n')) {
        match framing::message(body) {
            Incoming::Message(message) => drop(session.handle(message)),
            Incoming::Malformed(malformed) => drop(malformed.answer()),
        }
    }

    if let Ok(text) = std::str::from_utf8(bytes) {
        let document = Text::new(text);
        let offset = document.offset(document.position(bytes.len() / 2));
        let _ = gate_toml::hover::at(text, offset);
        let _ = gate_toml::complete::at(&document, offset);
        let _ = gate_toml::problems::diagnostics(&document);
        let _ = kernel::signature::definitions(text);
        let _ = kernel::hints::of_ptx(&document);
    }
});
