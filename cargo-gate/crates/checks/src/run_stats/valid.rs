//! `run-stats.valid`: the stats of a run are complete, and no wrong output went unnoticed.

use gate_runtime::stats::read::read;

use gate_base::stage::Stage;
use gate_gpu::dispatches;
use gate_policy::RuntimePolicy;
use gate_report::{Dimension, Finding, Location};

use crate::runtime::records::{faulty, judged, misread};
use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};

use crate::runtime::records::FAULTS;

reads!(input::RuntimeRecords, RuntimePolicy);

const RECOMPILES: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "more compilations than `max-recompiles`",
};

/// The check.
pub static CHECK: Check = Check {
    id: "run-stats.valid",
    summary: "The stats of a run are complete, and no wrong output was reported as OK",
    docs: include_str!("valid.md"),
    dimension: Dimension::Observability,
    blocks_at: Stage::Pilot,
    other_stages: &[RECOMPILES, FAULTS],
    since: "0.1.0",
    version: 3,
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let runtime = context.section::<RuntimePolicy>().as_ref();
    if runtime.is_some_and(|runtime| !runtime.run_stats.is_empty()) {
        return Applies::Yes;
    }
    Applies::No("no run stats are declared".into())
}

fn run(context: &Context<'_>) -> Judgement {
    judged(
        context,
        "file of run stats",
        |runtime| &runtime.run_stats,
        judge,
        |index, _, bytes| (dispatches::stats_path(index), bytes.to_owned()),
    )
}

fn judge(runtime: &RuntimePolicy, path: &str, bytes: &[u8]) -> Vec<Finding> {
    let blocking = |message: String| Finding::blocking(CHECK.blocks_at, message).at(Location::line(path, 1));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return vec![blocking(format!("`{path}` is not UTF-8")).help("write it again with a run")];
    };
    let stats = match read(text) {
        Ok(stats) => stats,
        Err(error) => return vec![misread(path, &error)],
    };
    let mut findings: Vec<Finding> = faulty(path, &stats.faults).into_iter().collect();
    if stats.silent_mismatch_count > 0 {
        findings.push(
            blocking(format!(
                "`{path}` reports calls that returned `OK` with a wrong output: {} (`silent_mismatch_count`)",
                stats.silent_mismatch_count
            ))
            .help("disable the native backend of the kernel until it matches the reference"),
        );
    }
    let recompiles = stats.recompiles_per_1k_calls();
    if let Some(most) = runtime.max_recompiles.filter(|most| recompiles > f64::from(*most)) {
        let message = format!(
            "`{path}` reports {recompiles:.1} compilations per thousand calls, more than {most} \
             (`recompile_count_per_1k_calls`)"
        );
        let finding = Finding::blocking(RECOMPILES.from, message).at(Location::line(path, 1));
        findings.push(finding.help("register kernels once and keep their handles, so that modules stay loaded"));
    }
    if stats.calls.total == 0 {
        findings.push(blocking(format!("the run of `{path}` called no kernel")).help("launch a kernel in the run"));
    }
    if stats.decision_log.failed > 0 {
        findings.push(
            blocking(format!(
                "`{path}` reports decision log lines that could not be written: {}",
                stats.decision_log.failed
            ))
            .help("free disk space where the decision log is written"),
        );
    }
    if stats.decision_log.dropped > 0 {
        findings.push(
            Finding::advice(format!(
                "`{path}` reports dropped decision log records: {}",
                stats.decision_log.dropped
            ))
            .help("raise `DecisionLog::ring_records`")
            .at(Location::line(path, 1)),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;

    const GOOD: &str = include_str!("../../../../../tests/fixtures/run-stats.valid/clean/run_stats.json");

    fn text(records: &[(&str, &str)]) -> String {
        let mut world = World::new();
        world.texts(records);
        world.policy.runtime = Some(RuntimePolicy {
            decision_logs: Vec::new(),
            min_compilability: None,
            max_recompiles: None,
            run_stats: vec!["stats.json".to_owned()],
            rails: None,
            location: Location::line("gate.toml", 3),
        });
        world.text(&CHECK)
    }

    #[test]
    fn stats_that_a_run_has_written_are_complete() {
        assert_eq!(World::new().text(&CHECK), "not applicable: no run stats are declared");
        assert_eq!(text(&[("stats.json", GOOD)]), "");
    }

    #[test]
    fn a_wrong_output_that_nobody_noticed_blocks() {
        let wrong = GOOD.replace("\"silent_mismatch_count\": 0", "\"silent_mismatch_count\": 3");
        insta::assert_snapshot!(text(&[("stats.json", &wrong)]), @"
        stats.json:1: `stats.json` reports calls that returned `OK` with a wrong output: 3 (`silent_mismatch_count`) [pilot]
          help: disable the native backend of the kernel until it matches the reference
          because: gate.toml:3
        ");
    }

    #[test]
    fn what_is_missing_or_does_not_add_up_is_found() {
        let missing = text(&[("stats.json", &GOOD.replace("\"silent_mismatch_count\": 0,", ""))]);
        assert!(missing.contains("is invalid: `silent_mismatch_count` "), "{missing}");
        let cut = text(&[("stats.json", &GOOD[..GOOD.len() / 2])]);
        assert!(cut.contains("is not JSON"), "{cut}");
        assert!(text(&[("stats.json", "{}")]).contains("is invalid: `schema_version` "));
    }

    #[test]
    fn a_storm_of_compilations_is_over_the_limit() {
        let storm = GOOD.replace("\"cache_hit\": 0", "\"cache_hit\": 97");
        let storm = storm.replace("\"count\": 0", "\"count\": 3");
        assert_ne!(storm, GOOD);
        let limited = |most| {
            let mut world = World::new();
            world.texts(&[("stats.json", &storm)]);
            world.policy.runtime = Some(RuntimePolicy {
                decision_logs: Vec::new(),
                min_compilability: None,
                max_recompiles: None,
                run_stats: vec!["stats.json".to_owned()],
                rails: None,
                location: Location::line("gate.toml", 3),
            });
            let runtime = world.policy.runtime.as_mut().expect("declared");
            runtime.max_recompiles = most;
            world.text(&CHECK)
        };
        assert_eq!((limited(None), limited(Some(30))), (String::new(), String::new()));
        insta::assert_snapshot!(limited(Some(29)), @"
        stats.json:1: `stats.json` reports 30.0 compilations per thousand calls, more than 29 (`recompile_count_per_1k_calls`) [controlled]
          help: register kernels once and keep their handles, so that modules stay loaded
          because: gate.toml:3
        ");
    }

    #[test]
    fn stats_that_are_not_there_were_not_checked() {
        let said = text(&[("other.json", GOOD)]);
        assert!(said.contains("there is no file of run stats at `stats.json`"), "{said}");
    }
}
