//! What the code asks of the system: what is declared, and rules between its values.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use toml::Spanned;
use toml::de::DeValue;

use crate::report::Location;
use crate::rust::facts::UsedPath;

use super::known::{elements, table};
use super::problem::{Problem, shown};
use super::raw::{RawUse, RawUses};
use super::rule;
use super::rules::{Rules, text};
use super::section::section;

/// What the code is declared to use.
#[derive(Debug, Clone, Serialize)]
pub struct UsesPolicy {
    /// Names of the suites of tests that cover each path that is used.
    pub paths: BTreeMap<UsedPath, Vec<String>>,
    /// Where `[uses]` is declared.
    pub location: Location,
}

pub(super) fn convert(raw: Spanned<RawUses>, at: &impl Fn(Range<usize>) -> Location) -> UsesPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let declared = [
        (UsedPath::Env, raw.env),
        (UsedPath::Ffi, raw.ffi),
        (UsedPath::File, raw.file),
        (UsedPath::Net, raw.net),
        (UsedPath::Process, raw.process),
        (UsedPath::Thread, raw.thread),
    ];
    let paths = declared.into_iter().filter_map(|(path, declared)| match declared? {
        RawUse::Used(false) => None,
        RawUse::Used(true) => Some((path, vec![format!("runtime_paths_{}", path.name())])),
        RawUse::Suites(names) => Some((path, names)),
    });
    UsesPolicy {
        paths: paths.collect(),
        location,
    }
}

/// Suites that are named are declared.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let suites = elements(rules.file, &["suite", "test"]);
    let known: Vec<&str> = suites.iter().filter_map(|suite| Some(text(suite, "name")?.0)).collect();
    let mut problems = Vec::new();
    for (_, value) in table(rules.file, &["uses"]).into_iter().flat_map(|uses| uses.iter()) {
        let DeValue::Array(names) = value.get_ref() else {
            continue;
        };
        for name in names.iter() {
            let Some(text) = name.get_ref().as_str().filter(|name| !known.contains(name)) else {
                continue;
            };
            let message = format!(
                "`[uses]` names a suite of tests that is not declared: `{}`",
                shown(text)
            );
            let problem = Problem::new(name.span(), message).rule(&rule::UNDECLARED_NAME);
            problems.push(problem.help("declare it with `[[suite.test]]`, or name another"));
        }
    }
    problems
}

section!(UsesPolicy, "uses", uses: Option<UsesPolicy>);
