//! Values of the typed file: what was text becomes a duration, a day or a command. They were validated before; what still
//! fails is reported rather than trusted.

use std::ops::Range;
use std::time::Duration;

use jiff::civil::Date;

use super::problem::Problem;
use super::raw::{RawCommand, RawDate};
use super::{format, rule};

/// A section of the policy, or the value that could not be understood.
pub(super) type Converted<T> = Result<T, Problem>;

/// Files of one version are understood.
pub(super) fn version(version: u32) -> Converted<()> {
    if version == 1 {
        return Ok(());
    }
    let message = format!("a file of version {version} is not understood");
    Err(Problem::new(0..0, message)
        .rule(&rule::OUT_OF_RANGE)
        .help("write `version = 1`; a later format needs a later cargo-gate"))
}

pub(super) fn duration(text: &str, span: &Range<usize>) -> Converted<Duration> {
    format::duration(text)
        .ok_or_else(|| Problem::new(span.clone(), "a duration is not understood").rule(&rule::MALFORMED_DURATION))
}

pub(super) fn day(date: &RawDate, span: &Range<usize>) -> Converted<Date> {
    date.day()
        .ok_or_else(|| Problem::new(span.clone(), "a day is not understood").rule(&rule::MALFORMED_DATE))
}

pub(super) fn command(raw: &RawCommand, span: &Range<usize>) -> Converted<Vec<String>> {
    match raw {
        RawCommand::Words(words) => Ok(words.clone()),
        RawCommand::Line(line) => format::command_line(line)
            .map_err(|error| Problem::new(span.clone(), error.message).rule(&rule::MALFORMED_COMMAND)),
    }
}
