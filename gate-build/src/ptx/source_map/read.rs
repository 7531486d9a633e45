//! Reads the lines of a text.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::instructions::instructions;
use super::super::{Module, ParseError, Roots};
use super::{NoPosition, Position, SourceMap};

/// What a `.loc` states, before it is known which files have which numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Loc {
    file: u32,
    line: u32,
    column: u32,
    inlined_at: Option<(u32, u32, u32)>,
}

/// Where the reader is.
#[derive(Default)]
struct State {
    /// Braces that are open.
    depth: usize,
    /// Whether the statement outside of all braces that is being read defines a function or an entry.
    defines: bool,
    /// Whether the open braces are those of a body.
    body: bool,
    /// Whether a comment is open.
    comment: bool,
    /// The last `.loc` of the body, and the line it stands in.
    loc: Option<(Loc, usize)>,
}

impl SourceMap {
    /// Reads the source map of a text. One without line information has a map in which no line has a position.
    ///
    /// # Errors
    /// The text is no PTX module, a `.loc` or `.file` cannot be read, a `.loc` names a file that no `.file` declares, or a number is declared for two files.
    pub fn parse(text: &str, roots: &Roots) -> Result<Self, ParseError> {
        let module = Module::parse(text)?;
        read(text, &module, roots)
    }
}

fn read(text: &str, module: &Module, roots: &Roots) -> Result<SourceMap, ParseError> {
    let mut state = State::default();
    let mut files: BTreeMap<u32, String> = BTreeMap::new();
    let mut located: Vec<Option<Option<(Loc, usize)>>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let directive = line.trim_start();
        if !state.comment && is(directive, ".file") {
            let (key, path) = file(directive)
                .ok_or_else(|| error(number, "malformed `.file`: expected a number and a quoted path"))?;
            if files.insert(key, path.clone()).is_some_and(|before| before != path) {
                return Err(error(
                    number,
                    format!("file {key} is declared twice with different paths"),
                ));
            }
            located.push(None);
            continue;
        }
        if !state.comment && is(directive, ".loc") {
            let loc = loc(directive).ok_or_else(|| {
                error(
                    number,
                    "malformed `.loc`: expected a file, a line and a column \
                     number",
                )
            })?;
            state.loc = Some((loc, number));
            // Before the brace of a body it belongs to the body already.
            located.push((state.body || state.defines).then(|| state.loc.clone()));
            continue;
        }
        let before = state.body;
        state.pass(line).map_err(|message| error(number, message))?;
        // The brace that ends a body is made from nothing.
        let code = state.body || before && directive.trim_end() != "}";
        located.push(code.then(|| state.loc.clone()));
        if !state.body && !state.defines {
            state.loc = None;
        }
    }
    let paths: BTreeMap<u32, Option<String>> = files
        .into_iter()
        .map(|(number, path)| (number, relative(&path, roots)))
        .collect();
    let mut map = SourceMap {
        lines: Vec::with_capacity(located.len()),
        positions: Vec::new(),
        instructions: BTreeSet::new(),
        entries: Vec::new(),
    };
    let mut known: HashMap<Loc, Result<usize, NoPosition>> = HashMap::new();
    for located in located {
        map.lines.push(match located {
            None => Err(NoPosition::NoInstruction),
            Some(None) => Err(NoPosition::NoLineInfo),
            Some(Some((loc, number))) => match known.get(&loc) {
                Some(found) => *found,
                None => {
                    let found = position(&loc, &paths)
                        .map_err(|file| error(number, format!("`.loc` refers to undeclared file {file}")))?;
                    let found = found.map(|position| {
                        map.positions.push(position);
                        map.positions.len() - 1
                    });
                    known.insert(loc, found);
                    found
                }
            },
        });
    }
    entries(text, module, &mut map);
    Ok(map)
}

fn error(line: usize, message: impl Into<String>) -> ParseError {
    ParseError {
        line,
        message: message.into(),
    }
}

/// Whether the line starts with the directive, and not with one that starts alike.
fn is(line: &str, directive: &str) -> bool {
    line.strip_prefix(directive)
        .is_some_and(|rest| rest.starts_with([' ', '\t']))
}

impl State {
    /// Reads a line that is neither `.loc` nor `.file`.
    fn pass(&mut self, line: &str) -> Result<(), String> {
        if !self.comment && line.trim_start().starts_with("@@") {
            return Ok(());
        }
        let mut rest = line;
        loop {
            if self.comment {
                let Some((_, behind)) = rest.split_once("*/") else {
                    return Ok(());
                };
                rest = behind;
                self.comment = false;
            }
            let marks = ['{', '}', ';', '"', '/', '.'];
            let Some((before, from)) = rest.find(marks).and_then(|at| rest.split_at_checked(at)) else {
                return Ok(());
            };
            let mut after = from.chars();
            let (mark, after) = (after.next(), after.as_str());
            let starts = before.bytes().next_back().is_none_or(|byte| !is_word(byte));
            rest = after;
            match mark {
                Some('{') => {
                    if self.depth == 0 {
                        self.body = self.defines;
                    }
                    self.depth += 1;
                }
                Some('}') => {
                    self.depth = self.depth.checked_sub(1).ok_or("unmatched `}`")?;
                    if self.depth == 0 {
                        self.body = false;
                        self.defines = false;
                    }
                }
                Some(';') if self.depth == 0 => self.defines = false,
                Some('"') => {
                    let (_, behind) = after.split_once('"').ok_or("unterminated string")?;
                    rest = behind;
                }
                Some('/') if after.starts_with('/') => return Ok(()),
                Some('/') if after.starts_with('*') => {
                    rest = after.strip_prefix('*').unwrap_or_default();
                    self.comment = true;
                }
                Some('.') if starts => match word(after) {
                    "entry" | "func" if self.depth == 0 => self.defines = true,
                    "loc" if self.depth > 0 => return Err("`.loc` must be at the start of its line".to_owned()),
                    _ => {}
                },
                _ => {}
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'%' | b'.')
}

/// The word that a text starts with.
fn word(text: &str) -> &str {
    let is_end = |c: char| !u8::try_from(c).is_ok_and(is_word);
    text.split(is_end).next().unwrap_or_default()
}

/// `.file 1 "path", 1700000000, 4711`: the number and the path. With a directory before the path, both.
fn file(line: &str) -> Option<(u32, String)> {
    let rest = line.strip_prefix(".file")?.trim_start();
    let number = word(rest);
    let rest = rest.strip_prefix(number)?.trim_start().strip_prefix('"')?;
    let (path, rest) = rest.split_once('"')?;
    let path = match rest.trim_start().strip_prefix('"') {
        Some(name) => format!("{path}/{}", name.split_once('"')?.0),
        None => path.to_owned(),
    };
    Some((number.parse().ok()?, path))
}

/// `.loc 1 12 3` and `.loc 2 112 3, function_name $L__info_string0+7, inlined_at 1 19 5`.
fn loc(line: &str) -> Option<Loc> {
    let line = line.split("//").next()?;
    let mut parts = line.strip_prefix(".loc")?.split(',');
    let [file, line, column] = numbers(parts.next()?)?;
    let mut inlined_at = None;
    for part in parts {
        let part = part.trim();
        if let Some(at) = part.strip_prefix("inlined_at") {
            let [file, line, column] = numbers(at)?;
            inlined_at = Some((file, line, column));
        } else if !part.starts_with("function_name") {
            return None;
        }
    }
    Some(Loc {
        file,
        line,
        column,
        inlined_at,
    })
}

/// Three numbers. LLVM writes attributes of DWARF (`prologue_end`) behind the column: they say nothing about the place.
fn numbers(text: &str) -> Option<[u32; 3]> {
    let mut words = text.split_ascii_whitespace();
    let mut next = || words.next()?.parse().ok();
    let found = [next()?, next()?, next()?];
    words
        .all(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .then_some(found)
}

/// The place that a `.loc` states, or the number of a file that is not declared.
fn position(loc: &Loc, paths: &BTreeMap<u32, Option<String>>) -> Result<Result<Position, NoPosition>, u32> {
    let place = |(file, line, column): (u32, u32, u32)| -> Result<_, u32> {
        let path = paths.get(&file).ok_or(file)?;
        Ok(match (line, path) {
            (0, _) => Err(NoPosition::CompilerGenerated),
            (_, None) => Err(NoPosition::ForeignFile),
            (line, Some(path)) => Ok(Position {
                file: path.clone(),
                line,
                column,
                inlined_at: None,
            }),
        })
    };
    let call = loc.inlined_at.map(place).transpose()?;
    let own = place((loc.file, loc.line, loc.column))?;
    Ok(match (own, call) {
        (Ok(position), Some(Ok(call))) => Ok(Position {
            inlined_at: Some(Box::new(call)),
            ..position
        }),
        // Foreign code that was inlined stands for the call that asked for it.
        (Err(NoPosition::ForeignFile), Some(Ok(call))) => Ok(call),
        (own, _) => own,
    })
}

/// The path below a root, `.` and `..` taken away; `None` for what stays absolute or leaves the root.
fn relative(path: &str, roots: &Roots) -> Option<String> {
    let path = lexical(&path.replace('\\', "/"))?;
    let path = roots.relative(&path).map(std::borrow::Cow::into_owned).unwrap_or(path);
    let drive = path.as_bytes().get(1) == Some(&b':');
    (!path.is_empty() && !path.starts_with(['/', '<']) && !drive).then_some(path)
}

/// The path without `.` and `..`; `None` when it leads above where it starts.
fn lexical(path: &str) -> Option<String> {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(format!("{}{}", if absolute { "/" } else { "" }, parts.join("/")))
}

/// Extents of the entries, and which lines of theirs are instructions.
fn entries(text: &str, module: &Module, map: &mut SourceMap) {
    let mut lines = LineCounter { text, at: 0, line: 1 };
    for entry in &module.entries {
        let first = lines.of(entry.body.start);
        let body = text.get(entry.body.clone()).unwrap_or_default();
        for instruction in instructions(body) {
            map.instructions.insert(lines.of(entry.body.start + instruction.at));
        }
        map.entries.push((entry.name.clone(), first..=lines.of(entry.body.end)));
    }
}

/// Lines of ascending places.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl LineCounter<'_> {
    fn of(&mut self, at: usize) -> usize {
        let passed = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = self.at.max(at);
        self.line
    }
}
