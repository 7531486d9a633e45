//! Rules between the values of `[[suite.drill]]`: there is a fault, it can be seen, and what is promised is shown by one.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::problem::{Problem, shown};
use super::super::rule;
use super::super::rules::Rules;
use super::super::tables::{elements, tables_of, text, texts};

/// Names between braces that commands may hold, by the key of the command.
const FILLED: [(&str, &[&str]); 8] = [
    ("build", &["target"]),
    ("start", &["port", "ports", "directory", "instance", "target"]),
    ("ready", &["port", "ports", "directory", "instance", "target"]),
    ("stop", &["port", "ports", "directory", "instance", "target"]),
    ("load", &["port", "ports", "directory", "target", "until"]),
    ("read", &["port", "ports", "directory", "target"]),
    ("verify", &["port", "ports", "directory", "target"]),
    ("verified", &["port", "ports", "directory", "target"]),
];
/// The same of invariants.
const INVARIANT: &[&str] = &["port", "ports", "directory", "target"];

/// Keys of faults that only some kinds have: whether the kind needs them.
const OF_KINDS: [(&str, &[(&str, bool)]); 5] = [
    ("latency-ms", &[("delay", true), ("slow-close", true)]),
    ("jitter-ms", &[("delay", false)]),
    ("times", &[("crash-loop", true)]),
    ("every", &[("corrupt", true)]),
    ("bytes-per-second", &[("back-pressure", true)]),
];

/// All of them.
pub(crate) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for suite in elements(rules.file, &["suite", "drill"]) {
        let Some((name, span)) = text(suite, "name") else {
            continue;
        };
        for (key, what, help) in [
            ("fault", "the fault", "give each fault its own name"),
            ("invariant", "the invariant", "give each invariant its own name"),
            ("guarantee", "the guarantee", "give each guarantee its own name"),
        ] {
            let names = tables_of(suite, key).filter_map(|(table, _)| text(table, "name"));
            rules.duplicates(names, what, help, &mut problems);
        }
        if tables_of(suite, "fault").next().is_none() {
            let message = format!("suite `{}` breaks nothing", shown(name));
            let help = "add `[[suite.drill.fault]]` with `name` and `kind`";
            problems.push(
                Problem::new(span.clone(), message)
                    .rule(&rule::SUITE_WITHOUT_LIMIT)
                    .help(help),
            );
        }
        let instances = number(suite, "instances").unwrap_or(1);
        if instances > 1 && !suite.contains_key("ready") {
            let message = "several instances need a command that says whether one of them answers";
            problems.push(Problem::new(span, message).rule(&rule::MISSING_KEY).help("add `ready`"));
        }
        let within = number(suite, "within-ms").unwrap_or(1000);
        for (fault, span) in tables_of(suite, "fault") {
            keys(fault, span.clone(), &mut problems);
            visible(fault, within, instances, &mut problems);
            verified(suite, fault, span, &mut problems);
        }
        guarantees(suite, &mut problems);
        for (key, filled) in FILLED {
            placeholders(suite, key, filled, &mut problems);
        }
        for (invariant, _) in tables_of(suite, "invariant") {
            placeholders(invariant, "command", INVARIANT, &mut problems);
        }
        waits(suite, &mut problems);
    }
    problems
}

fn number(table: &DeTable<'_>, key: &str) -> Option<i64> {
    let number = table.get(key)?.get_ref().as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A fault has the keys of its kind, and no others.
fn keys(fault: &DeTable<'_>, span: Range<usize>, problems: &mut Vec<Problem>) {
    let Some((kind, _)) = text(fault, "kind") else { return };
    for (key, kinds) in OF_KINDS {
        let of = kinds.iter().find(|(name, _)| *name == kind);
        match (fault.get(key), of) {
            (Some(value), None) => {
                let names: Vec<String> = kinds.iter().map(|(name, _)| format!("`{name}`")).collect();
                let message = format!(
                    "`{key}` is about {}, and the fault is `{}`",
                    names.join(" and "),
                    shown(kind)
                );
                let problem = Problem::new(value.span(), message).rule(&rule::EXCLUDING_KEYS);
                problems.push(problem.help("remove the key"));
            }
            (None, Some((_, true))) => {
                let message = format!("the fault `{}` has no `{key}`", shown(kind));
                let problem = Problem::new(span.clone(), message).rule(&rule::MISSING_KEY);
                problems.push(problem.help(format!("add `{key}`")));
            }
            _ => {}
        }
    }
}

/// A fault of an instance that exists, and larger than what steady state allows.
fn visible(fault: &DeTable<'_>, within: i64, instances: i64, problems: &mut Vec<Problem>) {
    if let (Some(instance), Some(value)) = (number(fault, "instance"), fault.get("instance"))
        && instance > instances
    {
        let message = format!("there is no instance {instance}: the suite has {instances}");
        let problem = Problem::new(value.span(), message).rule(&rule::UNDECLARED_NAME);
        problems.push(problem.help("raise `instances` of the suite, or name another instance"));
    }
    if let (Some(latency), Some(value)) = (number(fault, "latency-ms"), fault.get("latency-ms"))
        && latency <= within
    {
        let message = format!(
            "the fault could never be seen: {latency} ms is not longer than an operation of steady state may take, {within} ms"
        );
        let problem = Problem::new(value.span(), message).rule(&rule::RULE_BROKEN);
        problems.push(problem.help("raise `latency-ms`, or lower `within-ms` of the suite"));
    }
    let serves = fault.get("serves").and_then(|value| value.get_ref().as_bool());
    if let (Some(true), Some(value)) = (serves, fault.get("serves"))
        && instances == 1
    {
        let message = "the only instance cannot serve while it is broken";
        let problem = Problem::new(value.span(), message).rule(&rule::RULE_BROKEN);
        problems.push(problem.help("raise `instances` of the suite, or remove the key"));
    }
}

/// A verifier can only be late where there is one, and where each value is verified on its own.
fn verified(suite: &DeTable<'_>, fault: &DeTable<'_>, span: Range<usize>, problems: &mut Vec<Problem>) {
    let Some(("verification-delay", at)) = text(fault, "kind") else {
        return;
    };
    for (key, what) in [("verify", "verifies"), ("verified", "prints what was verified")] {
        if !suite.contains_key(key) {
            let message = format!("the fault `verification-delay` needs a command that {what}");
            let problem = Problem::new(span.clone(), message).rule(&rule::MISSING_KEY);
            problems.push(problem.help(format!("add `{key}` to the suite")));
        }
    }
    if let Some(("register", _)) = text(suite, "model") {
        let message =
            "the fault `verification-delay` needs the model `set`: of a register, the last value alone can be verified";
        let problem = Problem::new(at, message).rule(&rule::EXCLUDING_KEYS);
        problems.push(problem.help("declare the fault in a suite with `model = \"set\"`"));
    }
}

/// A promise is shown by faults that are declared.
fn guarantees(suite: &DeTable<'_>, problems: &mut Vec<Problem>) {
    let faults: Vec<&str> = tables_of(suite, "fault")
        .filter_map(|(fault, _)| Some(text(fault, "name")?.0))
        .collect();
    for (guarantee, _) in tables_of(suite, "guarantee") {
        for (fault, span) in texts(guarantee, "faults") {
            if !faults.contains(&fault) {
                let message = format!("no fault has the name `{}`", shown(fault));
                let problem = Problem::new(span, message).rule(&rule::UNDECLARED_NAME);
                problems.push(problem.help("correct the name, or add `[[suite.drill.fault]]`"));
            }
        }
    }
}

/// The words of a command, however it is written.
fn words<'t>(table: &'t DeTable<'_>, key: &str) -> Vec<(&'t str, Range<usize>)> {
    texts(table, key).chain(text(table, key)).collect()
}

/// What a command has between braces is filled in.
fn placeholders(table: &DeTable<'_>, key: &str, filled: &[&str], problems: &mut Vec<Problem>) {
    for (word, span) in words(table, key) {
        let parts = word.split('{').skip(1);
        for name in parts.filter_map(|part| Some(part.split_once('}')?.0)) {
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
            if is_name && !filled.contains(&name) {
                let known: Vec<String> = filled.iter().map(|name| format!("`{{{name}}}`")).collect();
                let message = format!("`{{{}}}` is not filled in `{key}`", shown(name));
                let problem = Problem::new(span.clone(), message).rule(&rule::UNDECLARED_NAME);
                problems.push(problem.help(format!("write one of {}", known.join(", "))));
            }
        }
    }
}

/// A load that does not know when to end is never complete.
fn waits(suite: &DeTable<'_>, problems: &mut Vec<Problem>) {
    let Some(load) = suite.get("load") else { return };
    let whole: &Spanned<DeValue<'_>> = load;
    if !words(suite, "load").iter().any(|(word, _)| word.contains("{until}")) {
        let message = "the load is not told when to end";
        let problem = Problem::new(whole.span(), message).rule(&rule::RULE_BROKEN);
        problems.push(problem.help("pass `{until}` to it: it ends when that file exists"));
    }
}
