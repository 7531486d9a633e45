//! The variables that a script sets, before any of its commands runs.

use std::collections::BTreeSet;

use super::expand::{Variables, is_of_service};
use super::path;
use super::shell::{Command, Operator, Parameter, Word};

/// Longest word in which an assigning expansion is looked for.
const MAX_WORD: usize = 4096;

/// Environment and variables of a script, whose `commands` those of `text` are. One that is set twice, or from the output of
/// a command, is unknown.
pub(super) fn of_script(commands: &[Command], environment: Variables, text: &str, path: &str) -> Variables {
    let mut script = Script {
        variables: environment,
        set: BTreeSet::new(),
        path,
    };
    for command in commands {
        for (name, value) in &command.assignments {
            script.assigning(value, Some(name));
            // In front of a command it holds for that alone.
            if command.words.is_empty() {
                script.assign(name, value);
            }
        }
        command.words.iter().for_each(|word| script.assigning(word, None));
    }
    for name in commands.iter().flat_map(changed_by_builtin) {
        script.variables.insert(name, None);
    }
    // Within a function they are its own.
    if text.contains("()") || commands.iter().any(shifts) {
        script.variables.extend(POSITIONS.map(|name| (name.to_owned(), None)));
    }
    script.variables
}

/// Names of the arguments of a script.
const POSITIONS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The variables of a script that is called with these arguments.
pub(super) fn with_arguments(variables: &Variables, arguments: &[Word]) -> Variables {
    let mut variables = variables.clone();
    for (at, name) in POSITIONS.into_iter().enumerate() {
        variables.remove(name);
        let Some(word) = arguments.get(at) else { continue };
        // The script may give another value to a variable of the shell that calls it.
        let is_known = word.literal || !word.text.replace("${{", "").contains(['$', '`']);
        variables.insert(name.to_owned(), is_known.then(|| word.clone()));
    }
    variables
}

struct Script<'a> {
    variables: Variables,
    /// Names that it has set.
    set: BTreeSet<String>,
    path: &'a str,
}

impl Script<'_> {
    fn assign(&mut self, name: &str, value: &Word) {
        // `NAME=${NAME:-word}`
        let own = Parameter::read(&value.text).filter(|own| own.name == name && own.length == value.text.len());
        if let Some(own) = own.filter(|own| is_default(own) && !value.literal && !reads(own.word, name)) {
            return self.assign_default(&own);
        }
        let value = match path::computed(&value.text, self.path) {
            Some(place) => Some(Word::bare(place)),
            None if is_output(&value.text) => None,
            None => Some(value.clone()),
        };
        // A variable that starts empty and is filled later, or that reads itself, has no single value.
        let own = value.as_ref().is_some_and(|value| reads(&value.text, name));
        let single = self.set.insert(name.to_owned()) && !own;
        self.variables.insert(name.to_owned(), value.filter(|_| single));
    }

    /// `${NAME:=word}` anywhere in a word, other than in the value of this name.
    fn assigning(&mut self, word: &Word, name: Option<&String>) {
        if word.literal || word.text.len() > MAX_WORD {
            return;
        }
        let others = Parameter::all(&word.text).filter(|other| name.is_none_or(|name| name != other.name));
        for other in others.filter(|other| other.operator == Operator::Assign) {
            self.assign_default(&other);
        }
    }

    /// Gives a variable its default where it has no value.
    fn assign_default(&mut self, parameter: &Parameter<'_>) {
        let name = parameter.name;
        let default = || (!is_output(parameter.word)).then(|| Word::bare(parameter.unquoted()));
        let value = match self.variables.get(name) {
            None if is_of_service(name) => return,
            None => default(),
            Some(None) => None,
            Some(Some(given)) if parameter.or_empty && given.text.is_empty() => default(),
            // Whether that is empty depends on the job of the matrix.
            Some(Some(given)) if parameter.or_empty && !given.literal && given.text.contains('$') => {
                let (before, given) = (format!("{name}__given"), given.clone());
                let value = Word::bare(format!("${{{before}:-{}}}", parameter.word));
                self.variables.insert(before, Some(given));
                Some(value)
            }
            Some(Some(_)) => return,
        };
        let single = self.set.insert(name.to_owned());
        self.variables.insert(name.to_owned(), value.filter(|_| single));
    }
}

fn is_default(parameter: &Parameter<'_>) -> bool {
    matches!(parameter.operator, Operator::Default | Operator::Assign)
}

/// Whether a text is made of what a command prints.
fn is_output(text: &str) -> bool {
    text.contains("$(") || text.contains('`')
}

fn reads(text: &str, name: &str) -> bool {
    text.contains(&format!("${name}")) || text.contains(&format!("${{{name}"))
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

/// Whether a command changes the arguments of its script.
fn shifts(command: &Command) -> bool {
    let mut words = command.words.iter().map(|word| word.text.as_str());
    match words.next() {
        Some("shift") => true,
        Some("set") => words.any(|word| word == "--"),
        _ => false,
    }
}
