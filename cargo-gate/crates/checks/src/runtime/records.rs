//! Files that runs of kernels write and `[runtime]` names: read in turn, and what any of them can have wrong.

use gate_runtime::decision_log::read::ReadError;

use gate_base::stage::Stage;
use gate_policy::RuntimePolicy;
use gate_report::{Finding, Location, Reason};

use gate_contract::{Context, Declares, Judgement, OtherStage, input};

/// Makes of a file, counted from 1, its path below the run directory and what lies there.
pub(crate) type Keep = fn(usize, &str, &[u8]) -> (String, Vec<u8>);

/// What `judge` finds in each file of a kind; what `keep` makes of the file, counted from 1, lies in the run directory at
/// the path that it says. One that is not there or cannot be read was not checked, and then nothing
/// is said of the others either.
pub(crate) fn judged<R: Declares<RuntimePolicy> + Declares<input::RuntimeRecords>>(
    context: &Context<'_, R>,
    what: &str,
    paths: fn(&RuntimePolicy) -> &[String],
    judge: fn(&RuntimePolicy, &str, &[u8]) -> Vec<Finding>,
    keep: Keep,
) -> Judgement {
    let Some(runtime) = context.section::<RuntimePolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let mut findings = Vec::new();
    for (index, path) in (1..).zip(paths(runtime)) {
        match record(context, path, what) {
            Ok(bytes) => {
                let (kept, content) = keep(index, path, &bytes);
                context.attach(&kept, &content);
                findings.extend(judge(runtime, path, &bytes));
            }
            Err(reason) => return Judgement::NotRun(reason),
        }
    }
    let because = |finding: Finding| finding.because(Some(runtime.location.clone()));
    Judgement::Findings(findings.into_iter().map(because).collect())
}

/// The bytes of a declared file, or why there is nothing to judge.
fn record<R>(context: &Context<'_, R>, path: &str, what: &str) -> Result<Vec<u8>, Reason>
where
    R: Declares<RuntimePolicy> + Declares<input::RuntimeRecords>,
{
    let code = |prefix: &str| format!("{prefix}_{}", what.replace(' ', "_"));
    match context.runtime_record(path) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(
            Reason::new(&code("no"), format!("there is no {what} at `{path}`")).help(format!(
                "write `{path}` with a run, or correct the path under `[runtime]`"
            )),
        ),
        Err(error) => Err(
            Reason::new(&code("unreadable"), format!("cannot read the {what} `{path}`: {error}"))
                .help(format!("make `{path}` readable")),
        ),
    }
}

/// Where a reader stopped.
pub(crate) fn misread(path: &str, error: &ReadError) -> Finding {
    let ReadError { line, field, problem } = error;
    let field = if field.is_empty() {
        String::new()
    } else {
        format!("`{field}` ")
    };
    let line = u32::try_from(*line).unwrap_or(u32::MAX);
    Finding::blocking(
        Stage::Pilot,
        format!("line {line} of `{path}` is invalid: {field}{problem}"),
    )
    .help("write it again with a run; do not edit it")
    .at(Location::line(path, line))
}

/// Which findings of checks over records block from another stage on than the rest.
pub(crate) const FAULTS: OtherStage = OtherStage {
    from: Stage::Broad,
    what: "a run with injected faults",
};

/// Faults that a run had injected from its start.
pub(crate) fn faulty(path: &str, faults: &[String]) -> Option<Finding> {
    let first = faults.first()?;
    let all = faults
        .iter()
        .map(|fault| format!("`{fault}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let message = format!("the run of `{path}` had injected faults (`fault_injection_active`): {all}");
    Some(
        Finding::blocking(FAULTS.from, message)
            .help(format!("write it with a run without `{first}`"))
            .at(Location::line(path, 1)),
    )
}
