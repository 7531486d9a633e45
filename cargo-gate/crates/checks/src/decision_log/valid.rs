//! `decision-log.valid`: the decision log of a run is whole, and says what it has to say.

use gate_runtime::decision_log::read::{Decision, Event, Reader};

use gate_base::stage::Stage;
use gate_gpu::dispatches::{self, Summary};
use gate_policy::RuntimePolicy;
use gate_report::{Dimension, Finding, Location};

use crate::runtime::records::{faulty, judged, misread};
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

use crate::runtime::records::FAULTS;

reads!(input::RuntimeRecords, RuntimePolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "decision-log.valid",
    summary: "The decision log of a run is complete and has every mandatory field",
    docs: include_str!("valid.md"),
    dimension: Dimension::Observability,
    blocks_at: Stage::Pilot,
    other_stages: &[FAULTS],
    since: "0.1.0",
    version: 4,
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let runtime = context.section::<RuntimePolicy>().as_ref();
    if runtime.is_some_and(|runtime| !runtime.decision_logs.is_empty()) {
        return Applies::Yes;
    }
    Applies::No("no decision log is declared".into())
}

fn run(context: &Context<'_>) -> Judgement {
    judged(
        context,
        "decision log",
        |runtime| &runtime.decision_logs,
        judge,
        |index, path, bytes| (dispatches::summary_path(index), Summary::of(path, bytes).to_json()),
    )
}

fn judge(runtime: &RuntimePolicy, path: &str, bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut worst: Option<(u32, Box<Decision>)> = None;
    let (mut decisions, mut lost, mut lines, mut closed) = (0_u64, 0_u64, 0_u32, false);
    for line in Reader::new(bytes) {
        lines = lines.saturating_add(1);
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                findings.push(misread(path, &error));
                return findings;
            }
        };
        closed = matches!(line.event, Event::Close);
        match line.event {
            Event::Open { faults, .. } => findings.extend(faulty(path, &faults)),
            Event::Decision(decision) => {
                decisions += 1;
                if worst
                    .as_ref()
                    .is_none_or(|(_, other)| decision.compilability < other.compilability)
                {
                    worst = Some((lines, decision));
                }
            }
            Event::Dropped {
                records,
                events,
                unwritten,
            } => {
                lost = lost
                    .saturating_add(records)
                    .saturating_add(events)
                    .saturating_add(unwritten);
            }
            _ => {}
        }
    }
    if decisions == 0 {
        findings.push(
            Finding::blocking(CHECK.blocks_at, format!("`{path}` contains no dispatch"))
                .help("launch a kernel in the run")
                .at(Location::line(path, lines.max(1))),
        );
    }
    if !closed {
        findings.push(
            Finding::blocking(
                CHECK.blocks_at,
                format!("`{path}` does not end in `close`: the run was interrupted"),
            )
            .help("let the run finish and drop its `Runtime`")
            .at(Location::line(path, lines.max(1))),
        );
    }
    let least = runtime.min_compilability;
    if let Some((line, decision)) = worst
        && let Some(least) = least.filter(|least| decision.compilability * 100.0 < f64::from(*least))
    {
        let breaks: Vec<String> = decision
            .break_counts
            .iter()
            .map(|(reason, count)| format!("{count} by `{reason}`"))
            .collect();
        let message = format!(
            "{:.0} % of the operations of a workload in `{path}` have a native kernel, less than {least} %; graph \
             breaks: {}",
            decision.compilability * 100.0,
            breaks.join(", ")
        );
        let help = format!(
            "add a native kernel for the first one, or lower `min-compilability`: `{}`",
            decision.break_first
        );
        findings.push(Finding::advice(message).help(help).at(Location::line(path, line)));
    }
    if lost > 0 {
        findings.push(
            Finding::advice(format!("`{path}` reports dropped lines: {lost}"))
                .help("raise `DecisionLog::ring_records`")
                .at(Location::file(path)),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;

    const GOOD: &str = include_str!("../../../../../tests/fixtures/decision-log.valid/clean/decision_log.jsonl");

    /// The lines with links that fit them, as if they had been written so.
    fn linked(text: &str) -> String {
        let mut previous = String::new();
        let line = |line: &str| {
            let (body, _) = line.split_once(",\"chain\":").expect("every line has a link");
            previous = gate_runtime::decision_log::link(&previous, body);
            format!("{body},\"chain\":\"{previous}\"}}\n")
        };
        text.lines().map(line).collect()
    }

    fn text(records: &[(&str, &str)]) -> String {
        let mut world = World::new();
        world.texts(records);
        world.policy.runtime = Some(RuntimePolicy {
            decision_logs: vec!["log.jsonl".to_owned()],
            min_compilability: None,
            max_recompiles: None,
            run_stats: Vec::new(),
            rails: None,
            location: Location::line("gate.toml", 3),
        });
        world.text(&CHECK)
    }

    fn lines(keep: impl Fn(usize) -> bool) -> String {
        let kept = GOOD.lines().enumerate().filter(|(number, _)| keep(*number));
        kept.map(|(_, line)| format!("{line}\n")).collect()
    }

    #[test]
    fn a_log_that_a_run_has_written_is_whole() {
        assert_eq!(World::new().text(&CHECK), "not applicable: no decision log is declared");
        assert_eq!(text(&[("log.jsonl", GOOD)]), "");
        assert_eq!(text(&[("log.jsonl", &GOOD.replace('\n', "\r\n"))]), "");
    }

    #[test]
    fn what_is_wrong_is_found_with_its_line() {
        let end = GOOD.lines().count() - 1;
        let gap = text(&[("log.jsonl", &lines(|number| number != 2))]);
        assert!(
            gap.starts_with("log.jsonl:3: line 3 of `log.jsonl` is invalid: `seq` is 3 after 1"),
            "{gap}"
        );
        let open = text(&[("log.jsonl", &lines(|number| number != end))]);
        assert!(
            open.contains("does not end in `close`: the run was interrupted [pilot]"),
            "{open}"
        );
        let cut = text(&[("log.jsonl", &GOOD[..GOOD.len() - 9])]);
        assert!(cut.contains("does not end in a line feed"), "{cut}");
        let unknown = text(&[("log.jsonl", &GOOD.replace("no_native_variant", "no_such_reason"))]);
        assert!(
            unknown.starts_with("log.jsonl:2: line 2 of `log.jsonl` is invalid: `backend_reason` "),
            "{unknown}"
        );
        let edited = text(&[("log.jsonl", &GOOD.replacen("\"latency_ms\":0.", "\"latency_ms\":1.", 1))]);
        assert!(
            edited.starts_with("log.jsonl:2: line 2 of `log.jsonl` is invalid: `chain` does not match"),
            "{edited}"
        );
        let missing = text(&[("log.jsonl", &GOOD.replace("\"mode\":\"native\",", ""))]);
        assert!(
            missing.starts_with("log.jsonl:2: line 2 of `log.jsonl` is invalid: `mode` "),
            "{missing}"
        );
    }

    #[test]
    fn a_workload_without_native_kernels_is_below_the_floor() {
        let said = |least| {
            let mut world = World::new();
            world.texts(&[(
                "log.jsonl",
                &linked(&GOOD.replace("\"compilability\":0,", "\"compilability\":0.5,")),
            )]);
            world.policy.runtime = Some(RuntimePolicy {
                decision_logs: vec!["log.jsonl".to_owned()],
                min_compilability: None,
                max_recompiles: None,
                run_stats: Vec::new(),
                rails: None,
                location: Location::line("gate.toml", 3),
            });
            let runtime = world.policy.runtime.as_mut().expect("declared");
            runtime.min_compilability = least;
            world.text(&CHECK)
        };
        assert_eq!((said(None), said(Some(50))), (String::new(), String::new()));
        insta::assert_snapshot!(said(Some(51)), @"
        log.jsonl:2: 50 % of the operations of a workload in `log.jsonl` have a native kernel, less than 51 %; graph breaks: 1 by `no_native_variant` [advice]
          help: add a native kernel for the first one, or lower `min-compilability`: `axpy_f32:no_native_variant`
          because: gate.toml:3
        ");
    }

    #[test]
    fn a_log_of_injected_faults_blocks_broad() {
        let faulty = linked(&GOOD.replace("\"faults\":[]", "\"faults\":[\"GATE_CUDA_FORCE_ERROR\"]"));
        let said = text(&[("log.jsonl", &faulty)]);
        assert!(
            said.contains("(`fault_injection_active`): `GATE_CUDA_FORCE_ERROR` [broad]"),
            "{said}"
        );
    }

    #[test]
    fn a_log_that_is_not_there_was_not_checked() {
        let said = text(&[("other.jsonl", GOOD)]);
        assert!(said.contains("there is no decision log at `log.jsonl`"), "{said}");
        assert!(text(&[("log.jsonl", "")]).contains("the log is empty"));
    }
}
