//! What the other checks say about a fixture, for a check that reads their outcomes.

use cargo_gate::checks::{self, Applies, Context};
use cargo_gate::evidence::history::History;
use cargo_gate::policy::Policy;
use cargo_gate::report::CheckReport;
use cargo_gate::stage::Stage;
use cargo_gate::verdict::{self, Judged, Rules};
use cargo_gate::workspace::Workspace;
use jiff::Timestamp;

/// Outcomes of every check that reads none.
pub(crate) fn of_the_others(
    workspace: &Workspace,
    policy: &Policy,
    history: &History,
    now: Timestamp,
    stage: Stage,
) -> Vec<CheckReport> {
    let others = checks::ALL.iter().filter(|other| !other.reads_outcomes());
    let judged = others.filter_map(|other| {
        let context = Context::new(workspace, policy, history, now, stage, other.inputs);
        ((other.applies)(&context) == Applies::Yes).then(|| Judged {
            id: other.id.to_owned(),
            summary: other.summary.to_owned(),
            dimension: other.dimension,
            result: (other.run)(&context).into(),
            evidence: None,
        })
    });
    let rules = Rules {
        stage,
        strict: false,
        today: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
        packages: &[],
    };
    verdict::decide(judged.collect(), None, policy, rules, Vec::new()).checks
}
