//! `cargo gate explain <check|exit-code|stage|run|path>`: the documentation of the tool, and the answers of a run from its
//! artifacts alone.

use std::fmt::Write as _;

use crate::cli::printer::STRONG;
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::exit::{self, ExitCode};
use gate_base::stage::Stage;
use gate_contract::{Check, OtherStage};
use gate_policy::RailsPolicy;
use gate_report::render::{Weight, place, text};
use gate_report::rollout::Step;
use gate_report::{Artifact, Dimension, Report};

use super::{dispatches, rails};

/// What explain knows about a check or a kind of suite.
#[derive(Debug, Clone)]
pub struct Topic<'a> {
    /// Id of the check, or of the kind of suite (`suite.test`).
    pub id: &'a str,
    /// One-line summary.
    pub summary: &'a str,
    /// Documentation in Markdown.
    pub docs: &'a str,
    /// What kind of property it is about.
    pub dimension: Dimension,
    /// First stage at which it blocks.
    pub blocks_at: Stage,
    /// Which findings block from another stage on.
    pub other_stages: &'a [OtherStage],
    /// Version of the tool that introduced it.
    pub since: &'a str,
}

impl From<&'static Check> for Topic<'static> {
    fn from(check: &'static Check) -> Self {
        Self {
            id: check.id,
            summary: check.summary,
            docs: check.docs,
            dimension: check.dimension,
            blocks_at: check.blocks_at,
            other_stages: check.other_stages,
            since: check.since,
        }
    }
}

/// Where explain finds runs.
pub(super) trait Runs {
    /// Ids of all runs, oldest first.
    fn ids(&self) -> Vec<String>;

    /// The report of a run by its id, or of the latest one as `latest`; `None` when there is no such run.
    ///
    /// # Errors
    /// The run is there, but its report cannot be read.
    fn report(&self, id: &str) -> Result<Option<Report>>;

    /// A file below the directory of the run of this name, as [`report`](Self::report) understands it.
    ///
    /// # Errors
    /// The file cannot be read.
    fn artifact(&self, run: &str, path: &str) -> Result<Vec<u8>>;

    /// The file at a path; `None` when there is none.
    ///
    /// # Errors
    /// The file is there, but cannot be read.
    fn file(&self, path: &str) -> Result<Option<Vec<u8>>>;

    /// The rails that the policy of this workspace declares.
    ///
    /// # Errors
    /// There is a policy, and it cannot be understood.
    fn rails(&self) -> Result<Option<RailsPolicy>> {
        Ok(None)
    }
}

/// The text about a topic, styled; without a topic the list of all of them.
///
/// # Errors
/// An unknown topic (usage), or a run that cannot be read.
pub(super) fn explain(topic: Option<&str>, topics: &[Topic<'_>], runs: &dyn Runs) -> Result<String> {
    let Some(name) = topic else {
        return Ok(contents(topics));
    };
    if let Some(topic) = topics.iter().find(|topic| topic.id == name) {
        return Ok(check(topic));
    }
    // `suite.test.<name>` is explained by its kind.
    if name.starts_with("suite.")
        && let Some(topic) = topics
            .iter()
            .find(|topic| name.strip_prefix(topic.id).is_some_and(|rest| rest.starts_with('.')))
    {
        return Ok(check(topic));
    }
    if matches!(name, "exit-code" | "exit-codes") {
        return Ok(exit_codes());
    }
    if let Some(code) = exit::ALL
        .iter()
        .find(|code| code.name == name || code.code.to_string() == name)
    {
        return Ok(exit_code(code));
    }
    if name == "stage" || name == "stages" {
        return Ok(Stage::ALL.map(|it| stage(it, topics)).join("\n"));
    }
    if let Ok(it) = name.parse() {
        return Ok(stage(it, topics));
    }
    if name == "rails" {
        return Ok(rails::text(runs.rails()?.as_ref()));
    }
    if let Some(report) = runs.report(name)? {
        return Ok(run(&report) + &records(&report, name, runs)?);
    }
    if let Some(bytes) = runs.file(name)? {
        return dispatches::file(name, &bytes);
    }
    if name == "latest" {
        return Err(Error::usage("no runs yet").with_help("cargo gate pilot"));
    }
    Err(unknown(name, topics, runs))
}

fn unknown(name: &str, topics: &[Topic<'_>], runs: &dyn Runs) -> Error {
    let mut known: Vec<String> = topics.iter().map(|topic| topic.id.to_owned()).collect();
    known.extend(exit::ALL.iter().map(|code| code.name.to_owned()));
    known.extend(Stage::ALL.iter().map(|stage| stage.name().to_owned()));
    known.extend(["exit-code", "stage", "rails", "latest"].map(str::to_owned));
    known.extend(runs.ids());
    let closest = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    let help = match closest {
        Some((_, candidate)) => format!("did you mean `cargo gate explain {candidate}`?"),
        None => "`cargo gate explain` lists all topics".to_owned(),
    };
    Error::usage(format!("unknown topic `{name}`")).with_help(help)
}

fn contents(topics: &[Topic<'_>]) -> String {
    let rows: Vec<(&str, &str)> = topics.iter().map(|topic| (topic.id, topic.summary)).collect();
    let mut out = if rows.is_empty() {
        String::new()
    } else {
        section("checks", &rows)
    };
    let codes: Vec<(&str, &str)> = exit::ALL.iter().map(|code| (code.name, code.meaning)).collect();
    out.push_str(&section("exit codes", &codes));
    let stages: Vec<(&str, &str)> = Stage::ALL.iter().map(|stage| (stage.name(), purpose(*stage))).collect();
    out.push_str(&section("stages", &stages));
    out.push_str(&section(
        "rails",
        &[("rails", "when a kernel leaves its native backend, and when it returns")],
    ));
    out.push_str(&section(
        "runs",
        &[
            ("latest", "the latest run; any run id works too"),
            ("<path>", "a run directory, or a decision log or run stats of kernels"),
        ],
    ));
    out.trim_end().to_owned() + "\n"
}

fn section(title: &str, rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|(name, _)| text::width(name)).max().unwrap_or(0);
    let mut out = format!("{STRONG}{title}:{STRONG:#}\n");
    for (name, about) in rows {
        out.push_str(&format!("  {}  {about}\n", text::pad(name, width)));
    }
    out.push('\n');
    out
}

fn check(topic: &Topic<'_>) -> String {
    let dimension = format!("{:?}", topic.dimension).to_lowercase();
    let later = topic.other_stages.iter();
    let later: String = later
        .map(|later| format!("from {} on: {}\n", later.from, later.what))
        .collect();
    format!(
        "{STRONG}{}{STRONG:#}: {}\n\nblocks from {} on · {dimension} · since {}\n{later}\n{}",
        topic.id,
        topic.summary,
        topic.blocks_at,
        topic.since,
        markdown(topic.docs)
    )
}

/// Markdown as plain text: headings are bold, code is indented, everything else stays as it was written.
fn markdown(docs: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    for line in docs.trim().lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        } else if line.starts_with('#') {
            let _ = writeln!(out, "{STRONG}{}{STRONG:#}", line.trim_start_matches('#').trim());
        } else {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

fn exit_codes() -> String {
    let codes: Vec<String> = exit::ALL.iter().map(exit_code).collect();
    codes.join("\n")
}

fn exit_code(code: &ExitCode) -> String {
    format!(
        "{STRONG}{} {}{STRONG:#}\n  {}\n  next: {}\n",
        code.code, code.name, code.meaning, code.remedy
    )
}

fn purpose(stage: Stage) -> &'static str {
    match stage {
        Stage::Pilot => "first use in one service or internal tool",
        Stage::Controlled => "limited production use under guardrails",
        Stage::Broad => "unlimited production use",
    }
}

fn stage(stage: Stage, topics: &[Topic<'_>]) -> String {
    let asks = match stage.predecessor() {
        None => "It requires evidence for every check, and no finding that any team would call a blocker.".to_owned(),
        Some(before) => {
            format!(
                "It requires everything {before} requires, and a {before} decision on the same content or an \
                 ancestor of it."
            )
        }
    };
    let mut out = format!("{STRONG}{stage}{STRONG:#}: {}\n\n{asks}\n", purpose(stage));
    let steps: Vec<(&str, &str)> = Step::ALL
        .into_iter()
        .filter(|step| step.stage() == stage)
        .map(|step| (step.name(), step.meaning()))
        .collect();
    out.push('\n');
    out.push_str(section("rollout steps that it permits", &steps).trim_end());
    out.push('\n');
    let rows: Vec<(&str, &str)> = topics
        .iter()
        .filter(|topic| topic.blocks_at == stage)
        .map(|topic| (topic.id, topic.summary))
        .collect();
    if !rows.is_empty() {
        out.push('\n');
        out.push_str(section("checks that start blocking here", &rows).trim_end());
        out.push('\n');
    }
    out
}

/// What a run decided and why, from its report alone.
fn run(report: &Report) -> String {
    let mut out = format!(
        "{STRONG}{}{STRONG:#}: {}\n{}\n",
        text::line(&report.run_id),
        report.verdict(),
        report.tally()
    );
    let _ = writeln!(
        out,
        "started {} on {}",
        text::line(&text::timestamp(&report.started)),
        subject(report)
    );
    let blocking: Vec<_> = report.checks.iter().filter(|check| !check.outcome.passes()).collect();
    if !blocking.is_empty() {
        let _ = writeln!(out, "\n{STRONG}why:{STRONG:#}");
    }
    for check in blocking {
        let findings: Vec<_> = check
            .findings
            .iter()
            .filter(|finding| report.weight(finding) == Weight::Blocks)
            .collect();
        let why = match (&check.reason, findings.first()) {
            (Some(reason), _) => text::line(&reason.message).into_owned(),
            (None, Some(first)) => {
                let at = first
                    .locations
                    .first()
                    .map(|location| format!(" ({})", place(location)))
                    .unwrap_or_default();
                let more = match findings.len() - 1 {
                    0 => String::new(),
                    more => format!(", and {more} more"),
                };
                format!("{}{at}{more}", text::line(&first.message))
            }
            (None, None) => text::line(&check.summary).into_owned(),
        };
        let _ = writeln!(out, "  {}: {}: {why}", text::line(&check.id), check.outcome.words());
    }
    let next: Vec<String> = report
        .unblock_actions()
        .iter()
        .map(|(action, _)| text::line(action).into_owned())
        .collect();
    if !next.is_empty() {
        let _ = writeln!(out, "\n{STRONG}next:{STRONG:#}\n  {}", next.join("\n  "));
    }
    if let Some(dir) = &report.run_dir {
        let _ = writeln!(out, "\nthe full report is {}/report.md", text::line(dir));
    }
    out
}

/// What a run directory keeps of the records of kernels, verified against the digests of the report.
fn records(report: &Report, run: &str, runs: &dyn Runs) -> Result<String> {
    let evidence = report.checks.iter().filter_map(|check| check.evidence.as_ref());
    let mut kept: Vec<&Artifact> = evidence
        .flat_map(|evidence| &evidence.artifacts)
        .filter(|artifact| artifact.path.split('/').next() == Some(gate_gpu::dispatches::DIRECTORY))
        .collect();
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    let mut out = String::new();
    for artifact in kept {
        let bytes = runs.artifact(run, &artifact.path)?;
        if sha256_hex(&bytes) != artifact.sha256 {
            let message = format!("`{}` of run {run} was modified after the run", artifact.path);
            return Err(Error::tool(message).with_help(format!("cargo gate verify {run}")));
        }
        out.push('\n');
        out.push_str(&dispatches::artifact(&artifact.path, &bytes)?);
    }
    Ok(out)
}

fn subject(report: &Report) -> String {
    let subject = &report.subject;
    let name = text::line(&subject.name).into_owned();
    match &subject.commit {
        Some(commit) => {
            let short: String = commit.chars().take(12).collect();
            let dirty = if subject.dirty == Some(true) {
                " with uncommitted changes"
            } else {
                ""
            };
            format!("{name} at {}{dirty}", text::line(&short))
        }
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_report::render::samples;

    struct Sample;

    impl Runs for Sample {
        fn ids(&self) -> Vec<String> {
            vec![samples::failures().run_id]
        }

        fn report(&self, id: &str) -> Result<Option<Report>> {
            let report = samples::failures();
            Ok((id == "latest" || id == report.run_id).then_some(report))
        }

        fn artifact(&self, run: &str, path: &str) -> Result<Vec<u8>> {
            panic!("{run} keeps no {path}")
        }

        fn file(&self, _: &str) -> Result<Option<Vec<u8>>> {
            Ok(None)
        }
    }

    const TOPICS: &[Topic<'static>] = &[
        Topic {
            id: "lockfile.fresh",
            summary: "`Cargo.lock` matches the manifests",
            docs: "## What it does\n\nResolves under `--locked`.\n\n## How to fix\n\n```console\ncargo update --workspace\n```\n",
            dimension: Dimension::Reproducibility,
            blocks_at: Stage::Pilot,
            other_stages: &[OtherStage {
                from: Stage::Broad,
                what: "a manifest that nobody built",
            }],
            since: "0.1.0",
        },
        Topic {
            id: "suite.test",
            summary: "A suite of tests passes",
            docs: "## What it does\n\nRuns it.",
            dimension: Dimension::Correctness,
            blocks_at: Stage::Pilot,
            other_stages: &[],
            since: "0.1.0",
        },
    ];

    fn text_of(topic: Option<&str>) -> String {
        let styled = explain(topic, TOPICS, &Sample).expect("the topic is known");
        anstream::adapter::strip_str(&styled).to_string()
    }

    #[test]
    fn topics_read_well() {
        insta::assert_snapshot!("contents", text_of(None));
        insta::assert_snapshot!("check", text_of(Some("lockfile.fresh")));
        insta::assert_snapshot!("exit_codes", text_of(Some("exit-code")));
        insta::assert_snapshot!("stage", text_of(Some("pilot")));
        insta::assert_snapshot!("run", text_of(Some("latest")));
        assert_eq!(text_of(Some("1")), text_of(Some("not-ready")));
        assert_eq!(text_of(Some("suite.test.nightly")), text_of(Some("suite.test")));
    }

    #[test]
    fn unknown_topics_get_a_suggestion() {
        let help = |topic| {
            let error = explain(Some(topic), TOPICS, &Sample).expect_err("the topic is unknown");
            assert_eq!(error.exit_code(), exit::USAGE);
            error.help.expect("a remedy")
        };
        assert_eq!(
            help("lockfile.frsh"),
            "did you mean `cargo gate explain lockfile.fresh`?"
        );
        assert_eq!(help("controled"), "did you mean `cargo gate explain controlled`?");
        assert_eq!(help("zzz"), "`cargo gate explain` lists all topics");
    }
}
