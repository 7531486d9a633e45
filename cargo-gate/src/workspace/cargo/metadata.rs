//! Asks cargo. Always with `--locked` or `--no-deps`, so that cargo never creates or edits a lockfile.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use semver::{Version, VersionReq};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

use super::super::environment::Environment;
use super::super::paths;
use super::lock::Lock;
use super::{CargoModel, Dependency, Hint, Member, Resolution, Target};

/// What cargo said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) model: CargoModel,
    pub(crate) resolution: Resolution,
    /// Every manifest on this machine that the answer depends on, absolute: the root, members, path dependencies,
    /// patches. The root comes first, the rest is sorted.
    pub(crate) manifests: Vec<PathBuf>,
}

impl Answer {
    /// Whether the answer depends on nothing but its inputs. What the network refused may be there the next time.
    pub(crate) fn is_stable(&self) -> bool {
        !matches!(self.resolution, Resolution::Unavailable(_))
    }
}

/// The cargo to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cargo<'a> {
    pub(crate) program: &'a Path,
    pub(crate) cwd: &'a Path,
    pub(crate) manifest: Option<&'a Path>,
    pub(crate) offline: bool,
    pub(crate) environment: &'a Environment,
}

/// Asks cargo about the workspace.
///
/// # Errors
/// Manifests that cargo refuses (usage, with cargo's message), a cargo that cannot be run (toolchain missing), an
/// answer that cannot be understood (tool).
pub(crate) fn ask(cargo: &Cargo<'_>, hint: &Hint) -> Result<Answer> {
    if hint.root.join("Cargo.lock").exists() {
        return ask_locked(cargo, &hint.root);
    }
    let root = cargo.members_only(|metadata| metadata.workspace_root.clone())?;
    if root.join("Cargo.lock").exists() {
        return ask_locked(cargo, &root);
    }
    cargo.members_only(|metadata| metadata.into_answer(Resolution::NoLockfile, &Lock::default()))
}

fn ask_locked(cargo: &Cargo<'_>, root: &Path) -> Result<Answer> {
    let lock = OnceLock::new();
    let read = || lock.get_or_init(|| Lock::read(root));
    let answer = std::thread::scope(|scope| {
        scope.spawn(read);
        cargo.run(&["--locked"], |metadata| {
            metadata.into_answer(Resolution::Locked, read())
        })
    });
    answer?.or_else(|message| {
        // The members are known even when they do not resolve; if they are not, the manifests are at fault.
        cargo.members_only(|metadata| {
            let resolution = classify(message, &metadata, read());
            metadata.into_answer(resolution, read())
        })
    })
}

impl Cargo<'_> {
    fn members_only<T>(&self, then: impl FnOnce(Metadata<'_>) -> T) -> Result<T> {
        self.run(&["--no-deps"], then)?.map_err(|message| {
            let mut error = Error::usage(format!("cargo cannot read the workspace: {message}"))
                .with_help("`cargo metadata --no-deps` shows the same message; fix the manifest it names");
            error.path = self.manifest.map(Path::to_path_buf);
            error
        })
    }

    /// Runs `cargo metadata` and makes something of what it says; the inner error is cargo's message.
    fn run<T>(&self, arguments: &[&str], then: impl FnOnce(Metadata<'_>) -> T) -> Result<Result<T, String>> {
        let mut command = self.environment.command(self.program, self.cwd);
        command
            .args(["metadata", "--format-version", "1", "--color", "never"])
            .args(arguments)
            .env("RUSTUP_AUTO_INSTALL", "0")
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.offline {
            command.arg("--offline");
        }
        if let Some(manifest) = self.manifest {
            command.arg("--manifest-path").arg(manifest);
        }
        let failed = |error: io::Error| {
            Error::new(
                ErrorKind::ToolchainMissing,
                format!("cannot run `{}`: {error}", self.program.display()),
            )
            .with_help("install a Rust toolchain with rustup, or set CARGO to the path of cargo")
        };
        let mut child = command.spawn().map_err(failed)?;
        let (answer, message) = (child.stdout.take(), child.stderr.take());
        let (made, message, status) = std::thread::scope(|scope| {
            // On a thread of its own: cargo may say much before it answers, and neither may wait for the other.
            let message = scope.spawn(|| {
                let mut text = Vec::new();
                let read = message.map(|mut message| message.read_to_end(&mut text));
                read.transpose().map(|_| text)
            });
            let made = answer.map(|answer| understand(BufReader::new(answer), then));
            (made.transpose(), message.join(), child.wait())
        });
        let (made, status) = (made.map_err(failed)?, status.map_err(failed)?);
        let message = message.map_err(|_| Error::tool("the thread that listens to cargo ended early"))?;
        if !status.success() {
            return Ok(Err(message_of(&message.map_err(failed)?)));
        }
        let made = made.ok_or_else(|| Error::tool("`cargo metadata` has no output"))?;
        made.map(Ok)
            .map_err(|error| Error::tool(format!("cannot understand the answer of `cargo metadata`: {error}")))
    }
}

/// Makes something of an answer. It is one line, and is not kept waiting for what cargo does behind it, which is giving back
/// its memory.
fn understand<T>(
    mut answer: impl BufRead,
    then: impl FnOnce(Metadata<'_>) -> T,
) -> io::Result<std::result::Result<T, serde_json::Error>> {
    let mut line = Vec::new();
    answer.read_until(b'\n', &mut line)?;
    if let Ok(metadata) = serde_json::from_slice(&line) {
        let made = then(metadata);
        let mut rest = Vec::new();
        answer.read_to_end(&mut rest)?;
        let is_all = rest.trim_ascii().is_empty();
        return Ok(is_all
            .then_some(made)
            .ok_or_else(|| serde_json::Error::custom("there is something behind its first line")));
    }
    let mut all = line;
    answer.read_to_end(&mut all)?;
    Ok(serde_json::from_slice(&all).map(then))
}

/// Cargo's message without what it said before, such as that it waits for a lock.
fn message_of(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let start = match text.find("error: ") {
        Some(at) if at == 0 || text[..at].ends_with('\n') => at + "error: ".len(),
        _ => text.find("\nerror: ").map_or(0, |at| at + "\nerror: ".len()),
    };
    let message = text[start..].trim();
    if message.is_empty() {
        "cargo gave no reason".into()
    } else {
        message.into()
    }
}

/// Why `--locked` did not work, for manifests that are themselves in order.
fn classify(message: String, metadata: &Metadata<'_>, lock: &Lock) -> Resolution {
    if message.contains("failed to parse lock file") || message.contains("lock file version") {
        Resolution::Unreadable(message)
    } else if message.contains("--locked was passed") {
        Resolution::Stale(message)
    } else if let Some(contradiction) = metadata.contradiction(lock) {
        // Cargo may look for a newer version, and fail on that, before it gets to compare the lockfile.
        Resolution::Stale(contradiction)
    } else {
        Resolution::Unavailable(message)
    }
}

/// The part of `cargo metadata`'s output that is read
/// (<https://doc.rust-lang.org/cargo/commands/cargo-metadata.html#json-format>).
#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    packages: Vec<Package<'a>>,
    #[serde(borrow)]
    workspace_members: BTreeSet<Cow<'a, str>>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    name: String,
    version: Version,
    source: Option<String>,
    manifest_path: PathBuf,
    edition: String,
    rust_version: Option<String>,
    publish: Option<Vec<String>>,
    targets: Vec<RawTarget>,
    #[serde(borrow)]
    dependencies: Vec<Declared<'a>>,
}

#[derive(Deserialize)]
struct RawTarget {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
    #[serde(default)]
    test: bool,
}

#[derive(Deserialize)]
struct Declared<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// A [`VersionReq`], which is looked at only where cargo refuses the lockfile.
    #[serde(borrow)]
    req: Cow<'a, str>,
    #[serde(default)]
    path: Option<PathBuf>,
}

impl<'a> Metadata<'a> {
    /// A requirement of a member that no package of the lockfile meets, or a member that it does not hold.
    fn contradiction(&self, lock: &Lock) -> Option<String> {
        for member in self.members() {
            let (name, version) = (&member.name, &member.version);
            if !lock.named(name).any(|locked| locked.version == *version) {
                return Some(format!("Cargo.lock does not hold the member `{name}` {version}"));
            }
            for declared in &member.dependencies {
                // One that cannot be read is met by anything: then it is not what cargo refuses.
                let required = VersionReq::parse(&declared.req).unwrap_or_default();
                let met = |locked: &Version| required == VersionReq::STAR || required.matches(locked);
                if !lock.named(&declared.name).any(|locked| met(&locked.version)) {
                    return Some(format!(
                        "Cargo.lock holds no `{}` that meets `{}`, which `{name}` requires",
                        declared.name, declared.req
                    ));
                }
            }
        }
        None
    }

    fn members(&self) -> impl Iterator<Item = &Package<'a>> {
        self.packages
            .iter()
            .filter(|package| self.workspace_members.contains(&package.id))
    }

    fn manifests(&self) -> Vec<PathBuf> {
        let mut manifests = BTreeSet::new();
        for package in self.packages.iter().filter(|package| package.source.is_none()) {
            manifests.insert(package.manifest_path.clone());
            let paths = package
                .dependencies
                .iter()
                .filter_map(|declared| declared.path.as_ref());
            manifests.extend(paths.map(|path| path.join("Cargo.toml")));
        }
        let root = self.workspace_root.join("Cargo.toml");
        manifests.extend(patched(&root));
        manifests.remove(&root);
        std::iter::once(root).chain(manifests).collect()
    }

    fn into_answer(self, resolution: Resolution, lock: &Lock) -> Answer {
        let manifests = self.manifests();
        let root = self.workspace_root;
        let (members, others): (Vec<Package<'_>>, Vec<Package<'_>>) = self
            .packages
            .into_iter()
            .partition(|package| self.workspace_members.contains(&package.id));
        let mut members: Vec<Member> = members.into_iter().map(|package| package.into_member(&root)).collect();
        members.sort_by(|a, b| (&a.name, &a.manifest).cmp(&(&b.name, &b.manifest)));
        let mut dependencies: Vec<Dependency> = others
            .into_iter()
            .map(|package| Dependency {
                checksum: lock.checksum(&package.name, &package.version, package.source.as_deref()),
                name: package.name,
                version: package.version,
                source: package.source,
                manifest: package.manifest_path,
            })
            .collect();
        dependencies.sort_by(|a, b| (&a.name, &a.version, &a.source).cmp(&(&b.name, &b.version, &b.source)));
        Answer {
            model: CargoModel {
                root,
                target_dir: self.target_directory,
                members,
                dependencies,
            },
            resolution,
            manifests,
        }
    }
}

impl Package<'_> {
    fn into_member(self, root: &Path) -> Member {
        let directory = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        Member {
            manifest: paths::relative(root, &self.manifest_path),
            directory: paths::relative(root, directory),
            name: self.name,
            version: self.version,
            edition: self.edition,
            rust_version: self.rust_version.as_deref().and_then(partial_version),
            publish: self.publish.is_none_or(|registries| !registries.is_empty()),
            targets: self
                .targets
                .into_iter()
                .map(|target| Target {
                    name: target.name,
                    kind: target.kind,
                    source: paths::relative(root, &target.src_path),
                    test: target.test,
                })
                .collect(),
        }
    }
}

/// A version of one to three numbers, as `rust-version` allows.
fn partial_version(text: &str) -> Option<Version> {
    let missing = 2_usize.checked_sub(text.matches('.').count())?;
    Version::parse(&format!("{text}{}", ".0".repeat(missing))).ok()
}

/// Manifests that `[patch]` and `[replace]` of the root name by path, used or not.
fn patched(root_manifest: &Path) -> Vec<PathBuf> {
    let Some(directory) = root_manifest.parent() else {
        return Vec::new();
    };
    let table = std::fs::read_to_string(root_manifest)
        .ok()
        .and_then(|text| toml::from_str::<toml::Table>(&text).ok())
        .unwrap_or_default();
    let section = |key: &str| table.get(key).and_then(toml::Value::as_table);
    let patches = section("patch").into_iter().flat_map(toml::Table::values);
    let tables = patches.filter_map(toml::Value::as_table).chain(section("replace"));
    tables
        .flat_map(toml::Table::values)
        .filter_map(|entry| entry.get("path")?.as_str())
        .map(|path| paths::normalize(&directory.join(path)).join("Cargo.toml"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_error_of_cargo_is_kept() {
        let stderr =
            b"    Blocking waiting for file lock on package cache\nerror: failed to parse\n\nCaused by:\n  x\n";
        assert_eq!(message_of(stderr), "failed to parse\n\nCaused by:\n  x");
        assert_eq!(message_of(b"error: one"), "one");
        assert_eq!(message_of(b""), "cargo gave no reason");
    }

    #[test]
    fn an_answer_is_one_line_or_one_value() {
        let root = |text: &str| {
            let made = understand(text.as_bytes(), |metadata| metadata.workspace_root.clone());
            made.expect("no I/O").map_err(|error| error.to_string())
        };
        let answer = r#"{"packages":[],"workspace_members":[],"workspace_root":"/w","target_directory":"/t"}"#;
        for text in [
            answer.to_owned(),
            format!("{answer}\n"),
            format!("{answer}\r\n \n"),
            answer.replace(',', ",\n"),
        ] {
            assert_eq!(root(&text), Ok(PathBuf::from("/w")), "{text}");
        }
        for text in [
            String::new(),
            "{}\n".to_owned(),
            format!("{answer}\n{answer}\n"),
            format!("note\n{answer}\n"),
        ] {
            assert!(root(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn short_versions_are_filled_up() {
        assert_eq!(partial_version("1.71"), Some(Version::new(1, 71, 0)));
        assert_eq!(partial_version("1"), Some(Version::new(1, 0, 0)));
        assert_eq!(partial_version("1.71.1"), Some(Version::new(1, 71, 1)));
        assert_eq!(partial_version("x"), None);
    }
}
