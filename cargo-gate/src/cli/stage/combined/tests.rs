use super::*;

fn failed(message: &str) -> Part {
    Part {
        directory: "web".into(),
        said: Said::Failed(Failed::of(&Error::usage(message))),
    }
}

fn report(directory: &str, texts: &[(Format, &str)]) -> Part {
    Part {
        directory: directory.into(),
        said: Said::Report {
            decision: Decision::Ready,
            exit_code: 0,
            texts: texts
                .iter()
                .map(|(format, text)| (*format, (*text).to_owned()))
                .collect(),
        },
    }
}

fn all(parts: Vec<Part>) -> All {
    All {
        stage: Stage::Pilot,
        decision: Decision::NotReady,
        exit_code: 2,
        parts,
        left_out: vec!["old".into()],
    }
}

#[test]
fn junit_adds_up_and_keeps_names_apart() {
    let one = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cargo gate pilot\" tests=\"3\" failures=\"1\" errors=\"0\" \
               time=\"1.500\">\n    <testsuite name=\"git\" tests=\"3\">\n        <testcase name=\"a\"/>\n    </testsuite>\n</testsuites>\n";
    let text = all(vec![report("", &[(Format::Junit, one)]), failed("<no> \"way\"")])
        .text(Format::Junit)
        .unwrap();
    insta::assert_snapshot!(text, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="cargo gate pilot" tests="4" failures="1" errors="1" time="1.500">
        <testsuite name=".: git" tests="3">
            <testcase name="a"/>
        </testsuite>
        <testsuite name="web: cargo gate" tests="1" failures="0" errors="1" skipped="0">
            <testcase name="workspace" classname="cargo-gate">
                <error message="&lt;no> &quot;way&quot;"/>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn issues_and_runs_of_two_workspaces_are_told_apart() {
    let gitlab = "[{\"fingerprint\": \"1\"}]";
    let sarif = "{\"$schema\": \"s\", \"version\": \"2.1.0\", \"runs\": [{\"results\": []}]}";
    let texts = [(Format::Gitlab, gitlab), (Format::Sarif, sarif)];
    let all = all(vec![report("a", &texts), report("b", &texts), failed("no manifest")]);
    let issues: Value = serde_json::from_str(&all.text(Format::Gitlab).unwrap()).unwrap();
    let prints: std::collections::BTreeSet<&str> = issues
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| issue["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(prints.len(), 3);
    let log: Value = serde_json::from_str(&all.text(Format::Sarif).unwrap()).unwrap();
    let ids: Vec<&str> = log["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["automationDetails"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        (log["$schema"].as_str(), ids),
        (Some("s"), vec!["cargo-gate/a/", "cargo-gate/b/", "cargo-gate/web/"])
    );
}

#[test]
fn messages_of_cargo_end_once() {
    let lines = "{\"reason\":\"compiler-message\"}\n{\"reason\":\"build-finished\",\"success\":true}\n";
    let text = all(vec![
        report("a", &[(Format::CargoJson, lines)]),
        report("b", &[(Format::CargoJson, lines)]),
    ])
    .text(Format::CargoJson)
    .unwrap();
    assert_eq!(text.matches("build-finished").count(), 1);
    assert!(
        text.ends_with("{\"reason\":\"build-finished\",\"success\":false}\n"),
        "{text}"
    );
}
