//! `approvals` of `[decisions]` and `[waivers]`: no more than there are different keys, each declared once.

use std::collections::BTreeSet;
use std::ops::Range;

use super::authority::public_key;
use super::problem::{Oddity, Problem};
use super::rule;
use super::rules::Rules;
use super::tables::{table, texts};

/// The tables with approvals, and the key that holds whose they are.
const TABLES: [(&str, &str); 2] = [("decisions", "authorities"), ("waivers", "keys")];

/// The lines of a list whose key stands in it for the first time, and those that repeat one. What is no key is spoken of elsewhere.
fn parted(rules: &Rules<'_>, section: &str, key: &str) -> (usize, Vec<Range<usize>>) {
    let mut seen = BTreeSet::new();
    let mut different = 0;
    let mut repeated = Vec::new();
    for (line, span) in table(rules.file, &[section])
        .into_iter()
        .flat_map(|table| texts(table, key))
    {
        if public_key(line).is_ok_and(|key| !seen.insert(key)) {
            repeated.push(span);
        } else {
            different += 1;
        }
    }
    (different, repeated)
}

/// More approvals than anybody can give.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let too_many = |(section, list): (&str, &str)| {
        let value = table(rules.file, &[section])?.get("approvals")?;
        let asked: usize = value.get_ref().as_integer()?.as_str().parse().ok()?;
        let (different, _) = parted(rules, section, list);
        if asked <= different {
            return None;
        }
        let noun = if different == 1 { "key" } else { "different keys" };
        let message = format!("`approvals` is {asked}, but `{list}` has {different} {noun}");
        let help = match different {
            0 => format!("add keys to `{list}`, or remove the line"),
            _ => format!("add a key to `{list}`, or write `approvals = {different}`"),
        };
        let problem = Problem::new(value.span(), message);
        Some(problem.rule(&rule::APPROVALS_WITHOUT_KEYS).help(help))
    };
    TABLES.into_iter().filter_map(too_many).collect()
}

/// Keys that are listed twice, perhaps under two names.
pub(super) fn oddities(rules: &Rules<'_>) -> Vec<Oddity> {
    let repeated = |(section, list): (&str, &str)| {
        let (_, repeated) = parted(rules, section, list);
        let oddity = move |span| Oddity {
            message: format!("`{list}` of `[{section}]` lists this key twice; it counts as one"),
            help: "remove the line, or paste the key of another person".into(),
            span,
        };
        repeated.into_iter().map(oddity).collect::<Vec<_>>()
    };
    TABLES.into_iter().flat_map(repeated).collect()
}
