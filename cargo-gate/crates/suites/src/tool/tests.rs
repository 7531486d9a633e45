use super::super::tests::{run_in, shown, suite, workspace};
use gate_policy::{StabilityClass, StabilityPolicy, SuiteKind, Surface};
use gate_report::Location;

use super::*;

const MANIFEST: &str = "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\n";

fn tool(name: &str) -> SuitePolicy {
    SuitePolicy {
        kind: SuiteKind::Tool,
        tool: Some(name.into()),
        ..suite(&[])
    }
}

fn run_tool(name: &str, source: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let files = [("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/lib.rs", source)];
    let run = run_in(&workspace(directory.path(), &files), &tool(name));
    if let Some(suite) = &run.suite {
        assert!(
            suite
                .tool_version
                .as_deref()
                .is_some_and(|version| version.contains('.')),
            "{suite:?}"
        );
    }
    shown(&run)
}

#[test]
fn clippy_reports_lints_and_errors() {
    insta::assert_snapshot!(run_tool("clippy", "pub fn f(x: &Vec<u8>) -> bool {\n    x.len() == 0\n}\n"), @r"
    block: writing `&Vec` instead of `&[_]` involves a new object where a slice will do (clippy::ptr_arg)
      at src/lib.rs:Some(1):Some(13)
      help: change this to: `&[u8]`
    block: length comparison to zero (clippy::len_zero)
      at src/lib.rs:Some(2):Some(5)
      help: using `is_empty` is clearer and more explicit: `x.is_empty()`
    0 passed, 0 failed, 0 skipped, exit Some(0)
    ");
    insta::assert_snapshot!(run_tool("clippy", "pub fn f() -> u8 {\n    \"\"\n}\n"), @r"
    block: mismatched types (E0308)
      at src/lib.rs:Some(2):Some(5)
      help: cargo clippy --workspace --all-targets
    0 passed, 0 failed, 0 skipped, exit Some(101)
    ");
    insta::assert_snapshot!(run_tool("clippy", "pub fn f() {}\n"), @"0 passed, 0 failed, 0 skipped, exit Some(0)");
}

#[test]
fn rustfmt_reports_files() {
    insta::assert_snapshot!(run_tool("rustfmt", "fn  main ( ) {}\n"), @r"
    block: `src/lib.rs` is not formatted
      at src/lib.rs:None:None
      help: cargo fmt --all
    0 passed, 0 failed, 0 skipped, exit Some(1)
    ");
    insta::assert_snapshot!(run_tool("rustfmt", "fn broken( {\n"), @"
    block: `cargo fmt --all -- --check -l` exited with code 1 without reporting anything
      help: read the end of the suite's log in the run directory
    0 passed, 0 failed, 0 skipped, exit Some(1)
    ");
    insta::assert_snapshot!(run_tool("rustfmt", "pub fn f() {}\n"), @"0 passed, 0 failed, 0 skipped, exit Some(0)");
}

#[test]
fn an_unknown_tool_is_not_run() {
    assert_eq!(
        run_tool("miri", ""),
        "not run: tool_unknown there is no adapter for the tool `miri`\n"
    );
}

fn read_clippy(text: &str) -> Reported {
    let mut reader = Box::new(clippy::Reader::new(&tool("clippy"), Path::new("/w")));
    text.lines().for_each(|line| reader.line(line));
    reader.finish()
}

#[test]
fn only_a_whole_report_is_believed() {
    let broken = |text| read_clippy(text).broken.unwrap_or_default();
    assert_eq!(broken(""), "cargo clippy did not report that it finished");
    assert!(broken("{\"reason\":").starts_with("cannot parse a message of cargo clippy: "));
    assert_eq!(broken("hello\n{\"reason\":\"build-finished\",\"success\":true}"), "");
}

const DENY: &str = include_str!("recorded/deny-0.20.jsonl");
const DENY_TOML: &str = "[licenses]\nallow = [\"Apache-2.0\"]\n[bans]\nmultiple-versions = \"warn\"\nwildcards = \
     \"deny\"\ndeny = [{ crate = \"libc\", reason = \"no\" }]\n";
const PACKAGES: &str = "[[package]]\nname = \"libc\"\nversion = \"0.2.191\"\n\n[[package]]\nname = \
     \"Inflector\"\nversion = \"0.11.4\"\n\n[[package]]\nname = \"ahash\"\nversion = \"0.8.12\"\n\n[[package]]\nname = \
     \"aho-corasick\"\nversion = \"1.1.5\"\n";

fn told(mut reader: Box<dyn Reads>, text: &str) -> String {
    text.lines().for_each(|line| reader.line(line));
    let reported = reader.finish();
    let mut said = gate_report::testing::findings_text(&reported.findings);
    said += &reported.broken.map(|why| format!("broken: {why}")).unwrap_or_default();
    said += &reported
        .refused
        .map(|reason| {
            format!(
                "{}: {}\n  help: {}",
                reason.code,
                reason.message,
                reason.help.unwrap_or_default()
            )
        })
        .unwrap_or_default();
    said
}

fn deny(text: &str) -> String {
    let files = vec![("deny.toml".to_owned(), DENY_TOML.to_owned())];
    let packages = packages::PackageLines::parse(PACKAGES.as_bytes());
    told(Box::new(deny::Reader::with(&tool("cargo-deny"), packages, files)), text)
}

fn vet(text: &str) -> String {
    let packages = packages::PackageLines::parse(PACKAGES.as_bytes());
    told(Box::new(vet::Reader::with(&tool("cargo-vet"), packages)), text)
}

fn semver_checks(text: &str) -> String {
    semver_checks_of("[package]\nname = \"demo\"\nversion = \"1.0.1\"\n", text)
}

fn semver_checks_of(demo_manifest: &str, text: &str) -> String {
    told(
        Box::new(semver::Reader::new(
            &tool("cargo-semver-checks"),
            Path::new("/w"),
            &[gate_world::testing::member("demo", "demo", None)],
            &[
                gate_world::manifest::Manifest::parse("Cargo.toml", "[workspace.package]\nversion = \"1.0.1\"\n")
                    .unwrap(),
                gate_world::manifest::Manifest::parse("demo/Cargo.toml", demo_manifest).unwrap(),
            ],
        )),
        text,
    )
}

#[test]
fn deny_reports_errors_and_warnings_where_they_are() {
    insta::assert_snapshot!(deny(DENY), @r#"
    Cargo.lock: `gate-tests 0.0.0`: found 1 wildcard dependency for crate 'gate-tests', `{ path = "../xtask" }`: wildcard dependency (wildcard) [pilot]
      help: correct the dependency or deny.toml; `cargo deny check` shows what depends on the package
      because: gate.toml:3
    Cargo.lock:2: `libc 0.2.191`: crate 'libc = 0.2.191' is explicitly banned, `libc`: banned here, `no`: reason (banned) [pilot]
      also: deny.toml:6
      help: correct the dependency or deny.toml; `cargo deny check` shows what depends on the package
      because: gate.toml:3
    Cargo.lock:6: `Inflector 0.11.4`: failed to satisfy license requirements, `BSD-2-Clause`: rejected: license is not explicitly allowed (rejected) [pilot]
      help: correct the dependency or deny.toml; `cargo deny check` shows what depends on the package
      because: gate.toml:3
    Cargo.lock: `syn 1.0.109`: found 3 duplicate entries for crate 'syn' (duplicate) [advice]
      help: correct the dependency or deny.toml; `cargo deny check` shows what depends on the package
      because: gate.toml:3
    "#);
}

#[test]
fn a_report_of_deny_that_is_not_whole_is_no_pass() {
    let cut: String = DENY.lines().take(2).map(|line| format!("{line}\n")).collect();
    let fewer: String = DENY.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let log = |level: &str, text: &str| {
        format!("{{\"type\":\"log\",\"fields\":{{\"level\":\"{level}\",\"message\":\"{text}\"}}}}\n")
    };
    let summary = |checks: &str| format!("{{\"type\":\"summary\",\"fields\":{{{checks}}}}}\n");
    let counts =
        |name: &str, helps: u32| format!("\"{name}\":{{\"errors\":0,\"helps\":{helps},\"notes\":0,\"warnings\":0}}");
    let all = |helps| summary(&[counts("bans", 0), counts("licenses", helps), counts("sources", 0)].join(","));
    insta::assert_snapshot!([
        deny(""),
        deny(&cut),
        deny(&fewer),
        deny("{\"type\":"),
        deny(&log("ERROR", "failed to fetch crates")),
        deny(&(log("WARN", "unable to find a config path, falling back to default config") + &all(1))),
        deny(&summary(&counts("bans", 0))),
        deny(&all(0)),
    ].join("\n"), @"
    broken: cargo deny did not report that it finished
    broken: cargo deny did not report that it finished
    broken: cargo deny reported 3 errors, but only 2 could be parsed
    broken: cannot parse a message of cargo deny: EOF while parsing a value at line 1 column 8
    tool_failed: cargo deny failed: failed to fetch crates
      help: cargo deny check
    config_missing: there is no deny.toml, so cargo deny has no rules to check
      help: cargo deny init
    broken: cargo deny reported nothing about licenses
    nothing_checked: cargo deny checked no licenses
      help: correct `[graph]` in deny.toml, which excludes every package
    ");
    assert_eq!(deny(&all(1)), "");
}

#[test]
fn what_is_gone_is_reported_where_the_version_is_written() {
    let inherited = "[package]\nname = \"demo\"\nversion.workspace = true\n";
    let of = |manifest: &str| {
        semver_checks_of(manifest, SEMVER)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    insta::assert_snapshot!([of(inherited), of("[package]\nname = \"demo\"\n")].join("\n"), @"
    Cargo.toml:2: pub fn removed or renamed: function demo::gone (function_missing) [pilot]
    demo/Cargo.toml:1: pub fn removed or renamed: function demo::gone (function_missing) [pilot]
    ");
}

#[test]
fn answers_of_deny_are_judged_apart() {
    let part = |part: &str, text: &str| {
        let suite = SuitePolicy {
            part: Some(part.into()),
            ..tool("cargo-deny")
        };
        let files = vec![("deny.toml".to_owned(), DENY_TOML.to_owned())];
        let packages = packages::PackageLines::parse(PACKAGES.as_bytes());
        told(Box::new(deny::Reader::with(&suite, packages, files)), text)
    };
    insta::assert_snapshot!(part("bans", DENY), @r#"
    Cargo.lock: `gate-tests 0.0.0`: found 1 wildcard dependency for crate 'gate-tests', `{ path = "../xtask" }`: wildcard dependency (wildcard) [pilot]
      help: correct the dependency or deny.toml; `cargo deny check` shows what depends on the package
      because: gate.toml:3
    Cargo.lock:2: `libc 0.2.191`: crate 'libc = 0.2.191' is explicitly banned, `libc`: banned here, `no`: reason (banned) [pilot]
      also: deny.toml:6
      help: correct the dependency or deny.toml; `cargo deny check` shows what depends on the package
      because: gate.toml:3
    Cargo.lock: `syn 1.0.109`: found 3 duplicate entries for crate 'syn' (duplicate) [advice]
      help: correct the dependency or deny.toml; `cargo deny check` shows what depends on the package
      because: gate.toml:3
    "#);
    insta::assert_snapshot!(part("licenses", DENY), @"
    Cargo.lock:6: `Inflector 0.11.4`: failed to satisfy license requirements, `BSD-2-Clause`: rejected: license is not explicitly allowed (rejected) [pilot]
      help: correct the dependency or deny.toml; `cargo deny check` shows what depends on the package
      because: gate.toml:3
    ");
    assert_eq!(part("sources", DENY), "");
    // A code of licences that nobody knows here is not read as something about bans.
    let unknown = DENY.replace("\"rejected\"", "\"not-good\"");
    insta::assert_snapshot!([part("bans", &unknown), part("licenses", &unknown)].join("\n"), @"
    broken: cargo deny reported 2 errors and 1 warnings about bans, but only 3 and 1 could be parsed
    broken: cargo deny reported 1 errors and 0 warnings about licenses, but only 0 and 0 could be parsed
    ");
}

#[test]
fn a_call_of_which_several_suites_judge_a_part_is_made_once() {
    let directory = tempfile::tempdir().unwrap();
    let shared = crate::Shared::default();
    let mut made = 0;
    let log = directory.path().join("first.log");
    std::fs::write(&log, "output").unwrap();
    let end = gate_base::process::ProcessEnd {
        exit_code: Some(1),
        signal: None,
        timed_out: false,
        cancelled: false,
        duration: std::time::Duration::ZERO,
    };
    let command = vec!["tool".to_owned()];
    assert!(shared.call(&command, || Ok(None)).unwrap().is_none());
    for other in ["a/second.log", "third.log"] {
        let call = shared.call(&command, || {
            made += 1;
            Ok(Some(super::Call::new(vec!["line".into()], end.clone(), &shared, &log)))
        });
        let call = call.unwrap().unwrap();
        assert_eq!(call.lines, ["line"]);
        let other = directory.path().join(other);
        call.write_log(&shared, &other).unwrap();
        assert_eq!(std::fs::read_to_string(other).unwrap(), "output");
    }
    assert_eq!(made, 1);
}

#[test]
fn vet_reports_what_nobody_read() {
    insta::assert_snapshot!([
        vet(include_str!("recorded/vet-unvetted.json")),
        vet(include_str!("recorded/vet-violation.json")),
    ].join("\n"), @r"
    Cargo.lock:10: `ahash 0.8.12` is not vetted for safe-to-run [pilot]
      help: review it and run `cargo vet certify ahash 0.8.12`, or see `cargo vet suggest`
      because: gate.toml:3
    Cargo.lock:14: an audit says that `aho-corasick 1.1.5` violates the required criteria [pilot]
      help: remove `aho-corasick 1.1.5`, or correct the audit; `cargo vet` shows it
      because: gate.toml:3
    ");
}

#[test]
fn a_report_of_vet_that_judges_nothing_is_no_pass() {
    let success = |exempted: &str| {
        format!(
            "{{\"conclusion\":\"success\",\"vetted_fully\":[],\"vetted_partially\":[],\"vetted_with_exemptions\":[{exempted}]}}"
        )
    };
    insta::assert_snapshot!([
        vet(""),
        vet("{\"error\": {\"message\": \"You must run 'cargo vet init' (store not found at /w/supply-chain)\"}}"),
        vet("{\"error\": {\"message\": \"Your cargo-vet store has consistency errors\\nmore\"}}"),
        vet("{\"conclusion\":\"fail (vetting)\",\"failures\":[]}"),
        vet("{\"conclusion\":\"perhaps\"}"),
        vet(&success("")),
    ].join("\n"), @"
    broken: cannot parse the report of cargo vet: EOF while parsing a value at line 1 column 0
    config_missing: cargo vet failed: You must run 'cargo vet init' (store not found at /w/supply-chain)
      help: cargo vet init
    tool_failed: cargo vet failed: Your cargo-vet store has consistency errors
      help: cargo vet --locked
    broken: cargo vet reported a failure but no dependency
    broken: cannot parse the report of cargo vet: unknown variant `perhaps`, expected one of `success`, `fail (vetting)`, `fail (violation)` at line 1 column 23
    nothing_checked: cargo vet found no dependency to vet
      help: remove the suite from gate.toml until the workspace has dependencies
    ");
    assert_eq!(vet(&success("{\"name\":\"a\",\"version\":\"1.0.0\"}")), "");
}

const SEMVER: &str = "     Parsing demo v1.0.1 (current)\n      Parsed [   0.472s] (current)\n    Checking demo v1.0.0 -> v1.0.1 \
(patch change)\n     Checked [   0.012s] 245 checks: 243 pass, 1 fail, 1 warn, 9 skip\n\n--- failure function_missing: pub fn \
removed or renamed ---\n\nDescription:\nA public function cannot be imported\n        ref: https://doc.rust-lang.org\n\nFailed \
in:\n  function demo::gone, previously in file /cache/demo/src/lib.rs:7\n  function demo::old, previously in file \
/cache/demo/src/lib.rs:9\n\n--- warning enum_variant_added: enum variant added ---\n\nFailed in:\n  variant A:B in \
/w/src/lib.rs:3\n     Summary semver requires new major version: 1 major and 0 minor checks failed\n    Finished [   0.9s] demo\n";

#[test]
fn semver_checks_reports_changes() {
    insta::assert_snapshot!(semver_checks(SEMVER), @"
    demo/Cargo.toml:3: pub fn removed or renamed: function demo::gone (function_missing) [pilot]
      help: keep the API compatible, or raise the version to match the change
      because: gate.toml:3
    demo/Cargo.toml:3: pub fn removed or renamed: function demo::old (function_missing) [pilot]
      help: keep the API compatible, or raise the version to match the change
      because: gate.toml:3
    src/lib.rs:3: enum variant added: variant A:B (enum_variant_added) [advice]
      help: keep the API compatible, or raise the version to match the change
      because: gate.toml:3
    ");
}

/// A policy that calls `demo` stable, `demo::soft` and what is below `soft/` fluid, and `demo::inner` internal.
fn classes() -> StabilityPolicy {
    let surface = |class, items: &[&str], paths: &[&str]| Surface {
        class,
        items: items.iter().map(ToString::to_string).collect(),
        paths: paths.iter().map(ToString::to_string).collect(),
        location: Location::file("gate.toml"),
    };
    StabilityPolicy {
        reference: "v*".into(),
        default: StabilityClass::Stable,
        surfaces: vec![
            surface(StabilityClass::Fluid, &["demo::soft"], &["demo/src/soft/**"]),
            surface(StabilityClass::Internal, &["demo::inner"], &["demo/src/inner.rs"]),
        ],
        location: Location::file("gate.toml"),
    }
}

/// What is said of these places of one failure, and whether what is left out explains it.
fn classed(places: &[&str]) -> (String, bool) {
    let suite = SuitePolicy {
        stability: Some(Box::new(classes())),
        ..tool("cargo-semver-checks")
    };
    let member = gate_world::testing::member("demo", "demo", None);
    let reader = semver::Reader::new(&suite, Path::new("/w"), &[member], &[]);
    let mut reader = Box::new(reader.within(Path::new("below")));
    let report = format!(
        "    Checking demo v1.0.0 -> v1.0.1 (patch change)\n     Checked [   0.012s] 245 checks: 244 pass, 1 fail\n\n\
         --- failure x: changed ---\n\nFailed in:\n  {}\n",
        places.join("\n  ")
    );
    report.lines().for_each(|line| reader.line(line));
    let reported = reader.finish();
    let said = gate_report::testing::findings_text(&reported.findings);
    let said = said.lines().filter(|line| !line.starts_with(' '));
    (said.map(|line| format!("{line}\n")).collect(), reported.explained)
}

#[test]
fn semver_checks_judges_by_the_class_of_the_item() {
    let git = "/w/target/semver-checks/git-0123/4567/below/demo/src";
    let registry = "/home/.cargo/registry/src/index.crates.io-1949/demo-1.0.0/src";
    let (said, explained) = classed(&[
        "function demo::gone, previously in file /w/demo/src/lib.rs:7",
        "function demo::soft::f, previously in file /w/demo/src/lib.rs:8",
        "demo::inner::f now takes 1 parameters instead of 2, in /w/demo/src/lib.rs:9",
        // Named by its type alone: the file decides, wherever the release was unpacked.
        "Client::fetch, previously in file /w/demo/src/soft/client.rs:1",
        &format!("Client::get, previously in file {git}/soft/client.rs:1"),
        &format!("Client::put, previously in file {registry}/soft/client.rs:1"),
        &format!("field one of struct Inner, previously in file {git}/inner.rs:1"),
        // Nothing tells, so that it may be stable.
        "Other::fetch, previously in file /w/demo/src/lib.rs:1",
        "Other::get, previously in file /elsewhere/src/soft/client.rs:1",
        "Other::put, previously in file /w/target/semver-checks/git-0123/4567/other/demo/src/inner.rs:1",
        "supertrait demo::soft::Super of trait Other in file /w/demo/src/lib.rs:1",
    ]);
    assert!(explained);
    insta::assert_snapshot!(said, @"
    demo/Cargo.toml: changed: Client::fetch (x, fluid) [advice]
    demo/Cargo.toml: changed: Client::get (x, fluid) [advice]
    demo/Cargo.toml: changed: Client::put (x, fluid) [advice]
    demo/Cargo.toml: changed: Other::fetch (x) [pilot]
    demo/Cargo.toml: changed: Other::get (x) [pilot]
    demo/Cargo.toml: changed: Other::put (x) [pilot]
    demo/Cargo.toml: changed: function demo::gone (x) [pilot]
    demo/Cargo.toml: changed: function demo::soft::f (x, fluid) [advice]
    demo/src/lib.rs:1: changed: supertrait demo::soft::Super of trait Other (x) [pilot]
    ");
    // A failure of nothing but what is internal does not end well, and is no finding.
    let internal = classed(&["function demo::inner::f, previously in file /w/demo/src/lib.rs:7"]);
    assert_eq!(internal, (String::new(), true));
    assert!(!classed(&["function demo::f, previously in file /w/demo/src/lib.rs:7"]).1);
}

#[test]
fn a_report_of_semver_checks_that_compared_nothing_is_no_pass() {
    let none = "    Checking demo v0.31.0 -> v1.0.0 (major change)\n     Checked [   0.000s] 0 checks: 0 pass, 254 skip\n     \
                Summary no semver update required\n";
    insta::assert_snapshot!([
        semver_checks(""),
        semver_checks(none),
        semver_checks(none.split_inclusive('\n').next().unwrap()),
        semver_checks(&SEMVER.replace("1 fail", "2 fail")),
        semver_checks("error: running cargo-doc on crate 'demo' failed\n"),
    ].join("\n"), @r#"
    nothing_checked: cargo semver-checks compared no package
      help: add the baseline to `args` of the suite, such as `["--baseline-rev", "v1.0.0"]`
    nothing_checked: cargo semver-checks ran no checks for `demo`: a major change allows every change
      help: add `"--release-type", "minor"` to `args` of the suite to see what changed
    broken: cargo semver-checks did not report how many checks it ran for demo
    broken: cargo semver-checks reported 2 failures, but only 1 could be parsed
    tool_failed: cargo semver-checks failed: running cargo-doc on crate 'demo' failed
      help: cargo semver-checks
    "#);
    assert_eq!(
        semver_checks(&none.replace("0 checks: 0 pass", "254 checks: 254 pass")),
        ""
    );
}

proptest::proptest! {
    #[test]
    fn any_edit_of_a_report_is_fine(which in 0usize..4, at in 0usize..2000, with in "[\\PC\n\"{}:,-]{0,6}") {
        let (tool, text) = [
            ("cargo-deny", DENY),
            ("cargo-vet", include_str!("recorded/vet-violation.json")),
            ("cargo-vet", include_str!("recorded/vet-unvetted.json")),
            ("cargo-semver-checks", SEMVER),
        ][which];
        let mut text = text.to_owned();
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(at, &with);
        // Each of them holds findings: no edit may make a pass of them.
        proptest::prop_assert_ne!(read_output(tool, &text), Some(Ok(0)));
    }
}
