//! A reason with the driver's number, and chains of them.

use std::fmt;
use std::str::FromStr;

use super::Reason;

/// Longest chain that is kept. The longest that dispatch makes has five causes.
pub const MAX_CAUSES: usize = 6;

/// Largest number that a cause carries; driver numbers end at 999.
const MAX_NUMBER: u32 = (1 << 24) - 1;

/// One link of a chain: a reason, and for [`Reason::RuntimeError`] the number that the driver gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cause {
    reason: Reason,
    number: u32,
}

impl Cause {
    /// The cause that a driver reported as `number`.
    #[must_use]
    pub const fn driver(number: u32) -> Cause {
        let number = if number > MAX_NUMBER { MAX_NUMBER } else { number };
        Cause {
            reason: Reason::RuntimeError,
            number,
        }
    }

    /// The reason.
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.reason
    }

    /// The driver's number, where the reason is [`Reason::RuntimeError`].
    #[must_use]
    pub const fn number(self) -> Option<u32> {
        match self.reason {
            Reason::RuntimeError => Some(self.number),
            _ => None,
        }
    }

    /// Reason and number in one word; see [`Cause::unpack`].
    pub(crate) const fn pack(self) -> u32 {
        (self.number << 8) | self.reason as u32
    }

    pub(crate) const fn unpack(word: u32) -> Option<Cause> {
        match Reason::from_number((word & 0xff) as u8) {
            Some(reason) => Some(Cause {
                reason,
                number: word >> 8,
            }),
            None => None,
        }
    }
}

impl From<Reason> for Cause {
    fn from(reason: Reason) -> Cause {
        Cause { reason, number: 0 }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) => write!(f, "{}_{number}", self.reason.code()),
            None => f.write_str(self.reason.code()),
        }
    }
}

impl FromStr for Cause {
    type Err = ParseCauseError;

    fn from_str(text: &str) -> Result<Cause, ParseCauseError> {
        let driver = text
            .strip_prefix(Reason::RuntimeError.code())
            .and_then(|rest| rest.strip_prefix('_'));
        if let Some(digits) = driver {
            let canonical = digits == "0" || !digits.starts_with(['0', '+']);
            return match digits.parse() {
                Ok(number) if canonical && number <= MAX_NUMBER => Ok(Cause::driver(number)),
                _ => Err(ParseCauseError),
            };
        }
        match Reason::from_code(text) {
            // Without its number it says nothing.
            None | Some(Reason::RuntimeError) => Err(ParseCauseError),
            Some(reason) => Ok(reason.into()),
        }
    }
}

/// A chain of causes, the outermost first: `native_failed_fallback;launch_failed;runtime_error_719`. Has at least one
/// and at most [`MAX_CAUSES`]; what would come behind the last place is not kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Causes {
    first: Cause,
    /// The others, packed, in front of [`NONE`]: every launch hands a chain on, and nearly always one without others.
    rest: [u32; MAX_CAUSES - 1],
}

/// Stands where a chain has no cause. No cause packs to it.
const NONE: u32 = u32::MAX;

const _: () = assert!(Cause::unpack(NONE).is_none());

impl Causes {
    /// A chain of one.
    #[must_use]
    pub fn of(first: impl Into<Cause>) -> Causes {
        Causes {
            first: first.into(),
            rest: [NONE; MAX_CAUSES - 1],
        }
    }

    /// The same chain with one more cause behind it.
    #[must_use]
    pub fn then(mut self, next: impl Into<Cause>) -> Causes {
        if let Some(place) = self.rest.iter_mut().find(|word| **word == NONE) {
            *place = next.into().pack();
        }
        self
    }

    /// The same chain with all of `others` behind it.
    #[must_use]
    pub fn chain(self, others: Causes) -> Causes {
        others.iter().fold(self, Causes::then)
    }

    /// The outermost reason, which decides what the call's status is.
    #[must_use]
    pub const fn first(&self) -> Reason {
        self.first.reason
    }

    /// The innermost cause.
    #[must_use]
    pub fn last(&self) -> Cause {
        self.iter().last().unwrap_or(self.first)
    }

    /// All of them, the outermost first.
    pub fn iter(&self) -> impl Iterator<Item = Cause> + '_ {
        let rest = self.rest.iter().map_while(|word| Cause::unpack(*word));
        std::iter::once(self.first).chain(rest)
    }

    /// Whether `reason` stands anywhere in the chain.
    #[must_use]
    pub fn contains(&self, reason: Reason) -> bool {
        self.iter().any(|cause| cause.reason == reason)
    }

    /// Three words, for fixed-size records; see [`Causes::unpack`]. No cause packs to all ones, which marks the end.
    pub(crate) fn pack(&self) -> [u64; MAX_CAUSES / 2] {
        let [second, third, fourth, fifth, sixth] = self.rest;
        [(self.first.pack(), second), (third, fourth), (fifth, sixth)]
            .map(|(low, high)| u64::from(low) | u64::from(high) << 32)
    }

    pub(crate) fn unpack(words: [u64; MAX_CAUSES / 2]) -> Option<Causes> {
        let mut halves = words.into_iter().flat_map(|word| [word as u32, (word >> 32) as u32]);
        let first = Cause::unpack(halves.next()?)?;
        Some(halves.map_while(Cause::unpack).fold(Causes::of(first), Causes::then))
    }
}

impl From<Reason> for Causes {
    fn from(reason: Reason) -> Causes {
        Causes::of(reason)
    }
}

impl fmt::Display for Causes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, cause) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(";")?;
            }
            cause.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Causes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl FromStr for Causes {
    type Err = ParseCauseError;

    fn from_str(text: &str) -> Result<Causes, ParseCauseError> {
        let mut parts = text.split(';').map(Cause::from_str);
        let first = parts.next().unwrap_or(Err(ParseCauseError))?;
        let mut causes = Causes::of(first);
        for part in parts {
            if !causes.rest.contains(&NONE) {
                return Err(ParseCauseError);
            }
            causes = causes.then(part?);
        }
        Ok(causes)
    }
}

/// A text that is not a chain of reason codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParseCauseError;

impl fmt::Display for ParseCauseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a chain of reason codes")
    }
}

impl std::error::Error for ParseCauseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_keeps_every_cause() {
        let causes = Causes::of(Reason::NativeFailedFallback)
            .then(Reason::LaunchFailed)
            .then(Cause::driver(719));
        assert_eq!(
            causes.to_string(),
            "native_failed_fallback;launch_failed;runtime_error_719"
        );
        assert_eq!(
            "native_failed_fallback;launch_failed;runtime_error_719".parse(),
            Ok(causes)
        );
        assert_eq!(causes.first(), Reason::NativeFailedFallback);
        assert_eq!(causes.last(), Cause::driver(719));
        assert_eq!(Causes::unpack(causes.pack()), Some(causes));
    }

    #[test]
    fn every_reason_packs_and_reads_back() {
        for reason in Reason::ALL {
            let causes = Causes::of(*reason);
            assert_eq!(Causes::unpack(causes.pack()), Some(causes));
            if *reason != Reason::RuntimeError {
                assert_eq!(reason.code().parse(), Ok(causes));
            }
        }
    }

    #[test]
    fn what_is_no_chain_is_refused() {
        for text in [
            "",
            ";",
            "native;",
            "Native",
            "runtime_error",
            "runtime_error_",
            "runtime_error_07",
            "runtime_error_-1",
        ] {
            assert_eq!(text.parse::<Causes>(), Err(ParseCauseError), "{text}");
        }
        assert!(["native"; MAX_CAUSES].join(";").parse::<Causes>().is_ok());
        assert!(["native"; MAX_CAUSES + 1].join(";").parse::<Causes>().is_err());
    }
}
