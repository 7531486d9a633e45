//! Which suites an evaluation has, and what their kinds declare about themselves.

use gate_base::stage::Stage;
use gate_policy::{BenchReference, ImportFormat, Policy, SuiteKind, SuitePolicy};
use gate_report::Dimension;
use gate_report::group::Group;
use gate_world::Workspace;

use super::{
    BENCH_DOCS, DRILL_DOCS, EQUIVALENCE_DOCS, IMPORT_DOCS, READY_DOCS, SLO_DOCS, TEST_DOCS, TOOL_DOCS, default_suite,
};

/// Raised whenever an adapter changes its mind about the same output.
pub const VERSION: u32 = 5;

/// Id of the suite that runs where the policy declares none.
pub const DEFAULT_ID: &str = "suite.test.workspace";

/// What a kind of suite declares about itself, as a check does.
#[derive(Debug)]
pub struct KindInfo {
    /// Id of the kind; the id of a suite is this, a dot and its name.
    pub id: &'static str,
    /// What it asks, one line.
    pub summary: &'static str,
    /// Markdown documentation.
    pub docs: &'static str,
    /// What kind of property it is about.
    pub dimension: Dimension,
    /// First stage at which a required suite blocks unless it names a later one.
    pub blocks_at: Stage,
    /// Version of the tool that introduced it.
    pub since: &'static str,
}

/// Every kind of suite, in the order of the catalogue.
pub const KINDS: &[KindInfo] = &[
    KindInfo {
        id: "suite.bench",
        summary: "Benchmarks stay within budget, compared with a reference from the same run",
        docs: BENCH_DOCS,
        dimension: Dimension::Performance,
        blocks_at: Stage::Pilot,
        since: "0.1.0",
    },
    KindInfo {
        id: "suite.drill",
        summary: "A running system that is broken on purpose recovers, and keeps what it acknowledged",
        docs: DRILL_DOCS,
        dimension: Dimension::Reliability,
        blocks_at: Stage::Pilot,
        since: "0.1.0",
    },
    KindInfo {
        id: "suite.equivalence",
        summary: "Implementations give the same in every cell of a declared scope",
        docs: EQUIVALENCE_DOCS,
        dimension: Dimension::Correctness,
        blocks_at: Stage::Pilot,
        since: "0.1.0",
    },
    KindInfo {
        id: "suite.import",
        summary: "Results of other tools are of this content, and nothing in them fails",
        docs: IMPORT_DOCS,
        dimension: Dimension::Correctness,
        blocks_at: Stage::Pilot,
        since: "0.1.0",
    },
    KindInfo {
        id: "suite.ready",
        summary: "The directory of a training run is ready, judged from its bytes",
        docs: READY_DOCS,
        dimension: Dimension::Reliability,
        blocks_at: Stage::Pilot,
        since: "0.1.0",
    },
    KindInfo {
        id: "suite.slo",
        summary: "Service-level objectives hold over times before now",
        docs: SLO_DOCS,
        dimension: Dimension::Reliability,
        blocks_at: Stage::Pilot,
        since: "0.1.0",
    },
    KindInfo {
        id: "suite.test",
        summary: "Required tests run and pass",
        docs: TEST_DOCS,
        dimension: Dimension::Correctness,
        blocks_at: Stage::Pilot,
        since: "0.1.0",
    },
    KindInfo {
        id: "suite.tool",
        summary: "Required tools report nothing",
        docs: TOOL_DOCS,
        dimension: Dimension::Contract,
        blocks_at: Stage::Pilot,
        since: "0.1.0",
    },
];

/// The suites of the policy, and the default suite where it requires no test suite at `stage`: no stage is entered
/// without a required test. `packages` limits the default suite as `-p` limits cargo; what a declared suite runs is the
/// policy's matter.
pub fn of_policy(policy: &Policy, workspace: &Workspace, packages: &[String], stage: Stage) -> Vec<SuitePolicy> {
    let mut suites = policy.suites.clone();
    if !suites
        .iter()
        .any(|suite| suite.kind == SuiteKind::Test && suite.required && suite.stage <= stage)
    {
        let mut default = default_suite(workspace);
        if suites.iter().any(|suite| suite.name == default.name) {
            default.name = "default".to_owned();
        }
        if !packages.is_empty() {
            default.command.retain(|argument| argument != "--workspace");
            for package in packages {
                default.command.extend(["--package".to_owned(), package.clone()]);
            }
        }
        suites.insert(0, default);
    }
    suites
}

/// The group in whose turn a suite runs: the declared one, else that of what its kind asks.
pub fn group(suite: &SuitePolicy) -> Group {
    if let Some(group) = suite.group {
        return group;
    }
    match (suite.kind, suite.tool.as_deref()) {
        (SuiteKind::Test | SuiteKind::Equivalence, _) => Group::Equivalence,
        (SuiteKind::Bench, _) => Group::Performance,
        (SuiteKind::Drill | SuiteKind::Ready | SuiteKind::Slo, _) => Group::Resilience,
        (SuiteKind::Import, _) => match suite.import.as_deref().map(|import| import.format) {
            Some(ImportFormat::Junit) | None => Group::Equivalence,
            Some(ImportFormat::Sarif) => Group::Integrity,
            Some(ImportFormat::CyclonedxVex) => Group::Supply,
            Some(ImportFormat::Lcov) => Group::Ergonomics,
        },
        // Whether dependencies may be used comes before what is built of them.
        (SuiteKind::Tool, Some("cargo-deny" | "cargo-vet")) => Group::Supply,
        // What a release promised is what users compare its results with.
        (SuiteKind::Tool, Some("cargo-semver-checks")) => Group::Equivalence,
        (SuiteKind::Tool, _) => Group::Ergonomics,
    }
}

/// What a suite does, in one line.
pub fn summary(suite: &SuitePolicy) -> String {
    match suite.kind {
        SuiteKind::Bench => format!(
            "`{}` stays within budget, compared with {}",
            suite.command.join(" "),
            match suite.bench.as_deref().map(|bench| &bench.reference) {
                Some(BenchReference::Command(command)) => format!("`{}`", command.join(" ")),
                Some(BenchReference::Commit(commit)) => format!("the same at `{commit}`"),
                Some(BenchReference::None) | None => "its limits".to_owned(),
            }
        ),
        SuiteKind::Drill => {
            let faults = suite.drill.iter().flat_map(|drill| &drill.faults);
            let names: Vec<&str> = faults.map(|fault| fault.name.as_str()).collect();
            format!("`{}` recovers from {}", suite.command.join(" "), names.join(", "))
        }
        SuiteKind::Equivalence => {
            let Some(policy) = suite.equivalence.as_deref() else {
                return "nothing is compared".to_owned();
            };
            let names: Vec<&str> = policy
                .references
                .iter()
                .map(|reference| reference.name.as_str())
                .collect();
            format!(
                "{} gives what {} gives, in every cell of its scope",
                policy.implementation,
                names.join(", ")
            )
        }
        SuiteKind::Import => {
            let files = suite.import.as_deref().map(|import| import.files.join("`, `"));
            format!("nothing fails in `{}`", files.unwrap_or_default())
        }
        SuiteKind::Ready => {
            let run = suite.ready.as_deref().map_or("", |ready| ready.run.as_str());
            format!("the training run in `{run}` may be deployed")
        }
        SuiteKind::Slo => {
            let Some(slo) = suite.slo.as_deref() else {
                return "nothing is promised".to_owned();
            };
            let objectives = slo.objectives.iter().map(|objective| objective.name.as_str());
            let fairness = slo.fairness.iter().map(|fairness| fairness.name.as_str());
            let names: Vec<_> = objectives
                .chain(fairness)
                .chain(slo.openslo.iter().map(String::as_str))
                .collect();
            format!("{} held over the last days", names.join(", "))
        }
        SuiteKind::Test => format!("`{}` runs tests, and all pass", suite.command.join(" ")),
        SuiteKind::Tool => {
            let tool = suite.tool.as_deref().unwrap_or("the tool");
            match &suite.part {
                Some(part) => format!("{tool} reports nothing about {part}"),
                None => format!("{tool} reports nothing"),
            }
        }
    }
}
