//! Recipes of make, just and cargo-make that continuous integration calls.
//!
//! They are followed where that is simple: lines of commands, dependencies by name, variables with a fixed text. What has a
//! function, a condition or a pattern is not followed, and the answer says where and why. Nothing is run.

mod cargo_make;
mod just;
mod make;
mod model;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::base_name;
use super::expand::{Argument, UNKNOWN, Variables};
use super::model::NotFollowed;
use super::path;
use super::tree::Reader;
pub(super) use model::Piece;
use model::{Recipe, Recipes};

/// Most recipes that one call leads to.
const MAX_RECIPES: usize = 200;

/// Whether a text that is not followed may call cargo, or a runner that calls it.
pub(super) fn may_call_cargo(text: &str) -> bool {
    let mut words = text.split(|char: char| !(char.is_ascii_alphanumeric() || "_-.".contains(char)));
    words.any(|word| {
        matches!(
            word,
            "cargo" | "cargo.exe" | "cargo-gate" | "CARGO" | "cross" | "make" | "MAKE" | "just" | "makers"
        )
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    Make,
    Just,
    CargoMake,
}

/// What a command line asks of a runner.
#[derive(Default)]
struct Call<'a> {
    file: Option<&'a str>,
    directory: Option<&'a str>,
    given: BTreeMap<&'a str, &'a str>,
    /// Names of recipes and their arguments; `None` is any number of words that only the run knows.
    words: Vec<Option<&'a str>>,
}

/// Follows a command line that calls a runner whose file is in the repository: what it runs, in that order, and what of it
/// could not be followed though it may call cargo. `at` is where the call stands.
pub(super) fn follow(
    arguments: &[Argument],
    directory: Option<&str>,
    environment: &Variables,
    reader: &Reader<'_>,
    at: (&str, u32),
) -> (Vec<Piece>, Vec<NotFollowed>) {
    let found = runner(arguments).and_then(|(runner, rest)| {
        let call = runner.call(rest).transpose()?;
        let (below, file) = call.as_ref().map_or((None, None), |call| (call.directory, call.file));
        let directory = below.map_or(directory.map(str::to_owned), |below| path::join(directory, below))?;
        let (text, path) = runner.find(&directory, file, reader)?;
        Some((runner, call, directory, text, path))
    });
    let Some((runner, call, directory, text, path)) = found else {
        return Default::default();
    };
    let mut recipes = runner.read(&text);
    for name in recipes.gives_way.iter().filter(|name| environment.contains_key(*name)) {
        recipes.variables.remove(name);
    }
    let words: Vec<&str> = arguments.iter().map(Argument::written).collect();
    let mut run = Run {
        runner,
        recipes: &recipes,
        given: BTreeMap::new(),
        at,
        what: words.join(" "),
        text: &text,
        shown: reader.shown(&path),
        directory: if runner == Runner::Just {
            path::parent(&path)
        } else {
            &directory
        },
        path: &path,
        seen: BTreeSet::new(),
        pieces: Vec::new(),
        not_followed: Vec::new(),
    };
    match call {
        Ok(call) => {
            run.given = call.given;
            run.words(&call.words);
        }
        Err(why) => run.not_followed(None, &text, why.to_owned()),
    }
    (run.pieces, run.not_followed)
}

/// The runner that a command line starts, and its arguments.
fn runner(arguments: &[Argument]) -> Option<(Runner, &[Argument])> {
    let is_program = |word: &Argument| {
        word.text()
            .is_some_and(|text| !text.starts_with('-') && !text.contains('='))
    };
    let first = arguments.first()?.text().map(base_name)?;
    // `sudo -E make`, `time just`, `xvfb-run -a make`
    let wraps = matches!(
        first,
        "sudo" | "time" | "env" | "xvfb-run" | "nice" | "command" | "exec"
    );
    let at = if wraps {
        1 + arguments.iter().skip(1).position(is_program)?
    } else {
        0
    };
    let (program, rest) = arguments.get(at..)?.split_first()?;
    match base_name(program.text()?) {
        "make" | "gmake" | "mingw32-make" => Some((Runner::Make, rest)),
        "just" => Some((Runner::Just, rest)),
        "makers" => Some((Runner::CargoMake, rest)),
        "cargo" => {
            let is_toolchain = |word: &&Argument| word.text().is_some_and(|text| text.starts_with('+'));
            let (subcommand, rest) = rest
                .get(rest.iter().take_while(is_toolchain).count()..)?
                .split_first()?;
            (subcommand.text() == Some("make")).then_some((Runner::CargoMake, rest))
        }
        _ => None,
    }
}

const UNKNOWN_CALL: &str = "its command is only known at run time";

impl Runner {
    /// Reads a command line. `None` when nothing is run; the error says why it cannot be told what is.
    fn call(self, arguments: &[Argument]) -> Result<Option<Call<'_>>, &'static str> {
        let mut call = Call::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let text = argument.text();
            let assignment = text
                .and_then(|text| text.split_once('='))
                .filter(|_| self != Runner::CargoMake);
            let option = text.filter(|text| text.starts_with('-'));
            // What follows the first recipe of make alone is not its own.
            if self != Runner::Make && !call.words.is_empty() {
                call.words.push(text);
            } else if let Some(option) = option {
                let (name, value) = option
                    .split_once('=')
                    .map_or((option, None), |(name, value)| (name, Some(value)));
                let mut value = || value.or_else(|| rest.next()?.text()).ok_or(UNKNOWN_CALL).map(Some);
                // `-j4`
                match name.trim_end_matches(|char: char| char.is_ascii_digit()) {
                    "-f" | "--file" | "--makefile" | "--justfile" => call.file = value()?,
                    "-C" | "--directory" => call.directory = value()?,
                    "-p" | "--profile" | "--loglevel" | "--env-file" => drop(value()?),
                    "-j" | "-s" | "--silent" | "-q" | "--quiet" | "--verbose" | "-B" | "--no-print-directory" => {}
                    "-n" | "--dry-run" | "--version" | "-V" | "--help" | "-h" | "-l" | "--list" | "--summary"
                    | "--evaluate" | "--show" | "--dump" | "--fmt" | "--man" | "--print-steps" => return Ok(None),
                    _ => return Err("it has an unknown option"),
                }
            } else if let Some((name, value)) = assignment {
                call.given.insert(name.trim_end_matches([':', '?', '+']), value);
            } else {
                call.words.push(text);
            }
        }
        Ok(Some(call))
    }

    /// Text and path of the file: the one that is named, or that of the directory or of the nearest one above it.
    fn find(self, directory: &str, file: Option<&str>, reader: &Reader<'_>) -> Option<(String, String)> {
        let names = match self {
            Runner::Make => &["GNUmakefile", "makefile", "Makefile"][..],
            Runner::Just => &["justfile", "Justfile", ".justfile", "JUSTFILE"],
            Runner::CargoMake => &["Makefile.toml"],
        };
        let names = file.as_ref().map_or(names, std::slice::from_ref);
        let mut directory = directory;
        loop {
            let mut paths = names.iter().filter_map(|name| path::join(Some(directory), name));
            let found = paths.find_map(|path| Some((reader.recipes(&path)?, path)));
            if found.is_some() || directory.is_empty() || self != Runner::Just {
                return found;
            }
            directory = path::parent(directory);
        }
    }

    fn read(self, text: &str) -> Recipes {
        match self {
            Runner::Make => make::read(text),
            Runner::Just => just::read(text),
            Runner::CargoMake => cargo_make::read(text),
        }
    }

    /// What opens and closes a reference to a variable.
    fn references(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Runner::Make => &[("$$", ""), ("$(", ")"), ("${", "}"), ("$", "")],
            Runner::Just => &[("{{", "}}")],
            Runner::CargoMake => &[],
        }
    }
}

struct Run<'a> {
    runner: Runner,
    recipes: &'a Recipes,
    given: BTreeMap<&'a str, &'a str>,
    at: (&'a str, u32),
    what: String,
    /// The whole file, its path and how findings show it.
    text: &'a str,
    path: &'a str,
    shown: String,
    directory: &'a str,
    seen: BTreeSet<String>,
    pieces: Vec<Piece>,
    not_followed: Vec<NotFollowed>,
}

impl Run<'_> {
    /// The recipes of the command line, each with as many arguments as it takes.
    fn words(&mut self, words: &[Option<&str>]) {
        let first = self.recipes.all.first().map(|recipe| recipe.name.as_str());
        let default = [if self.runner == Runner::CargoMake {
            Some("default")
        } else {
            first
        }];
        let mut rest = if words.is_empty() { &default } else { words };
        while let Some((first, behind)) = rest.split_first() {
            let Some(name) = first.filter(|name| !name.contains(UNKNOWN)) else {
                return self.not_followed(None, self.text, UNKNOWN_CALL.into());
            };
            let parameters = self.recipes.all.iter().find(|recipe| recipe.name == name);
            let parameters = parameters.map_or(&[][..], |recipe| &recipe.parameters);
            let takes_rest = parameters.iter().any(|(name, _)| name.starts_with(['*', '+']));
            let takes = if takes_rest {
                behind.len()
            } else {
                parameters.len().min(behind.len())
            };
            let (arguments, next) = behind.split_at(takes);
            self.recipe(name, arguments, true);
            rest = if self.runner == Runner::CargoMake { &[] } else { next };
        }
    }

    fn recipe(&mut self, name: &str, arguments: &[Option<&str>], is_named: bool) {
        if self.seen.len() >= MAX_RECIPES || !self.seen.insert(format!("{name} {arguments:?}")) {
            return;
        }
        let recipes = self.recipes;
        let mut found = recipes.all.iter().filter(|recipe| recipe.name == name).peekable();
        // What has a dot or a slash is a file, or made by a rule that has nothing to do with cargo.
        if found.peek().is_none() && (is_named || !name.contains(['.', '/'])) {
            self.not_followed(
                None,
                self.text,
                format!("`{}` has no plain recipe `{name}`", self.shown),
            );
        }
        // A rule of make may stand in several places.
        for recipe in found {
            recipe.before.iter().for_each(|name| self.recipe(name, &[], false));
            self.body(recipe, arguments);
            recipe.after.iter().for_each(|name| self.recipe(name, &[], false));
        }
    }

    fn body(&mut self, recipe: &Recipe, arguments: &[Option<&str>]) {
        if let Some(why) = recipe.problem {
            let lines: Vec<&str> = recipe.body.iter().map(|(_, text)| text.as_str()).collect();
            return match recipe.body.first() {
                Some((line, _)) => self.not_followed(Some(*line), &lines.join("\n"), why.to_owned()),
                None => self.not_followed(None, self.text, why.to_owned()),
            };
        }
        let parameters = bind(recipe, arguments);
        for (line, written) in &recipe.body {
            let text = written.trim_start_matches(['@', '-', '+', ' ']);
            let is_ignored = written.strip_suffix(text).is_some_and(|marks| marks.contains('-'));
            match self.expand(text, &parameters) {
                Ok(text) => self.pieces.push(Piece {
                    path: self.path.to_owned(),
                    line: *line,
                    text,
                    directory: Some(self.directory.to_owned()),
                    ignored: is_ignored.then_some("`-` in front of it hides its failure"),
                    variables: self.recipes.environment.clone(),
                }),
                Err(why) => self.not_followed(Some(*line), text, why.to_owned()),
            }
        }
    }

    /// Replaces references to variables: those with a fixed text by it, others by a variable of the shell of that name.
    fn expand(&self, text: &str, parameters: &BTreeMap<&str, Option<&str>>) -> Result<String, &'static str> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let next = |rest: &str| {
            let all = self.runner.references().iter();
            let found = all.filter_map(|(open, close)| Some((rest.find(open)?, *open, *close)));
            found.min_by_key(|(at, open, _)| (*at, std::cmp::Reverse(open.len())))
        };
        while let Some((at, open, close)) = next(rest) {
            out += &rest[..at];
            rest = &rest[at + open.len()..];
            let (name, behind) = match open {
                "$$" | "$" => rest.split_at(rest.chars().next().filter(|_| open == "$").map_or(0, char::len_utf8)),
                _ => rest.split_once(close).ok_or("it has an unclosed reference")?,
            };
            rest = behind;
            if open == "$$" {
                out.push('$');
                continue;
            }
            // `$@` and the like: texts of one rule.
            if open == "$" && name.contains(['@', '<', '^', '*', '?', '+']) {
                out += "${_}";
                continue;
            }
            let name = name.trim();
            if name.is_empty()
                || !name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            {
                return Err("it has an expression other than a variable name");
            }
            let given = parameters.get(name).copied();
            let given = given.or_else(|| self.given.get(name).map(|value| Some(*value)));
            match given.unwrap_or_else(|| self.recipes.variables.get(name).map(String::as_str)) {
                Some(value) if !value.contains(UNKNOWN) => out += value,
                _ => out += &format!("${{{name}}}"),
            }
        }
        Ok(out + rest)
    }

    /// Notes what was not followed, where its text may have to do with cargo.
    fn not_followed(&mut self, line: Option<u32>, text: &str, why: String) {
        if may_call_cargo(text) {
            let (path, line) = line.map_or(self.at, |line| (&self.shown, line));
            self.not_followed.push(NotFollowed {
                path: path.to_owned(),
                line,
                what: self.what.clone(),
                why,
            });
        }
    }
}

/// Values of parameters by name; `None` is one that only the run knows.
fn bind<'r>(recipe: &'r Recipe, arguments: &[Option<&'r str>]) -> BTreeMap<&'r str, Option<&'r str>> {
    let bound = recipe.parameters.iter().enumerate().map(|(at, (name, default))| {
        let takes_rest = name.starts_with(['*', '+']);
        let value = match arguments.get(at..).unwrap_or_default() {
            [] => default.as_deref().or(takes_rest.then_some("")),
            // Several words become one text only in the run.
            [_, _, ..] if takes_rest => None,
            [word, ..] => *word,
        };
        (name.trim_start_matches(['*', '+', '$']), value)
    });
    bound.collect()
}
