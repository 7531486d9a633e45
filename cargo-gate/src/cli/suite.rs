//! `cargo gate suite`.

use clap::Args;
use jiff::Timestamp;

use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::stage::Stage;
use gate_engine::evaluate::Request;
use gate_engine::plan::SuiteMode;
use gate_engine::verdict;
use gate_evidence::event::Tee;
use gate_evidence::lock::{self, Lock};
use gate_evidence::{Evidence, EvidenceResult};
use gate_policy::{BenchReference, SuitePolicy};
use gate_report::render::human::Detail;
use gate_report::{Outcome, Partition, SuiteResult, TestResult, TestStatus};

use super::Conversation;
use super::progress::Progress;

#[derive(Debug, Args)]
pub(crate) struct SuiteArgs {
    /// Names or ids of suites; `*` and `?` are wildcards
    #[arg(value_name = "PATTERN", required_unless_present_any = ["all", "list"])]
    pub(crate) patterns: Vec<String>,
    /// Run every suite
    #[arg(long, conflicts_with = "patterns")]
    pub(crate) all: bool,
    /// List the suites without running them
    #[arg(long)]
    pub(crate) list: bool,
    /// Run one share of them, such as 1/3: nextest divides its tests, other suites are dealt out whole
    #[arg(long, value_name = "SHARD/COUNT")]
    pub(crate) partition: Option<Partition>,
    /// Compare each suite of benchmarks with itself, and print limits that this machine can decide
    #[arg(long, conflicts_with_all = ["list", "partition"])]
    pub(crate) calibrate: bool,
    /// Number of suites to run in parallel
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: u16,
}

pub(super) fn run(arguments: &SuiteArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let opened = conversation.open()?;
    let all = gate_suites::of_policy(&opened.policy, &opened.workspace, &[], Stage::Broad);
    if arguments.list {
        let lines: String = all
            .iter()
            .map(|suite| {
                format!(
                    "{}  {}  {}\n",
                    gate_suites::check_id(suite),
                    suite.stage,
                    gate_suites::summary(suite)
                )
            })
            .collect();
        conversation.printer.data(&lines)?;
        return Ok(exit::READY);
    }
    let mut selected = select(&all, arguments)?;
    if let Some(partition) = arguments.partition {
        let dealt = gate_suites::deal(selected, partition).into_iter();
        selected = dealt
            .filter_map(|(suite, whose)| whose.is_none().then_some(suite))
            .collect();
    }

    if arguments.calibrate {
        selected = selected.into_iter().map(beside_itself).collect::<Result<_>>()?;
    }

    let gate_dir = lock::prepare(opened.workspace.target_dir())?;
    let _lock = Lock::acquire(&gate_dir, conversation.cancel, || {
        conversation
            .printer
            .status("Blocking", "waiting for file lock on the gate directory");
    })?;
    let request = Request {
        stage: Stage::Broad,
        strict: false,
        keep_going: true,
        jobs: usize::from(arguments.jobs),
        packages: Vec::new(),
        since: None,
        // Who asks for a suite by name wants to see it run.
        fresh: true,
        suites: SuiteMode::WithoutEvidence,
        now: Timestamp::now(),
        began: conversation.began,
        run_id: String::new(),
    };
    let progress = Progress::new(conversation.printer);
    let results = opened
        .surroundings()
        .run_suites(selected, &request, &Tee(&[&progress]), conversation.cancel)?;

    if arguments.calibrate {
        return proposals(&results, conversation);
    }
    let detail = conversation.printer.detail();
    let mut totals = SuiteTotals::default();
    let mut text = String::new();
    let mut code = exit::READY;
    for evidence in &results {
        let outcome = verdict::outcome_at(&evidence.result, Stage::Broad, false);
        if !outcome.passes() {
            code = code.max(if outcome == Outcome::Fail {
                exit::NOT_READY
            } else {
                exit::TOOL_FAILED
            });
        }
        totals.add(evidence.suite.as_ref());
        if detail == Detail::Quiet && outcome.passes() {
            continue;
        }
        text.push_str(&line(
            &evidence.check,
            &evidence.result,
            evidence.suite.as_ref(),
            outcome,
        ));
        for measured in evidence.suite.iter().flat_map(|suite| &suite.measurements) {
            text.push_str(&format!("    {}\n", gate_suites::bench::line(measured)));
        }
        let equivalence = evidence.suite.iter().filter_map(|suite| suite.equivalence.as_deref());
        for shown in equivalence.flat_map(gate_suites::equivalence::lines) {
            text.push_str(&format!("    {shown}\n"));
        }
        let drills = evidence.suite.iter().filter_map(|suite| suite.drill.as_deref());
        for shown in drills.flat_map(gate_suites::drill::lines) {
            text.push_str(&format!("    {shown}\n"));
        }
        for level in evidence.suite.iter().flat_map(|suite| &suite.service_levels) {
            text.push_str(&format!("    {}\n", gate_suites::slo::line(level)));
        }
        if detail == Detail::Verbose {
            text.extend(evidence.suite.iter().flat_map(|suite| &suite.tests).map(test_line));
        }
    }
    text.push_str(&format!(
        "{} passed, {} failed, {} skipped\n",
        totals.passed, totals.failed, totals.skipped
    ));
    conversation.printer.data(&text)?;
    Ok(code)
}

/// Pairs of a calibration: as many as the fourth look has.
const PAIRS: u32 = 26;

/// The suite with itself as its reference.
fn beside_itself(mut suite: SuitePolicy) -> Result<SuitePolicy> {
    let Some(bench) = suite.bench.as_mut() else {
        let message = format!(
            "`{}` is no suite of benchmarks, so it has no limits to propose",
            suite.name
        );
        return Err(Error::usage(message).with_help("name one that `[[suite.bench]]` declares"));
    };
    bench.reference = BenchReference::Command(suite.command.clone());
    (bench.max_pairs, bench.calibrate) = (PAIRS, true);
    Ok(suite)
}

/// Prints what each suite beside itself proposes.
fn proposals(results: &[Evidence], conversation: &Conversation<'_>) -> Result<i32> {
    let machine = format!(
        "{}-{}, {} processors, {PAIRS} pairs",
        std::env::consts::ARCH,
        std::env::consts::OS,
        std::thread::available_parallelism().map_or(1, usize::from)
    );
    let mut code = exit::READY;
    let mut text = String::new();
    for evidence in results {
        let measured = evidence.suite.as_ref().map_or(&[][..], |suite| &suite.measurements);
        if measured.is_empty() {
            let outcome = verdict::outcome_at(&evidence.result, Stage::Broad, false);
            text.push_str(&line(
                &evidence.check,
                &evidence.result,
                evidence.suite.as_ref(),
                outcome,
            ));
            code = exit::TOOL_FAILED;
        } else {
            let name = evidence.check.rsplit('.').next().unwrap_or(&evidence.check);
            text.push_str(&gate_suites::bench::proposal(name, &machine, measured));
        }
    }
    conversation.printer.data(&text)?;
    Ok(code)
}

fn select(all: &[SuitePolicy], arguments: &SuiteArgs) -> Result<Vec<SuitePolicy>> {
    if arguments.all {
        if all.is_empty() {
            return Err(Error::usage("no suites declared").with_help("declare one with `[[suite.test]]` in gate.toml"));
        }
        return Ok(all.to_vec());
    }
    let mut wanted = vec![false; all.len()];
    for pattern in &arguments.patterns {
        for found in gate_suites::select(all, pattern)? {
            let at = all.iter().position(|suite| std::ptr::eq(suite, found));
            if let Some(at) = at {
                wanted[at] = true;
            }
        }
    }
    Ok(all
        .iter()
        .zip(wanted)
        .filter(|(_, wanted)| *wanted)
        .map(|(suite, _)| suite.clone())
        .collect())
}

#[derive(Default)]
struct SuiteTotals {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl SuiteTotals {
    fn add(&mut self, suite: Option<&SuiteResult>) {
        if let Some(suite) = suite {
            self.passed += suite.passed;
            self.failed += suite.failed;
            self.skipped += suite.skipped;
        }
    }
}

/// `    ok logic tests::adds`
fn test_line(test: &TestResult) -> String {
    let word = match test.status {
        TestStatus::Passed => "ok",
        TestStatus::Failed => "FAILED",
        TestStatus::Skipped => "skipped",
        TestStatus::Flaky => "flaky",
    };
    let TestResult { binary, name, .. } = test;
    format!("    {word} {binary} {name}\n")
}

fn line(id: &str, result: &EvidenceResult, suite: Option<&SuiteResult>, outcome: Outcome) -> String {
    let word = outcome.words().to_uppercase();
    let mut text = format!("{word} {id}");
    if let Some(suite) = suite.filter(|suite| suite.service_levels.is_empty()) {
        text.push_str(&format!(
            ": {} passed, {} failed, {} skipped",
            suite.passed, suite.failed, suite.skipped
        ));
        if let Some(exit_code) = suite.exit_code.filter(|code| *code != 0) {
            text.push_str(&format!(", exit code {exit_code}"));
        }
    }
    text.push('\n');
    match result {
        EvidenceResult::Findings(findings) => {
            for finding in findings {
                text.push_str(&format!("    {}\n", finding.message));
                if let Some(help) = &finding.help {
                    text.push_str(&format!("      help: {help}\n"));
                }
            }
        }
        EvidenceResult::NotRun(reason) | EvidenceResult::Inconclusive(reason) | EvidenceResult::Error(reason) => {
            text.push_str(&format!("    {}\n", reason.message));
            if let Some(help) = &reason.help {
                text.push_str(&format!("      help: {help}\n"));
            }
        }
    }
    text
}
