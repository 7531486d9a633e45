//! Somebody who looks at the tokens of a file while its items are parsed, and what is known about the place of each.

use super::scope::{Scope, ScopeKind};
use super::tokens::Tokens;

/// Sees every token that may be code: not those of attributes, comments and left-hand sides of macro rules.
pub(crate) trait Watch<'s> {
    /// Called for each token in the order of the file.
    fn token(&mut self, tokens: &Tokens<'s>, around: &Around<'_, 's>, at: usize);
}

/// Nobody.
pub(crate) struct Watchless;

impl Watch<'_> for Watchless {
    fn token(&mut self, _: &Tokens<'_>, _: &Around<'_, '_>, _: usize) {}
}

/// The scopes around a token, outermost first.
pub(crate) struct Around<'p, 's> {
    pub(super) scopes: &'p [Scope<'s>],
    /// Whether it stands in a `use` declaration.
    pub(crate) imports: bool,
}

impl<'s> Around<'_, 's> {
    /// Whether it stands in a macro: in its definition or in the arguments of a call.
    pub(crate) fn in_macro(&self) -> bool {
        self.any(|kind| matches!(kind, ScopeKind::Call { .. } | ScopeKind::Definition(_)))
    }

    /// Whether only tests compile it.
    pub(crate) fn is_test(&self) -> bool {
        self.any(|kind| *kind == ScopeKind::Test)
    }

    /// Whether a procedural macro quotes it for somebody else.
    pub(crate) fn is_quoted(&self) -> bool {
        self.any(|kind| matches!(kind, ScopeKind::Call { quotes: true, .. }))
    }

    fn any(&self, wanted: impl Fn(&ScopeKind<'s>) -> bool) -> bool {
        self.scopes.iter().any(|scope| wanted(&scope.kind))
    }

    /// Index of the keyword of the `const` or `static` whose value the token is a part of, when it is evaluated by the
    /// compiler: not through a function inside, and not in a macro, which may do anything with it.
    pub(crate) fn constant(&self) -> Option<usize> {
        let innermost = self.scopes.iter().rposition(|scope| {
            matches!(
                scope.kind,
                ScopeKind::Constant(..) | ScopeKind::Function(_) | ScopeKind::Definition(_)
            )
        })?;
        let ScopeKind::Constant(_, start) = self.scopes[innermost].kind else {
            return None;
        };
        let called = self.scopes[..innermost]
            .iter()
            .any(|scope| matches!(scope.kind, ScopeKind::Call { .. }));
        (!called).then_some(start)
    }

    /// The innermost `impl`, `trait`, `struct` or `enum` around it.
    pub(crate) fn type_name(&self) -> Option<&str> {
        self.scopes.iter().rev().find_map(|scope| match &scope.kind {
            ScopeKind::Item(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The enclosing item inside the file as a path, with the name of the site's own item at its end.
    pub(crate) fn item(&self, own: Option<&str>) -> String {
        let mut item = String::new();
        let mut defined = false;
        for scope in self.scopes {
            match &scope.kind {
                ScopeKind::Module(name, _) | ScopeKind::Function(name) | ScopeKind::Constant(name, _) => {
                    push_segment(&mut item, name);
                }
                ScopeKind::Item(name) => push_segment(&mut item, name),
                ScopeKind::Definition(name) => {
                    push_segment(&mut item, name);
                    item.push('!');
                    defined = true;
                }
                _ => {}
            }
        }
        if let Some(own) = own
            && !defined
        {
            push_segment(&mut item, own);
        }
        item
    }
}

fn push_segment(item: &mut String, segment: &str) {
    if !item.is_empty() {
        item.push_str("::");
    }
    item.push_str(segment);
}
