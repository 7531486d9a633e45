//! What is known about files that have not changed since: a stat instead of a read.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::digest::{Digest, Fields};
use crate::disk;
use crate::sorted::Map;

/// First line of the file; another format has another one.
const HEADER: &str = "gate-build index 1";

/// Entries beyond this are dropped, those least useful to others first.
const MOST: usize = 50_000;

/// A file changed this recently may change again without its times saying so (the rule of git's index).
const RACY: Duration = Duration::from_secs(2);

/// What a file system says about a file. Equal signatures of a path mean equal contents, unless `racy`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    text: String,
    changed: SystemTime,
    length: u64,
}

impl Signature {
    /// The signature of a file, links followed; `None` when it is missing or no regular file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        if !metadata.is_file() {
            return None;
        }
        let modified = metadata.modified().ok()?;
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut text = format!("{}.{}", metadata.len(), since.as_nanos());
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt;
            let (seconds, nanos) = (metadata.ctime(), metadata.ctime_nsec());
            let _ = write!(text, ".{seconds}.{nanos}.{}.{}", metadata.dev(), metadata.ino());
            let since = Duration::new(seconds.try_into().unwrap_or(0), nanos.try_into().unwrap_or(0));
            modified.max(UNIX_EPOCH + since)
        };
        #[cfg(not(unix))]
        let changed = {
            let created = metadata.created().ok();
            if let Some(since) = created.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
                let _ = write!(text, ".{}", since.as_nanos());
            }
            modified
        };
        Some(Self {
            text,
            changed,
            length: metadata.len(),
        })
    }

    /// Whether the file was changed so recently that its signature cannot be trusted later.
    pub(crate) fn is_racy(&self) -> bool {
        SystemTime::now()
            .duration_since(self.changed)
            .map_or(true, |age| age < RACY)
    }

    /// When the file was last changed, as far as the file system says.
    pub(crate) fn changed(&self) -> SystemTime {
        self.changed
    }

    /// Bytes of the file.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// As text without white space.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// Facts about files by kind and path, each with the signature of the file it was taken from.
pub(crate) struct Index {
    file: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Signature and value.
    entries: Map<(String, String), (String, String)>,
    /// Facts of this process, racy ones among them.
    fresh: Map<(String, String), (Signature, String)>,
    loaded: bool,
    changed: bool,
}

impl Inner {
    fn load(&mut self, file: &Path) {
        if !self.loaded {
            self.loaded = true;
            self.entries = read(file);
        }
    }
}

impl Index {
    /// The index kept in `file`, which is read at the first question.
    pub(crate) fn new(file: PathBuf) -> Self {
        Self {
            file,
            inner: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fact of this kind about a file: known from before, or found out now. `None` when the file is missing or
    /// `compute` finds nothing.
    pub(crate) fn fact(&self, kind: &str, path: &Path, compute: impl FnOnce() -> Option<String>) -> Option<String> {
        self.fact_of(kind, path, Signature::of(path)?, compute)
    }

    fn fact_of(
        &self,
        kind: &str,
        path: &Path,
        signature: Signature,
        compute: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        let key = (kind.to_owned(), path.to_str()?.to_owned());
        let known = self.known(&key, &signature);
        known.or_else(|| Some(self.learnt(key, path, signature, compute()?)))
    }

    /// What is known of the file as it is.
    fn known(&self, key: &(String, String), signature: &Signature) -> Option<String> {
        let mut inner = self.lock();
        inner.load(&self.file);
        if let Some((known, value)) = inner.fresh.get(key)
            && known == signature
        {
            return Some(value.clone());
        }
        let (known, value) = inner.entries.get(key)?;
        (known == signature.as_str()).then(|| value.clone())
    }

    /// Keeps what was found out, and returns it.
    fn learnt(&self, key: (String, String), path: &Path, signature: Signature, value: String) -> String {
        // The file may have changed while it was read.
        if Signature::of(path).as_ref() == Some(&signature) {
            let mut inner = self.lock();
            let plain = |text: &str| !text.contains(['\n', '\t', '\r']);
            if !signature.is_racy() && plain(&key.1) && plain(&value) {
                inner
                    .entries
                    .insert(key.clone(), (signature.as_str().to_owned(), value.clone()));
                inner.changed = true;
            }
            inner.fresh.insert(key, (signature, value.clone()));
        }
        value
    }

    /// Whether the file is as old as what is known of its bytes: it has not changed, as far as its times say.
    pub(crate) fn knows(&self, path: &Path) -> bool {
        let (Some(signature), Some(name)) = (Signature::of(path), path.to_str()) else {
            return false;
        };
        let mut inner = self.lock();
        inner.load(&self.file);
        let known = inner.entries.get(&("sha256".to_owned(), name.to_owned()));
        known.is_some_and(|(known, _)| known == signature.as_str())
    }

    /// SHA-256 of the whole file.
    pub(crate) fn digest(&self, path: &Path) -> Option<Digest> {
        self.whole(path, Signature::of(path)?)?.parse().ok()
    }

    /// SHA-256 of the whole file in hexadecimal digits; `None` when it has not this signature any more.
    pub(crate) fn digest_of(&self, path: &Path, signature: &Signature) -> Option<String> {
        let digest = self.whole(path, signature.clone())?;
        (Signature::of(path).as_ref() == Some(signature)).then_some(digest)
    }

    fn whole(&self, path: &Path, signature: Signature) -> Option<String> {
        let whole = || fs::read(path).ok().map(|bytes| Digest::of(&bytes).to_string());
        self.fact_of("sha256", path, signature, whole)
    }

    /// A digest that tells installations of a compiler apart without reading all of it: the whole of a small file; of
    /// a larger one its length and 64 blocks of 4 KiB at equal distances, the first and the last among them.
    pub(crate) fn sample(&self, path: &Path) -> Option<Digest> {
        self.fact("sample", path, || sample(path).map(|digest| digest.to_string()))?
            .parse()
            .ok()
    }

    /// Keeps what was found out, if it can be kept; the next process finds it out again otherwise.
    pub(crate) fn save(&self) {
        let mut inner = self.lock();
        if !inner.changed {
            return;
        }
        inner.changed = false;
        // Another build may have saved since: its facts are kept beside these.
        let mut entries = read(&self.file);
        entries.extend(std::mem::take(&mut inner.entries));
        let mut text = format!("{HEADER}\n");
        for ((kind, path), (signature, value)) in entries.iter().take(MOST) {
            let _ = writeln!(text, "{kind}\t{signature}\t{value}\t{path}");
        }
        inner.entries = entries;
        let _ = disk::write_atomically(&self.file, text.as_bytes());
    }
}

fn read(file: &Path) -> Map<(String, String), (String, String)> {
    let mut entries = Map::new();
    let Ok(text) = fs::read_to_string(file) else {
        return entries;
    };
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return entries;
    }
    for line in lines {
        let mut parts = line.splitn(4, '\t');
        if let (Some(kind), Some(signature), Some(value), Some(path)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            entries.insert(
                (kind.to_owned(), path.to_owned()),
                (signature.to_owned(), value.to_owned()),
            );
        }
    }
    entries
}

fn sample(path: &Path) -> Option<Digest> {
    use std::io::{Read, Seek, SeekFrom};

    const BLOCKS: u64 = 64;
    const BLOCK: u64 = 4096;
    let mut file = fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut fields = Fields::new("sample-1");
    fields.add("length", length.to_le_bytes());
    let mut bytes = Vec::new();
    if length <= BLOCKS * BLOCK {
        file.read_to_end(&mut bytes).ok()?;
    } else {
        let step = (length - BLOCK) / (BLOCKS - 1);
        for block in 0..BLOCKS {
            let start = if block == BLOCKS - 1 {
                length - BLOCK
            } else {
                block * step
            };
            file.seek(SeekFrom::Start(start)).ok()?;
            file.by_ref().take(BLOCK).read_to_end(&mut bytes).ok()?;
        }
    }
    fields.add("bytes", &bytes);
    Some(fields.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aged(path: &Path, bytes: &[u8], age: u64) {
        fs::write(path, bytes).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    }

    #[test]
    fn changed_bytes_are_seen_even_when_the_size_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.h");
        let index = Index::new(folder.path().join("index"));
        aged(&file, b"one", 100);
        assert_eq!(index.digest(&file), Some(Digest::of(b"one")));
        aged(&file, b"two", 100);
        assert_eq!(index.digest(&file), Some(Digest::of(b"two")));
        fs::remove_file(&file).unwrap();
        assert_eq!(index.digest(&file), None);
    }

    #[test]
    fn what_has_other_times_than_were_kept_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let (file, kept) = (folder.path().join("a.cu"), folder.path().join("index"));
        aged(&file, b"one", 100);
        // Of a file that was created just now, systems with a time of change know better.
        let index = Index::new(kept.clone());
        assert!(!index.knows(&file) && !index.knows(folder.path()));
        let key = ("sha256".to_owned(), file.to_str().unwrap().to_owned());
        let signature = Signature::of(&file).unwrap();
        let known = (signature.as_str().to_owned(), Digest::of(b"one").to_string());
        index.lock().load(&kept);
        index.lock().entries.insert(key, known);
        assert!(index.knows(&file));
        aged(&file, b"two", 50);
        assert!(!index.knows(&file));
    }

    #[test]
    fn what_just_changed_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.h");
        let kept = folder.path().join("index");
        fs::write(&file, "now").unwrap();
        // However long this takes, the file is not older than what is seen of it.
        let later = SystemTime::now() + Duration::from_secs(3600);
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(later)
            .unwrap();
        let index = Index::new(kept.clone());
        index.digest(&file).unwrap();
        index.save();
        assert!(!kept.exists());
    }

    #[test]
    fn damage_is_forgotten_knowledge() {
        let folder = tempfile::tempdir().unwrap();
        let (file, kept) = (folder.path().join("a.h"), folder.path().join("index"));
        fs::write(&file, "x").unwrap();
        for text in [
            "",
            "gate-build index 1\nsha256\tq\n\n\t\t\t\n",
            "gate-build index 9\nx\ty\tz\tw",
        ] {
            fs::write(&kept, text).unwrap();
            assert_eq!(Index::new(kept.clone()).digest(&file), Some(Digest::of(b"x")));
        }
    }

    #[test]
    fn a_sample_sees_length_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nvcc");
        let mut bytes = vec![0_u8; 600_000];
        let mut seen = crate::sorted::Set::new();
        fs::write(&file, &bytes).unwrap();
        assert!(seen.insert(sample(&file)));
        bytes[0] = 1;
        fs::write(&file, &bytes).unwrap();
        assert!(seen.insert(sample(&file)));
        *bytes.last_mut().unwrap() = 1;
        fs::write(&file, &bytes).unwrap();
        assert!(seen.insert(sample(&file)));
        bytes.push(0);
        fs::write(&file, &bytes).unwrap();
        assert!(seen.insert(sample(&file)));
    }
}
