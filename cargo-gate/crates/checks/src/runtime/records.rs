//! Files that runs of kernels write and `[runtime]` names: read in turn, and what any of them can have wrong.

use gate_runtime::decision_log::read::ReadError;

use gate_base::stage::Stage;
use gate_policy::RuntimePolicy;
use gate_report::{Finding, Location, Reason};

use gate_contract::{Context, Declares, Judgement, input};

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
        Ok(None) => Err(Reason::new(&code("no"), format!("there is no {what} at `{path}`"))
            .help(format!("let a run write `{path}`, or correct the path in `[runtime]`"))),
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
        format!("Line {line} of `{path}` is not valid: {field}{problem}"),
    )
    .help("let the run write it again; it is not edited by hand")
    .at(Location::line(path, line))
}

/// Faults that a run had injected from its start.
pub(crate) fn faulty(path: &str, faults: &[String]) -> Option<Finding> {
    let first = faults.first()?;
    let all = faults
        .iter()
        .map(|fault| format!("`{fault}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let message = format!("`{path}` is of a run with injected faults (`fault_injection_active`): {all}");
    Some(
        Finding::blocking(Stage::Broad, message)
            .help(format!("let a run without `{first}` write it"))
            .at(Location::line(path, 1)),
    )
}
