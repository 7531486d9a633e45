//! Everything that the answer of `cargo metadata` depends on, read without cargo.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;

use gate_base::digest::{Digest, DigestBuilder};

use super::super::environment::Environment;
use super::super::index::{Stamp, nanos_since_epoch};
use gate_base::paths;

/// Up to here manifests are read one after the other.
const FEW_MANIFESTS: usize = 64;

/// The text of a manifest as it was when the workspace was opened.
#[derive(Debug, Clone)]
pub struct ManifestText {
    /// Absolute path.
    pub path: PathBuf,
    /// `None` when it is not there or not UTF-8.
    pub text: Option<String>,
}

/// Inputs of `cargo metadata`.
#[derive(Debug)]
pub struct Inputs {
    /// Digest of all of them.
    pub digest: Digest,
    /// The manifests among them, in the order they were asked for.
    pub manifests: Vec<ManifestText>,
    /// Latest modification or change of a manifest or the lockfile, nanoseconds since 1970.
    latest: i64,
}

impl Inputs {
    /// Reads the inputs: the given manifests with what cargo discovers beside them, the lockfile, where members may
    /// appear, cargo's variables, and whatever `base` stands for (configuration, toolchain).
    pub fn read(root: &Path, manifests: &[PathBuf], environment: &Environment, base: &Digest) -> Self {
        // A few dozen small files are read before a thread pool is awake.
        let read: Vec<(ManifestText, Digest, i64)> = if manifests.len() < FEW_MANIFESTS {
            manifests.iter().map(|path| read_manifest(path)).collect()
        } else {
            manifests.par_iter().map(|path| read_manifest(path)).collect()
        };
        let mut builder = DigestBuilder::new("cargo-inputs");
        builder.digest(base).part(root.as_os_str().as_encoded_bytes());
        let lockfile = root.join("Cargo.lock");
        let lock = fs::read(&lockfile).ok();
        builder.part(if lock.is_some() { b"lockfile" } else { b"none" });
        builder.part(lock.as_deref().unwrap_or_default());
        let mut latest = latest_time(&lockfile);
        for (manifest, digest, time) in &read {
            builder
                .part(manifest.path.as_os_str().as_encoded_bytes())
                .digest(digest);
            latest = latest.max(*time);
        }
        for directory in member_candidates(root) {
            builder.part(directory.as_os_str().as_encoded_bytes());
        }
        for (name, value) in environment.with_prefix("").filter(|(name, _)| matters(name)) {
            builder.part(name.as_bytes()).part(value.as_encoded_bytes());
        }
        Self {
            digest: builder.finish(),
            manifests: read.into_iter().map(|(manifest, ..)| manifest).collect(),
            latest,
        }
    }

    /// Whether something may have changed since `time`, so that an answer begun then may describe another state.
    pub fn changed_since(&self, time: SystemTime) -> bool {
        // Times on disk lag behind the clock by up to a tick.
        self.latest.saturating_add(20_000_000) >= nanos_since_epoch(time)
    }
}

/// Variables that change what `cargo metadata` says.
fn matters(name: &str) -> bool {
    const PREFIXES: &str = "\
        CARGO_BUILD_ CARGO_HTTP_ CARGO_NET_ CARGO_REGISTRIES_ CARGO_REGISTRY_ CARGO_RESOLVER_ CARGO_UNSTABLE_ RUSTC \
        RUSTUP_";
    name == "CARGO_HOME"
        || name == "CARGO_TARGET_DIR"
        || PREFIXES.split_whitespace().any(|prefix| name.starts_with(prefix))
}

fn latest_time(path: &Path) -> i64 {
    fs::metadata(path).map_or(i64::MIN, |meta| {
        let stamp = Stamp::of(&meta);
        stamp.modified.max(stamp.changed)
    })
}

fn read_manifest(path: &Path) -> (ManifestText, Digest, i64) {
    let time = latest_time(path);
    let bytes = fs::read(path).ok();
    let mut builder = DigestBuilder::new("manifest");
    builder.part(if bytes.is_some() { b"there" } else { b"gone" });
    builder.part(bytes.as_deref().unwrap_or_default());
    if let Some(directory) = path.parent() {
        discover_targets(directory, &mut builder);
    }
    let manifest = ManifestText {
        path: path.into(),
        text: bytes.and_then(|bytes| String::from_utf8(bytes).ok()),
    };
    (manifest, builder.finish(), time)
}

/// What cargo takes for targets without being told
/// (<https://doc.rust-lang.org/cargo/guide/project-layout.html>).
fn discover_targets(directory: &Path, builder: &mut DigestBuilder) {
    for file in ["src/lib.rs", "src/main.rs", "build.rs"] {
        builder.part(&[u8::from(directory.join(file).is_file())]);
    }
    for folder in ["src/bin", "examples", "tests", "benches"] {
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(directory.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_source = Path::new(&name).extension().is_some_and(|extension| extension == "rs");
            let is_target = is_source || entry.path().join("main.rs").is_file();
            if is_target {
                found.insert(name);
            }
        }
        builder.part(folder.as_bytes());
        for name in found {
            builder.part(name.as_encoded_bytes());
        }
    }
}

/// Directories with a manifest that the member globs of the root may match. It may be more than cargo takes, never
/// less: too many only means asking cargo once too often.
fn member_candidates(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let table = fs::read_to_string(root.join("Cargo.toml"))
        .ok()
        .and_then(|text| toml::from_str::<toml::Table>(&text).ok());
    let Some(members) = table
        .as_ref()
        .and_then(|table| table.get("workspace")?.get("members")?.as_array())
    else {
        return found;
    };
    for pattern in members.iter().filter_map(toml::Value::as_str) {
        if pattern.contains(['*', '?', '[']) {
            let parts: Vec<&str> = pattern
                .split('/')
                .filter(|part| !part.is_empty() && *part != ".")
                .collect();
            expand(root, &parts, &mut found);
        }
    }
    found
}

fn expand(directory: &Path, pattern: &[&str], found: &mut BTreeSet<PathBuf>) {
    let Some((first, rest)) = pattern.split_first() else {
        if directory.join("Cargo.toml").is_file() {
            found.insert(paths::normalize(directory));
        }
        return;
    };
    if !first.contains(['*', '?', '[']) {
        return expand(&directory.join(first), rest, found);
    }
    let deep = *first == "**";
    if deep {
        expand(directory, rest, found);
    }
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let skipped = name == ".git" || name == "target" || !matches_name(first, &name.to_string_lossy());
        // Links are followed only one level at a time, and never below `**`, so that a circle ends.
        let is_directory = entry
            .file_type()
            .is_ok_and(|kind| kind.is_dir() || (kind.is_symlink() && !deep));
        if is_directory && !skipped {
            expand(&entry.path(), if deep { pattern } else { rest }, found);
        }
    }
}

fn matches_name(pattern: &str, name: &str) -> bool {
    pattern == "*"
        || pattern == "**"
        || globset::Glob::new(pattern).map_or(true, |glob| glob.compile_matcher().is_match(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        fs::write(path, text).expect("write");
    }

    #[test]
    fn everything_that_cargo_looks_at_counts() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path();
        write(
            &root.join("Cargo.toml"),
            "[workspace]\nmembers = ['crates/*', 'deep/**/x-?']\n",
        );
        write(&root.join("crates/a/Cargo.toml"), "[package]\nname = 'a'\n");
        let manifests = [root.join("Cargo.toml"), root.join("crates/a/Cargo.toml")];
        let base = Digest::of(b"base");
        let mut known = BTreeSet::new();
        let mut fresh =
            |environment: &Environment| known.insert(Inputs::read(root, &manifests, environment, &base).digest);
        let none = Environment::default();
        assert!(fresh(&none));
        assert!(!fresh(&none));
        for (path, text) in [
            ("crates/a/src/lib.rs", ""),
            ("crates/a/src/bin/tool.rs", ""),
            ("crates/a/tests/it/main.rs", ""),
            ("crates/a/Cargo.toml", "[package]\nname = 'b'\n"),
            ("crates/new/Cargo.toml", ""),
            ("deep/down/x-1/Cargo.toml", ""),
            ("Cargo.lock", ""),
            ("Cargo.lock", "version = 4"),
        ] {
            write(&root.join(path), text);
            assert!(fresh(&none), "{path} is an input");
        }
        for path in [
            "crates/a/src/other.rs",
            "crates/a/tests/data.txt",
            "deep/down/y/Cargo.toml",
        ] {
            write(&root.join(path), "");
            assert!(!fresh(&none), "{path} is no input");
        }
        assert!(fresh(&Environment::from_pairs([("CARGO_NET_OFFLINE", "true")])));
        assert!(!fresh(&Environment::from_pairs([("CARGO_TERM_COLOR", "never")])));
    }

    #[test]
    fn a_change_after_the_question_is_noticed() {
        let directory = tempfile::tempdir().expect("temporary directory");
        write(&directory.path().join("Cargo.toml"), "");
        let manifests = [directory.path().join("Cargo.toml")];
        let inputs = Inputs::read(directory.path(), &manifests, &Environment::default(), &Digest::of(b""));
        assert!(inputs.changed_since(SystemTime::UNIX_EPOCH));
        assert!(!inputs.changed_since(SystemTime::now() + std::time::Duration::from_secs(60)));
    }
}
