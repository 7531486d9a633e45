//! Ten services that must not pass, each made of one that does.

use std::time::Duration;

use gate_policy::{Objective, Prove, Selector, SloFormat, SloPolicy};
use gate_report::Location;
use gate_suites::slo::assess::{Assessment, Source, assess};
use gate_suites::slo::judge::Verdict;
use gate_suites::slo::promise::Before;

use super::simulation::{HOURS, dump, lines, now};

/// What is wrong with it, and what is read of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    policy: SloPolicy,
    text: String,
}

fn policy(format: SloFormat) -> SloPolicy {
    let hours = |count: u64| Duration::from_secs(count * 3600);
    let metrics = format == SloFormat::Openmetrics;
    let selector = |text: &str| metrics.then(|| Selector::parse(text).expect("a selector"));
    SloPolicy {
        file: Some("load.txt".to_owned()),
        format,
        look_back: [6, 24, 72, 28 * 24].map(hours).to_vec(),
        max_gap: hours(36),
        max_idle: hours(6),
        min_history: hours(24),
        alpha: 0.01,
        confidence: 0.95,
        tenants: Vec::new(),
        former_tenants: Vec::new(),
        tenant_label: None,
        workload_label: None,
        openslo: Vec::new(),
        objectives: vec![Objective {
            name: "availability".to_owned(),
            measurement: None,
            workload: None,
            tenant: None,
            target_percent: 99.9,
            at_most: None,
            good: None,
            bad: selector("http_requests_total{code=~\"5..\"}"),
            total: selector("http_requests_total"),
            burst: None,
            prove: Prove::Each,
            location: Location::line("gate.toml", 9),
        }],
        fairness: Vec::new(),
    }
}

fn of_lines(name: &'static str, text: String) -> Case {
    let policy = policy(SloFormat::Lines);
    Case { name, policy, text }
}

fn of_counters(name: &'static str, text: String) -> Case {
    let policy = policy(SloFormat::Openmetrics);
    Case { name, policy, text }
}

/// The two that pass.
pub(crate) fn healthy() -> Vec<Case> {
    let bad = |at: usize| u64::from(at.is_multiple_of(10));
    vec![
        of_lines("lines", lines(|_, _, good, total| Some((good, total)))),
        of_counters("counters", dump(|at| 200 - bad(at), bad, &[])),
    ]
}

/// The ten that do not.
pub(crate) fn unhealthy() -> Vec<Case> {
    let bad = |at: usize| u64::from(at.is_multiple_of(10));
    let good = |at: usize| 200 - bad(at);
    let mut cut = lines(|_, _, good, total| Some((good, total)));
    cut.truncate(cut.len() - 20);
    let declared = Case {
        policy: SloPolicy {
            tenants: vec!["acme".to_owned(), "initech".to_owned()],
            ..policy(SloFormat::Lines)
        },
        ..of_lines(
            "a declared tenant is not measured",
            lines(|_, _, good, total| Some((good, total))),
        )
    };
    vec![
        of_lines("down: 0 of 0", lines(|_, _, _, _| Some((0, 0)))),
        of_lines(
            "down for the last day: 0 of 0",
            lines(|_, at, good, total| Some(if at < HOURS - 24 { (good, total) } else { (0, 0) })),
        ),
        of_lines(
            "all bad for an hour after a good month",
            lines(|_, at, good, total| Some((if at < HOURS - 1 { good } else { 0 }, total))),
        ),
        of_lines(
            "an undeclared tenant burns",
            lines(|tenant, _, good, total| Some((if tenant == "acme" { good } else { good - 4 }, total))),
        ),
        of_lines(
            "a tenant is missing in 22 of 27 windows",
            lines(|tenant, at, good, total| (tenant == "acme" || at % 27 >= 22).then_some((good, total))),
        ),
        declared,
        of_lines(
            "not measured for three days",
            lines(|_, at, good, total| (at < HOURS - 72).then_some((good, total))),
        ),
        of_lines("the last line is cut off", cut),
        of_lines(
            "three events",
            lines(|tenant, at, _, _| (tenant == "acme" && at >= HOURS - 3).then_some((1, 1))),
        ),
        of_counters(
            "counters: 2 % bad behind fifty million good events, and a restart",
            dump(
                |at| good(at) - if at > HOURS - 24 { 4 } else { 0 },
                |at| if at > HOURS - 24 { 5 } else { bad(at) },
                &[HOURS - 12],
            ),
        ),
    ]
}

impl Case {
    fn assess(&self) -> Assessment {
        let source = Source {
            name: "load.txt",
            text: &self.text,
            read_at: now(),
        };
        assess(&self.policy, &self.policy.objectives, source, &Before::default(), now())
    }

    /// What the judge says.
    pub(crate) fn verdict(&self) -> Verdict {
        self.assess().verdict
    }

    /// The verdict and its first reason, in words.
    pub(crate) fn told(&self) -> String {
        let assessment = self.assess();
        let first = |why: &[String]| why.first().cloned().unwrap_or_default();
        match &assessment.verdict {
            Verdict::Pass => "pass".to_owned(),
            Verdict::Fail => format!(
                "fail: {}",
                assessment.findings.first().map_or("", |(message, _)| message)
            ),
            Verdict::Inconclusive(missing) => format!("inconclusive: {}", first(missing)),
            Verdict::Vacuous(why) => format!("vacuous: {}", first(why)),
        }
    }
}
