//! One table of a policy and its base: tables merge by key, lists of tables append, and everything else is the policy's own
//! where it has it.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// The keys by which an entry of a list replaces the one of the base.
const NAMES: [&str; 2] = ["name", "id"];

/// Adds to a table what its base has.
pub(super) fn merge<'i>(own: &mut DeTable<'i>, base: DeTable<'i>) {
    for (key, inherited) in base {
        let Some(value) = own.get_mut(key.get_ref().as_ref()) else {
            own.insert(key, inherited);
            continue;
        };
        let span = inherited.span();
        match (value.get_mut(), inherited.into_inner()) {
            (DeValue::Table(table), DeValue::Table(inherited)) => {
                // A header above nothing but tables says nothing itself: the section stands where its values do.
                let says = table.values().any(|value| !is_tables(value.get_ref()));
                merge(table, inherited);
                if !says {
                    let table = std::mem::replace(table, DeTable::new());
                    *value = Spanned::new(span, DeValue::Table(table));
                }
            }
            (DeValue::Array(entries), DeValue::Array(inherited)) if is_list(entries) && is_list(&inherited) => {
                *entries = appended(entries, &inherited);
            }
            _ => {}
        }
    }
}

/// The entries of the base that no entry replaces, and then the policy's own.
fn appended<'i>(own: &DeArray<'i>, base: &DeArray<'i>) -> DeArray<'i> {
    let names: Vec<(&str, String)> = own.iter().filter_map(|entry| name(entry.get_ref())).collect();
    let kept = |entry: &&Spanned<DeValue<'i>>| name(entry.get_ref()).is_none_or(|name| !names.contains(&name));
    let mut all = DeArray::new();
    for entry in base.iter().filter(kept).chain(own.iter()) {
        all.push(entry.clone());
    }
    all
}

/// The key that names an entry, and its name.
fn name(entry: &DeValue<'_>) -> Option<(&'static str, String)> {
    let table = entry.as_table()?;
    NAMES
        .iter()
        .find_map(|key| Some((*key, table.get(*key)?.get_ref().as_str()?.to_owned())))
}

fn is_list(array: &DeArray<'_>) -> bool {
    !array.is_empty() && array.iter().all(|entry| entry.get_ref().as_table().is_some())
}

fn is_tables(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(_) => true,
        DeValue::Array(array) => is_list(array),
        _ => false,
    }
}
