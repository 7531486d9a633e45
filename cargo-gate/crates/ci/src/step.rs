//! Shell text of a job to commands: variables, directories and scripts followed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::cargo_call::base_name;
use super::expand::{Argument, Scope, UNKNOWN, Variables};
use super::matrix::Row;
use super::model::{CiCommand, NotFollowed};
use super::shell::{self, Command, Next, Word};
use super::tree::Reader;
use super::{path, recipe, variables};

/// How deep scripts and `sh -c` are followed.
const MAX_DEPTH: u32 = 6;
/// Most commands of a job.
pub(super) const MAX_COMMANDS: usize = 20_000;
/// Most scripts, actions and `sh -c` that a job leads to.
const MAX_FOLLOWED: u32 = 500;
/// Most command lines that the matrix of a job makes of its commands. From there on its first row speaks for all.
pub(super) const MAX_EXPANDED: usize = 100_000;

/// Why a call at the end of a chain of calls was not followed.
pub(super) const TOO_DEEP: &str = "it is nested too deeply in other calls";
const UNKNOWN_DIRECTORY: &str = "the directory it runs in is only known at run time";

/// A text that a shell reads.
pub(super) struct Text<'a> {
    /// File in which it is written, relative to the top of the repository.
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    /// Line of an offset.
    pub(super) line_at: &'a dyn Fn(usize) -> u32,
    /// Whether it is written for `sh` or one of its kind, and not for PowerShell or `cmd`.
    pub(super) is_posix: bool,
    /// Directory in which it runs, relative to the top of the repository.
    pub(super) directory: Option<String>,
    /// Whether the shell ends with the first command that fails.
    pub(super) stops: bool,
    /// Whether a pipe fails with any of its commands.
    pub(super) pipefail: bool,
    /// Why a failure of all of it has no consequence.
    pub(super) ignored: Option<&'static str>,
    /// Depth of scripts around it.
    pub(super) depth: u32,
}

/// Collects the commands of a job.
pub(super) struct Steps<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) rows: &'a [Row],
    /// Whether the rows are all there is to know of the matrix.
    pub(super) complete: bool,
    pub(super) commands: Vec<CiCommand>,
    pub(super) not_followed: Vec<NotFollowed>,
    /// Variables that an earlier step handed to later ones.
    pub(super) exported: Vec<String>,
    /// Whether what is read now may not run: it stands in a branch, or its step has a condition.
    pub(super) conditional: bool,
    /// How many commands may still be added.
    pub(super) left: usize,
    /// Parts of the rows that run in other directories, or call other scripts. Nothing more is read then.
    pub(super) apart: RefCell<Option<Vec<Vec<usize>>>>,
    /// Scripts, actions and `sh -c` so far.
    followed: u32,
    /// Command lines so far.
    expanded: usize,
}

/// What changes from command to command.
#[derive(Clone)]
struct Shell {
    stops: bool,
    pipefail: bool,
    /// Directories by depth of brackets.
    directories: Vec<(u32, Option<String>)>,
    pushed: Vec<Option<String>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(reader: &'a Reader<'a>, rows: &'a [Row], complete: bool) -> Self {
        Self {
            reader,
            rows,
            complete,
            commands: Vec::new(),
            not_followed: Vec::new(),
            exported: Vec::new(),
            conditional: false,
            left: MAX_COMMANDS,
            apart: RefCell::new(None),
            followed: 0,
            expanded: 0,
        }
    }

    /// Number of scripts, actions and `sh -c` that were followed.
    pub(super) fn followed(&self) -> u32 {
        self.followed
    }

    /// A directory, as seen from the top of the repository.
    pub(super) fn directory(&self, text: &str, variables: &Variables) -> Option<String> {
        self.agreed(text, |row| {
            path::join(Some(""), &self.scope(row, variables).text(text, 0))
        })
    }

    /// What a text comes to in the rows; where they do not agree, in the first one, and they are read apart.
    fn agreed(&self, text: &str, of: impl Fn(&Row) -> Option<String>) -> Option<String> {
        let first = of(self.rows.first()?);
        if self.rows.len() > 1 && text.contains('$') && self.apart.borrow().is_none() {
            let mut parts: Vec<(Option<String>, Vec<usize>)> = Vec::new();
            for (at, value) in self.rows.iter().map(of).enumerate() {
                match parts.iter_mut().find(|(known, _)| *known == value) {
                    Some((_, part)) => part.push(at),
                    None => parts.push((value, vec![at])),
                }
            }
            if parts.len() > 1 {
                *self.apart.borrow_mut() = Some(parts.into_iter().map(|(_, part)| part).collect());
            }
        }
        first
    }

    /// Whether one more script may be followed: what calls itself, or what calls many that call many, ends here.
    pub(super) fn may_follow(&mut self) -> bool {
        self.followed += 1;
        self.followed <= MAX_FOLLOWED
    }

    /// Notes that a text was not followed, where it may call cargo.
    pub(super) fn not_followed(&mut self, path: &str, line: u32, text: &str, why: &str) {
        if recipe::may_call_cargo(text) {
            self.note(path, line, text, why);
        }
    }

    /// Notes that a text was not followed.
    pub(super) fn note(&mut self, path: &str, line: u32, text: &str, why: &str) {
        self.not_followed.push(NotFollowed {
            path: self.reader.shown(path),
            line,
            what: text.lines().next().unwrap_or_default().to_owned(),
            why: why.to_owned(),
        });
    }

    /// Takes a text apart. Returns the variables and the directory that its shell ends with.
    pub(super) fn run(&mut self, text: &Text<'_>, environment: &Variables) -> (Variables, Option<String>) {
        let commands = match text.is_posix {
            true => shell::split(text.text),
            false => {
                let (plain, others) = shell::plain_lines(text.text);
                for (offset, line) in others {
                    let why = "it is not a plain command of PowerShell or `cmd`";
                    self.not_followed(text.path, (text.line_at)(offset), line, why);
                }
                shell::split(&plain)
            }
        };
        let mut given = environment.clone();
        given.extend(self.exported.iter().map(|name| (name.clone(), None)));
        let variables = variables::of_script(&commands, given, text.text, text.path);
        let shebang = text.text.lines().next().filter(|line| line.starts_with("#!"));
        let mut shell = Shell {
            stops: text.stops || shebang.is_some_and(|line| line.contains(" -e")),
            pipefail: text.pipefail,
            directories: vec![(0, text.directory.clone())],
            pushed: Vec::new(),
        };
        for (at, command) in commands.iter().enumerate() {
            if self.apart.borrow().is_some() {
                break;
            }
            if self.commands.len() >= self.left {
                let line = (text.line_at)(command.offset);
                self.not_followed(text.path, line, text.text, "the job has too many commands");
                break;
            }
            shell.directories.retain(|(depth, _)| *depth <= command.depth);
            self.note_exports(command);
            let here = Here {
                text,
                line: (text.line_at)(command.offset),
                ignored: text.ignored.or_else(|| ignored(&commands, at, &shell)),
                conditional: self.conditional || command.conditional,
                variables: &variables,
                shell: &shell,
            };
            match self.changed(command, &here) {
                Some(changed) => shell = changed,
                None => {
                    let around = std::mem::replace(&mut self.conditional, here.conditional);
                    self.add(command, &here);
                    self.conditional = around;
                }
            }
        }
        shell.directories.retain(|(depth, _)| *depth == 0);
        let directory = shell.directory();
        (variables, directory)
    }

    fn add(&mut self, command: &Command, here: &Here<'_>) {
        if command.words.is_empty() {
            return;
        }
        let follows = here.text.depth < MAX_DEPTH;
        if let Some(inner) = command_string(&command.words) {
            if follows && self.may_follow() {
                let line_at = |_| here.line;
                self.run(&here.inner(here.text.path, &inner.text, &line_at), here.variables);
                return;
            }
            self.not_followed(here.text.path, here.line, &inner.text, TOO_DEEP);
        } else if self.script(command, here) {
            return;
        }
        let mut words = command.words.iter();
        let depends = words.any(|word| !word.literal && word.text.contains('$'));
        let rows = if depends && self.expanded < MAX_EXPANDED {
            self.rows
        } else {
            self.rows.get(..1).unwrap_or(self.rows)
        };
        self.expanded += rows.len();
        let of_row = |row| self.scope(row, here.variables).arguments(&command.words);
        let mut arguments: Vec<_> = rows.iter().map(of_row).collect();
        if arguments.array_windows().all(|[one, next]| one == next) {
            arguments.truncate(1);
        }
        self.commands.push(CiCommand {
            path: self.reader.shown(here.text.path),
            line: here.line,
            arguments: arguments.clone(),
            directory: here.shell.directory(),
            redirects: command.redirects.iter().map(|word| word.text.clone()).collect(),
            ignored: here.ignored,
            conditional: here.conditional,
        });
        self.recipes(command, &arguments, here);
    }

    /// Follows the recipes that a call of a task runner runs, in the jobs of the matrix that run them.
    fn recipes(&mut self, command: &Command, arguments: &[Vec<Argument>], here: &Here<'_>) {
        let mut environment = here.variables.clone();
        for (name, value) in &command.assignments {
            let value = Some(value.clone()).filter(|value| !value.text.contains(['$', '`']));
            environment.insert(name.clone(), value);
        }
        let shown = self.reader.shown(here.text.path);
        let distinct: BTreeSet<&Vec<Argument>> = arguments.iter().collect();
        for one in distinct {
            let directory = here.shell.directory();
            let (pieces, not_followed) = recipe::follow(
                one,
                directory.as_deref(),
                &environment,
                self.reader,
                (&shown, here.line),
            );
            self.not_followed.extend(not_followed);
            if pieces.is_empty() {
                continue;
            }
            if here.text.depth >= MAX_DEPTH || !self.may_follow() {
                self.not_followed(here.text.path, here.line, &command.text(), TOO_DEEP);
                continue;
            }
            let from = self.commands.len();
            for piece in pieces {
                let mut variables = environment.clone();
                variables.extend(piece.variables);
                let lines = lines_of(&piece.text);
                let line_at = |offset| piece.line.saturating_add(lines(offset) - 1);
                let inner = Text {
                    directory: piece.directory,
                    ignored: here.ignored.or(piece.ignored),
                    ..here.inner(&piece.path, &piece.text, &line_at)
                };
                self.run(&inner, &variables);
            }
            if arguments.len() > 1 {
                let rows: Vec<bool> = arguments.iter().map(|row| row == one).collect();
                self.only_in(&rows, from);
            }
        }
    }

    /// Says of the commands from here on that they run in these jobs of the matrix and in no other.
    fn only_in(&mut self, rows: &[bool], from: usize) {
        for command in self.commands.iter_mut().skip(from) {
            if self.expanded >= MAX_EXPANDED {
                return;
            }
            self.expanded += rows.len();
            let in_row = |(row, runs): (usize, &bool)| match runs {
                true => command.in_row(row).to_vec(),
                false => Vec::new(),
            };
            command.arguments = rows.iter().enumerate().map(in_row).collect();
        }
    }

    /// Follows a script of the repository. Returns whether it was one.
    fn script(&mut self, command: &Command, here: &Here<'_>) -> bool {
        let Some((path, stops, arguments)) = self.script_path(&command.words, here) else {
            if here
                .shell
                .directory()
                .is_some_and(|directory| directory.contains(UNKNOWN))
                && names_script(command)
            {
                self.note(here.text.path, here.line, &command.text(), UNKNOWN_DIRECTORY);
            }
            return false;
        };
        let Some(script) = self.reader.script(&path) else {
            return false;
        };
        if here.text.depth >= MAX_DEPTH || !self.may_follow() {
            self.note(here.text.path, here.line, &command.text(), TOO_DEEP);
            return true;
        }
        let line_at = lines_of(&script);
        let inner = Text {
            is_posix: is_posix(&path),
            stops,
            ..here.inner(&path, &script, &line_at)
        };
        self.run(&inner, &variables::with_arguments(here.variables, arguments));
        true
    }

    /// What a word says in a job of the matrix, as a path seen from here.
    fn path(&self, word: &Word, row: &Row, here: &Here<'_>) -> Option<String> {
        let text = match path::computed(&word.text, here.text.path) {
            Some(path) => path,
            None => self.scope(row, here.variables).text(&word.text, 0),
        };
        path::join(here.shell.directory().as_deref(), &text)
    }

    /// The script that a command starts, relative to the top, whether its shell is told to stop at failures, and the arguments
    /// of the script.
    fn script_path<'w>(&self, words: &'w [Word], here: &Here<'_>) -> Option<(String, bool, &'w [Word])> {
        let script = |word: &Word, row: &Row| {
            let path = self.path(word, row, here);
            path.filter(|path| self.reader.is_script(path))
        };
        let resolve = |word: &Word| self.agreed(&word.text, |row| script(word, row));
        let (first, behind) = words.split_first()?;
        let name = base_name(&first.text);
        if matches!(
            name,
            "bash" | "sh" | "zsh" | "dash" | "ksh" | "source" | "." | "pwsh" | "powershell"
        ) {
            let mut stops = false;
            let mut is_value = false;
            for (at, word) in behind.iter().enumerate() {
                if std::mem::take(&mut is_value) {
                    continue;
                }
                if word.text.starts_with(['-', '+']) {
                    let short = !word.text.starts_with("--");
                    stops |= short && word.text.starts_with('-') && word.text.contains('e') && name != "pwsh";
                    is_value = short && word.text.ends_with('o');
                    continue;
                }
                return Some((resolve(word)?, stops, &behind[at + 1..]));
            }
            return None;
        }
        let is_path = |word: &&Word| word.text.contains(['/', '\\']) || !here.text.is_posix;
        if is_path(&first) {
            return Some((resolve(first)?, false, behind));
        }
        // Behind `sudo`, `time`, `xvfb-run` and the like.
        if matches!(
            name,
            "sudo" | "time" | "env" | "xvfb-run" | "timeout" | "retry" | "nice" | "exec" | "call"
        ) {
            let mut rest = behind.iter().enumerate().filter(|(_, word)| word.text.contains('/'));
            return rest.find_map(|(at, word)| Some((resolve(word)?, false, &behind[at + 1..])));
        }
        None
    }

    fn scope<'b>(&self, row: &'b Row, variables: &'b Variables) -> Scope<'b> {
        Scope {
            row,
            complete: self.complete,
            variables,
        }
    }

    /// Notes what is written to `$GITHUB_ENV`: from now on it has a value that nobody knows.
    fn note_exports(&mut self, command: &Command) {
        if command
            .redirects
            .iter()
            .any(|target| target.text.contains("GITHUB_ENV"))
            || command.words.iter().any(|word| word.text.contains("GITHUB_ENV"))
        {
            let names = command.words.iter().filter_map(|word| word.text.split_once('='));
            self.exported.extend(names.map(|(name, _)| name.trim().to_owned()));
        }
    }

    /// The shell after `cd`, `pushd`, `popd` and `set`; `None` for any other command.
    fn changed(&self, command: &Command, here: &Here<'_>) -> Option<Shell> {
        let (first, rest) = command.words.split_first()?;
        let mut shell = here.shell.clone();
        let target = || {
            let word = rest
                .iter()
                .find(|word| !word.text.starts_with('-') && word.text != "/d")?;
            self.agreed(&word.text, |row| self.path(word, row, here))
        };
        match first.text.as_str() {
            "cd" | "chdir" | "Set-Location" => shell.change(command.depth, target()),
            "pushd" | "Push-Location" => {
                shell.pushed.push(shell.directory());
                shell.change(command.depth, target());
            }
            "popd" | "Pop-Location" => {
                let back = shell.pushed.pop().flatten();
                shell.change(command.depth, back);
            }
            "set" => {
                for word in rest {
                    let sets = word.text.starts_with('-');
                    if !word.text.starts_with("--") && word.text.starts_with(['-', '+']) && word.text.contains('e') {
                        shell.stops = sets;
                    }
                    shell.pipefail |= word.text == "pipefail";
                }
            }
            _ => return None,
        }
        Some(shell)
    }
}

/// A command of a text and what holds for it.
struct Here<'t> {
    text: &'t Text<'t>,
    line: u32,
    /// Why a failure of it has no consequence.
    ignored: Option<&'static str>,
    conditional: bool,
    variables: &'t Variables,
    shell: &'t Shell,
}

impl<'t> Here<'t> {
    /// A text that the command runs in a shell of its own.
    fn inner<'i>(&self, path: &'i str, text: &'i str, line_at: &'i dyn Fn(usize) -> u32) -> Text<'i> {
        Text {
            path,
            text,
            line_at,
            is_posix: true,
            directory: self.shell.directory(),
            stops: false,
            pipefail: false,
            ignored: self.ignored,
            depth: self.text.depth + 1,
        }
    }
}

impl Shell {
    fn directory(&self) -> Option<String> {
        self.directories.last().and_then(|(_, directory)| directory.clone())
    }

    fn change(&mut self, depth: u32, directory: Option<String>) {
        self.directories
            .retain(|(known, _)| *known < depth || *known == 0 && depth > 0);
        self.directories.push((depth, directory));
    }
}

/// Tells the 1-based line of an offset.
pub(super) fn lines_of(text: &str) -> impl Fn(usize) -> u32 + use<> {
    let starts: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    move |offset| u32::try_from(starts.partition_point(|start| *start <= offset) + 1).unwrap_or(u32::MAX)
}

/// The text behind `sh -c`.
fn command_string(words: &[Word]) -> Option<&Word> {
    let shell = words
        .iter()
        .position(|word| matches!(base_name(&word.text), "bash" | "sh" | "zsh" | "dash"));
    let nix = words.first().is_some_and(|word| word.text == "nix-shell");
    let is_flag = |word: &Word| {
        let text = word.text.as_str();
        nix && text == "--run" || text.starts_with('-') && !text.starts_with("--") && text.ends_with('c')
    };
    let from = if nix { 0 } else { shell? };
    let flag = words.iter().skip(from + 1).position(is_flag)?;
    words.get(from + 1 + flag + 1)
}

/// Whether a command names a script by a path.
fn names_script(command: &Command) -> bool {
    let is_script = |word: &Word| {
        let file = word.text.rsplit(['/', '\\']).next().unwrap_or(&word.text);
        let ends = |end: &str| file.len() > end.len() && file.ends_with(end);
        [".sh", ".bash", ".ps1", ".bat", ".cmd"].into_iter().any(ends)
    };
    command.words.iter().any(is_script)
}

/// Whether a script is written for `sh` or one of its kind.
pub(super) fn is_posix(path: &str) -> bool {
    !matches!(path.rsplit('.').next(), Some("ps1" | "bat" | "cmd"))
}

/// Why the failure of a command has no consequence, as the end of a sentence.
fn ignored(commands: &[Command], at: usize, shell: &Shell) -> Option<&'static str> {
    let (mut last, mut behind) = commands.get(at..)?.split_first()?;
    if last.condition {
        return None;
    }
    let mut piped = false;
    while last.next == Next::Pipe
        && let Some(next) = following(last, behind)
    {
        (last, behind) = next;
        piped = true;
    }
    if piped && !shell.pipefail {
        return Some("its exit code is lost in a pipe");
    }
    let goes_on = |behind: &[Command]| behind.iter().any(|next| !next.words.is_empty());
    match last.next {
        Next::Or => {
            let hidden = following(last, behind).is_some_and(|(next, _)| {
                let words: Vec<&str> = next.words.iter().map(|word| word.text.as_str()).collect();
                matches!(
                    words.as_slice(),
                    ["true" | ":" | "echo" | "printf" | "Write-Host", ..] | ["exit", "0"]
                )
            });
            return hidden.then_some("what follows `||` hides its failure");
        }
        Next::Background => return Some("it runs in the background"),
        Next::And => {
            while last.next == Next::And
                && let Some(next) = following(last, behind)
            {
                (last, behind) = next;
            }
            return goes_on(behind).then_some("`&&` hides its failure from the commands after it");
        }
        _ => {}
    }
    (!shell.stops && goes_on(behind)).then_some("later commands run even if it fails")
}

/// The next command on the level of this one, of those behind it, and what follows it.
fn following<'c>(command: &Command, behind: &'c [Command]) -> Option<(&'c Command, &'c [Command])> {
    let inner = behind.iter().take_while(|next| next.depth > command.depth).count();
    let next = behind.get(inner..)?.split_first()?;
    (next.0.depth == command.depth).then_some(next)
}
