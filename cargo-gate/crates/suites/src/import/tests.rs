use gate_policy::authority::PrivateKey;
use gate_policy::{CoverageFloor, ImportPolicy, SuiteKind};
use gate_report::Location;
use jiff::Timestamp;
use proptest::prelude::*;

use super::provenance::judged;
use super::*;
use gate_evidence::attested::{Attested, AttestedFile};
use gate_policy::ImportLevel;

/// The key that signs here.
const SEED: u8 = 7;

fn suite() -> SuitePolicy {
    SuitePolicy {
        min_tests: 1,
        location: Some(Location::line("gate.toml", 4)),
        ..SuitePolicy::new(
            SuiteKind::Import,
            "other",
            vec!["make".to_owned(), "results".to_owned()],
        )
    }
}

fn policy(format: ImportFormat) -> ImportPolicy {
    ImportPolicy {
        format,
        files: vec!["target/a.xml".to_owned()],
        statement: Some("target/a.json".to_owned()),
        signers: vec![PrivateKey::from_seed(SEED).1],
        max_age: std::time::Duration::from_secs(3600),
        fail_at: ImportLevel::Warning,
        floors: Vec::new(),
    }
}

/// What is said of one file, in lines.
fn said(policy: &ImportPolicy, text: &str) -> String {
    let suite = suite();
    let said = match read(&suite, policy, text.as_bytes()) {
        Ok(said) => said,
        Err(why) => return format!("`results` {why}"),
    };
    let mut lines: Vec<String> = Vec::new();
    if policy.format == ImportFormat::Junit {
        let tests = &said.tests;
        lines.push(format!(
            "{} passed, {} failed, {} skipped",
            tests.passed, tests.failed, tests.skipped
        ));
        lines.extend(junit::judge(&suite, tests).map(|finding| finding.message));
    }
    for finding in &said.findings {
        let level = finding.blocks_at.map_or("advice", |_| "fails");
        let at = finding
            .locations
            .first()
            .map(|at| format!(" at {}:{}", at.path, at.line.unwrap_or_default()));
        let detail = finding.detail.as_ref().map(|detail| format!(" ({detail})"));
        lines.push(format!(
            "{level}: {}{}{}",
            finding.message,
            at.unwrap_or_default(),
            detail.unwrap_or_default()
        ));
    }
    lines.push(format!("failed: {}", said.failed));
    lines.join("\n")
}

#[test]
fn junit_of_several_tools() {
    let policy = policy(ImportFormat::Junit);
    let pytest = r#"<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="0.1">
<testcase classname="tests.test_a" name="test_one" time="0.001" />
<testcase classname="tests.test_a" name="test_two"><failure message="assert 1 == 2">def test_two():</failure></testcase>
<testcase classname="tests.test_a" name="test_three"><skipped type="pytest.skip" message="slow">x</skipped></testcase>
<testcase classname="tests.test_b" name="test_four"><error message="failed on setup with &quot;x&quot;">E</error></testcase>
</testsuite></testsuites>"#;
    insta::assert_snapshot!(said(&policy, pytest));
    let jest = r#"<testsuites name="jest tests" tests="2" failures="0" errors="0"><testsuite name="sum" tests="2" failures="0" errors="0" skipped="0">
<testcase classname="sum adds" name="sum adds"/><testcase classname="" name="flaky"><flakyFailure message="once"/></testcase>
</testsuite></testsuites>"#;
    insta::assert_snapshot!(said(&policy, jest));
    let gradle = r#"<testsuite name="GreeterTest" tests="0" skipped="0" failures="0" errors="0"><properties/><system-out><![CDATA[]]></system-out></testsuite>"#;
    insta::assert_snapshot!(said(&policy, gradle));
}

#[test]
fn junit_that_lost_tests_is_no_evidence() {
    let policy = policy(ImportFormat::Junit);
    let all = [
        r#"<testsuite name="a" tests="2"><testcase name="one"/></testsuite>"#,
        r#"<testsuite name="a" tests="1" failures="1"><testcase name="one"/></testsuite>"#,
        r#"<testsuites tests="2"><testsuite name="a" tests="1"><testcase name="one"/></testsuite></testsuites>"#,
        r#"<testsuite name="a" tests="1"><testcase name="one"/>"#,
        "<html></html>",
        "",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><testsuite>&b;</testsuite>",
    ];
    insta::assert_snapshot!(all.map(|text| said(&policy, text)).join("\n"));
}

#[test]
fn results_of_scanners() {
    let policy = policy(ImportFormat::Sarif);
    let log = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scan", "rules": [
        {"id": "A1", "defaultConfiguration": {"level": "error"}}, {"id": "B2", "defaultConfiguration": {"level": "note"}}]}},
      "invocations": [{"executionSuccessful": true}],
      "results": [
        {"ruleId": "A1", "message": {"text": "eval\nmore"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "./web/a.js"}, "region": {"startLine": 3, "startColumn": 2}}}]},
        {"ruleIndex": 1, "message": {"text": "style"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "file:///home/me/a.js"}}}]},
        {"ruleId": "C3", "message": {"text": "by default a warning"}},
        {"ruleId": "A1", "message": {"text": "accepted"}, "suppressions": [{"kind": "inSource"}]},
        {"ruleId": "A1", "message": {"text": "not accepted"}, "suppressions": [{"kind": "external", "status": "rejected"}]},
        {"ruleId": "A1", "kind": "pass", "message": {"text": "fine"}},
        {"ruleId": "A1", "baselineState": "absent", "message": {"text": "gone"}}
      ]}]}"#;
    insta::assert_snapshot!(said(&policy, log));
    let errors_only = ImportPolicy {
        fail_at: ImportLevel::Error,
        ..policy.clone()
    };
    assert!(said(&errors_only, log).contains("advice: scan: C3"));
    let all = [
        log.replace("\"executionSuccessful\": true", "\"executionSuccessful\": false"),
        log.replace("2.1.0", "2.0.0"),
        log.replace("\"results\": [", "\"others\": ["),
        log.replace("\"level\": \"error\"", "\"level\": \"fatal\""),
        r#"{"version": "2.1.0", "runs": []}"#.to_owned(),
        log[..200].to_owned(),
    ];
    insta::assert_snapshot!(all.map(|text| said(&policy, &text)).join("\n"));
}

#[test]
fn answers_to_vulnerabilities() {
    let policy = policy(ImportFormat::CyclonedxVex);
    let bom = |vulnerabilities: &str| {
        format!(r#"{{"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": [{vulnerabilities}]}}"#)
    };
    let one = |id: &str, analysis: &str| {
        format!(r#"{{"id": "{id}", "affects": [{{"ref": "pkg:cargo/x@1.0.0"}}], "analysis": {analysis}}}"#)
    };
    let all = [
        one("CVE-1", r#"{"state": "resolved"}"#),
        one(
            "CVE-2",
            r#"{"state": "not_affected", "justification": "code_not_reachable"}"#,
        ),
        one("CVE-3", r#"{"state": "not_affected"}"#),
        one("CVE-4", r#"{"state": "exploitable", "detail": "we know"}"#),
        one("CVE-5", r#"{"state": "in_triage"}"#),
        r#"{"id": "CVE-6"}"#.to_owned(),
        one("CVE-7", r#"{"state": "false_positive", "detail": " "}"#),
    ];
    insta::assert_snapshot!(said(&policy, &bom(&all.join(","))));
    assert_eq!(said(&policy, &bom("")), "failed: false");
    let unreadable = [
        bom(&one("CVE-8", r#"{"state": "fine"}"#)),
        bom(r#"{"analysis": {"state": "resolved"}}"#),
        r#"{"bomFormat": "CycloneDX", "components": []}"#.to_owned(),
        r#"{"bomFormat": "SPDX", "vulnerabilities": []}"#.to_owned(),
        "[]".to_owned(),
    ];
    insta::assert_snapshot!(unreadable.map(|text| said(&policy, &text)).join("\n"));
}

#[test]
fn coverage_is_counted_here() {
    let floor = |path: &str, lines: f64| CoverageFloor {
        path: path.to_owned(),
        lines: Some(lines),
        functions: None,
        branches: None,
        location: Location::line("gate.toml", 9),
    };
    let with = |floors: Vec<CoverageFloor>| ImportPolicy {
        floors,
        ..policy(ImportFormat::Lcov)
    };
    // The totals claim more than the lines show; records of one source are added up.
    let trace = "TN:\nSF:/build/app/src/a.rs\nFN:1,a\nFNDA:1,a\nDA:1,1\nDA:2,0\nDA:3,0\nLF:3\nLH:3\nend_of_record\n\
                 SF:/build/app/src/a.rs\nDA:2,4\nBRDA:2,0,0,1\nBRDA:2,0,1,-\nend_of_record\nSF:src/b.rs\nDA:1,1\nend_of_record\n";
    assert_eq!(said(&with(vec![floor("**", 75.0)]), trace), "failed: false");
    insta::assert_snapshot!(said(
        &with(vec![floor("src/a.rs", 67.0), floor("src/b.rs", 100.0)]),
        trace
    ));
    let all = [
        (trace.to_owned(), floor("lib/**", 1.0)),
        (trace.replace("DA:1,1\n", "DA:1,-3\n"), floor("**", 1.0)),
        (trace[..trace.len() - 14].to_owned(), floor("**", 1.0)),
        ("DA:1,1\n".to_owned(), floor("**", 1.0)),
        (String::new(), floor("**", 1.0)),
        ("{}".to_owned(), floor("**", 1.0)),
    ];
    insta::assert_snapshot!(all.map(|(text, floor)| said(&with(vec![floor]), &text)).join("\n"));
    let branches = CoverageFloor {
        lines: None,
        functions: Some(100.0),
        branches: Some(50.0),
        ..floor("src/a.rs", 1.0)
    };
    assert_eq!(said(&with(vec![branches.clone()]), trace), "failed: false");
    let more = CoverageFloor {
        branches: Some(50.1),
        ..branches
    };
    assert!(said(&with(vec![more]), trace).contains("50.0 % of the branches"));
}

/// A statement that holds, and what it is about.
fn statement() -> (Attested, Vec<(&'static str, Vec<u8>)>) {
    let files = vec![("target/a.xml", b"<testsuite/>".to_vec())];
    let stated = files.iter().map(|(path, bytes)| AttestedFile {
        path: (*path).to_owned(),
        sha256: gate_base::digest::sha256_hex(bytes),
        size: bytes.len() as u64,
    });
    let statement = Attested {
        schema_version: 1,
        producer: "pytest".to_owned(),
        made: now(),
        content: "c0".to_owned(),
        commit: Some("abc".to_owned()),
        files: stated.collect(),
        signature: None,
    };
    (statement.signed(&PrivateKey::from_seed(SEED).0), files)
}

fn now() -> Timestamp {
    "2026-06-15T12:00:00Z".parse().expect("a time")
}

#[test]
fn only_a_statement_about_these_bytes_and_this_content_counts() {
    let policy = policy(ImportFormat::Junit);
    let (good, files) = statement();
    let judge = |policy: &ImportPolicy, statement: &Attested, files: &[(&str, Vec<u8>)], content: &str, at: &str| {
        let now = at.parse().expect("a time");
        match judged(policy, "target/a.json", statement, files, content, now) {
            Ok(provenance) => provenance.words(),
            Err(reason) => format!("{}: {}", reason.code, reason.message),
        }
    };
    let noon = "2026-06-15T12:00:00Z";
    let edited = Attested {
        commit: Some("def".to_owned()),
        ..good.clone()
    };
    let unsigned = Attested {
        signature: None,
        ..good.clone()
    };
    let others = ImportPolicy {
        signers: vec![PrivateKey::from_seed(SEED + 1).1],
        ..policy.clone()
    };
    let swapped = vec![("target/a.xml", b"<testsuite />".to_vec())];
    let more = vec![files[0].clone(), ("target/b.xml", Vec::new())];
    let all = [
        judge(&policy, &good, &files, "c0", noon),
        judge(&policy, &unsigned, &files, "c0", noon),
        judge(&policy, &edited, &files, "c0", noon),
        judge(&others, &good, &files, "c0", noon),
        judge(&policy, &good, &swapped, "c0", noon),
        judge(&policy, &good, &more, "c0", noon),
        judge(&policy, &good, &files, "c1", noon),
        judge(&policy, &good, &files, "c0", "2026-06-15T13:00:01Z"),
        judge(&policy, &good, &files, "c0", "2026-06-15T11:50:00Z"),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "(?s).{0,200}", format in 0..4_usize) {
        let formats = [ImportFormat::Junit, ImportFormat::Sarif, ImportFormat::CyclonedxVex, ImportFormat::Lcov];
        let _ = said(&policy(formats[format]), &text);
    }

    #[test]
    fn no_tracefile_panics(lines in proptest::collection::vec("(SF|DA|FN|FNDA|BRDA|LF|end_of_record)[:]?[0-9a,-]{0,12}", 0..20)) {
        let _ = said(&policy(ImportFormat::Lcov), &lines.join("\n"));
    }

    /// Cut anywhere, a file of results never passes.
    #[test]
    fn what_is_cut_off_never_passes(keep in 1..100_usize) {
        let whole = r#"<testsuites tests="2"><testsuite name="a" tests="2"><testcase name="one"/><testcase name="two"/></testsuite></testsuites>"#;
        let cut = &whole[..whole.len() * keep / 100];
        prop_assert!(said(&policy(ImportFormat::Junit), cut).starts_with("`results` "), "{cut}");
    }
}
