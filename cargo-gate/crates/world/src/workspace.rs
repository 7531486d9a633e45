//! One Cargo workspace on disk.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::error::Result;
use gate_base::paths;

use crate::blob::Blob;
use crate::cargo::{CargoModel, ManifestText, Resolution};
use crate::config::{self, CargoConfig};
use crate::contents::Contents;
use crate::environment::Environment;
use crate::files::{File, FileList};
use crate::git::Git;
use crate::lockfile::Lockfile;
use crate::manifest::Manifest;
use crate::toolchain::Toolchain;
use crate::{Listed, Options, cache, git, index, scan};

/// One Cargo workspace on disk.
#[derive(Debug)]
pub struct Workspace {
    /// How it was found and read.
    pub options: Options,
    /// Directory of the root manifest, absolute.
    pub root: PathBuf,
    /// Cargo's target directory, absolute.
    pub target_dir: PathBuf,
    /// Version control.
    pub git: Option<Git>,
    /// Every listed file.
    pub files: FileList,
    /// Contents that were read for their digests.
    pub contents: Contents,
    /// Members, targets and direct dependencies.
    pub cargo: CargoModel,
    /// What resolving under `--locked` said.
    pub resolution: Resolution,
    /// The lockfile.
    pub lockfile: Lockfile,
    /// Cargo's configuration.
    pub config: CargoConfig,
    /// The toolchain.
    pub toolchain: Toolchain,
    /// Manifests, parsed on first use.
    pub manifests: OnceLock<Vec<Manifest>>,
    /// Texts of the manifests that cargo read.
    pub manifest_texts: Vec<ManifestText>,
    /// Why there is no `git`.
    pub git_problem: Option<String>,
}

impl Workspace {
    /// The files, with what is kept of their contents.
    pub fn listed(&self) -> Listed<'_> {
        Listed {
            root: &self.root,
            files: &self.files,
            contents: &self.contents,
            git: self.git.as_ref(),
            options: &self.options,
            gate_dir: self.gate_dir(),
        }
    }

    /// Directory of the root manifest, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory, absolute.
    pub fn target_dir(&self) -> &Path {
        &self.target_dir
    }

    /// The only directory this tool writes to: `<target>/gate`.
    pub fn gate_dir(&self) -> PathBuf {
        self.target_dir.join("gate")
    }

    /// Version control; `None` outside a git work tree or without git.
    pub fn git(&self) -> Option<&Git> {
        self.git.as_ref()
    }

    /// Every tag of the repository; `None` without version control.
    pub fn tags(&self) -> Option<std::result::Result<Vec<git::Tag>, String>> {
        self.git.as_ref().map(Git::tags)
    }

    /// Every file below the root that git tracks or would offer to track (outside git: that no ignore rule hides),
    /// sorted by path, with digests.
    pub fn files(&self) -> &FileList {
        &self.files
    }

    /// Members, targets and direct dependencies.
    pub fn cargo(&self) -> &CargoModel {
        &self.cargo
    }

    /// What resolving under `--locked` said.
    pub fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// The lockfile.
    pub fn lockfile(&self) -> &Lockfile {
        &self.lockfile
    }

    /// Cargo's configuration files, merged as cargo merges them.
    pub fn config(&self) -> &CargoConfig {
        &self.config
    }

    /// The toolchain cargo would use, and the file that pins it.
    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    /// Environment variables as they were at the start.
    pub fn environment(&self) -> &Environment {
        &self.options.environment
    }

    /// Whether processes must stay off the network.
    pub fn offline(&self) -> bool {
        self.options.offline
    }

    /// Why there is no [`git`](Self::git) although the workspace lies in a repository: git's message.
    pub fn git_problem(&self) -> Option<&str> {
        self.git_problem.as_deref()
    }

    /// Creates [`gate_dir`](Self::gate_dir) with its `CACHEDIR.TAG`.
    ///
    /// # Errors
    /// I/O errors, among them a read-only target directory.
    pub fn create_gate_dir(&self) -> Result<()> {
        cache::create_gate_dir(&self.gate_dir())
    }

    /// The text of every manifest that cargo read from this machine.
    pub fn manifest_texts(&self) -> &[ManifestText] {
        &self.manifest_texts
    }

    /// Digest over the text of every manifest that cargo read from this machine: the root, members, path dependencies.
    pub fn manifests_digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("manifests");
        for manifest in &self.manifest_texts {
            builder
                .part(paths::relative(&self.root, &manifest.path).as_bytes())
                .part(manifest.text.as_deref().unwrap_or_default().as_bytes());
        }
        builder.finish()
    }

    /// Manifests of the root and of all members, parsed with spans on first use; the root first.
    pub fn manifests(&self) -> &[Manifest] {
        self.manifests.get_or_init(|| manifests(self))
    }

    /// Digest of the program of this name, which `cargo` would start as a subcommand: found on the `PATH` or in cargo's
    /// own directory. `None` when there is none, or when it cannot be read. What was read before comes from an index.
    pub fn program_digest(&self, name: &str) -> Option<Digest> {
        let environment = &self.options.environment;
        let path = environment.find_program(name.as_ref(), &self.root).or_else(|| {
            let own = environment.cargo_home(&self.options.cwd)?.join("bin").join(name);
            environment.find_program(own.as_os_str(), &self.root)
        })?;
        self.digest_of(&path)
    }

    /// Digest over the programs that cargo is told to run, by its configuration for `directory` and by variables: compilers and what
    /// wraps them, linkers, runners of test binaries. One that is not there counts as nothing. `None` where none is named.
    pub fn configured_programs(&self, directory: Option<&Path>) -> Option<Digest> {
        let own;
        let config = match directory {
            None => self.config(),
            Some(directory) => {
                own = CargoConfig::read(directory, self.environment()).ok()?;
                &own
            }
        };
        let programs = config::programs::files(config, self.environment(), &self.root);
        let mut digest = DigestBuilder::new("programs");
        for path in &programs {
            digest.part(paths::spell(path).as_bytes());
            if let Some(program) = self.digest_of(path) {
                digest.digest(&program);
            }
        }
        (!programs.is_empty()).then(|| digest.finish())
    }

    /// Digest of a program, from an index if it was read before.
    fn digest_of(&self, path: &Path) -> Option<Digest> {
        let cache = self.gate_dir().join("programs").join(path.file_name()?);
        let key = paths::spell(path);
        let began = std::time::SystemTime::now();
        let stamp = index::Stamp::of(&std::fs::metadata(path).ok()?);
        if let Some(digest) = index::Index::load(&cache).lookup(&key, &stamp) {
            return Some(digest);
        }
        let digest = Digest::of(&std::fs::read(path).ok()?);
        let known = index::Entry {
            path: key,
            stamp,
            digest,
            blob: Blob::default(),
        };
        // Best effort: without the index the next run reads the program again.
        let _ = std::fs::create_dir_all(&cache);
        let _ = index::Index::store(&cache, vec![known], began);
        Some(digest)
    }

    /// Every file of the directory `top` around the workspace, listed and digested as [`files`](Self::files) are; what
    /// was read before comes from an index of its own below [`gate_dir`](Self::gate_dir).
    ///
    /// # Errors
    /// `top` cannot be listed.
    pub fn files_around(&self, top: &Path) -> Result<FileList> {
        let cache = self.gate_dir().join("around");
        let outside = scan::Outside::new(top, &self.target_dir);
        let mut scan = scan::scan(top, &outside, &cache, &self.options.environment, &|| false)?;
        if let Some(entries) = scan.entries.take()
            && std::fs::create_dir_all(&cache).is_ok()
        {
            // Best effort: without the index the next run reads everything again.
            let _ = index::Index::store(&cache, entries, scan.began);
        }
        Ok(scan.files)
    }

    /// Paths that `keep` accepts and that are not what they were when the workspace was read, sorted: changed, new, or gone.
    ///
    /// # Errors
    /// The root cannot be listed.
    pub fn changed_since_read(&self, keep: impl Fn(&File) -> bool) -> Result<Vec<String>> {
        let outside = scan::Outside::new(&self.root, &self.target_dir);
        scan::changed(&self.root, &outside, &self.options.environment, &self.files, keep)
    }

    /// The first `CODEOWNERS` file in the order of GitHub and GitLab: its path relative to the top of the repository (of
    /// the workspace, outside version control), its bytes, and the path of the workspace below that top.
    pub fn code_owners(&self) -> Option<(&'static str, Vec<u8>, String)> {
        let top = self.git.as_ref().map_or(&self.root, |git| &git.top);
        let below = self.root.strip_prefix(top).ok()?;
        [
            ".github/CODEOWNERS",
            "CODEOWNERS",
            "docs/CODEOWNERS",
            ".gitlab/CODEOWNERS",
        ]
        .into_iter()
        .find_map(|path| Some((path, std::fs::read(top.join(path)).ok()?)))
        .map(|(path, bytes)| {
            (
                path,
                bytes,
                below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"),
            )
        })
    }

    /// Reads a file of the workspace by its [`files`](Self::files) path.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.look(path).map(Cow::into_owned)
    }

    /// As [`read`](Self::read), for those who only look: the bytes may be kept already.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn look(&self, path: &str) -> std::io::Result<Cow<'_, [u8]>> {
        let file = self.files.get(path).ok_or(std::io::ErrorKind::NotFound)?;
        self.contents.look(&self.root, file)
    }
}

/// The manifests of the root and of all members from the texts that were read.
fn manifests(workspace: &Workspace) -> Vec<Manifest> {
    let root = workspace.root.join("Cargo.toml");
    let members = workspace.cargo.members.iter();
    let mut wanted: Vec<(String, PathBuf)> = members
        .map(|member| {
            (
                member.manifest.clone(),
                paths::normalize(&workspace.root.join(&member.manifest)),
            )
        })
        .filter(|(_, path)| *path != root)
        .collect();
    wanted.sort();
    wanted.insert(0, ("Cargo.toml".into(), root));
    wanted
        .into_iter()
        .filter_map(|(name, path)| {
            let read = workspace.manifest_texts.iter().find(|manifest| manifest.path == path)?;
            let parsed = Manifest::parse(name, read.text.clone()?);
            Some(parsed.expect("the syntax was checked when the text was first seen"))
        })
        .collect()
}
