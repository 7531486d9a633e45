//! Least scores of what is promoted, as a run measured them.

use gate_policy::PromotionPolicy;
use gate_report::{Decision, Report};

/// Whether the run meets the declared scores with an unbounded decision. A score that was not measured is not met.
///
/// # Errors
/// What is not shown, continuing "is not promoted: ".
pub fn enough(policy: &PromotionPolicy, report: &Report) -> Result<(), String> {
    let run = &report.run_id;
    if report.decision != Decision::Ready {
        return Err(format!(
            "run {run} decided {}, and READY is needed",
            report.decision.name()
        ));
    }
    let health = score("health", report)?;
    if health.is_nan() || health < policy.min_health {
        return Err(format!(
            "run {run} measured a health of {health}, and {} is needed",
            policy.min_health
        ));
    }
    let risk = score("risk", report)?;
    if risk.is_nan() || risk > policy.max_risk {
        return Err(format!(
            "run {run} measured a risk of {risk}, and at most {} is allowed",
            policy.max_risk
        ));
    }
    Ok(())
}

/// The only measurement of this name in the suites that passed.
fn score(name: &str, report: &Report) -> Result<f64, String> {
    let passed = report.checks.iter().filter(|check| check.outcome.passes());
    let suites = passed.filter_map(|check| check.evidence.as_ref()?.suite.as_ref());
    let mut found = suites
        .flat_map(|suite| &suite.measurements)
        .filter(|measured| measured.name == name);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.median.0),
        (None, _) => Err(format!("no suite of run {} measured its {name}", report.run_id)),
        (Some(_), Some(_)) => Err(format!("two suites of run {} measured its {name}", report.run_id)),
    }
}

#[cfg(test)]
mod tests {
    use gate_report::render::samples;
    use gate_report::{BenchmarkResult, Location, Outcome, Real, Standing};

    use super::*;

    fn measured(scores: &[(&str, f64)]) -> Report {
        let mut report = samples::ready();
        report.run_id = "R".into();
        report.decision = Decision::Ready;
        let suite = report
            .checks
            .iter_mut()
            .filter(|check| check.outcome == Outcome::Pass)
            .find_map(|check| check.evidence.as_mut()?.suite.as_mut())
            .expect("a suite");
        let score = |(name, value): &(&str, f64)| BenchmarkResult {
            name: (*name).to_owned(),
            unit: "score".to_owned(),
            samples: 1,
            median: Real(*value),
            mad: Real(0.0),
            reference: None,
            ratio: None,
            low: Real(*value),
            high: Real(*value),
            pairs: 0,
            limit: None,
            caught: None,
            why: None,
            standing: Standing::Unlimited,
        };
        suite.measurements = scores.iter().map(score).collect();
        report
    }

    #[test]
    fn a_score_that_is_missing_refuses_as_one_that_is_too_low() {
        let policy = PromotionPolicy {
            min_health: 60.0,
            max_risk: 50.0,
            location: Location::line("gate.toml", 3),
        };
        let said = |scores: &[(&str, f64)]| enough(&policy, &measured(scores)).err().unwrap_or_default();
        assert_eq!(said(&[("health", 60.0), ("risk", 50.0)]), "");
        for (scores, because) in [
            (&[("risk", 50.0)][..], "no suite of run R measured its health"),
            (&[("health", 90.0)], "no suite of run R measured its risk"),
            (
                &[("health", 59.9), ("risk", 0.0)],
                "run R measured a health of 59.9, and 60 is needed",
            ),
            (
                &[("health", 60.0), ("risk", 50.1)],
                "run R measured a risk of 50.1, and at most 50 is allowed",
            ),
            (
                &[("health", 90.0), ("health", 10.0), ("risk", 0.0)],
                "two suites of run R measured its health",
            ),
            (
                &[("health", f64::NAN), ("risk", 0.0)],
                "run R measured a health of NaN, and 60 is needed",
            ),
        ] {
            assert_eq!(said(scores), because);
        }
        let mut bounded = measured(&[("health", 90.0), ("risk", 0.0)]);
        bounded.decision = Decision::ReadyWithBoundedScope;
        assert!(enough(&policy, &bounded).is_err());
    }
}
