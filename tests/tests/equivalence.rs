//! Suites of equivalence, as their users see them: two implementations in one workspace, and what a fault in one of them becomes.

use gate_base::digest::sha256_hex;
use gate_tests::gate;
use gate_tests::harness::{Gate, day};

/// Means of the numbers below `size`, by class, as lines of JSON.
const PROGRAM: &str = r#"fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let size: u64 = words[0].parse().expect("a number");
    let classes = if words[1] == "few" { 2 } else { 7 };
    for class in 0..classes {
        let numbers = (0..size).filter(|number| number % classes == class);
        let sum: u64 = numbers.clone().sum();
        let mean = sum as f64 / size.max(1) as f64;
        println!("{{\"class\": {class}, \"count\": {}, \"mean\": {mean}}}", numbers.count());
    }
}
"#;

/// The same, with other loops, and means that are rounded in another way.
const FAST: &str = r#"fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let size: u64 = words[0].parse().expect("a number");
    let classes = if words[1] == "few" { 2 } else { 7 };
    let (mut counts, mut means) = (vec![0_u64; classes], vec![0.0_f64; classes]);
    for number in 0..size {
        counts[number as usize % classes] += 1;
        means[number as usize % classes] += number as f64 / size as f64;
    }
    for class in 0..classes {
        println!("{{\"class\": {class}, \"count\": {}, \"mean\": {}}}", counts[class], means[class]);
    }
}
"#;

const SUITE: &str = r#"
[[suite.equivalence]]
name = "sums"
version = 1
implementation = "fast"
build = ["cargo", "build", "--examples", "--locked", "--package", "logic"]
command = ["{target}/debug/examples/fast", "{size}", "{classes}"]
inputs = ["logic/**", "oracle/**"]

[[suite.equivalence.axis]]
name = "size"
values = [0, 1, 7, 1000]

[[suite.equivalence.axis]]
name = "classes"
values = ["few", "many"]

[[suite.equivalence.column]]
name = "mean"
kind = "float"
relative = 1e-12

[[suite.equivalence.reference]]
name = "plain"
command = ["{target}/debug/examples/plain", "{size}", "{classes}"]
"#;

fn workspace() -> Gate {
    let gate = gate!()
        .fixture("good")
        .file("logic/examples/plain.rs", PROGRAM)
        .file("logic/examples/fast.rs", FAST);
    gate.append("gate.toml", SUITE);
    gate.git_init()
}

#[test]
fn what_differs_in_one_cell_fails_and_is_made_smaller() {
    let gate = workspace();
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout
            .contains("PASS suite.equivalence.sums: 8 passed, 0 failed, 0 skipped"),
        "{run}"
    );
    assert!(run.stdout.contains("fast and plain: the same in 8 of 8 cells"), "{run}");
    let claim = "claim: fast gives what plain gives in 8 cells of size 0, 1, 7, 1000; classes few, many, every 2 of them combined";
    assert!(run.stdout.contains(claim), "{run}");

    // One row too few, from seven numbers on and of seven classes only.
    gate.replace(
        "logic/examples/fast.rs",
        "for class in 0..classes {",
        "for class in 0..if size >= 7 && classes == 7 { 6 } else { classes } {",
    );
    gate.commit("a fault");
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(1), "{run}");
    let found = "size=1000,classes=many: `fast` differs from `plain`: the number of rows: 6 rows instead of 7 rows";
    assert!(run.stdout.contains(found), "{run}");
    assert!(
        run.stdout
            .contains("the smallest cell that fails is size=7,classes=many"),
        "{run}"
    );
    let case: serde_json::Value =
        serde_json::from_str(&gate.read("target/gate/equivalence/sums/case-1/case.json")).expect("a case");
    assert_eq!(case["cell"], "size=7,classes=many");
    assert_eq!(
        gate.read("target/gate/equivalence/sums/case-1/fast.out")
            .lines()
            .count(),
        6
    );
    assert_eq!(
        gate.read("target/gate/equivalence/sums/case-1/plain.out")
            .lines()
            .count(),
        7
    );

    // What is known to differ takes the cells out of the claim, and must not stop differing.
    let until = day(30);
    gate.append(
        "gate.toml",
        &format!(
            "\n[[suite.equivalence.divergence]]\nid = \"last-class\"\ncells = {{ size = [7, 1000], classes = \"many\" }}\n\
             reason = \"the last class is not written\"\nowner = \"platform team\"\nuntil = {until}\n"
        ),
    );
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("size=7,classes=many: known to differ"), "{run}");
    assert!(run.stdout.contains("in 6 cells"), "{run}");
    gate.write("logic/examples/fast.rs", FAST);
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout.contains("does not differ, although `last-class` says so"),
        "{run}"
    );
    gate.replace("gate.toml", &until, &day(-1));
    let run = gate.run(["suite", "sums"]);
    assert!(run.stdout.contains("the divergence `last-class` ended on"), "{run}");
}

#[test]
fn a_comparison_that_accepts_zeros_is_no_evidence() {
    let gate = workspace();
    gate.replace("gate.toml", "relative = 1e-12", "absolute = 1e9");
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("faults are not found"), "{run}");

    gate.replace("gate.toml", "absolute = 1e9", "relative = 1e-12");
    gate.replace(
        "logic/examples/plain.rs",
        "let size: u64",
        "print!(\"\\n{{\\\"class\\\": {}}}\\n\", std::process::id());\n    let size: u64",
    );
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("`plain` gives something else each time"), "{run}");
}

#[test]
fn a_scope_that_changed_has_another_version() {
    let gate = workspace();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let published = gate.read("target/gate/runs/latest/suites/sums.equivalence.json");
    let published: serde_json::Value = serde_json::from_str(&published).expect("JSON");
    assert_eq!(published["overall"], "pass");
    assert_eq!(published["cells"].as_array().map(Vec::len), Some(8));

    gate.replace("gate.toml", "values = [0, 1, 7, 1000]", "values = [0, 1, 7]");
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("scope drift: version 1 was"), "{run}");
    gate.replace(
        "gate.toml",
        "name = \"sums\"\nversion = 1",
        "name = \"sums\"\nversion = 2",
    );
    assert_eq!(gate.run(["suite", "sums"]).code, Some(0));

    gate.replace(
        "gate.toml",
        "version = 2\n",
        &format!("version = 2\nfrozen = \"{}\"\n", "0".repeat(64)),
    );
    let run = gate.run(["suite", "sums"]);
    assert!(run.stdout.contains("scope drift: version 2 was frozen as "), "{run}");
    // The digest of the first version, which a ready run published.
    gate.replace("gate.toml", "values = [0, 1, 7]", "values = [0, 1, 7, 1000]");
    gate.replace(
        "gate.toml",
        &"0".repeat(64),
        published["scope"].as_str().unwrap_or_default(),
    );
    assert_eq!(gate.run(["suite", "sums"]).code, Some(0));
}

#[test]
fn what_is_left_out_bounds_the_decision_and_its_open_risk_is_tracked() {
    let gate = workspace();
    let exclusion = |status: &str, more: &str| {
        format!(
            "\n[[suite.equivalence.exclude]]\nid = \"large\"\ncells = {{ size = 1000 }}\nseverity = \"low\"\nstatus = \"{status}\"\n\
             reason = \"no caller has so many\"\nowner = \"platform team\"\nuntil = {}\n{more}",
            day(30)
        )
    };
    let policy = gate.read("gate.toml");
    gate.append("gate.toml", &exclusion("deferred", ""));
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("READY WITH BOUNDED SCOPE"), "{run}");
    assert!(run.stdout.contains("fast with size=1000 (risk low)"), "{run}");
    let published = gate.read("target/gate/runs/latest/suites/sums.equivalence.json");
    let published: serde_json::Value = serde_json::from_str(&published).expect("JSON");
    assert_eq!(published["exclusions"][0]["risk"], "low");
    assert_eq!(published["risk_labels"][0]["status"], "deferred");
    assert!(
        !published["claims"][0]
            .as_str()
            .is_some_and(|claim| claim.contains("1000")),
        "{published}"
    );

    let item = |status: &str| {
        format!(
            "version = 1\n[[item]]\nid = \"R-1\"\ntitle = \"large sums\"\nseverity = \"low\"\nopened = 2026-01-02\n{status}\n"
        )
    };
    gate.write("register.toml", item("status = \"open\""));
    gate.write(
        "gate.toml",
        format!("{policy}\n[register]\n{}", exclusion("open", "tracked-by = \"R-1\"\n")),
    );
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(0), "{run}");
    let closed = "status = \"closed\"\nclosed = 2026-02-01\ncommit = \"1f0e2d3\"\nowner = \"platform team\"";
    gate.write("register.toml", item(closed));
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("risk_mapped_to_closed_item"), "{run}");
}

#[test]
fn a_recorded_output_is_of_another_producer() {
    let gate = workspace();
    let mut record = String::new();
    for (size, classes, text) in [
        (
            0,
            "few",
            "{\"class\": 0, \"count\": 0, \"mean\": 0}\n{\"class\": 1, \"count\": 0, \"mean\": 0}\n",
        ),
        (
            2,
            "few",
            "{\"class\": 0, \"count\": 1, \"mean\": 0}\n{\"class\": 1, \"count\": 1, \"mean\": 0.5}\n",
        ),
    ] {
        let file = format!("oracle/{size}-{classes}.jsonl");
        gate.write(&file, text);
        let digest = sha256_hex(text.as_bytes());
        record += &format!(
            "{{\"file\": \"{file}\", \"sha256\": \"{digest}\", \"producer\": {{\"name\": \"cpython\", \"version\": \"3.12.3\", \"command\": [\"python3\", \"sums.py\"]}}}}\n"
        );
    }
    gate.write("oracle/record.jsonl", &record);
    let policy = gate.read("gate.toml");
    let policy = policy
        .replace("values = [0, 1, 7, 1000]", "values = [0, 2]")
        .replace("values = [\"few\", \"many\"]", "values = [\"few\"]")
        .replace(
            "command = [\"{target}/debug/examples/plain\", \"{size}\", \"{classes}\"]",
            "command = [\"{target}/debug/examples/plain\", \"{size}\", \"{classes}\"]\n\n[[suite.equivalence.reference]]\n\
             name = \"recorded\"\noracle = true\nfile = \"oracle/{size}-{classes}.jsonl\"\nrecord = \"oracle/record.jsonl\"",
        );
    gate.write("gate.toml", &policy);
    gate.commit("an oracle");
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout.contains("fast and recorded: the same in 2 of 2 cells"),
        "{run}"
    );

    // Two that agree with each other and not with the oracle are wrong together.
    for program in ["plain", "fast"] {
        gate.replace(
            &format!("logic/examples/{program}.rs"),
            "\\\"count\\\"",
            "\\\"number\\\"",
        );
    }
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("fast and plain: the same in 2 of 2 cells"), "{run}");
    assert!(run.stdout.contains("`fast` differs from `recorded`"), "{run}");

    gate.append("oracle/2-few.jsonl", "\n");
    let run = gate.run(["suite", "sums"]);
    assert!(
        run.stdout.contains("another `oracle/2-few.jsonl` than was recorded"),
        "{run}"
    );
    gate.write("oracle/record.jsonl", record.replace("cpython", "fast"));
    let run = gate.run(["suite", "sums"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("the implementation under test"), "{run}");
}
