//! What is known of the code of the files that records are about, so that the edit of a comment is known for one without a preprocessor.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::code::Code;
use crate::digest::{Digest, Fields};
use crate::sorted::{List as _, Map};
use crate::store::{self, Record, Space, Store};

/// Files with more bytes than this are not looked at: no source that somebody edits is as long.
const LARGEST: u64 = 1 << 20;

/// Stands for a file of which nothing is known.
const NOTHING: &str = "-";

/// The code of files, each read once.
#[derive(Default)]
pub(crate) struct Codes {
    known: Mutex<Map<Digest, Option<Code>>>,
}

impl Codes {
    /// The code of a file whose bytes have this digest; `None` where it is not sure what of it is code, and where the file has other bytes
    /// by now.
    pub(super) fn of(&self, file: &Path, digest: &Digest) -> Option<Code> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = known().get(digest) {
            return *code;
        }
        let bytes = fs::metadata(file)
            .is_ok_and(|metadata| metadata.len() <= LARGEST)
            .then(|| fs::read(file).ok())
            .flatten()
            .filter(|bytes| Digest::of(bytes) == *digest)?;
        let code = Code::of(&bytes);
        known().insert(*digest, code);
        code
    }

    /// Keeps beside a record what its files hold, those that are the user's.
    pub(super) fn keep(&self, store: &dyn Store, record: &Record, is_users: impl Fn(&Path) -> bool) {
        let mut text = String::new();
        for (file, digest) in &record.files {
            let code = is_users(file).then(|| self.of(file, digest)).flatten();
            let _ = match code {
                Some(Code { placed, bare }) => writeln!(text, "{placed} {bare}"),
                None => writeln!(text, "{NOTHING}"),
            };
        }
        let _ = store.put(Space::Derived, &key(record), &store::sealed(text.as_bytes()));
    }
}

/// What the files of a record held, in their order; `None` where it was not kept.
pub(super) fn of_record(store: &dyn Store, record: &Record) -> Option<Vec<Option<Code>>> {
    let found = store.get(Space::Derived, &key(record), &|bytes| store::unsealed(bytes).is_some())?;
    let text = std::str::from_utf8(store::unsealed(&found.bytes)?).ok()?;
    let codes: Vec<Option<Code>> = text.lines().map(parse).list();
    (codes.len() == record.files.len()).then_some(codes)
}

fn parse(line: &str) -> Option<Code> {
    let (placed, bare) = line.split_once(' ')?;
    Some(Code {
        placed: placed.parse().ok()?,
        bare: bare.parse().ok()?,
    })
}

fn key(record: &Record) -> Digest {
    let mut fields = Fields::new("gate-build code 1");
    fields.add("version", env!("CARGO_PKG_VERSION"));
    fields.add("action", record.action.bytes());
    fields.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::CompilerKind;
    use crate::store::{Bounds, Local};

    #[test]
    fn what_files_held_is_known_after_they_changed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::new(&folder.path().join("store"), Bounds::default());
        let [own, raw, foreign] = ["own.cu", "raw.cuh", "foreign.h"].map(|name| folder.path().join(name));
        fs::write(&own, "int a; // one\n").unwrap();
        fs::write(&raw, "auto a = R\"()\";\n").unwrap();
        fs::write(&foreign, "int b;\n").unwrap();
        let files = [&own, &raw, &foreign].map(|file| (file.clone(), Digest::of(&fs::read(file).unwrap())));
        let record = Record {
            action: Digest::of(b"action"),
            compiler: CompilerKind::Nvrtc,
            files: files.to_vec(),
            variables: Vec::new(),
            others: Vec::new(),
        };
        assert_eq!(of_record(&store, &record), None);
        Codes::default().keep(&store, &record, |file| file != foreign);
        fs::write(&own, "int a; // two\n").unwrap();
        let codes = of_record(&store, &record).unwrap();
        assert_eq!(codes[1..], [None, None]);
        let now = Codes::default().of(&own, &Digest::of(b"int a; // two\n"));
        assert_eq!(codes[0], now);
        assert!(now.is_some());
        // A file that has other bytes than it is said to have is not taken for those.
        assert_eq!(Codes::default().of(&own, &record.files[0].1), None);
    }
}
