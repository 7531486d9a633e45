//! A check reads only what it declares: in a world in which everything else is gone or different, it says the same and
//! has the same fingerprint. This is what makes it sound to reuse evidence.

#[path = "outcomes/mod.rs"]
mod outcomes;

use std::fs;
use std::path::Path;

use cargo_gate::base::digest::Digest;
use cargo_gate::base::stage::Stage;
use cargo_gate::checks;
use cargo_gate::contract::{Applies, Check, Context, Input, Judgement, Phase};
use cargo_gate::engine::fingerprint;
use cargo_gate::engine::inputs::InputDigests;
use cargo_gate::evidence::history::History;
use cargo_gate::policy::{self, Policy};
use cargo_gate::report::CheckReport;
use cargo_gate::surveys::Surveys;
use cargo_gate::workspace::environment::Environment;
use cargo_gate::workspace::{Options, Workspace};
use gate_tests::fixture::Fixture;
use jiff::Timestamp;

/// The day on which fixtures are judged.
const NOW: &str = "2026-06-15T12:00:00Z";

/// What a check makes of a world: what it says, and the fingerprint under which that would be kept.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    said: String,
    parts: Vec<(String, Option<Digest>)>,
}

/// Everything but the files.
struct Rest {
    policy: Policy,
    now: Timestamp,
    stage: Stage,
    variables: Vec<(String, String)>,
}

impl Rest {
    fn of(fixture: &Fixture) -> Self {
        let policy = policy::load(&fixture.root(), None, &cargo_gate::checks::catalogue());
        Self {
            policy: policy.unwrap_or_else(|error| panic!("{}", error.rendered.unwrap_or(error.message))),
            now: NOW.parse().expect("a time"),
            stage: fixture.stage().parse().expect("a stage"),
            variables: fixture.environment().into_iter().collect(),
        }
    }
}

/// What the other checks say about a fixture, for one that reads their outcomes.
fn outcomes(check: &'static Check, fixture: &Fixture, rest: &Rest) -> Vec<CheckReport> {
    if check.phase == Phase::Evidence {
        return Vec::new();
    }
    let workspace = open(check, fixture, rest);
    let history = History::load(&workspace.gate_dir());
    outcomes::of_the_others(
        &workspace,
        &rest.policy,
        &history,
        (rest.now, rest.stage),
        fixture.suites(),
    )
}

fn open(check: &'static Check, fixture: &Fixture, rest: &Rest) -> Surveys {
    let options = Options {
        cwd: fixture.root(),
        manifest_path: None,
        target_dir: None,
        offline: true,
        environment: Environment::from_pairs(rest.variables.clone()),
    };
    Workspace::open(options)
        .map(Surveys::from)
        .unwrap_or_else(|error| panic!("{}: {error}", check.id))
}

fn ask(check: &'static Check, fixture: &Fixture, rest: &Rest, outcomes: &[CheckReport]) -> Answer {
    let workspace = open(check, fixture, rest);
    let history = History::load(&workspace.gate_dir());
    let context =
        Context::new(&workspace, &rest.policy, &history, rest.now, rest.stage, check.inputs).with_outcomes(outcomes);
    let said = match (check.applies)(&context) {
        Applies::No(reason) => format!("does not apply: {reason}"),
        Applies::Yes => match (check.run)(&context) {
            Judgement::Findings(findings) => format!("{findings:#?}"),
            Judgement::NotRun(reason) => format!("not run: {reason:?}"),
            Judgement::Inconclusive(reason) => format!("inconclusive: {reason:?}"),
        },
    };
    let inputs = InputDigests::new(&workspace, &rest.policy, rest.stage, rest.now);
    let mut parts = fingerprint::of_check(check, &inputs).parts;
    // The commit holds the other files too, and so has another hash.
    parts.retain(|(name, _)| name != Input::GitHead.name());
    Answer {
        said: said.replace(&fixture.root().display().to_string(), "<root>"),
        parts,
    }
}

/// Which parts of the world a check may read.
struct Declared(&'static [Input]);

impl Declared {
    fn any(&self, inputs: &[Input]) -> bool {
        inputs.iter().any(|input| self.0.contains(input))
    }

    /// Whether it may read which files there are.
    fn names(&self) -> bool {
        self.any(&[Input::FileNames, Input::AllFiles])
    }

    /// Takes away or changes every file that it may not read. Returns what was done.
    fn change_files(&self, root: &Path) -> Vec<&'static str> {
        let mut done = Vec::new();
        let all = self.any(&[Input::AllFiles]);
        if !all && !self.any(&[Input::RustSources]) {
            for_each(root, &|path| path.ends_with(".rs"), &|path| {
                write(path, "// Nothing.\n");
            });
            done.push("sources emptied");
        }
        if !all && !self.any(&[Input::Documents, Input::Artifacts, Input::ReleaseFiles]) {
            // An advisory database is Markdown, and no document.
            let document = |path: &str| path.ends_with(".md") && !path.contains("advisory-db");
            for_each(root, &document, &|path| {
                write(path, "Nothing. [Really](nothing.md)\n");
            });
            done.push("documents emptied");
        }
        if !all && !self.any(&[Input::Manifests]) {
            let shift = |path: &Path| write(path, &format!("# Moved down.\n\n{}", read(path)));
            for_each(root, &|path| path.ends_with("Cargo.toml"), &shift);
            done.push("manifests moved");
        }
        if !self.any(&[Input::AdvisoryDb]) && root.join("advisory-db").exists() {
            fs::remove_dir_all(root.join("advisory-db")).expect("a database");
            done.push("advisories removed");
        }
        if !self.names() {
            fs::create_dir_all(root.join("notes")).expect("a directory");
            write(&root.join("notes/more.txt"), "More.\n");
            done.push("file added");
            if !self.any(&[Input::Manifests, Input::Cargo]) {
                let other = "[package]\nname = \"other\"\nversion = \"9.9.9\"\n\n[lib]\npath = \"other.rs\"\n";
                write(&root.join("Cargo.toml"), other);
                write(&root.join("other.rs"), "");
                done.push("package replaced");
            }
            if !self.any(&[Input::Lockfile, Input::Cargo]) && root.join("Cargo.lock").exists() {
                fs::remove_file(root.join("Cargo.lock")).expect("a lockfile");
                done.push("lockfile removed");
            }
            for (input, path) in [
                (Input::PanicInventory, "panic_inventory.json"),
                (Input::ReleaseFiles, "CHANGELOG.md"),
            ] {
                if !self.any(&[input]) && root.join(path).exists() {
                    fs::remove_file(root.join(path)).expect("a file");
                    done.push("file of a policy section removed");
                }
            }
            if !self.any(&[Input::ToolchainFile]) && root.join("rust-toolchain.toml").exists() {
                fs::remove_file(root.join("rust-toolchain.toml")).expect("a toolchain file");
                done.push("toolchain file removed");
            }
            if !self.any(&[Input::CiFiles]) {
                let workflows = root.join(".github/workflows");
                fs::create_dir_all(&workflows).expect("a directory");
                write(&workflows.join("ci.yml"), "jobs: {}\n");
                if root.join(".gitlab-ci.yml").exists() {
                    fs::remove_file(root.join(".gitlab-ci.yml")).expect("a pipeline");
                }
                done.push("CI replaced");
            }
            // What has no extension may be a script that CI starts.
            if !self.any(&[Input::CodeOwners, Input::CiFiles]) {
                write(&root.join("CODEOWNERS"), "* @everybody\n");
                done.push("owners added");
            }
            if !self.any(&[Input::Artifacts, Input::Documents, Input::ReleaseFiles]) && root.join("docs").exists() {
                fs::remove_dir_all(root.join("docs")).expect("a directory");
                done.push("documents removed");
            }
            if !self.any(&[Input::CargoConfig]) {
                fs::create_dir_all(root.join(".cargo")).expect("a directory");
                write(
                    &root.join(".cargo/config.toml"),
                    "[profile.release]\noverflow-checks = false\n",
                );
                done.push("configuration added");
            }
        }
        done
    }

    /// Takes away or changes everything else that it may not read.
    fn change_rest(&self, rest: &mut Rest) {
        if !self.any(&[Input::PolicyFile]) {
            let policy = std::mem::take(&mut rest.policy);
            let kept = &mut rest.policy;
            if self.any(&[Input::PolicyTiers]) {
                kept.tiers = policy.tiers;
            }
            if self.any(&[Input::PolicyProfiles]) {
                kept.profiles = policy.profiles;
            }
            if self.any(&[Input::PolicyBoundary]) {
                kept.boundary = policy.boundary;
            }
            if self.any(&[Input::PolicyConformance]) {
                kept.conformance = policy.conformance;
            }
            if self.any(&[Input::PolicyDocs]) {
                kept.docs = policy.docs;
            }
            if self.any(&[Input::PolicyDeprecations]) {
                kept.deprecations = policy.deprecations;
            }
            if self.any(&[Input::PolicyFailure]) {
                kept.failure = policy.failure;
            }
            if self.any(&[Input::PolicyRelease]) {
                kept.release = policy.release;
            }
            if self.any(&[Input::PolicyKernels]) {
                kept.kernels = policy.kernels;
            }
            if self.any(&[Input::PolicyCache]) {
                kept.cache = policy.cache;
            }
            if self.any(&[Input::PolicyRuntime]) {
                kept.runtime = policy.runtime;
            }
            if self.any(&[Input::PolicyPaths]) {
                kept.paths = policy.paths;
            }
            if self.any(&[Input::PolicySecrets]) {
                kept.secrets = policy.secrets;
            }
            if self.any(&[Input::PolicyStages]) {
                kept.stages = policy.stages;
            }
            if self.any(&[Input::PolicySuites]) {
                kept.suites = policy.suites;
            }
            if self.any(&[Input::PolicyCi]) {
                kept.ci = policy.ci;
            }
            if self.any(&[Input::PolicySupply]) {
                kept.supply = policy.supply;
            }
            if self.any(&[Input::PolicyUses]) {
                kept.uses = policy.uses;
            }
            if self.any(&[Input::PolicyGenerated]) {
                kept.generated = policy.generated;
            }
            if self.any(&[Input::PolicyStability]) {
                kept.stability = policy.stability;
            }
            if self.any(&[Input::PolicyClaims]) {
                kept.claims = policy.claims;
            }
            if self.any(&[Input::PolicyToolchain]) {
                kept.toolchain = policy.toolchain;
            }
            if self.any(&[Input::PolicyOwners]) {
                kept.owners = policy.owners;
            }
            if self.any(&[Input::PolicyRecord]) {
                kept.evidence_ages = policy.evidence_ages;
                kept.history = policy.history;
                kept.warnings = policy.warnings;
            }
            if self.any(&[Input::PolicyRegister]) {
                kept.register = policy.register;
            }
            if self.any(&[Input::PolicyChecklist]) {
                kept.checklist = policy.checklist;
            }
            if self.any(&[Input::PolicyWaivers]) {
                kept.waiver_rules = policy.waiver_rules;
                kept.waivers = policy.waivers;
            }
        }
        if !self.any(&[Input::Today, Input::History]) {
            rest.now = "2031-01-01T00:00:00Z".parse().expect("a time");
        }
        if !self.any(&[Input::Stage]) {
            rest.stage = Stage::Broad;
        }
        if !self.any(&[Input::SuiteVariables]) {
            rest.variables.push(("INSTA_UPDATE".into(), "always".into()));
        }
        if !self.any(&[Input::AdvisoryDb]) {
            rest.variables.push(("CARGO_GATE_ADVISORY_DB".into(), "nowhere".into()));
        }
        if !self.any(&[Input::CargoEnvironment]) {
            rest.variables.push(("CARGO_PROFILE_RELEASE_LTO".into(), "fat".into()));
        }
    }
}

fn for_each(directory: &Path, wanted: &dyn Fn(&str) -> bool, act: &dyn Fn(&Path)) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            for_each(&path, wanted, act);
        } else if wanted(&path.to_string_lossy()) {
            act(&path);
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a file can be written");
}

/// Both worlds of a check over one of its fixtures.
fn isolate(check: &'static Check, twin: &str) {
    let whole = Fixture::open(check.id, twin);
    let rest = Rest::of(&whole);
    let outcomes = outcomes(check, &whole, &rest);
    let expected = ask(check, &whole, &rest, &outcomes);
    let fails = expected.said.starts_with("[\n") || expected.said.starts_with("inconclusive");
    assert_eq!(fails, twin == "fail", "{}/{twin}: {}", check.id, expected.said);

    let declared = Declared(check.inputs);
    let mut done = Vec::new();
    let bare = Fixture::open_changed(check.id, twin, |root| done = declared.change_files(root));
    let mut rest = Rest::of(&bare);
    declared.change_rest(&mut rest);
    let answer = ask(check, &bare, &rest, &outcomes);
    assert_eq!(
        answer.said, expected.said,
        "{}/{twin} reads more than it declares; {done:?}",
        check.id
    );
    assert_eq!(answer.parts, expected.parts, "{}/{twin}: {done:?}", check.id);
    assert!(
        !done.is_empty() || declared.any(&[Input::AllFiles]),
        "{} is not isolated",
        check.id
    );
}

#[test]
fn a_failing_check_reads_only_what_it_declares() {
    for check in checks::ALL {
        isolate(check, "fail");
    }
}

#[test]
fn a_passing_check_reads_only_what_it_declares() {
    for check in checks::ALL {
        isolate(check, "clean");
    }
}
