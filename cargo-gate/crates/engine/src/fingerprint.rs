//! Fingerprints: a hash over everything that a check declares to read.

use gate_base::digest::{Digest, DigestBuilder};
use gate_contract::{Check, Declared, InputState, input};
use gate_policy::{BenchReference, SuiteKind, SuitePolicy};
use gate_world::Workspace;
use gate_world::config::CargoConfig;

use super::TOOL_VERSION;
use super::inputs::InputDigests;

/// A fingerprint with its parts, so that a plan can say which of them changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash over all parts. Where a part has no digest it is unique to this run.
    pub digest: Digest,
    /// Name and digest of each part; `None` for a part that is never reused.
    pub parts: Vec<(String, Option<Digest>)>,
}

impl Fingerprint {
    /// Whether evidence may be looked up and kept under it.
    pub fn reusable(&self) -> bool {
        self.parts.iter().all(|(_, digest)| digest.is_some())
    }

    /// Name of the first part that keeps evidence from being reused.
    pub fn volatile_part(&self) -> Option<&str> {
        self.parts
            .iter()
            .find(|(_, digest)| digest.is_none())
            .map(|(name, _)| name.as_str())
    }

    fn new(id: &str, version: u32, parts: Vec<(String, Option<Digest>)>) -> Self {
        let mut digest = DigestBuilder::new("cargo-gate fingerprint");
        digest
            .part(TOOL_VERSION.as_bytes())
            .part(id.as_bytes())
            .part(&version.to_le_bytes());
        for (name, part) in &parts {
            digest.part(name.as_bytes());
            match part {
                Some(part) => digest.digest(part),
                None => digest.part(b"volatile"),
            };
        }
        Self {
            digest: digest.finish(),
            parts,
        }
    }
}

/// Fingerprint of a built-in check.
pub fn of_check(check: &Check, inputs: &InputDigests<'_>) -> Fingerprint {
    let parts = check.inputs().iter().map(|input| part(input, inputs)).collect();
    Fingerprint::new(check.id, check.version, parts)
}

/// Fingerprint of a suite: its declaration, the files and variables it reads, the toolchain, cargo's configuration, the
/// lockfile, and the manifests whatever its globs say.
pub fn of_suite(suite: &SuitePolicy, workspace: &Workspace, inputs: &InputDigests<'_>) -> Fingerprint {
    let mut declaration = DigestBuilder::new("suite declaration");
    declaration.part(&serde_json::to_vec(suite).unwrap_or_default());
    declaration.part(&[
        u8::from(workspace.offline()),
        u8::from(gate_suites::unmet(suite, workspace).is_some()),
    ]);
    let files = if suite.inputs.is_empty() {
        inputs.state(&Declared::of::<input::AllFiles>())
    } else {
        let matcher = gate_suites::InputFilter::new(suite);
        inputs.files(|file| matcher.reads(&file.path))
    };
    let mut environment = DigestBuilder::new("suite environment");
    for (name, value) in gate_suites::environment_inputs(suite, workspace.environment()) {
        environment.part(name.as_bytes()).part(&[u8::from(value.is_some())]);
        environment.part(value.unwrap_or_default().as_encoded_bytes());
    }
    let mut parts = vec![
        ("declaration".to_owned(), Some(declaration.finish())),
        ("files".to_owned(), known(files)),
        ("environment".to_owned(), Some(environment.finish())),
        part(&Declared::of::<input::Toolchain>(), inputs),
        part(&Declared::of::<input::ToolchainFile>(), inputs),
        part(&Declared::of::<input::CargoConfig>(), inputs),
        part(&Declared::of::<input::Lockfile>(), inputs),
    ];
    if let Some(BenchReference::Commit(name)) = suite.bench.as_deref().map(|bench| &bench.reference) {
        // A branch moves on, and what is compared with it has to be measured again.
        let mut digest = DigestBuilder::new("suite reference");
        let hash = workspace.git().and_then(|git| git.commit(name).ok());
        digest.part(hash.unwrap_or_default().as_bytes());
        parts.push(("reference".to_owned(), Some(digest.finish())));
    }
    if let Some(equivalence) = suite.equivalence.as_deref() {
        let mut digest = DigestBuilder::new("suite references");
        for commit in equivalence
            .references
            .iter()
            .filter_map(|reference| reference.commit.as_ref())
        {
            let hash = workspace.git().and_then(|git| git.commit(commit).ok());
            digest.part(hash.unwrap_or_default().as_bytes());
        }
        for reference in &equivalence.references {
            let needs = SuitePolicy {
                requires: reference.requires.clone(),
                ..suite.clone()
            };
            digest.part(&[u8::from(gate_suites::unmet(&needs, workspace).is_some())]);
        }
        // What is left out for a time is not left out afterwards.
        for id in gate_suites::equivalence::expired(suite) {
            digest.part(id.as_bytes());
        }
        parts.push(("references".to_owned(), Some(digest.finish())));
    }
    if let Some(directory) = &suite.directory {
        // Cargo started there reads configuration that lies there.
        let directory = workspace.root().join(directory);
        let config = CargoConfig::read(&directory, workspace.environment());
        parts.push((
            "cargo configuration of its directory".to_owned(),
            config.ok().map(|config| config.digest()),
        ));
    }
    let directory = suite
        .directory
        .as_ref()
        .map(|directory| workspace.root().join(directory));
    if let Some(programs) = workspace.configured_programs(directory.as_deref()) {
        parts.push(("programs that cargo is told to run".to_owned(), Some(programs)));
    }
    let linters = gate_suites::configuration::linters(workspace);
    parts.push(("configuration of clippy and rustfmt".to_owned(), Some(linters)));
    if suite.stability.is_some() {
        // A new tag is another release to compare with.
        parts.push(part(&Declared::of::<input::Release>(), inputs));
    }
    if suite.import.as_deref().is_some_and(|import| import.statement.is_some()) {
        // What another machine made is read, and its age judged, in every run.
        parts.push(("its statement".to_owned(), None));
    }
    if suite.kind == SuiteKind::Slo {
        // Every run records its window.
        parts.push(("its window".to_owned(), None));
    }
    if let Some(program) = gate_suites::tool::program(suite) {
        // Programs of the toolchain change with it; this one does not.
        let mut digest = DigestBuilder::new("suite program");
        if let Some(program) = workspace.program_digest(&program) {
            digest.digest(&program);
        }
        parts.push((program, Some(digest.finish())));
    }
    if !suite.inputs.is_empty() {
        // Globs name sources and data; how they are built is nothing that a suite could leave out.
        parts.push(part(&Declared::of::<input::Manifests>(), inputs));
    }
    // Path dependencies beside the workspace are built as well.
    parts.extend(inputs.outside_root());
    Fingerprint::new(&gate_suites::check_id(suite), gate_suites::VERSION, parts)
}

fn part(input: &Declared, inputs: &InputDigests<'_>) -> (String, Option<Digest>) {
    (input.name().to_owned(), known(inputs.state(input)))
}

fn known(state: InputState) -> Option<Digest> {
    match state {
        InputState::Known(digest) => Some(digest),
        InputState::Volatile => None,
    }
}
