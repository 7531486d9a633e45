//! The items of one file with their visibility, whatever module they stand in.
//!
//! Items in the arguments of a macro call are read as if the call were not there (`cfg_rt! { pub mod task; }`).

use std::sync::Arc;

use crate::boundary::extent;
use crate::boundary::tokens::{Class, Tokens};

use super::ItemKind;
use super::attributes::Attributes;
use super::scope::{Child, Def, Impl, Mod, Scope, Use};
use super::signature::{self, depth, parts};

/// Deepest nesting of modules and macro calls that is followed.
const MAX_DEPTH: usize = 64;

/// Reads a file.
pub(super) fn file(tokens: &Tokens<'_>) -> Scope {
    let mut lines = vec![0u32];
    lines.extend(memchr::memchr_iter(b'\n', tokens.text.as_bytes()).map(|at| at as u32 + 1));
    let parser = Parser {
        tokens,
        lines: &lines,
        all: false,
    };
    let mut scope = Scope::default();
    parser.scope(0, tokens.len(), 0, &mut scope);
    scope
}

#[derive(Clone, Copy)]
struct Parser<'t, 's> {
    tokens: &'t Tokens<'s>,
    /// Offsets of the beginnings of lines.
    lines: &'t [u32],
    /// Whether items are wanted in full that are not `pub`, as those of a trait are.
    all: bool,
}

impl Parser<'_, '_> {
    fn line(&self, at: usize) -> u32 {
        let start = self.tokens.all.get(at).map_or(0, |token| token.start);
        self.lines.partition_point(|line| *line <= start) as u32
    }

    fn scope(&self, from: usize, to: usize, nesting: usize, out: &mut Scope) {
        let mut at = from;
        while at < to && nesting < MAX_DEPTH {
            let next = self.item(at, to, nesting, out);
            at = next.max(at + 1);
        }
    }

    /// Reads what starts at a token and returns where to go on.
    fn item(&self, start: usize, limit: usize, nesting: usize, out: &mut Scope) -> usize {
        let tokens = self.tokens;
        let (attributes, mut at) = Attributes::read(self.tokens, start);
        let mut public = false;
        if tokens.is_word(at, "pub") {
            public = !tokens.is(at + 1, b'(');
            at = extent::skip_visibility(tokens, at);
        }
        let first = at;
        while let Some("const" | "async" | "unsafe" | "safe" | "default" | "auto" | "extern" | "gen") = tokens.word(at)
        {
            let literal = |at: usize| tokens.all.get(at).is_some_and(|token| token.class == Class::Literal);
            let next = at + 1 + usize::from(tokens.is_word(at, "extern") && literal(at + 1));
            let goes_on = matches!(
                tokens.word(next),
                Some(
                    "fn" | "const"
                        | "async"
                        | "unsafe"
                        | "extern"
                        | "impl"
                        | "trait"
                        | "auto"
                        | "gen"
                        | "mod"
                        | "type"
                        | "static"
                )
            );
            if !goes_on {
                break;
            }
            at = next;
        }
        let word = tokens.word(at).unwrap_or_default();
        let named = tokens.name(at + 1);
        let end = match word {
            "fn" | "struct" | "enum" | "trait" | "mod" if named.is_some() => extent::of_item(tokens, at),
            "union" if named.is_some() && !tokens.is(at + 1, b'!') => extent::of_item(tokens, at),
            "impl" => extent::of_item(tokens, at),
            "type" | "use" | "static" => extent::of_statement(tokens, at),
            "const" if named.is_some() => extent::of_statement(tokens, at),
            "extern" => extent::of_anything(tokens, at),
            "macro" if named.is_some() => extent::of_item(tokens, at),
            _ => return self.other(at, limit, nesting, &attributes, out),
        }
        .min(limit);
        if attributes.skip {
            return end;
        }
        let line = self.line(first);
        let (hidden, known) = (attributes.hidden, out.defs.len());
        match word {
            "fn" => out.defs.push(self.function(first, at, end, public, &attributes)),
            "struct" | "union" => out.defs.push(self.structure(at, end, public, attributes)),
            "enum" => out.defs.push(self.enumeration(at, end, public, attributes)),
            "trait" => out.defs.push(self.trait_(first, at, end, public, nesting)),
            "mod" => {
                let inline = tokens.is(at + 2, b'{').then(|| {
                    let mut inner = Scope::default();
                    self.scope(at + 3, end.saturating_sub(1), nesting + 1, &mut inner);
                    Arc::new(inner)
                });
                out.mods.push(Mod {
                    name: named.unwrap_or_default().to_owned(),
                    public,
                    hidden,
                    inline,
                    paths: attributes.paths,
                    line,
                });
            }
            "impl"
                // What is hidden may change as it likes.
                if !attributes.hidden => {
                    out.impls.extend(self.implementation(at, end, nesting));
                }
            "type" | "const" | "static" => out.defs.extend(self.value(at, end, public, word)),
            "use" => {
                let declared = out.uses.len();
                self.use_tree(at + 1, end.saturating_sub(1), &mut Vec::new(), out);
                for found in &mut out.uses[declared..] {
                    found.public = public;
                    found.hidden = hidden;
                    found.line = line;
                }
            }
            "extern" => self.foreign(at, end, public, nesting, out),
            "macro" => out.defs.push(Def {
                public,
                ..def(named.unwrap_or_default(), ItemKind::Macro, line)
            }),
            _ => {}
        }
        for found in &mut out.defs[known..] {
            found.hidden |= hidden;
        }
        end
    }

    /// A macro definition, a macro call, or something that is no item.
    fn other(&self, at: usize, limit: usize, nesting: usize, attributes: &Attributes, out: &mut Scope) -> usize {
        let tokens = self.tokens;
        if tokens.is_word(at, "macro_rules")
            && tokens.is(at + 1, b'!')
            && let Some(name) = tokens.name(at + 2)
        {
            if !attributes.skip && attributes.exported {
                out.defs.push(Def {
                    public: true,
                    exported: true,
                    hidden: attributes.hidden,
                    ..def(name, ItemKind::Macro, self.line(at))
                });
            }
            return tokens.after(at + 3).min(limit);
        }
        let mut end = at;
        while tokens.name(end).is_some() && tokens.is(end + 1, b':') && tokens.is(end + 2, b':') {
            end += 3;
        }
        if tokens.name(end).is_some() && tokens.is(end + 1, b'!') && tokens.opens(end + 2) {
            let close = tokens.close(end + 2).min(limit);
            if !attributes.skip {
                self.scope(end + 3, close, nesting + 1, out);
            }
            return tokens.after(end + 2).min(limit);
        }
        // The branches of `cfg_if!`.
        if nesting > 0 && tokens.is(at, b'{') {
            self.scope(at + 1, tokens.close(at).min(limit), nesting + 1, out);
        }
        tokens.after(at).min(limit)
    }

    /// Where the body of an item that ends at `end` opens, or its `;` stands.
    fn body(&self, end: usize) -> usize {
        let last = end.saturating_sub(1);
        match self.tokens.all.get(last) {
            Some(token) if token.class == Class::Punct(b'}') && (token.mate as usize) < last => token.mate as usize,
            _ => last,
        }
    }

    fn function(&self, first: usize, at: usize, end: usize, public: bool, attributes: &Attributes) -> Def {
        let name = self.tokens.name(at + 1).unwrap_or_default();
        let open_end = self.tokens.is(end.saturating_sub(1), b';');
        let mut found = def(name, ItemKind::Function, self.line(first));
        if let Some((own, kind)) = &attributes.procedural {
            found.name = own.clone().unwrap_or(found.name);
            found.kind = ItemKind::Macro;
            found.signature = (*kind).into();
        } else if public || self.all {
            found.signature = signature::function(self.tokens, first, at, self.body(end));
        }
        Def {
            public,
            open_end,
            ..found
        }
    }

    fn structure(&self, at: usize, end: usize, public: bool, attributes: Attributes) -> Def {
        let tokens = self.tokens;
        if !public {
            return def(tokens.name(at + 1).unwrap_or_default(), ItemKind::Struct, self.line(at));
        }
        let (mut open, mut angles) = (at + 2, 0);
        while open < end {
            if angles == 0 && (tokens.is(open, b'{') || tokens.is(open, b'(') || tokens.is(open, b';')) {
                break;
            }
            angles = depth(tokens, open, angles);
            open = tokens.after(open);
        }
        let mut found = def(tokens.name(at + 1).unwrap_or_default(), ItemKind::Struct, self.line(at));
        found.public = public;
        found.signature = signature::plain(tokens, at, open);
        let mut names = Vec::new();
        let mut all = !attributes.open;
        if tokens.opens(open) {
            let tuple = tokens.is(open, b'(');
            let close = tokens.close(open).min(end);
            if tuple {
                // Where a tuple struct has bounds, they come last.
                let bounds = signature::plain(tokens, close + 1, end.saturating_sub(1));
                found.signature = format!("{} {bounds}", found.signature).trim_end().into();
            }
            for (number, (start, end)) in parts(tokens, open + 1, close).into_iter().enumerate() {
                let (own, start) = Attributes::read(self.tokens, start);
                if own.skip {
                    continue;
                }
                let visible = tokens.is_word(start, "pub") && !tokens.is(start + 1, b'(') && !own.hidden;
                if !visible {
                    all = false;
                    continue;
                }
                let start = extent::skip_visibility(tokens, start);
                let (name, value) = if tuple {
                    (number.to_string(), start)
                } else {
                    (tokens.name(start).unwrap_or_default().to_owned(), start + 2)
                };
                names.push(name.clone());
                found.children.push(Child {
                    name,
                    hidden: false,
                    kind: ItemKind::Field,
                    signature: signature::plain(tokens, value, end),
                    line: self.line(start),
                });
            }
        }
        Def {
            closed: all.then_some(names),
            derives: attributes.derives,
            ..found
        }
    }

    fn enumeration(&self, at: usize, end: usize, public: bool, attributes: Attributes) -> Def {
        let tokens = self.tokens;
        let mut found = def(tokens.name(at + 1).unwrap_or_default(), ItemKind::Enum, self.line(at));
        if !public {
            return found;
        }
        let open = self.body(end);
        found.public = public;
        found.signature = signature::plain(tokens, at, open);
        let mut all = !attributes.open;
        for (start, end) in parts(tokens, open + 1, tokens.close(open).min(end)) {
            let (own, start) = Attributes::read(self.tokens, start);
            let Some(name) = tokens.name(start) else { continue };
            if own.skip {
                continue;
            }
            // A hidden variant says that there may be more.
            all &= !own.hidden;
            if own.hidden {
                continue;
            }
            // Without its discriminant.
            let end = (start..end).find(|at| tokens.is(*at, b'=')).unwrap_or(end);
            found.children.push(Child {
                name: name.to_owned(),
                hidden: false,
                kind: ItemKind::Variant,
                signature: signature::plain(tokens, start, end),
                line: self.line(start),
            });
        }
        Def {
            closed: all.then(|| found.children.iter().map(|child| child.name.clone()).collect()),
            derives: attributes.derives,
            ..found
        }
    }

    fn trait_(&self, first: usize, at: usize, end: usize, public: bool, nesting: usize) -> Def {
        let mut found = def(
            self.tokens.name(at + 1).unwrap_or_default(),
            ItemKind::Trait,
            self.line(first),
        );
        if !public {
            return found;
        }
        let open = self.body(end);
        let mut inner = Scope::default();
        let items = Self { all: true, ..*self };
        items.scope(open + 1, self.tokens.close(open).min(end), nesting + 1, &mut inner);
        found.public = public;
        found.signature = signature::plain(self.tokens, first, open);
        // Nobody else implements a sealed trait, so that nobody has to name its items.
        let sealed = found.signature.to_lowercase().contains("seal");
        found.closed = (!sealed).then(|| {
            let required = inner.defs.iter().filter(|item| item.open_end);
            required.map(|item| item.name.clone()).collect()
        });
        found.children = inner.defs.into_iter().map(child).collect();
        found
    }

    fn implementation(&self, at: usize, end: usize, nesting: usize) -> Option<Impl> {
        let tokens = self.tokens;
        let open = self.body(end);
        let mut start = at + 1;
        if tokens.is(start, b'<') {
            let mut angles = 0;
            loop {
                angles = depth(tokens, start, angles);
                start = tokens.after(start);
                if angles == 0 || start >= open {
                    break;
                }
            }
        }
        let (mut angles, mut of, mut stop, mut here) = (0, None, open, start);
        while here < open {
            let goes_on = angles == 0;
            if goes_on && tokens.is_word(here, "for") && !tokens.is(here + 1, b'<') {
                of = Some((start, here));
                start = here + 1;
            } else if goes_on && tokens.is_word(here, "where") {
                stop = here;
                break;
            }
            angles = depth(tokens, here, angles);
            here = tokens.after(here);
        }
        let target = self.path(start, stop)?;
        let of = match of {
            Some((from, _)) if tokens.is(from, b'!') => return None,
            Some((from, to)) => Some((signature::plain(tokens, from, to), self.path(from, to)?)),
            None => None,
        };
        let mut children = Vec::new();
        if of.is_none() {
            let mut inner = Scope::default();
            let items = Self { all: false, ..*self };
            items.scope(open + 1, tokens.close(open).min(end), nesting + 1, &mut inner);
            // What the block asks of the type, its items ask too.
            let bounds = signature::plain(tokens, at, open);
            let bounds: &str = bounds.strip_prefix("impl").unwrap_or(&bounds).trim_start();
            let plain = bounds
                .chars()
                .all(|char| char.is_alphanumeric() || matches!(char, '_' | ':'));
            children.extend(
                inner
                    .defs
                    .into_iter()
                    .filter(|item| item.public)
                    .map(child)
                    .map(|mut child| {
                        if !plain {
                            child.signature = format!("{} in impl {bounds}", child.signature).into();
                        }
                        child
                    }),
            );
        }
        Some(Impl {
            of,
            target,
            children,
            line: self.line(at),
        })
    }

    /// The path in front of generic arguments; `None` for what is no path, such as `&T`.
    fn path(&self, from: usize, to: usize) -> Option<Vec<String>> {
        let tokens = self.tokens;
        let mut names = Vec::new();
        let mut at = from;
        if tokens.is(at, b':') && tokens.is(at + 1, b':') {
            names.push(String::new());
            at += 2;
        }
        while at < to {
            if matches!(
                tokens.word(at),
                Some("dyn" | "impl" | "fn" | "unsafe" | "for" | "extern")
            ) {
                return None;
            }
            names.push(tokens.name(at)?.to_owned());
            if !(tokens.is(at + 1, b':') && tokens.is(at + 2, b':')) {
                break;
            }
            at += 3;
        }
        (!names.is_empty()).then_some(names)
    }

    fn value(&self, at: usize, end: usize, public: bool, word: &str) -> Option<Def> {
        let tokens = self.tokens;
        // `static mut`, and the `static ref` of a macro.
        let skip = usize::from(matches!(tokens.word(at + 1), Some("mut" | "ref")) && tokens.name(at + 2).is_some());
        let name = tokens.name(at + 1 + skip).filter(|name| *name != "_")?;
        let kind = match word {
            "type" => ItemKind::Type,
            "const" => ItemKind::Constant,
            _ => ItemKind::Static,
        };
        let last = end.saturating_sub(usize::from(tokens.is(end.saturating_sub(1), b';')));
        let equals = (at..last).find(|at| tokens.is(*at, b'=') && !tokens.is_fat_arrow(*at));
        // The value of a constant is its own, what an alias stands for is not.
        let stop = if word == "type" { last } else { equals.unwrap_or(last) };
        Some(Def {
            public,
            signature: if public || self.all {
                signature::plain(tokens, at, stop)
            } else {
                signature::none()
            },
            open_end: equals.is_none(),
            ..def(name, kind, self.line(at))
        })
    }

    fn foreign(&self, at: usize, end: usize, public: bool, nesting: usize, out: &mut Scope) {
        let tokens = self.tokens;
        if tokens.is_word(at + 1, "crate") {
            let Some(name) = tokens.name(at + 2) else { return };
            let alias = if tokens.is_word(at + 3, "as") {
                tokens.name(at + 4)
            } else {
                None
            };
            if name != "self" {
                out.uses.push(Use {
                    path: vec![String::new(), name.to_owned()],
                    name: Some(alias.unwrap_or(name).to_owned()),
                    public,
                    hidden: false,
                    line: self.line(at),
                });
            }
            return;
        }
        let open = self.body(end);
        self.scope(open + 1, tokens.close(open).min(end), nesting + 1, out);
    }

    fn use_tree(&self, from: usize, to: usize, prefix: &mut Vec<String>, out: &mut Scope) {
        let tokens = self.tokens;
        let depth = prefix.len();
        let mut at = from;
        if tokens.is(at, b':') && tokens.is(at + 1, b':') {
            if prefix.is_empty() {
                prefix.push(String::new());
            }
            at += 2;
        }
        let mut push = |path: Vec<String>, name: Option<String>| {
            out.uses.push(Use {
                path,
                name,
                public: false,
                hidden: false,
                line: 0,
            });
        };
        while at < to {
            if tokens.is(at, b'*') {
                push(prefix.clone(), None);
            } else if tokens.is(at, b'{') {
                for (start, end) in parts(tokens, at + 1, tokens.close(at).min(to)) {
                    self.use_tree(start, end, prefix, out);
                }
            } else if let Some(name) = tokens.name(at) {
                if tokens.is(at + 1, b':') && tokens.is(at + 2, b':') {
                    prefix.push(name.to_owned());
                    at += 3;
                    continue;
                }
                // `a::{self}` brings `a`.
                if name != "self" || prefix.is_empty() {
                    prefix.push(name.to_owned());
                }
                let alias = if tokens.is_word(at + 1, "as") {
                    tokens.name(at + 2)
                } else {
                    None
                };
                let name = alias.map(str::to_owned).or_else(|| prefix.last().cloned());
                if name.as_deref() != Some("_") {
                    push(prefix.clone(), name);
                }
            }
            break;
        }
        prefix.truncate(depth);
    }
}

fn def(name: &str, kind: ItemKind, line: u32) -> Def {
    Def {
        name: name.to_owned(),
        kind,
        public: false,
        signature: signature::none(),
        closed: None,
        children: Vec::new(),
        derives: Vec::new(),
        exported: false,
        hidden: false,
        line,
        open_end: false,
    }
}

fn child(item: Def) -> Child {
    Child {
        name: item.name,
        hidden: item.hidden,
        kind: item.kind,
        signature: item.signature,
        line: item.line,
    }
}
