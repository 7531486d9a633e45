//! A world made by hand, for the unit tests of rules.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use jiff::Timestamp;
use semver::Version;

use gate_base::digest::Digest;
use gate_base::stage::Stage;
use gate_ci::CiFiles;
use gate_evidence::history::History;
use gate_policy::{BoundaryAllow, BoundaryPolicy, CiPolicy, Policy, StagePolicy, Tier, TierPolicy};
use gate_report::{CheckReport, Location};
use gate_surveys::Surveys;
use gate_surveys::document::{Document, Documents};
use gate_world::cargo::{CargoModel, ManifestText, Resolution};
use gate_world::config::CargoConfig;
use gate_world::environment::Environment;
use gate_world::files::{File, FileKind, FileList};
use gate_world::git::Git;
use gate_world::lockfile::Lockfile;
use gate_world::toolchain::{Rustc, Toolchain};
use gate_world::{Options, Workspace};

use gate_report::testing::reason_text;
pub use gate_report::testing::{finding_text, findings_text};
pub use gate_world::testing::{file, manifest, member, toolchain_file};

use crate::{Applies, Check, CheckInfo, Inputs, Judgement};

/// Everything a rule can read. Starts as a workspace at `/w` with one member `app`, a tracked and fresh lockfile, a
/// clean git work tree and rustc 1.95.0, at noon of 2026-06-15, evaluated at `pilot`.
pub struct World {
    /// The workspace.
    pub workspace: Surveys,
    /// The policy; empty at first.
    pub policy: Policy,
    /// Runs before this one.
    pub history: History,
    /// When it is evaluated.
    pub now: Timestamp,
    /// At which stage.
    pub stage: Stage,
    /// What checks there are.
    pub catalogue: Vec<CheckInfo>,
    /// What the other checks said.
    pub outcomes: Vec<CheckReport>,
    /// Where [`texts`](Self::texts) are.
    directory: Option<tempfile::TempDir>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The world as described above.
    pub fn new() -> Self {
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
                build_dir: None,
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
            catalogue: Vec::new(),
            outcomes: Vec::new(),
            directory: None,
        }
    }

    /// Replaces the files: path and text, all of them tracked and on disk.
    pub fn texts(&mut self, texts: &[(&str, &str)]) {
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
    pub fn home(&mut self, home: &str) {
        self.workspace.options.environment = Environment::from_pairs([("HOME", home)]);
        self.workspace.secrets = OnceLock::new();
    }

    /// Version control, which the world starts with.
    pub fn git(&mut self) -> &mut Git {
        self.workspace.git.as_mut().expect("a git work tree")
    }

    /// Replaces the manifests: path and text, the root first.
    pub fn manifests(&mut self, manifests: &[(&str, &str)]) {
        let parsed = manifests
            .iter()
            .map(|(path, text)| manifest(path, text))
            .collect::<Vec<_>>();
        self.workspace.manifests = OnceLock::from(parsed);
        let text = |(path, text): &(&str, &str)| ManifestText {
            path: self.workspace.root.join(path),
            text: Some((*text).to_owned()),
        };
        self.workspace.manifest_texts = manifests.iter().map(text).collect();
    }

    /// Replaces the CI files: path and text.
    pub fn ci(&mut self, files: &[(&str, &str)]) {
        let texts = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        self.workspace.ci = OnceLock::from(gate_ci::of_texts(&texts.collect(), &[]));
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
    pub fn documents(&mut self, documents: &[(&str, &str)], others: &[&str]) {
        let documents = documents.iter().map(|(path, text)| Document::new(path, text));
        let documents: Vec<Document> = documents.collect();
        let paths = documents.iter().map(|document| document.path.as_str());
        self.workspace.files = FileList::new(paths.chain(others.iter().copied()).map(file).collect());
        self.workspace.documents = OnceLock::from(Documents::new(documents, Vec::new()));
    }

    /// Everything that a check can be given.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            catalogue: &self.catalogue,
            outcomes: &self.outcomes,
            ..Inputs::new(&self.workspace, &self.policy, &self.history, self.now, self.stage)
        }
    }

    /// What a check says, as text: one finding per paragraph with place, message, stage and help. Empty is a pass.
    pub fn text(&self, check: &'static Check) -> String {
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

/// A map from pairs.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    pairs.into_iter().collect()
}

/// `[stage.pilot]` for the scope `one`, on line 3 of the policy.
pub fn pilot_policy() -> (Stage, StagePolicy) {
    let pilot = StagePolicy {
        scope: "one".into(),
        max_age: None,
        predecessor_commits: 0,
        min_age: None,
        strict: None,
        reason: None,
        location: Location::line("gate.toml", 3),
    };
    (Stage::Pilot, pilot)
}

/// A `[ci]` that declares nothing, on line 3 of the policy.
pub fn ci_policy() -> CiPolicy {
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

/// A policy that declares this default tier on line 3, and `[boundary]` with SAFETY comments on line 5.
pub fn boundary_policy(tier: Tier) -> Policy {
    Policy {
        tiers: Some(TierPolicy {
            default: tier,
            exceptions: Vec::new(),
            location: Location::line("gate.toml", 3),
        }),
        boundary: Some(BoundaryPolicy {
            allow: Vec::new(),
            safety_comments: true,
            inventory: None,
            location: Location::line("gate.toml", 5),
        }),
        ..Policy::default()
    }
}

/// Allows raw authority under a glob.
pub fn allow(policy: &mut Policy, glob: &str) {
    let boundary = policy.boundary.as_mut().expect("the policy of this module has one");
    boundary.allow.push(BoundaryAllow {
        path: glob.into(),
        reason: "bindings".into(),
        owner: "core".into(),
        location: Location::line("gate.toml", 7),
    });
}
