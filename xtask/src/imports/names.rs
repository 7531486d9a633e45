//! What a path means: the file that defines what it names.

use std::collections::BTreeSet;

use super::package::{Arrow, Place};
use super::source::{Module, Use};

/// Re-exports of re-exports are followed this far.
const DEPTH: usize = 16;

/// What a name or a path stands for.
#[derive(Clone, Copy)]
enum Meaning {
    /// A module.
    Module(usize),
    /// Something that the module defines.
    Item(usize),
}

/// The arrows between files of a crate.
pub(super) fn arrows(modules: &[Module]) -> Vec<Arrow> {
    let crate_of = Crate { modules };
    let mut arrows = BTreeSet::new();
    for (at, module) in modules.iter().enumerate() {
        let imported = module
            .uses
            .iter()
            .filter(|import| !import.passed_on)
            .map(|import| (&import.path, import.line, false));
        let mentioned = module.mentions.iter().map(|(path, line)| (path, *line, true));
        for (path, line, is_code) in imported.chain(mentioned) {
            let to = match crate_of.path(at, path, 0) {
                Some(Meaning::Item(to)) => to,
                // What a macro or an attribute is told to take from a module.
                Some(Meaning::Module(to)) if is_code && path.len() > 1 && !path.ends_with(&["super".into()]) => to,
                _ => continue,
            };
            if modules[to].file != module.file {
                arrows.insert(Arrow {
                    from: place(module),
                    to: place(&modules[to]),
                    line,
                    path: path.join("::"),
                });
            }
        }
    }
    arrows.into_iter().collect()
}

fn place(module: &Module) -> Place {
    Place {
        room: module.path.first().cloned().unwrap_or_default(),
        file: module.file.clone(),
    }
}

struct Crate<'a> {
    modules: &'a [Module],
}

impl Crate<'_> {
    /// What a path means in a module; nothing when it leads out of the crate.
    fn path(&self, at: usize, path: &[String], depth: usize) -> Option<Meaning> {
        let (first, mut rest) = path.split_first()?;
        let mut meaning = match first.as_str() {
            "crate" => Meaning::Module(0),
            "self" => Meaning::Module(at),
            "super" => Meaning::Module(self.modules[at].parent?),
            name => self.in_scope(at, name, rest.is_empty(), depth)?,
        };
        while let (Meaning::Module(module), Some((name, after))) = (meaning, rest.split_first()) {
            rest = after;
            meaning = match name.as_str() {
                "super" => Meaning::Module(self.modules[module].parent?),
                _ => match self.member(module, name, after.is_empty(), depth) {
                    Found::Here(meaning) => meaning,
                    Found::Elsewhere => return None,
                    // A macro of the module defines it.
                    Found::Nowhere => Meaning::Item(module),
                },
            };
        }
        Some(meaning)
    }

    /// What a name stands for in the code of a module.
    fn in_scope(&self, at: usize, name: &str, is_last: bool, depth: usize) -> Option<Meaning> {
        match self.member(at, name, is_last, depth) {
            Found::Here(meaning) => return Some(meaning),
            Found::Elsewhere => return None,
            Found::Nowhere => {}
        }
        // Macros are in scope in the modules below.
        let mut above = self.modules[at].parent;
        while let Some(module) = above {
            if self.modules[module].macros.contains(name) && is_last {
                return Some(Meaning::Item(module));
            }
            above = self.modules[module].parent;
        }
        None
    }

    /// What a module means by a name, whether or not it passes it on.
    fn member(&self, module: usize, name: &str, is_last: bool, depth: usize) -> Found {
        if depth > DEPTH {
            return Found::Nowhere;
        }
        let this = &self.modules[module];
        let child = this
            .children
            .get(name)
            .map(|child| Found::Here(Meaning::Module(*child)));
        // A function may be called like the module that it comes from.
        if let Some(child) = child
            && (!is_last || !this.uses.iter().any(|import| import.name == name))
        {
            return child;
        }
        if this.items.contains(name) {
            return Found::Here(Meaning::Item(module));
        }
        if let Some(import) = this.uses.iter().find(|import| import.name == name) {
            return self
                .path(module, &import.path, depth + 1)
                .map_or(Found::Elsewhere, Found::Here);
        }
        for Use { path, .. } in this.uses.iter().filter(|import| import.name == "*") {
            if let Some(Meaning::Module(of)) = self.path(module, path, depth + 1)
                && of != module
                && let Found::Here(meaning) = self.member(of, name, is_last, depth + 1)
            {
                return Found::Here(meaning);
            }
        }
        Found::Nowhere
    }
}

/// Where a name leads.
enum Found {
    /// To this, in the crate.
    Here(Meaning),
    /// Out of the crate.
    Elsewhere,
    /// The module does not say.
    Nowhere,
}
