//! A world made by hand, for the unit tests of rules.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use jiff::Timestamp;
use semver::Version;

use crate::base::digest::Digest;
use crate::base::stage::Stage;
use crate::ci::CiFiles;
use crate::evidence::history::History;
use crate::policy::{CiPolicy, Policy};
use crate::report::{CheckReport, Finding, Location};
use crate::surveys::Surveys;
use crate::surveys::document::{Document, Documents};
use crate::workspace::cargo::{CargoModel, Member, Resolution};
use crate::workspace::config::CargoConfig;
use crate::workspace::environment::Environment;
use crate::workspace::files::{File, FileKind, FileList};
use crate::workspace::git::Git;
use crate::workspace::lockfile::Lockfile;
use crate::workspace::manifest::Manifest;
use crate::workspace::toolchain::{Rustc, Toolchain, ToolchainFile};
use crate::workspace::{Options, Workspace};

use crate::contract::{Applies, Check, Inputs, Judgement};

/// Everything a rule can read. Starts as a workspace at `/w` with one member `app`, a tracked and fresh lockfile, a
/// clean git work tree and rustc 1.95.0, at noon of 2026-06-15, evaluated at `pilot`.
pub(crate) struct World {
    pub(crate) workspace: Surveys,
    pub(crate) policy: Policy,
    pub(crate) history: History,
    pub(crate) now: Timestamp,
    pub(crate) stage: Stage,
    pub(crate) outcomes: Vec<CheckReport>,
    /// Where [`texts`](Self::texts) are.
    directory: Option<tempfile::TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = PathBuf::from("/w");
        let workspace = Workspace {
            options: Options {
                cwd: root.clone(),
                manifest_path: None,
                target_dir: None,
                offline: true,
                environment: Environment::default(),
            },
            root: root.clone(),
            target_dir: root.join("target"),
            git: Some(Git::by_hand(&root)),
            files: FileList::default(),
            cargo: CargoModel {
                target_dir: root.join("target"),
                root,
                members: vec![member("app", "", Some("1.95"))],
                dependencies: Vec::new(),
            },
            resolution: Resolution::Locked,
            lockfile: Lockfile {
                exists: true,
                tracked: Some(true),
                ..Lockfile::default()
            },
            config: CargoConfig::default(),
            toolchain: Toolchain {
                file: None,
                rustc: Ok(Rustc {
                    release: Version::new(1, 95, 0),
                    commit: None,
                    commit_date: None,
                    host: "x86_64-unknown-linux-gnu".into(),
                    llvm: None,
                }),
                cargo: Version::new(1, 95, 0),
            },
            manifest_texts: Vec::new(),
            git_problem: None,
            contents: Default::default(),
            manifests: OnceLock::from(vec![manifest("Cargo.toml", "[package]\nname = \"app\"\n")]),
        };
        let mut workspace = Surveys::from(workspace);
        workspace.ci = OnceLock::from(CiFiles::default());
        Self {
            workspace,
            policy: Policy::default(),
            history: History::default(),
            now: "2026-06-15T12:00:00Z".parse().expect("a time"),
            stage: Stage::Pilot,
            outcomes: Vec::new(),
            directory: None,
        }
    }

    /// Replaces the files: path and text, all of them tracked and on disk.
    pub(crate) fn texts(&mut self, texts: &[(&str, &str)]) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let files = texts.iter().map(|(path, text)| {
            let native = directory.path().join(path);
            std::fs::create_dir_all(native.parent().expect("a directory")).expect("a directory can be made");
            std::fs::write(&native, text).expect("a file can be written");
            File {
                path: (*path).to_owned(),
                native: path.into(),
                tracked: true,
                kind: FileKind::Regular,
                executable: false,
                size: text.len() as u64,
                digest: Some(Digest::of(text.as_bytes())),
            }
        });
        self.workspace.files = FileList::new(files.collect());
        self.workspace.root = directory.path().to_owned();
        self.workspace.target_dir = directory.path().join("target");
        self.workspace.secrets = OnceLock::new();
        self.directory = Some(directory);
    }

    /// Sets the home directory of whoever runs the gate.
    pub(crate) fn home(&mut self, home: &str) {
        self.workspace.options.environment = Environment::from_pairs([("HOME", home)]);
        self.workspace.secrets = OnceLock::new();
    }

    /// Version control, which the world starts with.
    pub(crate) fn git(&mut self) -> &mut Git {
        self.workspace.git.as_mut().expect("a git work tree")
    }

    /// Replaces the manifests: path and text, the root first.
    pub(crate) fn manifests(&mut self, manifests: &[(&str, &str)]) {
        let parsed = manifests
            .iter()
            .map(|(path, text)| manifest(path, text))
            .collect::<Vec<_>>();
        self.workspace.manifests = OnceLock::from(parsed);
    }

    /// Replaces the CI files: path and text.
    pub(crate) fn ci(&mut self, files: &[(&str, &str)]) {
        let texts = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        self.workspace.ci = OnceLock::from(crate::ci::of_texts(&texts.collect(), &[]));
        let file = |path: &str| File {
            path: path.into(),
            native: path.into(),
            tracked: true,
            kind: FileKind::Regular,
            executable: false,
            size: 1,
            digest: None,
        };
        self.workspace.files = FileList::new(files.iter().map(|(path, _)| file(path)).collect());
    }
    /// Replaces the documents, and the files by them and by empty files at these paths.
    pub(crate) fn documents(&mut self, documents: &[(&str, &str)], others: &[&str]) {
        let documents = documents.iter().map(|(path, text)| Document::new(path, text));
        let documents: Vec<Document> = documents.collect();
        let paths = documents.iter().map(|document| document.path.as_str());
        self.workspace.files = FileList::new(paths.chain(others.iter().copied()).map(file).collect());
        self.workspace.documents = OnceLock::from(Documents::new(documents, Vec::new()));
    }

    /// Everything that a check can be given.
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            outcomes: &self.outcomes,
            ..Inputs::new(&self.workspace, &self.policy, &self.history, self.now, self.stage)
        }
    }

    /// What a check says, as text: one finding per paragraph with place, message, stage and help. Empty is a pass.
    pub(crate) fn text(&self, check: &'static Check) -> String {
        let inputs = self.inputs();
        if let Applies::No(reason) = check.rule.applies(&inputs) {
            return format!("not applicable: {reason}");
        }
        match check.rule.run(&inputs) {
            Judgement::Findings(findings) => findings_text(&findings),
            Judgement::NotRun(reason) => reason_text("not run", &reason),
            Judgement::Inconclusive(reason) => reason_text("inconclusive", &reason),
        }
    }
}

pub(crate) fn findings_text(findings: &[Finding]) -> String {
    findings.iter().map(finding_text).collect::<Vec<_>>().join("\n")
}

pub(crate) fn finding_text(finding: &Finding) -> String {
    let place = |location: &crate::report::Location| match location.line {
        Some(line) => format!("{}:{line}", location.path),
        None => location.path.clone(),
    };
    let mut text = match finding.locations.first() {
        Some(location) => format!("{}: ", place(location)),
        None => String::new(),
    };
    text += &finding.message;
    text += &match finding.blocks_at {
        Some(stage) => format!(" [{stage}]"),
        None => " [advice]".to_owned(),
    };
    for location in finding.locations.iter().skip(1) {
        text += &format!("\n  also: {}", place(location));
    }
    for line in finding.detail.iter().flat_map(|detail| detail.lines()) {
        text += &format!("\n  | {line}");
    }
    if let Some(help) = &finding.help {
        text += &format!("\n  help: {help}");
    }
    if let Some(policy) = &finding.policy {
        text += &format!("\n  because: {}", place(policy));
    }
    if let Some(package) = &finding.package {
        text += &format!("\n  package: {package}");
    }
    text
}

fn reason_text(what: &str, reason: &crate::report::Reason) -> String {
    let help = reason
        .help
        .as_ref()
        .map(|help| format!("\n  help: {help}"))
        .unwrap_or_default();
    format!("{what} ({}): {}{help}", reason.code, reason.message)
}

/// A tracked, empty file.
pub(crate) fn file(path: &str) -> File {
    File {
        path: path.into(),
        native: path.into(),
        tracked: true,
        kind: FileKind::Regular,
        executable: false,
        size: 0,
        digest: None,
    }
}

/// A publishable member in `directory`.
pub(crate) fn member(name: &str, directory: &str, rust_version: Option<&str>) -> Member {
    Member {
        name: name.into(),
        version: Version::new(0, 1, 0),
        manifest: if directory.is_empty() {
            "Cargo.toml".into()
        } else {
            format!("{directory}/Cargo.toml")
        },
        directory: directory.into(),
        edition: "2024".into(),
        rust_version: rust_version.map(|text| format!("{text}.0").parse().expect("a version")),
        publish: true,
        targets: Vec::new(),
    }
}

pub(crate) fn manifest(path: &str, text: &str) -> Manifest {
    Manifest::parse(path, text).expect("TOML")
}

/// `rust-toolchain.toml` with this channel on line 2.
pub(crate) fn toolchain_file(channel: &str) -> ToolchainFile {
    ToolchainFile {
        path: "rust-toolchain.toml".into(),
        channel: Some(channel.into()),
        custom_path: None,
        line: 2,
        error: None,
        outside: false,
    }
}

/// A map from pairs.
pub(crate) fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    pairs.into_iter().collect()
}

/// A `[ci]` that declares nothing, on line 3 of the policy.
pub(crate) fn ci_policy() -> CiPolicy {
    CiPolicy {
        platforms: Vec::new(),
        pinned_actions: false,
        trusted_actions: Vec::new(),
        pinned_images: false,
        trusted_images: Vec::new(),
        scripts: Vec::new(),
        gate_steps: Vec::new(),
        location: Location::line("gate.toml", 3),
    }
}
