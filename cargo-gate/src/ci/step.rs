//! Shell text of a job to commands: variables, directories and scripts followed.

use super::cargo_call::base_name;
use super::expand::{Argument, Scope, Variables};
use super::matrix::Row;
use super::model::CiCommand;
use super::place;
use super::recipe;
use super::shell::{self, Command, Dialect, Next, Word};
use super::tree::Reader;

/// How deep scripts and `sh -c` are followed.
const MAX_DEPTH: u32 = 6;
/// Most commands of a job.
const MAX_COMMANDS: usize = 20_000;
/// Most scripts, actions and `sh -c` that a job leads to.
const MAX_FOLLOWED: u32 = 500;
/// Most command lines that the matrix of a job makes of its commands. From there on its first row speaks for all.
const MAX_EXPANDED: usize = 100_000;

/// A text that a shell reads.
pub(super) struct Text<'a> {
    /// File in which it is written, relative to the top of the repository.
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    /// Line of an offset.
    pub(super) line_at: &'a dyn Fn(usize) -> u32,
    pub(super) dialect: Dialect,
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
    pub(super) closed: bool,
    pub(super) commands: Vec<CiCommand>,
    /// Variables that an earlier step handed to later ones.
    pub(super) handed_on: Vec<String>,
    /// Scripts, actions and `sh -c` so far.
    followed: u32,
    /// Command lines so far.
    expanded: usize,
}

/// What changes from command to command.
struct Shell {
    stops: bool,
    pipefail: bool,
    /// Directories by depth of brackets.
    directories: Vec<(u32, Option<String>)>,
    pushed: Vec<Option<String>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(reader: &'a Reader<'a>, rows: &'a [Row], closed: bool) -> Self {
        Self {
            reader,
            rows,
            closed,
            commands: Vec::new(),
            handed_on: Vec::new(),
            followed: 0,
            expanded: 0,
        }
    }

    /// Whether one more script may be followed: what calls itself, or what calls many that call many, ends here.
    pub(super) fn may_follow(&mut self) -> bool {
        self.followed += 1;
        self.followed <= MAX_FOLLOWED
    }

    /// Takes a text apart.
    pub(super) fn run(&mut self, text: &Text<'_>, environment: &Variables) {
        let commands = shell::split(text.text, text.dialect);
        let variables = self.variables(&commands, environment, text);
        let mut shell = Shell {
            stops: text.stops,
            pipefail: text.pipefail,
            directories: vec![(0, text.directory.clone())],
            pushed: Vec::new(),
        };
        for (at, command) in commands.iter().enumerate() {
            if self.commands.len() >= MAX_COMMANDS {
                return;
            }
            shell.directories.retain(|(depth, _)| *depth <= command.depth);
            self.hand_on(command);
            let ignored = text.ignored.or_else(|| ignored(&commands, at, &shell));
            if self.set_state(command, &variables, &mut shell, text.path) {
                continue;
            }
            let line = (text.line_at)(command.offset);
            self.add(command, line, ignored, &variables, &shell, text);
        }
    }

    fn add(
        &mut self,
        command: &Command,
        line: u32,
        ignored: Option<&'static str>,
        variables: &Variables,
        shell: &Shell,
        text: &Text<'_>,
    ) {
        if command.words.is_empty() {
            return;
        }
        if let Some(inner) = command_string(&command.words)
            && text.depth < MAX_DEPTH
            && self.may_follow()
        {
            let inner = Text {
                path: text.path,
                text: &inner.text,
                line_at: &|_| line,
                dialect: Dialect::Posix,
                directory: shell.directory(),
                stops: false,
                pipefail: false,
                ignored,
                depth: text.depth + 1,
            };
            self.run(&inner, variables);
            return;
        }
        if text.depth < MAX_DEPTH && self.script(command, ignored, variables, shell, text) {
            return;
        }
        let depends = command
            .words
            .iter()
            .any(|word| !word.literal && word.text.contains('$'));
        let rows = if depends && self.expanded < MAX_EXPANDED {
            self.rows
        } else {
            self.rows.get(..1).unwrap_or(self.rows)
        };
        self.expanded += rows.len();
        let mut arguments: Vec<_> = rows
            .iter()
            .map(|row| self.scope(row, variables).arguments(&command.words))
            .collect();
        if arguments.array_windows().all(|[one, next]| one == next) {
            arguments.truncate(1);
        }
        self.commands.push(CiCommand {
            path: self.reader.shown(text.path),
            line,
            arguments: arguments.clone(),
            directory: shell.directory(),
            redirects: command.redirects.iter().map(|word| word.text.clone()).collect(),
            ignored,
        });
        if text.depth < MAX_DEPTH {
            self.recipes(command, &arguments, ignored, variables, shell, text);
        }
    }

    /// Follows the recipes that a call of a task runner runs, in the jobs of the matrix that run them.
    fn recipes(
        &mut self,
        command: &Command,
        arguments: &[Vec<Argument>],
        ignored: Option<&'static str>,
        variables: &Variables,
        shell: &Shell,
        text: &Text<'_>,
    ) {
        let mut environment = variables.clone();
        for (name, value) in &command.assignments {
            let value = Some(value.clone()).filter(|value| !value.text.contains(['$', '`']));
            environment.insert(name.clone(), value);
        }
        let mut distinct: Vec<&Vec<Argument>> = arguments.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        for one in distinct {
            let pieces = recipe::pieces(one, shell.directory().as_deref(), &environment, self.reader);
            if pieces.is_empty() || !self.may_follow() {
                continue;
            }
            let from = self.commands.len();
            for piece in pieces {
                let mut variables = environment.clone();
                variables.extend(piece.variables);
                let lines = &piece.text;
                let inner = Text {
                    path: &piece.path,
                    text: lines,
                    line_at: &|offset| {
                        let behind = lines.as_bytes()[..offset.min(lines.len())].iter();
                        let behind = behind.filter(|byte| **byte == b'\n').count();
                        piece.line.saturating_add(u32::try_from(behind).unwrap_or(u32::MAX))
                    },
                    dialect: piece.dialect,
                    directory: piece.directory,
                    stops: piece.stops,
                    pipefail: false,
                    ignored: ignored.or(piece.ignored),
                    depth: text.depth + 1,
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
    fn script(
        &mut self,
        command: &Command,
        ignored: Option<&'static str>,
        variables: &Variables,
        shell: &Shell,
        text: &Text<'_>,
    ) -> bool {
        let Some((path, stops)) = self.script_path(&command.words, variables, shell, text) else {
            return false;
        };
        if !self.may_follow() {
            return true;
        }
        let Some(script) = self.reader.script(&path) else {
            return false;
        };
        let starts: Vec<usize> = std::iter::once(0)
            .chain(script.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let shebang = script
            .lines()
            .next()
            .filter(|line| line.starts_with("#!"))
            .unwrap_or_default();
        let inner = Text {
            path: &path,
            text: &script,
            line_at: &|offset| u32::try_from(starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX),
            dialect: dialect_of(&path),
            directory: shell.directory(),
            stops: stops || shebang.contains(" -e"),
            pipefail: false,
            ignored,
            depth: text.depth + 1,
        };
        self.run(&inner, variables);
        true
    }

    /// The script that a command starts, relative to the top, and whether its shell is told to stop at failures.
    fn script_path(
        &self,
        words: &[Word],
        variables: &Variables,
        shell: &Shell,
        text: &Text<'_>,
    ) -> Option<(String, bool)> {
        let resolve = |word: &Word| {
            let place = match place::computed(&word.text, text.path) {
                Some(place) => place,
                None => self.scope(self.rows.first()?, variables).text(&word.text, 0),
            };
            let path = place::join(shell.directory().as_deref(), &place)?;
            self.reader.is_script(&path).then_some(path)
        };
        let (first, behind) = words.split_first()?;
        let name = base_name(&first.text);
        if matches!(
            name,
            "bash" | "sh" | "zsh" | "dash" | "ksh" | "source" | "." | "pwsh" | "powershell"
        ) {
            let mut stops = false;
            let mut is_value = false;
            for word in behind {
                if std::mem::take(&mut is_value) {
                    continue;
                }
                if word.text.starts_with(['-', '+']) {
                    let short = !word.text.starts_with("--");
                    stops |= short && word.text.starts_with('-') && word.text.contains('e') && name != "pwsh";
                    is_value = short && word.text.ends_with('o');
                    continue;
                }
                return resolve(word).map(|path| (path, stops));
            }
            return None;
        }
        let is_path = |word: &&Word| word.text.contains(['/', '\\']) || text.dialect == Dialect::Cmd;
        if is_path(&first) {
            return resolve(first).map(|path| (path, false));
        }
        // Behind `sudo`, `time`, `xvfb-run` and the like.
        if matches!(
            name,
            "sudo" | "time" | "env" | "xvfb-run" | "timeout" | "retry" | "nice" | "exec" | "call"
        ) {
            let mut rest = behind.iter().filter(|word| word.text.contains('/'));
            return rest.find_map(resolve).map(|path| (path, false));
        }
        None
    }

    fn scope<'b>(&self, row: &'b Row, variables: &'b Variables) -> Scope<'b> {
        Scope {
            row,
            closed: self.closed,
            variables,
        }
    }

    /// Environment and variables of the script. One that is set twice, or from the output of a command, is unknown.
    fn variables(&self, commands: &[Command], environment: &Variables, text: &Text<'_>) -> Variables {
        let mut variables = environment.clone();
        for name in &self.handed_on {
            variables.insert(name.clone(), None);
        }
        let mut set = std::collections::BTreeSet::new();
        for (name, value) in commands
            .iter()
            .filter(|command| command.words.is_empty())
            .flat_map(|c| &c.assignments)
        {
            let value = match place::computed(&value.text, text.path) {
                Some(place) => Some(Word::bare(place)),
                None if value.text.contains("$(") || value.text.contains('`') => None,
                None => Some(value.clone()),
            };
            // A variable that starts empty and is filled later, or that reads itself, has no single value.
            let own = value.as_ref().is_some_and(|value| {
                value.text.contains(&format!("${name}")) || value.text.contains(&format!("${{{name}"))
            });
            let single = set.insert(name.clone()) && !own;
            variables.insert(name.clone(), value.filter(|_| single));
        }
        for name in commands.iter().flat_map(changed_by_builtin) {
            variables.insert(name, None);
        }
        variables
    }

    /// Notes what is written to `$GITHUB_ENV`: from now on it has a value that nobody knows.
    fn hand_on(&mut self, command: &Command) {
        if command
            .redirects
            .iter()
            .any(|target| target.text.contains("GITHUB_ENV"))
            || command.words.iter().any(|word| word.text.contains("GITHUB_ENV"))
        {
            let names = command.words.iter().filter_map(|word| word.text.split_once('='));
            self.handed_on.extend(names.map(|(name, _)| name.trim().to_owned()));
        }
    }

    /// Carries out `cd`, `pushd`, `popd` and `set`. Returns whether the command was one of them.
    fn set_state(&self, command: &Command, variables: &Variables, shell: &mut Shell, path: &str) -> bool {
        let Some(first) = command.words.first() else {
            return false;
        };
        let target = || {
            let word = command
                .words
                .iter()
                .skip(1)
                .find(|word| !word.text.starts_with('-') && word.text != "/d")?;
            if let Some(place) = place::computed(&word.text, path) {
                return place::join(None, &place);
            }
            let text = self.scope(self.rows.first()?, variables).text(&word.text, 0);
            place::join(shell.directory().as_deref(), &text)
        };
        match first.text.as_str() {
            "cd" | "chdir" | "Set-Location" => {
                let target = target();
                shell.change(command.depth, target);
            }
            "pushd" | "Push-Location" => {
                let target = target();
                shell.pushed.push(shell.directory());
                shell.change(command.depth, target);
            }
            "popd" | "Pop-Location" => {
                let back = shell.pushed.pop().flatten();
                shell.change(command.depth, back);
            }
            "set" => {
                for word in command.words.iter().skip(1) {
                    let sets = word.text.starts_with('-');
                    if !word.text.starts_with("--") && word.text.starts_with(['-', '+']) && word.text.contains('e') {
                        shell.stops = sets;
                    }
                    shell.pipefail |= word.text == "pipefail";
                }
            }
            _ => return false,
        }
        true
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

fn changed_by_builtin(command: &Command) -> Vec<String> {
    let name = command.words.first().map(|word| word.text.as_str()).unwrap_or_default();
    let all = command.words.iter().skip(1).map(|word| word.text.clone());
    match name {
        "read" | "unset" | "mapfile" | "readarray" => all.filter(|word| !word.starts_with('-')).collect(),
        "for" => all.take(1).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn dialect_of(path: &str) -> Dialect {
    match path.rsplit('.').next() {
        Some("ps1") => Dialect::PowerShell,
        Some("bat" | "cmd") => Dialect::Cmd,
        _ => Dialect::Posix,
    }
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
    (!shell.stops && goes_on(behind)).then_some("the commands after it run all the same")
}

/// The next command on the level of this one, of those behind it, and what follows it.
fn following<'c>(command: &Command, behind: &'c [Command]) -> Option<(&'c Command, &'c [Command])> {
    let inner = behind.iter().take_while(|next| next.depth > command.depth).count();
    let next = behind.get(inner..)?.split_first()?;
    (next.0.depth == command.depth).then_some(next)
}
