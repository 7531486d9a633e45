//! `[[suite.import]]`: results that other tools wrote, what is declared of them, and rules between the values.

use std::ops::Range;
use std::time::Duration;

use crate::JsonSchema;
use serde::Deserialize;
use toml::de::DeTable;

use gate_base::stage::Stage;
use gate_report::Location;
use gate_report::group::Group;

use super::problem::{Problem, shown};
use super::results::{CoverageFloor, ImportFormat, ImportLevel, ImportPolicy};
use super::rule;
use super::rules::Rules;
use super::suite::{SuiteKind, SuitePolicy};
use super::tables::{elements, is_filled, tables_of, text};
use super::value::{
    Command, EnvName, FilePath, Glob, Period, Requirement, SshKey, SuiteName, TimeLimit, half_an_hour,
    optional_command, period, pilot, yes,
};

/// Results that another tool wrote.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ImportSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["pytest"]))]
    name: String,
    /// How the results are written.
    #[schemars(extend("examples" = ["junit"]))]
    format: ImportFormat,
    /// Files with results, relative to the workspace root, which git ignores.
    #[schemars(with = "Vec<FilePath>", length(min = 1, max = 100), extend("examples" = [["target/pytest.xml"]]))]
    files: Vec<String>,
    /// A command that writes the files. They are removed before it runs, so that no older file is read. Either this or `statement`.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["uv", "run", "pytest", "--junitxml=target/pytest.xml"]]))]
    command: Option<Vec<String>>,
    /// A file, written by `cargo gate evidence attest`, that says who wrote the results, when, and of which content. Either this or
    /// `command`.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["target/pytest.statement.json"]))]
    statement: Option<String>,
    /// Ed25519 public keys, as in `id_ed25519.pub`, of which one must have signed the statement.
    #[serde(default)]
    #[schemars(with = "Vec<SshKey>", extend("examples" = [["ssh-ed25519 AAAA… python-ci"]]))]
    signers: Vec<String>,
    /// How old results with a statement may be: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "day", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1m", "x-max" = "90d", "x-sane-max" = "30d", "x-why" = "the machine that made them has changed since", "examples" = ["12h"]
    ))]
    max_age: Duration,
    /// For `junit`: smallest number of tests that must have run.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-why" = "results without tests show nothing"))]
    min_tests: u64,
    /// For `sarif`: first level that fails. Results below it are advice.
    #[serde(default)]
    fail_at: ImportLevel,
    /// For `lcov`: least coverage of parts of the sources.
    #[serde(default)]
    floor: Vec<CoverageFloor>,
    /// Whether the suite must pass. A suite that is not required only warns.
    #[serde(default = "yes")]
    required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    stage: Stage,
    /// Globs over the paths that the command reads, relative to the workspace root. Default: every file.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>")]
    inputs: Vec<String>,
    /// Names of environment variables that the command reads. If a value changes, it runs again.
    #[serde(default)]
    #[schemars(with = "Vec<EnvName>")]
    env: Vec<String>,
    /// What the command requires of the machine: `program:<name>` on PATH, `env:<name>` set, `os:<linux|macos|windows>`.
    #[serde(default)]
    #[schemars(with = "Vec<Requirement>", extend("examples" = [["program:uv"]]))]
    requires: Vec<String>,
    /// Working directory of the command, relative to the workspace root.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["python"]))]
    directory: Option<String>,
    /// Time limit of the command: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour", with = "period")]
    #[schemars(with = "TimeLimit")]
    timeout: Duration,
    /// Group in which the suite runs. Default: `equivalence` for `junit`, `integrity` for `sarif`, `supply` for `cyclonedx-vex`,
    /// `ergonomics` for `lcov`.
    #[schemars(extend("examples" = ["resilience"]))]
    group: Option<Group>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

fn one() -> u64 {
    1
}

fn day() -> Duration {
    Duration::from_secs(24 * 3600)
}

impl From<ImportSuite> for SuitePolicy {
    fn from(suite: ImportSuite) -> Self {
        let import = ImportPolicy {
            format: suite.format,
            files: suite.files,
            statement: suite.statement,
            signers: suite.signers,
            max_age: suite.max_age,
            fail_at: suite.fail_at,
            floors: suite.floor,
        };
        // What is there when the command ends, the command wrote.
        let artifacts = match suite.command {
            Some(_) => import.files.clone(),
            None => Vec::new(),
        };
        Self {
            artifacts,
            import: Some(Box::new(import)),
            required: suite.required,
            stage: suite.stage,
            inputs: suite.inputs,
            env: suite.env,
            requires: suite.requires,
            timeout: suite.timeout,
            min_tests: suite.min_tests,
            directory: suite.directory,
            group: suite.group,
            location: Some(suite.location),
            ..Self::new(SuiteKind::Import, suite.name, suite.command.unwrap_or_default())
        }
    }
}

/// Rules between the values: it is known where the results come from, and there is something that they can miss.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for suite in elements(rules.file, &["suite", "import"]) {
        let Some((name, span)) = text(suite, "name") else {
            continue;
        };
        source(suite, name, span.clone(), &mut problems);
        let format = text(suite, "format").map_or("", |(format, _)| format);
        for (key, wanted) in [("min-tests", "junit"), ("fail-at", "sarif"), ("floor", "lcov")] {
            if let Some(value) = suite.get(key).filter(|_| format != wanted) {
                let problem = Problem::new(value.span(), format!("`{key}` is not for this format"));
                let help = format!("remove the key, or write `format = \"{wanted}\"`");
                problems.push(problem.rule(&rule::EXCLUDING_KEYS).help(help));
            }
        }
        if format == "lcov" && !is_filled(suite, "floor") {
            let message = format!("suite `{}` has no floor that coverage could miss", shown(name));
            let help = "add `[[suite.import.floor]]` with `lines = 80.0`";
            problems.push(Problem::new(span, message).rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
        }
        for (floor, span) in tables_of(suite, "floor") {
            if !["lines", "functions", "branches"]
                .iter()
                .any(|key| floor.contains_key(*key))
            {
                let problem = Problem::new(span, "the floor has no percentage");
                let help = "add `lines`, `functions` or `branches`";
                problems.push(problem.rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
            }
        }
    }
    problems
}

/// Either a command writes the files, or a signed statement says who did.
fn source(suite: &DeTable<'_>, name: &str, span: Range<usize>, problems: &mut Vec<Problem>) {
    match (suite.get("command"), suite.get("statement")) {
        (None, None) => {
            let message = format!("nothing says where the results of suite `{}` come from", shown(name));
            let help = "add `command = [\"…\"]`, which writes them, or `statement = \"…\"` and `signers = [\"…\"]`";
            problems.push(Problem::new(span, message).rule(&rule::MISSING_KEY).help(help));
        }
        (Some(_), Some(statement)) => {
            let message = "results that a command writes need no statement";
            let problem = Problem::new(statement.span(), message).rule(&rule::EXCLUDING_KEYS);
            problems.push(problem.help("keep one of `command` and `statement`"));
        }
        (None, Some(statement)) if !is_filled(suite, "signers") => {
            let problem = Problem::new(statement.span(), "the statement has no signers");
            let help = "add `signers = [\"ssh-ed25519 …\"]`, the public keys of those who write the results";
            problems.push(problem.rule(&rule::MISSING_KEY).help(help));
        }
        _ => {}
    }
    for key in ["signers", "max-age"] {
        if let Some(value) = suite.get(key).filter(|_| suite.get("statement").is_none()) {
            let problem = Problem::new(
                value.span(),
                format!("`{key}` is about a statement, and there is no `statement`"),
            );
            let help = "remove the key, or add `statement = \"…\"`";
            problems.push(problem.rule(&rule::EXCLUDING_KEYS).help(help));
        }
    }
}
