//! The stability contract: what is in `tests/stability` was published, and later versions keep it. Something new is
//! added to these files with `CARGO_GATE_BLESS=1`; nothing is ever taken out within a major version.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

/// Every line that is written down is still true; with `CARGO_GATE_BLESS` set, new ones are written down as well.
fn holds(name: &str, now: &BTreeSet<String>) {
    let path = xtask::project_root().join("tests/stability").join(name);
    let published = fs::read_to_string(&path).unwrap_or_default();
    let published: BTreeSet<String> = published.lines().map(str::to_owned).collect();
    let broken: Vec<&String> = published.difference(now).collect();
    assert!(
        broken.is_empty(),
        "{name}: others rely on what is no longer there: {broken:#?}"
    );
    if std::env::var_os("CARGO_GATE_BLESS").is_some() {
        let lines: String = now.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&path, lines).expect("tests/stability is writable");
        return;
    }
    let new: Vec<&String> = now.difference(&published).collect();
    assert!(
        new.is_empty(),
        "{name}: run this test with CARGO_GATE_BLESS=1 to publish {new:#?}"
    );
}

#[test]
fn exit_codes_keep_their_meaning() {
    let codes = gate_base::exit::ALL;
    let codes = codes.iter().map(|code| format!("{} {}", code.code, code.name));
    holds("exit-codes.txt", &codes.collect());
}

#[test]
fn commands_and_flags_stay() {
    let mut lines = BTreeSet::new();
    flags(&cargo_gate::cli::command(), "cargo gate", &mut lines);
    holds("command-line.txt", &lines);
}

fn flags(command: &clap::Command, name: &str, lines: &mut BTreeSet<String>) {
    lines.insert(name.to_owned());
    for argument in command.get_arguments() {
        let short = argument.get_short().map(|short| format!("-{short}"));
        let long = argument.get_long().map(|long| format!("--{long}"));
        for flag in short.into_iter().chain(long) {
            let value = if argument.get_action().takes_values() {
                " VALUE"
            } else {
                ""
            };
            lines.insert(format!("{name} {flag}{value}"));
            for possible in argument.get_possible_values() {
                if argument.get_action().takes_values() {
                    lines.insert(format!("{name} {flag} {}", possible.get_name()));
                }
            }
        }
    }
    for sub in command.get_subcommands() {
        flags(sub, &format!("{name} {}", sub.get_name()), lines);
    }
}

#[test]
fn fields_of_the_report_stay() {
    let schema: Value = serde_json::from_str(&gate_report::schema()).expect("a schema");
    let mut lines = BTreeSet::new();
    fields(&schema, &schema, "report", &mut lines);
    assert!(lines.len() > 80, "{lines:#?}");
    holds("report-1.txt", &lines);
}

/// A line for every field with its type and whether it is always there, and one for every value of a set.
fn fields(root: &Value, schema: &Value, path: &str, lines: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|link| link.strip_prefix("#/$defs/")) {
        return fields(root, &root["$defs"][name], path, lines);
    }
    for key in ["anyOf", "oneOf"] {
        for one in schema[key].as_array().into_iter().flatten() {
            fields(root, one, path, lines);
        }
    }
    match (&schema["const"], &schema["type"]) {
        (Value::String(value), _) => {
            lines.insert(format!("{path} = {value}"));
        }
        (_, Value::Null) => {}
        (_, kind) => {
            lines.insert(format!("{path}: {}", kind.to_string().replace('"', "")));
        }
    }
    for value in schema["enum"].as_array().into_iter().flatten() {
        lines.insert(format!("{path} = {}", value.as_str().unwrap_or_default()));
    }
    if schema["items"].is_object() {
        fields(root, &schema["items"], &format!("{path}[]"), lines);
    }
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let inner = format!("{path}.{name}");
        if required.contains(&name.as_str()) {
            lines.insert(format!("{inner} is always there"));
        }
        fields(root, field, &inner, lines);
    }
}

#[test]
fn a_field_that_goes_away_is_noticed() {
    let mut schema: Value = serde_json::from_str(&gate_report::schema()).expect("a schema");
    let mut before = BTreeSet::new();
    fields(&schema, &schema, "report", &mut before);
    let finding = schema["$defs"]["Finding"]["properties"]
        .as_object_mut()
        .expect("fields");
    finding.remove("help");
    let mut after = BTreeSet::new();
    fields(&schema, &schema, "report", &mut after);
    let lost: Vec<&String> = before.difference(&after).collect();
    assert!(
        lost.iter()
            .any(|line| line.starts_with("report.checks[].findings[].help")),
        "{lost:?}"
    );
}
