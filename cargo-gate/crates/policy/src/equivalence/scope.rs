//! The scope as the file has it, before it is known to be right.

use gate_equivalence::scope::{Axis, AxisValue, OneOrMore, Part, Scope};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::tables::{tables_of, text};

/// A whole number or a word.
pub(super) fn value(value: &DeValue<'_>) -> Option<AxisValue> {
    match value {
        DeValue::String(word) => Some(AxisValue::Word(word.to_string())),
        DeValue::Integer(number) => number_of(value).map(AxisValue::Number).or_else(|| {
            // Too large for a number, which the walk says.
            let _ = number;
            None
        }),
        _ => None,
    }
}

/// A whole number.
pub(super) fn number_of(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// The axes of a suite.
pub(super) fn axes(suite: &DeTable<'_>) -> Vec<Axis> {
    let axis = |(axis, _): (&DeTable<'_>, _)| {
        let values = axis.get("values")?.get_ref().as_array()?;
        Some(Axis {
            name: text(axis, "name")?.0.to_owned(),
            values: values.iter().filter_map(|item| value(item.get_ref())).collect(),
        })
    };
    tables_of(suite, "axis").filter_map(axis).collect()
}

/// Values of axes; `None` where something is neither a number nor a word.
pub(super) fn part(table: &DeTable<'_>) -> Part {
    let one = |(key, found): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        let values = match found.get_ref() {
            DeValue::Array(items) => OneOrMore::Any(items.iter().filter_map(|item| value(item.get_ref())).collect()),
            other => OneOrMore::One(value(other)?),
        };
        Some((key.to_string(), values))
    };
    table.iter().filter_map(one).collect()
}

/// The scope of a suite.
pub(super) fn scope(suite: &DeTable<'_>) -> Scope {
    let strength = suite.get("strength").and_then(|value| number_of(value.get_ref()));
    let parts = |key: &str| {
        let tables = tables_of(suite, key);
        tables.filter_map(|(table, _)| table.get("cells")?.get_ref().as_table().map(part))
    };
    Scope {
        version: 1,
        axes: axes(suite),
        strength: strength
            .and_then(|strength| usize::try_from(strength).ok())
            .unwrap_or(2),
        corners: tables_of(suite, "corners").map(|(table, _)| part(table)).collect(),
        excluded: parts("exclude").collect(),
    }
}
