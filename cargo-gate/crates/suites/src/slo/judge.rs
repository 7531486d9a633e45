//! Recorded windows against what is promised.

use jiff::{SignedDuration, Timestamp};

use gate_policy::{Objective, SloPolicy, SuitePolicy};
use gate_report::Finding;

use super::super::finding;
use super::measure::{Events, Measured};
use super::windows::Window;

/// Part of an error budget from which on it is worth a warning.
const NEARLY: f64 = 0.8;

/// What the windows say.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<String>,
    /// Each window, and the sums, for the log.
    pub(super) log: String,
}

/// Judges all objectives over the windows that are not older than the policy says.
pub(super) fn judge(
    suite: &SuitePolicy,
    policy: &SloPolicy,
    measured: &Measured,
    windows: &[Window],
    now: Timestamp,
) -> Judgement {
    let mut judgement = Judgement {
        undecided: measured.problems.clone(),
        ..Judgement::default()
    };
    let within = SignedDuration::try_from(policy.within).unwrap_or(SignedDuration::MAX);
    let windows: Vec<&Window> = windows
        .iter()
        .filter(|window| window.time().is_some_and(|time| now.duration_since(time) <= within))
        .collect();
    for objective in &policy.objectives {
        this_run(objective, measured, &mut judgement);
        over_time(suite, policy, objective, &windows, &mut judgement);
    }
    judgement
}

/// Whether this run measured what is promised.
fn this_run(objective: &Objective, measured: &Measured, judgement: &mut Judgement) {
    let name = &objective.name;
    let problem = match (measured.events.get(name), objective.at_most) {
        (None, _) => format!("this run did not measure `{name}`"),
        (Some(Events::Samples(_)), None) => {
            format!("`{name}` is measured in samples, and its objective has no `at-most`")
        }
        (Some(Events::Counted { .. }), Some(_)) => format!("`{name}` is counted, and its objective has an `at-most`"),
        _ => return,
    };
    judgement.undecided.push(problem);
}

fn over_time(
    suite: &SuitePolicy,
    policy: &SloPolicy,
    objective: &Objective,
    windows: &[&Window],
    judgement: &mut Judgement,
) {
    let name = &objective.name;
    let (mut count, mut good, mut total) = (0_u32, 0_u64, 0_u64);
    let mut since = None;
    for window in windows {
        let Some(counted) = window
            .objectives
            .get(name)
            .filter(|counted| counted.at_most == objective.at_most)
        else {
            continue;
        };
        judgement.log.push_str(&format!(
            "{} {name}: {} of {}\n",
            window.recorded, counted.good, counted.total
        ));
        since.get_or_insert(window.recorded.as_str());
        count += 1;
        good = good.saturating_add(counted.good);
        total = total.saturating_add(counted.total);
    }
    if count < policy.min_windows {
        let noun = if count == 1 { "window" } else { "windows" };
        let message = format!(
            "`{name}` has {count} recorded {noun}, and {} are asked for",
            policy.min_windows
        );
        judgement.undecided.push(message);
        return;
    }
    if total == 0 {
        judgement
            .undecided
            .push(format!("`{name}` has no events in {count} windows"));
        return;
    }
    let bad = total - good.min(total);
    let budget = total as f64 * (100.0 - objective.target_percent) / 100.0;
    // Of 1000 events at 99.9 % one may be bad, whatever the rounding of the product says.
    let spent = bad as f64 > budget * (1.0 + 1e-9);
    let since = since.and_then(|since| since.get(..10)).unwrap_or_default();
    let share = good as f64 / total as f64 * 100.0;
    let message = format!(
        "{share:.3} % of {total} events of `{name}` were good in {count} windows since {since}, and {} % are promised",
        objective.target_percent
    );
    judgement.log.push_str(&format!("== {message}\n"));
    if spent {
        let found = finding(suite, format!("{message}: the error budget is spent"));
        let found =
            found.help("find out what failed in the windows listed in the log, and hold releases until it recovers");
        judgement.findings.push(found.because(Some(objective.location.clone())));
    } else if bad as f64 > budget * NEARLY {
        let part = bad as f64 / budget * 100.0;
        let found = Finding::advice(format!("{message}: {part:.0} % of the error budget is spent"));
        judgement.findings.push(found.because(Some(objective.location.clone())));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::slo::windows::Counted;
    use gate_report::Location;
    use gate_report::testing::findings_text;

    fn policy(at_most: Option<f64>) -> SloPolicy {
        SloPolicy {
            file: None,
            within: Duration::from_secs(10 * 86_400),
            min_windows: 3,
            objectives: vec![Objective {
                name: "a".into(),
                target_percent: 99.0,
                at_most,
                location: Location::line("gate.toml", 9),
            }],
        }
    }

    fn windows(at_most: Option<f64>, counts: &[(u64, u64)]) -> Vec<Window> {
        let window = |(day, (good, total)): (usize, &(u64, u64))| Window {
            recorded: format!("2026-11-{:02}T00:00:00Z", day + 1),
            digest: String::new(),
            objectives: BTreeMap::from([(
                "a".to_owned(),
                Counted {
                    good: *good,
                    total: *total,
                    at_most,
                },
            )]),
        };
        counts.iter().enumerate().map(window).collect()
    }

    fn judged(counts: &[(u64, u64)], day: u32) -> String {
        let suite = super::super::super::tests::suite(&["x"]);
        let measured = Measured::parse("{\"name\": \"a\", \"good\": 1, \"total\": 1}");
        let now = format!("2026-11-{day:02}T00:00:00Z").parse().unwrap();
        let judgement = judge(&suite, &policy(None), &measured, &windows(None, counts), now);
        format!(
            "{}{}",
            findings_text(&judgement.findings),
            judgement.undecided.join("\n")
        )
    }

    #[test]
    fn a_budget_is_held_over_the_whole_window() {
        insta::assert_snapshot!(judged(&[(100, 100), (100, 100), (98, 100)], 3), @"");
        insta::assert_snapshot!(judged(&[(100, 100), (97, 100), (100, 100)], 3), @"
        99.000 % of 300 events of `a` were good in 3 windows since 2026-11-01, and 99 % are promised: 100 % of the error budget is spent [advice]
          because: gate.toml:9
        ");
        // One bad run is forgiven by none that follow at once, and by time.
        insta::assert_snapshot!(judged(&[(90, 100), (100, 100), (100, 100), (100, 100)], 4), @"
        97.500 % of 400 events of `a` were good in 4 windows since 2026-11-01, and 99 % are promised: the error budget is spent [pilot]
          help: find out what failed in the windows listed in the log, and hold releases until it recovers
          because: gate.toml:9
        ");
        insta::assert_snapshot!(judged(&[(90, 100), (100, 100), (100, 100), (100, 100)], 12), @"");
    }

    #[test]
    fn too_little_says_nothing() {
        insta::assert_snapshot!(judged(&[(100, 100), (100, 100)], 3), @"`a` has 2 recorded windows, and 3 are asked for");
        insta::assert_snapshot!(judged(&[(0, 0), (0, 0), (0, 0)], 3), @"`a` has no events in 3 windows");
        insta::assert_snapshot!(judged(&[(100, 100), (100, 100), (100, 100)], 30), @"`a` has 0 recorded windows, and 3 are asked for");
    }

    #[test]
    fn windows_under_another_limit_do_not_count() {
        let suite = super::super::super::tests::suite(&["x"]);
        let measured = Measured::parse("{\"name\": \"a\", \"samples\": [1]}");
        let now = "2026-11-03T00:00:00Z".parse().unwrap();
        let old = windows(Some(100.0), &[(1, 1), (1, 1), (1, 1)]);
        let judgement = judge(&suite, &policy(Some(5.0)), &measured, &old, now);
        insta::assert_snapshot!(judgement.undecided.join("\n"), @"`a` has 0 recorded windows, and 3 are asked for");
        let counted = Measured::parse("{\"name\": \"a\", \"good\": 1, \"total\": 1}");
        let judgement = judge(&suite, &policy(Some(100.0)), &counted, &old, now);
        insta::assert_snapshot!(judgement.undecided.join("\n"), @"`a` is counted, and its objective has an `at-most`");
    }
}
