//! The text of a justfile: settings, variables and recipes.

use std::collections::BTreeMap;

/// A value; `None` is one that only the run knows.
pub(super) type Value = Option<String>;

/// What a justfile and those that it imports declare.
#[derive(Debug, Default)]
pub(super) struct Justfile {
    /// Expressions by name.
    pub(super) variables: BTreeMap<String, String>,
    /// Names of variables that recipes see in their environment.
    pub(super) exported: Vec<String>,
    pub(super) aliases: BTreeMap<String, String>,
    pub(super) recipes: Vec<Recipe>,
    /// Paths of files to import, relative to this one.
    pub(super) imports: Vec<String>,
    /// Program of `set shell`.
    pub(super) shell: Option<String>,
    /// `set working-directory`
    pub(super) directory: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Recipe {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) dependencies: Vec<Dependency>,
    /// Lines with their numbers, without the indentation.
    pub(super) body: Vec<(u32, String)>,
    pub(super) is_default: bool,
    /// `[no-cd]`
    pub(super) stays: bool,
    /// `[working-directory: 'below']`
    pub(super) directory: Option<String>,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// An expression.
    pub(super) default: Option<String>,
    pub(super) variadic: bool,
}

#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Expressions.
    pub(super) arguments: Vec<String>,
    /// Whether it runs after the recipe.
    pub(super) behind: bool,
}

/// What attributes say of the recipe behind them.
#[derive(Debug, Default)]
struct Attributes {
    is_default: bool,
    stays: bool,
    directory: Option<String>,
    /// Systems; none means all.
    systems: Vec<String>,
}

impl Justfile {
    /// Adds the contents of a file.
    pub(super) fn read(&mut self, path: &str, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let mut attributes = Attributes::default();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let number = at + 1;
            at += 1;
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') || line.starts_with([' ', '\t']) {
                continue;
            }
            if let Some(inner) = trimmed.strip_prefix('[') {
                attributes.read(inner.trim_end_matches(']'));
                continue;
            }
            // An expression that goes on in the next lines.
            let mut statement = (*line).to_owned();
            while (open_brackets(&statement) > 0 || statement.ends_with('\\'))
                && at - number < 200
                && let Some(next) = lines.get(at)
            {
                if statement.ends_with('\\') {
                    statement.pop();
                }
                statement.push(' ');
                statement += next.trim();
                at += 1;
            }
            if self.statement(&statement) {
                attributes = Attributes::default();
                continue;
            }
            let header = statement;
            let body = body(&lines, &mut at);
            let own = std::mem::take(&mut attributes);
            // What only other systems run says nothing about what runs here, wherever that is.
            if let Some(mut recipe) = header_of(&header).filter(|_| own.runs_on_unix()) {
                path.clone_into(&mut recipe.path);
                recipe.body = body;
                recipe.is_default = own.is_default;
                recipe.stays = own.stays;
                recipe.directory = own.directory;
                self.recipes.push(recipe);
            }
        }
    }

    /// Takes settings, variables, aliases and imports. Returns whether it was one of them.
    fn statement(&mut self, text: &str) -> bool {
        let (first, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let rest = rest.trim();
        match first {
            "import" | "import?" => {
                self.imports.extend(quoted(rest));
                return true;
            }
            "mod" | "mod?" | "unexport" if !rest.starts_with(':') => return true,
            "alias" => {
                if let Some((name, target)) = rest.split_once(":=") {
                    self.aliases.insert(name.trim().to_owned(), target.trim().to_owned());
                    return true;
                }
            }
            "set" if !rest.starts_with(':') => {
                let (name, value) = rest.split_once(":=").unwrap_or((rest, ""));
                match name.trim() {
                    "shell" => self.shell = quoted(value),
                    "working-directory" => self.directory = quoted(value),
                    _ => {}
                }
                return true;
            }
            _ => {}
        }
        let Some((name, value)) = text.split_once(":=") else {
            return false;
        };
        let mut words = name.split_whitespace().rev();
        let (Some(name), before) = (words.next(), words.next()) else {
            return false;
        };
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !is_name || !matches!(before, None | Some("export" | "eager")) {
            return false;
        }
        if before == Some("export") {
            self.exported.push(name.to_owned());
        }
        self.variables
            .insert(name.to_owned(), without_comment(value).trim().to_owned());
        true
    }
}

/// The indented lines behind a header.
fn body(lines: &[&str], at: &mut usize) -> Vec<(u32, String)> {
    let mut body: Vec<(u32, String)> = Vec::new();
    let mut indent = "";
    let mut continues = false;
    while let Some(line) = lines.get(*at) {
        let is_blank = line.trim().is_empty();
        if !is_blank && !line.starts_with([' ', '\t']) {
            break;
        }
        *at += 1;
        let number = u32::try_from(*at).unwrap_or(u32::MAX);
        if indent.is_empty() {
            indent = line.strip_suffix(line.trim_start()).unwrap_or_default();
        }
        let text = if is_blank {
            ""
        } else {
            line.strip_prefix(indent).unwrap_or(line.trim_start())
        };
        match body.last_mut() {
            Some((_, last)) if std::mem::replace(&mut continues, text.ends_with('\\')) => {
                last.push('\n');
                *last += text;
            }
            _ => {
                continues = text.ends_with('\\');
                body.push((number, text.to_owned()));
            }
        }
    }
    while body.last().is_some_and(|(_, text)| text.is_empty()) {
        body.pop();
    }
    body
}

impl Attributes {
    fn read(&mut self, text: &str) {
        for one in text.split(',').map(str::trim) {
            match one {
                "default" => self.is_default = true,
                "no-cd" => self.stays = true,
                "unix" | "linux" | "macos" | "windows" | "openbsd" | "freebsd" | "netbsd" | "dragonfly" => {
                    self.systems.push(one.to_owned());
                }
                _ => {
                    if let Some(value) = one.strip_prefix("working-directory") {
                        self.directory = quoted(value);
                    }
                }
            }
        }
    }

    fn runs_on_unix(&self) -> bool {
        self.systems.is_empty()
            || self
                .systems
                .iter()
                .any(|system| matches!(system.as_str(), "unix" | "linux"))
    }
}

/// The first quoted text.
fn quoted(text: &str) -> Option<String> {
    let (_, rest) = text.split_at_checked(text.find(['\'', '"'])?)?;
    let mut rest = rest.chars();
    let quote = rest.next()?;
    let (inner, _) = rest.as_str().split_once(quote)?;
    Some(inner.to_owned())
}

fn open_brackets(text: &str) -> i32 {
    let mut quote = None;
    let mut open = 0;
    for char in text.chars() {
        match quote {
            Some(end) => {
                if char == end {
                    quote = None;
                }
            }
            None => match char {
                '\'' | '"' | '`' => quote = Some(char),
                '#' => break,
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' => open -= 1,
                _ => {}
            },
        }
    }
    open
}

fn without_comment(text: &str) -> &str {
    let mut quote = None;
    for (at, char) in text.char_indices() {
        match quote {
            Some(end) if char == end => quote = None,
            Some(_) => {}
            None if matches!(char, '\'' | '"' | '`') => quote = Some(char),
            None if char == '#' => return text.get(..at).unwrap_or(text),
            None => {}
        }
    }
    text
}

/// `@name parameter='default' *rest: before (other 'argument') && behind`
fn header_of(text: &str) -> Option<Recipe> {
    let text = without_comment(text);
    let words = words_of(text);
    let mut parts = words.splitn(2, |word| word == ":");
    let (Some(head), Some(behind_colon)) = (parts.next(), parts.next()) else {
        return None;
    };
    let (first, parameters) = head.split_first()?;
    let name = first.trim_start_matches('@');
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    if !is_name(name) {
        return None;
    }
    let parameters = parameters.iter().map(|word| {
        let variadic = word.starts_with(['*', '+']);
        let word = word.trim_start_matches(['*', '+', '$']);
        let (name, default) = match word.split_once('=') {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (word, None),
        };
        Parameter {
            name: name.to_owned(),
            default,
            variadic,
        }
    });
    let mut behind = false;
    let mut dependencies = Vec::new();
    for word in behind_colon {
        if word == "&&" {
            behind = true;
            continue;
        }
        let inner = word.strip_prefix('(').map(|inner| inner.trim_end_matches(')'));
        let mut words = words_of(inner.unwrap_or(word)).into_iter();
        if let Some(name) = words.next() {
            dependencies.push(Dependency {
                name,
                arguments: words.collect(),
                behind,
            });
        }
    }
    Some(Recipe {
        name: name.to_owned(),
        parameters: parameters.collect(),
        dependencies,
        ..Recipe::default()
    })
}

/// Words of a header: split at blanks and at the colon, quotes and brackets kept together.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quote, mut depth) = (None, 0_usize);
    for char in text.chars() {
        match quote {
            Some(end) => {
                if char == end {
                    quote = None;
                }
                word.push(char);
                continue;
            }
            None if matches!(char, '\'' | '"' | '`') => quote = Some(char),
            None if char == '(' => depth += 1,
            None if char == ')' => depth = depth.saturating_sub(1),
            None if depth == 0 && (char.is_whitespace() || char == ':') => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if char == ':' {
                    words.push(":".into());
                }
                continue;
            }
            None => {}
        }
        word.push(char);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
