//! gate.toml as people write it, wrong and right.

mod extends;
mod loading;
mod properties;
mod warnings;

use insta::assert_snapshot;

use super::*;
use gate_base::stage::Stage;

/// A catalogue that does not change with the built-in checks.
fn catalogue() -> Catalogue {
    Catalogue::default()
        .with("lockfile.tracked", Stage::Controlled)
        .with("boundary.raw", Stage::Controlled)
        .with("toolchain.pinned", Stage::Pilot)
}

fn parse(text: &str) -> Policy {
    validate("gate.toml", text, &catalogue()).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn errors(text: &str) -> String {
    match validate("gate.toml", text, &catalogue()) {
        Ok(policy) => panic!("accepted: {policy:?}"),
        Err(errors) => errors.render(false),
    }
}

const FULL: &str = r#"
cache = { remote = "s3://kernels/team?region=eu-central-1", mode = "rw", timeout = "20s", reports = ["target/cache_workflow.json"], min-hit-percent = 95 }
version = 1
toolchain = { release = "1.95.0", minimum = "1.85", reviewed = 2026-05-20, floor = [{ minimum = "1.85", announced = 2026-01-31 }] }
kernels.reproducible = true
conformance = { profiles = ["commit"], backend = [{ name = "cpu", supported = ["axpy"] }], row = [{ id = "unit", backend = "cpu", profile = "commit", suite = "smoke", test-files = ["tests/a.rs"] }] }
uses.net = false
generated = [{ files = ["schema/*.json"], generator = "cargo xtask docs" }]
[stage.pilot]
scope = "one internal service"

[stage.controlled]
scope = "10% of traffic"
max-age = "30d"
strict = true

[stage.broad]

[tiers]
default = "portable"

[[tiers.exception]]
package = "ffi-sys"
tier = "native"
owner = "platform"
reason = "bindings"
expires = "2030-01-31"

[boundary]
inventory = "boundary_inventory.json"

[[boundary.allow]]
path = "src/ffi/**"
reason = "bindings"
owner = "platform"

[paths]
forbid = ["/srv/build"]
placeholders = ["grace"]

[secrets]
test-code = true
personal = ["data/**"]

[[secrets.allow]]
path = "deploy/demo.pem"
type = "private_key"
digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
owner = "platform-team"
reason = "made for the demo server"
expires = 2030-01-31

[profile.release]
overflow-checks = true
panic = ["abort", "unwind"]
lto = [true, "fat"]
opt-level = [2, 3, "s"]

[[suite.tool]]
name = "lints"
tool = "clippy"
required = false

[[suite.test]]
name = "all"
command = "cargo test --locked"
timeout = "2h"

[[suite.test]]
name = "smoke"
command = ["./smoke", "a b", "$HOME"]
stage = "broad"
inputs = ["src/**"]
env = ["RUSTFLAGS"]
min-tests = 3
format = "exit-code"
directory = "services/api"

[[waiver]]
check = "suite.test.all"
contains = "flaky"
owner = "platform"
reason = "tracked in 12"
expires = 2030-01-31

[[exclusion]]
surface = "admin console"
packages = ["admin"]
reason = "not deployed"
risk = "low"

[checks."lockfile.tracked"]
blocks-at = "pilot"

[ci]
platforms = ["linux", "aarch64-apple-darwin"]
pinned-actions = true
trusted-actions = ["actions/*"]
scripts = ["ci/run.sh"]
gate-steps = ["cargo xtask ci"]
[supply]
advisory-db = "../advisory-db"
max-age = { pilot = "60d", broad = "7d" }
[register]
path = "governance/register.toml"

[owners]
default = "platform"
packages = { "ffi-*" = "bindings" }

[waivers]
max-days = 300

[history]
runs = 3

[[evidence.age]]
check = "suite.test.*"
max-age = "7d"
stage = "broad"

[warnings]
review-before = "controlled"

[[warnings.reviewed]]
check = "boundary.raw"
by = "ada"
on = 2026-01-31
note = "tests only"
[[checklist.broad]]
id = "runbook"
description = "The runbook is written"
checks = ["suite.test.*", "lockfile.tracked"]
artifacts = ["docs/runbook.md", { path = "LICENSE", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }]
[docs]
links = ["README.md"]
[failure]
panic-inventory = "panics.json"
coverage = "target/lcov.info"
[runtime]
decision-logs = ["target/decision_log.jsonl"]
run-stats = ["target/run_stats.json"]
[release]
changelogs = ["CHANGELOG.md"]
approve-majors = true
[[release.approval]]
major = 1
packages = ["core"]
record = "docs/approval.md"
by = "board"
date = 2026-05-04
[[release.version-file]]
path = "editor/package.json"
pointer = "/version"
package = "core"
[[deprecation]]
item = "core::old"
since = "1.2.0"
remove-in = "2.0.0"
replacement = "`core::new`"
[stability]
reference = "v*"
[[claim]]
surface = "parsing"
class = "compiled"
evidence = ["boundary.raw"]
"#;

#[test]
fn a_full_policy_is_understood() {
    let policy = parse(FULL);
    assert!(policy.sanity.is_empty(), "{:?}", policy.sanity);
    assert_eq!(policy.stages.len(), 3);
    assert_eq!(policy.checklist[0].artifacts.len(), 2);
    assert_eq!(policy.evidence.age[0].stage, Some(Stage::Broad));
    assert!(policy.register.is_some() && policy.owners.is_some() && policy.history.is_some());
    assert_eq!(
        policy.warnings.as_ref().map(|warnings| warnings.reviewed.len()),
        Some(1)
    );
    let suites: Vec<&str> = policy.suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(suites, ["lints", "all", "smoke"]);
    let sections = serde_json::json!({
        "stages": policy.stages,
        "profiles": policy.profiles,
        "tiers": policy.tiers,
        "boundary": policy.boundary,
        "failure": policy.failure,
        "cache": policy.cache, "runtime": policy.runtime,
        "release": policy.release, "toolchain": policy.toolchain,
        "deprecations": policy.deprecations,
        "paths": policy.paths,
        "secrets": policy.secrets,
        "suites": policy.suites,
        "waivers": policy.waivers,
        "exclusions": policy.exclusions,
        "checks": policy.checks,
    });
    insta::assert_snapshot!("full_policy", serde_json::to_string_pretty(&sections).unwrap());
}

/// The smallest file, for tests that add to it.
const SMALL: &str = "version = 1\nstage.pilot.scope = \"x\"\n";

#[test]
fn an_empty_file_names_what_is_missing() {
    for text in ["", "\u{feff}", "# nothing\r\n"] {
        let errors = validate("gate.toml", text, &catalogue()).unwrap_err();
        let helps: Vec<_> = errors
            .problems()
            .iter()
            .map(|problem| problem.help.clone().unwrap())
            .collect();
        assert_eq!(
            helps,
            [
                "add `stage.pilot.scope = \"one internal service\"`",
                "add `version = 1`"
            ],
            "{text:?}"
        );
    }
    assert_snapshot!("empty", errors(""));
}

#[test]
fn unknown_keys_are_errors_with_a_suggestion() {
    assert_snapshot!(
        "unknown_keys",
        errors(
            r#"
version = 1
tiers.colour = true

[stage.pilto]
scope = "x"

[boundary]
saftey-comments = true

[[waiver]]
check = "boundary.raw"
owner = "me"
reason = "why"
exipres = 2030-01-01

[profile.release]
overflow_checks = true

[suites]
"#,
        )
    );
}

#[test]
fn wrong_words_types_and_ranges_come_all_at_once() {
    assert_snapshot!(
        "wrong_values",
        errors(
            r#"version = 2
stage.pilot = { scope = "  ", strict = "yes" }
stage.controlled.max-age = "2 weeks"
stage.broad.max-age = "10m"
profile.release = { panic = "abrot", lto = ["thin", "fatt"], codegen-units = 0, opt-level = 4, strip = [], debug = 1.5 }

[tiers]
default = "natve"
exception = { package = "a", tier = "native" }

[[suite.test]]
name = "Prod Smoke"
command = "cargo test | tee log"
min-tests = 0
timeout = "25h"
inputs = ["/abs/**", "src/[a"]
env = ["A=1"]
directory = "../other"
format = "junit"

[[suite.test]]
name = "none"

[[suite.tool]]
name = "none"
tool = "rustfmt"
args = ["--check", 1]

[[waiver]]
check = "boundary.row"
owner = ""
reason = "why"
expires = "31.12.2030"

[[waiver]]
check = "boundary.raw"
owner = "me"
reason = "why"
expires = 2030-01-31T10:00:00Z

[[exclusion]]
surface = "all"
reason = "why"
risk = "none"

[checks."lockfile.tracked"]
blocks-at = "broad"

[checks."lockfile.traked"]
blocks-at = "pilot"
"#,
        )
    );
}

#[test]
fn syntax_and_content_are_reported_together() {
    assert_snapshot!(
        "syntax_and_content",
        errors(
            "version = \r\n\r\n[stage.pilot]\r\nscope = 'x\r\nscope = \"ü\"\r\nstrcit = true\r\n\r\n[tiers]\r\ndefault = \"nativ\"\r\n[tiers]\r\n",
        )
    );
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_fine() {
    let text = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    let policy = parse(&text);
    let location = &policy.waivers[0].location;
    assert_eq!(
        (location.line, location.column, location.length),
        (Some(79), Some(1), Some(10))
    );
    assert_eq!(policy.source.unwrap().text, text, "the text is kept byte for byte");
    let errors = validate("gate.toml", "\u{feff}versoin = 1\r\n", &catalogue()).unwrap_err();
    assert_eq!(errors.locations()[0].column, Some(1));
}

#[test]
fn columns_count_characters() {
    let errors = validate(
        "gate.toml",
        &format!("{SMALL}tiers = {{ \"über\" = 1, defualt = 2 }}\n"),
        &catalogue(),
    );
    let columns: Vec<_> = errors
        .unwrap_err()
        .locations()
        .iter()
        .map(|location| location.column)
        .collect();
    assert_eq!(columns, [Some(11), Some(23)]);
}

/// Whether the bytes of a section change when the file moves by a line; and when a word of `[tiers]` does.
fn changes<S: Section>(policy: &Policy, moved: &Policy, edited: &Policy) -> (bool, bool) {
    assert_eq!(S::bytes(policy), S::bytes(&parse(FULL)), "{}", S::NAME);
    (
        S::bytes(policy) != S::bytes(moved),
        S::bytes(policy) != S::bytes(edited),
    )
}

#[test]
fn sections_notice_their_own_changes_and_where_they_stand() {
    let policy = parse(FULL);
    let moved = parse(&format!("\n{FULL}"));
    let edited = parse(&FULL.replace("native", "idiomatic"));
    let all = (&policy, &moved, &edited);
    let of = |found: fn(&Policy, &Policy, &Policy) -> (bool, bool)| found(all.0, all.1, all.2);
    assert_eq!(of(changes::<TierPolicy>), (true, true));
    let others = [
        changes::<BoundaryPolicy>,
        changes::<CachePolicy>,
        changes::<CiPolicy>,
        changes::<Claim>,
        changes::<ConformancePolicy>,
        changes::<KernelPolicy>,
        changes::<ProfilePolicy>,
        changes::<Register>,
        changes::<ReleasePolicy>,
        changes::<StagePolicy>,
        changes::<SuitePolicy>,
        changes::<SupplyPolicy>,
        changes::<ToolchainPolicy>,
        changes::<UsesPolicy>,
        changes::<Waiver>,
    ];
    for section in others {
        assert_eq!(of(section), (true, false));
    }
}

#[test]
fn checklists_state_no_status_and_ask_for_something() {
    let with = |item: &str| {
        errors(&format!(
            "version = 1\nstage.pilot.scope = \"x\"\n[[checklist.pilot]]\n{item}"
        ))
    };
    assert_snapshot!(with(
        "id = \"a\"\ndescription = \"b\"\nstatus = \"pass\"\nchecks = [\"boundary.row\", \"suite.tset.*\"]\n"
    ));
    assert_snapshot!(with(
        "id = \"a\"\ndescription = \"b\"\n[[checklist.broad]]\nid = \"a\"\ndescription = \"c\"\n\
                           artifacts = [\"/etc/passwd\", { path = \"a\" }, { path = \"b\", sha256 = \"XY\" }]\n"
    ));
}

#[test]
fn a_large_broken_file_is_bounded_in_output() {
    let text = "a=1=2\n".repeat(20_000);
    let rendered = errors(&text);
    assert!(rendered.lines().count() < 600, "{}", rendered.lines().count());
    assert!(rendered.ends_with("errors"));
}
