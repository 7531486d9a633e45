//! Rows: columns, number, order, and then values.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::difference::{Compared, Difference};
use super::matching::{MOST, partners};
use super::order::by_key;
use crate::decimal::Decimal;
use crate::dtype::Dtype;
use crate::output::{Rows, Value};
use crate::rule::{ColumnRule, Kind, RowOrder, Rules, Ties, Tolerance};

/// A column that both sides have.
struct Column {
    name: String,
    found: usize,
    expected: usize,
    kind: Kind,
    tolerance: Tolerance,
    /// Column of the reference with the magnitudes of sums.
    magnitude: Option<usize>,
}

type Row = Vec<Value>;

pub(super) fn compare(rules: &Rules, found: &Rows, expected: &Rows) -> Result<Compared, String> {
    let mut compared = Compared::default();
    let columns = columns(rules, found, expected, &mut compared)?;
    if compared.count > 0 {
        return Ok(compared);
    }
    if rules.order == RowOrder::Sorted {
        for (rows, whose) in [(expected, "the reference"), (found, "the output")] {
            sorted(rules, rows, whose, &mut compared)?;
        }
    }
    let one_by_one = match rules.order {
        RowOrder::Ordered => true,
        RowOrder::Sorted => rules.ties == Ties::Stable,
        RowOrder::Multiset | RowOrder::Set => false,
    };
    if !one_by_one {
        return grouped(rules, &columns, found, expected, compared);
    }
    for (at, (here, there)) in found.rows.iter().zip(&expected.rows).enumerate() {
        row(&columns, here, there, at, &mut compared);
    }
    if found.rows.len() != expected.rows.len() {
        let count = |rows: &Rows| format!("{} rows", rows.rows.len());
        compared.differ(|| Difference::new("the number of rows", count(found), count(expected)));
    }
    Ok(compared)
}

/// The columns of the reference, each with its rule. What only one side has is a difference.
fn columns(rules: &Rules, found: &Rows, expected: &Rows, compared: &mut Compared) -> Result<Vec<Column>, String> {
    let magnitudes: Vec<&str> = rules.magnitudes().collect();
    let mut columns = Vec::new();
    for (at, name) in expected.columns.iter().enumerate() {
        // Magnitudes are of the bound, and no result.
        if magnitudes.contains(&name.as_str()) {
            continue;
        }
        let Some(here) = found.columns.iter().position(|other| other == name) else {
            // Rows that are not there have no keys either.
            if !found.rows.is_empty() {
                compared.differ(|| Difference::new(format!("column `{name}`"), "missing", "a column"));
            }
            continue;
        };
        let rule: ColumnRule = rules.column(name);
        let tolerance = Tolerance::of(&rule, rule.dtype.unwrap_or(Dtype::F64));
        let magnitude = match rule.reduction.as_ref().filter(|_| tolerance.sum > 0.0) {
            None => None,
            Some(reduction) => {
                let name = &reduction.magnitude;
                let place = expected.columns.iter().position(|other| other == name);
                Some(place.ok_or_else(|| format!("the reference has no column `{name}` with the magnitudes"))?)
            }
        };
        columns.push(Column {
            name: name.clone(),
            found: here,
            expected: at,
            kind: rule.kind,
            tolerance,
            magnitude,
        });
    }
    for name in &found.columns {
        if !expected.columns.contains(name) && !expected.rows.is_empty() && !magnitudes.contains(&name.as_str()) {
            compared.differ(|| Difference::new(format!("column `{name}`"), "a column", "missing"));
        }
    }
    Ok(columns)
}

/// Whether rows stand as the keys say.
fn sorted(rules: &Rules, rows: &Rows, whose: &str, compared: &mut Compared) -> Result<(), String> {
    let places = key_places(rules, rows)?;
    for (at, pair) in rows.rows.windows(2).enumerate() {
        if by_keys(rules, &places, &pair[0], &pair[1]) == Ordering::Greater {
            let key = |row: &Row| {
                places
                    .iter()
                    .filter_map(|place| row.get(*place))
                    .map(Value::shown)
                    .collect::<Vec<_>>()
            };
            let place = format!("the order of rows {} and {} of {whose}", at + 1, at + 2);
            compared.differ(|| {
                let shown = key(&pair[0]).join(", ");
                Difference::new(
                    place,
                    format!("{shown} before {}", key(&pair[1]).join(", ")),
                    "ascending keys",
                )
            });
        }
    }
    Ok(())
}

fn key_places(rules: &Rules, rows: &Rows) -> Result<Vec<usize>, String> {
    let place = |name: &String| rows.columns.iter().position(|column| column == name);
    let places = rules.keys.iter().map(|key| {
        let missing = || format!("there is no column `{}`, by which rows are sorted", key.column);
        if rows.rows.is_empty() {
            Ok(0)
        } else {
            place(&key.column).ok_or_else(missing)
        }
    });
    places.collect()
}

fn by_keys(rules: &Rules, places: &[usize], a: &Row, b: &Row) -> Ordering {
    let keys = rules.keys.iter().zip(places);
    keys.map(|(key, place)| match (a.get(*place), b.get(*place)) {
        (Some(a), Some(b)) => by_key(key, a, b),
        _ => Ordering::Equal,
    })
    .find(|order| *order != Ordering::Equal)
    .unwrap_or(Ordering::Equal)
}

fn row(columns: &[Column], found: &Row, expected: &Row, at: usize, compared: &mut Compared) {
    for column in columns {
        let (a, b) = (&found[column.found], &expected[column.expected]);
        let (same, apart) = same(column, a, b, expected);
        compared.apart(apart);
        if !same {
            let place = || format!("row {}, column `{}`", at + 1, column.name);
            compared.differ(|| Difference::new(place(), a.shown(), b.shown()));
        }
    }
}

/// Whether two values are the same under the rule of their column, and how many ULP apart.
fn same(column: &Column, found: &Value, expected: &Value, row: &Row) -> (bool, Option<u64>) {
    let text = |value: &Value| match value {
        Value::Number(text) | Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    match column.kind {
        Kind::Exact => (found == expected, None),
        Kind::Decimal => {
            let number = |value: &Value| text(value).as_deref().and_then(Decimal::parse);
            match (number(found), number(expected)) {
                (Some(a), Some(b)) => (a == b, None),
                _ => (found == expected, None),
            }
        }
        Kind::Float => {
            let bits = |value: &Value| text(value).and_then(|text| float_bits(&text, column.tolerance.dtype));
            let magnitude = column
                .magnitude
                .and_then(|place| text(row.get(place)?)?.parse::<f64>().ok());
            match (bits(found), bits(expected)) {
                (Some(a), Some(b)) => column.tolerance.accepts(a, b, magnitude.unwrap_or(0.0)),
                _ => (found == expected, None),
            }
        }
    }
}

/// The bits of the nearest number of a type.
pub(crate) fn float_bits(text: &str, dtype: Dtype) -> Option<u64> {
    match dtype {
        Dtype::F32 => text.parse::<f32>().ok().map(|number| u64::from(number.to_bits())),
        _ => text.parse::<f64>().ok().map(f64::to_bits),
    }
}

/// Rows whose order means nothing, or nothing among equal keys. Those whose exact columns are the same are matched within their
/// tolerance.
fn grouped(
    rules: &Rules,
    columns: &[Column],
    found: &Rows,
    expected: &Rows,
    mut compared: Compared,
) -> Result<Compared, String> {
    let set = rules.order == RowOrder::Set;
    let ours = by_exact(columns, found, |column| column.found);
    let theirs = by_exact(columns, expected, |column| column.expected);
    let keys: std::collections::BTreeSet<&Vec<Value>> = ours.keys().chain(theirs.keys()).collect();
    for key in keys {
        let none = Vec::new();
        let (here, there) = (ours.get(key).unwrap_or(&none), theirs.get(key).unwrap_or(&none));
        let shown = |rows: &Rows, at: usize| {
            let values: Vec<String> = rows.rows[at].iter().map(Value::shown).collect();
            values.join(", ")
        };
        let fits = |a: usize, b: usize| {
            let (a, b) = (&found.rows[a], &expected.rows[b]);
            columns
                .iter()
                .all(|column| same(column, &a[column.found], &b[column.expected], b).0)
        };
        let exact = columns.iter().all(|column| column.kind != Kind::Float);
        let (lost, extra): (Vec<usize>, Vec<usize>) = if exact {
            let common = if set {
                here.len().min(1).min(there.len())
            } else {
                here.len().min(there.len())
            };
            let rest = |rows: &[usize]| {
                let enough = set && common > 0;
                if enough { Vec::new() } else { rows[common..].to_vec() }
            };
            (rest(there), rest(here))
        } else if set {
            if here.len().saturating_mul(there.len()) > MOST * MOST {
                return Err(too_many(here.len().max(there.len())));
            }
            let lost = there.iter().filter(|b| !here.iter().any(|a| fits(*a, **b)));
            let extra = here.iter().filter(|a| !there.iter().any(|b| fits(**a, *b)));
            (lost.copied().collect(), extra.copied().collect())
        } else {
            let count = here.len().max(there.len());
            if count > MOST {
                return Err(too_many(count));
            }
            let partners = partners(count, |a, b| match (here.get(a), there.get(b)) {
                (Some(a), Some(b)) => fits(*a, *b),
                _ => false,
            });
            let matched: Vec<usize> = partners.iter().flatten().copied().collect();
            for (a, b) in partners.iter().enumerate() {
                if let Some(b) = b {
                    let (a, b) = (&found.rows[here[a]], &expected.rows[there[*b]]);
                    for column in columns {
                        compared.apart(same(column, &a[column.found], &b[column.expected], b).1);
                    }
                }
            }
            let lost = (0..there.len()).filter(|at| !matched.contains(at)).map(|at| there[at]);
            let extra = (0..here.len()).filter(|at| partners[*at].is_none()).map(|at| here[at]);
            (lost.collect(), extra.collect())
        };
        for at in lost {
            let place = format!("row {} of the reference", at + 1);
            compared.differ(|| Difference::new(place, "no such row", shown(expected, at)));
        }
        for at in extra {
            let place = format!("row {}", at + 1);
            compared.differ(|| Difference::new(place, shown(found, at), "no such row"));
        }
    }
    Ok(compared)
}

fn too_many(count: usize) -> String {
    format!(
        "{count} rows have the same exact values, and at most {MOST} are matched within a tolerance: give rows a key that is exact"
    )
}

/// Places of rows by the values of their exact columns; decimals by what they are.
fn by_exact(columns: &[Column], rows: &Rows, place: impl Fn(&Column) -> usize) -> BTreeMap<Vec<Value>, Vec<usize>> {
    let mut groups: BTreeMap<Vec<Value>, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.rows.iter().enumerate() {
        let exact = columns.iter().filter(|column| column.kind != Kind::Float);
        let key = exact.map(|column| canonical(column, &row[place(column)])).collect();
        groups.entry(key).or_default().push(at);
    }
    groups
}

/// A value so that it equals what it is the same as under its rule.
fn canonical(column: &Column, value: &Value) -> Value {
    match (column.kind, value) {
        (Kind::Decimal, Value::Number(text) | Value::Text(text)) => {
            let number = Decimal::parse(text);
            number.map_or_else(|| value.clone(), |number| Value::Number(number.canonical()))
        }
        _ => value.clone(),
    }
}
