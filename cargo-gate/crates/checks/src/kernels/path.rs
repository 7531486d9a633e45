//! `kernels.path`: kernels ran where they have to have run.

use gate_runtime::stats::RunStats;

use gate_base::stage::Stage;
use gate_policy::{KernelPath, KernelPolicy, RuntimePolicy};
use gate_report::{Dimension, Finding, Location};

use super::runs::{declared, runs};
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(
    input::Cargo,
    input::KernelLocks,
    input::RuntimeRecords,
    KernelPolicy,
    RuntimePolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.path",
    summary: "Kernels ran on the declared path: `native-valid` or `fallback-valid`",
    docs: include_str!("path.md"),
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let wanted = context
        .section::<KernelPolicy>()
        .as_ref()
        .is_some_and(|kernels| kernels.path.is_some());
    if wanted || declared(context) && !context.kernel_locks().is_empty() {
        Applies::Yes
    } else {
        Applies::No("neither `path` under `[kernels]` nor run stats of locked kernels are declared".into())
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let runs = match runs(context) {
        Ok(runs) => runs,
        Err(judgement) => return judgement,
    };
    let kernels = context.section::<KernelPolicy>().as_ref();
    let wanted = kernels.and_then(|kernels| kernels.path);
    let because = kernels.map(|kernels| kernels.location.clone());
    let findings = runs.iter().filter_map(|(path, stats)| judge(path, stats, wanted));
    Judgement::Findings(findings.map(|finding| finding.because(because.clone())).collect())
}

/// The path that a run proves, or why it proves none.
fn proven(stats: &RunStats) -> Result<KernelPath, String> {
    let calls = &stats.calls;
    let problem = if calls.total == 0 {
        "no kernel was called".to_owned()
    } else if calls.error > 0 {
        format!("{} of {} calls failed", calls.error, calls.total)
    } else if stats.silent_mismatch_count > 0 {
        format!("wrong outputs found: {}", stats.silent_mismatch_count)
    } else if !stats.faults.is_empty() {
        format!("faults were injected by {}", stats.faults.join(", "))
    } else if calls.fallback > 0 {
        return Ok(KernelPath::Fallback);
    } else {
        return Ok(KernelPath::Native);
    };
    Err(problem)
}

fn judge(path: &str, stats: &RunStats, wanted: Option<KernelPath>) -> Option<Finding> {
    let calls = &stats.calls;
    let counts = format!(
        "{} of {} calls native, {} on the CPU",
        calls.native, calls.total, calls.fallback
    );
    let reasons: Vec<&str> = stats
        .reasons
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(code, _)| code.as_str())
        .collect();
    let why = if calls.fallback > 0 && !reasons.is_empty() {
        format!(" ({})", reasons.join(", "))
    } else {
        String::new()
    };
    let finding = match (proven(stats), wanted) {
        (Ok(found), Some(wanted)) if found == wanted => return None,
        (Ok(found), Some(wanted)) => Finding::blocking(
            CHECK.blocks_at,
            format!(
                "the run of `{path}` is {}, but {} is declared: {counts}{why}",
                found.name(),
                wanted.name()
            ),
        )
        .help(match wanted {
            KernelPath::Native => "run it on a machine with the device",
            KernelPath::Fallback => "run it without a device",
        }),
        (Ok(found), None) => Finding::advice(format!("the run of `{path}` is {}: {counts}{why}", found.name()))
            .help(format!("declare it: `path = \"{}\"` under `[kernels]`", found.name())),
        (Err(problem), _) => Finding::blocking(
            CHECK.blocks_at,
            format!("the run of `{path}` is neither native-valid nor fallback-valid: {problem}"),
        )
        .help("run it again without errors and faults"),
    };
    Some(finding.at(Location::line(path, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::runs::samples::stats;
    use gate_contract::testing::findings_text;

    fn said(stats: &RunStats, wanted: Option<KernelPath>) -> String {
        findings_text(&judge("run.json", stats, wanted).into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn each_path_proves_itself_and_not_the_other() {
        let (native, fallback) = (stats(&[("k", 3, 0, 0)]), stats(&[("k", 2, 1, 0)]));
        assert_eq!(said(&native, Some(KernelPath::Native)), "");
        assert_eq!(said(&fallback, Some(KernelPath::Fallback)), "");
        insta::assert_snapshot!(said(&fallback, Some(KernelPath::Native)));
        insta::assert_snapshot!(said(&native, Some(KernelPath::Fallback)));
        insta::assert_snapshot!(said(&fallback, None));
    }

    #[test]
    fn some_runs_prove_nothing() {
        let mut faulty = stats(&[("k", 3, 0, 0)]);
        faulty.faults.push("GATE_FAULT_LAUNCH".into());
        let mut wrong = stats(&[("k", 3, 0, 0)]);
        wrong.silent_mismatch_count = 1;
        for run in [stats(&[("k", 3, 0, 1)]), stats(&[]), faulty, wrong] {
            let text = said(&run, Some(KernelPath::Native));
            assert!(text.contains("is neither native-valid nor fallback-valid"), "{text}");
            assert_eq!(text, said(&run, Some(KernelPath::Fallback)), "whatever is declared");
        }
    }
}
