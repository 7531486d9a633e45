//! Every kind of secret in every field that a policy, a register, a manifest and git have for text: no output shows one.

use std::fmt::Write as _;

use gate_tests::harness::{Gate, day};
use gate_tests::planted::{self, Planted};

use super::package;
use super::secrets::FORMATS;

/// Commands that show what a run, a policy or a register says.
const COMMANDS: [&[&str]; 8] = [
    &["pilot", "--plan"],
    &["pilot", "--verbose", "--keep-going"],
    &["status"],
    &["status", "--message-format", "json"],
    &["explain", "latest"],
    &["evidence", "history"],
    &["govern", "waiver", "list"],
    &["doctor"],
];

/// A field: writes a secret, the so manieth, where a policy has a place for it.
type Field = fn(&str, usize) -> String;

/// Fields that may be there any number of times: name, how many characters each takes, and the text with it.
const REPEATED: [(&str, usize, Field); 13] = [
    ("owner of a waiver", 200, |text, _| waiver("owner", text)),
    ("reason of a waiver", 1000, |text, _| waiver("reason", text)),
    ("text of a waiver", 1000, |text, _| waiver("contains", text)),
    ("surface of a claim", 200, |text, _| {
        format!("[[claim]]\nsurface = {text}\nclass = \"compiled\"\nevidence = [\"git.clean\"]\n")
    }),
    ("case of a claim", 200, |text, at| {
        format!(
            "[[claim]]\nsurface = \"s{at}\"\nclass = \"targeted\"\nevidence = [\"suite.test.unit\"]\ncases = [{text}]\n"
        )
    }),
    ("surface of an exclusion", 200, |text, _| {
        format!("[[exclusion]]\nsurface = {text}\npaths = [\"nothing/**\"]\nreason = \"r\"\nrisk = \"low\"\n")
    }),
    ("reason of an exclusion", 1000, |text, at| {
        format!("[[exclusion]]\nsurface = \"s{at}\"\npaths = [\"nothing/**\"]\nreason = {text}\nrisk = \"low\"\n")
    }),
    ("description in a checklist", 500, |text, at| {
        format!("[[checklist.pilot]]\nid = \"i{at}\"\ndescription = {text}\nartifacts = [\"missing-{at}\"]\n")
    }),
    ("reason of a boundary", 1000, |text, at| {
        format!("[[boundary.allow]]\npath = \"b{at}/**\"\nreason = {text}\nowner = \"o\"\n")
    }),
    ("owner of a boundary", 200, |text, at| {
        format!("[[boundary.allow]]\npath = \"c{at}/**\"\nreason = \"r\"\nowner = {text}\n")
    }),
    ("reason of a tier", 1000, |text, at| {
        format!(
            "[[tiers.exception]]\npackage = \"p{at}\"\ntier = \"native\"\nowner = \"o\"\nreason = {text}\nexpires = {}\n",
            day(30)
        )
    }),
    ("command of a suite", 4000, |text, at| {
        format!("[[suite.test]]\nname = \"c{at}\"\ncommand = [\"false\", {text}]\n")
    }),
    ("command of a notice", 4000, |text, _| {
        format!("[[notify]]\ncommand = [\"false\", {text}]\n")
    }),
];

fn waiver(key: &str, text: &str) -> String {
    let mut lines = format!(
        "[[waiver]]\ncheck = \"docs.links\"\nexpires = {}\n{key} = {text}\n",
        day(30)
    );
    for other in ["owner", "reason"] {
        if other != key {
            let _ = writeln!(lines, "{other} = \"x\"");
        }
    }
    lines
}

/// A text as a string of TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The kinds whose text fits, without the line break at its end.
fn fitting(longest: usize) -> Vec<Planted> {
    let corpus = planted::corpus().into_iter();
    let trimmed = corpus.map(|planted| Planted {
        text: planted.text.trim_end().to_owned(),
        ..planted
    });
    // The data of a Kubernetes manifest are known by the lines around them, and reports show texts of a policy on one: see the
    // security model.
    trimmed
        .filter(|planted| planted.name != "kubernetes" && planted.text.chars().count() <= longest)
        .collect()
}

/// Kinds that are recognised without anything around them, as a name has to be.
fn recognised_alone() -> impl Iterator<Item = Planted> {
    let alone = |planted: &Planted| planted.text.starts_with("let x = ");
    planted::corpus().into_iter().filter(alone)
}

/// Texts together, each batch no longer than a field takes.
fn batches(kinds: Vec<Planted>, longest: usize) -> Vec<Vec<Planted>> {
    let mut batches: Vec<Vec<Planted>> = Vec::new();
    let mut length = usize::MAX;
    for planted in kinds {
        let more = planted.text.chars().count() + 1;
        if length.saturating_add(more) > longest {
            batches.push(Vec::new());
            length = 0;
        }
        length += more;
        if let Some(batch) = batches.last_mut() {
            batch.push(planted);
        }
    }
    batches
}

fn joined(batch: &[Planted]) -> String {
    let texts: Vec<&str> = batch.iter().map(|planted| planted.text.as_str()).collect();
    texts.join("\n")
}

/// What a command writes to its terminal, as it is.
fn raw(gate: &Gate, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = gate.gate_command();
    // As people see it.
    command.env_remove("CARGO_GATE_REDACT");
    let output = command.args(arguments).output().expect("the binary can be started");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), text.concat())
}

/// Judges once, with a report in every format, and returns every output with its place: the terminal, the reports, and each file
/// that is kept.
fn outputs(gate: &Gate, commands: &[&[&str]]) -> Vec<(String, String)> {
    let files = FORMATS.map(|format| format!("{format}=target/reports/{format}"));
    let mut arguments = vec!["pilot", "--keep-going"];
    arguments.extend(files.iter().flat_map(|file| ["--report", file.as_str()]));
    let (code, text) = raw(gate, &arguments);
    assert!(matches!(code, Some(0 | 1)), "{code:?}: {text}");
    let mut outputs = vec![("the terminal".to_owned(), text)];
    for arguments in commands {
        let (code, text) = raw(gate, arguments);
        assert_ne!(code, Some(2), "{arguments:?}: {text}");
        outputs.push((arguments.join(" "), text));
    }
    let mut kept = Vec::new();
    for directory in ["gate", "reports"] {
        super::kills::files(&gate.workspace().join("target").join(directory), &mut kept);
    }
    // What git and the disk said is remembered word for word, for this machine alone; see the security model.
    let caches = ["status", "index", "cargo", "network-refused"].map(|name| format!("gate/{name}"));
    kept.retain(|(path, _)| !caches.iter().any(|cache| path.ends_with(cache.as_str())));
    assert!(kept.len() > FORMATS.len(), "reports are there");
    let kept = kept.into_iter();
    outputs.extend(kept.map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())));
    outputs
}

/// Every secret that an output shows, one a line.
fn shown<'s>(outputs: &[(String, String)], secrets: impl IntoIterator<Item = &'s Planted>) -> String {
    let mut seen = String::new();
    // Lines may be broken for a terminal, within a value too.
    let whole: Vec<(&str, String)> = outputs
        .iter()
        .map(|(place, text)| (place.as_str(), text.split_whitespace().collect()))
        .collect();
    for planted in secrets {
        for (place, text) in &whole {
            if text.contains(planted.value.as_str()) {
                let _ = writeln!(seen, "{} in {place}", planted.name);
            }
        }
    }
    seen
}

#[test]
fn fields_of_the_policy_hold_no_secret() {
    let gate = package();
    let mut policy = "version = 1\n\n[stage.pilot]\nscope = \"x\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = \
                      [\"false\"]\n\n"
        .to_owned();
    for (field, longest, write) in REPEATED {
        let mut kinds = fitting(longest);
        // The words of a command are shown as one text, where lines of one run into those of the next: see the security model.
        kinds.retain(|planted| !field.starts_with("command") || !planted.text.contains('\n'));
        assert!(kinds.len() >= 100, "{field} takes {} kinds", kinds.len());
        let texts: Vec<String> = kinds.iter().map(|planted| quoted(&planted.text)).collect();
        // A command takes many words.
        let words = if field.starts_with("command") { 40 } else { 1 };
        for (at, some) in texts.chunks(words).enumerate() {
            policy += &write(&some.join(", "), at);
        }
    }
    gate.write("gate.toml", policy);
    gate.commit("Write secrets everywhere");
    assert_eq!(shown(&outputs(&gate, &COMMANDS), &fitting(usize::MAX)), "");
}

#[test]
fn fields_that_are_there_once_hold_no_secret() {
    let gate = package();
    for (field, longest, before) in [
        (
            "scope",
            500,
            "[[suite.test]]\nname = \"unit\"\ncommand = [\"true\"]\n[stage.pilot]\nscope = ",
        ),
        (
            "owner",
            200,
            "[[suite.test]]\nname = \"unit\"\ncommand = [\"true\"]\n[stage.pilot]\nscope = \"x\"\n[owners]\ndefault = ",
        ),
    ] {
        for batch in batches(fitting(longest), longest) {
            gate.write(
                "gate.toml",
                format!("version = 1\n{before}{}\n", quoted(&joined(&batch))),
            );
            gate.commit("Write secrets");
            let outputs = outputs(&gate, &[&["status"]]);
            assert_eq!(shown(&outputs, &batch), "", "shown from the {field}");
        }
    }
}

#[test]
fn a_register_and_a_manifest_hold_no_secret() {
    let gate = package();
    let (short, long) = (fitting(200), fitting(1000));
    let mut register = "version = 1\n".to_owned();
    for (at, planted) in long.iter().enumerate() {
        let text = quoted(&planted.text);
        let brief = if short.contains(planted) {
            text.clone()
        } else {
            "\"x\"".to_owned()
        };
        let _ = writeln!(
            register,
            "[[item]]\nid = \"R-{at}\"\ntitle = {brief}\nseverity = \"high\"\nstatus = \"open\"\nowner = {brief}\nopened = \
             2026-01-01\nacceptance = [{text}]"
        );
    }
    gate.write("register.toml", register);
    gate.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"x\"\n\n[register]\npath = \"register.toml\"\n\n[[suite.test]]\nname = \
         \"unit\"\ncommand = [\"true\"]\n",
    );
    let all = fitting(usize::MAX);
    let texts: Vec<String> = all.iter().map(|planted| quoted(&planted.text)).collect();
    let fields = format!(
        "edition = \"2021\"\ndescription = {}\nauthors = [{}]\nkeywords = [{}]\nrepository = {}\nlicense = {}\n",
        quoted(&joined(&all)),
        texts.join(", "),
        texts.join(", "),
        quoted(&joined(&all)),
        quoted(&joined(&all)),
    );
    gate.replace("Cargo.toml", "edition = \"2021\"\n", &fields);
    gate.commit("Write secrets");
    let commands = COMMANDS
        .iter()
        .copied()
        .chain([["govern", "register", "list"].as_slice()]);
    let commands: Vec<&[&str]> = commands.collect();
    assert_eq!(shown(&outputs(&gate, &commands), &all), "");
}

/// The name of a suite is that of its check and of its log.
#[test]
fn a_suite_has_no_secret_for_a_name() {
    let gate = package();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let names: Vec<Planted> = recognised_alone()
        .filter(|planted| planted.value.bytes().all(plain) && planted.value.len() <= 64)
        .collect();
    assert!(!names.is_empty());
    for planted in names {
        let suite = format!("[[suite.test]]\nname = \"{}\"\ncommand = [\"true\"]\n", planted.value);
        gate.write("gate.toml", format!("version = 1\n\n{suite}"));
        let run = gate.run(["pilot"]);
        assert_eq!(run.code, Some(2), "{}: {run}", planted.name);
        assert!(run.stderr.contains("has the form of a secret"), "{run}");
        assert!(!run.to_string().contains(&planted.value), "{run}");
    }
}

/// Names of commits, people and files hold secrets that are recognised without anything around them.
#[test]
fn names_hold_no_secret() {
    let gate = package();
    let kinds: Vec<Planted> = recognised_alone().collect();
    assert!(kinds.len() >= 100, "{} kinds", kinds.len());
    let is_name = |planted: &&Planted| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+=".contains(&byte);
        planted.value.len() <= 200 && planted.value.bytes().all(plain)
    };
    gate.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"x\"\n\n[docs]\nlinks = [\"**/*.md\"]\n\n[[suite.test]]\nname = \
         \"unit\"\ncommand = [\"false\"]\n",
    );
    for planted in kinds.iter().filter(is_name) {
        gate.write(&format!("docs/{}.md", planted.value), "[gone](gone.md)\n");
    }
    // Targets of a package, whose names have no dots.
    let targets = kinds.iter().filter(is_name);
    for planted in targets.filter(|planted| !planted.value.contains(['+', '=']) && !planted.value.starts_with('-')) {
        gate.write(&format!("examples/{}.rs", planted.value), "fn main() {}\n");
    }
    gate.commit("Write secrets");
    for planted in &kinds {
        let author = format!("{} <a@example.com>", planted.value);
        gate.git([
            "commit",
            "--quiet",
            "--allow-empty",
            "--author",
            &author,
            "--message",
            &planted.value,
        ]);
    }
    for planted in kinds.iter().filter(is_name) {
        gate.git(["tag", &planted.value]);
        gate.write(&format!("new/{}.txt", planted.value), "x\n");
    }
    assert_eq!(shown(&outputs(&gate, &COMMANDS), &kinds), "");
    let names: Vec<Planted> = kinds.iter().filter(is_name).cloned().collect();
    for batch in batches(names, 2000) {
        let parts: Vec<&str> = batch.iter().map(|planted| planted.value.as_str()).collect();
        gate.git(["symbolic-ref", "HEAD", &format!("refs/heads/fix/{}", parts.join("/"))]);
        gate.git(["commit", "--quiet", "--allow-empty", "--message", "On a branch"]);
        assert_eq!(
            shown(&outputs(&gate, &[&["status"]]), &batch),
            "",
            "shown from a branch"
        );
    }
}
