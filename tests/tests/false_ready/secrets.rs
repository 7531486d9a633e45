//! Secrets in every place that a workspace has for text, and every output: none of them is shown.

use std::fmt::Write as _;

use gate_tests::harness::Gate;
use gate_tests::planted;

use super::package;

/// Formats of a verdict.
pub(super) const FORMATS: [&str; 9] = [
    "human",
    "json",
    "markdown",
    "html",
    "junit",
    "sarif",
    "github",
    "gitlab",
    "cargo-json",
];

/// What must not be seen anywhere, with what it is; of a secret with several lines, a line of its body.
fn secrets() -> Vec<(String, String)> {
    let named = planted::corpus().into_iter();
    named.map(|planted| (planted.name.to_owned(), planted.value)).collect()
}

#[test]
fn arguments_are_masked_where_they_are_wrong() {
    let gate = gate_tests::gate!();
    for planted in planted::corpus().into_iter().take(30) {
        for argument in [format!("--none={}", planted.value), planted.value.clone()] {
            let run = gate.run(["pilot", &argument]);
            assert_eq!(run.code, Some(2), "{run}");
            assert!(!run.stderr.contains(&planted.value), "{}: {run}", planted.name);
        }
    }
}

/// No output of a gate, and no file that it leaves, holds one of these.
fn holds_none(gate: &Gate, secrets: &[(String, String)]) {
    let mut outputs = Vec::new();
    for format in FORMATS {
        let run = gate.run(["pilot", "--message-format", format]);
        outputs.push((
            format!("--message-format {format}"),
            format!("{}{}", run.stdout, run.stderr),
        ));
    }
    for arguments in [
        ["pilot", "--verbose", "--keep-going"].as_slice(),
        &["pilot", "--plan"],
        &["status"],
        &["status", "--message-format", "json"],
        &["explain", "latest"],
        &["evidence", "history"],
        &["govern", "waiver", "list"],
        &["doctor"],
    ] {
        let run = gate.run(arguments);
        outputs.push((arguments.join(" "), format!("{}{}", run.stdout, run.stderr)));
    }
    let mut files = Vec::new();
    super::kills::files(&gate.workspace().join("target/gate"), &mut files);
    // What git said is remembered word for word, for this machine alone; the repository beside it says the same.
    files.retain(|(path, _)| !path.ends_with("gate/status"));
    for (path, bytes) in files {
        outputs.push((path, String::from_utf8_lossy(&bytes).into_owned()));
    }
    let mut seen = String::new();
    for (place, text) in &outputs {
        for (name, value) in secrets {
            if text.contains(value.as_str()) {
                let _ = writeln!(seen, "{name} in {place}");
            }
        }
    }
    assert_eq!(seen, "", "secrets that were shown");
}

#[test]
fn outputs_of_tests_hold_no_secret() {
    let secrets = secrets();
    assert!(secrets.len() >= 30, "{secrets:?}");
    let gate = package();
    let corpus: Vec<String> = planted::corpus().into_iter().map(|planted| planted.text).collect();
    // The texts come from a file that git does not track, as they would from a vault.
    gate.append(".gitignore", "/vault.txt\n");
    gate.write("vault.txt", corpus.join("\n"));
    gate.write(
        "tests/prints.rs",
        "#[test]\nfn prints() {\n    print!(\"{}\", std::fs::read_to_string(\"vault.txt\").unwrap());\n    \
         panic!(\"{}\", std::fs::read_to_string(\"vault.txt\").unwrap());\n}\n",
    );
    gate.commit("Print what is in the vault");
    holds_none(&gate, &secrets);
}

#[test]
fn a_nul_switches_nothing_off() {
    let secrets = secrets();
    let gate = package();
    let corpus: Vec<String> = planted::corpus().into_iter().map(|planted| planted.text).collect();
    gate.append(".gitignore", "/vault.txt\n");
    gate.write("vault.txt", format!("\0{}", corpus.join("\n")));
    gate.write(
        "tests/prints.rs",
        "#[test]\nfn prints() {\n    print!(\"{}\", std::fs::read_to_string(\"vault.txt\").unwrap());\n    \
         panic!(\"no\");\n}\n",
    );
    gate.commit("Print what is in the vault, behind a NUL");
    holds_none(&gate, &secrets);
}

#[test]
fn forms_that_only_a_person_recognises_are_hidden_in_outputs() {
    let token = planted::value("github_token");
    let key = planted::private_key("RSA PRIVATE KEY");
    let without_end: String = key.lines().take(8).map(|line| format!("  | {line}\n")).collect();
    let text = format!(
        "prefix{token}suffix\nmytool --password hunter2 --verbose\nexport DB_PASS=tr0ub4dor\n\
         postgres://app:s3same@db.internal/app\n{without_end}\n"
    );
    let gate = package();
    gate.append(".gitignore", "/vault.txt\n");
    gate.write("vault.txt", &text);
    gate.write(
        "tests/prints.rs",
        "#[test]\nfn prints() {\n    print!(\"{}\", std::fs::read_to_string(\"vault.txt\").unwrap());\n    \
         panic!(\"no\");\n}\n",
    );
    gate.commit("Print what is in the vault");
    let body = key.lines().nth(4).expect("a line of the key").to_owned();
    let secrets =
        [token, "hunter2".into(), "tr0ub4dor".into(), "s3same".into(), body].map(|value| (value.clone(), value));
    holds_none(&gate, &secrets);
}

#[test]
fn texts_of_the_policy_and_of_git_hold_no_secret() {
    let secrets: Vec<(String, String)> = secrets().into_iter().take(6).collect();
    let value = |at: usize| secrets[at].1.clone();
    let gate = package();
    gate.write(
        "gate.toml",
        format!(
            "version = 1\n\n[stage.pilot]\nscope = \"the service of {}\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = \
             [\"cargo\", \"test\", \"--locked\", \"--config\", \"env.X='{}'\"]\n\n[[waiver]]\ncheck = \"docs.links\"\nowner = \
             \"team {}\"\nreason = \"because of {}\"\nexpires = {}\n",
            value(0),
            value(1),
            value(2),
            value(3),
            gate_tests::harness::day(30),
        ),
    );
    gate.write(
        "README.md",
        format!(
            "# App\n\n[see](https://example.com/{}) and [that](missing-{}.md)\n",
            value(4),
            value(5)
        ),
    );
    gate.commit("Write secrets everywhere");
    gate.git(["checkout", "--quiet", "-b", &format!("fix-{}", value(0))]);
    holds_none(&gate, &secrets);
}
