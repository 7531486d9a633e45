//! The commands of the user guide are carried out, page by page, in a workspace as the guide has it in mind.
//!
//! A block that cannot run in a test has a comment `<!-- not run: reason -->` in front of it; a snapshot lists them all.

use std::collections::BTreeSet;
use std::fs;

use cargo_gate::cli;
use gate_tests::gate;
use gate_tests::harness::Gate;

const POLICY: &str = r#"version = 1

[stage.pilot]
scope = "one internal service"
[stage.controlled]
[stage.broad]

[boundary]
inventory = "boundary_inventory.json"

[failure]
panic-inventory = "panic_inventory.json"

[docs]
status = ["STATUS.md"]
generated = ["STATUS.md"]

[stability]
reference = "v*"

[register]
path = "register.toml"

[[suite.test]]
name = "workspace"
command = ["cargo", "test", "--workspace", "--locked"]
"#;

const STATUS: &str = "# Status\n\n- [ ] The lockfile is tracked <!-- gate: lockfile.tracked -->\n\n<!-- gate:generated claims -->\n<!-- gate:end -->\n";

/// Two packages, one of them with unsafe code, a register, a document with boxes, and a release.
fn sample() -> Gate {
    let manifest = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.5.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n")
    };
    let lock = |name: &str| format!("\n[[package]]\nname = \"{name}\"\nversion = \"1.5.0\"\n");
    let gate = gate!()
        .file("Cargo.toml", "[workspace]\nmembers = [\"my-crate\", \"my-ffi\"]\nresolver = \"3\"\n")
        .file("Cargo.lock", &format!("version = 4\n{}{}", lock("my-crate"), lock("my-ffi")))
        .file(".gitignore", "/target\n")
        .file("gate.toml", POLICY)
        .file("STATUS.md", STATUS)
        .file("register.toml", "version = 1\n")
        .file("my-crate/Cargo.toml", &manifest("my-crate"))
        .file(
            "my-crate/src/lib.rs",
            "//! Mine.\n\n/// The first byte.\npub fn first(bytes: &[u8]) -> u8 {\n    bytes[0]\n}\n\n#[test]\nfn first_is_first() {\n    assert_eq!(first(b\"a\"), b'a');\n}\n",
        )
        .file("my-ffi/Cargo.toml", &manifest("my-ffi"))
        .file(
            "my-ffi/src/lib.rs",
            "//! Raw.\n\n/// What `at` points at.\n///\n/// # Safety\n/// It points at a byte.\npub unsafe fn read(at: *const u8) -> u8 {\n    // SAFETY: the caller says so.\n    unsafe { *at }\n}\n",
        )
        .git_init();
    gate.git(["tag", "v1.4.0"]);
    gate.write("notes.txt", "After the release.\n");
    gate.commit("Go on");
    gate
}

/// A block of commands.
struct Block {
    line: usize,
    commands: Vec<String>,
    /// Why it is not run.
    mark: Option<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut mark = None;
    let mut open: Option<Block> = None;
    for (at, line) in text.lines().enumerate() {
        if let Some(block) = &mut open {
            if line == "```" {
                blocks.extend(open.take());
            } else if block.commands.last().is_some_and(|last: &String| last.ends_with('\\')) {
                let last = block.commands.last_mut().expect("a line before");
                last.pop();
                last.push_str(line);
            } else {
                block.commands.push(line.to_owned());
            }
        } else if matches!(line, "```console" | "```sh" | "```bash") {
            open = Some(Block {
                line: at + 1,
                commands: Vec::new(),
                mark: mark.take(),
            });
        } else if let Some(reason) = line
            .strip_prefix("<!-- not run: ")
            .and_then(|rest| rest.strip_suffix(" -->"))
        {
            mark = Some(reason.to_owned());
        } else if !line.trim().is_empty() {
            mark = None;
        }
    }
    blocks
}

/// The words of a command as a shell would hand them over, without comment and without where the output goes. `None` for what takes a shell.
fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for char in command.chars() {
        match (quote, char) {
            (Some(open), char) if open == char => quote = None,
            (Some(_), char) => word.get_or_insert_default().push(char),
            (None, '\'' | '"') => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, '|' | '&' | ';' | '`' | '$' | '<') => return None,
            (None, char) if char.is_whitespace() => words.extend(word.take()),
            (None, char) => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    if let Some(at) = words.iter().position(|word| word == ">") {
        words.truncate(at);
    }
    Some(words)
}

#[test]
fn commands_are_taken_apart_as_a_shell_does() {
    let of = |text: &str| words(text).map(|words| words.join("|"));
    assert_eq!(
        of("cargo gate x --path 'a/**' --b \"c d\" > e.json   # f").as_deref(),
        Some("cargo|gate|x|--path|a/**|--b|c d")
    );
    assert_eq!(of("a | b"), None);
    let found = blocks("<!-- not run: why -->\n\n```sh\na \\\n  b\n```\n\n```console\nc\n```\n");
    assert_eq!(found[0].commands, ["a   b"]);
    assert_eq!(
        (found[0].mark.as_deref(), found[1].mark.as_deref()),
        (Some("why"), None)
    );
}

/// Whether an exit code is one that the guide's reader may see: an answer, whatever it is, and not an error of usage or of the tool.
fn is_answer(code: Option<i32>) -> bool {
    matches!(code, Some(0 | 1))
}

#[test]
fn every_command_of_the_guide_runs_or_says_why_not() {
    let guide = xtask::project_root().join("docs").join("src").join("guide");
    let mut pages: Vec<_> = fs::read_dir(guide)
        .expect("the guide")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    pages.sort();
    let mut marks = Vec::new();
    let mut wrong = Vec::new();
    let mut ran = 0;
    for page in pages {
        let name = page.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&page).expect("a page");
        let blocks = blocks(&text);
        for block in &blocks {
            if let Some(reason) = &block.mark {
                let first = block.commands.first().map_or("", String::as_str);
                marks.push(format!("{name}: {first}: {reason}"));
            }
        }
        if blocks.iter().all(|block| block.mark.is_some()) {
            continue;
        }
        // Pages speak of a workspace that has been judged before.
        let gate = sample();
        let run = gate.run(["pilot", "--keep-going"]);
        assert!(is_answer(run.code), "{run}");
        for block in blocks.iter().filter(|block| block.mark.is_none()) {
            for command in block.commands.iter().filter(|command| !command.trim().is_empty()) {
                let place = format!("{name}:{}: `{command}`", block.line);
                let words =
                    words(command).unwrap_or_else(|| panic!("{place} takes a shell, and its block is not marked"));
                ran += 1;
                match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    ["git", arguments @ ..] => drop(gate.git(arguments)),
                    ["cargo", "gate", arguments @ ..] => {
                        let run = gate.run(arguments);
                        if !is_answer(run.code) {
                            wrong.push(format!("{place}\n{run}"));
                        }
                    }
                    _ => wrong.push(format!(
                        "{place} is no command that a test can run, and its block is not marked"
                    )),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 30, "only {ran} commands ran");
    insta::assert_snapshot!("not_run", marks.join("\n"));
}

#[test]
fn the_policy_of_the_benchmarks_is_one() {
    let path = xtask::project_root()
        .join("docs")
        .join("benchmarks")
        .join("every-section.toml");
    let gate = sample();
    gate.write("gate.toml", fs::read_to_string(path).expect("the policy"));
    let run = gate.run(["pilot", "--no-suites"]);
    assert!(is_answer(run.code), "{run}");
}

/// Arguments of a stage that have nothing to do with how long it takes.
const NO_KNOBS: [&str; 13] = [
    "help",
    "message-format",
    "package",
    "report",
    "strict",
    "plan",
    "timings",
    "all-workspaces",
    "except",
    "fix",
    "dry-run",
    "allow-dirty",
    "allow-no-vcs",
];

#[test]
fn knobs_of_the_tuning_guide_are_those_of_the_definition() {
    let path = xtask::project_root()
        .join("docs")
        .join("src")
        .join("guide")
        .join("tuning.md");
    let text = fs::read_to_string(path).expect("the page");
    let command = cli::command();
    let mut flags = BTreeSet::new();
    fn collect(command: &clap::Command, flags: &mut BTreeSet<String>) {
        flags.extend(
            command
                .get_arguments()
                .filter_map(|argument| argument.get_long())
                .map(str::to_owned),
        );
        command.get_subcommands().for_each(|command| collect(command, flags));
    }
    collect(&command, &mut flags);
    let schema = gate_policy::schema_text();
    let rows: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("| knob"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 5, "the table is gone");
    for row in &rows {
        let knob = row.split('|').nth(1).unwrap_or_default();
        assert!(knob.contains("]("), "the knob has no link to its reference: {knob}");
        for code in knob.split('`').skip(1).step_by(2) {
            let known = match code.strip_prefix("--") {
                Some(flag) => flags.contains(flag),
                None => {
                    code.starts_with("cargo gate ")
                        || code == "target/gate"
                        || schema.contains(&format!("\"{code}\": {{"))
                }
            };
            assert!(known, "neither a flag nor a key: `{code}`");
        }
    }
    // What changes how much of a stage runs is on the page.
    let broad = command.find_subcommand("broad").expect("the stage");
    for flag in broad
        .get_arguments()
        .filter(|argument| !argument.is_global_set())
        .filter_map(|argument| argument.get_long())
    {
        let shown = text.contains(&format!("--{flag}"));
        assert!(shown || NO_KNOBS.contains(&flag), "`--{flag}` is not on the page");
    }
}
