//! Texts of manifests and actions.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::compiler::CompilerKind;
use crate::digest::{Digest, checksum};

const MANIFEST: &str = "gate-build manifest 1";
const ACTION: &str = "gate-build action 1";

/// In front of the checksum of all lines before it.
const END: &str = "end ";

/// Versions of a unit's inputs that a manifest remembers: enough to go back and forth between branches.
const RECORDS: usize = 12;

/// Stands for the value of a variable that is not set.
const UNSET: &str = "-";

/// A duration in thousandths of a second, as entries keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub u64);

/// What came out of a compilation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Action {
    pub compiler: CompilerKind,
    pub version: String,
    /// Of the installation.
    pub installation: Digest,
    pub digest: Digest,
    pub length: u64,
    pub checksum: u64,
    pub took: Seconds,
    /// Of the preprocessed source.
    pub text: Option<Digest>,
    /// Why it was not the first compiler of the choice.
    pub note: Option<String>,
    pub warnings: Vec<String>,
}

/// What a unit read in one of its compilations.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub action: Digest,
    pub compiler: CompilerKind,
    /// Files with their digests, in order.
    pub files: Vec<(PathBuf, Digest)>,
    /// Variables of the environment that its source asks for, with digests of their values; `None` where one was not set.
    pub variables: Vec<(String, Option<Digest>)>,
    /// Files called like one that was read, in folders that are searched, which were not read themselves.
    pub others: Vec<PathBuf>,
}

/// What a unit read in its latest compilations, the latest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub records: Vec<Record>,
}

impl Manifest {
    /// Puts a record first, in place of one for the same action.
    pub(crate) fn remember(&mut self, record: Record) {
        self.records.retain(|other| other.action != record.action);
        self.records.insert(0, record);
        self.records.truncate(RECORDS);
    }

    /// As text. Paths below `root` are relative to it, so that another checkout finds its own files.
    pub(crate) fn to_text(&self, root: &Path) -> String {
        let mut text = format!("{MANIFEST}\n");
        for record in &self.records {
            let _ = writeln!(text, "record {} {}", record.action, record.compiler);
            for (file, digest) in &record.files {
                if let Some(path) = portable(root, file) {
                    let _ = writeln!(text, "file {digest} {path}");
                }
            }
            for (name, value) in &record.variables {
                let value = value.map_or_else(|| UNSET.to_owned(), |digest| digest.to_string());
                let _ = writeln!(text, "variable {value} {}", escape(name));
            }
            for file in &record.others {
                if let Some(path) = portable(root, file) {
                    let _ = writeln!(text, "other {path}");
                }
            }
        }
        closed(text)
    }

    /// The manifest of this text; `None` when it is not whole.
    pub(crate) fn parse(text: &str, root: &Path) -> Option<Self> {
        let mut manifest = Self::default();
        let mut lines = open(text)?.lines();
        if lines.next() != Some(MANIFEST) {
            return None;
        }
        for line in lines {
            let (kind, rest) = line.split_once(' ')?;
            match kind {
                "record" => {
                    let (action, compiler) = rest.split_once(' ')?;
                    manifest.records.push(Record {
                        action: action.parse().ok()?,
                        compiler: CompilerKind::named(compiler)?,
                        files: Vec::new(),
                        variables: Vec::new(),
                        others: Vec::new(),
                    });
                }
                "file" => {
                    let (digest, path) = rest.split_once(' ')?;
                    let file = (root.join(unescape(path)), digest.parse().ok()?);
                    manifest.records.last_mut()?.files.push(file);
                }
                "variable" => {
                    let (value, name) = rest.split_once(' ')?;
                    let value = if value == UNSET {
                        None
                    } else {
                        Some(value.parse().ok()?)
                    };
                    manifest.records.last_mut()?.variables.push((unescape(name), value));
                }
                "other" => manifest.records.last_mut()?.others.push(root.join(unescape(rest))),
                _ => return None,
            }
        }
        Some(manifest)
    }

    /// Adds the records of a manifest that somebody else has kept, after those of this one.
    pub(crate) fn merge(&mut self, other: Manifest) {
        for record in other.records {
            if !self.records.iter().any(|known| known.action == record.action) {
                self.records.push(record);
            }
        }
    }
}

/// The text with a last line that says that it is whole.
fn closed(mut text: String) -> String {
    let sum = checksum(text.as_bytes());
    let _ = writeln!(text, "{END}{sum:016x}");
    text
}

/// The text without its last line, if it is whole.
fn open(text: &str) -> Option<&str> {
    let body = text.strip_suffix('\n')?;
    let end = body.rfind('\n')? + 1;
    let sum = body[end..].strip_prefix(END)?;
    (sum == format!("{:016x}", checksum(&text.as_bytes()[..end]))).then(|| &text[..end])
}

/// Whether these bytes are a manifest.
pub(super) fn is_manifest(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| Manifest::parse(text, Path::new("")).is_some())
}

/// Whether these bytes are an action.
pub(super) fn is_action(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| Action::parse(text).is_some())
}

/// A path as it stands in a manifest. Only Unicode does.
fn portable(root: &Path, path: &Path) -> Option<String> {
    let path = path.strip_prefix(root).unwrap_or(path).to_str()?;
    Some(escape(path))
}

/// One line of any text.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some(other) => plain.push(other),
                None => {}
            },
            other => plain.push(other),
        }
    }
    plain
}

impl Action {
    /// As text.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{ACTION}\n");
        let _ = writeln!(
            text,
            "compiler {} {} {}",
            self.compiler,
            self.installation,
            escape(&self.version)
        );
        let _ = writeln!(text, "ptx {} {} {}", self.digest, self.length, self.checksum);
        let _ = writeln!(text, "took {}", self.took.0);
        if let Some(digest) = &self.text {
            let _ = writeln!(text, "text {digest}");
        }
        if let Some(note) = &self.note {
            let _ = writeln!(text, "note {}", escape(note));
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "warning {}", escape(warning));
        }
        closed(text)
    }

    /// The action of this text; `None` when it is not whole.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut lines = open(text)?.lines();
        if lines.next() != Some(ACTION) {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let mut compiler = field("compiler")?.splitn(3, ' ');
        let (kind, installation, version) = (compiler.next()?, compiler.next()?, compiler.next()?);
        let mut ptx = field("ptx")?.split(' ');
        let (digest, length, checksum) = (ptx.next()?, ptx.next()?, ptx.next()?);
        let mut action = Self {
            compiler: CompilerKind::named(kind)?,
            version: unescape(version),
            installation: installation.parse().ok()?,
            digest: digest.parse().ok()?,
            length: length.parse().ok()?,
            checksum: checksum.parse().ok()?,
            took: Seconds(field("took")?.parse().ok()?),
            text: None,
            note: None,
            warnings: Vec::new(),
        };
        for line in lines {
            match line.split_once(' ') {
                Some(("text", digest)) => action.text = Some(digest.parse().ok()?),
                Some(("note", note)) => action.note = Some(unescape(note)),
                Some(("warning", warning)) => action.warnings.push(unescape(warning)),
                _ => return None,
            }
        }
        Some(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn action() -> impl Strategy<Value = Action> {
        (
            any::<[u64; 3]>(),
            "[0-9. a\n]{0,8}",
            any::<bool>(),
            "[a\\\\\n\r é]{0,9}",
        )
            .prop_map(|([length, checksum, took], version, text, note)| Action {
                compiler: CompilerKind::Nvcc,
                version,
                installation: Digest::of(b"i"),
                digest: Digest::of(b"d"),
                length,
                checksum,
                took: Seconds(took),
                text: text.then(|| Digest::of(b"t")),
                note: text.then(|| note.clone()),
                warnings: vec![note],
            })
    }

    proptest! {
        #[test]
        fn actions_survive_their_text_and_no_beginning_of_it_does(action in action()) {
            let text = action.to_text();
            prop_assert_eq!(Action::parse(&text), Some(action));
            prop_assert_eq!(Action::parse(&text[..text.len() - 5]), None);
        }

        #[test]
        fn manifests_survive_their_text(names in proptest::collection::vec("[a-z\\\\\n é]{1,6}", 0..5)) {
            let root = Path::new("/w/crate");
            let mut manifest = Manifest::default();
            manifest.remember(Record {
                action: Digest::of(b"a"),
                compiler: CompilerKind::Nvrtc,
                files: names.iter().map(|name| (root.join(name), Digest::of(name.as_bytes()))).collect(),
                variables: names.iter().map(|name| (name.clone(), (name.len() > 2).then(|| Digest::of(b"x")))).collect(),
                others: vec![PathBuf::from("/usr/include/x.h")],
            });
            let text = manifest.to_text(root);
            prop_assert_eq!(Manifest::parse(&text, root), Some(manifest));
            prop_assert_eq!(Manifest::parse(&text[..text.len() - 4], root), None);
        }

        #[test]
        fn any_text_is_answered(text in "[a-z \n0-9]{0,60}") {
            let _ = Action::parse(&closed(format!("{ACTION}\n{text}")));
            let _ = Manifest::parse(&closed(format!("{MANIFEST}\n{text}")), Path::new("/"));
        }

        #[test]
        fn a_changed_byte_is_noticed(action in action(), at in 0_usize..1000, change in 1_u8..) {
            let mut bytes = action.to_text().into_bytes();
            prop_assert!(is_action(&bytes) && !is_manifest(&bytes));
            let at = at % bytes.len();
            bytes[at] ^= change;
            prop_assert!(!is_action(&bytes));
        }
    }
}
