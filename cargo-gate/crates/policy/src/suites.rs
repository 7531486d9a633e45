//! `[[suite.<kind>]]`: what all kinds have, and tests and tools.

use std::time::Duration;

use crate::JsonSchema;
use serde::{Deserialize, Deserializer};

use gate_base::stage::Stage;
use gate_report::Location;
use gate_report::group::Group;

use super::bench::BenchSuite;
use super::drill::DrillSuite;
use super::equivalence::EquivalenceSuite;
use super::import::ImportSuite;
use super::known::KINDS;
use super::problem::{Oddity, Problem, shown};
use super::ready::ReadySuite;
use super::rules::Rules;
use super::slo::SloSuite;
use super::suite::{SEMVER_CHECKS, SuiteFormat, SuiteKind, SuitePolicy};
use super::tables::{elements, text};
use super::value::{
    Command, EnvName, FilePath, Glob, Requirement, SuiteName, TimeLimit, command, half_an_hour, period, pilot, yes,
};
use super::{parts, rule, whole};

/// Suites that provide evidence, by kind.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Suites {
    /// Commands that run tests. The check id is `suite.test.<name>`.
    test: Vec<TestSuite>,
    /// Tools whose output becomes findings. The check id is `suite.tool.<name>`.
    tool: Vec<ToolSuite>,
    /// Benchmark commands, compared with a reference that is measured in the same run. The check id is
    /// `suite.bench.<name>`.
    bench: Vec<BenchSuite>,
    /// Service-level objectives over times before now. The check id is `suite.slo.<name>`.
    slo: Vec<SloSuite>,
    /// A running system that is broken on purpose, and must recover. The check id is `suite.drill.<name>`.
    drill: Vec<DrillSuite>,
    /// Implementations that must give the same for every cell of a scope. The check id is `suite.equivalence.<name>`.
    equivalence: Vec<EquivalenceSuite>,
    /// Results that other tools wrote. The check id is `suite.import.<name>`.
    import: Vec<ImportSuite>,
    /// Directories of training runs. The check id is `suite.ready.<name>`.
    ready: Vec<ReadySuite>,
}

/// A command that runs tests.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TestSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["workspace"]))]
    name: String,
    /// Program and arguments, as an array or as one string that is split on whitespace. It runs without a shell.
    #[serde(deserialize_with = "command")]
    #[schemars(with = "Command", extend("examples" = [["cargo", "test", "--workspace", "--locked"]]))]
    command: Vec<String>,
    /// Whether the suite must pass. A suite that is not required only warns.
    #[serde(default = "yes")]
    required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    stage: Stage,
    /// Globs over the paths that the suite reads, relative to the workspace root. Default: every file.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>")]
    inputs: Vec<String>,
    /// Names of environment variables that the suite reads. If a value changes, the suite runs again.
    #[serde(default)]
    #[schemars(with = "Vec<EnvName>")]
    env: Vec<String>,
    /// What the suite requires of the machine: `program:<name>` on PATH, `env:<name>` set, `os:<linux|macos|windows>`.
    /// Without it, the suite is not run: that blocks if the suite is required, and removes the suite from the claim
    /// otherwise.
    #[serde(default)]
    #[schemars(with = "Vec<Requirement>", extend("examples" = [["program:nvcc"]]))]
    requires: Vec<String>,
    /// Time limit: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour", with = "period")]
    #[schemars(with = "TimeLimit")]
    timeout: Duration,
    /// Smallest number of tests that must run. A required suite needs at least 1.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000), extend("x-sane-min" = 1, "x-why" = "a suite without tests shows nothing"))]
    min_tests: u64,
    /// How to read the output.
    #[serde(default)]
    format: SuiteFormat,
    /// Working directory, relative to the workspace root.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["services/api"]))]
    directory: Option<String>,
    /// Files that the suite makes, relative to the workspace root, which git ignores. They are removed before it runs, so that no
    /// other file is taken for them, and `cargo gate govern promote` takes them by the digests that the run recorded.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["target/release/app"]]))]
    artifacts: Vec<String>,
    /// Group in which the suite runs. Default: `equivalence`.
    #[schemars(extend("examples" = ["resilience"]))]
    group: Option<Group>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

/// A tool whose output becomes findings.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ToolSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["clippy"]))]
    name: String,
    /// The tool.
    #[schemars(extend("examples" = ["clippy"]))]
    tool: Tool,
    /// Arguments after `cargo clippy`, `cargo fmt`, `cargo deny check`, `cargo semver-checks` or `cargo vet`, instead
    /// of the defaults. Arguments that the adapter needs to read the output are added.
    #[serde(default)]
    #[schemars(inner(length(max = 4000)))]
    args: Vec<String>,
    /// Whether the suite must pass. A suite that is not required only warns.
    #[serde(default = "yes")]
    required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    stage: Stage,
    /// Time limit: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour", with = "period")]
    #[schemars(with = "TimeLimit")]
    timeout: Duration,
    /// Group in which the suite runs. Default: `integrity` for cargo-deny and cargo-vet, `equivalence` for
    /// cargo-semver-checks, `ergonomics` for clippy and rustfmt.
    #[schemars(extend("examples" = ["integrity"]))]
    group: Option<Group>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

/// A supported tool.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Tool {
    /// `cargo clippy`
    Clippy,
    /// `cargo fmt --check`
    Rustfmt,
    /// `cargo deny check`: licenses, bans, sources.
    CargoDeny,
    /// `cargo semver-checks`: changes of the public API that the version does not allow.
    CargoSemverChecks,
    /// `cargo vet`: audits of dependencies.
    CargoVet,
}

impl Tool {
    /// The name as it is written.
    fn name(self) -> &'static str {
        match self {
            Tool::Clippy => "clippy",
            Tool::Rustfmt => "rustfmt",
            Tool::CargoDeny => "cargo-deny",
            Tool::CargoSemverChecks => SEMVER_CHECKS,
            Tool::CargoVet => "cargo-vet",
        }
    }
}

fn one() -> u64 {
    1
}

/// All declared suites, in the order of each file.
pub(super) fn in_order<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SuitePolicy>, D::Error> {
    let declared = Suites::deserialize(from)?;
    let mut suites: Vec<SuitePolicy> = Vec::new();
    suites.extend(declared.test.into_iter().map(SuitePolicy::from));
    suites.extend(declared.tool.into_iter().map(SuitePolicy::from));
    suites.extend(declared.bench.into_iter().map(SuitePolicy::from));
    suites.extend(declared.slo.into_iter().map(SuitePolicy::from));
    suites.extend(declared.drill.into_iter().map(SuitePolicy::from));
    suites.extend(declared.equivalence.into_iter().map(SuitePolicy::from));
    suites.extend(declared.import.into_iter().map(SuitePolicy::from));
    suites.extend(declared.ready.into_iter().map(SuitePolicy::from));
    suites.sort_by_key(|suite| {
        let place = suite.location.as_ref();
        place.map(|place| (place.path.clone(), place.line, place.column))
    });
    whole::mark(&mut suites);
    Ok(suites.into_iter().flat_map(in_parts).collect())
}

/// The suites that a declaration stands for.
fn in_parts(suite: SuitePolicy) -> Vec<SuitePolicy> {
    let parts = parts::of_tool(suite.tool.as_deref().unwrap_or_default(), !suite.command.is_empty());
    if parts.is_empty() {
        return vec![suite];
    }
    let part = |part: &&str| SuitePolicy {
        name: parts::name(&suite.name, part),
        part: Some((*part).to_owned()),
        ..suite.clone()
    };
    parts.iter().map(part).collect()
}

impl From<TestSuite> for SuitePolicy {
    fn from(suite: TestSuite) -> Self {
        Self {
            required: suite.required,
            stage: suite.stage,
            inputs: suite.inputs,
            env: suite.env,
            requires: suite.requires,
            timeout: suite.timeout,
            min_tests: suite.min_tests,
            format: suite.format,
            directory: suite.directory,
            artifacts: suite.artifacts,
            group: suite.group,
            location: Some(suite.location),
            ..Self::new(SuiteKind::Test, suite.name, suite.command)
        }
    }
}

impl From<ToolSuite> for SuitePolicy {
    fn from(suite: ToolSuite) -> Self {
        Self {
            tool: Some(suite.tool.name().into()),
            required: suite.required,
            stage: suite.stage,
            timeout: suite.timeout,
            group: suite.group,
            location: Some(suite.location),
            ..Self::new(SuiteKind::Tool, suite.name, tool_command(suite.tool, suite.args))
        }
    }
}

/// Rules of all kinds: names are unique, and a required suite runs tests.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    // Names are unique across kinds: they name logs and are what `cargo gate suite` takes.
    let suites = KINDS
        .into_iter()
        .flat_map(|kind| elements(rules.file, &["suite", kind]));
    let names = suites.flat_map(|suite| {
        let span = text(suite, "name").map(|(_, span)| span).unwrap_or_default();
        parts::names(suite).into_iter().map(move |name| (name, span.clone()))
    });
    rules.duplicates(names, "the suite", "give each suite its own name", &mut problems);
    for suite in elements(rules.file, &["suite", "test"]) {
        let required = suite.get("required").and_then(|value| value.get_ref().as_bool());
        let Some(least) = suite.get("min-tests") else {
            continue;
        };
        let number = least.get_ref().as_integer();
        let zero = number.is_some_and(|least| i64::from_str_radix(least.as_str(), least.radix()) == Ok(0));
        if zero && required != Some(false) {
            problems.push(
                Problem::new(least.span(), "a required suite must run at least one test")
                    .rule(&rule::SUITE_WITHOUT_TESTS)
                    .help("write `min-tests = 1` or more, or `required = false`"),
            );
        }
    }
    problems
}

/// Suites about production that need not pass.
pub(super) fn dangers(rules: &Rules<'_>) -> Vec<Oddity> {
    let mut dangers = Vec::new();
    for suite in KINDS
        .into_iter()
        .flat_map(|kind| elements(rules.file, &["suite", kind]))
    {
        let Some(required) = suite.get("required") else {
            continue;
        };
        let production = text(suite, "name").filter(|(name, _)| name.starts_with("prod"));
        if let (Some(false), Some((name, _))) = (required.get_ref().as_bool(), production) {
            dangers.push(Oddity {
                message: format!("suite `{}` covers production but is not required", shown(name)),
                help: "remove `required = false`".into(),
                span: required.span(),
            });
        }
    }
    dangers
}

/// The command of a tool whose arguments are declared; empty when the adapter's own apply. What the adapter needs to
/// read the output is added, so that arguments cannot make its findings disappear.
fn tool_command(tool: Tool, mut args: Vec<String>) -> Vec<String> {
    if args.is_empty() {
        return args;
    }
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match tool {
        Tool::Clippy => [words(&["cargo", "clippy", "--message-format=json"]), args].concat(),
        Tool::CargoDeny => [words(&["cargo", "deny", "--format=json", "check"]), args].concat(),
        Tool::CargoSemverChecks => [words(&["cargo", "semver-checks", "--color=never"]), args].concat(),
        Tool::CargoVet => [words(&["cargo", "vet", "--output-format=json"]), args].concat(),
        Tool::Rustfmt => {
            let separator = args.iter().position(|word| word == "--").unwrap_or(args.len());
            let mut rustfmt = args.split_off(separator);
            rustfmt.drain(..rustfmt.len().min(1));
            [words(&["cargo", "fmt"]), args, words(&["--", "--check", "-l"]), rustfmt].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_tools_keep_the_output_readable() {
        let command =
            |tool, args: &[&str]| tool_command(tool, args.iter().map(|word| (*word).to_owned()).collect()).join(" ");
        assert_eq!(command(Tool::Clippy, &[]), "");
        assert_eq!(
            command(Tool::Clippy, &["-p", "a", "--", "-Dwarnings"]),
            "cargo clippy --message-format=json -p a -- -Dwarnings"
        );
        assert_eq!(
            command(Tool::CargoDeny, &["bans"]),
            "cargo deny --format=json check bans"
        );
        assert_eq!(
            command(Tool::CargoSemverChecks, &["--baseline-rev", "v1"]),
            "cargo semver-checks --color=never --baseline-rev v1"
        );
        assert_eq!(
            command(Tool::CargoVet, &["--frozen"]),
            "cargo vet --output-format=json --frozen"
        );
        assert_eq!(command(Tool::Rustfmt, &["-p", "a"]), "cargo fmt -p a -- --check -l");
        assert_eq!(
            command(Tool::Rustfmt, &["--all", "--", "--edition", "2024"]),
            "cargo fmt --all -- --check -l --edition 2024"
        );
    }
}
