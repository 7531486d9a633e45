//! What a call of make runs.

use std::collections::{BTreeMap, BTreeSet};

use super::makefile::{Makefile, Rule};
use super::{Call, Dialect, MAX_INCLUDES, MAX_TARGETS, Piece, UNKNOWN, Unknowns, option_value};
use crate::ci::place;

/// How deep variables that are made of variables are followed.
const MAX_DEPTH: u32 = 12;
/// Longest text that a line is expanded to.
const MAX_TEXT: usize = 64 << 10;

/// Names under which make looks for its file, in this order.
const NAMES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// Options whose value may stand behind them.
const WITH_VALUE: [&str; 6] = ["-I", "--include-dir", "-o", "--old-file", "-W", "--what-if"];

pub(super) fn pieces(call: &Call<'_>) -> Option<Vec<Piece>> {
    let mut directory = call.directory.map(str::to_owned);
    let (mut file, mut keep_going) = (None, false);
    let (mut given, mut goals) = (BTreeMap::new(), Vec::new());
    let mut arguments = call.arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.text() else { continue };
        if let Some(value) = option_value(text, &["-C", "--directory"], &mut arguments) {
            directory = place::join(directory.as_deref(), value?);
        } else if let Some(value) = option_value(text, &["-f", "--file", "--makefile"], &mut arguments) {
            file = Some(value?);
        } else if option_value(text, &WITH_VALUE, &mut arguments).is_some() {
        } else if matches!(
            text,
            "-n" | "--dry-run" | "--just-print" | "-q" | "-t" | "-v" | "--version" | "-p" | "-h"
        ) {
            return None;
        } else if matches!(text, "-i" | "--ignore-errors") {
            keep_going = true;
        } else if text.starts_with('-') || text.bytes().all(|byte| byte.is_ascii_digit()) {
            // `-j 4`
        } else if let Some((name, value)) = text.split_once('=') {
            given.insert(name.trim_end_matches([':', '?', '+']).to_owned(), value.to_owned());
        } else {
            goals.push(text.to_owned());
        }
    }
    let directory = directory?;
    let (path, text) = match file {
        Some(name) => {
            let path = place::join(Some(&directory), name)?;
            (path.clone(), call.reader.recipes(&path)?)
        }
        None => NAMES.iter().find_map(|name| {
            let path = place::join(Some(&directory), name)?;
            call.reader.recipes(&path).map(|text| (path, text))
        })?,
    };
    let mut run = Run {
        call,
        given,
        makefile: Makefile::default(),
        directory,
        ignored: keep_going.then_some("`make --ignore-errors` goes on after it"),
        seen: BTreeSet::new(),
        pieces: Vec::new(),
    };
    run.read(&path, &text, 0);
    if goals.is_empty() {
        goals.extend(run.default_goal());
    }
    for goal in goals.iter().filter(|goal| !goal.contains(UNKNOWN)) {
        run.goal(goal, 0);
    }
    Some(run.pieces)
}

struct Run<'a> {
    call: &'a Call<'a>,
    /// Variables of the command line.
    given: BTreeMap<String, String>,
    makefile: Makefile,
    directory: String,
    ignored: Option<&'static str>,
    seen: BTreeSet<String>,
    pieces: Vec<Piece>,
}

/// Variables that make sets for each target.
#[derive(Default)]
struct Automatic {
    target: String,
    stem: Option<String>,
    prerequisites: Vec<String>,
}

impl Run<'_> {
    fn read(&mut self, path: &str, text: &str, depth: u32) {
        self.makefile.read(path, text);
        let includes = std::mem::take(&mut self.makefile.includes);
        if depth >= MAX_INCLUDES {
            return;
        }
        for name in includes {
            let name = self.expand(&name, &Automatic::default(), 0, &mut Unknowns::default());
            let Some(path) = place::join(Some(&self.directory), &name) else {
                continue;
            };
            if let Some(text) = self.call.reader.recipes(&path) {
                self.read(&path, &text, depth + 1);
            }
        }
    }

    fn default_goal(&self) -> Option<String> {
        if let Some(variable) = self.makefile.variables.get(".DEFAULT_GOAL") {
            return variable.parts.last().cloned();
        }
        let targets = self.makefile.rules.iter().flat_map(|rule| self.targets(rule));
        targets
            .into_iter()
            .find(|target| !target.starts_with('.') && !target.contains('%'))
    }

    fn targets(&self, rule: &Rule) -> Vec<String> {
        let text = self.expand(&rule.targets, &Automatic::default(), 0, &mut Unknowns::default());
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn goal(&mut self, goal: &str, depth: u32) {
        if depth > MAX_DEPTH || self.seen.len() >= MAX_TARGETS || !self.seen.insert(goal.to_owned()) {
            return;
        }
        let rules = self.makefile.rules.iter();
        let mut chosen: Vec<(&Rule, Option<String>)> = rules
            .filter(|rule| self.targets(rule).iter().any(|target| target == goal))
            .map(|rule| (rule, None))
            .collect();
        if !chosen.iter().any(|(rule, _)| !rule.recipe.is_empty()) {
            chosen.extend(self.pattern(goal));
        }
        let mut automatic = Automatic {
            target: goal.to_owned(),
            stem: chosen.iter().find_map(|(_, stem)| stem.clone()),
            prerequisites: Vec::new(),
        };
        for (rule, stem) in &chosen {
            let text = self.expand(&rule.prerequisites, &automatic, 0, &mut Unknowns::default());
            let stem = stem.as_deref().unwrap_or_default();
            automatic
                .prerequisites
                .extend(text.split_whitespace().map(|word| word.replacen('%', stem, 1)));
        }
        // The last recipe counts, as in make.
        let last = chosen.iter().rfind(|(rule, _)| !rule.recipe.is_empty());
        let pieces = last.map(|(rule, _)| self.recipe(rule, &automatic)).unwrap_or_default();
        for prerequisite in &automatic.prerequisites {
            self.goal(prerequisite, depth + 1);
        }
        self.pieces.extend(pieces);
    }

    /// The pattern rule with the shortest stem, and the stem.
    fn pattern(&self, goal: &str) -> Option<(&Rule, Option<String>)> {
        let stem_of = |target: &str| {
            let (before, behind) = target.split_once('%')?;
            let stem = goal.strip_prefix(before)?.strip_suffix(behind)?;
            (!stem.is_empty()).then(|| stem.to_owned())
        };
        let rules = self.makefile.rules.iter().filter(|rule| !rule.recipe.is_empty());
        let found = rules.filter_map(|rule| {
            let stem = self.targets(rule).iter().find_map(|target| stem_of(target))?;
            Some((rule, stem))
        });
        // Of stems of one length that of the first rule.
        let (rule, stem) = found.min_by_key(|(_, stem)| stem.len())?;
        Some((rule, Some(stem)))
    }

    fn recipe(&self, rule: &Rule, automatic: &Automatic) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut lines: Vec<(u32, String)> = rule.recipe.clone();
        if self.makefile.one_shell {
            let first = lines.first().map_or(1, |(line, _)| *line);
            let mut joined = String::new();
            for (line, text) in &lines {
                let behind = usize::try_from(line - first).unwrap_or_default();
                let so_far = joined.matches('\n').count();
                joined += &"\n".repeat(behind.saturating_sub(so_far));
                joined += text;
            }
            lines = vec![(first, joined)];
        }
        let path = rule.path.clone();
        for (line, text) in lines {
            let mut ignored = self.ignored;
            let mut text = text.as_str();
            while let Some(rest) = text.strip_prefix(['@', '-', '+', ' ', '\t']) {
                if text.starts_with('-') {
                    ignored = Some("`-` in front of it lets make go on");
                }
                text = rest;
            }
            let mut unknowns = Unknowns::default();
            let text = self.expand(text, automatic, 0, &mut unknowns);
            pieces.push(Piece {
                path: path.clone(),
                line,
                text,
                dialect: Dialect::Posix,
                directory: Some(self.directory.clone()),
                stops: false,
                ignored,
                variables: unknowns.into_variables(),
            });
        }
        pieces
    }

    /// A text with make's expansions replaced. Line ends stay where they are.
    fn expand(&self, text: &str, automatic: &Automatic, depth: u32, unknowns: &mut Unknowns) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            out += before;
            if out.len() > MAX_TEXT {
                return out;
            }
            let mut behind = behind.chars();
            let Some(next) = behind.next() else {
                return out;
            };
            rest = behind.as_str();
            match next {
                '$' => out.push('$'),
                '(' | '{' => {
                    let (inner, behind) = rest.split_at_checked(closing(rest, next)).unwrap_or((rest, ""));
                    out += &self.reference(inner, automatic, depth, unknowns);
                    rest = behind.strip_prefix([')', '}']).unwrap_or(behind);
                }
                name => out += &self.reference(name.encode_utf8(&mut [0; 4]), automatic, depth, unknowns),
            }
        }
        out + rest
    }

    /// Value of what stands in the brackets of a reference.
    fn reference(&self, inner: &str, automatic: &Automatic, depth: u32, unknowns: &mut Unknowns) -> String {
        if depth >= MAX_DEPTH {
            return unknowns.name(inner);
        }
        let mut nested = Unknowns::default();
        let expanded = self.expand(inner, automatic, depth + 1, &mut nested);
        if !nested.0.is_empty() || expanded.contains(['\n', UNKNOWN]) {
            return unknowns.name(inner);
        }
        // Functions: all but the simplest depend on the machine or are rare in what calls cargo.
        if let Some((function, argument)) = expanded.split_once([' ', '\t']) {
            return match function {
                "strip" => argument.split_whitespace().collect::<Vec<_>>().join(" "),
                _ => unknowns.name(inner),
            };
        }
        let (name, substitution) = match expanded.split_once(':') {
            Some((name, substitution)) => (name, substitution.split_once('=')),
            None => (expanded.as_str(), None),
        };
        let Some(value) = self.value(name, automatic, depth, unknowns) else {
            return unknowns.name(inner);
        };
        match substitution {
            Some((from, to)) => substituted(&value, from, to),
            None => value,
        }
    }

    fn value(&self, name: &str, automatic: &Automatic, depth: u32, unknowns: &mut Unknowns) -> Option<String> {
        match name {
            "@" | "@F" => return Some(automatic.target.clone()),
            "*" => return automatic.stem.clone(),
            "<" => return automatic.prerequisites.first().cloned(),
            "^" | "+" => return Some(automatic.prerequisites.join(" ")),
            "MAKE" => return Some("make".into()),
            "CURDIR" => return Some(format!("{}{}", place::TOP, self.directory)),
            _ => {}
        }
        if let Some(value) = self.given.get(name) {
            return (!value.contains(UNKNOWN)).then(|| value.clone());
        }
        let environment = || self.call.environment(name).map(str::to_owned);
        let Some(variable) = self.makefile.variables.get(name) else {
            return environment();
        };
        if variable.computed || variable.gives_way && self.call.environment.get(name).is_some_and(Option::is_none) {
            return None;
        }
        if variable.gives_way
            && let Some(value) = environment()
        {
            return Some(value);
        }
        let parts: Vec<String> = variable
            .parts
            .iter()
            .map(|part| self.expand(part, automatic, depth + 1, unknowns))
            .collect();
        Some(parts.join(" ").trim().to_owned())
    }
}

/// Where the bracket that was opened before this text is closed.
fn closing(text: &str, open: char) -> usize {
    let close = if open == '(' { ')' } else { '}' };
    let mut depth = 0_usize;
    for (at, char) in text.char_indices() {
        if char == open {
            depth += 1;
        } else if char == close {
            if depth == 0 {
                return at;
            }
            depth -= 1;
        }
    }
    text.len()
}

/// `$(NAME:from=to)`
fn substituted(value: &str, from: &str, to: &str) -> String {
    let (before, behind) = from.split_once('%').unwrap_or(("", from));
    let words = value.split_whitespace().map(|word| {
        let stem = word.strip_prefix(before).and_then(|word| word.strip_suffix(behind));
        match stem {
            Some(stem) if to.contains('%') => to.replacen('%', stem, 1),
            Some(_) if from.contains('%') => to.to_owned(),
            Some(stem) => format!("{stem}{to}"),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
