//! Declared suites: what all kinds have, and what a declaration becomes.

use std::ops::Range;
use std::time::Duration;

use serde::Serialize;
use toml::Spanned;

use crate::base::stage::Stage;
use crate::group::Group;
use crate::report::Location;

use super::bench::{self, BenchPolicy};
use super::parts;
pub use super::raw::SuiteFormat;
use super::raw::{RawBenchSuite, RawSloSuite, RawSuites, RawTestSuite, RawTool, RawToolSuite};
use super::section::section;
use super::slo::{self, SloPolicy};
use super::stability::StabilityPolicy;
use super::value::{Converted, command, duration};

/// The tool that compares public items with those of a release.
pub const SEMVER_CHECKS: &str = "cargo-semver-checks";

/// Kind of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuiteKind {
    /// A command that runs tests.
    Test,
    /// A command that measures, judged beside a reference.
    Bench,
    /// Promises held over a rolling window.
    Slo,
    /// An adapter over a tool whose output is parsed into findings.
    Tool,
}

/// A declared suite.
#[derive(Debug, Clone, Serialize)]
pub struct SuitePolicy {
    /// Kind; the check id is `suite.<kind>.<name>`.
    pub kind: SuiteKind,
    /// Unique name: lowercase letters, digits, `-` and `_`.
    pub name: String,
    /// For tests the command as argument vector; for tools empty unless overridden.
    pub command: Vec<String>,
    /// For tools: its name, `clippy`, `cargo-deny` and so on.
    pub tool: Option<String>,
    /// For tools: which of the answers of one call it judges, where each is a suite of its own.
    pub part: Option<String>,
    /// For benchmarks: how they are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bench: Option<Box<BenchPolicy>>,
    /// For service levels: how they are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo: Option<Box<SloPolicy>>,
    /// For cargo-semver-checks: the classes of public items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<Box<StabilityPolicy>>,
    /// Whether it must pass.
    pub required: bool,
    /// First stage that needs it.
    pub stage: Stage,
    /// Globs over workspace-relative paths that the suite reads; empty means every file.
    pub inputs: Vec<String>,
    /// Names of environment variables that the suite reads.
    pub env: Vec<String>,
    /// What the suite needs of the machine: `program:<name>`, `env:<name>`, `os:<name>`.
    pub requires: Vec<String>,
    /// Time limit.
    pub timeout: Duration,
    /// Least number of tests that must run.
    pub min_tests: u64,
    /// How to read the output.
    pub format: SuiteFormat,
    /// Working directory relative to the workspace root.
    pub directory: Option<String>,
    /// Group in whose turn it runs, where that is declared. It says when, not what: no part of the fingerprint.
    #[serde(skip)]
    pub group: Option<Group>,
    /// Where it is declared.
    pub location: Option<Location>,
}

impl SuitePolicy {
    /// A required suite at pilot with this command, which reads every file; what it may say otherwise is not declared.
    pub fn new(kind: SuiteKind, name: impl Into<String>, command: Vec<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            command,
            tool: None,
            part: None,
            bench: None,
            slo: None,
            stability: None,
            required: true,
            stage: Stage::Pilot,
            inputs: Vec::new(),
            env: Vec::new(),
            requires: Vec::new(),
            timeout: Duration::from_secs(1800),
            min_tests: 0,
            format: SuiteFormat::Auto,
            directory: None,
            group: None,
            location: None,
        }
    }

    /// A required suite over a tool, with the tool's usual arguments.
    pub fn tool(tool: &str) -> Self {
        Self {
            tool: Some(tool.to_owned()),
            ..Self::new(SuiteKind::Tool, tool, Vec::new())
        }
    }
}

/// All declared suites, in the order of the file.
pub(super) fn convert(
    raw: RawSuites,
    stability: Option<&StabilityPolicy>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<Vec<SuitePolicy>> {
    let mut suites: Vec<(usize, SuitePolicy)> = Vec::new();
    each(raw.test, at, &mut suites, test_suite)?;
    each(raw.tool, at, &mut suites, |raw, span| tool_suite(raw, stability, span))?;
    each(raw.bench, at, &mut suites, |raw, span| bench_suite(raw, span, at))?;
    each(raw.slo, at, &mut suites, |raw, span| slo_suite(raw, span, at))?;
    suites.sort_by_key(|(start, _)| *start);
    Ok(suites.into_iter().flat_map(|(_, suite)| in_parts(suite)).collect())
}

/// The declarations of one kind, each with the offset at which it stands.
fn each<T>(
    raw: Vec<Spanned<T>>,
    at: &impl Fn(Range<usize>) -> Location,
    suites: &mut Vec<(usize, SuitePolicy)>,
    convert: impl Fn(T, &Range<usize>) -> Converted<SuitePolicy>,
) -> Converted<()> {
    for suite in raw {
        let span = suite.span();
        let policy = SuitePolicy {
            location: Some(at(span.clone())),
            ..convert(suite.into_inner(), &span)?
        };
        suites.push((span.start, policy));
    }
    Ok(())
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

fn test_suite(raw: RawTestSuite, span: &Range<usize>) -> Converted<SuitePolicy> {
    Ok(SuitePolicy {
        required: raw.required,
        stage: raw.stage,
        inputs: raw.inputs,
        env: raw.env,
        requires: raw.requires,
        timeout: duration(&raw.timeout, span)?,
        min_tests: raw.min_tests,
        format: raw.format,
        directory: raw.directory,
        group: raw.group,
        ..SuitePolicy::new(SuiteKind::Test, raw.name, command(&raw.command, span)?)
    })
}

fn tool_suite(raw: RawToolSuite, stability: Option<&StabilityPolicy>, span: &Range<usize>) -> Converted<SuitePolicy> {
    let stability = stability.filter(|_| raw.tool.name() == SEMVER_CHECKS);
    Ok(SuitePolicy {
        stability: stability.cloned().map(Box::new),
        tool: Some(raw.tool.name().into()),
        required: raw.required,
        stage: raw.stage,
        timeout: duration(&raw.timeout, span)?,
        group: raw.group,
        ..SuitePolicy::new(SuiteKind::Tool, raw.name, tool_command(raw.tool, raw.args))
    })
}

fn bench_suite(
    raw: RawBenchSuite,
    span: &Range<usize>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<SuitePolicy> {
    Ok(SuitePolicy {
        bench: Some(Box::new(bench::convert(&raw, span, at)?)),
        required: raw.required,
        stage: raw.stage,
        inputs: raw.inputs,
        env: raw.env,
        requires: raw.requires,
        timeout: duration(&raw.timeout, span)?,
        directory: raw.directory,
        group: raw.group,
        ..SuitePolicy::new(SuiteKind::Bench, raw.name, command(&raw.command, span)?)
    })
}

fn slo_suite(raw: RawSloSuite, span: &Range<usize>, at: &impl Fn(Range<usize>) -> Location) -> Converted<SuitePolicy> {
    let command = raw.command.as_ref().map(|raw| command(raw, span)).transpose()?;
    Ok(SuitePolicy {
        slo: Some(Box::new(slo::convert(&raw, span, at)?)),
        required: raw.required,
        stage: raw.stage,
        timeout: duration(&raw.timeout, span)?,
        group: raw.group,
        ..SuitePolicy::new(SuiteKind::Slo, raw.name, command.unwrap_or_default())
    })
}

/// The command of a tool whose arguments are declared; empty when the adapter's own apply. What the adapter needs to
/// read the output is added, so that arguments cannot make its findings disappear.
fn tool_command(tool: RawTool, mut args: Vec<String>) -> Vec<String> {
    if args.is_empty() {
        return args;
    }
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match tool {
        RawTool::Clippy => [words(&["cargo", "clippy", "--message-format=json"]), args].concat(),
        RawTool::CargoDeny => [words(&["cargo", "deny", "--format=json", "check"]), args].concat(),
        RawTool::CargoSemverChecks => [words(&["cargo", "semver-checks", "--color=never"]), args].concat(),
        RawTool::CargoVet => [words(&["cargo", "vet", "--output-format=json"]), args].concat(),
        RawTool::Rustfmt => {
            let separator = args.iter().position(|word| word == "--").unwrap_or(args.len());
            let mut rustfmt = args.split_off(separator);
            rustfmt.drain(..rustfmt.len().min(1));
            [words(&["cargo", "fmt"]), args, words(&["--", "--check", "-l"]), rustfmt].concat()
        }
    }
}

section!(SuitePolicy, "suites", suites: Vec<SuitePolicy>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_tools_keep_the_output_readable() {
        let command =
            |tool, args: &[&str]| tool_command(tool, args.iter().map(|word| (*word).to_owned()).collect()).join(" ");
        assert_eq!(command(RawTool::Clippy, &[]), "");
        assert_eq!(
            command(RawTool::Clippy, &["-p", "a", "--", "-Dwarnings"]),
            "cargo clippy --message-format=json -p a -- -Dwarnings"
        );
        assert_eq!(
            command(RawTool::CargoDeny, &["bans"]),
            "cargo deny --format=json check bans"
        );
        assert_eq!(
            command(RawTool::CargoSemverChecks, &["--baseline-rev", "v1"]),
            "cargo semver-checks --color=never --baseline-rev v1"
        );
        assert_eq!(
            command(RawTool::CargoVet, &["--frozen"]),
            "cargo vet --output-format=json --frozen"
        );
        assert_eq!(command(RawTool::Rustfmt, &["-p", "a"]), "cargo fmt -p a -- --check -l");
        assert_eq!(
            command(RawTool::Rustfmt, &["--all", "--", "--edition", "2024"]),
            "cargo fmt --all -- --check -l --edition 2024"
        );
    }
}
