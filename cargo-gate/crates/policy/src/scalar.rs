//! Ranges of numbers, durations and text lengths: what is possible, and what is usual.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::de::{DeFloat, DeInteger};

use super::problem::{Oddity, Problem};
use super::{format, rule};

type Views<'a> = [&'a Map<String, Value>];

fn number(views: &Views<'_>, name: &str) -> Option<f64> {
    views.iter().find_map(|view| view.get(name))?.as_f64()
}

fn text<'a>(views: &Views<'a>, name: &str) -> Option<&'a str> {
    views.iter().find_map(|view| view.get(name))?.as_str()
}

/// Why a bound is one, appended to what to do.
fn because(views: &Views<'_>) -> String {
    text(views, "x-why").map_or_else(String::new, |why| format!(": {why}"))
}

/// A number as it is written, and its value where it has one.
pub(super) struct Number {
    text: String,
    value: Option<f64>,
}

impl Number {
    pub(super) fn integer(integer: &DeInteger<'_>) -> Self {
        let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        Self {
            text: integer.to_string(),
            value: value.map(|value| value as f64),
        }
    }

    pub(super) fn float(float: &DeFloat<'_>) -> Self {
        Self {
            text: float.to_string(),
            value: float.as_str().replace('_', "").parse().ok(),
        }
    }
}

/// Checks `minimum` and `maximum`.
pub(super) fn in_range(views: &Views<'_>, given: &Number, span: Range<usize>, subject: &str) -> Result<(), Problem> {
    let value = given.value;
    let (min, max) = (number(views, "minimum"), number(views, "maximum"));
    if value.is_some_and(|value| min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)) {
        return Ok(());
    }
    let usual = match (min, max) {
        (Some(min), Some(max)) if min == max => format!("write {min}"),
        (Some(min), Some(max)) => format!("write a number from {min} to {max}"),
        (Some(min), None) => format!("write {min} or more"),
        _ => "write a smaller number".into(),
    };
    let help = text(views, "x-help").map_or(usual, str::to_owned) + &because(views);
    Err(Problem::new(
        span,
        format!("{subject} is out of range: {}", super::problem::shown(&given.text)),
    )
    .rule(&rule::OUT_OF_RANGE)
    .help(help))
}

/// Checks `x-sane-min` and `x-sane-max`.
pub(super) fn odd_number(views: &Views<'_>, given: &Number, span: Range<usize>, subject: &str) -> Option<Oddity> {
    let value = given.value?;
    let (min, max) = (number(views, "x-sane-min"), number(views, "x-sane-max"));
    let message = if let Some(min) = min.filter(|min| value < *min) {
        format!("{subject} is {value}, below the usual minimum of {min}")
    } else {
        let max = max.filter(|max| value > *max)?;
        format!("{subject} is {value}, above the usual maximum of {max}")
    };
    let help = match (min, max) {
        (Some(min), Some(max)) => format!("write a number from {min} to {max}"),
        (Some(min), None) => format!("write {min} or more"),
        (_, max) => format!("write {} or less", max.unwrap_or_default()),
    } + &because(views);
    Some(Oddity { message, help, span })
}

/// Checks `x-min` and `x-max` of a duration, then `x-sane-min` and `x-sane-max`.
pub(super) fn duration(
    views: &Views<'_>,
    value: &str,
    span: Range<usize>,
    subject: &str,
) -> Result<Option<Oddity>, Problem> {
    let bound = |name| text(views, name).and_then(|text| Some((text, format::duration(text)?)));
    let Some(duration) = format::duration(value) else {
        return Ok(None);
    };
    let outside = |min, max| {
        let short = bound(min)
            .filter(|(_, min)| duration < *min)
            .map(|(min, _)| ("shorter", min));
        short.or_else(|| {
            bound(max)
                .filter(|(_, max)| duration > *max)
                .map(|(max, _)| ("longer", max))
        })
    };
    let between = |min, max| {
        format!(
            "write a duration from \"{}\" to \"{}\"",
            text(views, min).unwrap_or("0s"),
            max
        )
    };
    if let Some((how, limit)) = outside("x-min", "x-max") {
        let max = text(views, "x-max").unwrap_or(limit);
        let problem = Problem::new(span, format!("{subject} is {value}, {how} than the limit of {limit}"))
            .rule(&rule::OUT_OF_RANGE);
        return Err(problem.help(between("x-min", max) + &because(views)));
    }
    Ok(outside("x-sane-min", "x-sane-max").map(|(how, limit)| Oddity {
        message: format!("{subject} is {value}, {how} than the usual {limit}"),
        help: between("x-sane-min", text(views, "x-sane-max").unwrap_or(limit)) + &because(views),
        span,
    }))
}

/// Checks `minLength` and `maxLength`, counted in characters.
pub(super) fn length(views: &Views<'_>, value: &str, span: Range<usize>, subject: &str) -> Result<(), Problem> {
    let count = value.chars().count() as f64;
    if number(views, "minLength").is_some_and(|min| count < min) {
        return Err(Problem::new(span, format!("{subject} is empty"))
            .rule(&rule::EMPTY_TEXT)
            .help("fill it in, or remove the line"));
    }
    if let Some(max) = number(views, "maxLength").filter(|max| count > *max) {
        let problem =
            Problem::new(span, format!("{subject} is too long: {count} characters")).rule(&rule::TEXT_TOO_LONG);
        return Err(problem.help(format!("write at most {max} characters")));
    }
    Ok(())
}
