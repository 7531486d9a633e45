//! What the last build of this crate left, so that the next one can see by file times, or by the bytes of what was
//! touched, that nothing changed.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::listing::Listings;
use super::report::Entry;
use super::task::value_of;
use crate::built::{Built, BuiltImage, BuiltUnit, Provenance};
use crate::compiler::{CompilerIdentity, CompilerKind};
use crate::digest::{Digest, Fields, checksum};
use crate::disk;
use crate::env::Env;
use crate::index::{Index, Signature};
use crate::sorted::{Map, Set};
use crate::unit::{Language, UnitName};

const HEADER: &str = "gate-build state 5";

/// A file with more bytes than this is not read to see whether it still is what it was: those of compilers are.
const LARGE: u64 = 1 << 18;

/// What a build left.
#[derive(Default)]
pub(crate) struct State {
    pub built: Built,
    /// Of the report, all of them reused when the state is taken.
    pub entries: Vec<Entry>,
    /// For cargo, one each.
    pub directives: Vec<String>,
    /// Every file that decided about the result, and every file that is a part of it.
    pub files: Vec<PathBuf>,
    /// Folders in which a new file may matter.
    pub folders: Vec<PathBuf>,
    /// Folders in which a new file may matter that is called like one that was read.
    pub near: Vec<PathBuf>,
    /// Files that would matter if they were there.
    pub absent: Vec<PathBuf>,
    /// Variables of the environment that sources ask for.
    pub variables: Set<String>,
    /// What files held, as far as it is known.
    pub contents: Map<PathBuf, Content>,
    /// What files were when their bytes were compared with what they held.
    signatures: Map<PathBuf, Signature>,
    /// Whether files have other times than were kept, and the same bytes.
    pub touched: bool,
}

/// What tells whether a file still has the bytes it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Digest(Digest),
    /// Of what a build itself wrote beside the PTX: megabytes, which SHA-256 would take longer for than everything else.
    Sum(u64),
}

/// In front of a sum.
const SUM: &str = "sum-";

impl Content {
    fn is(self, bytes: &[u8]) -> bool {
        match self {
            Self::Digest(digest) => Digest::of(bytes) == digest,
            Self::Sum(sum) => checksum(bytes) == sum,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(SUM) {
            Some(sum) => u64::from_str_radix(sum, 16).ok().map(Self::Sum),
            None => text.parse().ok().map(Self::Digest),
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => digest.fmt(f),
            Self::Sum(sum) => write!(f, "{SUM}{sum:016x}"),
        }
    }
}

/// Keeps the state of a build with this configuration.
///
/// `began` is when the build began: of a file that has changed since nobody knows which of its contents was read, so the next build looks closer.
/// `None` where nothing was read but to compare it.
pub(crate) fn save(
    file: &Path,
    configuration: &Digest,
    state: &State,
    (listings, index): (&Listings, &Index),
    env: &Env,
    began: Option<SystemTime>,
) {
    // Not keeping it only means looking closer the next time.
    if let Some(text) = to_text(configuration, state, (listings, index), env, began) {
        let _ = disk::write_atomically(file, text.as_bytes());
    } else {
        let _ = fs::remove_file(file);
    }
}

/// What a file of this signature held in this build, as text, where the build itself wrote it.
fn written(file: &Path, state: &State, ptx: &Map<&Path, Digest>) -> Option<String> {
    if let Some(digest) = ptx.get(file) {
        return Some(digest.to_string());
    }
    // What a build writes beside the PTX is made from it.
    let is_module = |bindings: &PathBuf| bindings.parent() == file.parent();
    let is_written = state.built.bindings.as_ref().is_some_and(is_module)
        || state.built.library.as_deref() == Some(file)
        || file.extension().is_some_and(|extension| extension == "deflate");
    let bytes = is_written.then(|| fs::read(file).ok())??;
    Some(Content::Sum(checksum(&bytes)).to_string())
}

/// A file as the next build is to find it: its signature and what it held, `-` for what is not known. With neither, the next build looks closer.
fn kept(
    file: &Path,
    state: &State,
    ptx: &Map<&Path, Digest>,
    index: &Index,
    began: Option<SystemTime>,
) -> Option<String> {
    let signature = match state.signatures.get(file) {
        Some(signature) => signature.clone(),
        None => Signature::of(file)?,
    };
    let content = match state.contents.get(file) {
        Some(content) => Some(content.to_string()),
        None => written(file, state, ptx),
    };
    if content.is_none() && began.is_some_and(|began| signature.changed() >= began) {
        return Some("- -".to_owned());
    }
    // A file that has just changed is looked at again the next time.
    let known = if signature.is_racy() { "-" } else { signature.as_str() }.to_owned();
    let content = content.or_else(|| {
        let is_read = began.is_some() && signature.length() <= LARGE;
        is_read.then(|| index.digest_of(file, &signature)).flatten()
    });
    Some(format!("{known} {}", content.as_deref().unwrap_or("-")))
}

fn to_text(
    configuration: &Digest,
    state: &State,
    (listings, index): (&Listings, &Index),
    env: &Env,
    began: Option<SystemTime>,
) -> Option<String> {
    let mut text = format!("{HEADER}\nconfiguration {configuration}\n");
    let mut numbers = Map::new();
    let images = state.built.units.iter().flat_map(|unit| &unit.images);
    let ptx = images.map(|image| (image.ptx.as_path(), image.digest)).collect();
    let mut line = |kind: &str, words: &str, path: &str| {
        // A line end in a name is no name this file could keep.
        (!path.contains(['\n', '\r'])).then(|| {
            let _ = writeln!(text, "{kind} {words} {path}");
        })
    };
    for (number, file) in state.files.iter().enumerate() {
        line("file", &kept(file, state, &ptx, index, began)?, file.to_str()?)?;
        numbers.insert(file.as_path(), number);
    }
    for folder in &state.folders {
        line("folder", &names_of(folder, listings).to_string(), folder.to_str()?)?;
    }
    for folder in &state.near {
        line(
            "near",
            &shadows_of(folder, &state.files, listings).to_string(),
            folder.to_str()?,
        )?;
    }
    for file in &state.absent {
        line("absent", "-", file.to_str()?)?;
    }
    for name in &state.variables {
        line("variable", &shown(env, name), name)?;
    }
    for directive in &state.directives {
        line("directive", "-", directive)?;
    }
    if let Some(path) = &state.built.bindings {
        line("bindings", "-", path.to_str()?)?;
    }
    if let Some(path) = &state.built.library {
        line("library", "-", path.to_str()?)?;
    }
    if let Some(why) = &state.built.unavailable {
        line("unavailable", "-", &why.replace(['\n', '\r'], " "))?;
    }
    for unit in &state.built.units {
        let language = match unit.language {
            Language::Cuda => "cuda",
            Language::Rust => "rust",
        };
        line("unit", language, unit.name.as_str())?;
        for image in &unit.images {
            let provenance = match image.provenance {
                Provenance::Built => "built",
                Provenance::Locked => "locked",
            };
            let words = format!("{} {} {provenance}", image.arch, image.digest);
            line("image", &words, image.ptx.to_str()?)?;
            if let Some(compiler) = &image.compiler {
                line(
                    "compiler",
                    &format!("{} {}", compiler.kind, compiler.digest),
                    &compiler.version,
                )?;
            }
            for flag in &image.flags {
                line("flag", "-", flag)?;
            }
            let read: Option<Vec<String>> = image
                .dependencies
                .iter()
                .map(|file| numbers.get(file.as_path()).map(usize::to_string))
                .collect();
            line("read", "-", &read?.join(" "))?;
        }
    }
    for entry in &state.entries {
        let words = format!("{} {} {}", entry.arch, entry.digest, entry.milliseconds);
        line("entry", &words, &entry.unit)?;
        line("by", "-", &entry.compiler)?;
        if let Some(note) = &entry.note {
            line("note", "-", &note.replace(['\n', '\r'], " "))?;
        }
    }
    text.push_str("end\n");
    Some(text)
}

/// A digest of the names below a folder.
fn names_of(folder: &Path, listings: &Listings) -> Digest {
    let mut fields = Fields::new("folder");
    for file in listings.of(folder).files() {
        fields.add("file", file.as_os_str().as_encoded_bytes());
    }
    fields.finish()
}

/// The value of a variable as it is kept.
fn shown(env: &Env, name: &str) -> String {
    value_of(env, name).map_or_else(|| "-".to_owned(), |digest| digest.to_string())
}

/// A digest of what would be read from a folder instead of one of these files.
fn shadows_of(folder: &Path, files: &[PathBuf], listings: &Listings) -> Digest {
    let mut fields = Fields::new("shadows");
    for file in listings.shadows(folder, files) {
        fields.add("file", file.as_os_str().as_encoded_bytes());
    }
    fields.finish()
}

/// Digests of the PTX that the last build left, of those files that have not changed since, as far as their times say.
pub(crate) fn intact(file: &Path) -> Map<PathBuf, Digest> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut signatures: Map<&str, &str> = Map::new();
    let mut intact = Map::new();
    // Files stand before the images made of some of them.
    for line in text.lines() {
        let Some((kind, rest)) = line.split_once(' ') else {
            continue;
        };
        if kind == "file" {
            let mut words = rest.splitn(3, ' ');
            if let (Some(signature), _, Some(path)) = (words.next(), words.next(), words.next()) {
                signatures.insert(path, signature);
            }
        } else if kind == "image" {
            let mut words = rest.splitn(4, ' ');
            // That of a lock may have other line ends than its digest is of.
            if let (_, Some(digest), Some("built"), Some(path)) =
                (words.next(), words.next(), words.next(), words.next())
                && let (Ok(digest), Some(kept)) = (digest.parse(), signatures.get(path))
                && Signature::of(Path::new(path)).is_some_and(|now| now.as_str() == *kept)
            {
                intact.insert(PathBuf::from(path), digest);
            }
        }
    }
    intact
}

/// The state of the last build, if it had this configuration and nothing it depends on has changed since.
pub(crate) fn load(file: &Path, configuration: &Digest, listings: &Listings, env: &Env) -> Option<State> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) || lines.next()?.strip_prefix("configuration ")? != configuration.to_string() {
        return None;
    }
    let mut state = State::default();
    let mut touched: Vec<(PathBuf, Content)> = Vec::new();
    for line in lines {
        if line == "end" {
            // The smallest first: a source that has changed spares reading what is made from it.
            touched.sort_by_cached_key(|(path, _)| fs::metadata(path).map_or(0, |metadata| metadata.len()));
            let same = |(path, content): &(PathBuf, Content)| fs::read(path).is_ok_and(|bytes| content.is(&bytes));
            state.touched = !touched.is_empty();
            return touched.iter().all(same).then_some(state);
        }
        let (kind, rest) = line.split_once(' ')?;
        let words = match kind {
            "image" | "entry" => 4,
            "compiler" | "file" => 3,
            _ => 2,
        };
        let mut words = rest.splitn(words, ' ');
        let first = words.next()?;
        match kind {
            "file" => {
                let (content, path) = (Content::parse(words.next()?), PathBuf::from(words.next()?));
                let signature = Signature::of(&path)?;
                if signature.as_str() != first {
                    // Touched, or so young then that its times say nothing.
                    touched.push((path.clone(), content?));
                }
                state.signatures.insert(path.clone(), signature);
                state.contents.extend(content.map(|content| (path.clone(), content)));
                state.files.push(path);
            }
            "folder" => {
                let path = PathBuf::from(words.next()?);
                if names_of(&path, listings).to_string() != first {
                    return None;
                }
                state.folders.push(path);
            }
            // After the files.
            "near" => {
                let path = PathBuf::from(words.next()?);
                if shadows_of(&path, &state.files, listings).to_string() != first {
                    return None;
                }
                state.near.push(path);
            }
            "absent" => {
                let path = PathBuf::from(words.next()?);
                if path.is_file() {
                    return None;
                }
                state.absent.push(path);
            }
            "variable" => {
                let name = words.next()?;
                if shown(env, name) != first {
                    return None;
                }
                state.variables.insert(name.to_owned());
            }
            "directive" => state.directives.push(words.next()?.to_owned()),
            "bindings" => state.built.bindings = Some(words.next()?.into()),
            "library" => state.built.library = Some(words.next()?.into()),
            "unavailable" => state.built.unavailable = Some(words.next()?.to_owned()),
            "unit" => state.built.units.push(BuiltUnit {
                name: UnitName::from(words.next()?),
                language: match first {
                    "cuda" => Language::Cuda,
                    "rust" => Language::Rust,
                    _ => return None,
                },
                images: Vec::new(),
            }),
            "image" => {
                let (digest, provenance, ptx) = (words.next()?, words.next()?, words.next()?);
                state.built.units.last_mut()?.images.push(BuiltImage {
                    arch: first.parse().ok()?,
                    ptx: ptx.into(),
                    digest: digest.parse().ok()?,
                    provenance: match provenance {
                        "built" => Provenance::Built,
                        "locked" => Provenance::Locked,
                        _ => return None,
                    },
                    compiler: None,
                    flags: Vec::new(),
                    dependencies: Vec::new(),
                });
            }
            "compiler" => {
                let (digest, version) = (words.next()?, words.next()?);
                image(&mut state)?.compiler = Some(CompilerIdentity {
                    kind: CompilerKind::named(first)?,
                    version: version.to_owned(),
                    digest: digest.parse().ok()?,
                });
            }
            "flag" => image(&mut state)?.flags.push(words.next()?.to_owned()),
            "read" => {
                let files: Option<Vec<PathBuf>> = words
                    .next()?
                    .split_whitespace()
                    .map(|number| state.files.get(number.parse::<usize>().ok()?).cloned())
                    .collect();
                image(&mut state)?.dependencies = files?;
            }
            "entry" => {
                let (digest, milliseconds, unit) = (words.next()?, words.next()?, words.next()?);
                state.entries.push(Entry {
                    unit: unit.to_owned(),
                    arch: first.to_owned(),
                    compiler: String::new(),
                    digest: digest.to_owned(),
                    reason: "unchanged",
                    files: Vec::new(),
                    compiled: false,
                    milliseconds: milliseconds.parse().ok()?,
                    note: None,
                });
            }
            "by" => words.next()?.clone_into(&mut state.entries.last_mut()?.compiler),
            "note" => state.entries.last_mut()?.note = Some(words.next()?.to_owned()),
            _ => return None,
        }
    }
    // Without its end, the file is not whole.
    None
}

fn image(state: &mut State) -> Option<&mut BuiltImage> {
    state.built.units.last_mut()?.images.last_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ptx_is_intact_that_a_compiler_wrote_and_nobody_touched() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"ptx");
        let mut text = format!("{HEADER}\nconfiguration {digest}\n");
        let mut images = String::new();
        for (name, signature, provenance) in [
            ("in tact.ptx", None, "built"),
            ("young.ptx", Some("-"), "built"),
            ("edited.ptx", Some("3.1.1"), "built"),
            ("locked.ptx", None, "locked"),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, "ptx").unwrap();
            let now = Signature::of(&path).unwrap();
            let path = path.to_str().unwrap();
            let _ = writeln!(text, "file {} {digest} {path}", signature.unwrap_or(now.as_str()));
            let _ = writeln!(images, "image sm_80 {digest} {provenance} {path}");
        }
        let file = folder.path().join("state");
        fs::write(&file, text + &images).unwrap();
        assert_eq!(intact(&file), Map::from([(folder.path().join("in tact.ptx"), digest)]));
        assert!(intact(folder.path()).is_empty());
    }

    #[test]
    fn contents_survive_their_text_and_tell_bytes_apart() {
        for content in [Content::Digest(Digest::of(b"one")), Content::Sum(checksum(b"one"))] {
            assert_eq!(Content::parse(&content.to_string()), Some(content));
            assert!(content.is(b"one") && !content.is(b"two"));
        }
        for text in ["-", "sum-", "sum-x", "ab"] {
            assert_eq!(Content::parse(text), None, "{text}");
        }
    }
}
