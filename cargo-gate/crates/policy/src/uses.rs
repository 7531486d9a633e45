//! `[uses]`: what the code asks of the system, and which suites of tests cover it.

use std::collections::BTreeMap;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use gate_base::UsedPath;
use gate_report::Location;

use super::problem::{Problem, shown};
use super::rule;
use super::rules::Rules;
use super::tables::{elements, table, text};
use super::value::SuiteName;

/// System interfaces that the code uses.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Uses")]
#[schemars(with = "Uses")]
pub struct UsesPolicy {
    /// Names of the suites of tests that cover each path that is used.
    pub paths: BTreeMap<UsedPath, Vec<String>>,
    /// Where it is declared.
    pub location: Location,
}

/// System interfaces that the code uses, and the test suites that cover them. Absent means not used.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Uses {
    /// Files and directories.
    #[schemars(extend("examples" = [["runtime_paths"]]))]
    file: Option<Use>,
    /// Other programs.
    #[schemars(extend("examples" = [["runtime_paths"]]))]
    process: Option<Use>,
    /// Sockets and anything built on them.
    #[schemars(extend("examples" = [false]))]
    net: Option<Use>,
    /// Threads.
    #[schemars(extend("examples" = [["runtime_paths"]]))]
    thread: Option<Use>,
    /// Environment variables and directories of the process.
    #[schemars(extend("examples" = [["runtime_paths"]]))]
    env: Option<Use>,
    /// Foreign functions.
    #[schemars(extend("examples" = [false]))]
    ffi: Option<Use>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

/// Whether an interface is used.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Use {
    /// Whether it is used; the test suite `runtime_paths_<path>` covers it.
    Used(bool),
    /// Names of the test suites that cover it.
    Suites(#[schemars(with = "Vec<SuiteName>")] Vec<String>),
}

impl From<Uses> for UsesPolicy {
    fn from(uses: Uses) -> Self {
        let declared = [
            (UsedPath::Env, uses.env),
            (UsedPath::Ffi, uses.ffi),
            (UsedPath::File, uses.file),
            (UsedPath::Net, uses.net),
            (UsedPath::Process, uses.process),
            (UsedPath::Thread, uses.thread),
        ];
        let covered = declared.into_iter().filter_map(|(path, declared)| match declared? {
            Use::Used(false) => None,
            Use::Used(true) => Some((path, vec![format!("runtime_paths_{}", path.name())])),
            Use::Suites(names) => Some((path, names)),
        });
        Self {
            paths: covered.collect(),
            location: uses.location,
        }
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
            let message = format!("undeclared test suite `{}` in `[uses]`", shown(text));
            let problem = Problem::new(name.span(), message).rule(&rule::UNDECLARED_NAME);
            problems.push(problem.help("declare it with `[[suite.test]]`, or write another suite"));
        }
    }
    problems
}
