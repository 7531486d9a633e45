//! What a call of cargo-make runs.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Call, Dialect, MAX_INCLUDES, MAX_TARGETS, Piece, UNKNOWN, known, option_value};
use crate::ci::expand::Variables;
use crate::ci::place;

/// Options whose value may stand behind them.
const WITH_VALUE: [&str; 8] = [
    "-p",
    "--profile",
    "-l",
    "--loglevel",
    "--env-file",
    "--cwd",
    "--skip-tasks-pattern",
    "--output-format",
];

pub(super) fn pieces(call: &Call<'_>) -> Option<Vec<Piece>> {
    let (mut file, mut task) = (None, None);
    let mut environment = Variables::new();
    let mut arguments = call.arguments.iter();
    while let Some(argument) = arguments.next() {
        let text = argument.text()?;
        if let Some(value) = option_value(text, &["--makefile"], &mut arguments) {
            file = Some(value?);
        } else if let Some(value) = option_value(text, &["-e", "--env"], &mut arguments) {
            if let Some((name, value)) = value?.split_once('=') {
                environment.insert(name.to_owned(), known(value));
            }
        } else if let Some(value) = option_value(text, &["-t", "--task"], &mut arguments) {
            task = Some(value?);
        } else if option_value(text, &WITH_VALUE, &mut arguments).is_some() {
        } else if matches!(
            text,
            "--list-all-steps" | "--print-steps" | "--diff-steps" | "-h" | "--help" | "--version"
        ) {
            return None;
        } else if !text.starts_with('-') {
            // What follows belongs to the task.
            task = task.or(Some(text));
            break;
        }
    }
    let path = call.place(file.unwrap_or("Makefile.toml"))?;
    let mut run = Run {
        call,
        tasks: BTreeMap::new(),
        variables: environment,
        directory: call.directory.map(str::to_owned),
        seen: BTreeSet::new(),
        pieces: Vec::new(),
    };
    run.read(&path, 0);
    let task = task.unwrap_or("default");
    if !task.contains(UNKNOWN) {
        run.task(task, 0);
    }
    Some(run.pieces)
}

/// A task of a file.
#[derive(Debug, Clone, Default)]
struct Task {
    path: String,
    /// The command or script: line and text.
    text: Option<(u32, String)>,
    is_shell: bool,
    extends: Option<String>,
    /// Tasks before it, and the one that runs in its place.
    before: Vec<String>,
    instead: Vec<String>,
    directory: Option<String>,
    ignores_errors: bool,
    off: bool,
}

struct Run<'a> {
    call: &'a Call<'a>,
    tasks: BTreeMap<String, Task>,
    variables: Variables,
    directory: Option<String>,
    seen: BTreeSet<String>,
    pieces: Vec<Piece>,
}

impl Run<'_> {
    fn read(&mut self, path: &str, depth: u32) {
        let Some(text) = self.call.reader.recipes(path) else {
            return;
        };
        let Ok(table) = DeTable::parse(&text) else { return };
        let table = table.get_ref();
        for extended in table
            .get("extend")
            .map(|value| extended(value.get_ref()))
            .unwrap_or_default()
        {
            if let Some(path) = place::join(Some(place::parent(path)), &extended).filter(|_| depth < MAX_INCLUDES) {
                self.read(&path, depth + 1);
            }
        }
        for (name, value) in table.get("env").and_then(as_table).into_iter().flat_map(DeTable::iter) {
            let value = value.get_ref().as_str().filter(|text| !text.contains("@@"));
            self.variables
                .entry(name.get_ref().to_string())
                .or_insert_with(|| value.and_then(known));
        }
        for (name, value) in table
            .get("tasks")
            .and_then(as_table)
            .into_iter()
            .flat_map(DeTable::iter)
        {
            if let Some(task) = as_table(value) {
                let task = Task::read(path, &text, task);
                self.tasks.insert(name.get_ref().to_string(), task);
            }
        }
    }

    fn task(&mut self, name: &str, depth: u32) {
        if depth > MAX_INCLUDES * 4 || self.seen.len() >= MAX_TARGETS || !self.seen.insert(name.to_owned()) {
            return;
        }
        let Some(mut task) = self.tasks.get(name).cloned() else {
            return;
        };
        let mut extended = BTreeSet::from([name.to_owned()]);
        while let Some(name) = task.extends.take().filter(|name| extended.insert(name.clone())) {
            let Some(base) = self.tasks.get(&name).cloned() else {
                break;
            };
            task.path = if task.text.is_none() { base.path } else { task.path };
            task.is_shell = if task.text.is_none() {
                base.is_shell
            } else {
                task.is_shell
            };
            task.text = task.text.or(base.text);
            task.before = if task.before.is_empty() {
                base.before
            } else {
                task.before
            };
            task.instead = if task.instead.is_empty() {
                base.instead
            } else {
                task.instead
            };
            task.directory = task.directory.or(base.directory);
            task.extends = base.extends;
        }
        if task.off {
            return;
        }
        for before in &task.before {
            self.task(before, depth + 1);
        }
        for instead in &task.instead {
            self.task(instead, depth + 1);
        }
        let Some((line, text)) = task.text.filter(|_| task.is_shell) else {
            return;
        };
        let directory = match &task.directory {
            Some(below) => place::join(self.directory.as_deref(), below),
            None => self.directory.clone(),
        };
        self.pieces.push(Piece {
            path: task.path,
            line,
            text,
            dialect: Dialect::Posix,
            directory,
            stops: true,
            ignored: task.ignores_errors.then_some("its task ignores errors"),
            variables: self.variables.clone(),
        });
    }
}

fn as_table<'t, 'i>(value: &'t Spanned<DeValue<'i>>) -> Option<&'t DeTable<'i>> {
    value.get_ref().as_table()
}

fn extended(value: &DeValue<'_>) -> Vec<String> {
    match value {
        DeValue::String(text) => vec![text.to_string()],
        DeValue::Table(table) => {
            let path = table.get("path").and_then(|path| path.get_ref().as_str());
            path.map(str::to_owned).into_iter().collect()
        }
        DeValue::Array(all) => all.iter().flat_map(|one| extended(one.get_ref())).collect(),
        _ => Vec::new(),
    }
}

/// Names of tasks: `"a"`, `["a", { name = "b" }]`, `{ name = "a" }` or `{ name = ["a", "b"] }`.
fn names(value: Option<&Spanned<DeValue<'_>>>) -> Vec<String> {
    match value.map(Spanned::get_ref) {
        Some(DeValue::String(text)) => vec![text.to_string()],
        Some(DeValue::Array(all)) => all.iter().flat_map(|one| names(Some(one))).collect(),
        // One that depends on a condition may not run.
        Some(DeValue::Table(table)) if table.get("condition").is_none() => names(table.get("name")),
        _ => Vec::new(),
    }
}

impl Task {
    fn read(path: &str, text: &str, table: &DeTable<'_>) -> Self {
        let string = |key: &str| {
            table
                .get(key)
                .and_then(|value| value.get_ref().as_str())
                .map(str::to_owned)
        };
        let is = |key: &str| table.get(key).and_then(|value| value.get_ref().as_bool()) == Some(true);
        let line_of = |offset: usize| {
            let before = text.get(..offset).unwrap_or_default();
            u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
        };
        let mut task = Self {
            path: path.to_owned(),
            is_shell: true,
            extends: string("extend").or_else(|| string("alias")),
            before: names(table.get("dependencies")),
            instead: names(table.get("run_task")),
            directory: string("cwd"),
            ignores_errors: is("ignore_errors"),
            off: is("disabled"),
            ..Self::default()
        };
        if let Some(command) = table.get("command") {
            let mut words: Vec<String> = command.get_ref().as_str().map(str::to_owned).into_iter().collect();
            let toolchain = string("toolchain").filter(|_| words.first().is_some_and(|word| word == "cargo"));
            words.extend(toolchain.map(|toolchain| format!("+{toolchain}")));
            let arguments = table.get("args").and_then(|value| value.get_ref().as_array());
            for argument in arguments.into_iter().flatten().filter_map(|one| one.get_ref().as_str()) {
                words.push(argument_text(argument));
            }
            task.text = Some((line_of(command.span().start), words.join(" ")));
        } else if let Some(script) = table.get("script") {
            let (first, text) = match script.get_ref() {
                DeValue::String(own) => {
                    // The text of a multi-line string begins on the line after its quotes.
                    let quotes = text.get(script.span()).unwrap_or_default();
                    let skipped = usize::from(quotes.starts_with("'''\n") || quotes.starts_with("\"\"\"\n"));
                    (
                        line_of(script.span().start) + u32::try_from(skipped).unwrap_or_default(),
                        own.to_string(),
                    )
                }
                DeValue::Array(lines) => {
                    let first = lines.first().map_or(script.span().start, |line| line.span().start);
                    let lines: Vec<&str> = lines.iter().filter_map(|line| line.get_ref().as_str()).collect();
                    (line_of(first), lines.join("\n"))
                }
                _ => return task,
            };
            let runner = string("script_runner");
            let names_shell = runner
                .as_deref()
                .is_none_or(|name| matches!(name, "@shell" | "bash" | "sh" | "zsh"));
            task.is_shell = names_shell && !text.starts_with("#!/usr/bin/env python") && !text.starts_with("#!@");
            task.text = Some((first, text));
        }
        task
    }
}

/// An argument as a word of the shell.
fn argument_text(argument: &str) -> String {
    // `@@split(NAME, )` and the other functions make any number of words.
    if argument.starts_with("@@") {
        return "${arguments}".into();
    }
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_=./:,@+${}".contains(char);
    if argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}
