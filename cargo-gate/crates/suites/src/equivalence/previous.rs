//! What the latest ready run showed: whether the scope drifted, and what got worse.

use gate_evidence::history::History;
use gate_report::Equivalence;
use gate_world::Workspace;

/// Runs that are looked at, newest first.
const RUNS: usize = 20;

/// What the latest ready run showed of a suite.
pub(super) fn previous(workspace: &Workspace, id: &str) -> Option<Equivalence> {
    let history = History::load(&workspace.gate_dir());
    let ready = history.entries.iter().rev().filter(|entry| entry.decision.is_ready());
    ready.take(RUNS).find_map(|entry| {
        let check = history.report(entry)?.checks.into_iter().find(|check| check.id == id)?;
        check.evidence?.suite?.equivalence.map(|equivalence| *equivalence)
    })
}

/// Why the scope is not the one that its version had.
pub(super) fn drift(now: &Equivalence, before: Option<&Equivalence>, frozen: Option<&str>) -> Option<String> {
    if let Some(frozen) = frozen.filter(|frozen| *frozen != now.scope) {
        return Some(format!(
            "scope drift: version {} was frozen as {}, and the scope is {}",
            now.version,
            short(frozen),
            short(&now.scope)
        ));
    }
    let before = before.filter(|before| before.version == now.version && before.scope != now.scope)?;
    Some(format!(
        "scope drift: version {} was {} in the latest ready run, and is {} now",
        now.version,
        short(&before.scope),
        short(&now.scope)
    ))
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// What is worse than it was.
pub(super) fn regressions(now: &Equivalence, before: &Equivalence) -> Vec<String> {
    let mut found = Vec::new();
    let (rate, old) = (now.pass_rate.0, before.pass_rate.0);
    if rate < old {
        found.push(format!(
            "Regression detected: pass rate {:.1} % was {:.1} % ({:+.1} %)",
            rate * 100.0,
            old * 100.0,
            (rate - old) / old * 100.0
        ));
    }
    if let (Some(new), Some(old)) = (now.max_ulp, before.max_ulp)
        && new > old
    {
        let part = if old == 0 {
            String::new()
        } else {
            format!(" ({:+.1} %)", (new as f64 - old as f64) / old as f64 * 100.0)
        };
        found.push(format!("Regression detected: max ULP {new} was {old}{part}"));
    }
    found
}
