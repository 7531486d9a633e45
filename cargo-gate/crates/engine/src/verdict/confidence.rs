//! How long nothing got worse, by the history of the runs.

use std::time::Duration;

use jiff::Timestamp;

use gate_base::stage::Stage;
use gate_evidence::history::HistoryEntry;
use gate_report::{Confidence, Decision};

/// How far back runs count where the policy does not say.
pub const WINDOW: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Confidence by the runs of a stage over committed content, oldest first, and by the present one, if it counts.
pub fn of(
    entries: &[HistoryEntry],
    workspace: &str,
    stage: Stage,
    now: Timestamp,
    within: Duration,
    present: Option<Decision>,
) -> Confidence {
    let counts = |entry: &&HistoryEntry| {
        let age = entry
            .started
            .parse::<Timestamp>()
            .ok()
            .map(|started| now.duration_since(started));
        // One of the future is none of the past.
        let young = age
            .and_then(|age| Duration::try_from(age).ok())
            .is_some_and(|age| age <= within);
        // Workspaces that share a target directory share its history.
        let own = entry.terms.as_ref().is_some_and(|terms| terms.workspace == workspace);
        own && entry.stage == stage && !entry.dirty && entry.commit.is_some() && young
    };
    let decisions = entries.iter().filter(counts).map(|entry| entry.decision).chain(present);
    let (mut runs, mut regressions) = (0_u32, 0_u32);
    for decision in decisions {
        if decision.is_ready() {
            runs = runs.saturating_add(1);
        } else {
            regressions += u32::from(runs > 0);
            runs = 0;
        }
    }
    Confidence::new(within.as_secs() / (24 * 60 * 60), runs, regressions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_evidence::terms::Terms;

    fn entry(day: &str, stage: Stage, decision: Decision) -> HistoryEntry {
        HistoryEntry {
            run_id: day.to_owned(),
            started: format!("{day}T00:00:00Z"),
            stage,
            decision,
            content: "c".into(),
            commit: Some("a".repeat(40)),
            dirty: false,
            terms: Some(Terms {
                workspace: "demo".into(),
                ..Terms::default()
            }),
            chain: "x".into(),
        }
    }

    fn shown(entries: &[HistoryEntry], present: Option<Decision>) -> String {
        let now = "2026-11-21T00:00:00Z".parse().expect("a time");
        let of = of(entries, "demo", Stage::Pilot, now, WINDOW, present);
        format!("{} {} {}", of.window, of.runs, of.regressions)
    }

    #[test]
    fn a_regression_starts_the_count_anew() {
        use Decision::{NotReady, Ready, ReadyWithBoundedScope};
        assert_eq!(shown(&[], Some(Ready)), "90d 1 0");
        assert_eq!(shown(&[], Some(NotReady)), "90d 0 0");
        let mut entries = vec![
            entry("2026-11-01", Stage::Pilot, NotReady),
            entry("2026-11-02", Stage::Pilot, Ready),
            entry("2026-11-03", Stage::Broad, NotReady),
            entry("2026-11-04", Stage::Pilot, ReadyWithBoundedScope),
        ];
        assert_eq!(shown(&entries, Some(Ready)), "90d 3 0");
        assert_eq!(shown(&entries, Some(NotReady)), "90d 0 1");
        entries.push(entry("2026-11-05", Stage::Pilot, NotReady));
        entries.push(entry("2026-11-06", Stage::Pilot, NotReady));
        assert_eq!(shown(&entries, None), "90d 0 1");
        assert_eq!(shown(&entries, Some(Ready)), "90d 1 1");
    }

    #[test]
    fn what_is_old_uncommitted_elsewhere_or_of_tomorrow_does_not_count() {
        let uncommitted = HistoryEntry {
            dirty: true,
            ..entry("2026-11-20", Stage::Pilot, Decision::NotReady)
        };
        let without_git = HistoryEntry {
            commit: None,
            ..entry("2026-11-20", Stage::Pilot, Decision::Ready)
        };
        let elsewhere = HistoryEntry {
            terms: Some(Terms {
                workspace: "demo in other".into(),
                ..Terms::default()
            }),
            ..entry("2026-11-20", Stage::Pilot, Decision::Ready)
        };
        let entries = [
            entry("2026-01-01", Stage::Pilot, Decision::Ready),
            uncommitted,
            without_git,
            elsewhere,
            entry("2026-11-22", Stage::Pilot, Decision::Ready),
        ];
        assert_eq!(shown(&entries, Some(Decision::Ready)), "90d 1 0");
    }
}
