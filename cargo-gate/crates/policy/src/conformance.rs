//! `[conformance]`: which test suites show which operators on which backend.

use std::ops::Range;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use gate_report::Location;

use super::problem::{Problem, shown};
use super::rules::Rules;
use super::suggest::similar;
use super::tables::{elements, table, text};
use super::value::{FilePath, SuiteName, Text};
use super::{pattern, rule};

/// The conformance matrix.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConformancePolicy {
    /// CI profiles that rows belong to. Each needs a row whose suite is required.
    #[schemars(with = "Vec<SuiteName>", length(min = 1), extend("examples" = [["commit", "nightly"]]))]
    pub profiles: Vec<String>,
    /// Backends with the operators that they support.
    #[serde(rename = "backend")]
    #[schemars(length(min = 1), extend("x-missing" = "add `[[conformance.backend]]`"))]
    pub backends: Vec<ConformanceBackend>,
    /// Rows of the matrix.
    #[serde(rename = "row")]
    #[schemars(length(min = 1), extend("x-missing" = "add `[[conformance.row]]`"))]
    pub rows: Vec<ConformanceRow>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A backend with its scope.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConformanceBackend {
    /// Its name.
    #[schemars(with = "SuiteName", extend("examples" = ["cpu"]))]
    pub name: String,
    /// Operators that it supports. The rows must cover each of them, except for the allowed gaps.
    #[schemars(with = "Vec<Text>", length(min = 1), extend("examples" = [["softmax_f32"]]))]
    pub supported: Vec<String>,
    /// Operators that it does not support yet. Code that uses one must not compile, which a test shows.
    #[serde(default)]
    pub deferred: Vec<DeferredOperator>,
    /// Smallest percentage of the supported operators that tests must cover.
    #[serde(default = "eighty_five")]
    #[schemars(range(min = 1, max = 100), extend("x-sane-min" = 50, "x-why" = "most operators may then be untested, and each of them is listed"))]
    pub minimum_coverage: u32,
    /// Supported operators that no test covers yet. A gap that is not listed fails, regardless of the coverage.
    #[serde(default)]
    #[schemars(with = "Vec<Text>")]
    pub allowed_gaps: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// An operator that a backend does not support.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeferredOperator {
    /// The operator.
    #[schemars(with = "Text", extend("examples" = ["softmax_f64"]))]
    pub operator: String,
    /// Why it is not supported.
    #[schemars(with = "Text<1000>", extend("examples" = ["its sum needs another order"]))]
    pub reason: String,
    /// The test that code using it does not compile: a Rust source with a documentation test marked `compile_fail`, or
    /// a source with the expected messages in a `.stderr` file next to it, as for trybuild.
    #[schemars(with = "FilePath", extend("examples" = ["tests/ui/softmax_f64.rs"]))]
    pub negative_test: String,
    /// Name of the test suite that runs it.
    #[schemars(with = "SuiteName", extend("examples" = ["workspace"]))]
    pub suite: String,
    /// Words that the test must contain. Default: the parts of the operator between `_`.
    #[serde(default)]
    #[schemars(with = "Vec<Text>")]
    mentions: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl DeferredOperator {
    /// Words that the test contains.
    pub fn mentions(&self) -> Vec<&str> {
        if self.mentions.is_empty() {
            self.operator.split('_').collect()
        } else {
            self.mentions.iter().map(String::as_str).collect()
        }
    }
}

/// A row of the matrix. Its suite declares whether it is required and what it needs of the machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConformanceRow {
    /// Unique name of the row.
    #[schemars(with = "SuiteName", extend("examples" = ["reference"]))]
    pub id: String,
    /// The backend that it tests.
    #[schemars(with = "SuiteName", extend("examples" = ["cpu"]))]
    pub backend: String,
    /// The CI profile that runs it.
    #[schemars(with = "SuiteName", extend("examples" = ["commit"]))]
    pub profile: String,
    /// Name of the test suite that runs its tests.
    #[schemars(with = "SuiteName", extend("examples" = ["workspace"]))]
    pub suite: String,
    /// The sources of its tests, each the root of a test target: `tests/reference.rs`, `tests/reference/main.rs`.
    #[schemars(with = "Vec<FilePath>", length(min = 1), extend("examples" = [["tests/reference.rs"]]))]
    pub test_files: Vec<String>,
    /// Name of the test that covers an operator, with `{operator}` as a placeholder; `*` matches any characters.
    #[serde(default = "operator")]
    #[schemars(with = "Text", extend("examples" = ["{operator}_agrees_with_the_reference"]))]
    pub cases: String,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

fn eighty_five() -> u32 {
    85
}

fn operator() -> String {
    "{operator}".into()
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

/// Rules between the values of the matrix: everything that is named is declared, once.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let file = rules.file;
    let backends = elements(file, &["conformance", "backend"]);
    let rows = elements(file, &["conformance", "row"]);
    let names = || backends.iter().filter_map(|backend| text(backend, "name"));
    let help = "give each its own name";
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
                    .help("put `{operator}` where the operator name goes"),
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
            let message = format!("`{}` is not a supported operator, so it cannot be a gap", shown(gap));
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
                let message = format!("`{}` is both supported and deferred", shown(operator));
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
                Problem::new(span, "a backend cannot differ from itself")
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
