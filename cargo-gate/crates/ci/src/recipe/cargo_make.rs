//! Files of cargo-make: tasks with a plain command or script, and variables with a fixed text.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Recipe, Recipes};
use crate::shell::Word;

/// Keys that change neither what a task runs nor where.
const HARMLESS: &str = "args category clear description install_crate private toolchain workspace";

pub(super) fn read(text: &str) -> Recipes {
    let mut file = Recipes::default();
    let Ok(table) = DeTable::parse(text) else { return file };
    let entries = |key: &str| {
        let table = table.get_ref().get(key).and_then(|value| value.get_ref().as_table());
        table.into_iter().flat_map(DeTable::iter)
    };
    for (name, value) in entries("env") {
        let value = value.get_ref().as_str().filter(|text| !text.contains("@@"));
        file.environment
            .insert(name.get_ref().to_string(), value.map(Word::bare));
    }
    for (name, task) in entries("tasks") {
        let mut recipe = Recipe {
            name: name.get_ref().to_string(),
            ..Recipe::default()
        };
        for (key, value) in task.get_ref().as_table().into_iter().flat_map(DeTable::iter) {
            recipe.key(key.get_ref(), value, task.get_ref(), text);
        }
        file.all.push(recipe);
    }
    file
}

impl Recipe {
    fn key(&mut self, key: &str, value: &Spanned<DeValue<'_>>, task: &DeValue<'_>, text: &str) {
        let line = text.get(..value.span().start).unwrap_or_default().matches('\n').count() + 1;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let texts = texts(value.get_ref());
        match (key, texts) {
            ("dependencies", Some(names)) => self.before = names,
            ("alias" | "run_task", Some(names)) => self.after = names,
            ("command", Some(mut words)) => {
                let at = |key: &str| task.get(key).and_then(|value| self::texts(value.get_ref()));
                words.extend(
                    at("toolchain")
                        .unwrap_or_default()
                        .iter()
                        .map(|name| format!("+{name}")),
                );
                words.extend(at("args").unwrap_or_default().iter().map(|word| quoted(word)));
                self.body.push((line, format!("set -e; {}", words.join(" "))));
            }
            ("script", Some(lines)) => {
                // The text of a multi-line string begins on the line after its quotes.
                let skips = text
                    .get(value.span())
                    .is_some_and(|text| text[3.min(text.len())..].starts_with('\n'));
                self.body
                    .push((line + u32::from(skips), format!("set -e; {}", lines.join("\n"))));
            }
            (key, _) if HARMLESS.split_whitespace().any(|harmless| harmless == key) => {}
            _ => self.problem = Some("its task has keys that change how it runs"),
        }
    }
}

/// A text or a list of texts; `None` for anything else.
fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(all) => all.iter().map(|one| Some(one.get_ref().as_str()?.to_owned())).collect(),
        _ => None,
    }
}

/// An argument as a word of the shell.
fn quoted(argument: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_=./:,@+${}".contains(char);
    match argument {
        // `@@split(NAME, )` and the other functions make any number of words.
        _ if argument.starts_with("@@") => "${arguments}".to_owned(),
        _ if argument.chars().all(plain) => argument.to_owned(),
        _ => format!("'{}'", argument.replace('\'', "'\\''")),
    }
}
