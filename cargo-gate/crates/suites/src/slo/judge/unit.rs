//! What is judged on which terms: counts of a series, and the times over which they are summed.

use jiff::{SignedDuration, Timestamp};

use gate_report::Location;

/// Events in a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Count {
    /// When it began, if that is known.
    pub from: Option<Timestamp>,
    /// When it ended.
    pub to: Timestamp,
    /// Bad events.
    pub bad: u64,
    /// All events.
    pub total: u64,
}

/// What is judged on its own: a series of an objective, or the sum of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Name of the objective.
    pub objective: String,
    /// Workload; empty where there is none, or in a sum.
    pub workload: String,
    /// Tenant; empty where there is none, or in a sum.
    pub tenant: String,
    /// Of how many series it is the sum; 1 for a series.
    pub sum_of: usize,
    /// Part of the events that may be bad.
    pub budget: f64,
    /// How many bad events come together, where that is declared.
    pub burst: Option<f64>,
    /// Whether a pass needs its bound to be within the budget. Otherwise it must only not be found to exceed it.
    pub prove: bool,
    /// Whether it must be measured from the first measurement on, and not only since it appeared.
    pub declared: bool,
    /// Whether it is no longer measured, and need not be.
    pub former: bool,
    /// Its counts, in the order of time.
    pub counts: Vec<Count>,
    /// Where the objective is declared.
    pub location: Location,
}

/// How it is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Times before now, ascending; the last one is the period of the promise.
    pub look_back: Vec<SignedDuration>,
    /// Longest time without a count.
    pub max_gap: SignedDuration,
    /// Longest time with counts but without an event.
    pub max_idle: SignedDuration,
    /// Shortest time that the counts span.
    pub min_history: SignedDuration,
    /// Probability of a fail although every budget is kept.
    pub alpha: f64,
    /// Confidence of the bound that a pass needs.
    pub confidence: f64,
}

/// The period of the promise.
pub(super) fn period(terms: &Terms) -> SignedDuration {
    terms.look_back.last().copied().unwrap_or_default()
}

/// The counts of a time before now. One that began before it belongs to it when half of it lies inside, and never when it is longer.
pub(super) fn within(unit: &Unit, look_back: SignedDuration, now: Timestamp) -> impl Iterator<Item = &Count> {
    unit.counts.iter().filter(move |count| {
        let from = count.from.unwrap_or(count.to);
        let length = count.to.duration_since(from);
        let middle = now.duration_since(from).saturating_add(now.duration_since(count.to)) / 2;
        length <= look_back && middle <= look_back && count.to <= now
    })
}

/// Bad events, and all events.
pub(super) fn sum<'c>(counts: impl Iterator<Item = &'c Count>) -> (u64, u64) {
    counts.fold((0, 0), |(bad, total), count| {
        (
            u64::saturating_add(bad, count.bad),
            u64::saturating_add(total, count.total),
        )
    })
}

/// The workload and tenant as part of a sentence.
pub fn subject(workload: &str, tenant: &str) -> String {
    let named = [("workload", workload), ("tenant", tenant)];
    let parts = named
        .iter()
        .filter(|(_, name)| !name.is_empty())
        .map(|(what, name)| format!("{what} `{name}`"));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" of {}", parts.join(", "))
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.objective)?;
        if self.sum_of > 1 {
            return write!(f, ", all {} together,", self.sum_of);
        }
        f.write_str(&subject(&self.workload, &self.tenant))
    }
}

/// A share in percent, with three digits that count.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    let digits = if value <= 0.0 {
        0
    } else {
        (2 - value.log10().floor() as i32).clamp(0, 8)
    };
    let text = format!("{value:.*}", digits as usize);
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text} %")
}

/// A time in the largest unit that divides it.
pub fn length(time: SignedDuration) -> String {
    let seconds = time.as_secs();
    for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "min")] {
        if seconds >= unit && seconds % unit == 0 {
            return format!("{} {name}", seconds / unit);
        }
    }
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{:.1} h", seconds as f64 / 3600.0),
        _ => format!("{:.1} d", seconds as f64 / 86_400.0),
    }
}
