//! `[conformance]`: which test suites show which operators on which backend.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::report::Location;

use super::known::{elements, table};
use super::pattern;
use super::problem::{Problem, shown};
use super::raw::RawConformance;
use super::rule;
use super::rules::{Rules, text};
use super::section::section;
use super::suggest::similar;

/// The conformance matrix.
#[derive(Debug, Clone, Serialize)]
pub struct ConformancePolicy {
    /// Profiles of continuous integration, each of which needs a required row.
    pub profiles: Vec<String>,
    /// Backends in the order of the file.
    pub backends: Vec<ConformanceBackend>,
    /// Rows in the order of the file.
    pub rows: Vec<ConformanceRow>,
    /// Where `[conformance]` is declared.
    pub location: Location,
}

/// A backend with its scope.
#[derive(Debug, Clone, Serialize)]
pub struct ConformanceBackend {
    /// Its name.
    pub name: String,
    /// Operators that it supports.
    pub supported: Vec<String>,
    /// Operators that it does not support.
    pub deferred: Vec<DeferredOperator>,
    /// Least share of the supported operators that tests show, in per cent.
    pub minimum_coverage: u32,
    /// Supported operators that no test shows yet.
    pub allowed_gaps: Vec<String>,
    /// Where it is declared.
    pub location: Location,
}

/// An operator that a backend does not support.
#[derive(Debug, Clone, Serialize)]
pub struct DeferredOperator {
    /// The operator.
    pub operator: String,
    /// Why it is not supported.
    pub reason: String,
    /// Path of the source with the test that code which asks for it does not compile.
    pub negative_test: String,
    /// Name of the suite that runs that test.
    pub suite: String,
    /// Words that the test contains.
    pub mentions: Vec<String>,
    /// Where it is declared.
    pub location: Location,
}

/// A row of the matrix.
#[derive(Debug, Clone, Serialize)]
pub struct ConformanceRow {
    /// Its name.
    pub id: String,
    /// The backend that it is about.
    pub backend: String,
    /// The profile of continuous integration that runs it.
    pub profile: String,
    /// Name of the suite that runs its tests.
    pub suite: String,
    /// Paths of the roots of its test targets.
    pub test_files: Vec<String>,
    /// Name of the test that shows an operator, with `{operator}` in its place.
    pub cases: String,
    /// Where it is declared.
    pub location: Location,
}

impl ConformanceRow {
    /// Whether a test of this name shows the operator.
    pub fn shows(&self, operator: &str, test: &str) -> bool {
        pattern::matches(&self.cases.replace("{operator}", operator), test)
    }

    /// Whether a test binary, as `cargo test` (`ptx`) or nextest (`my-crate::ptx`) names it, is a target of the row.
    pub fn holds(&self, binary: &str) -> bool {
        self.test_files.iter().any(|file| is_target_of(binary, file))
    }
}

pub(super) fn convert(raw: Spanned<RawConformance>, at: &impl Fn(Range<usize>) -> Location) -> ConformancePolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let backends = raw.backend.into_iter().map(|backend| {
        let location = at(backend.span());
        let backend = backend.into_inner();
        let deferred = backend.deferred.into_iter().map(|deferred| {
            let location = at(deferred.span());
            let deferred = deferred.into_inner();
            let mentions = if deferred.mentions.is_empty() {
                deferred.operator.split('_').map(str::to_owned).collect()
            } else {
                deferred.mentions
            };
            DeferredOperator {
                operator: deferred.operator,
                reason: deferred.reason,
                negative_test: deferred.negative_test,
                suite: deferred.suite,
                mentions,
                location,
            }
        });
        ConformanceBackend {
            deferred: deferred.collect(),
            name: backend.name,
            supported: backend.supported,
            minimum_coverage: backend.minimum_coverage,
            allowed_gaps: backend.allowed_gaps,
            location,
        }
    });
    let rows = raw.row.into_iter().map(|row| {
        let location = at(row.span());
        let row = row.into_inner();
        ConformanceRow {
            id: row.id,
            backend: row.backend,
            profile: row.profile,
            suite: row.suite,
            test_files: row.test_files,
            cases: row.cases,
            location,
        }
    });
    ConformancePolicy {
        profiles: raw.profiles,
        backends: backends.collect(),
        rows: rows.collect(),
        location,
    }
}

/// Rules between the values of the matrix: everything that is named is declared, once.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let file = rules.file;
    let backends = elements(file, &["conformance", "backend"]);
    let rows = elements(file, &["conformance", "row"]);
    let names = || backends.iter().filter_map(|backend| text(backend, "name"));
    let help = "give each a name of its own";
    rules.duplicates(names(), "the backend", help, &mut problems);
    let ids = rows.iter().filter_map(|row| text(row, "id"));
    rules.duplicates(ids, "the row", help, &mut problems);

    let suites = elements(file, &["suite", "test"]);
    let suites: Vec<&str> = suites.iter().filter_map(|suite| Some(text(suite, "name")?.0)).collect();
    let known: Vec<&str> = names().map(|(name, _)| name).collect();
    let profiles: Vec<&str> = table(file, &["conformance"])
        .map(|conformance| texts(conformance, "profiles").map(|(name, _)| name).collect())
        .unwrap_or_default();
    for row in &rows {
        problems.extend(undeclared(row, "backend", &known, "`[[conformance.backend]]`"));
        problems.extend(undeclared(row, "profile", &profiles, "`profiles` of `[conformance]`"));
        problems.extend(undeclared(row, "suite", &suites, "`[[suite.test]]`"));
        if let Some((cases, span)) = text(row, "cases").filter(|(cases, _)| !cases.contains("{operator}")) {
            let message = format!("`{}` is the same test for every operator", shown(cases));
            problems.push(
                Problem::new(span, message)
                    .rule(&rule::CASES_WITHOUT_OPERATOR)
                    .help("write `{operator}` where the name of the operator stands"),
            );
        }
    }
    for backend in &backends {
        let supported: Vec<(&str, Range<usize>)> = texts(backend, "supported").collect();
        rules.duplicates(
            supported.iter().cloned(),
            "the operator",
            "keep one of the two",
            &mut problems,
        );
        let is_supported = |name: &str| supported.iter().any(|(operator, _)| *operator == name);
        for (gap, span) in texts(backend, "allowed-gaps").filter(|(gap, _)| !is_supported(gap)) {
            let message = format!("`{}` is no supported operator, so it is no gap", shown(gap));
            problems.push(
                Problem::new(span, message)
                    .rule(&rule::GAP_IN_UNSUPPORTED_OPERATOR)
                    .help("remove it, or add it to `supported`"),
            );
        }
        let deferred = backend
            .get("deferred")
            .and_then(|deferred| deferred.get_ref().as_array());
        for deferral in deferred.into_iter().flat_map(|list| list.iter()) {
            let Some(deferral) = deferral.get_ref().as_table() else {
                continue;
            };
            problems.extend(undeclared(deferral, "suite", &suites, "`[[suite.test]]`"));
            if let Some((operator, span)) = text(deferral, "operator").filter(|(name, _)| is_supported(name)) {
                let message = format!("`{}` is supported and deferred", shown(operator));
                problems.push(
                    Problem::new(span, message)
                        .rule(&rule::SUPPORTED_AND_DEFERRED)
                        .help("keep one of the two"),
                );
            }
        }
    }
    problems.extend(semantics(rules));
    problems
}

/// Backends of `[[kernels.semantics]]`, and differences between them.
fn semantics(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let semantics = elements(rules.file, &["kernels", "semantics"]);
    let names = || semantics.iter().filter_map(|semantics| text(semantics, "backend"));
    let help = "declare each backend once";
    rules.duplicates(names(), "the backend", help, &mut problems);
    let known: Vec<&str> = names().map(|(name, _)| name).collect();
    for delta in elements(rules.file, &["kernels", "known-delta"]) {
        problems.extend(undeclared(delta, "backend", &known, "`[[kernels.semantics]]`"));
        problems.extend(undeclared(delta, "against", &known, "`[[kernels.semantics]]`"));
        if let (Some((one, _)), Some((other, span))) = (text(delta, "backend"), text(delta, "against"))
            && one == other
        {
            problems.push(
                Problem::new(span, "a backend does not differ from itself")
                    .rule(&rule::DIFFERENCE_FROM_ITSELF)
                    .help("name another backend"),
            );
        }
    }
    problems
}

/// A name that nothing declares.
fn undeclared(table: &DeTable<'_>, key: &str, declared: &[&str], place: &str) -> Option<Problem> {
    let (name, span) = text(table, key).filter(|(name, _)| !declared.contains(name))?;
    let problem =
        Problem::new(span, format!("`{}` is not declared in {place}", shown(name))).rule(&rule::UNDECLARED_NAME);
    Some(match similar(name, declared.iter().copied()) {
        Some(known) => problem.label(format!("did you mean `{known}`?")),
        None => problem.help(format!("declare it in {place}")),
    })
}

/// The texts of an array with their places.
fn texts<'t>(table: &'t DeTable<'_>, key: &str) -> impl Iterator<Item = (&'t str, Range<usize>)> {
    let array = table.get(key).and_then(|value| match value.get_ref() {
        DeValue::Array(array) => Some(array),
        _ => None,
    });
    let values = array.into_iter().flat_map(|array| array.iter());
    values.filter_map(|value| Some((value.get_ref().as_str()?, value.span())))
}

/// Whether this is the test binary of the target with this root.
fn is_target_of(binary: &str, file: &str) -> bool {
    let binary = binary.rsplit([':', '/']).next().unwrap_or(binary);
    let mut parts = file.rsplit('/');
    let stem = parts.next().unwrap_or(file).trim_end_matches(".rs");
    let stem = match stem {
        "main" | "mod" => parts.next().unwrap_or(stem),
        // Unit tests are named by their library, which is usually called as its directory.
        "lib" => parts.nth(1).unwrap_or(stem),
        stem => stem,
    };
    binary.replace('-', "_") == stem.replace('-', "_")
}

section!(ConformancePolicy, "conformance", conformance: Option<ConformancePolicy>);

#[cfg(test)]
mod tests {
    use super::is_target_of;

    #[test]
    fn targets_are_known_by_their_root() {
        for (binary, file) in [
            ("ptx", "gate-kernels/tests/ptx/main.rs"),
            ("cargo-gate-kernels::ptx", "gate-kernels/tests/ptx/main.rs"),
            ("reference", "tests/reference.rs"),
            ("my_test", "tests/my-test.rs"),
            ("gate_kernels", "gate-kernels/src/lib.rs"),
        ] {
            assert!(is_target_of(binary, file), "{binary} {file}");
        }
        for (binary, file) in [
            ("ptx", "tests/ptx_more.rs"),
            ("main", "tests/ptx/main.rs"),
            ("demo (doc-tests)", "tests/demo.rs"),
            ("demo", "other/src/lib.rs"),
        ] {
            assert!(!is_target_of(binary, file), "{binary} {file}");
        }
    }
}
