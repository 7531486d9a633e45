//! Modes, and why one is recommended.

use core::fmt;

use super::Rail;

/// Which backend computes what a caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Mode {
    /// The native backend serves.
    #[default]
    Native = 0,
    /// The reference serves, and the native backend computes the same to show that it can be trusted again.
    Probe = 1,
    /// The reference serves, and the native backend is left alone.
    Safe = 2,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 3] = [Mode::Native, Mode::Probe, Mode::Safe];

    /// The word for it in records: `native`, `probe`, `safe`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Mode::Native => "native",
            Mode::Probe => "probe",
            Mode::Safe => "safe",
        }
    }

    /// The mode with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.code() == code)
    }

    /// The mode with this number, as [`Mode::Native`]` as u8` gives it.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Mode> {
        match number {
            0 => Some(Mode::Native),
            1 => Some(Mode::Probe),
            2 => Some(Mode::Safe),
            _ => None,
        }
    }

    /// Whether the native backend runs at all.
    #[must_use]
    pub const fn runs_native(self) -> bool {
        !matches!(self, Mode::Safe)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// Why a mode is recommended. It is recorded with every window, also where the recommendation is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ShadowReason {
    /// No rail was breached.
    WithinLimits,
    /// A rail was breached, but not yet in enough windows in a row.
    BreachNotSustained,
    /// A rail was breached in enough windows in a row, or while probing.
    Breach(Rail),
    /// The native backend has rested; it is time to try it beside the reference.
    ProbeDue,
    /// Trying goes on: too few native calls so far.
    ProbeRunning,
    /// Enough native calls agreed with the reference.
    ProbePassed,
}

impl ShadowReason {
    /// Every reason.
    pub const ALL: [ShadowReason; 9] = [
        ShadowReason::WithinLimits,
        ShadowReason::BreachNotSustained,
        ShadowReason::Breach(Rail::RuntimeError),
        ShadowReason::Breach(Rail::Pressure),
        ShadowReason::Breach(Rail::Latency),
        ShadowReason::Breach(Rail::Throughput),
        ShadowReason::ProbeDue,
        ShadowReason::ProbeRunning,
        ShadowReason::ProbePassed,
    ];

    /// The word for it in records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            ShadowReason::WithinLimits => "within_limits",
            ShadowReason::BreachNotSustained => "breach_not_sustained",
            ShadowReason::Breach(rail) => rail.code(),
            ShadowReason::ProbeDue => "probe_due",
            ShadowReason::ProbeRunning => "probe_running",
            ShadowReason::ProbePassed => "probe_passed",
        }
    }

    /// Whether the reason rests on measured time, which `strict` does not act upon.
    #[must_use]
    pub const fn is_performance(self) -> bool {
        matches!(self, ShadowReason::Breach(rail) if rail.is_performance())
    }
}

impl fmt::Display for ShadowReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}
