//! Services that are simulated from a seed: what they did, hour by hour and tenant by tenant.

use std::fmt::Write as _;

use gate_base::stats::SplitMix64;
use gate_report::Location;
use gate_suites::slo::judge::{Count, Judgement, Terms, Unit, judge};
use jiff::{SignedDuration, Timestamp};

/// Hours of the period of 28 days.
pub(crate) const HOURS: usize = 28 * 24;
/// Tenants of the simulated service.
pub(crate) const TENANTS: usize = 40;
/// Events of all tenants over the period.
pub(crate) const EVENTS: u64 = 220_000;
/// The part that may be bad: 99.9 % must be good.
pub(crate) const BUDGET: f64 = 0.001;

/// How a service behaves.
#[derive(Clone, Copy)]
pub(crate) struct Service {
    /// Part of the budget that is spent on average.
    pub(crate) spent: f64,
    /// How many bad events come together.
    pub(crate) burst: u64,
    /// Hours before the end in which all tenants spend so many budgets.
    pub(crate) burn: Option<(usize, f64)>,
    /// Whether the bursts are declared to the judge.
    pub(crate) declared: bool,
}

/// The end of the period.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().expect("a time")
}

fn hour(at: usize) -> (Timestamp, Timestamp) {
    let time = |at: usize| {
        let before = SignedDuration::from_hours((HOURS - at) as i64);
        now().checked_sub(before).expect("a time of this century")
    };
    (time(at), time(at + 1))
}

impl Service {
    /// What its tenants did.
    pub(crate) fn counts(&self, random: &mut SplitMix64) -> Vec<Vec<Count>> {
        let tenants = (0..TENANTS).map(|tenant| {
            // A burst may go on in the next hour.
            let mut going_on = 0;
            let counts = (0..HOURS).map(|at| {
                let cells = (TENANTS * HOURS) as u64;
                let cell = (tenant * HOURS + at) as u64;
                let total = EVENTS * (cell + 1) / cells - EVENTS * cell / cells;
                let budgets = match self.burn {
                    Some((hours, budgets)) if at >= HOURS - hours => budgets,
                    _ => self.spent,
                };
                let rate = budgets * BUDGET / self.burst as f64;
                let mut bad = 0;
                for _ in 0..total {
                    if going_on == 0 && random.unit() < rate {
                        going_on = self.burst;
                    }
                    if going_on > 0 {
                        going_on -= 1;
                        bad += 1;
                    }
                }
                let (from, to) = hour(at);
                Count {
                    from: Some(from),
                    to,
                    bad,
                    total,
                }
            });
            counts.collect()
        });
        tenants.collect()
    }

    /// The units of one objective over all tenants: their sum, and each.
    pub(crate) fn units(&self, counts: &[Vec<Count>]) -> Vec<Unit> {
        let unit = |tenant: String, sum_of: usize, counts: Vec<Count>| Unit {
            objective: "availability".to_owned(),
            workload: String::new(),
            tenant,
            sum_of,
            budget: BUDGET,
            burst: self.declared.then_some(self.burst as f64),
            // So few events of a tenant show no budget of a thousandth: the sum does.
            prove: sum_of > 1,
            declared: true,
            former: false,
            counts,
            location: Location::line("gate.toml", 1),
        };
        let sum = (0..HOURS).map(|at| {
            let mut sum = Count {
                bad: 0,
                total: 0,
                ..counts[0][at]
            };
            for tenant in counts {
                sum.bad += tenant[at].bad;
                sum.total += tenant[at].total;
            }
            sum
        });
        let mut units = vec![unit(String::new(), counts.len(), sum.collect())];
        units.extend(
            counts
                .iter()
                .enumerate()
                .map(|(at, counts)| unit(format!("t{at}"), 1, counts.clone())),
        );
        units
    }

    /// Judges one replay, and says whether the rule that only compares with the budget would fail it.
    pub(crate) fn replay(&self, seed: u64) -> (Judgement, bool) {
        let counts = self.counts(&mut SplitMix64::new(seed));
        let over = |counts: &Vec<Count>| {
            let bad: u64 = counts.iter().map(|count| count.bad).sum();
            let total: u64 = counts.iter().map(|count| count.total).sum();
            bad as f64 > total as f64 * BUDGET
        };
        let spent = counts.iter().any(over);
        (judge(&self.units(&counts), &terms(), now()), spent)
    }
}

/// The terms by default.
pub(crate) fn terms() -> Terms {
    let hours = SignedDuration::from_hours;
    Terms {
        look_back: [6, 24, 72, 28 * 24].map(hours).to_vec(),
        max_gap: hours(36),
        max_idle: hours(6),
        min_history: hours(24),
        alpha: 0.01,
        confidence: 0.95,
    }
}

/// Two tenants with 200 events an hour, of which half of the budget is bad, as lines. `change` may replace what a tenant did in an hour,
/// or leave it out.
pub(crate) fn lines(change: impl Fn(&str, usize, u64, u64) -> Option<(u64, u64)>) -> String {
    let mut text = String::new();
    for at in 0..HOURS {
        let (from, to) = hour(at);
        for tenant in ["acme", "globex"] {
            let bad = u64::from(at % 10 == 0);
            let Some((good, total)) = change(tenant, at, 200 - bad, 200) else {
                continue;
            };
            let _ = writeln!(
                text,
                "{{\"name\": \"availability\", \"tenant\": \"{tenant}\", \"from\": \"{from}\", \"to\": \"{to}\", \"good\": {good}, \
                 \"total\": {total}}}"
            );
        }
    }
    text
}

/// Two scrapes an hour of a server's counters, as a dump: `good` and `bad` are what they count in the hour, and `began_again` hours at
/// which they count from zero.
pub(crate) fn dump(good: impl Fn(usize) -> u64, bad: impl Fn(usize) -> u64, began_again: &[usize]) -> String {
    let (mut good_total, mut bad_total) = (50_000_000, 0);
    let mut lines = [String::new(), String::new()];
    for at in 0..HOURS {
        let (_, to) = hour(at);
        if began_again.contains(&at) {
            (good_total, bad_total) = (0, 0);
        }
        good_total += good(at);
        bad_total += bad(at);
        for (line, (code, value)) in lines.iter_mut().zip([("200", good_total), ("500", bad_total)]) {
            let _ = writeln!(
                line,
                "http_requests_total{{code=\"{code}\"}} {value} {}",
                to.as_second()
            );
        }
    }
    format!("# TYPE http_requests counter\n{}{}# EOF\n", lines[0], lines[1])
}
