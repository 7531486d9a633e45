//! The extension for Visual Studio Code: its manifest, and its grammar of PTX over PTX of real compilers.
//!
//! A grammar of TextMate is regular expressions of Oniguruma, tried at every place of a line. What of it this grammar uses (`match`, `captures`,
//! `begin` and `end`, `include` of the repository) is carried out here; what it does not use fails the test.

use std::collections::BTreeSet;
#[cfg(unix)]
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
#[cfg(unix)]
use std::process::Command;

use fancy_regex::Regex;
#[cfg(unix)]
use gate_tests::gate;
use serde_json::{Map, Value};

fn extension() -> PathBuf {
    xtask::project_root().join("editors").join("vscode")
}

fn json(path: &str) -> Value {
    let text = fs::read_to_string(extension().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_manifest_is_of_this_version_and_names_files_that_exist() {
    let manifest = json("package.json");
    for key in ["name", "displayName", "description", "version"] {
        assert!(manifest[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    let root = fs::read_to_string(xtask::project_root().join("Cargo.toml")).expect("the root manifest");
    let root: toml::Table = toml::from_str(&root).expect("TOML");
    let version = root["workspace"]["package"]["version"].as_str();
    assert_eq!(manifest["version"].as_str(), version, "the version of the workspace");
    assert_eq!(manifest["engines"]["vscode"], "^1.60.0");
    let main = manifest["main"].as_str().expect("an entry");
    let language = &manifest["contributes"]["languages"][0];
    let grammar = &manifest["contributes"]["grammars"][0];
    let named = [
        main,
        language["configuration"].as_str().expect("a configuration"),
        grammar["path"].as_str().expect("a grammar"),
    ];
    for file in named {
        assert!(extension().join(file).is_file(), "{file}");
    }
    assert_eq!(language["id"], grammar["language"]);
    assert_eq!(grammar["scopeName"], json("syntaxes/ptx.tmLanguage.json")["scopeName"]);
    assert!(json("language-configuration.json")["comments"].is_object());
    // The entry asks for nothing but what the manifest declares, and what the editor itself provides.
    let entry = fs::read_to_string(extension().join(main)).expect("the entry can be read");
    for required in entry
        .split("require('")
        .skip(1)
        .filter_map(|rest| rest.split('\'').next())
    {
        let package = required.split('/').next().unwrap_or_default();
        assert!(
            package == "vscode" || manifest["dependencies"][package].is_string(),
            "{required}"
        );
    }
    for activation in manifest["activationEvents"].as_array().expect("events") {
        let event = activation.as_str().expect("a text");
        assert!(
            event.starts_with("onLanguage:") || event.starts_with("workspaceContains:"),
            "{event}"
        );
    }
    let command = &manifest["contributes"]["configuration"]["properties"]["cargo-gate.command"]["default"];
    assert_eq!(*command, serde_json::json!(["cargo", "gate", "lsp"]));
}

enum Rule {
    Match(Regex, Vec<(usize, String)>),
    Block(Regex, Regex, String),
}

struct Grammar {
    rules: Vec<Rule>,
}

/// A run of characters with its scope.
struct Token<'a> {
    text: &'a str,
    scope: String,
}

impl Grammar {
    fn read(grammar: &Value) -> Self {
        let mut this = Self { rules: Vec::new() };
        let known = ["name", "scopeName", "fileTypes", "patterns", "repository"];
        only(grammar.as_object().expect("an object"), &known);
        for pattern in grammar["patterns"].as_array().expect("patterns") {
            this.pattern(pattern, &grammar["repository"]);
        }
        this
    }

    fn pattern(&mut self, pattern: &Value, repository: &Value) {
        let object = pattern.as_object().expect("an object");
        only(
            object,
            &["name", "match", "begin", "end", "captures", "include", "patterns"],
        );
        let text = |key: &str| object.get(key).map(|value| value.as_str().expect("a text"));
        let regex = |source: &str| Regex::new(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        if let Some(include) = text("include") {
            let name = include.strip_prefix('#').expect("an include of the repository");
            assert!(repository[name].is_object(), "there is no `{name}`");
            self.pattern(&repository[name], repository);
        } else if let Some(source) = text("match") {
            let mut captures: Vec<(usize, String)> =
                text("name").map(|name| (0, name.to_owned())).into_iter().collect();
            for (number, capture) in object.get("captures").and_then(Value::as_object).into_iter().flatten() {
                let name = capture["name"].as_str().expect("a name").to_owned();
                captures.push((number.parse().expect("a number"), name));
            }
            self.rules.push(Rule::Match(regex(source), captures));
        } else if let (Some(begin), Some(end)) = (text("begin"), text("end")) {
            let name = text("name").expect("a name").to_owned();
            self.rules.push(Rule::Block(regex(begin), regex(end), name));
        } else {
            for pattern in object["patterns"].as_array().expect("patterns") {
                self.pattern(pattern, repository);
            }
        }
    }

    /// The tokens of a text, white space left out; what no rule matches has no scope.
    fn tokens<'a>(&self, text: &'a str) -> Vec<Vec<Token<'a>>> {
        let mut open: Option<(&Regex, &str)> = None;
        let mut lines = Vec::new();
        for line in text.lines() {
            let mut tokens: Vec<Token<'a>> = Vec::new();
            let mut at = 0;
            // Where each rule matches next: a match that lies ahead stays what it is.
            let mut ahead: Vec<Option<Option<usize>>> = vec![None; self.rules.len()];
            while at <= line.len() {
                if let Some((end, name)) = open {
                    let found = end.find_from_pos(line, at).expect("the expression ends");
                    let to = found.as_ref().map_or(line.len(), fancy_regex::Match::end);
                    push(&mut tokens, &line[at..to], name);
                    at = to;
                    if found.is_none() {
                        break;
                    }
                    open = None;
                    continue;
                }
                // The leftmost match counts, and the first rule of several at one place.
                let mut best: Option<(usize, &Rule)> = None;
                for (rule, ahead) in self.rules.iter().zip(&mut ahead) {
                    let (Rule::Match(regex, _) | Rule::Block(regex, ..)) = rule;
                    let next = match *ahead {
                        Some(next) if next.is_none_or(|start| start >= at) => next,
                        _ => {
                            let found = regex.find_from_pos(line, at).expect("the expression ends");
                            found.map(|found| found.start())
                        }
                    };
                    *ahead = Some(next);
                    if let Some(start) = next
                        && best.is_none_or(|(first, _)| start < first)
                    {
                        best = Some((start, rule));
                    }
                }
                let Some((start, rule)) = best else {
                    push(&mut tokens, &line[at..], "");
                    break;
                };
                push(&mut tokens, &line[at..start], "");
                match rule {
                    Rule::Match(regex, captures) => {
                        let found = regex
                            .captures_from_pos(line, start)
                            .expect("it ends")
                            .expect("it matched");
                        let whole = found.get(0).expect("the whole");
                        assert!(!whole.range().is_empty(), "an empty match would never end: {regex:?}");
                        let mut from = whole.start();
                        for (number, name) in captures {
                            let Some(group) = found.get(*number) else { continue };
                            push(&mut tokens, &line[from..group.start()], "");
                            push(&mut tokens, group.as_str(), name);
                            from = group.end();
                        }
                        push(&mut tokens, &line[from..whole.end()], "");
                        at = whole.end();
                    }
                    Rule::Block(begin, end, name) => {
                        let found = begin.find_from_pos(line, start).expect("it ends").expect("it matched");
                        push(&mut tokens, found.as_str(), name);
                        at = found.end();
                        open = Some((end, name));
                    }
                }
            }
            lines.push(tokens);
        }
        lines
    }
}

fn push<'a>(tokens: &mut Vec<Token<'a>>, text: &'a str, scope: &str) {
    let text = text.trim();
    if !text.is_empty() {
        tokens.push(Token {
            text,
            scope: scope.to_owned(),
        });
    }
}

fn only(object: &Map<String, Value>, known: &[&str]) {
    for key in object.keys() {
        assert!(known.contains(&key.as_str()), "`{key}` is not carried out by this test");
    }
}

#[test]
fn ptx_is_coloured_as_its_chapters_name_it() {
    const SAMPLE: &str = "\
// a comment
.version 8.0
.target sm_90a, debug
.address_size 64
/* of two
   lines */ .visible .entry add(.param .u64 .ptr .global .align 4 add_param_0, .param .f32 x)
.maxntid 256, 1, 1
{
\t.reg .pred %p<2>;
\t.shared .align 16 .b8 tile[1024];
$L__BB0_1:
\tmov.u32 %r1, %tid.x;
@!%p1 bra $L__BB0_1;
\tld.global.nc.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+16];
\tfma.rn.ftz.f32 %f5, %f1, 0f3F800000, -1.5;
\tbarrier.cluster.arrive.aligned;
\tcp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd2], 0x10U, [%r3];
\tmma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1}, {%r1}, {%r2}, {%f2};
\t.loc 1 3 5
\tret;
}
.file 1 \"/src/k.cu\"
";
    let grammar = Grammar::read(&json("syntaxes/ptx.tmLanguage.json"));
    let shown = grammar
        .tokens(SAMPLE)
        .into_iter()
        .zip(SAMPLE.lines())
        .map(|(tokens, line)| {
            let tokens: Vec<String> = tokens
                .iter()
                .map(|token| format!("    {:<28} {}", token.text, token.scope))
                .collect();
            format!("{}\n{}", line.trim(), tokens.join("\n"))
        });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"));
}

/// In what compilers write, every instruction, type and register has its colour: nothing that begins with a letter stands alone but names.
#[test]
fn ptx_of_compilers_has_no_word_without_a_scope_but_names() {
    let grammar = Grammar::read(&json("syntaxes/ptx.tmLanguage.json"));
    let root = xtask::project_root();
    let mut files = 0;
    for directory in ["gate-build/tests/ptx", "gate-kernels/ptx/device"] {
        for file in fs::read_dir(root.join(directory)).expect("PTX of a compiler").flatten() {
            if file.path().extension().is_none_or(|extension| extension != "ptx") {
                continue;
            }
            files += 1;
            let text = fs::read_to_string(file.path()).expect("a text");
            // Compilers repeat themselves; a line that was looked at with other numbers is known.
            let mut seen = BTreeSet::new();
            let lines: Vec<&str> = text
                .lines()
                .filter(|line| seen.insert(line.replace(|c: char| c.is_ascii_digit(), "0")))
                .collect();
            let text = lines.join("\n");
            for (number, tokens) in grammar.tokens(&text).into_iter().enumerate() {
                let line = text.lines().nth(number).unwrap_or_default().trim();
                // Statements begin with a label, a predicate, a directive or an instruction.
                let first = tokens
                    .iter()
                    .find(|token| !token.text.starts_with(['{', '}', '(', ')', ',']));
                let starts =
                    line.starts_with(|c: char| c.is_ascii_lowercase() || c == '@' || c == '.') && line.ends_with(';');
                if let Some(first) = first.filter(|_| starts) {
                    assert!(
                        !first.scope.is_empty(),
                        "{}:{}: `{line}`",
                        file.path().display(),
                        number + 1
                    );
                }
                for token in &tokens {
                    let scoped = !token.scope.is_empty();
                    assert!(
                        scoped || !token.text.starts_with(['%', '.', '@', '"']),
                        "{line}: `{}`",
                        token.text
                    );
                }
            }
        }
    }
    assert!(files >= 3, "{files} files");
}

/// The server in an editor that nobody here wrote: findings show, their fix and a waiver are applied, their check is explained.
#[cfg(unix)]
#[test]
fn neovim_shows_a_finding_fixes_it_and_explains_its_check() {
    let there = Command::new("nvim").arg("--version").output();
    assert!(
        there.is_ok_and(|output| output.status.success()),
        "`nvim` is not installed: `apt-get install neovim` or `brew install neovim`"
    );
    const WORKFLOW: &str = "\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: cargo test --workspace
";
    let gate = gate!()
        .fixture("good")
        .file(".github/workflows/ci.yml", WORKFLOW)
        .git_init();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let file = gate.workspace().join(".github/workflows/ci.yml");
    let seen = gate.workspace().join("target/seen.json");
    let server = gate.gate_command();
    let program = server.get_program().to_owned();
    let variables: Vec<_> = server
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let output = server_environment(&mut Command::new("nvim"), variables)
        .args(["--clean", "--headless", "-u", "NONE", "-S"])
        .arg(xtask::project_root().join("tests/tests/neovim.lua"))
        .current_dir(gate.workspace())
        .env("ROOT", gate.workspace())
        .env("FILE", &file)
        .env("SERVER", program)
        .env("SEEN", &seen)
        .output()
        .expect("nvim starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let seen = fs::read_to_string(seen).unwrap_or_else(|error| panic!("{error}: {said}"));
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    assert_eq!(seen["code"], "ci.locked", "{seen}");
    assert_eq!(
        seen["titles"],
        serde_json::json!([
            "Add `--locked`",
            "Add a waiver for `ci.locked` to gate.toml",
            "Explain `ci.locked`"
        ])
    );
    let page = seen["shown"][0].as_str().unwrap_or_default();
    assert!(page.starts_with("# ci.locked\n"), "{page}");
    assert!(page.contains("## How to fix"), "{page}");
    assert_eq!(
        gate.read(".github/workflows/ci.yml"),
        WORKFLOW.replace("cargo test", "cargo test --locked")
    );
    let policy = gate.read("gate.toml");
    assert!(
        policy.contains("\n[[waiver]]\ncheck = \"ci.locked\"\npath = \".github/workflows/ci.yml\"\n"),
        "{policy}"
    );
    // Nothing is waived before somebody says until when.
    let refused = gate.run(["pilot", "--no-suites"]);
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.stderr.contains("expires"), "{refused}");
    gate.git(["checkout", "gate.toml"]);
    let judged = gate.run(["pilot", "--no-suites", "--message-format", "json"]);
    let checks = judged.json();
    let locked = checks["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|check| check["id"] == "ci.locked");
    assert_eq!(locked.expect("it is judged")["outcome"], "pass");
}

/// The environment of a gate, for the editor that starts it.
#[cfg(unix)]
fn server_environment(command: &mut Command, variables: Vec<(OsString, OsString)>) -> &mut Command {
    command.env_clear().envs(variables)
}
