//! Two interfaces of one library, item by item.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::{Item, ItemKind};

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// It is new.
    Added,
    /// Its signature is another one.
    Changed,
    /// It asks for more: a variant, a field or a required item came to those that users name completely, or they
    /// cannot be named completely any more.
    Narrowed,
    /// It cannot be reached any more.
    Removed,
}

/// One difference between two interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Path of the item; several paths of one item are one change, at the shortest.
    pub path: String,
    /// What it is, or was.
    pub kind: ItemKind,
    /// What happened.
    pub difference: Difference,
    /// Its signature before; of an implementation the trait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its signature now; of [`Difference::Narrowed`] what came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// File in which it is, or was.
    pub file: String,
    /// Line there; of [`Difference::Removed`] that of the reference.
    pub line: u32,
}

impl Change {
    /// Whether code that used the item may have to change.
    pub fn breaks(&self) -> bool {
        self.difference != Difference::Added
    }
}

type Key<'i> = (&'i str, ItemKind);

/// Items by path and kind; all traits of a type are together, and so are the versions of an item for several platforms.
fn by_key<'i>(items: impl IntoIterator<Item = &'i Item>) -> BTreeMap<Key<'i>, Vec<&'i Item>> {
    let mut found: BTreeMap<Key<'i>, Vec<&'i Item>> = BTreeMap::new();
    for item in items {
        found.entry((&item.path, item.kind)).or_default().push(item);
    }
    found
}

/// What differs, sorted by path, kind and difference.
pub fn compare(before: &[Item], after: &[Item]) -> Vec<Change> {
    // What is hidden by now has not gone away, and what was hidden was no promise.
    let old = by_key(before.iter().filter(|item| !item.hidden));
    let new = by_key(after);
    let mut changes = Vec::new();
    for (key, items) in &old {
        match new.get(key) {
            Some(now) if key.1 == ItemKind::Implementation => traits(items, now, &mut changes),
            Some(now) => {
                changed(items, now, &mut changes);
                narrowed(items, now, &mut changes);
            }
            None => gone(key, items, &old, &new, &mut changes),
        }
    }
    for (key, items) in new
        .iter()
        .filter(|(key, items)| !old.contains_key(*key) && items.iter().any(|item| !item.hidden))
    {
        if key.1 == ItemKind::Implementation {
            if old.keys().any(|(path, _)| *path == key.0) {
                traits(&[], items, &mut changes);
            }
        } else if !has_path(&old, key.0) && parent(key.0).is_none_or(|parent| has_path(&old, parent)) {
            changes.push(change(
                items[0],
                Difference::Added,
                None,
                Some(items[0].signature.to_string()),
            ));
        }
    }
    once(changes)
}

fn has_path(items: &BTreeMap<Key<'_>, Vec<&Item>>, path: &str) -> bool {
    items
        .range((path, ItemKind::Module)..)
        .next()
        .is_some_and(|((found, _), _)| *found == path)
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once("::").map(|(parent, _)| parent)
}

fn change(item: &Item, difference: Difference, before: Option<String>, after: Option<String>) -> Change {
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    Change {
        path: item.path.to_string(),
        kind: item.kind,
        difference,
        before: filled(before),
        after: filled(after),
        file: item.file.to_string(),
        line: item.line,
    }
}

fn traits(before: &[&Item], after: &[&Item], changes: &mut Vec<Change>) {
    let names =
        |items: &[&Item]| -> BTreeSet<Arc<str>> { items.iter().map(|item| Arc::clone(&item.signature)).collect() };
    let (had, has) = (names(before), names(after));
    for item in before.iter().filter(|item| !has.contains(&item.signature)) {
        changes.push(change(
            item,
            Difference::Removed,
            Some(item.signature.to_string()),
            None,
        ));
    }
    let fresh = |item: &&&Item| !item.hidden && !had.contains(&item.signature);
    for item in after.iter().filter(fresh) {
        changes.push(change(item, Difference::Added, None, Some(item.signature.to_string())));
    }
}

fn changed(before: &[&Item], after: &[&Item], changes: &mut Vec<Change>) {
    // What became callable in constants is still callable elsewhere.
    let kept = |was: &&&Item| {
        after
            .iter()
            .any(|is| is.signature == was.signature || is.signature.strip_prefix("const ") == Some(&*was.signature))
    };
    let lost: Vec<&&Item> = before.iter().filter(|was| !kept(was)).collect();
    let Some(first) = lost.first() else { return };
    let fresh = |is: &&&Item| !before.iter().any(|was| was.signature == is.signature);
    let now: Vec<&str> = after.iter().filter(fresh).map(|item| &*item.signature).collect();
    let was: Vec<&str> = lost.iter().map(|item| &*item.signature).collect();
    let at = after.iter().find(fresh).unwrap_or(&after[0]);
    let difference = Difference::Changed;
    changes.push(Change {
        kind: first.kind,
        ..change(at, difference, Some(was.join(" | ")), Some(now.join(" | ")))
    });
}

fn narrowed(before: &[&Item], after: &[&Item], changes: &mut Vec<Change>) {
    // Where an item is written once per platform, only what all of them promise is a promise.
    let names = |items: &[&Item]| {
        let closed: Option<Vec<&Vec<String>>> = items.iter().map(|item| item.closed.as_ref()).collect();
        closed.map(|names| names.into_iter().flatten().cloned().collect::<BTreeSet<String>>())
    };
    let Some(had) = names(before) else { return };
    let words = match names(after) {
        None => "more than is named".to_owned(),
        Some(has) => {
            let came: Vec<String> = has.difference(&had).map(|name| format!("`{name}`")).collect();
            if came.is_empty() {
                return;
            }
            came.join(", ")
        }
    };
    changes.push(change(after[0], Difference::Narrowed, None, Some(words)));
}

fn gone(
    key: &Key<'_>,
    items: &[&Item],
    old: &BTreeMap<Key<'_>, Vec<&Item>>,
    new: &BTreeMap<Key<'_>, Vec<&Item>>,
    changes: &mut Vec<Change>,
) {
    let (path, kind) = *key;
    // What stands under a path that is gone, or that another crate answers for now, goes with it.
    let mut above = parent(path);
    while let Some(one) = above {
        if (old.contains_key(&(one, ItemKind::Module)) || has_path(old, one))
            && (!has_path(new, one) || new.contains_key(&(one, ItemKind::Reexport)))
        {
            return;
        }
        above = parent(one);
    }
    if kind == ItemKind::Implementation {
        if has_path(new, path) && !new.contains_key(&(path, ItemKind::Reexport)) {
            traits(items, &[], changes);
        }
        return;
    }
    let other = new
        .range((path, ItemKind::Module)..)
        .take_while(|((found, _), _)| *found == path);
    let other = other
        .map(|(_, items)| items[0])
        .find(|item| item.kind != ItemKind::Implementation && !old.contains_key(&(path, item.kind)));
    match other {
        Some(now) => changes.push(Change {
            kind,
            ..change(
                now,
                Difference::Changed,
                Some(format!("{} {}", kind.word(), items[0].signature).trim_end().to_owned()),
                Some(format!("{} {}", now.kind.word(), now.signature).trim_end().to_owned()),
            )
        }),
        None => changes.push(change(
            items[0],
            Difference::Removed,
            Some(items[0].signature.to_string()),
            None,
        )),
    }
}

/// One change for all paths of one item: the shortest, and of those the first.
fn once(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_cached_key(|change| (change.path.matches("::").count(), change.path.clone()));
    let mut seen = BTreeSet::new();
    changes.retain(|change| {
        seen.insert((
            change.file.clone(),
            change.line,
            change.kind,
            change.difference,
            change.before.clone(),
            change.after.clone(),
            change.path.rsplit("::").next().map(str::to_owned),
        ))
    });
    changes.sort_by_cached_key(|change| {
        (
            change.path.clone(),
            change.kind,
            change.difference,
            change.before.clone(),
        )
    });
    changes
}
