//! From measurements to what is promised of them: good and bad events of each objective, by workload and tenant.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use gate_policy::{Objective, Selector, SloFormat, SloPolicy, pattern};

use super::cell::{Counter, Events, Problem, Reading, Series};
use super::counters::{Increment, Totals, grown};
use super::read::run_stats;

/// Buckets of waits in a doubling.
const BUCKETS: f64 = 16.0;

/// Events of an objective, as they are recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Name of the objective, or of the fairness table.
    pub objective: String,
    /// What was good then, as text: events under another rule say nothing about this one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// Workload.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workload: String,
    /// Tenant.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    /// When it began, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// When it ended.
    pub to: Timestamp,
    /// Good events; for a queue, what was served.
    pub good: u64,
    /// All events; for a queue, the demand.
    pub total: u64,
    /// For a queue: how many waits were in each bucket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<(i32, u64)>,
}

/// What was recorded before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Before {
    /// Events of the objectives.
    pub recorded: Vec<Recorded>,
    /// Latest values of counters.
    pub totals: Totals,
    /// Which counters these are, as [`selection`] says.
    pub selection: String,
}

/// Which counters are followed, as text. Where it changes, values of the new ones are missing from what was recorded, so that
/// following begins again.
pub fn selection(format: SloFormat, objectives: &[Objective]) -> String {
    match format {
        SloFormat::Openmetrics => objectives.iter().map(|objective| rule(objective) + "\n").collect(),
        _ => String::new(),
    }
}

/// What a reading says about the objectives.
#[derive(Debug, Default)]
pub struct Promised {
    /// Events of the objectives.
    pub recorded: Vec<Recorded>,
    /// Values of the counters that they select.
    pub totals: Totals,
    /// What cannot be believed.
    pub problems: Vec<Problem>,
    /// What the objectives are not about and should be, or what they need and is not there.
    pub missing: Vec<String>,
}

/// The upper end of a bucket of waits.
pub fn bucket_end(bucket: i32) -> f64 {
    (f64::from(bucket) / BUCKETS).exp2()
}

/// The bucket of a wait: at most a 23rd above it.
fn bucket(wait: f64) -> i32 {
    (wait.max(1e-9).log2() * BUCKETS).ceil() as i32
}

/// What is good by an objective, as text.
pub fn rule(objective: &Objective) -> String {
    let mut parts = Vec::new();
    parts.extend(objective.measurement.as_ref().map(|name| format!("of {name}")));
    parts.extend(objective.at_most.map(|limit| format!("at most {limit}")));
    parts.extend(objective.good.as_ref().map(|selector| format!("good {selector}")));
    parts.extend(objective.bad.as_ref().map(|selector| format!("bad {selector}")));
    parts.extend(objective.total.as_ref().map(|selector| format!("total {selector}")));
    parts.join(", ")
}

/// Whether an objective is about this workload and tenant.
pub fn covers(workloads: Option<&str>, tenants: Option<&str>, workload: &str, tenant: &str) -> bool {
    let covers = |pattern: Option<&str>, name| pattern.is_none_or(|pattern| pattern::matches(pattern, name));
    covers(workloads, workload) && covers(tenants, tenant)
}

/// Judges which events of a reading are good. What names no time was measured at `read_at`, and nothing
/// after `now`.
pub fn promised(
    policy: &SloPolicy,
    objectives: &[Objective],
    reading: &Reading,
    before: &Before,
    (read_at, now): (Timestamp, Timestamp),
) -> Promised {
    let none = Totals::new();
    let follows = before.selection == selection(policy.format, objectives);
    let totals = if follows { &before.totals } else { &none };
    let mut promised = Promised {
        problems: reading.problems.clone(),
        totals: totals.clone(),
        ..Promised::default()
    };
    let mut merged: BTreeMap<(String, String, Series, Option<Timestamp>, Timestamp), Recorded> = BTreeMap::new();
    for cell in &reading.cells {
        let to = cell.to.unwrap_or(read_at);
        if to > now {
            promised
                .missing
                .push(format!("`{}` is dated in the future, {to}", cell.series.measurement));
            continue;
        }
        let Series {
            measurement,
            workload,
            tenant,
        } = &cell.series;
        let mut about = false;
        let mut named = false;
        let mut add = |objective: &str, rule: String, good, total, waits| {
            let key = (objective.to_owned(), rule.clone(), cell.series.clone(), cell.from, to);
            let recorded = merged.entry(key).or_insert_with(|| Recorded {
                objective: objective.to_owned(),
                rule,
                workload: workload.clone(),
                tenant: tenant.clone(),
                from: cell.from,
                to,
                good: 0,
                total: 0,
                waits: Vec::new(),
            });
            recorded.good = recorded.good.saturating_add(good);
            recorded.total = recorded.total.saturating_add(total);
            recorded.waits.extend::<Vec<(i32, u64)>>(waits);
        };
        for objective in objectives
            .iter()
            .filter(|objective| objective.measurement() == measurement)
        {
            named = true;
            if !covers(
                objective.workload.as_deref(),
                objective.tenant.as_deref(),
                workload,
                tenant,
            ) {
                continue;
            }
            about = true;
            let name = &objective.name;
            match (&cell.events, objective.at_most) {
                (Events::Counted { good, total }, None) => add(name, rule(objective), *good, *total, Vec::new()),
                (Events::Samples(samples), Some(limit)) => {
                    let good = samples.iter().filter(|sample| **sample <= limit).count() as u64;
                    add(name, rule(objective), good, samples.len() as u64, Vec::new());
                }
                (Events::Counted { .. }, Some(_)) => {
                    promised.missing.push(format!(
                        "`{measurement}` is counted, but its objective has an `at-most`"
                    ));
                }
                (Events::Samples(_), None) => {
                    promised.missing.push(format!(
                        "`{measurement}` is measured in samples, but its objective has no `at-most`"
                    ));
                }
                (Events::Queue { .. }, _) => {
                    promised.missing.push(format!(
                        "`{measurement}` is a queue, but its objective needs `good` and `total`"
                    ));
                }
            }
        }
        for fairness in policy.fairness.iter().filter(|fairness| fairness.name == *measurement) {
            named = true;
            if !covers(None, fairness.tenant.as_deref(), workload, tenant) {
                continue;
            }
            about = true;
            match &cell.events {
                Events::Queue { demand, served, waits } => {
                    let waits = waits.iter().map(|wait| (bucket(*wait), 1)).collect();
                    add(&fairness.name, QUEUE.to_owned(), *served, *demand, waits);
                }
                _ => promised
                    .missing
                    .push(format!("`{measurement}` has no `demand` and `served`")),
            }
        }
        if named && !about {
            let of = super::judge::subject(workload, tenant);
            promised
                .missing
                .push(format!("`{measurement}`{of} is measured, and no objective is about it"));
        }
    }
    promised.recorded = merged.into_values().map(compact).collect();
    if matches!(policy.format, SloFormat::Lines | SloFormat::DecisionLog) && promised.problems.is_empty() {
        let names = objectives
            .iter()
            .map(|objective| (&objective.name, objective.measurement()));
        let queues = policy
            .fairness
            .iter()
            .map(|fairness| (&fairness.name, fairness.name.as_str()));
        for (name, measurement) in names.chain(queues) {
            if !promised.recorded.iter().any(|found| found.objective == *name) {
                promised
                    .missing
                    .push(format!("`{measurement}` was not measured this time"));
            }
        }
    }
    if matches!(policy.format, SloFormat::Openmetrics | SloFormat::RunStats) {
        counted(policy, objectives, &reading.counters, totals, read_at, &mut promised);
    }
    promised.missing.sort();
    promised.missing.dedup();
    promised
}

/// The rule of a queue.
pub const QUEUE: &str = "queue";

/// The same with every bucket once.
fn compact(mut recorded: Recorded) -> Recorded {
    let mut buckets: BTreeMap<i32, u64> = BTreeMap::new();
    for (bucket, count) in std::mem::take(&mut recorded.waits) {
        *buckets.entry(bucket).or_default() += count;
    }
    recorded.waits = buckets.into_iter().collect();
    recorded
}

/// An objective over counters.
struct Selected<'o> {
    objective: &'o Objective,
    /// Selects bad events, or good ones.
    some: Selector,
    bad: bool,
    total: Selector,
}

fn selected(format: SloFormat, objective: &Objective) -> Option<Selected<'_>> {
    if format == SloFormat::RunStats {
        let (some, total) = run_stats::selectors(objective.measurement())?;
        return Some(Selected {
            objective,
            some,
            bad: true,
            total,
        });
    }
    let (some, bad) = match (&objective.good, &objective.bad) {
        (Some(good), _) => (good.clone(), false),
        (None, Some(bad)) => (bad.clone(), true),
        (None, None) => return None,
    };
    let total = objective.total.clone()?;
    Some(Selected {
        objective,
        some,
        bad,
        total,
    })
}

fn counted(
    policy: &SloPolicy,
    objectives: &[Objective],
    counters: &[Counter],
    before: &Totals,
    now: Timestamp,
    promised: &mut Promised,
) {
    let selected: Vec<Selected<'_>> = objectives
        .iter()
        .filter_map(|objective| selected(policy.format, objective))
        .collect();
    let matches = |selector: &Selector, counter: &Counter| selector.matches(&counter.name, |name| counter.label(name));
    let followed: Vec<&Counter> = counters
        .iter()
        .filter(|counter| {
            policy.format == SloFormat::RunStats
                || selected
                    .iter()
                    .any(|found| matches(&found.some, counter) || matches(&found.total, counter))
        })
        .collect();
    let grown = grown(&followed, counters, before, now);
    promised.problems.extend(grown.problems);
    promised.totals = grown.totals;
    if before.is_empty() && grown.increments.is_empty() && !followed.is_empty() {
        promised
            .missing
            .push("counters were read for the first time: a second reading shows what they grew by".to_owned());
    }
    let workload_label = match policy.format {
        SloFormat::RunStats => Some(run_stats::KERNEL),
        _ => policy.workload_label.as_deref(),
    };
    let label = |counter: &Counter, name: Option<&str>| -> String {
        name.and_then(|name| counter.label(name)).unwrap_or_default().to_owned()
    };
    let labels = |counter: &Counter| {
        (
            label(counter, workload_label),
            label(counter, policy.tenant_label.as_deref()),
        )
    };
    promised
        .missing
        .extend(without_objective(&selected, &grown.increments, labels));
    for found in &selected {
        let objective = found.objective;
        if !followed.iter().any(|counter| matches(&found.total, counter)) {
            let message = format!(
                "no counter matches `{}` of `{}`; a gauge is no counter",
                found.total, objective.name
            );
            promised.missing.push(message);
            continue;
        }
        let mut sums: BTreeMap<(String, String, Timestamp), Sum> = BTreeMap::new();
        for increment in &grown.increments {
            let Increment {
                counter,
                from,
                to,
                amount,
            } = increment;
            let (workload, tenant) = labels(counter);
            if !covers(
                objective.workload.as_deref(),
                objective.tenant.as_deref(),
                &workload,
                &tenant,
            ) {
                continue;
            }
            let (some, total) = (matches(&found.some, counter), matches(&found.total, counter));
            if !some && !total {
                continue;
            }
            let sum = sums.entry((workload, tenant, *to)).or_default();
            sum.from = sum.from.or(*from);
            sum.some += if some { *amount } else { 0.0 };
            sum.total += if total { *amount } else { 0.0 };
        }
        for ((workload, tenant, to), sum) in sums {
            let (some, total) = (sum.some.round() as u64, sum.total.round() as u64);
            if some > total {
                let which = if found.bad { "bad" } else { "good" };
                let of = super::judge::subject(&workload, &tenant);
                let name = &objective.name;
                promised
                    .missing
                    .push(format!("`{name}`{of} counted {some} {which} events of {total}"));
                continue;
            }
            promised.recorded.push(Recorded {
                objective: objective.name.clone(),
                rule: rule(objective),
                workload,
                tenant,
                from: sum.from,
                to,
                good: if found.bad { total - some } else { some },
                total,
                waits: Vec::new(),
            });
        }
    }
}

/// Workloads and tenants that are counted and that no objective is about.
fn without_objective(
    selected: &[Selected<'_>],
    increments: &[Increment<'_>],
    label: impl Fn(&Counter) -> (String, String),
) -> Vec<String> {
    let mut found = Vec::new();
    for Increment { counter, .. } in increments {
        let selecting = |found: &&Selected<'_>| found.total.matches(&counter.name, |name| counter.label(name));
        let mut about = selected.iter().filter(selecting).peekable();
        let Some(first) = about.peek() else { continue };
        let total = first.total.to_string();
        let (workload, tenant) = label(counter);
        let covered = |found: &Selected<'_>| {
            covers(
                found.objective.workload.as_deref(),
                found.objective.tenant.as_deref(),
                &workload,
                &tenant,
            )
        };
        if !about.any(covered) {
            let of = super::judge::subject(&workload, &tenant);
            found.push(format!("`{total}`{of} is counted, and no objective is about it"));
        }
    }
    found
}

#[derive(Default)]
struct Sum {
    from: Option<Timestamp>,
    some: f64,
    total: f64,
}
