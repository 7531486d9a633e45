//! What the README and the book show is what the product takes and writes.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_gate::init::{InitFacts, github_workflow, gitlab_pipeline};
use gate_base::stage::Stage;

/// A block of code of a page.
struct Block {
    page: String,
    line: usize,
    /// What stands behind the backticks.
    info: String,
    text: String,
}

/// Every fenced block of the README and of the book, in order.
fn blocks() -> Vec<Block> {
    let root = xtask::project_root();
    let mut pages = vec![root.join("README.md")];
    collect(&root.join("docs/src"), &mut pages);
    pages.sort();
    let mut blocks = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page can be read");
        let name = page.strip_prefix(&root).unwrap_or(&page).display().to_string();
        let name = name.replace(std::path::MAIN_SEPARATOR, "/");
        let mut open: Option<Block> = None;
        for (at, line) in text.lines().enumerate() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(info), None) => {
                    open = Some(Block {
                        page: name.clone(),
                        line: at + 1,
                        info: info.to_owned(),
                        text: String::new(),
                    });
                }
                (None, Some(block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{name}: a block is not closed");
    }
    blocks
}

fn collect(directory: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory can be listed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

/// An example that shows a part of a policy is completed by the two lines that every policy has.
fn whole(example: &str) -> String {
    let declares = |key: &str| example.lines().any(|line| line.starts_with(key));
    let mut text = String::new();
    if !declares("version") {
        text.push_str("version = 1\n");
    }
    text.push_str(example);
    if !declares("[stage.pilot]") && !declares("stage.pilot.scope") {
        text.push_str("\n[stage.pilot]\nscope = \"one internal service\"\n");
    }
    text
}

#[test]
fn every_example_of_a_policy_is_valid() {
    let catalogue = gate_checks::catalogue().with(gate_suites::DEFAULT_ID, Stage::Pilot);
    let mut seen = 0;
    for block in blocks() {
        // The pages of checks also show other files of a workspace.
        let shows_other_files = block.info == "toml" && block.page.contains("/checks/");
        if !block.info.starts_with("toml") || shows_other_files || block.info == "toml Cargo.toml" {
            continue;
        }
        let (page, line) = (&block.page, block.line);
        if block.info == "toml register.toml" {
            gate_policy::register::parse("register.toml", &block.text)
                .unwrap_or_else(|errors| panic!("{page}:{line}:\n{}", errors.render(false)));
            continue;
        }
        assert_eq!(
            block.info, "toml gate.toml",
            "{page}:{line}: TOML in the guide is policy"
        );
        seen += 1;
        let policy = gate_policy::validate("gate.toml", &whole(&block.text), &catalogue)
            .unwrap_or_else(|errors| panic!("{page}:{line}:\n{}", errors.render(false)));
        assert!(
            policy.sanity.is_empty(),
            "{page}:{line}: an example that is rarely meant: {:?}",
            policy.sanity
        );
    }
    assert!(seen >= 15, "only {seen} examples were found");
}

#[test]
fn every_section_of_the_policy_has_an_example() {
    let text: String = blocks()
        .into_iter()
        .filter(|block| block.page.ends_with("policy.md") && block.info == "toml gate.toml")
        .map(|block| block.text)
        .collect();
    let schema: serde_json::Value = serde_json::from_str(&gate_policy::schema_text()).expect("a schema");
    let sections = schema["properties"].as_object().expect("an object");
    assert!(sections.len() >= 8, "{sections:?}");
    for section in sections.keys() {
        let shown = [
            format!("{section} = "),
            format!("[{section}]"),
            format!("[{section}."),
            format!("[[{section}]]"),
            format!("[[{section}."),
        ];
        assert!(
            shown.iter().any(|head| text.contains(head.as_str())),
            "docs/src/guide/policy.md shows no `{section}`"
        );
    }
}

#[test]
fn the_ci_recipes_are_what_init_writes() {
    let facts = InitFacts {
        lockfile: true,
        toolchain: Some("1.95.0".into()),
        default_branch: Some("main".into()),
        ..InitFacts::default()
    };
    let shown: Vec<String> = blocks()
        .into_iter()
        .filter(|block| block.page.ends_with("ci.md") && block.info == "yaml")
        // The page also shows a job of the user's own.
        .filter(|block| block.text.starts_with("# Written by"))
        .map(|block| block.text)
        .collect();
    assert_eq!(shown, [github_workflow(&[&facts]), gitlab_pipeline(&[&facts])]);
}

#[test]
fn commands_that_are_shown_exist() {
    let commands = cargo_gate::cli::command();
    let mut seen = 0;
    for block in blocks() {
        if block.info != "console" {
            continue;
        }
        // A backslash continues a line.
        for line in block.text.replace("\\\n", " ").lines() {
            let words: Vec<&str> = line.split_whitespace().take_while(|word| *word != "#").collect();
            let Some(at) = words.windows(2).position(|pair| pair == ["cargo", "gate"]) else {
                continue;
            };
            seen += 1;
            let mut command = &commands;
            for word in &words[at + 2..] {
                if let Some(flag) = word.strip_prefix("--") {
                    let flag = flag.split('=').next().unwrap_or_default();
                    let known = |command: &clap::Command| {
                        command
                            .get_arguments()
                            .any(|argument| argument.get_long() == Some(flag))
                    };
                    assert!(
                        known(command) || known(&commands) || flag == "help",
                        "{}:{}: `--{flag}` in `{line}`",
                        block.page,
                        block.line
                    );
                } else if let Some(sub) = command.find_subcommand(word) {
                    command = sub;
                }
            }
            assert!(
                !std::ptr::eq(command, &commands),
                "{}:{}: no such command: `{line}`",
                block.page,
                block.line
            );
        }
    }
    assert!(seen > 20, "only {seen} commands were found");
}

/// The table of the book is the contract of the product.
#[test]
fn the_book_shows_the_stage_contract() {
    let page = fs::read_to_string(xtask::project_root().join("docs/src/guide/stages.md")).expect("a page can be read");
    let mut table = String::from(
        "| group | required of | evidence | pilot | controlled | broad |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &gate_contract::stage_contract::ROWS {
        let kinds: Vec<String> = row.kinds.iter().map(|kind| format!("`{kind}`")).collect();
        let kinds = if kinds.is_empty() {
            "all".to_owned()
        } else {
            kinds.join(", ")
        };
        let effects = Stage::ALL.map(|stage| match stage {
            _ if stage < row.blocks_at => "warns",
            _ => "blocks",
        });
        table.push_str(&format!(
            "| `{}` | {kinds} | {} | {} |\n",
            row.group,
            row.evidence,
            effects.join(" | ")
        ));
    }
    assert!(
        page.contains(&table),
        "docs/src/guide/stages.md does not contain\n{table}"
    );
}
