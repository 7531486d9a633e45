//! The switch between native and safe mode. Rails turn it; dispatch only reads it.

pub(crate) mod phase;

use std::fmt;
// Counters that nothing else is ordered by: the models need not explore them.
use std::sync::atomic as counter;

use crate::sync::atomic::{AtomicU64, Ordering};

/// Which backend may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mode {
    /// The native one, with the CPU behind it.
    Native = 0,
    /// The CPU alone.
    Safe = 1,
    /// The native one on probation: each output is compared with the CPU function's before the caller gets it.
    Probe = 2,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 3] = [Mode::Native, Mode::Safe, Mode::Probe];

    /// Name in logs: `native`, `safe`, `probe`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Native => "native",
            Mode::Safe => "safe",
            Mode::Probe => "probe",
        }
    }

    /// The mode in the two lowest bits; what no mode is packed as is safe.
    const fn of_bits(bits: u64) -> Mode {
        match bits & 3 {
            0 => Mode::Native,
            2 => Mode::Probe,
            _ => Mode::Safe,
        }
    }

    /// The mode with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// The mode that holds in a packed [`ControlState`].
    #[inline]
    pub(crate) const fn of_word(word: u64) -> Mode {
        Mode::of_bits(word)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why rails recommend or force a mode. Codes are frozen: logs and stats store them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum RailReason {
    /// No breach.
    None = 0,
    /// Calls fail.
    RuntimeError = 1,
    /// Memory or queues are under pressure.
    Pressure = 2,
    /// Calls are slower than the baseline allows.
    Latency = 3,
    /// Fewer calls per second than the baseline asks for.
    Throughput = 4,
    /// Native output differs from the reference.
    OutputMismatch = 5,
    /// An operator asked for it.
    Operator = 6,
    /// A rail was breached, but not yet in enough windows in a row.
    BreachNotSustained = 7,
    /// The native backend has rested; it is time to try it again, each output compared with the reference.
    ProbeDue = 8,
    /// Trying goes on: too few calls were compared so far.
    ProbeRunning = 9,
    /// Enough native calls agreed with the reference.
    ProbePassed = 10,
    /// Outputs of a probe were not compared with anything. The native backend is tried again when an operator says so.
    NotCompared = 11,
}

impl RailReason {
    /// Every reason, in ascending order of its number.
    pub const ALL: [RailReason; 12] = [
        RailReason::None,
        RailReason::RuntimeError,
        RailReason::Pressure,
        RailReason::Latency,
        RailReason::Throughput,
        RailReason::OutputMismatch,
        RailReason::Operator,
        RailReason::BreachNotSustained,
        RailReason::ProbeDue,
        RailReason::ProbeRunning,
        RailReason::ProbePassed,
        RailReason::NotCompared,
    ];

    /// The frozen code: `RUNTIME_ERROR`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            RailReason::None => "NONE",
            RailReason::RuntimeError => "RUNTIME_ERROR",
            RailReason::Pressure => "PRESSURE",
            RailReason::Latency => "LATENCY",
            RailReason::Throughput => "THROUGHPUT",
            RailReason::OutputMismatch => "OUTPUT_MISMATCH",
            RailReason::Operator => "OPERATOR",
            RailReason::BreachNotSustained => "BREACH_NOT_SUSTAINED",
            RailReason::ProbeDue => "PROBE_DUE",
            RailReason::ProbeRunning => "PROBE_RUNNING",
            RailReason::ProbePassed => "PROBE_PASSED",
            RailReason::NotCompared => "NOT_COMPARED",
        }
    }

    /// Whether the reason rests on measured time, which strict rails do not act upon.
    #[must_use]
    pub const fn is_performance(self) -> bool {
        matches!(self, RailReason::Latency | RailReason::Throughput)
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<RailReason> {
        RailReason::ALL.into_iter().find(|reason| reason.code() == code)
    }

    fn from_number(number: u64) -> RailReason {
        let found = RailReason::ALL.into_iter().find(|reason| *reason as u64 == number);
        found.unwrap_or(RailReason::None)
    }
}

impl fmt::Display for RailReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// What rails decided, as one value: every decision-log record carries the state that its dispatch saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlState {
    /// The mode that holds.
    pub mode: Mode,
    /// The mode that the controller recommends; recorded even where it may not switch.
    pub shadow_mode: Mode,
    /// Why it recommends it.
    pub shadow_reason: RailReason,
    /// Why the last rollback happened; [`RailReason::None`] before the first.
    pub rollback_reason: RailReason,
    /// How many rollbacks there were. Ends at 2²⁴−1.
    pub rollback_count: u32,
    /// Pressure of the last window, in thousandths, at most 65,535.
    pub pressure_permille: u16,
}

impl ControlState {
    /// Native mode without any history.
    pub const INITIAL: ControlState = ControlState {
        mode: Mode::Native,
        shadow_mode: Mode::Native,
        shadow_reason: RailReason::None,
        rollback_reason: RailReason::None,
        rollback_count: 0,
        pressure_permille: 0,
    };

    const MAX_COUNT: u32 = (1 << 24) - 1;

    /// Whether an operator put it into safe mode: [`Mode::Safe`] with the rollback reason [`RailReason::Operator`]. Rails do not end
    /// that; whoever sets another state does.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.mode == Mode::Safe && self.rollback_reason == RailReason::Operator
    }

    /// One word, so that a reader always sees a whole state.
    pub(crate) fn pack(self) -> u64 {
        self.mode as u64
            | (self.shadow_mode as u64) << 2
            | (self.shadow_reason as u64) << 8
            | (self.rollback_reason as u64) << 16
            | u64::from(self.rollback_count.min(Self::MAX_COUNT)) << 24
            | u64::from(self.pressure_permille) << 48
    }

    pub(crate) fn unpack(word: u64) -> ControlState {
        ControlState {
            mode: Mode::of_word(word),
            shadow_mode: Mode::of_bits(word >> 2),
            shadow_reason: RailReason::from_number(word >> 8 & 0xff),
            rollback_reason: RailReason::from_number(word >> 16 & 0xff),
            rollback_count: (word >> 24) as u32 & Self::MAX_COUNT,
            pressure_permille: (word >> 48) as u16,
        }
    }
}

/// The switch itself, shared by the rails that turn it and the kernel handles that obey it. Reading and writing never block.
///
/// Comparisons of native outputs with the reference are counted where the calls obeyed, so that those of one kernel or tenant
/// are never another's.
#[derive(Debug)]
pub struct Control {
    state: AtomicU64,
    /// Comparisons that agreed and that did not, since the rails fetched them last.
    agreed: counter::AtomicU64,
    differed: counter::AtomicU64,
}

impl Control {
    /// A switch in this state.
    #[must_use]
    pub fn new(state: ControlState) -> Control {
        Control {
            state: AtomicU64::new(state.pack()),
            agreed: counter::AtomicU64::new(0),
            differed: counter::AtomicU64::new(0),
        }
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> ControlState {
        ControlState::unpack(self.load())
    }

    /// Replaces the state. Dispatches that start afterwards obey it; those that run are not stopped. Rails that turn the switch
    /// replace it again with their next window, unless it [is held](ControlState::is_held) by an operator.
    pub fn set(&self, state: ControlState) {
        self.state.store(state.pack(), Ordering::Release);
    }

    /// Changes the state in one step, also when several threads do: `change` may be called more than once.
    pub fn update(&self, change: impl Fn(ControlState) -> ControlState) -> ControlState {
        let next = |word| Some(change(ControlState::unpack(word)).pack());
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) {
            Ok(before) | Err(before) => change(ControlState::unpack(before)),
        }
    }

    #[inline]
    pub(crate) fn load(&self) -> u64 {
        self.state.load(Ordering::Acquire)
    }

    /// Counts a comparison of the native output of a call that obeyed this switch with the reference's.
    pub fn compared(&self, agreed: bool) {
        let counter = if agreed { &self.agreed } else { &self.differed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Fetches the comparisons since the last time: those that agreed, and those that did not.
    pub(crate) fn fetch_compared(&self) -> (u64, u64) {
        let fetch = |counter: &counter::AtomicU64| match counter.load(Ordering::Relaxed) {
            0 => 0,
            _ => counter.swap(0, Ordering::Relaxed),
        };
        (fetch(&self.agreed), fetch(&self.differed))
    }
}

impl Default for Control {
    fn default() -> Control {
        Control::new(ControlState::INITIAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_its_word() {
        for reason in RailReason::ALL {
            let state = ControlState {
                mode: Mode::Safe,
                shadow_mode: Mode::Probe,
                shadow_reason: reason,
                rollback_reason: reason,
                rollback_count: 77,
                pressure_permille: u16::MAX,
            };
            assert_eq!(ControlState::unpack(state.pack()), state);
            assert_eq!(RailReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(ControlState::INITIAL.pack(), 0);
    }

    #[test]
    fn a_count_ends_at_its_largest_value() {
        let state = ControlState {
            rollback_count: u32::MAX,
            ..ControlState::INITIAL
        };
        let word = state.pack();
        assert_eq!(ControlState::unpack(word).rollback_count, ControlState::MAX_COUNT);
        assert_eq!(ControlState::unpack(word).pressure_permille, 0);
    }

    #[test]
    fn an_update_builds_on_what_it_finds() {
        let control = Control::default();
        for count in 1..=3 {
            let after = control.update(|state| ControlState {
                mode: Mode::Safe,
                rollback_count: state.rollback_count + 1,
                ..state
            });
            assert_eq!(after.rollback_count, count);
            assert_eq!(control.state(), after);
        }
    }
}
