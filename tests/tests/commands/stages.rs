//! The three stages in every format, the plan, and what selects suites.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};
use insta::assert_snapshot;
use serde_json::Value;

use super::applying::applying;
use super::{bad, good};

const FORMATS: [&str; 9] = [
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

/// The fixture's day is two months from the day of the test; ids of threads and names of binaries are nobody's. An URL
/// of a file has a slash more on Windows.
pub(super) fn timeless(text: &str) -> String {
    let day = gate_tests::harness::day(60);
    let mut out = String::new();
    let text = text
        .replace(&day, "[two months from now]")
        .replace("file:///[", "file://[");
    for line in text.split_inclusive('\n') {
        let line = match (line.find("' ("), line.find(") panicked at ")) {
            (Some(from), Some(to)) => format!("{}' ([thread]{}", &line[..from], &line[to..]),
            _ => line.to_owned(),
        };
        match line.find("(target") {
            Some(from) if line.contains("Running unittests") => {
                out.push_str(&line[..from]);
                out.push_str("([binary])\n");
            }
            _ => out.push_str(&line),
        }
    }
    out
}

/// SARIF carries the documentation of every check, which has pages of its own, and HTML carries its style.
fn without_docs(mut run: Run) -> Run {
    if let Some((head, rest)) = run.stdout.split_once("<style>")
        && let Some((_, page)) = rest.split_once("</style>")
    {
        run.stdout = format!("{head}<style>[style]</style>{page}");
    }
    let Ok(mut sarif) = serde_json::from_str::<Value>(&run.stdout) else {
        return run;
    };
    if let Some(rules) = sarif.pointer_mut("/runs/0/tool/driver/rules") {
        for rule in rules.as_array_mut().expect("a list of rules") {
            if let Some(help) = rule.get_mut("help") {
                *help = Value::from("[docs]");
            }
        }
        run.stdout = serde_json::to_string_pretty(&sarif).expect("JSON") + "\n";
    }
    run
}

#[test]
fn reports_of_a_workspace_that_is_ready() {
    let gate = good();
    assert_snapshot!("ready-first", timeless(&gate.run(["pilot"]).to_string()));
    for format in FORMATS {
        let run = gate.run(["pilot", "--message-format", format]);
        assert_eq!(run.code, Some(0), "{run}");
        assert_snapshot!(
            format!("ready-{format}"),
            applying(&timeless(&without_docs(run).to_string()))
        );
    }
    assert_snapshot!("ready-quiet", gate.run(["pilot", "--quiet"]));
    let verbose = gate.run(["pilot", "--verbose"]).to_string();
    assert_snapshot!("ready-verbose", applying(&timeless(&verbose)));
    assert_snapshot!("ready-strict", timeless(&gate.run(["pilot", "--strict"]).to_string()));
    // A later stage in the same place reuses what it can.
    assert_snapshot!("ready-controlled", timeless(&gate.run(["controlled"]).to_string()));
    assert_snapshot!(
        "ready-fresh",
        timeless(&gate.run(["pilot", "--fresh", "--jobs", "2"]).to_string())
    );
}

#[test]
fn reports_of_a_workspace_that_is_not_ready() {
    let gate = bad();
    let held_back = gate.run(["pilot"]);
    assert_snapshot!("blocked-held-back", held_back);
    let first = gate.run(["pilot", "--keep-going"]);
    assert_snapshot!("blocked-first", timeless(&first.to_string()));
    for format in FORMATS {
        let run = gate.run(["pilot", "--keep-going", "--message-format", format]);
        assert_eq!(run.code, Some(1), "{run}");
        assert_snapshot!(
            format!("blocked-{format}"),
            applying(&timeless(&without_docs(run).to_string()))
        );
    }
    assert_snapshot!("blocked-quiet", gate.run(["pilot", "--keep-going", "--quiet"]));
    assert_snapshot!("blocked-broad", timeless(&gate.run(["broad"]).to_string()));
}

#[test]
fn the_last_line_is_the_verdict() {
    for (gate, code, words) in [(good(), 0, "READY for pilot"), (bad(), 1, "NOT READY for pilot")] {
        for flag in ["--color=never", "--quiet", "--verbose", "--fresh"] {
            let run = gate.run(["pilot", flag]);
            assert_eq!(run.code, Some(code), "{run}");
            let last = run.stdout.lines().last().unwrap_or_default();
            assert!(last.starts_with(words), "{flag}: {run}");
            assert!(run.stdout.ends_with('\n'), "{flag}: {run}");
        }
    }
}

#[test]
fn json_follows_its_schema_and_is_alone_on_stdout() {
    let schema = xtask::project_root().join("docs/schema/report.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(schema).expect("the schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (gate, code) in [(good(), 0), (bad(), 1)] {
        for arguments in [
            ["pilot", "--message-format=json"].as_slice(),
            &["pilot", "--message-format=json", "--keep-going", "--verbose"],
            &["broad", "--message-format=json", "--color=always"],
        ] {
            let run = gate.run(arguments);
            let expected = if arguments[0] == "broad" { 1 } else { code };
            assert_eq!(run.code, Some(expected), "{run}");
            let errors: Vec<String> = validator
                .iter_errors(&run.json())
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:#?}\n{run}");
        }
    }
}

#[test]
fn a_plan_says_why() {
    let gate = bad();
    assert_snapshot!("plan-first", applying(&gate.run(["pilot", "--plan"]).to_string()));
    assert!(
        !gate.workspace().join("target/gate/runs").exists(),
        "a plan records nothing"
    );
    let run = gate.run(["pilot", "--keep-going"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_snapshot!("plan-reuse", applying(&gate.run(["pilot", "--plan"]).to_string()));
    gate.append("src/lib.rs", "// One line more.\n");
    gate.append("Cargo.toml", "\n[profile.release]\nlto = true\n");
    assert_snapshot!("plan-changed", applying(&gate.run(["pilot", "--plan"]).to_string()));
    assert_snapshot!(
        "plan-json",
        applying(&gate.run(["pilot", "--plan", "--message-format", "json"]).to_string())
    );
    assert_snapshot!(
        "plan-fresh",
        applying(&gate.run(["pilot", "--plan", "--fresh"]).to_string())
    );
}

/// The plan is the whole model of a stage: what it lists is judged, in its order, and nothing else is.
#[test]
fn a_plan_is_what_a_run_judges() {
    let ids = |list: &Value| -> Vec<String> {
        let list = list.as_array().expect("a list").iter();
        list.map(|item| item["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    for (gate, stage) in [(good(), "pilot"), (bad(), "pilot"), (good(), "broad")] {
        let plan = gate.run([stage, "--plan", "--message-format", "json"]).json();
        let report = gate.run([stage, "--keep-going", "--message-format", "json"]).json();
        let (mut planned, mut judged) = (ids(&plan["items"]), ids(&report["checks"]));
        planned.sort();
        judged.sort();
        assert_eq!(planned, judged, "{stage}");
        assert_eq!(ids(&plan["not_applicable"]), ids(&report["not_applicable"]), "{stage}");
        let mut all: Vec<String> = planned.into_iter().chain(ids(&plan["not_applicable"])).collect();
        all.sort();
        let suites = all.iter().filter(|id| id.starts_with("suite.")).count();
        all.retain(|id| !id.starts_with("suite."));
        let mut catalogue: Vec<&str> = gate_checks::ALL.iter().map(|check| check.id).collect();
        catalogue.sort_unstable();
        assert_eq!(all, catalogue, "{stage}: every check is judged or has a reason, once");
        assert!(suites > 0, "{stage}");
    }
}

#[test]
fn suites_run_by_name() {
    let gate = bad();
    assert_snapshot!("suite-list", gate.run(["suite", "--list"]));
    assert_snapshot!("suite-glob", gate.run(["suite", "prod_*"]));
    assert_snapshot!("suite-all", timeless(&gate.run(["suite", "--all"]).to_string()));
    assert_snapshot!("suite-id", gate.run(["suite", "suite.test.unit", "--quiet"]));
    let verbose = gate.run(["suite", "suite.test.unit", "--verbose"]);
    assert!(
        verbose.stdout.contains("    ok bad tests::of_small_numbers\n"),
        "{verbose}"
    );
    let quiet = gate.run(["suite", "--all", "--quiet"]);
    assert!(quiet.stdout.starts_with("FAIL suite.test.unit"), "{quiet}");
    assert!(!quiet.stdout.contains("PASS"), "{quiet}");
    assert_snapshot!("suite-none", gate.run(["suite", "nightly_*"]));
    assert_snapshot!("suite-nothing-asked", gate.run(["suite"]));
    assert_snapshot!("suite-bad-glob", gate.run(["suite", "[x"]));
}

/// The stages that `explain` names and those at which a run blocks come from the declaration of the check.
#[test]
fn explain_names_the_stage_at_which_a_run_blocks() {
    let raw = "//! Demo.\n\n/// Raw.\npub fn f(x: *const u8) -> u8 {\n    // SAFETY: x\n    unsafe { *x }\n}\n";
    let gate = gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"1.0.0\"\n",
        )
        .file(".gitignore", "/target\n")
        .file("src/lib.rs", raw)
        .git_init();
    let explained = gate.run(["explain", "boundary.raw"]).stdout;
    let stage_of = |gate: &Gate| {
        let report = gate.run(["pilot", "--no-suites", "--message-format", "json"]).json();
        let checks = report["checks"].as_array().cloned().unwrap_or_default();
        let check = checks.into_iter().find(|check| check["id"] == "boundary.raw");
        let check = check.unwrap_or_else(|| panic!("{report}"));
        check["findings"][0]["blocks_at"]
            .as_str()
            .unwrap_or_else(|| panic!("{check}"))
            .to_owned()
    };
    assert_eq!(stage_of(&gate), "controlled");
    let other = "from controlled on: a package, in a workspace that declares no tiers and no boundaries\n";
    assert!(explained.contains(other), "{explained}");

    gate.write(
        "gate.toml",
        "version = 1\n[stage.pilot]\nscope = \"one\"\n[tiers]\ndefault = \"portable\"\n",
    );
    gate.commit("Declare a tier");
    assert_eq!(stage_of(&gate), "pilot");
    assert!(explained.contains("blocks from pilot on · control"), "{explained}");
}

/// A waiver for a check that judges the policy changes nothing.
#[test]
fn no_waiver_covers_a_warning_about_the_policy() {
    let gate = good();
    gate.replace(
        "gate.toml",
        "scope = \"one internal service\"",
        "scope = \"one\"\nmax-age = \"30d\"",
    );
    gate.append(
        "gate.toml",
        "\n[[waiver]]\ncheck = \"config.sanity\"\nowner = \"core\"\nreason = \"we like it\"\nexpires = \"2099-01-01\"\n",
    );
    gate.commit("Waive what cannot be waived");
    let report = gate.run(["pilot", "--no-suites", "--message-format", "json"]).json();
    let checks = report["checks"].as_array().cloned().unwrap_or_default();
    let outcome = |id: &str| {
        checks
            .iter()
            .find(|check| check["id"] == id)
            .map(|check| &check["outcome"])
    };
    assert_eq!(outcome("config.sanity"), Some(&Value::from("warn")), "{report}");
    assert_eq!(outcome("waiver.valid"), Some(&Value::from("fail")), "{report}");
}
