//! `[[suite.import]]`: results of other tools count for the content that they are of, and for no other.

use gate_tests::harness::Gate;

use super::good;
use super::runs::{OTHER, PUBLIC, key};

/// Writes results as a test runner of another language would.
const WRITE: &str = "//! Writes results.\n\nfn main() {\n    std::fs::create_dir_all(\"target\").expect(\"a directory\");\n    \
                     std::fs::copy(\"results.xml\", \"target/results.xml\").expect(\"results\");\n    \
                     let failed = std::fs::read_to_string(\"results.xml\").expect(\"results\").contains(\"<failure\");\n    \
                     std::process::exit(i32::from(failed));\n}\n";
const PASSED: &str = "<testsuite name=\"web\" tests=\"1\"><testcase classname=\"login\" name=\"works\"/></testsuite>\n";
const FAILED: &str = "<testsuite name=\"web\" tests=\"1\" failures=\"1\"><testcase classname=\"login\" name=\"works\">\
                      <failure message=\"no button\"/></testcase></testsuite>\n";

/// A policy with results of a command.
fn with_command() -> Gate {
    let gate = good();
    gate.append(
        "gate.toml",
        "\n[[suite.import]]\nname = \"web\"\nformat = \"junit\"\nfiles = [\"target/results.xml\"]\ncommand = \"cargo run --package \
         logic --example write --quiet --locked\"\n",
    );
    gate.write("logic/examples/write.rs", WRITE);
    gate.write("results.xml", PASSED);
    gate.commit("import results");
    gate
}

fn suite(gate: &Gate, arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let run = gate.run([&["pilot", "--message-format", "json"], arguments].concat());
    let report = run.json();
    let checks = report["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["id"] == "suite.import.web");
    (run.code, check.expect("the suite").clone())
}

#[test]
fn what_a_command_writes_is_judged_and_reused() {
    let gate = with_command();
    // What lies there from another day is not what is read.
    gate.write("target/results.xml", FAILED);
    let (code, check) = suite(&gate, &[]);
    assert_eq!(code, Some(0), "{check:#}");
    assert_eq!(check["evidence"]["suite"]["passed"], 1, "{check:#}");
    let (_, again) = suite(&gate, &[]);
    assert_eq!(again["evidence"]["reused"], true, "{again:#}");

    gate.write("results.xml", FAILED);
    gate.commit("break the login");
    let (code, check) = suite(&gate, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(check["findings"][0]["message"], "`login works` failed", "{check:#}");
    assert_eq!(check["findings"][0]["detail"], "no button");

    gate.write("results.xml", "<testsuite tests=\"1\">");
    gate.commit("cut it off");
    let (code, check) = suite(&gate, &[]);
    assert_eq!(
        (code, &check["outcome"]),
        (Some(1), &"inconclusive".into()),
        "{check:#}"
    );
}

#[test]
fn what_another_machine_wrote_needs_a_statement_about_this_content() {
    let gate = good();
    let policy = |signer: &str| {
        format!(
            "\n[[suite.import]]\nname = \"web\"\nformat = \"junit\"\nfiles = [\"target/results.xml\"]\nstatement = \
             \"target/results.json\"\nsigners = [\"{signer}\"]\n"
        )
    };
    gate.append("gate.toml", &policy(PUBLIC));
    gate.commit("import results");
    let key = key(&gate);
    let attest = || {
        let arguments = [
            "evidence",
            "attest",
            "target/results.xml",
            "--producer",
            "web 1.0",
            "--key",
            &key,
        ];
        let run = gate.run([&arguments[..], &["--output", "target/results.json"]].concat());
        assert_eq!(run.code, Some(0), "{run}");
    };
    let (code, check) = suite(&gate, &[]);
    assert_eq!((code, &check["outcome"]), (Some(3), &"not_run".into()), "{check:#}");

    gate.write("target/results.xml", PASSED);
    let reason = |check: &serde_json::Value| check["reason"]["code"].as_str().map(str::to_owned);
    let (code, check) = suite(&gate, &[]);
    assert_eq!(
        (code, reason(&check).as_deref()),
        (Some(1), Some("no_statement")),
        "{check:#}"
    );

    attest();
    let (code, check) = suite(&gate, &[]);
    assert_eq!(code, Some(0), "{check:#}");
    let version = check["evidence"]["suite"]["tool_version"].as_str().expect("a producer");
    assert!(
        version.starts_with("web 1.0, ") && version.ends_with(", signed by release-team"),
        "{version}"
    );

    // Other results with the old statement, and the old results for other content.
    gate.write("target/results.xml", FAILED);
    let (code, check) = suite(&gate, &[]);
    assert_eq!(
        (code, reason(&check).as_deref()),
        (Some(1), Some("statement_refused")),
        "{check:#}"
    );
    gate.write("target/results.xml", PASSED);
    assert_eq!(suite(&gate, &[]).0, Some(0));
    gate.append("logic/src/lib.rs", "\n/// Three.\npub fn three() -> u8 {\n    3\n}\n");
    gate.commit("add a function");
    let (code, check) = suite(&gate, &[]);
    assert_eq!(
        (code, reason(&check).as_deref()),
        (Some(1), Some("other_content")),
        "{check:#}"
    );
    attest();
    assert_eq!(suite(&gate, &[]).0, Some(0));

    // Signed, and by nobody who may.
    gate.replace("gate.toml", PUBLIC, OTHER);
    gate.commit("name another signer");
    attest();
    let (code, check) = suite(&gate, &[]);
    assert_eq!(
        (code, reason(&check).as_deref()),
        (Some(1), Some("statement_refused")),
        "{check:#}"
    );
}
