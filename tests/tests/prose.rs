//! The prose of the project avoids the turns that `docs/src/contributing/style.md` lists, and the page on troubleshooting
//! quotes messages that exist.

use std::fs;
use std::path::Path;
use std::process::Command;

use fancy_regex::Regex;

const STYLE: &str = "docs/src/contributing/style.md";
const TROUBLESHOOTING: &str = "docs/src/troubleshooting.md";

/// A turn that is not used, and what is written in its place.
struct Turn {
    pattern: Regex,
    instead: String,
}

/// The table of the page: patterns in backticks, commas between them, and the replacement in the second column.
fn turns(page: &str) -> Vec<Turn> {
    let (_, section) = page
        .split_once("## Turns not used")
        .expect("the page has a section about turns");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let instead = cells.get(1).copied().unwrap_or_default().to_owned();
        cells[0].split('`').skip(1).step_by(2).map(move |words| {
            // A table escapes what would end a cell, and a turn may be broken over two lines.
            let words = words.replace("\\|", "|").replace(' ', r"\s+");
            Turn {
                pattern: Regex::new(&format!(r"(?i)\b(?:{words})\b")).expect("a pattern of the table"),
                instead: instead.clone(),
            }
        })
    })
    .collect()
}

/// `path:line` of every turn in a text, with the turn and its replacement.
fn findings(path: &str, text: &str, turns: &[Turn]) -> Vec<String> {
    let mut found = Vec::new();
    for turn in turns {
        for at in turn.pattern.find_iter(text).flatten() {
            let line = text[..at.start()].matches('\n').count() + 1;
            let words: Vec<&str> = at.as_str().split_whitespace().collect();
            found.push((line, format!("{path}:{line}: `{}`: {}", words.join(" "), turn.instead)));
        }
    }
    found.sort();
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// A Markdown text with only its prose: code in blocks and in backticks is left out, and lines keep their numbers.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    let mut code = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        if !fenced && !fence {
            if line.trim().is_empty() {
                code = false;
            }
            out.extend(line.chars().map(|char| {
                code ^= char == '`';
                if code { '.' } else { char }
            }));
        }
        fenced ^= fence;
        out.push('\n');
    }
    out
}

/// The pages people read, by path: those of the repository's top, of the book, and of the checks.
fn pages() -> Vec<(String, String)> {
    let root = xtask::project_root();
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"])
        .args(["*.md"])
        .current_dir(&root)
        .output()
        .expect("git can be started");
    let paths = String::from_utf8(output.stdout).expect("file names here are UTF-8");
    let mut pages = Vec::new();
    for path in paths.split_terminator('\0') {
        let read = !path.contains('/') || path.starts_with("docs/") || path.starts_with("cargo-gate/");
        if read && let Ok(text) = fs::read_to_string(root.join(path)) {
            pages.push((path.to_owned(), text));
        }
    }
    pages
}

fn listed() -> Vec<Turn> {
    let page = fs::read_to_string(xtask::project_root().join(STYLE)).expect("the page about style");
    turns(&page)
}

#[test]
fn turns_are_found_with_their_line() {
    let turns = turns("## Turns not used\n\n| not | but |\n| --- | --- |\n| `whoever`, `held against` | name who |\n");
    let text = prose("One `whoever`.\n\n```text\nwhoever\n```\n\nIt is held\nagainst Whoever.\n");
    assert_eq!(
        findings("a.md", &text, &turns),
        [
            "a.md:7: `held against`: name who",
            "a.md:8: `Whoever`: name who"
        ]
    );
}

#[test]
fn pages_are_written_in_plain_english() {
    let turns = listed();
    assert!(turns.len() >= 20, "only {} turns are listed", turns.len());
    let pages = pages();
    assert!(pages.len() > 100, "only {} pages were found", pages.len());
    let found: Vec<String> = pages
        .iter()
        .flat_map(|(path, text)| findings(path, &prose(text), &turns))
        .collect();
    assert!(found.is_empty(), "{STYLE} has better words:\n  {}", found.join("\n  "));
}

/// Everything the product may say: its sources, with literals as they are printed.
fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a source");
            text.push_str(&source.replace("\\\"", "\""));
        }
    }
}

#[test]
fn messages_that_troubleshooting_quotes_exist() {
    let root = xtask::project_root();
    let page = fs::read_to_string(root.join(TROUBLESHOOTING)).expect("the page");
    let mut product = String::new();
    sources(&root.join("cargo-gate"), &mut product);
    let quoted: Vec<&str> = page
        .split("```text\n")
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect();
    assert!(quoted.len() > 10, "only {} messages are quoted", quoted.len());
    for message in quoted {
        for part in message.split('…').filter(|part| part.len() > 3) {
            assert!(product.contains(part), "{TROUBLESHOOTING}: nothing says `{part}`");
        }
    }
}
