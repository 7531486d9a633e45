//! CI files that are no YAML, or more than a service would take.

use insta::assert_snapshot;

use super::sample;

#[test]
fn ci_files_that_cannot_be_read_are_findings() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let deep = format!("jobs:\n{}", "- ".repeat(5_000));
    let gate = sample()
        .file(".github/workflows/bomb.yml", &bomb)
        .file(".github/workflows/broken.yml", "on: push\njobs:\n  a: [\n")
        .file(".github/workflows/deep.yml", &deep)
        .file(".github/workflows/empty.yaml", "")
        .file(".github/workflows/large.yml", &"# no\n".repeat(300_000))
        .file(".github/workflows/notes.txt", "a: [\n")
        .file(".github/workflows/recursive.yml", "jobs: &a\n  b: *a\n")
        .file(
            ".gitlab-ci.yml",
            "include: [.gitlab-ci.yml, gone.yml]\ntest:\n  extends: test\n  script: !reference [test, script]\n",
        );
    gate.write(".github/workflows/latin.yml", b"on: push\njobs:\n  caf\xe9: {}\n");
    let gate = gate.git_init();
    let run = gate.run(["pilot", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let report = run.json();
    let checks = report["checks"].as_array().expect("checks");
    let check = checks
        .iter()
        .find(|check| check["id"] == "ci.locked")
        .expect("it applies");
    let findings = check["findings"].as_array().expect("findings");
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            format!(
                "{}: {}",
                finding["locations"][0]["line"],
                finding["message"].as_str().expect("text")
            )
        })
        .collect();
    assert_snapshot!(lines.join("\n"), @"
    6: `.github/workflows/bomb.yml` has more than 200000 nodes after expanding aliases
    3: `.github/workflows/broken.yml` is not valid YAML: while parsing a node, did not find expected node content
    2: `.github/workflows/deep.yml` is nested deeper than 100 levels
    1: `.github/workflows/empty.yaml` is not a workflow: it has no `jobs`
    1: `.github/workflows/large.yml` is larger than 1024 KiB
    3: `.github/workflows/latin.yml` is not UTF-8
    2: `.github/workflows/recursive.yml` has an alias that contains itself
    1: `gone.yml` is included by the pipeline, but there is no such file
    ");
}
