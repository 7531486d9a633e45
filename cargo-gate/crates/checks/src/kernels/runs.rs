//! Run stats that `[runtime]` names, as evidence about kernels.

use gate_runtime::stats::RunStats;
use gate_runtime::stats::read::read;

use gate_policy::RuntimePolicy;
use gate_report::Reason;

use gate_contract::{Context, Declares, Judgement, input};

/// The stats of every run with their paths.
pub(super) type Runs = Vec<(String, RunStats)>;

/// Whether the policy names run stats.
pub(super) fn declared<R: Declares<RuntimePolicy>>(context: &Context<'_, R>) -> bool {
    context
        .section::<RuntimePolicy>()
        .as_ref()
        .is_some_and(|runtime| !runtime.run_stats.is_empty())
}

/// All stats that the policy names. What cannot be read is no evidence, and what is missing is none either.
pub(super) fn runs<R>(context: &Context<'_, R>) -> Result<Runs, Judgement>
where
    R: Declares<RuntimePolicy> + Declares<input::RuntimeRecords>,
{
    let not_run = |code: &str, message: String, help: &str| Judgement::NotRun(Reason::new(code, message).help(help));
    let paths = context
        .section::<RuntimePolicy>()
        .as_ref()
        .map(|runtime| runtime.run_stats.as_slice())
        .unwrap_or_default();
    if paths.is_empty() {
        let help = "name the stats that a run writes: `run-stats = [\"run_stats.json\"]` under `[runtime]`";
        return Err(not_run("no_run_stats", "no run stats are declared".into(), help));
    }
    let mut runs = Vec::new();
    for path in paths {
        let bytes = match context.runtime_record(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Err(not_run(
                    "no_run",
                    format!("there are no run stats at `{path}`"),
                    "run the kernels, and let the run write its stats",
                ));
            }
            Err(error) => {
                return Err(not_run(
                    "unreadable_run_stats",
                    format!("cannot read `{path}`: {error}"),
                    "make the file readable",
                ));
            }
        };
        match read(&String::from_utf8_lossy(&bytes)) {
            Ok(stats) => runs.push((path.clone(), stats)),
            Err(error) => {
                let help = "let the run write its stats again";
                return Err(not_run(
                    "invalid_run_stats",
                    format!("`{path}` cannot be understood: {error}"),
                    help,
                ));
            }
        }
    }
    Ok(runs)
}

#[cfg(test)]
pub(super) mod samples {
    use gate_runtime::stats::{Calls, KernelStats, Latency};

    use super::RunStats;

    /// Stats of a run with these kernels: name, native calls, fallbacks, errors.
    pub(crate) fn stats(kernels: &[(&str, u64, u64, u64)]) -> RunStats {
        let mut all = Calls::default();
        let kernels = kernels.iter().map(|&(name, native, fallback, error)| {
            let calls = Calls {
                total: native + fallback + error,
                native,
                fallback,
                error,
                ..Calls::default()
            };
            all.total += calls.total;
            all.native += native;
            all.fallback += fallback;
            all.error += error;
            KernelStats {
                kernel: name.into(),
                fingerprint: 1,
                calls,
                latency: Latency::default(),
            }
        });
        let kernels = kernels.collect();
        RunStats {
            run_id: "run".into(),
            hw: "cpu".into(),
            faults: Vec::new(),
            calls: all,
            silent_mismatch_count: 0,
            control: gate_runtime::ControlState::INITIAL,
            compile: gate_runtime::stats::Compile::default(),
            decision_log: gate_runtime::stats::LogStats::default(),
            reasons: std::collections::BTreeMap::from([("no_device".to_owned(), all.fallback)]),
            kernels,
        }
    }
}
