//! What each rail says about one window.

use core::fmt;

use super::Settings;
use crate::control::RailReason;
use crate::window::Window;

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
    /// Within the limit.
    Clean,
    /// Beyond the limit.
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
}

/// The limit is part of what is allowed: a p95 exactly eight per cent above the baseline is no breach of +0.08.
///
/// `suspect` says that the latest comparison found a mismatch. With a shadow fraction of 1 % most windows compare
/// nothing: those must not pass for windows in which the output was right.
pub(super) fn judge(settings: &Settings, baseline: Option<&Baseline>, suspect: bool, window: &Window) -> Judgement {
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
    let timed = |breached: &dyn Fn(&Baseline) -> bool| {
        if window.native == 0 {
            Verdict::Unjudged(Unjudged::NoNativeCalls)
        } else if window.samples < u64::from(settings.min_samples) {
            Verdict::Unjudged(Unjudged::InsufficientSamples)
        } else if let Some(baseline) = baseline {
            beyond(breached(baseline))
        } else {
            Verdict::Unjudged(Unjudged::NoBaseline)
        }
    };
    Judgement {
        runtime_error,
        pressure,
        latency: timed(&|baseline| window.p95_ns as f64 > baseline.p95_ns as f64 * (1.0 + settings.latency_rise)),
        throughput: timed(&|baseline| {
            // Without busy time there is nothing to divide by, and nothing slow either.
            window
                .throughput()
                .is_some_and(|observed| observed < baseline.throughput * (1.0 - settings.throughput_drop))
        }),
    }
}
