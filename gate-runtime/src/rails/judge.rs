//! What each rail says about one window.

use core::fmt;

use super::Settings;
use super::sequential::excess;
use crate::control::RailReason;
use crate::window::Window;

/// How much slower than the baseline, as a ratio; what is allowed of it, and the spread of the baseline.
type Slower<'a> = &'a dyn Fn(&Baseline) -> Option<(f64, f64, f64)>;

/// One of the four rails, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rail {
    /// Native calls failed or computed something else than the reference.
    RuntimeError,
    /// Calls met memory pressure.
    Pressure,
    /// The p95 of native calls rose above the baseline.
    Latency,
    /// Work per busy time dropped below the baseline.
    Throughput,
}

impl Rail {
    /// Every rail in the order of precedence.
    pub const ALL: [Rail; 4] = [Rail::RuntimeError, Rail::Pressure, Rail::Latency, Rail::Throughput];

    /// Whether the rail judges measured time.
    #[must_use]
    pub const fn is_performance(self) -> bool {
        matches!(self, Rail::Latency | Rail::Throughput)
    }
}

impl fmt::Display for Rail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RailReason::from(*self).fmt(f)
    }
}

impl From<Rail> for RailReason {
    fn from(rail: Rail) -> RailReason {
        match rail {
            Rail::RuntimeError => RailReason::RuntimeError,
            Rail::Pressure => RailReason::Pressure,
            Rail::Latency => RailReason::Latency,
            Rail::Throughput => RailReason::Throughput,
        }
    }
}

/// Why a rail has no opinion about a window. That is neither a breach nor a clean window: it does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Unjudged {
    /// The native backend was not called.
    NoNativeCalls,
    /// The latest comparison with the reference found a mismatch, and no output has been compared since.
    NotCompared,
    /// Fewer latencies than a p95 needs.
    InsufficientSamples,
    /// The baseline is still being learned.
    NoBaseline,
}

impl Unjudged {
    /// The word for it in records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Unjudged::NoNativeCalls => "no_native_calls",
            Unjudged::NotCompared => "not_compared",
            Unjudged::InsufficientSamples => "insufficient_samples",
            Unjudged::NoBaseline => "no_baseline",
        }
    }
}

/// What a rail says about a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within what is allowed.
    Clean,
    /// Beyond it. For time, one such window is evidence and no proof.
    Breach,
    /// No opinion.
    Unjudged(Unjudged),
}

/// What all rails say about a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// The runtime error rail.
    pub runtime_error: Verdict,
    /// The pressure rail.
    pub pressure: Verdict,
    /// The latency rail.
    pub latency: Verdict,
    /// The throughput rail.
    pub throughput: Verdict,
}

impl Judgement {
    /// What one rail says.
    #[must_use]
    pub fn of(&self, rail: Rail) -> Verdict {
        match rail {
            Rail::RuntimeError => self.runtime_error,
            Rail::Pressure => self.pressure,
            Rail::Latency => self.latency,
            Rail::Throughput => self.throughput,
        }
    }

    /// The breached rail that comes first in precedence.
    #[must_use]
    pub fn first_breach(&self) -> Option<Rail> {
        Rail::ALL.into_iter().find(|rail| self.of(*rail) == Verdict::Breach)
    }
}

/// What latency and throughput are compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// 95th percentile of native latencies, in nanoseconds.
    pub p95_ns: u64,
    /// Work per busy nanosecond.
    pub throughput: f64,
    /// Standard deviation of the p95 between healthy windows, as a fraction of it; less than 0.01 counts as 0.01.
    pub p95_spread: f64,
    /// Standard deviation of the throughput between healthy windows, as a fraction of it; less than 0.01 counts as 0.01.
    pub throughput_spread: f64,
}

/// What all rails say about a window, and what it adds to the evidence of each.
pub(super) struct Judged {
    pub(super) judgement: Judgement,
    /// Breached windows, or parts of one, in the order of [`Rail::ALL`]; below 0 for what speaks against a breach.
    pub(super) added: [f64; 4],
}

/// `suspect` says that the latest comparison found a mismatch. With a shadow fraction of 1 % most windows compare
/// nothing: those must not pass for windows in which the output was right.
pub(super) fn judge(settings: &Settings, baseline: Option<&Baseline>, suspect: bool, window: &Window) -> Judged {
    let beyond = |breached: bool| if breached { Verdict::Breach } else { Verdict::Clean };
    let failures = window.errors.saturating_add(window.mismatches);
    let runtime_error = if window.native == 0 && failures == 0 {
        Verdict::Unjudged(Unjudged::NoNativeCalls)
    } else if suspect && window.checked == 0 && failures < u64::from(settings.error_events) {
        Verdict::Unjudged(Unjudged::NotCompared)
    } else {
        beyond(failures >= u64::from(settings.error_events))
    };
    let pressure = if window.calls == 0 && window.pressure_events == 0 {
        Verdict::Unjudged(Unjudged::NoNativeCalls)
    } else {
        beyond(window.pressure() >= settings.pressure || window.pressure_events >= u64::from(settings.pressure_events))
    };
    // How much slower than the baseline, as a ratio; what is allowed of it, and the baseline's spread.
    let timed = |slower: Slower<'_>| {
        let unjudged = |why| (Verdict::Unjudged(why), 0.0);
        if window.native == 0 {
            return unjudged(Unjudged::NoNativeCalls);
        }
        if window.samples < u64::from(settings.min_samples) {
            return unjudged(Unjudged::InsufficientSamples);
        }
        let Some(baseline) = baseline else {
            return unjudged(Unjudged::NoBaseline);
        };
        // Without busy time there is nothing to divide by, and nothing slow either.
        let Some((ratio, limit, spread)) = slower(baseline) else {
            return (Verdict::Clean, 0.0);
        };
        let added = excess(ratio, limit, spread, settings.consecutive);
        // The limit itself is allowed, whichever way its last bit was rounded.
        (beyond(added > 1e-9), added)
    };
    let (latency, slower) = timed(&|baseline| {
        let ratio = window.p95_ns as f64 / baseline.p95_ns.max(1) as f64;
        Some((ratio, 1.0 + settings.latency_rise, baseline.p95_spread))
    });
    let (throughput, less) = timed(&|baseline| {
        let observed = window.throughput()?.max(f64::MIN_POSITIVE);
        let limit = 1.0 / (1.0 - settings.throughput_drop);
        Some((baseline.throughput / observed, limit, baseline.throughput_spread))
    });
    let judgement = Judgement {
        runtime_error,
        pressure,
        latency,
        throughput,
    };
    Judged {
        judgement,
        added: [1.0, 1.0, slower, less],
    }
}
