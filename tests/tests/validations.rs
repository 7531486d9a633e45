//! Every validation of gate.toml, of the register and of the known findings has a text that breaks it, and the error has a place.
//!
//! The messages are read from the sources of the validation: a new one fails this test until `tests/validations.toml` has a text for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fancy_regex::Regex;
use serde::Deserialize;

/// The head of a policy that is good.
const HEAD: &str = "version = 1\n[stage.pilot]\nscope = \"one service\"\n";

/// Rules that no text breaks, with what holds that.
const UNMET: [(&str, &str); 5] = [
    (
        "policy::base-not-read",
        "takes files; `extends` of cargo-gate-policy has tests",
    ),
    (
        "policy::path-of-a-base",
        "takes files; `extends` of cargo-gate-policy has tests",
    ),
    ("policy::malformed-value", "every format has a rule of its own"),
    ("policy::rule-broken", "every rule between values has its own id"),
    (
        "policy::text-too-long",
        "bounds of 1000 characters and more; a unit test of `scalar` has one",
    ),
];

/// Messages that take more than one text after a good head.
const ELSEWHERE: [(&str, &str); 4] = [
    (
        "has the form of a secret",
        "no file of the project holds one; a test of false_ready makes them",
    ),
    (
        "{subject} is too long: {count} characters",
        "bounds of 1000 characters and more; a unit test of `scalar` has one",
    ),
    ("`version` of a base must be 1", "a test of `extends` has a base"),
    (
        "missing key `version` at the top level",
        "the head has it; a snapshot of cargo-gate-policy has not",
    ),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    broken: Vec<Broken>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Broken {
    policy: String,
    register: Option<String>,
    known: Option<String>,
    /// `file:line:column id` of each error. Written by a run with `CARGO_GATE_BLESS=1`, and read by whoever commits it.
    #[serde(default)]
    expect: Vec<String>,
}

/// What the validation says about a text: place, id and message of each error.
fn errors(broken: &Broken) -> Vec<(String, String)> {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("a file");
    write(
        "gate.toml",
        &format!("{HEAD}{}", broken.policy.trim_start_matches('\n')),
    );
    if let Some(register) = &broken.register {
        write("register.toml", register.trim_start_matches('\n'));
    }
    if let Some(known) = &broken.known {
        write("known_findings.toml", known.trim_start_matches('\n'));
    }
    let error = gate_policy::load(directory.path(), None, &gate_checks::catalogue()).expect_err("a broken policy");
    assert_eq!(error.exit_code(), gate_base::exit::USAGE);
    let Some(details) = error.details else {
        return vec![("gate.toml".to_owned(), error.message)];
    };
    let rendered = error.rendered.unwrap_or_default();
    let problems = details.problems.into_iter().map(|problem| {
        let (line, column) = (problem.line.expect("a line"), problem.column.expect("a column"));
        assert!(
            gate_policy::rule::ALL.iter().any(|rule| rule.id == problem.id),
            "`{}` is on no page",
            problem.id
        );
        assert!(rendered.contains(&format!("error[{}]: ", problem.id)), "{}", problem.id);
        (
            format!("{}:{line}:{column} {}", problem.file, problem.id),
            problem.message,
        )
    });
    problems.collect()
}

/// Writes what is said of each text behind it.
fn bless(path: &Path, said: &[Vec<(String, String)>]) {
    let text = fs::read_to_string(path).expect("the table");
    let mut parts = text.split("[[broken]]\n");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (part, said) in parts.zip(said) {
        let kept = part.split("\nexpect = [").next().unwrap_or_default();
        let list: String = said.iter().map(|(place, _)| format!("    \"{place}\",\n")).collect();
        out += &format!("[[broken]]\n{}\nexpect = [\n{list}]\n\n", kept.trim_end());
    }
    fs::write(path, out.trim_end().to_owned() + "\n").expect("the table can be written");
}

/// The messages in the sources of the validation, by the first text behind what makes an error.
fn messages(directory: &Path, found: &mut BTreeSet<String>) {
    let makes = Regex::new(
        r#"(?:Problem::new\((?:(?!\.help|\.label)[^;"]){0,120}?|\bwrong\([^;",]{0,60}?)"((?:[^"\\]|\\.)*)""#,
    )
    .expect("an expression");
    for entry in fs::read_dir(directory).expect("the sources").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            messages(&path, found);
        } else if name.ends_with(".rs") && !name.contains("tests") {
            let text = fs::read_to_string(&path).expect("a source");
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for captures in makes.captures_iter(text).flatten() {
                let message = captures.get(1).map_or("", |message| message.as_str());
                found.insert(message.replace("\\\"", "\""));
            }
        }
    }
}

/// What a message looks like once its values are in it.
fn shape(message: &str) -> Regex {
    let mut pattern = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('{') {
        pattern.push_str(&fancy_regex::escape(before));
        pattern.push_str(".+");
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    pattern.push_str(&fancy_regex::escape(rest));
    Regex::new(&pattern).expect("an expression")
}

#[test]
fn every_validation_has_a_text_that_breaks_it() {
    let root = xtask::project_root();
    let path = root.join("tests").join("validations.toml");
    let read = || toml::from_str::<Table>(&fs::read_to_string(&path).expect("the table")).expect("the table");
    let said: Vec<Vec<(String, String)>> = read().broken.iter().map(errors).collect();
    if std::env::var_os("CARGO_GATE_BLESS").is_some() {
        bless(&path, &said);
    }
    for (broken, said) in read().broken.iter().zip(&said) {
        let said: Vec<&String> = said.iter().map(|(place, _)| place).collect();
        let expected: Vec<&String> = broken.expect.iter().collect();
        assert_eq!(said, expected, "{}", broken.policy);
    }
    let errors: Vec<String> = said
        .into_iter()
        .flatten()
        .map(|(place, message)| format!("{place} {message}"))
        .collect();
    insta::assert_snapshot!(errors.join("\n"));

    let ids: BTreeSet<&str> = errors.iter().filter_map(|error| error.split(' ').nth(1)).collect();
    let unmet: Vec<&str> = gate_policy::rule::ALL
        .iter()
        .map(|rule| rule.id)
        .filter(|id| !ids.contains(id) && !UNMET.iter().any(|(known, _)| known == id))
        .collect();
    assert!(unmet.is_empty(), "no text of tests/validations.toml breaks {unmet:?}");

    let mut known = BTreeSet::new();
    messages(&root.join("cargo-gate/crates/policy/src"), &mut known);
    assert!(known.len() > 35, "the sources do not look as they did: {known:?}");
    for (elsewhere, _) in ELSEWHERE {
        assert!(known.remove(elsewhere), "`{elsewhere}` is in no source any more");
    }
    let missing: Vec<&String> = known
        .iter()
        .filter(|message| {
            let shape = shape(message);
            !errors.iter().any(|error| shape.is_match(error).unwrap_or(false))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "no text of tests/validations.toml breaks:\n{missing:#?}"
    );
}

/// What the tests of this repository show to be refused, one line for each case.
fn refused() -> BTreeSet<String> {
    let root = xtask::project_root();
    let table = fs::read_to_string(root.join("tests").join("validations.toml")).expect("the table");
    let table: Table = toml::from_str(&table).expect("the table");
    let mut found: BTreeSet<String> = table.broken.iter().flat_map(refused_lines).collect();
    for (check, twin) in gate_tests::fixture::Fixture::all() {
        if twin == "fail" {
            found.insert(format!("fixture: {check}"));
        }
    }
    for package in ["gate-build", "gate-kernels", "gate-runtime"] {
        refused_code(&root, &root.join(package).join("src"), &mut found);
    }
    found
}

/// The rules that a text breaks, each with the line that breaks it: neither moves with the text around it or with the wording.
fn refused_lines(broken: &Broken) -> Vec<String> {
    let policy = format!("{HEAD}{}", broken.policy.trim_start_matches('\n'));
    let register = broken.register.as_deref().unwrap_or_default().trim_start_matches('\n');
    let refused = errors(broken).into_iter().map(|(place, message)| {
        let Some((place, rule)) = place.rsplit_once(' ') else {
            return format!("policy: {message}");
        };
        let mut place = place.split(':');
        let text = match place.next() {
            Some("gate.toml") => policy.as_str(),
            Some("register.toml") => register,
            _ => broken.known.as_deref().unwrap_or_default().trim_start_matches('\n'),
        };
        let number: usize = place.next().and_then(|line| line.parse().ok()).expect("a line");
        format!(
            "policy: {rule}: {}",
            text.lines().nth(number - 1).unwrap_or_default().trim()
        )
    });
    refused.collect()
}

/// The line of a policy that a case is about.
fn refused_text(case: &str) -> Option<&str> {
    let (_, text) = case.strip_prefix("policy: policy::")?.split_once(": ")?;
    Some(text).filter(|text| !text.is_empty())
}

/// Documentation tests that must not compile, by their file and number.
fn refused_code(root: &Path, directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            refused_code(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let name = path
                .strip_prefix(root)
                .expect("below the root")
                .to_string_lossy()
                .replace('\\', "/");
            let blocks = text
                .lines()
                .filter(|line| line.trim_start().starts_with("/// ```compile_fail"));
            found.extend((1..=blocks.count()).map(|number| format!("code: {name} {number}")));
        }
    }
}

/// The fixtures are judged by the tests of the catalogue, the code by `cargo test --doc`, the texts here. `cargo xtask ci` holds the
/// list against its earlier versions.
#[test]
fn what_is_refused_stays_refused() {
    let path = xtask::project_root().join(xtask::refused::PATH);
    let listed = fs::read_to_string(&path).unwrap_or_default();
    let refused = refused();
    // A rule may take over what another one refused.
    let texts: BTreeSet<&str> = refused.iter().filter_map(|case| refused_text(case)).collect();
    let accepted: Vec<&str> = xtask::refused::cases(&listed)
        .into_iter()
        .filter(|case| !refused.contains(*case) && !refused_text(case).is_some_and(|text| texts.contains(text)))
        .collect();
    assert!(accepted.is_empty(), "no longer refused:\n{}", accepted.join("\n"));
    let listed = xtask::refused::cases(&listed);
    if refused.iter().all(|case| listed.contains(case.as_str())) {
        return;
    }
    if std::env::var_os("CARGO_GATE_BLESS").is_some() {
        let mut text = "# What is refused. CARGO_GATE_BLESS=1 cargo test -p gate-tests --test validations adds to it; nothing leaves.\n".to_owned();
        for case in &refused {
            text.push_str(case);
            text.push('\n');
        }
        fs::write(path, text).expect("the list");
        return;
    }
    let new: Vec<&String> = refused.iter().filter(|case| !listed.contains(case.as_str())).collect();
    panic!("CARGO_GATE_BLESS=1 adds to the list:\n{new:#?}");
}
