//! The whole way from a text to a verdict, without files, clock or processes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use gate_policy::{Objective, SloPolicy};
use gate_report::{Location, Real, ServiceLevel, Standing};

use super::counters::Totals;
use super::judge::{Judgement, Terms, Unit, Verdict, judge, length, percent};
use super::promise::{Before, Promised, Recorded, promised};
use super::{read, units};

/// What a text and everything that was recorded before say together.
#[derive(Debug)]
pub struct Assessment {
    /// The verdict.
    pub verdict: Verdict,
    /// What is wrong, each with the declaration that makes it so.
    pub findings: Vec<(String, Location)>,
    /// Whether the events and totals are to be recorded.
    pub record: bool,
    /// Events that are new.
    pub recorded: Vec<Recorded>,
    /// Latest values of counters.
    pub totals: Totals,
    /// What each objective showed, for the report.
    pub levels: Vec<ServiceLevel>,
    /// What was counted, tested and concluded, for the log.
    pub log: String,
}

/// A text with measurements.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What it is called in messages.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// When it was read first: the time of measurements that name none.
    pub read_at: Timestamp,
}

/// Reads and judges. What is known by workload, tenant and time must not be told in another way now.
pub fn assess(
    policy: &SloPolicy,
    objectives: &[Objective],
    source: Source<'_>,
    before: &Before,
    now: Timestamp,
) -> Assessment {
    let reading = read::read(policy.format, source.text);
    let Promised {
        recorded,
        totals,
        problems,
        missing,
    } = promised(policy, objectives, &reading, before, (source.read_at, now));
    let told = problems
        .iter()
        .map(|problem| format!("{}:{}: {}", source.name, problem.line, problem.message));
    let mut refused: Vec<String> = told.chain(missing).collect();
    let (new, contradictions) = compare(recorded, &before.recorded);
    refused.extend(contradictions);
    let known: Vec<Recorded> = before.recorded.iter().chain(&new).cloned().collect();
    let (units, queues) = units::units(policy, objectives, &known);
    let terms = terms(policy);
    let judgement = judge(&units, &terms, now);
    let mut findings: Vec<(String, Location)> = judgement
        .breaches
        .iter()
        .map(|breach| {
            let unit = &units[breach.unit];
            let message = format!(
                "{} of {} events of {unit} were bad in the last {}: {} where {} are allowed; the probability of that within the \
                 budget is {}",
                breach.bad,
                breach.events,
                length(breach.look_back),
                percent(breach.bad as f64 / breach.events as f64),
                percent(unit.budget),
                probability(breach.p)
            );
            (message, unit.location.clone())
        })
        .collect();
    findings.extend(queues.starved.iter().cloned());
    // What cannot be read could change everything but what is bad already.
    let verdict = match judgement.verdict.clone() {
        // Without holes, it is a control that misbehaved: nothing of the judgement counts.
        Verdict::Vacuous(mut why) if findings.is_empty() || judgement.holes.is_empty() => {
            refused.append(&mut why);
            Verdict::Vacuous(refused.clone())
        }
        _ if !findings.is_empty() => Verdict::Fail,
        _ if !refused.is_empty() => Verdict::Vacuous(refused.clone()),
        verdict => verdict,
    };
    let mut log = log(&units, &judgement, &terms, &verdict);
    for line in refused.iter().chain(&queues.notes) {
        log.push_str(&format!("{line}\n"));
    }
    let levels = levels(&units, &judgement, &terms);
    Assessment {
        verdict,
        findings,
        // Nothing of a text with a line that cannot be read is recorded: the next run reads it again.
        record: problems.is_empty(),
        recorded: new,
        totals,
        levels,
        log,
    }
}

/// How a policy has its objectives judged.
pub fn terms(policy: &SloPolicy) -> Terms {
    let signed = |time| SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    Terms {
        look_back: policy.look_back.iter().copied().map(signed).collect(),
        max_gap: signed(policy.max_gap),
        max_idle: signed(policy.max_idle),
        min_history: signed(policy.min_history),
        alpha: policy.alpha,
        confidence: policy.confidence,
    }
}

/// A small probability. What is smaller still says no more.
fn probability(p: f64) -> String {
    if p < 1e-12 {
        "below 1e-12".to_owned()
    } else {
        format!("{p:.1e}")
    }
}

/// What is new, and what contradicts what was recorded.
fn compare(recorded: Vec<Recorded>, before: &[Recorded]) -> (Vec<Recorded>, Vec<String>) {
    let key = |found: &Recorded| {
        let Recorded {
            objective,
            rule,
            workload,
            tenant,
            to,
            ..
        } = found;
        (objective.clone(), rule.clone(), workload.clone(), tenant.clone(), *to)
    };
    let known: BTreeMap<_, &Recorded> = before.iter().map(|found| (key(found), found)).collect();
    let mut contradictions = Vec::new();
    let mut new = Vec::new();
    for found in recorded {
        match known.get(&key(&found)) {
            None => new.push(found),
            Some(known) if (known.good, known.total) == (found.good, found.total) => {}
            Some(known) => contradictions.push(format!(
                "`{}`{} was recorded with {} good events of {} until {}, and is now {} of {}",
                found.objective,
                super::judge::subject(&found.workload, &found.tenant),
                known.good,
                known.total,
                found.to,
                found.good,
                found.total
            )),
        }
    }
    contradictions.extend(overlaps(&new, before));
    (new, contradictions)
}

/// Times of which a series is told twice, so that events would count twice.
fn overlaps(new: &[Recorded], before: &[Recorded]) -> Vec<String> {
    let mut series: BTreeMap<_, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for found in before.iter().chain(new) {
        let Recorded {
            objective,
            rule,
            workload,
            tenant,
            ..
        } = found;
        let times = series.entry((objective, rule, workload, tenant)).or_default();
        times.extend(found.from.map(|from| (from, found.to)));
    }
    let mut overlaps = Vec::new();
    for ((objective, _, workload, tenant), mut times) in series {
        times.sort();
        if let Some(pair) = times.windows(2).find(|pair| pair[1].0 < pair[0].1) {
            let of = super::judge::subject(workload, tenant);
            let (again, until) = (pair[1].0, pair[0].1);
            overlaps.push(format!(
                "`{objective}`{of} is measured twice from {again} until {until}"
            ));
        }
    }
    overlaps
}

fn levels(units: &[Unit], judgement: &Judgement, terms: &Terms) -> Vec<ServiceLevel> {
    let period = terms.look_back.last().copied().unwrap_or_default();
    let levels = judgement.levels.iter().map(|level| {
        let unit = &units[level.unit];
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        ServiceLevel {
            objective: unit.objective.clone(),
            workload: text(&unit.workload),
            tenant: text(&unit.tenant),
            sum_of: (unit.sum_of > 1).then_some(unit.sum_of as u64),
            look_back_s: period.as_secs().unsigned_abs(),
            bad: level.bad,
            events: level.events,
            budget: Real(unit.budget),
            excluded: Real(level.excluded),
            confidence: Real(terms.confidence),
            dispersion: Real(level.dispersion),
            needed: level.needed,
            standing: if judgement.breaches.iter().any(|breach| breach.unit == level.unit) {
                Standing::Beyond
            } else if level.needed == Some(0) {
                Standing::Within
            } else {
                Standing::Undecided
            },
        }
    });
    levels.collect()
}

fn log(units: &[Unit], judgement: &Judgement, terms: &Terms, verdict: &Verdict) -> String {
    let mut log = String::new();
    for level in &judgement.levels {
        let unit = &units[level.unit];
        log.push_str(&format!(
            "{unit}: {} of {} events were bad, a budget of {}; more than {} is excluded at {}, dispersion {:.2}\n",
            level.bad,
            level.events,
            percent(unit.budget),
            percent(level.excluded),
            percent(terms.confidence),
            level.dispersion
        ));
    }
    log.push_str(&format!(
        "{} tests at {} together\n",
        judgement.tests,
        percent(terms.alpha)
    ));
    let word = match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Inconclusive(_) => "inconclusive",
        Verdict::Vacuous(_) => "vacuous",
    };
    log.push_str(&format!("== {word}\n"));
    log
}
