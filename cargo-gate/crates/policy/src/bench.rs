//! `[[suite.bench]]`: suites of benchmarks, what is declared, and rules between the values.

use std::ops::Range;
use std::time::Duration;

use crate::JsonSchema;
use serde::Deserialize;
use toml::de::DeTable;

use gate_base::stage::Stage;
use gate_report::Location;
use gate_report::group::Group;

use super::problem::{Problem, shown};
use super::rule;
use super::rules::Rules;
use super::suite::{
    Added, BenchMode, BenchPolicy, BenchReference, JsonPolicy, MetricPolicy, ProcessMetric, SuiteKind, SuitePolicy,
};
use super::tables::{elements, tables_of, text, texts};
use super::value::{
    Command, EnvName, FilePath, Glob, Requirement, Revision, SuiteName, Text, TimeLimit, command, half_an_hour,
    optional_command, period, pilot, yes,
};

/// A benchmark command, compared with a reference that is measured in the same run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("x-refused" = {
    "max-mad": "remove it: noise is met by more pairs, up to `max-pairs`",
    "noisy": "remove it: what noise leaves open is inconclusive; write larger `budgets`, which `cargo gate suite NAME --calibrate` proposes",
    "min-samples": "remove it: what counts is the number of pairs, which `max-pairs` bounds",
    "wall": "write `process = [\"wall\"]`",
}))]
pub(super) struct BenchSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["parser"]))]
    name: String,
    /// Program and arguments, as an array or as one string that is split on whitespace. It runs without a shell. `{target}` is the
    /// target directory, and `{output}` a file that it writes for `[[suite.bench.json]]`.
    #[serde(deserialize_with = "command")]
    #[schemars(with = "Command", extend("examples" = [["cargo", "bench", "--locked"]]))]
    command: Vec<String>,
    /// A command that builds what `command` runs: once for each side, and again before a failure is confirmed. It is not measured.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["cargo", "build", "--release", "--locked"]]))]
    build: Option<Vec<String>>,
    /// A second command, whose benchmarks of the same names are the reference. The two are measured in pairs.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(
        with = "Option<Command>",
        extend("examples" = [["cargo", "bench", "--locked", "--features", "old"]])
    )]
    reference: Option<Vec<String>>,
    /// A commit, tag or branch, whose benchmarks of the same names are the reference: `command` also runs in its files.
    /// The two are measured in pairs.
    #[schemars(with = "Option<Revision>", extend("examples" = ["origin/main"]))]
    reference_commit: Option<String>,
    /// Number of times the command runs where the suite has no reference. Default: 3.
    #[schemars(range(min = 1, max = 1000), extend("x-sane-max" = 30))]
    rounds: Option<u32>,
    /// Most pairs of processes, one of each side, that are measured before the suite is inconclusive. It looks after 10, 14, 19,
    /// 26, 36 and 60 pairs. Default: 60.
    #[schemars(range(min = 14, max = 60), extend("x-why" = "fewer pairs never fail, and more are never measured"))]
    max_pairs: Option<u32>,
    /// What of each whole process is a benchmark too, by the same name: the time from its start to its end (`wall`), its processor
    /// time in user mode (`user`), its largest resident set (`memory`). Windows has only `wall`.
    #[serde(default)]
    #[schemars(extend("examples" = [["wall", "user", "memory"]]))]
    process: Vec<ProcessMetric>,
    /// Measurements in JSON documents of any form.
    #[serde(default)]
    json: Vec<JsonPolicy>,
    /// Which budgets apply: those of `pr`, those of `nightly`, or `soft`, which uses those of `pr` and only warns.
    #[serde(default)]
    mode: BenchMode,
    /// Ratio to the reference from which on a benchmark fails, by mode and kind of measurement.
    #[serde(default)]
    budgets: Budgets,
    /// Names of benchmarks that must be measured; `*` matches any characters. Each name must match at least one
    /// benchmark.
    #[serde(default)]
    #[schemars(with = "Vec<Text<1000>>", extend("examples" = [["parse/*"]]))]
    expect: Vec<String>,
    /// How a benchmark without a counterpart in the reference is judged: `refuse` or `warn`.
    #[serde(default)]
    added: Added,
    /// Limits of single benchmarks; the first entry whose `name` matches applies.
    #[serde(default)]
    metric: Vec<MetricPolicy>,
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
    #[serde(default)]
    #[schemars(with = "Vec<Requirement>", extend("examples" = [["program:nvcc"]]))]
    requires: Vec<String>,
    /// Time limit of each command: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour", with = "period")]
    #[schemars(with = "TimeLimit")]
    timeout: Duration,
    /// Working directory, relative to the workspace root.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["services/api"]))]
    directory: Option<String>,
    /// Group in which the suite runs. Default: `resilience`.
    #[schemars(extend("examples" = ["ergonomics"]))]
    group: Option<Group>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

/// Ratios from which on a benchmark fails, by mode.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Budgets {
    /// Budgets of the modes `pr` and `soft`.
    #[serde(default)]
    pr: Budget,
    /// Budgets of the mode `nightly`.
    #[serde(default)]
    nightly: Budget,
}

/// Ratios from which on a benchmark fails.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Budget {
    /// For times, and for rates, whose inverse they are. Default: 1.10 in the modes `pr` and `soft`, 1.05 in the mode `nightly`.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-sane-max" = 2.0, "x-why" = "what may get ten times worse has no budget", "examples" = [1.1]))]
    time: Option<f64>,
    /// For sizes. Default: 1.20 in the modes `pr` and `soft`, 1.08 in the mode `nightly`.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-sane-max" = 2.0, "x-why" = "what may get ten times worse has no budget", "examples" = [1.2]))]
    size: Option<f64>,
    /// For the peak of memory of `process`. Default: 1.05 in the modes `pr` and `soft`, 1.03 in the mode `nightly`.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-sane-max" = 2.0, "x-why" = "what may get ten times worse has no budget", "examples" = [1.05]))]
    memory: Option<f64>,
    /// For counts: instructions, cycles, registers, spills. Default: 1.01.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-sane-max" = 2.0, "x-why" = "what may get ten times worse has no budget", "examples" = [1.01]))]
    count: Option<f64>,
}

impl From<BenchSuite> for SuitePolicy {
    fn from(suite: BenchSuite) -> Self {
        let reference = match (suite.reference, suite.reference_commit) {
            (Some(command), _) => BenchReference::Command(command),
            (None, Some(commit)) => BenchReference::Commit(commit),
            (None, None) => BenchReference::None,
        };
        let (budget, time, size, memory) = match suite.mode {
            BenchMode::Soft | BenchMode::Pr => (suite.budgets.pr, 1.10, 1.20, 1.05),
            BenchMode::Nightly => (suite.budgets.nightly, 1.05, 1.08, 1.03),
        };
        let bench = BenchPolicy {
            reference,
            rounds: suite.rounds.unwrap_or(3),
            max_pairs: suite.max_pairs.unwrap_or(60),
            build: suite.build,
            process: suite.process,
            json: suite.json,
            mode: suite.mode,
            time: budget.time.unwrap_or(time),
            size: budget.size.unwrap_or(size),
            memory: budget.memory.unwrap_or(memory),
            count: budget.count.unwrap_or(1.01),
            expect: suite.expect,
            added: suite.added,
            metrics: suite.metric,
            calibrate: false,
        };
        Self {
            bench: Some(Box::new(bench)),
            required: suite.required,
            stage: suite.stage,
            inputs: suite.inputs,
            env: suite.env,
            requires: suite.requires,
            timeout: suite.timeout,
            directory: suite.directory,
            group: suite.group,
            location: Some(suite.location),
            ..Self::new(SuiteKind::Bench, suite.name, suite.command)
        }
    }
}

/// Rules between the values: something is compared with something, and the limits are numbers that can be kept.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for suite in elements(rules.file, &["suite", "bench"]) {
        let external = match (suite.get("reference"), suite.get("reference-commit")) {
            (Some(_), Some(second)) => {
                let message = "a benchmark suite can have only one reference";
                let help = "keep either `reference` or `reference-commit`";
                problems.push(
                    Problem::new(second.span(), message)
                        .rule(&rule::EXCLUDING_KEYS)
                        .help(help),
                );
                true
            }
            (first, second) => first.or(second).is_some(),
        };
        misplaced(suite, external, &mut problems);
        launcher(suite, &mut problems);
        for (json, _) in tables_of(suite, "json") {
            outside(json, &mut problems);
        }
        let mut bounded = external;
        for (metric, span) in tables_of(suite, "metric") {
            bounded |= limits(metric, span, external, &mut problems);
        }
        if !bounded && let Some((name, span)) = text(suite, "name") {
            let message = format!("suite `{}` has nothing to compare its benchmarks with", shown(name));
            let help = "add `reference-commit = \"origin/main\"`, a second command as `reference`, or `[[suite.bench.metric]]` with a limit";
            problems.push(Problem::new(span, message).rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
        }
    }
    problems
}

/// Pairs need another side, and what has one runs as often as its pairs need.
fn misplaced(suite: &DeTable<'_>, external: bool, problems: &mut Vec<Problem>) {
    let (key, message, help) = if external {
        let help = "write `max-pairs` instead: a suite with a reference runs until it can decide";
        ("rounds", "`rounds` has no effect next to a reference", help)
    } else {
        let help = "write `rounds` instead, or give the suite a reference";
        ("max-pairs", "there are no pairs without a reference", help)
    };
    if let Some(value) = suite.get(key) {
        problems.push(
            Problem::new(value.span(), message)
                .rule(&rule::ROUNDS_OR_PAIRS)
                .help(help),
        );
    }
}

/// A peak of memory is that of the largest process, and one that becomes another program keeps its own.
fn launcher(suite: &DeTable<'_>, problems: &mut Vec<Problem>) {
    let Some((_, span)) = texts(suite, "process").find(|(metric, _)| *metric == "memory") else {
        return;
    };
    let cargo = |key: &str| {
        let line = text(suite, key).and_then(|(line, _)| line.split_whitespace().next());
        line.or_else(|| texts(suite, key).next().map(|(word, _)| word)) == Some("cargo")
    };
    if cargo("command") || cargo("reference") {
        let message = "the `memory` of a command of cargo is never less than that of cargo itself";
        let help = "write `build = [\"cargo\", \"build\", \"--release\", \"--locked\"]`, and the program as `command`, such as `{target}/release/NAME`";
        problems.push(Problem::new(span, message).rule(&rule::MEMORY_OF_CARGO).help(help));
    }
}

/// A file is removed before each process, so only one that is built again may be named.
fn outside(json: &DeTable<'_>, problems: &mut Vec<Problem>) {
    let Some((file, span)) = text(json, "file") else {
        return;
    };
    let below = file.strip_prefix("{target}/").unwrap_or_default();
    if below.is_empty() || below.split(['/', '\\']).any(|part| matches!(part, "" | "." | "..")) {
        let message = format!("`{}` is not below the target directory", shown(file));
        let help = "write `{target}/` and a path below it; for any other place, let the command write to `{output}`";
        problems.push(Problem::new(span, message).rule(&rule::FILE_OUTSIDE_TARGET).help(help));
    }
}

/// Whether limits of benchmarks bound something.
fn limits(metric: &DeTable<'_>, span: Range<usize>, external: bool, problems: &mut Vec<Problem>) -> bool {
    let has = |key: &str| metric.contains_key(key);
    let relative = has("max-ratio") || has("min-ratio");
    if relative && !external && !has("reference") {
        let message = "a ratio needs a reference";
        let help = "set `reference` to a benchmark of the same output, or give the suite a reference";
        problems.push(
            Problem::new(span, message)
                .rule(&rule::RATIO_WITHOUT_REFERENCE)
                .help(help),
        );
        return true;
    }
    has("reference") || relative || has("at-most") || has("at-least")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalogue, validate};

    fn bench(body: &str) -> BenchPolicy {
        let text = format!(
            "version = 1\n[stage.pilot]\nscope = \"x\"\n[[suite.bench]]\nname = \"b\"\ncommand = \"cargo bench\"\n{body}"
        );
        let policy = validate("gate.toml", &text, &Catalogue::default()).unwrap();
        *policy.suites[0].bench.clone().unwrap()
    }

    #[test]
    fn each_mode_has_its_budgets() {
        let reference = "reference-commit = \"main\"\n";
        let of = |mode: &str| {
            let bench = bench(&format!("{reference}mode = \"{mode}\"\n"));
            (bench.time, bench.size)
        };
        assert_eq!(of("pr"), (1.10, 1.20));
        assert_eq!(of("soft"), (1.10, 1.20));
        assert_eq!(of("nightly"), (1.05, 1.08));
        let declared = bench(&format!(
            "{reference}mode = \"nightly\"\nbudgets.nightly.time = 1.02\nbudgets.pr.size = 2\n"
        ));
        assert_eq!((declared.time, declared.size), (1.02, 1.08));
    }

    #[test]
    fn a_process_has_metrics_and_memory_a_budget_of_its_own() {
        let of = |more: &str| bench(&format!("reference-commit = \"main\"\n{more}")).memory;
        assert_eq!((of(""), of("mode = \"nightly\"\n")), (1.05, 1.03));
        assert_eq!(of("budgets.pr.memory = 1.5\n"), 1.5);
        let body = "reference-commit = \"main\"\nprocess = [\"user\", \"wall\"]\nbuild = \"cargo build\"\n";
        let declared = bench(body);
        assert_eq!(declared.process, [ProcessMetric::User, ProcessMetric::Wall]);
        assert_eq!(declared.build.unwrap(), ["cargo", "build"]);
    }

    #[test]
    fn the_first_pattern_that_covers_a_name_counts() {
        let bench = bench(
            "[[suite.bench.metric]]\nname = \"parse/*\"\nat-most = 5\n[[suite.bench.metric]]\nname = \"*\"\nat-most = 9\n",
        );
        assert_eq!(bench.metric("parse/small").unwrap().at_most, Some(5.0));
        assert_eq!(bench.metric("print").unwrap().at_most, Some(9.0));
    }
}
