//! Record sets: every field comes from somewhere, and that is described.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::croissant::{Croissant, bare, id, list, term};
use crate::rows::Format;
use crate::run::Run;
use crate::verdict::{Problem, fail};

pub(super) fn check(run: &Run<'_>, croissant: &Croissant, value: &Value) -> Vec<Problem> {
    let sets = term(value, "recordSet").map(list).unwrap_or_default();
    let resources = croissant.resources.iter().map(|resource| resource.id.as_str());
    let mut all: Vec<&str> = resources.chain(sets.iter().filter_map(id)).collect();
    for set in sets {
        each(set, &mut |field| all.extend(id(field)));
    }
    let mut problems = Vec::new();
    all.sort_unstable();
    let twice = all.windows(2).find(|pair| pair[0] == pair[1] && !pair[0].is_empty());
    problems.extend(twice.map(|pair| fail(format!("the id `{}` stands twice", pair[0]))));
    let mut columns = BTreeMap::new();
    for set in sets {
        let name = id(set).unwrap_or("without an id");
        if let Some(wrong) = not_a("RecordSet", set) {
            problems.push(fail(format!(
                "the record set `{name}` has the type {wrong}, not cr:RecordSet"
            )));
        }
        let data = term(set, "data");
        if data.is_some_and(|data| list(data).is_empty()) {
            problems.push(fail(format!("the record set `{name}` has no records")));
        }
        if let Some([one, other]) = apart(croissant, set) {
            let what = "and no field has references that join them";
            problems.push(fail(format!(
                "the record set `{name}` has fields of `{one}` and `{other}`, {what}"
            )));
        }
        each(set, &mut |field| {
            let name = id(field).unwrap_or("without an id");
            if let Some(wrong) = not_a("Field", field) {
                problems.push(fail(format!("the field `{name}` has the type {wrong}, not cr:Field")));
            }
            let has_parts = ["subField", "value", "references"]
                .iter()
                .any(|part| term(field, part).is_some());
            let source = term(field, "source");
            if source.is_none() && data.is_none() && !has_parts {
                problems.push(fail(format!("the field `{name}` has no source")));
            }
            for reference in ["source", "references"] {
                let sources = term(field, reference).map(list).unwrap_or_default();
                let why = sources.iter().find_map(|one| unknown(&all, one));
                problems.extend(why.map(|why| fail(format!("the {reference} of the field `{name}` {why}"))));
            }
            problems.extend(shape(field).map(|what| fail(format!("the field `{name}` has {what}"))));
            let gone = source.and_then(|source| column(run, croissant, source, &mut columns));
            problems.extend(gone.map(|gone| fail(format!("the field `{name}` is the {gone}"))));
        });
    }
    problems
}

/// Hands out every field of a record set, with those inside other fields.
fn each<'v>(parent: &'v Value, take: &mut dyn FnMut(&'v Value)) {
    for name in ["field", "subField"] {
        for field in term(parent, name).map(list).unwrap_or_default() {
            take(field);
            each(field, take);
        }
    }
}

/// The type of a node, where it is another one. Nested fields may leave it out.
fn not_a<'v>(wanted: &str, node: &'v Value) -> Option<&'v Value> {
    let types = node.get("@type")?;
    let fits = list(types).iter().any(|one| one.as_str().map(bare) == Some(wanted));
    (!fits).then_some(types)
}

/// Why a source leads nowhere. `all` are the ids of the description, sorted.
fn unknown(all: &[&str], source: &Value) -> Option<String> {
    const NAMES: &[&str] = &["fileObject", "fileSet", "distribution", "recordSet", "field"];
    let named = NAMES
        .iter()
        .filter_map(|name| term(source, name))
        .flat_map(list)
        .filter_map(id);
    let ids: Vec<&str> = named.chain(id(source)).collect();
    let gone = ids.iter().find(|id| all.binary_search(id).is_err());
    match gone {
        Some(id) => Some(format!("is `{id}`, which is not described")),
        None => ids
            .is_empty()
            .then(|| "is not a file, a file set, a record set or a field".to_owned()),
    }
}

/// Files of one record set that nothing joins.
fn apart<'v>(croissant: &Croissant, set: &'v Value) -> Option<[&'v str; 2]> {
    let mut sources = BTreeSet::new();
    let mut joins = false;
    each(set, &mut |field| {
        joins |= term(field, "references").is_some();
        let source = term(field, "source");
        let named = ["fileObject", "fileSet", "distribution"]
            .into_iter()
            .filter_map(|name| id(term(source?, name)?));
        sources.extend(named.filter(|id| croissant.resource(id).is_some()));
    });
    let mut sources = sources.into_iter();
    match (joins, sources.next(), sources.next()) {
        (false, Some(one), Some(other)) => Some([one, other]),
        _ => None,
    }
}

/// What is wrong with the shape of an array.
fn shape(field: &Value) -> Option<&'static str> {
    let shape = term(field, "arrayShape")?;
    let is_shape = |text: &str| {
        text.trim_end_matches(',')
            .split(',')
            .all(|part| part.trim().parse::<i64>().is_ok())
    };
    if term(field, "isArray") != Some(&Value::Bool(true)) {
        Some("an arrayShape and is not an array")
    } else if !shape.as_str().is_some_and(is_shape) {
        Some("an arrayShape other than a list of numbers")
    } else {
        None
    }
}

/// A column that a field is taken from and that its table, where it can be read here, does not have.
fn column(
    run: &Run<'_>,
    croissant: &Croissant,
    source: &Value,
    known: &mut BTreeMap<String, Option<Vec<String>>>,
) -> Option<String> {
    let column = term(term(source, "extract")?, "column")?.as_str()?;
    let resource = croissant.resource(id(term(source, "fileObject")?)?)?;
    let file = resource.file.as_ref()?;
    let headers = known.entry(file.clone()).or_insert_with(|| {
        let path = run.directory.root.join(file);
        matches!(Format::of(file), Some(Format::Table(_)))
            .then(|| crate::rows::headers(&path).ok())
            .flatten()
    });
    let missing = headers
        .as_ref()
        .is_some_and(|headers| !headers.iter().any(|one| one == column));
    missing.then(|| format!("column `{column}`, which `{file}` does not have"))
}
