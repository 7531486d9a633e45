//! A small item parser over the token buffer. It knows where items, macros and test code start and end, and nothing of
//! types and expressions: that is all that is needed to place a site, it costs one pass, and it reads code that a full
//! parser refuses (nightly syntax, macro arguments, text that does not compile).
//!
//! The differential test beside it compares its judgement with syn over real crates.

use super::headers::{impl_header, impl_type};
use super::scope::{Scope, ScopeKind};
use super::site::{Kind, ModDecl};
use super::tokens::{Class, NONE, Tokens};
use super::watch::{Around, Watch, Watchless};
use super::{attributes, extent};

/// A site before it is given a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawSite {
    pub(crate) kind: Kind,
    /// Index of its token.
    pub token: usize,
    pub(crate) item: String,
    /// Names of the enclosing functions, outermost first; for tests against another parser.
    #[cfg(test)]
    pub functions: Vec<String>,
    pub(crate) in_macro: bool,
    pub(crate) test: bool,
}

/// Whether a macro quotes code for somebody else to compile, or turns it into text.
fn is_quoting(name: &str) -> bool {
    name.ends_with("quote") || name.ends_with("quote_spanned") || matches!(name, "quote_token_stream" | "stringify")
}

/// Whether a string literal names a calling convention of rustc, or that of C++, which is cxx's. What has another one
/// is the language of a macro: no compiler accepts it elsewhere. Source: `AbiStr` in rustc's `rustc_abi`.
fn is_abi(literal: &str) -> bool {
    const FAMILIES: &str = "\
        C C++ Rust aapcs avr cdecl custom cuda efiapi fastcall gpu interrupt msp430 platform ptx riscv rust stdcall \
        system sysv64 thiscall unadjusted vectorcall win64 x86";
    let text = literal.trim_matches(['r', '#', '"']);
    let family = text.split('-').next().unwrap_or_default();
    FAMILIES.split_whitespace().any(|known| known == family)
}

/// Everything found in one file.
#[derive(Debug, Default)]
pub struct Found {
    pub(crate) sites: Vec<RawSite>,
    pub(crate) mods: Vec<ModDecl>,
}

/// Parses a file.
pub fn parse(tokens: &Tokens<'_>) -> Found {
    parse_watched(tokens, &mut Watchless)
}

/// Parses a file while somebody else looks at its tokens.
pub fn parse_watched<'s>(tokens: &Tokens<'s>, watch: &mut impl Watch<'s>) -> Found {
    let mut parser = Parser {
        tokens,
        watch,
        scopes: Vec::new(),
        matchers: Vec::new(),
        imports: Vec::new(),
        pending_paths: Vec::new(),
        found: Found::default(),
    };
    let mut at = 0;
    while at < tokens.len() {
        at = parser.step(at);
    }
    parser.found
}

struct Parser<'t, 's, W> {
    tokens: &'t Tokens<'s>,
    watch: &'t mut W,
    scopes: Vec<Scope<'s>>,
    /// Left-hand sides of macro rules, the next one last: nothing in them is code.
    matchers: Vec<(usize, usize)>,
    /// Ends of `use` declarations: names in them are not uses.
    imports: Vec<usize>,
    /// Values of `#[path]` in front of the next item.
    pending_paths: Vec<&'s str>,
    found: Found,
}

impl<'s, W: Watch<'s>> Parser<'_, 's, W> {
    /// Reads what starts at a token and returns where to go on.
    fn step(&mut self, at: usize) -> usize {
        while self.scopes.last().is_some_and(|scope| scope.end <= at) {
            self.scopes.pop();
        }
        while self.imports.last().is_some_and(|end| *end <= at) {
            self.imports.pop();
        }
        while let Some((start, end)) = self.matchers.last().copied()
            && start <= at
        {
            self.matchers.pop();
            if at < end {
                return end;
            }
        }
        let around = Around {
            scopes: &self.scopes,
            imports: !self.imports.is_empty(),
        };
        self.watch.token(self.tokens, &around, at);
        match self.tokens.all[at].class {
            Class::Punct(b'#') => self.attribute(at),
            Class::Ident => {
                let next = self.word(at);
                if !matches!(
                    self.tokens.text_of(at),
                    "pub" | "crate" | "super" | "self" | "in" | "unsafe"
                ) {
                    self.pending_paths.clear();
                }
                next
            }
            _ => at + 1,
        }
    }

    fn attribute(&mut self, at: usize) -> usize {
        let tokens = self.tokens;
        let inner = tokens.is(at + 1, b'!');
        let open = at + 1 + usize::from(inner);
        if !tokens.is(open, b'[') {
            return at + 1;
        }
        let (close, after) = (tokens.close(open), tokens.after(open));
        let attribute = attributes::read(tokens, open + 1, close);
        if attribute.test {
            let end = if inner {
                tokens.limit(at)
            } else {
                extent::of_anything(tokens, after)
            };
            self.push(ScopeKind::Test, end);
        }
        for token in attribute.raw {
            let own = (after..extent::of_anything(tokens, after))
                .take(64)
                .find(|at| matches!(tokens.word(*at), Some("fn" | "static")))
                .and_then(|at| tokens.name(at + 1 + usize::from(tokens.is_word(at + 1, "mut"))));
            self.site(Kind::UnsafeAttribute, token, own);
        }
        self.pending_paths.extend(attribute.paths);
        after
    }

    fn word(&mut self, at: usize) -> usize {
        let tokens = self.tokens;
        let word = tokens.text_of(at);
        // `$unsafe`, `$fn`: a macro variable.
        if at > 0 && tokens.is(at - 1, b'$') {
            return at + 1;
        }
        match word {
            "unsafe" => self.unsafety(at),
            "extern" if !(at > 0 && tokens.is_word(at - 1, "unsafe")) => self.foreign(at, at),
            "fn" => {
                if let Some(name) = tokens.name(at + 1) {
                    self.item(ScopeKind::Function(name), at);
                }
            }
            "mod" => self.module(at),
            "impl" if self.starts_item(at) => {
                let name = impl_type(tokens, at);
                self.item(ScopeKind::Item(name), at);
            }
            "trait" | "struct" | "enum" | "union" => {
                if let Some(name) = tokens.name(at + 1)
                    && (word != "union" || self.starts_item(at))
                {
                    self.item(ScopeKind::Item(name.to_owned()), at);
                }
            }
            "const" | "static" if self.starts_item(at) => {
                let name = at + 1 + usize::from(tokens.is_word(at + 1, "mut"));
                if let (Some(text), true) = (tokens.name(name), tokens.is(name + 1, b':')) {
                    let end = extent::of_statement(tokens, at);
                    self.push_item(ScopeKind::Constant(text, at), end);
                }
            }
            "use" if self.starts_item(at) => {
                let end = extent::of_statement(tokens, at);
                self.imports.push(end);
            }
            "macro_rules" if tokens.is(at + 1, b'!') => return self.macro_rules(at),
            "macro" if self.starts_item(at) && tokens.name(at + 1).is_some() && tokens.opens(at + 2) => {
                return self.macro_item(at);
            }
            "transmute" | "transmute_copy" if self.is_transmute(at) => self.site(Kind::Transmute, at, None),
            _ if tokens.is(at + 1, b'!') && tokens.opens(at + 2) && !is_operator_word(word) => {
                if matches!(word, "asm" | "global_asm" | "naked_asm" | "llvm_asm") {
                    self.site(Kind::Asm, at, None);
                }
                let end = tokens.after(at + 2);
                let quotes = is_quoting(word);
                let single = tokens.close(at + 2) == at + 4;
                self.push(ScopeKind::Call { quotes, single }, end);
                return at + 3;
            }
            _ => {}
        }
        at + 1
    }

    fn unsafety(&mut self, at: usize) {
        let tokens = self.tokens;
        let next = at + 1;
        match tokens.word(next) {
            Some("fn") => self.unsafe_fn(at, next),
            Some("extern") => self.foreign(at, next),
            Some("impl") => {
                let own = impl_header(tokens, next);
                self.site(Kind::UnsafeImpl, at, Some(&own));
            }
            Some("trait") => self.site(Kind::UnsafeTrait, at, tokens.name(next + 1)),
            Some("auto") => self.site(Kind::UnsafeTrait, at, tokens.name(next + 2)),
            // Modifiers of foreign items and syntax that no compiler accepts outside of macros.
            Some("static" | "const" | "type" | "mod" | "safe") => {}
            _ if tokens.is(next, b'{') => self.site(Kind::UnsafeBlock, at, None),
            // `unsafe(…)` of an attribute handed to a macro, `unsafe<'a>` binders.
            _ if tokens.is(next, b'(') || tokens.is(next, b'<') => {}
            _ if self.around().in_macro() && !self.only_names_the_keyword() => self.site(Kind::UnsafeToken, at, None),
            _ => {}
        }
    }

    /// `Token![unsafe]` names the keyword and uses nothing.
    fn only_names_the_keyword(&self) -> bool {
        matches!(
            self.scopes
                .iter()
                .rev()
                .find(|scope| matches!(scope.kind, ScopeKind::Call { .. } | ScopeKind::Definition(_))),
            Some(Scope {
                kind: ScopeKind::Call {
                    quotes: false,
                    single: true
                },
                ..
            })
        )
    }

    fn unsafe_fn(&mut self, at: usize, keyword: usize) {
        let tokens = self.tokens;
        // Without a name it is the type of a function pointer; in a macro the name may be a variable.
        let named = tokens.name(keyword + 1).is_some() || tokens.is(keyword + 1, b'$');
        let around = self.scopes.iter().rev().find(|scope| scope.kind != ScopeKind::Test);
        let foreign = around.is_some_and(|scope| scope.kind == ScopeKind::Foreign);
        if named && !foreign {
            self.site(Kind::UnsafeFn, at, tokens.name(keyword + 1));
        }
    }

    /// `extern` at `keyword`, with `unsafe` in front of it when `at` is not `keyword`.
    fn foreign(&mut self, at: usize, keyword: usize) {
        let tokens = self.tokens;
        let mut next = keyword + 1;
        if tokens.all.get(next).is_some_and(|token| token.class == Class::Literal) {
            next += 1;
        } else if tokens.is(next, b'$') {
            // `extern $abi fn`, in a macro.
            next += 2;
        }
        if tokens.is(next, b'{') {
            let abi = tokens
                .all
                .get(keyword + 1)
                .filter(|token| token.class == Class::Literal);
            let native = abi.is_none_or(|_| is_abi(tokens.text_of(keyword + 1)));
            let empty = tokens.close(next) == next + 1;
            if native && !empty && !self.is_of_script(at) {
                self.site(Kind::ExternBlock, at, None);
            }
            self.push(ScopeKind::Foreign, tokens.after(next));
        } else if at != keyword && tokens.is_word(next, "fn") {
            self.unsafe_fn(at, next);
        }
    }

    /// Whether the block at `at` declares functions of JavaScript: wasm-bindgen makes safe calls of them.
    fn is_of_script(&self, mut at: usize) -> bool {
        let tokens = self.tokens;
        while at > 0 && tokens.is(at - 1, b']') {
            let open = tokens.all[at - 1].mate;
            if open == NONE || open == 0 {
                return false;
            }
            let open = open as usize;
            let mut words = (open + 1..at - 1).take_while(|at| !tokens.opens(*at));
            if words.any(|at| tokens.is_word(at, "wasm_bindgen")) {
                return true;
            }
            at = open - 1;
        }
        false
    }

    fn module(&mut self, at: usize) {
        let tokens = self.tokens;
        let Some(name) = tokens.name(at + 1) else { return };
        let paths = std::mem::take(&mut self.pending_paths);
        if tokens.is(at + 2, b';') {
            let inline = self
                .scopes
                .iter()
                .filter_map(|scope| match scope.kind {
                    ScopeKind::Module(_, directory) => Some(directory.to_owned()),
                    _ => None,
                })
                .collect();
            let test = self.around().is_test();
            self.found.mods.push(ModDecl {
                inline,
                name: name.to_owned(),
                paths: paths.into_iter().map(str::to_owned).collect(),
                test,
            });
        } else if tokens.is(at + 2, b'{') {
            let directory = paths.first().copied().unwrap_or(name);
            self.push_item(ScopeKind::Module(name, directory), tokens.after(at + 2));
        }
    }

    /// `macro_rules! name { … }`; returns where its rules start.
    fn macro_rules(&mut self, at: usize) -> usize {
        let tokens = self.tokens;
        let name = at + 2 + usize::from(tokens.is(at + 2, b'$'));
        let Some(text) = tokens.name(name) else { return at + 1 };
        if !tokens.opens(name + 1) {
            return at + 1;
        }
        self.rules(name + 1);
        self.push(ScopeKind::Definition(text), tokens.after(name + 1));
        name + 2
    }

    /// `macro name(…) { … }` and `macro name { (…) => { … } }`.
    fn macro_item(&mut self, at: usize) -> usize {
        let tokens = self.tokens;
        let name = tokens.name(at + 1).unwrap_or_default();
        let first = at + 2;
        if tokens.is(first, b'{') {
            self.rules(first);
            self.push(ScopeKind::Definition(name), tokens.after(first));
            return first + 1;
        }
        let body = tokens.after(first);
        self.push(ScopeKind::Definition(name), tokens.after(body));
        body
    }

    /// Notes the matchers of all rules in the group that opens here.
    fn rules(&mut self, open: usize) {
        let tokens = self.tokens;
        let close = tokens.close(open);
        let first = self.matchers.len();
        let mut at = open + 1;
        while at < close {
            let after = tokens.after(at);
            if tokens.opens(at) && tokens.is_fat_arrow(after) {
                self.matchers.push((at, after));
                at = tokens.after(after + 2);
            } else {
                at = after;
            }
        }
        self.matchers[first..].reverse();
    }

    fn item(&mut self, kind: ScopeKind<'s>, at: usize) {
        let end = extent::of_item(self.tokens, at);
        self.push_item(kind, end);
    }

    /// Items are named where they are written down; in a macro definition their names are variables as often as not.
    fn push_item(&mut self, kind: ScopeKind<'s>, end: usize) {
        if !self
            .scopes
            .iter()
            .any(|scope| matches!(scope.kind, ScopeKind::Definition(_)))
        {
            self.push(kind, end);
        }
    }

    /// Scopes nest: one that would end after the scope around it ends with it, unless that is the attribute's own
    /// judgement about the very same code.
    fn push(&mut self, kind: ScopeKind<'s>, end: usize) {
        let end = self.scopes.last().map_or(end, |outer| end.min(outer.end));
        self.scopes.push(Scope { kind, end });
    }

    fn around(&self) -> Around<'_, 's> {
        Around {
            scopes: &self.scopes,
            imports: !self.imports.is_empty(),
        }
    }

    fn site(&mut self, kind: Kind, token: usize, own: Option<&str>) {
        let around = self.around();
        // What a procedural macro quotes is data to it; the crates that use the macro compile it.
        if around.is_quoted() {
            return;
        }
        let item = around.item(own);
        let site = RawSite {
            kind,
            token,
            item,
            #[cfg(test)]
            functions: self
                .scopes
                .iter()
                .filter_map(|scope| match scope.kind {
                    ScopeKind::Function(name) => Some(name.to_owned()),
                    _ => None,
                })
                .collect(),
            in_macro: around.in_macro(),
            test: around.is_test(),
        };
        self.found.sites.push(site);
    }

    /// Whether an item or a statement may start here, as opposed to a type (`impl Trait`) or a parameter.
    fn starts_item(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return true };
        match self.tokens.all[before].class {
            Class::Punct(b'{' | b'}' | b';' | b']') => true,
            Class::Punct(b')') => {
                let open = self.tokens.all[before].mate;
                open != NONE && open > 0 && self.tokens.is_word(open as usize - 1, "pub")
            }
            Class::Ident => matches!(
                self.tokens.text_of(before),
                "pub" | "unsafe" | "default" | "safe" | "const"
            ),
            // The first token of the arguments of a macro call.
            Class::Punct(b'(') => before > 0 && self.tokens.is(before - 1, b'!'),
            _ => false,
        }
    }

    fn is_transmute(&self, at: usize) -> bool {
        let tokens = self.tokens;
        if !self.imports.is_empty() {
            return false;
        }
        let path_goes_on = tokens.is(at + 1, b':') && tokens.is(at + 2, b':');
        if path_goes_on && !tokens.is(at + 3, b'<') {
            return false;
        }
        let Some(before) = at.checked_sub(1) else { return false };
        if tokens.is(before, b':') && before > 0 && tokens.is(before - 1, b':') {
            let qualifier = before.checked_sub(2).and_then(|at| tokens.word(at));
            // Not `zerocopy::transmute!`, not a method that happens to have the name.
            return matches!(qualifier, Some("mem" | "intrinsics")) && !tokens.is(at + 1, b'!');
        }
        !tokens.is(before, b'.') && !tokens.is_word(before, "fn") && (tokens.is(at + 1, b'(') || path_goes_on)
    }
}

/// Keywords after which `!` is the operator.
fn is_operator_word(word: &str) -> bool {
    matches!(
        word,
        "if" | "while"
            | "match"
            | "return"
            | "in"
            | "else"
            | "break"
            | "let"
            | "mut"
            | "move"
            | "ref"
            | "as"
            | "yield"
            | "impl"
    )
}
