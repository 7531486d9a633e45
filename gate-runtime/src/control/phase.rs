//! Phases: where a kernel is between trusted and left alone.

use core::fmt;

use super::Mode;

/// How far the native backend is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Phase {
    /// The native backend serves; a fraction of its calls may be compared with the reference.
    #[default]
    Native = 0,
    /// The native backend serves again, and each call is compared with the reference before its caller gets it.
    Probe = 1,
    /// The reference serves, and the native backend is left alone.
    Safe = 2,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Phase; 3] = [Phase::Native, Phase::Probe, Phase::Safe];

    /// The word for it in records: `native`, `probe`, `safe`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Phase::Native => "native",
            Phase::Probe => "probe",
            Phase::Safe => "safe",
        }
    }

    /// The phase with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.code() == code)
    }

    /// The mode that dispatch obeys in this phase.
    #[must_use]
    pub const fn mode(self) -> Mode {
        match self {
            Phase::Native => Mode::Native,
            Phase::Probe => Mode::Probe,
            Phase::Safe => Mode::Safe,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}
