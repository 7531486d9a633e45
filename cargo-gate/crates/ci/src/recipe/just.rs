//! Justfiles: recipes with plain lines, and variables with a fixed text.

use super::{Recipe, Recipes};
use crate::base_name;

pub(super) fn read(text: &str) -> Recipes {
    let mut file = Recipes::default();
    let (mut attributes, mut settings, mut aliases) = (String::new(), None, Vec::new());
    let mut lines = (1_u32..).zip(text.lines()).peekable();
    while let Some((_, line)) = lines.next() {
        let words = line.trim();
        if words.is_empty() || line.starts_with(['#', ' ', '\t']) {
        } else if words.starts_with('[') {
            attributes += words;
        } else if let Some(setting) = words.strip_prefix("set ") {
            settings = settings.or(setting_problem(setting));
        } else if let Some((name, value)) = words.split_once(":=") {
            let mut names = name.split_whitespace().rev();
            let name = names.next().unwrap_or_default().to_owned();
            match literal(value) {
                _ if names.next() == Some("alias") => aliases.push(Recipe {
                    name,
                    before: vec![value.trim().to_owned()],
                    ..Recipe::default()
                }),
                Some(text) => drop(file.variables.insert(name, text)),
                None => drop(file.environment.insert(name, None)),
            }
        } else if let Some(mut recipe) = header(words) {
            while let Some((number, line)) =
                lines.next_if(|(_, line)| line.trim().is_empty() || line.starts_with([' ', '\t']))
            {
                let is_script = recipe.body.first().is_some_and(|(_, text)| text.starts_with("#!"));
                match recipe.body.last_mut() {
                    Some((_, last)) if is_script || last.ends_with('\\') => *last += &format!("\n{}", line.trim()),
                    _ => recipe.body.push((number, line.trim().to_owned())),
                }
            }
            let systems = ["[windows]", "[macos]", "[linux]", "[unix]"].map(|system| attributes.contains(system));
            // What only another system runs says nothing about what runs here.
            let is_other = systems.contains(&true) && !systems[2] && !systems[3];
            let moves = attributes.contains("no-cd") || attributes.contains("working-directory");
            recipe.problem = recipe
                .problem
                .or(settings)
                .or(moves.then_some(MOVES))
                .or(script_problem(&recipe));
            file.all.extend((!is_other).then_some(recipe));
            attributes.clear();
        }
    }
    file.all.append(&mut aliases);
    file
}

const MOVES: &str = "it runs in its own directory";
const LANGUAGE: &str = "it is not written for `sh`";

fn is_posix(program: &str) -> bool {
    matches!(base_name(program), "sh" | "bash" | "zsh" | "dash" | "ksh")
}

fn setting_problem(setting: &str) -> Option<&'static str> {
    let program = setting
        .strip_prefix("shell")
        .and_then(|value| value.split(['"', '\'']).nth(1));
    let moves = setting.starts_with("working-directory").then_some(MOVES);
    moves.or((!program.is_none_or(is_posix)).then_some(LANGUAGE))
}

fn script_problem(recipe: &Recipe) -> Option<&'static str> {
    let (_, text) = recipe.body.first()?;
    let mut program = text.strip_prefix("#!")?.lines().next()?.split_whitespace();
    (!program.any(is_posix)).then_some(LANGUAGE)
}

/// A text in quotes.
fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text.chars().next().filter(|char| matches!(char, '\'' | '"'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains([quote, '\\'])).then(|| inner.to_owned())
}

/// `@name parameter='default' *rest: before && after`
fn header(text: &str) -> Option<Recipe> {
    // A colon in a default is rare, and no recipe of that name would be found.
    let (head, dependencies) = text.split_once(':')?;
    let mut words = head.split_whitespace();
    let name = words.next()?.trim_start_matches('@').to_owned();
    let parameters = words.map(|word| match word.split_once('=') {
        Some((name, default)) => (name.to_owned(), literal(default)),
        None => (word.to_owned(), None),
    });
    let dependencies = dependencies.split('#').next().unwrap_or_default();
    let names = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let (before, after) = dependencies.split_once("&&").unwrap_or((dependencies, ""));
    let hands_on = dependencies.contains('(');
    Some(Recipe {
        name,
        parameters: parameters.collect(),
        before: if hands_on { Vec::new() } else { names(before) },
        after: if hands_on { Vec::new() } else { names(after) },
        problem: hands_on.then_some("it passes arguments to its dependencies"),
        ..Recipe::default()
    })
}
