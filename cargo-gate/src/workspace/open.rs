//! Opens a workspace: what is cached is taken from the cache, and everything that waits for something waits together.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::SystemTime;

use crate::digest::DigestBuilder;
use crate::error::{Error, Result};
use crate::secrets::file::MachinePaths;

use super::ahead::{Ahead, Source, Waiting};
use super::cargo::{self, Answer, Cargo, Hint, Inputs};
use super::config::CargoConfig;
use super::index::Index;
use super::lockfile::Lockfile;
use super::manifest::Manifest;
use super::scan::{self, Outside, Scan};
use super::toolchain::{Probe, Programs, Toolchain, Versions};
use super::{Options, Workspace, paths};

/// What cargo and the toolchain say, and whether it was known before.
struct Toolside {
    programs: Programs,
    answer: Answer,
    inputs: Inputs,
    versions: Versions,
    /// Whether the answer is new and may be kept.
    keep_answer: bool,
    keep_versions: bool,
}

pub(super) fn open(mut options: Options) -> Result<Workspace> {
    options.cwd = real(&options.cwd).map_err(|error| Error::io("find", &options.cwd, &error))?;
    let config = CargoConfig::read(&options.cwd, &options.environment)?;
    let hint = cargo::locate(&options, &config)?;
    let hinted_outside = Outside::new(&hint.root, &hint.target_dir);
    let gate_dir = hint.target_dir.join("gate");

    let waiting = Waiting::default();
    let (scan, toolside) = std::thread::scope(|scope| {
        let scan = scope.spawn(|| {
            let scan = scan::scan(&hint.root, &hinted_outside, &gate_dir, &options.environment)?;
            let machine = MachinePaths::new(&options.environment, &hint.root);
            let source = Source {
                root: &hint.root,
                files: &scan.files,
                contents: &scan.contents,
                machine: &machine,
            };
            let asked = (&options, scan.git.as_ref());
            let ahead = Ahead::work(source, asked, &gate_dir, &|| waiting.is_on());
            Ok::<_, Error>((scan, ahead))
        });
        let toolside = ask(&options, &config, &hint, &gate_dir, &waiting);
        waiting.end();
        (scan.join(), toolside)
    });
    let toolside = toolside?;
    let (mut scan, mut ahead) = scan.map_err(|_| Error::tool("the thread that reads the files ended early"))??;

    let root = toolside.answer.model.root.clone();
    let target_dir = if options.target_dir.is_some() {
        hint.target_dir.clone()
    } else {
        toolside.answer.model.target_dir.clone()
    };
    let outside = Outside::new(&root, &target_dir);
    let gate_dir = target_dir.join("gate");
    if root != hint.root || target_dir != hint.target_dir {
        // Another place than the one that was guessed: the caches are not those of this workspace.
        ahead = Ahead::default();
    }
    if root != hint.root {
        scan = scan::scan(&root, &outside, &gate_dir, &options.environment)?;
    } else if target_dir != hint.target_dir {
        scan.leave_out(&outside);
    }

    let cache_error = keep(&options, &gate_dir, &toolside, &mut scan);
    let lockfile = Lockfile::read(&root, &scan.files, scan.git.as_ref());
    let top = scan.git.as_ref().map_or(&root, |git| &git.top);
    Ok(Workspace {
        toolchain: Toolchain::new(&root, top, toolside.versions),
        manifest_texts: toolside.inputs.manifests,
        manifests: OnceLock::new(),
        cargo: toolside.answer.model,
        boundaries: OnceLock::new(),
        ahead: Mutex::new(ahead),
        ci: OnceLock::new(),
        advisories: OnceLock::new(),
        documents: OnceLock::new(),
        above: OnceLock::new(),
        code: OnceLock::new(),
        library: OnceLock::new(),
        secrets: OnceLock::new(),
        resolution: toolside.answer.resolution,
        files: scan.files,
        contents: scan.contents,
        git: scan.git,
        git_problem: scan.git_problem,
        options,
        root,
        target_dir,
        lockfile,
        config,
        cache_error,
    })
}

/// The starting directory as cargo will see it when it is started there.
fn real(cwd: &Path) -> std::io::Result<PathBuf> {
    if cfg!(unix) {
        return std::fs::canonicalize(cwd);
    }
    // Canonical paths on Windows have a spelling that cargo does not use.
    std::path::absolute(cwd).map(|cwd| paths::normalize(&cwd))
}

/// Everything that comes from cargo and rustc, from the cache where nothing changed.
fn ask(options: &Options, config: &CargoConfig, hint: &Hint, gate_dir: &Path, waiting: &Waiting) -> Result<Toolside> {
    let environment = &options.environment;
    let programs = Programs::find(&options.cwd, environment, config)?;
    let probe = Probe {
        programs: &programs,
        cwd: &options.cwd,
        environment,
    };
    let base = base(&programs, config);
    let known_versions = probe.load(gate_dir);
    let keep_versions = known_versions.is_none();
    if let Some((answer, inputs)) = cargo::load(gate_dir, hint, environment, &base) {
        let versions = known_versions.map_or_else(|| probe.ask(), Ok)?;
        return Ok(Toolside {
            programs,
            answer,
            inputs,
            versions,
            keep_answer: false,
            keep_versions,
        });
    }

    let cargo = Cargo {
        program: &programs.cargo,
        cwd: &options.cwd,
        manifest: options.manifest_path.as_deref().map(|_| hint.manifest.as_path()),
        offline: options.offline,
        environment,
    };
    waiting.begin();
    let asked = SystemTime::now();
    let (answer, versions) = std::thread::scope(|scope| {
        let versions = scope.spawn(|| known_versions.map_or_else(|| probe.ask(), Ok));
        let answer = cargo::ask(&cargo, hint);
        (answer, versions.join())
    });
    // A cargo that cannot even tell its version is the cause of whatever else it refused.
    let versions = versions.map_err(|_| Error::tool("the thread that asks the toolchain ended early"))??;
    let answer = answer?;
    let inputs = Inputs::read(&answer.model.root, &answer.manifests, environment, &base);
    for manifest in &inputs.manifests {
        check_syntax(manifest)?;
    }
    Ok(Toolside {
        programs,
        keep_answer: answer.is_stable() && !inputs.changed_since(asked),
        answer,
        inputs,
        versions,
        keep_versions,
    })
}

fn base(programs: &Programs, config: &CargoConfig) -> crate::digest::Digest {
    DigestBuilder::new("cargo-base")
        .digest(&programs.identity)
        .digest(&config.digest())
        .finish()
}

/// Cargo accepted these manifests, so this only fails where another TOML parser disagrees; then it fails here, with a
/// name, and not in a check.
fn check_syntax(manifest: &cargo::ManifestText) -> Result<()> {
    let Some(text) = &manifest.text else { return Ok(()) };
    Manifest::parse("Cargo.toml", text.as_str())
        .map(|_| ())
        .map_err(|error| {
            let line = error.span().map_or(1, |span| paths::line_column(text, span.start).0);
            let path = manifest.path.display();
            let mut this = Error::usage(format!("`{path}` is malformed at line {line}: {}", error.message()))
                .with_help(format!("edit line {line} of that file"));
            this.path = Some(manifest.path.clone());
            this
        })
}

/// Writes what is new to the cache. A target directory that cannot be written costs speed, not the answer: the first
/// error is handed back for whoever has to write there.
fn keep(options: &Options, gate_dir: &Path, toolside: &Toolside, scan: &mut Scan) -> Option<Error> {
    let index = scan
        .entries
        .take()
        .map(|entries| Index::store(gate_dir, entries, scan.began));
    let answer = toolside
        .keep_answer
        .then(|| cargo::store(gate_dir, &toolside.answer, &toolside.inputs));
    let versions = toolside.keep_versions.then(|| {
        let probe = Probe {
            programs: &toolside.programs,
            cwd: &options.cwd,
            environment: &options.environment,
        };
        probe.store(gate_dir, &toolside.versions)
    });
    let tracked = scan.tracked.take().map(|tracked| tracked.store(gate_dir));
    let status = scan.status.take().map(|status| status.store(gate_dir));
    [index, answer, versions, tracked, status]
        .into_iter()
        .flatten()
        .find_map(Result::err)
}

/// The manifests of the root and of all members from the texts that were read.
pub(super) fn manifests(workspace: &Workspace) -> Vec<Manifest> {
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
