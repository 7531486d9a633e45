//! What a call of just runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Argument, Call, Dialect, MAX_INCLUDES, MAX_TARGETS, Piece, UNKNOWN, Unknowns, known, option_value};
use crate::ci::cargo_call::base_name;
use crate::ci::place;

mod file;

use file::{Dependency, Justfile, Parameter, Recipe, Value};

/// Names under which just looks for its file.
const NAMES: [&str; 4] = ["justfile", "Justfile", ".justfile", "JUSTFILE"];

/// How deep recipes that depend on recipes are followed.
const MAX_DEPTH: u32 = 20;

/// Options whose next argument is their value.
const WITH_VALUE: [&str; 11] = [
    "--chooser",
    "--color",
    "--command-color",
    "--dotenv-filename",
    "--dotenv-path",
    "-E",
    "--list-heading",
    "--list-prefix",
    "--tempdir",
    "--shell-arg",
    "--timestamp-format",
];

pub(super) fn pieces(call: &Call<'_>) -> Option<Vec<Piece>> {
    let (mut file, mut directory) = (None, None);
    let mut given: BTreeMap<String, Value> = BTreeMap::new();
    let mut words: Vec<Option<&str>> = Vec::new();
    let mut arguments = call.arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.text() else {
            words.push(None);
            continue;
        };
        if !words.is_empty() {
            words.push(Some(text));
        } else if let Some(value) = option_value(text, &["-f", "--justfile"], &mut arguments) {
            file = Some(value?);
        } else if let Some(value) = option_value(text, &["-d", "--working-directory"], &mut arguments) {
            directory = Some(value?);
        } else if text == "--set" {
            let name = arguments.next().and_then(Argument::text)?;
            let value = arguments.next().and_then(Argument::text);
            given.insert(name.to_owned(), value.map(str::to_owned));
        } else if option_value(text, &WITH_VALUE, &mut arguments).is_some() {
        } else if matches!(
            text,
            "-n" | "--dry-run"
                | "-l"
                | "--list"
                | "--summary"
                | "-s"
                | "--show"
                | "--fmt"
                | "-e"
                | "--edit"
                | "--dump"
                | "--evaluate"
                | "--init"
                | "-c"
                | "--command"
                | "--choose"
                | "-V"
                | "--version"
                | "-h"
                | "--help"
                | "--completions"
                | "--variables"
                | "--groups"
                | "--shell"
                | "-g"
                | "--global-justfile"
        ) {
            return None;
        } else if text.starts_with('-') {
        } else if let Some((name, value)) = text.split_once('=') {
            given.insert(name.to_owned(), Some(value.to_owned()));
        } else {
            words.push(Some(text));
        }
    }
    let (path, text) = match file {
        Some(name) => {
            let path = call.place(name)?;
            (path.clone(), call.reader.recipes(&path)?)
        }
        None => search(call)?,
    };
    let mut justfile = Justfile::default();
    read(&mut justfile, &path, &text, call, 0);
    let own = match directory {
        Some(directory) => call.place(directory),
        None => place::join(Some(place::parent(&path)), justfile.directory.as_deref().unwrap_or(".")),
    };
    let mut run = Run {
        call,
        justfile: &justfile,
        given,
        directory: own,
        seen: BTreeSet::new(),
        pieces: Vec::new(),
    };
    run.words(&words);
    Some(run.pieces)
}

/// The file of the directory, or of the nearest one above it that has one.
fn search(call: &Call<'_>) -> Option<(String, String)> {
    let mut directory = call.directory?;
    loop {
        for name in NAMES {
            let path = place::join(Some(directory), name)?;
            if let Some(text) = call.reader.recipes(&path) {
                return Some((path, text));
            }
        }
        if directory.is_empty() {
            return None;
        }
        directory = place::parent(directory);
    }
}

fn read(justfile: &mut Justfile, path: &str, text: &str, call: &Call<'_>, depth: u32) {
    justfile.read(path, text);
    let imports = std::mem::take(&mut justfile.imports);
    for import in imports.iter().filter(|_| depth < MAX_INCLUDES) {
        let Some(path) = place::join(Some(place::parent(path)), import) else {
            continue;
        };
        if let Some(text) = call.reader.recipes(&path) {
            read(justfile, &path, &text, call, depth + 1);
        }
    }
}

struct Run<'a> {
    call: &'a Call<'a>,
    justfile: &'a Justfile,
    given: BTreeMap<String, Value>,
    directory: Option<String>,
    seen: BTreeSet<String>,
    pieces: Vec<Piece>,
}

impl<'a> Run<'a> {
    /// Recipes of a command line, each with as many arguments as it takes.
    fn words(&mut self, words: &[Option<&str>]) {
        let mut rest = words;
        if rest.is_empty() {
            if let Some(recipe) = self.justfile.recipes.iter().find(|recipe| recipe.is_default) {
                self.recipe(recipe, Vec::new(), 0);
            } else if let Some(recipe) = self.justfile.recipes.first() {
                self.recipe(recipe, Vec::new(), 0);
            }
            return;
        }
        while let Some((first, behind)) = rest.split_first() {
            // A recipe that nobody knows takes arguments that nobody knows.
            let Some(recipe) = first.and_then(|name| self.find(name)) else {
                return;
            };
            let takes = if recipe.parameters.iter().any(|parameter| parameter.variadic) {
                behind.len()
            } else {
                recipe.parameters.len().min(behind.len())
            };
            let (own, next) = behind.split_at(takes);
            let arguments = own.iter().map(|word| word.map(str::to_owned)).collect();
            self.recipe(recipe, arguments, 0);
            rest = next;
        }
    }

    fn find(&self, name: &str) -> Option<&'a Recipe> {
        let name = self.justfile.aliases.get(name).map_or(name, String::as_str);
        self.justfile.recipes.iter().rev().find(|recipe| recipe.name == name)
    }

    fn recipe(&mut self, recipe: &'a Recipe, arguments: Vec<Value>, depth: u32) {
        let key = format!("{} {arguments:?}", recipe.name);
        if depth > MAX_DEPTH || self.seen.len() >= MAX_TARGETS || !self.seen.insert(key) {
            return;
        }
        let local = self.bind(&recipe.parameters, arguments);
        let (before, behind): (Vec<&Dependency>, Vec<&Dependency>) =
            recipe.dependencies.iter().partition(|dependency| !dependency.behind);
        for dependency in before {
            self.dependency(dependency, &local, depth);
        }
        self.body(recipe, &local);
        for dependency in behind {
            self.dependency(dependency, &local, depth);
        }
    }

    fn dependency(&mut self, dependency: &Dependency, local: &BTreeMap<String, Value>, depth: u32) {
        if let Some(recipe) = self.find(&dependency.name) {
            let arguments = dependency
                .arguments
                .iter()
                .map(|text| self.evaluate(text, local, 0))
                .collect();
            self.recipe(recipe, arguments, depth + 1);
        }
    }

    fn bind(&self, parameters: &[Parameter], mut arguments: Vec<Value>) -> BTreeMap<String, Value> {
        let mut local = BTreeMap::new();
        for (at, parameter) in parameters.iter().enumerate() {
            let value = if parameter.variadic && at < arguments.len() {
                let rest: Option<Vec<String>> = arguments.drain(at..).collect();
                rest.map(|words| words.join(" "))
            } else if let Some(value) = arguments.get(at) {
                value.clone()
            } else if let Some(default) = &parameter.default {
                self.evaluate(default, &local, 0)
            } else {
                // `*ARGS` without arguments is nothing.
                parameter.variadic.then(String::new)
            };
            local.insert(parameter.name.clone(), value.filter(|value| !value.contains(UNKNOWN)));
        }
        local
    }

    fn body(&mut self, recipe: &Recipe, local: &BTreeMap<String, Value>) {
        let mut unknowns = Unknowns::default();
        let directory = match &recipe.directory {
            _ if recipe.stays => self.call.directory.map(str::to_owned),
            Some(below) => place::join(self.directory.as_deref(), below),
            None => self.directory.clone(),
        };
        let shebang = recipe.body.first().and_then(|(_, text)| text.strip_prefix("#!"));
        let dialect = match shebang {
            Some(program) => dialect(program.split_whitespace().rev().find(|word| !word.starts_with('-'))),
            None => match &self.justfile.shell {
                Some(shell) => dialect(Some(shell.as_str())),
                None => Some(Dialect::Posix),
            },
        };
        let Some(dialect) = dialect else { return };
        let mut lines: Vec<(u32, String)> = recipe
            .body
            .iter()
            .map(|(line, text)| (*line, self.interpolate(text, local, &mut unknowns)))
            .collect();
        if shebang.is_some() {
            // One script; every line of the file is a line of it.
            let first = lines.first().map_or(1, |(line, _)| *line);
            let text = lines
                .iter()
                .map(|(_, text)| text.as_str())
                .collect::<Vec<_>>()
                .join("\n");
            lines = vec![(first, text)];
        }
        let mut variables = unknowns.into_variables();
        for name in &self.justfile.exported {
            let value = self.evaluate(name, local, 0);
            variables.insert(name.clone(), value.as_deref().and_then(known));
        }
        for (line, text) in lines {
            let mut ignored = None;
            let mut text = text.as_str();
            while let Some(rest) = text.strip_prefix(['@', '-']).filter(|_| shebang.is_none()) {
                if text.starts_with('-') {
                    ignored = Some("`-` in front of it lets just go on");
                }
                text = rest;
            }
            self.pieces.push(Piece {
                path: recipe.path.clone(),
                line,
                text: text.to_owned(),
                dialect,
                directory: directory.clone(),
                stops: shebang.is_some_and(|program| program.contains(" -e")),
                ignored,
                variables: variables.clone(),
            });
        }
    }

    /// A line with `{{ … }}` replaced.
    fn interpolate(&self, text: &str, local: &BTreeMap<String, Value>, unknowns: &mut Unknowns) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            out += before;
            rest = behind;
            if let Some(behind) = rest.strip_prefix("{{") {
                out += "{{";
                rest = behind;
                continue;
            }
            let (expression, behind) = rest.split_once("}}").unwrap_or((rest, ""));
            let expression = expression.trim();
            match self
                .evaluate(expression, local, 0)
                .filter(|value| !value.contains('\n'))
            {
                Some(value) => out += &value,
                None => out += &unknowns.name(expression),
            }
            rest = behind;
        }
        out + rest
    }

    /// Value of an expression of strings, names, `+` and `/`; anything else depends on the machine.
    fn evaluate(&self, expression: &str, local: &BTreeMap<String, Value>, depth: u32) -> Value {
        if depth > 8 {
            return None;
        }
        let mut out = String::new();
        let mut rest = expression.trim();
        while !rest.is_empty() {
            let first = rest.chars().next()?;
            if first == '\'' || first == '"' {
                let (inner, behind) = rest.strip_prefix(first)?.split_once(first)?;
                if rest.starts_with("'''") || rest.starts_with("\"\"\"") || first == '"' && inner.contains('\\') {
                    return None;
                }
                out += inner;
                rest = behind;
            } else {
                let end = rest
                    .find(|char: char| !(char.is_ascii_alphanumeric() || "_-".contains(char)))
                    .unwrap_or(rest.len());
                let name;
                (name, rest) = rest.split_at_checked(end)?;
                if name.is_empty() || rest.starts_with('(') {
                    return None;
                }
                let value = match local.get(name).or_else(|| self.given.get(name)) {
                    Some(value) => value.clone(),
                    None => self.evaluate(self.justfile.variables.get(name)?, &BTreeMap::new(), depth + 1),
                };
                out += &value?;
            }
            rest = rest.trim_start();
            if let Some(behind) = rest.strip_prefix('/') {
                out.push('/');
                rest = behind.trim_start();
            } else if let Some(behind) = rest.strip_prefix('+') {
                rest = behind.trim_start();
            } else if !rest.is_empty() {
                return None;
            }
        }
        Some(out).filter(|value| value.len() < 10_000)
    }
}

/// The language of a shell; `None` for what is none.
fn dialect(program: Option<&str>) -> Option<Dialect> {
    match base_name(program?) {
        "sh" | "bash" | "zsh" | "dash" | "ksh" => Some(Dialect::Posix),
        "pwsh" | "powershell" => Some(Dialect::PowerShell),
        "cmd" => Some(Dialect::Cmd),
        _ => None,
    }
}
