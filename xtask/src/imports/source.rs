//! The modules of a crate: what each defines, brings into scope and mentions, by tokens. Macro calls count as code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::Result;

/// One module of a crate.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Names from the root of the crate.
    pub(super) path: Vec<String>,
    /// Its file, relative to the workspace.
    pub(super) file: String,
    /// Index of the module around it.
    pub(super) parent: Option<usize>,
    /// Modules in it, by name.
    pub(super) children: BTreeMap<String, usize>,
    /// What it defines, modules apart.
    pub(super) items: BTreeSet<String>,
    /// Which of them are macros, in scope in the modules below as well.
    pub(super) macros: BTreeSet<String>,
    /// What it brings into scope.
    pub(super) uses: Vec<Use>,
    /// Paths in its code, with the first line of each.
    pub(super) mentions: BTreeMap<Vec<String>, usize>,
}

/// One name of a `use`.
#[derive(Debug)]
pub(super) struct Use {
    /// Where it comes from.
    pub(super) path: Vec<String>,
    /// What it is called here; `*` for everything that the path holds.
    pub(super) name: String,
    /// Whether other modules see it.
    pub(super) passed_on: bool,
    /// Where it is written.
    pub(super) line: usize,
}

/// The modules of the crate whose root file this is, the root first.
pub(super) fn read(root: &Path, file: &Path) -> Result<Vec<Module>> {
    let mut reader = Reader {
        root,
        modules: Vec::new(),
    };
    let directory = file.parent().unwrap_or(file);
    reader.file(file, directory, None)?;
    Ok(reader.modules)
}

/// A path below the workspace, `/`-separated.
pub(super) fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

struct Reader<'a> {
    root: &'a Path,
    modules: Vec<Module>,
}

impl Reader<'_> {
    /// Reads a file whose child modules lie in `directory`.
    fn file(&mut self, file: &Path, directory: &Path, within: Option<(usize, String)>) -> Result {
        let name = relative(self.root, file);
        let text = fs::read_to_string(file).map_err(|error| format!("cannot read `{name}`: {error}"))?;
        let tokens = TokenStream::from_str(&text).map_err(|error| format!("cannot read `{name}`: {error}"))?;
        let module = self.module(name, within);
        self.items(module, tokens, file, directory)
    }

    fn module(&mut self, file: String, within: Option<(usize, String)>) -> usize {
        let mut module = Module {
            file,
            ..Module::default()
        };
        let index = self.modules.len();
        if let Some((parent, name)) = within {
            module.path.clone_from(&self.modules[parent].path);
            module.path.push(name.clone());
            module.parent = Some(parent);
            self.modules[parent].children.insert(name, index);
        }
        self.modules.push(module);
        index
    }

    /// Reads the items of a module one by one.
    fn items(&mut self, module: usize, tokens: TokenStream, file: &Path, directory: &Path) -> Result {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            let start = at;
            let mut attributes = Vec::new();
            while let Some((attribute, next)) = attribute(&tokens, at) {
                attributes.push(attribute);
                at = next;
            }
            let end = end_of_item(&tokens, at);
            let item = &tokens[at..end];
            at = end;
            if attributes.iter().any(|attribute| is_for_tests(attribute)) {
                continue;
            }
            let passed_on = ident(item.first()).is_some_and(|word| word == "pub");
            let item = &item[visibility(item)..];
            match (ident(item.first()).as_deref(), ident(item.get(1)), item.get(2)) {
                (Some("mod"), Some(name), Some(TokenTree::Group(body))) => {
                    let within = Some((module, name.clone()));
                    let inner = self.module(self.modules[module].file.clone(), within);
                    self.items(inner, body.stream(), file, &directory.join(name))?;
                }
                (Some("mod"), Some(name), _) => {
                    let (file, directory) = file_of(&name, &attributes, file, directory);
                    self.file(&file, &directory, Some((module, name)))?;
                }
                _ => {
                    let into = &mut self.modules[module];
                    let name = defined(item);
                    if ident(item.first()).is_some_and(|word| word == "macro_rules") {
                        into.macros.extend(name.clone());
                    }
                    into.items.extend(name);
                    if ident(item.first()).is_some_and(|word| word == "use") {
                        into.use_of(&item[1..], passed_on);
                    } else if let Some((TokenTree::Group(body), head)) = variants(item) {
                        into.mentioned(&tokens[start..end - item.len()]);
                        into.mentioned(head);
                        for variant in parts(body).split(|token| is_punct(Some(token), ',')) {
                            into.mentioned(without_name(variant));
                        }
                    } else {
                        into.mentioned(&tokens[start..end]);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Module {
    /// Adds the names of a `use`, whose tokens follow the word.
    fn use_of(&mut self, tokens: &[TokenTree], passed_on: bool) {
        let line = tokens.first().map_or(0, |token| token.span().start().line);
        let mut names = Vec::new();
        tree(tokens, &[], &mut names);
        self.uses.extend(names.into_iter().map(|(path, name)| Use {
            path,
            name,
            passed_on,
            line,
        }));
    }

    /// Adds the paths in some tokens, those in strings of attributes as well.
    fn mentioned(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            if let Some((attribute, next)) = attribute(tokens, at) {
                at = next;
                if is_for_tests(&attribute) {
                    at = end_of_part(tokens, at);
                } else if ident(attribute.first()).is_none_or(|name| name != "doc") {
                    self.strings(&attribute);
                    self.mentioned(&attribute);
                }
                continue;
            }
            match &tokens[at] {
                TokenTree::Group(group) => self.mentioned(&parts(group)),
                TokenTree::Ident(word) if word == "pub" => {
                    at += visibility(&tokens[at..]);
                    continue;
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    let end = end_of_item(tokens, at);
                    self.use_of(&tokens[at + 1..end], false);
                    at = end;
                    continue;
                }
                TokenTree::Ident(_) => {
                    let (path, next) = path(tokens, at);
                    if !is_local(&path, &tokens[..at], &tokens[next..]) {
                        self.mentions.entry(path).or_insert(tokens[at].span().start().line);
                    }
                    at = next;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Adds the paths that stand in strings: `#[serde(with = "crate::text")]`.
    fn strings(&mut self, tokens: &[TokenTree]) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.strings(&parts(group)),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let text = text.trim_matches('"');
                    if text.contains("::")
                        && let Ok(tokens) = TokenStream::from_str(text)
                    {
                        let tokens: Vec<_> = tokens.into_iter().collect();
                        let line = token.span().start().line;
                        self.mentions.entry(path(&tokens, 0).0).or_insert(line);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The body of an enumeration, and what stands before it.
fn variants(item: &[TokenTree]) -> Option<(&TokenTree, &[TokenTree])> {
    let (body, head) = item.split_last()?;
    ident(head.first())
        .is_some_and(|word| word == "enum")
        .then_some((body, head))
}

/// A variant without the name that it defines.
fn without_name(variant: &[TokenTree]) -> &[TokenTree] {
    let mut at = 0;
    while let Some((_, next)) = attribute(variant, at) {
        at = next;
    }
    variant.get(at + 1..).unwrap_or_default()
}

/// Whether a path between these is a field, a method, a variable, the name of a function, or the end of another path.
fn is_local(path: &[String], before: &[TokenTree], after: &[TokenTree]) -> bool {
    let colons = after.iter().take_while(|token| is_punct(Some(token), ':')).count();
    let ends_path = matches!(before, [.., a, b] if is_punct(Some(a), ':') && is_punct(Some(b), ':'));
    let last = before.last();
    let is_called = match after.first() {
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
        token => is_punct(token, '!') || colons > 1,
    };
    let is_variable = matches!(path, [name] if name.starts_with(char::is_lowercase)) && !is_called;
    ends_path || is_variable || colons == 1 || is_punct(last, '.') || ident(last).is_some_and(|word| word == "fn")
}

/// The file of `mod name;`, and the directory of its children.
fn file_of(name: &str, attributes: &[Vec<TokenTree>], file: &Path, directory: &Path) -> (PathBuf, PathBuf) {
    let path = attributes
        .iter()
        .find(|attribute| ident(attribute.first()).is_some_and(|name| name == "path"));
    if let Some(TokenTree::Literal(path)) = path.and_then(|attribute| attribute.get(2)) {
        let path = file.with_file_name(path.to_string().trim_matches('"'));
        let directory = path.parent().unwrap_or(directory).to_path_buf();
        return (path, directory);
    }
    let inner = directory.join(name);
    let flat = directory.join(format!("{name}.rs"));
    if flat.is_file() {
        (flat, inner)
    } else {
        (inner.join("mod.rs"), inner)
    }
}

/// Tokens of an attribute that begins here, and where it ends.
fn attribute(tokens: &[TokenTree], at: usize) -> Option<(Vec<TokenTree>, usize)> {
    if !is_punct(tokens.get(at), '#') {
        return None;
    }
    let at = at + 1 + usize::from(is_punct(tokens.get(at + 1), '!'));
    match tokens.get(at) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => Some((parts(group), at + 1)),
        _ => None,
    }
}

/// Whether what follows is compiled for tests only.
fn is_for_tests(attribute: &[TokenTree]) -> bool {
    match (ident(attribute.first()).as_deref(), attribute.get(1)) {
        (Some("test"), None) => true,
        (Some("cfg"), Some(TokenTree::Group(predicate))) => !may_hold(&parts(predicate)),
        _ => false,
    }
}

/// Whether a predicate of `cfg` can hold where `test` does not.
fn may_hold(predicate: &[TokenTree]) -> bool {
    let inner = |group: &Group| -> Vec<bool> {
        let parts = parts(group);
        parts
            .split(|token| is_punct(Some(token), ','))
            .filter(|part| !part.is_empty())
            .map(may_hold)
            .collect()
    };
    match (ident(predicate.first()).as_deref(), predicate.get(1)) {
        (Some("test"), None) => false,
        (Some("all"), Some(TokenTree::Group(group))) => inner(group).into_iter().all(|holds| holds),
        (Some("any"), Some(TokenTree::Group(group))) => inner(group).into_iter().any(|holds| holds),
        _ => true,
    }
}

/// Where the item that begins here ends.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let mut start = at + visibility(&tokens[at..]);
    let word = ident(tokens.get(start));
    let by_semicolon = match word.as_deref() {
        Some("use" | "static" | "type") => true,
        Some("const") => !matches!(
            ident(tokens.get(start + 1)).as_deref(),
            Some("fn" | "unsafe" | "async" | "extern")
        ),
        Some("extern") => ident(tokens.get(start + 1)).is_some_and(|word| word == "crate"),
        _ => false,
    };
    while start < tokens.len() {
        let is_body = matches!(&tokens[start], TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        start += 1;
        if is_punct(tokens.get(start - 1), ';') || is_body && !by_semicolon {
            break;
        }
    }
    start
}

/// Where a statement, a field or a method that begins here ends.
fn end_of_part(tokens: &[TokenTree], mut at: usize) -> usize {
    while let Some((_, next)) = attribute(tokens, at) {
        at = next;
    }
    let word = ident(tokens.get(at + visibility(&tokens[at..])));
    if matches!(
        word.as_deref(),
        Some("fn" | "const" | "unsafe" | "async" | "impl" | "use" | "mod" | "struct")
    ) {
        return end_of_item(tokens, at);
    }
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ',') || is_punct(Some(token), ';'),
    };
    tokens[at..]
        .iter()
        .position(ends)
        .map_or(tokens.len(), |end| at + end + 1)
}

/// How many tokens `pub`, `pub(crate)` and the like take.
fn visibility(tokens: &[TokenTree]) -> usize {
    if ident(tokens.first()).is_none_or(|word| word != "pub") {
        return 0;
    }
    match tokens.get(1) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => 2,
        _ => 1,
    }
}

/// The name that an item defines, without a module or a `use`.
fn defined(item: &[TokenTree]) -> Option<String> {
    let mut words = item.iter().enumerate();
    let (at, word) = words.find_map(|(at, token)| match ident(Some(token))?.as_str() {
        word @ ("fn" | "struct" | "enum" | "union" | "trait" | "type" | "macro_rules") => Some((at, word.to_owned())),
        word @ ("const" | "static")
            if !matches!(ident(item.get(at + 1)).as_deref(), Some("fn" | "unsafe" | "async")) =>
        {
            Some((at, word.to_owned()))
        }
        // Nothing that it contains is a name of the module.
        "impl" | "use" => Some((at, "impl".to_owned())),
        _ => None,
    })?;
    match word.as_str() {
        "impl" => None,
        "macro_rules" => ident(item.get(at + 2)),
        "static" if ident(item.get(at + 1)).is_some_and(|word| word == "mut") => ident(item.get(at + 2)),
        _ => ident(item.get(at + 1)),
    }
}

/// Names of a tree of `use`, each with its path.
fn tree(tokens: &[TokenTree], before: &[String], names: &mut Vec<(Vec<String>, String)>) {
    let mut path = before.to_vec();
    let mut name = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Group(group) => {
                for part in parts(group)
                    .split(|token| is_punct(Some(token), ','))
                    .filter(|part| !part.is_empty())
                {
                    tree(part, &path, names);
                }
                return;
            }
            TokenTree::Ident(word) if word == "as" => {
                name = ident(tokens.get(at + 1));
                break;
            }
            // `a::{self}` is `a`.
            TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
            TokenTree::Ident(_) => path.extend(ident(Some(token))),
            TokenTree::Punct(punct) if punct.as_char() == '*' => name = Some("*".to_owned()),
            _ => {}
        }
        at += 1;
    }
    // A path that begins with `::` is another crate's, as is one of a single name.
    if let Some(last) = path.last().cloned() {
        names.push((path, name.unwrap_or(last)));
    }
}

/// The path that begins with the word here, and where it ends.
fn path(tokens: &[TokenTree], mut at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    while let Some(word) = ident(tokens.get(at)) {
        path.push(word);
        at += 1;
        let goes_on = is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':');
        if !goes_on || ident(tokens.get(at + 2)).is_none() {
            break;
        }
        at += 2;
    }
    (path, at)
}

fn parts(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(word)) => Some(word.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, expected: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
}
