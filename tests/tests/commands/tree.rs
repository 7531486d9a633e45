//! What holds for every command, whatever the commands are: the first help page, JSON, `--quiet` and `--verbose`.

use clap::Command;
use gate_tests::harness::Gate;

use super::good;

/// A call of every command that has `--message-format`, with the arguments that it needs and the exit code that it gives
/// in a workspace without kernels that was ready for the pilot stage.
const CALLS: &[(&str, &[&str], i32)] = &[
    ("pilot", &[], 0),
    ("controlled", &["--plan"], 0),
    ("broad", &["--no-suites"], 1),
    ("status", &[], 0),
    ("explain", &[], 0),
    ("verify", &[], 0),
    ("ready", &[], 0),
    ("doctor", &[], 0),
    ("kernels verify", &[], 2),
    ("kernels diff", &[], 2),
    ("kernels inspect", &[], 2),
    ("kernels check", &["nothing.cu"], 2),
    (
        "kernels promote",
        &["nothing", "--to", "pilot", "--by", "ada", "--reason", "first use"],
        2,
    ),
    ("kernels rollback", &[], 0),
    ("source boundaries", &[], 0),
    ("source panics", &[], 0),
    ("source drift", &[], 2),
    ("evidence history", &[], 0),
    ("evidence ready", &[], 0),
    ("evidence bundle", &["--out", "target/bundle.tar.gz"], 0),
    ("evidence merge", &["latest"], 0),
    ("evidence cache stats", &[], 0),
    ("evidence cache verify", &[], 0),
    ("evidence cache gc", &["--dry-run"], 0),
    ("release migrate compare", &["gate.toml", "gate.toml"], 0),
    ("release migrate dry-run", &["orders"], 2),
    ("release migrate cutover", &["orders"], 2),
    ("release migrate rollback", &["orders"], 2),
    ("release migrate status", &[], 0),
    ("govern waiver list", &[], 0),
    ("govern register list", &[], 2),
    ("govern register draft", &[], 0),
    (
        "govern promote",
        &[
            "target/artifact",
            "--to",
            "pilot",
            "--by",
            "ada",
            "--reason",
            "first use",
        ],
        1,
    ),
    ("govern closeout", &[], 0),
    ("govern weekly", &[], 0),
    ("advisories status", &[], 0),
    ("advisories update", &["--url", "nowhere"], 3),
];

fn leaves<'c>(command: &'c Command, path: &str, found: &mut Vec<(String, &'c Command)>) {
    for below in command.get_subcommands() {
        let path = format!("{path} {}", below.get_name());
        if below.has_subcommands() {
            leaves(below, &path, found);
        } else {
            found.push((path.trim_start().to_owned(), below));
        }
    }
}

/// A workspace with a run, and something that was built before it.
fn ready() -> Gate {
    let gate = good();
    gate.write("target/artifact", "bytes");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    gate
}

fn call<'c>(path: &'c str, arguments: &[&'c str], more: &[&'c str]) -> Vec<&'c str> {
    path.split(' ')
        .chain(arguments.iter().copied())
        .chain(more.iter().copied())
        .collect()
}

#[test]
fn the_first_page_of_help_fits_in_a_head() {
    let help = good().run(["--help"]);
    assert_eq!(help.code, Some(0), "{help}");
    let commands = help.stdout.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands.take_while(|line| !line.is_empty()).collect();
    assert!(
        (10..=14).contains(&commands.len()),
        "{} commands: {help}",
        commands.len()
    );
    // A line each, on a terminal of 120 columns.
    assert!(commands.iter().all(|line| line.len() <= 120), "{help}");
    insta::assert_snapshot!("help", help);
}

#[test]
fn a_command_of_a_group_is_found_by_its_name() {
    let run = good().run("boundaries".split(' '));
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("tip: `cargo gate source boundaries`"), "{run}");
}

#[test]
fn help_of_a_command_is_what_its_flag_prints() {
    let gate = good();
    let asked = gate.run(["help", "kernels", "compile"]);
    assert_eq!(asked.code, Some(0), "{asked}");
    assert_eq!(asked.stdout, gate.run(["kernels", "compile", "--help"]).stdout);
    assert_eq!(gate.run(["help", "nothing"]).code, Some(2));
}

#[test]
fn json_is_an_object_with_a_version_and_alone_on_stdout() {
    let command = cargo_gate::cli::command();
    let mut all = Vec::new();
    leaves(&command, "", &mut all);
    let with_json: Vec<&str> = all
        .iter()
        .filter(|(_, command)| {
            let format = command.get_arguments().find(|one| one.get_id() == "message_format");
            format.is_some_and(|format| format.get_possible_values().iter().any(|one| one.get_name() == "json"))
        })
        .map(|(path, _)| path.as_str())
        .collect();
    let called: Vec<&str> = CALLS.iter().map(|(path, ..)| *path).collect();
    assert_eq!(
        called, with_json,
        "every command with `--message-format json` has a call"
    );

    let gate = ready();
    for (path, arguments, code) in CALLS {
        let run = gate.run(call(path, arguments, &["--message-format", "json"]));
        assert_eq!(run.code, Some(*code), "{path}: {run}");
        assert!(run.stdout.starts_with("{\n  \"schema_version\": "), "{path}: {run}");
        let document: serde_json::Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{path}: {error}: {run}"));
        assert!(document["schema_version"].is_u64(), "{path}: {run}");
        assert_eq!(run.stdout.matches("\n  \"schema_version\"").count(), 1, "{path}: {run}");
        // What fails says so in JSON as well.
        assert_eq!(document["exit_code"] == 2, *code == 2, "{path}: {run}");
    }
}

#[test]
fn quiet_says_less_and_verbose_says_more() {
    let gate = ready();
    for (path, arguments, code) in CALLS.iter().filter(|(.., code)| *code < 2) {
        let quiet = gate.run(call(path, arguments, &["--quiet"]));
        assert_eq!(quiet.code, Some(*code), "{path}: {quiet}");
        assert_eq!(quiet.stderr, "", "{path}: {quiet}");
        let usual = gate.run(call(path, arguments, &[]));
        let verbose = gate.run(call(path, arguments, &["--verbose"]));
        assert!(verbose.stderr.contains("     Reading "), "{path}: {verbose}");
        assert!(!usual.stderr.contains("Reading"), "{path}: {usual}");
    }
}
