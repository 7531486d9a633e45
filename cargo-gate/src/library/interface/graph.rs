//! Modules of libraries and what `use` brings into them, and from there every path that reaches a public item.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::boundary::modules;
use crate::boundary::site::ModDecl;

use super::scope::{Scope, Use};
use super::{Interface, Item, ItemKind, Library, signature};

/// What names in modules mean, as far as it was asked for; `None` while it is looked for, which ends circles of `use`.
type Known<'s> = HashMap<(usize, &'s str), Option<Vec<Target>>>;

/// One module.
struct Node {
    parent: Option<usize>,
    root: usize,
    file: Arc<str>,
    scope: Arc<Scope>,
    /// Left out of the documentation.
    hidden: bool,
    /// Modules in it: name, whether it is public, line of the declaration, node.
    mods: Vec<(String, bool, u32, usize)>,
}

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Target {
    Module(usize),
    Item(usize, usize),
}

pub(super) struct Graph<'a> {
    nodes: Vec<Node>,
    roots: BTreeMap<String, usize>,
    read: &'a dyn Fn(&str) -> Option<Arc<Scope>>,
    unreadable: Vec<String>,
}

/// Where the modules of a file lie.
struct Place<'p> {
    file: &'p str,
    is_root: bool,
    /// Directories of the inline modules around.
    inline: Vec<String>,
}

impl<'a> Graph<'a> {
    /// A graph of these libraries; `read` gives the parsed file of a path.
    pub(super) fn new(libraries: &[Library], read: &'a dyn Fn(&str) -> Option<Arc<Scope>>) -> Self {
        let mut this = Self {
            nodes: Vec::new(),
            roots: BTreeMap::new(),
            read,
            unreadable: Vec::new(),
        };
        for library in libraries {
            let Some(scope) = (this.read)(&library.root) else {
                this.unreadable.push(library.root.clone());
                continue;
            };
            let place = Place {
                file: &library.root,
                is_root: true,
                inline: Vec::new(),
            };
            let node = this.add(&scope, None, false, &place, 0);
            this.roots.insert(library.name.clone(), node);
        }
        this.unreadable.sort();
        this
    }

    fn add(
        &mut self,
        scope: &Arc<Scope>,
        parent: Option<usize>,
        hidden: bool,
        place: &Place<'_>,
        depth: usize,
    ) -> usize {
        let node = self.nodes.len();
        let root = parent.map_or(node, |parent| self.nodes[parent].root);
        self.nodes.push(Node {
            parent,
            root,
            file: place.file.into(),
            scope: Arc::clone(scope),
            hidden,
            mods: Vec::new(),
        });
        if depth > 64 {
            return node;
        }
        for found in &scope.mods {
            if let Some(inline) = &found.inline {
                let mut directories = place.inline.clone();
                directories.push(found.paths.first().unwrap_or(&found.name).clone());
                let place = Place {
                    inline: directories,
                    ..*place
                };
                let child = self.add(inline, Some(node), found.hidden, &place, depth + 1);
                self.nodes[node]
                    .mods
                    .push((found.name.clone(), found.public, found.line, child));
                continue;
            }
            let declaration = ModDecl {
                inline: place.inline.clone(),
                name: found.name.clone(),
                paths: found.paths.clone(),
                test: false,
            };
            // A path that is given comes before the usual ones, which are those of another platform then.
            let mut files = modules::targets(place.file, place.is_root, &declaration);
            files.rotate_left(2);
            for file in files {
                let Some(scope) = (self.read)(&file) else { continue };
                let below = Place {
                    file: &file,
                    is_root: false,
                    inline: Vec::new(),
                };
                let child = self.add(&scope, Some(node), found.hidden, &below, depth + 1);
                self.nodes[node]
                    .mods
                    .push((found.name.clone(), found.public, found.line, child));
            }
        }
        node
    }

    pub(super) fn interface(self) -> Interface {
        let mut libraries = BTreeMap::new();
        let mut by_name: HashMap<(usize, &str), Vec<Target>> = HashMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            for (number, def) in node.scope.defs.iter().enumerate() {
                by_name
                    .entry((node.root, &def.name))
                    .or_default()
                    .push(Target::Item(at, number));
            }
        }
        let impls = self.implementations(&by_name);
        for (name, root) in &self.roots {
            let mut walk = Walk {
                graph: &self,
                impls: &impls,
                items: Vec::new(),
                seen: HashSet::new(),
                inside: Vec::new(),
                hidden: false,
                known: Known::new(),
            };
            let path: Arc<str> = name.as_str().into();
            walk.module(*root, &path);
            for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.root == *root) {
                for (number, def) in node
                    .scope
                    .defs
                    .iter()
                    .enumerate()
                    .filter(|(_, def)| def.exported && def.public)
                {
                    walk.item(at, number, &path, &def.name);
                }
            }
            let items = walk.finish();
            libraries.insert(name.clone(), items);
        }
        Interface {
            libraries,
            unreadable: self.unreadable,
        }
    }

    /// `impl` blocks by the item whose they are.
    fn implementations(&self, by_name: &HashMap<(usize, &str), Vec<Target>>) -> HashMap<Target, Vec<(usize, usize)>> {
        let mut found: HashMap<Target, Vec<(usize, usize)>> = HashMap::new();
        let mut known = Known::new();
        for (at, node) in self.nodes.iter().enumerate() {
            for (number, block) in node.scope.impls.iter().enumerate() {
                let mut targets = self.lookup(at, &block.target, &mut known);
                if targets.is_empty() {
                    // A name that only a macro or a foreign glob brings: whose it is follows where there is one.
                    let last = block.target.last().map_or("", String::as_str);
                    let same = by_name.get(&(node.root, last)).map(Vec::as_slice).unwrap_or_default();
                    if let [one] = same {
                        targets.push(*one);
                    }
                }
                for target in targets {
                    found.entry(target).or_default().push((at, number));
                }
            }
        }
        found
    }

    /// What a path in a module means; nothing where that is outside of the libraries or only known to a macro.
    fn lookup<'s>(&'s self, node: usize, path: &'s [String], known: &mut Known<'s>) -> Vec<Target> {
        let Some((first, mut rest)) = path.split_first() else {
            return Vec::new();
        };
        let mut here = match first.as_str() {
            "crate" => vec![Target::Module(self.nodes[node].root)],
            "self" => vec![Target::Module(node)],
            "super" => self.nodes[node].parent.map(Target::Module).into_iter().collect(),
            "" => {
                let Some((name, behind)) = rest.split_first() else {
                    return Vec::new();
                };
                rest = behind;
                self.roots
                    .get(name)
                    .map(|root| Target::Module(*root))
                    .into_iter()
                    .collect()
            }
            name => {
                let mut found = self.find(node, name, known);
                if found.is_empty() {
                    // Another library, or the root as edition 2015 reads it.
                    let root = self.roots.get(name).map(|root| Target::Module(*root));
                    found = root.into_iter().collect();
                }
                if found.is_empty() && self.nodes[node].root != node {
                    found = self.find(self.nodes[node].root, name, known);
                }
                found
            }
        };
        for name in rest {
            let mut next = Vec::new();
            for target in here {
                match target {
                    Target::Module(module) if name == "super" => {
                        next.extend(self.nodes[module].parent.map(Target::Module));
                    }
                    Target::Module(module) => next.extend(self.find(module, name, known)),
                    Target::Item(..) => {}
                }
            }
            next.sort();
            next.dedup();
            here = next;
        }
        here
    }

    /// What a name means in a module.
    fn find<'s>(&'s self, module: usize, name: &'s str, known: &mut Known<'s>) -> Vec<Target> {
        let key = (module, name);
        match known.get(&key) {
            Some(Some(found)) => return found.clone(),
            Some(None) => return Vec::new(),
            None => drop(known.insert(key, None)),
        }
        let found = self.search(module, name, known);
        known.insert(key, Some(found.clone()));
        found
    }

    fn search<'s>(&'s self, module: usize, name: &'s str, known: &mut Known<'s>) -> Vec<Target> {
        let node = &self.nodes[module];
        let mut found: Vec<Target> = node
            .mods
            .iter()
            .filter(|(own, ..)| own == name)
            .map(|(.., child)| Target::Module(*child))
            .collect();
        let named = node.scope.defs.iter().enumerate().filter(|(_, def)| def.name == name);
        found.extend(named.map(|(number, _)| Target::Item(module, number)));
        if !found.is_empty() {
            return found;
        }
        let explicit = node.scope.uses.iter().filter(|one| one.name.as_deref() == Some(name));
        for one in explicit {
            // `use name;` and `use name::{self}` mean another crate, not themselves.
            if one.path.len() == 1 {
                found.extend(self.roots.get(name).map(|root| Target::Module(*root)));
            } else {
                found.extend(self.lookup(module, &one.path, known));
            }
        }
        if found.is_empty() {
            for glob in node.scope.uses.iter().filter(|one| one.name.is_none()) {
                for target in self.lookup(module, &glob.path, known) {
                    if let Target::Module(other) = target
                        && other != module
                    {
                        found.extend(self.find(other, name, known));
                    }
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Whether a path means a trait of these libraries that is not declared `pub`: nobody outside can name it.
    fn is_private<'s>(&'s self, node: usize, path: &'s [String], known: &mut Known<'s>) -> bool {
        let targets = self.lookup(node, path, known);
        let private = |target: &Target| match target {
            Target::Item(at, number) => !self.nodes[*at].scope.defs[*number].public,
            Target::Module(_) => false,
        };
        !targets.is_empty() && targets.iter().all(private)
    }
}

/// The path of a name in something.
fn below(path: &str, name: &str) -> Arc<str> {
    [path, "::", name].concat().into()
}

struct Walk<'g, 'a> {
    graph: &'g Graph<'a>,
    impls: &'g HashMap<Target, Vec<(usize, usize)>>,
    items: Vec<Item>,
    /// Modules under their paths, and items under theirs.
    seen: HashSet<(Target, Arc<str>, bool)>,
    /// The modules that are being listed, outermost first.
    inside: Vec<usize>,
    /// Whether what is being listed is left out of the documentation.
    hidden: bool,
    known: Known<'g>,
}

impl<'g> Walk<'g, '_> {
    fn module(&mut self, module: usize, path: &Arc<str>) {
        if !self
            .seen
            .insert((Target::Module(module), Arc::clone(path), self.hidden))
        {
            return;
        }
        let graph = self.graph;
        let node = &graph.nodes[module];
        for (number, def) in node.scope.defs.iter().enumerate() {
            if def.public && !def.exported {
                self.item(module, number, path, &def.name);
            }
        }
        // A module that is re-exported below itself is listed with its items, without going round again.
        if self.inside.contains(&module) {
            return;
        }
        self.inside.push(module);
        for (name, _, line, child) in node.mods.iter().filter(|(_, public, ..)| *public) {
            self.named_module(*child, &below(path, name), &node.file, *line);
        }
        for one in node.scope.uses.iter().filter(|one| one.public) {
            self.veiled(one.hidden, |walk| walk.reexport(module, one, path));
        }
        self.inside.pop();
    }

    fn named_module(&mut self, module: usize, path: &Arc<str>, file: &Arc<str>, line: u32) {
        self.veiled(self.graph.nodes[module].hidden, |walk| {
            walk.push(path, ItemKind::Module, &signature::none(), None, file, line);
            walk.module(module, path);
        });
    }

    fn reexport(&mut self, module: usize, one: &'g Use, path: &Arc<str>) {
        let file = &self.graph.nodes[module].file;
        let targets = if one.path.len() == 1 && one.name.is_some() {
            let root = self.graph.roots.get(&one.path[0]);
            root.map(|root| Target::Module(*root)).into_iter().collect()
        } else {
            self.graph.lookup(module, &one.path, &mut self.known)
        };
        if targets.is_empty() {
            let written = one.path.join("::");
            let name = one.name.clone().unwrap_or_else(|| format!("{written}::*"));
            let signature = if one.name.is_none() {
                format!("{written}::*")
            } else {
                written
            };
            self.push(
                &below(path, &name),
                ItemKind::Reexport,
                &signature.into(),
                None,
                file,
                one.line,
            );
            return;
        }
        for target in targets {
            match (target, &one.name) {
                (Target::Module(other), None) => self.module(other, path),
                (Target::Module(other), Some(name)) => {
                    self.named_module(other, &below(path, name), file, one.line);
                }
                (Target::Item(at, number), Some(name)) => self.item(at, number, path, name),
                // The variants of an enum.
                (Target::Item(at, number), None) => {
                    let (graph, node) = (self.graph, &self.graph.nodes[at]);
                    for child in &graph.nodes[at].scope.defs[number].children {
                        let own = below(path, &child.name);
                        self.push(&own, child.kind, &child.signature, None, &node.file, child.line);
                    }
                }
            }
        }
    }

    /// Lists something that is left out of the documentation where `hidden` says so, or what it stands in is.
    fn veiled(&mut self, hidden: bool, list: impl FnOnce(&mut Self)) {
        let before = self.hidden;
        self.hidden |= hidden;
        list(self);
        self.hidden = before;
    }

    fn item(&mut self, at: usize, number: usize, path: &Arc<str>, name: &str) {
        let hidden = self.graph.nodes[at].scope.defs[number].hidden;
        self.veiled(hidden, |walk| walk.shown(at, number, path, name));
    }

    fn shown(&mut self, at: usize, number: usize, path: &Arc<str>, name: &str) {
        let target = Target::Item(at, number);
        let path = below(path, name);
        if !self.seen.insert((target, Arc::clone(&path), self.hidden)) {
            return;
        }
        let graph = self.graph;
        let node = &graph.nodes[at];
        let def = &node.scope.defs[number];
        self.push(
            &path,
            def.kind,
            &def.signature,
            def.closed.clone(),
            &node.file,
            def.line,
        );
        for child in &def.children {
            let own = below(&path, &child.name);
            self.push(&own, child.kind, &child.signature, None, &node.file, child.line);
        }
        for derived in &def.derives {
            self.push(&path, ItemKind::Implementation, derived, None, &node.file, def.line);
        }
        for (at, number) in self.impls.get(&target).into_iter().flatten() {
            let node = &graph.nodes[*at];
            let block = &node.scope.impls[*number];
            for child in &block.children {
                let own = below(&path, &child.name);
                self.veiled(child.hidden, |walk| {
                    walk.push(&own, child.kind, &child.signature, None, &node.file, child.line);
                });
            }
            if let Some((of, trait_path)) = &block.of
                && !graph.is_private(*at, trait_path, &mut self.known)
            {
                self.push(&path, ItemKind::Implementation, of, None, &node.file, block.line);
            }
        }
    }

    fn push(
        &mut self,
        path: &Arc<str>,
        kind: ItemKind,
        signature: &Arc<str>,
        closed: Option<Vec<String>>,
        file: &Arc<str>,
        line: u32,
    ) {
        self.items.push(Item {
            path: Arc::clone(path),
            kind,
            signature: Arc::clone(signature),
            closed,
            hidden: self.hidden,
            file: Arc::clone(file),
            line,
        });
    }

    fn finish(mut self) -> Vec<Item> {
        fn key(item: &Item) -> (&str, ItemKind, &str, bool, &str, u32) {
            (
                &item.path,
                item.kind,
                &item.signature,
                item.hidden,
                &item.file,
                item.line,
            )
        }
        self.items.sort_by(|a, b| key(a).cmp(&key(b)));
        self.items
            .dedup_by(|a, b| (&a.path, a.kind, &a.signature, &a.closed) == (&b.path, b.kind, &b.signature, &b.closed));
        self.items
    }
}
