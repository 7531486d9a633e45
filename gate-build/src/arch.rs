//! GPU architectures.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Which devices code of an architecture runs on, beyond its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Runs on this compute capability and every later one.
    Onward,
    /// `f`: runs on the family of this compute capability.
    Family,
    /// `a`: runs on exactly this compute capability.
    Exact,
}

/// A GPU architecture as PTX targets it: `sm_80`, `sm_90a`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arch {
    number: u32,
    reach: Reach,
}

impl Arch {
    /// What is compiled for when nobody says for what: the oldest architecture with bfloat16, on which PTX for it and every
    /// later one runs.
    pub(crate) const DEFAULT: Self = Self::new(80);

    /// Whether PTX for this architecture runs on devices of the other one.
    #[must_use]
    pub(crate) const fn runs_on(self, device: Self) -> bool {
        match self.reach {
            Reach::Onward => self.number <= device.number,
            Reach::Family => self.number <= device.number && self.number / 10 == device.number / 10,
            Reach::Exact => self.number == device.number,
        }
    }

    /// `sm_<number>`: 80 is compute capability 8.0, 120 is 12.0.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self {
            number,
            reach: Reach::Onward,
        }
    }

    /// The number after `sm_`: ten times the major compute capability plus the minor one.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// What the suffix says.
    #[must_use]
    pub const fn reach(self) -> Reach {
        self.reach
    }

    fn suffix(self) -> &'static str {
        match self.reach {
            Reach::Onward => "",
            Reach::Family => "f",
            Reach::Exact => "a",
        }
    }

    /// The virtual architecture that PTX is written for, `compute_80`.
    #[must_use]
    pub fn compute(self) -> String {
        format!("compute_{}{}", self.number, self.suffix())
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sm_{}{}", self.number, self.suffix())
    }
}

impl FromStr for Arch {
    type Err = Error;

    /// Reads `sm_80`, `compute_80`, `80`, `8.0`, and `90a` or `100f` in each of these forms.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bare = text.trim();
        let bare = bare
            .strip_prefix("sm_")
            .or_else(|| bare.strip_prefix("compute_"))
            .unwrap_or(bare);
        let (digits, reach) = match bare.strip_suffix('a') {
            Some(rest) => (rest, Reach::Exact),
            None => match bare.strip_suffix('f') {
                Some(rest) => (rest, Reach::Family),
                None => (bare, Reach::Onward),
            },
        };
        let number = match digits.split_once('.') {
            Some((major, minor)) if minor.len() == 1 => number(major).zip(number(minor)).map(|(a, b)| a * 10 + b),
            Some(_) => None,
            None => number(digits),
        };
        match number {
            Some(number) if (10..1000).contains(&number) => Ok(Self { number, reach }),
            _ => Err(Error::configuration(
                format!("`{text}` is not a GPU architecture"),
                "write it like `sm_80`, `sm_90a`, `8.0` or `80`, or `native` or `all-major`",
            )),
        }
    }
}

fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// What is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// This architecture.
    Arch(Arch),
    /// `native`: those of the GPUs of this machine.
    Native,
    /// `all-major`: the first architecture that the compiler knows, and each `sm_*0` after it.
    AllMajor,
}

impl FromStr for Target {
    type Err = Error;

    /// Reads `native`, `all-major`, and what [`Arch`] reads.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "native" => Ok(Self::Native),
            "all-major" => Ok(Self::AllMajor),
            arch => arch.parse().map(Self::Arch),
        }
    }
}

/// What names targets in the builder: text, numbers or [`Arch`].
pub trait IntoTarget {
    /// The target.
    ///
    /// # Errors
    /// The text names none.
    fn into_target(self) -> Result<Target, Error>;
}

impl IntoTarget for Target {
    fn into_target(self) -> Result<Target, Error> {
        Ok(self)
    }
}

impl IntoTarget for Arch {
    fn into_target(self) -> Result<Target, Error> {
        Ok(Target::Arch(self))
    }
}

impl IntoTarget for &str {
    fn into_target(self) -> Result<Target, Error> {
        self.parse()
    }
}

impl IntoTarget for String {
    fn into_target(self) -> Result<Target, Error> {
        self.parse()
    }
}

impl IntoTarget for u32 {
    fn into_target(self) -> Result<Target, Error> {
        self.to_string().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_read() {
        for (text, shown) in [
            ("sm_80", "sm_80"),
            ("compute_75", "sm_75"),
            ("90a", "sm_90a"),
            ("8.6", "sm_86"),
            ("12.0", "sm_120"),
            (" sm_100f ", "sm_100f"),
        ] {
            assert_eq!(text.parse::<Arch>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn targets_are_read() {
        let read = |text: &str| text.parse::<Target>().unwrap();
        assert_eq!(read("native"), Target::Native);
        assert_eq!(read(" all-major "), Target::AllMajor);
        assert_eq!(read("8.0"), Target::Arch(Arch::new(80)));
        assert!("all".parse::<Target>().is_err());
    }

    #[test]
    fn ptx_runs_as_far_as_its_suffix_says() {
        let runs = |ptx: &str, device: &str| ptx.parse::<Arch>().unwrap().runs_on(device.parse().unwrap());
        assert!(runs("80", "86") && runs("80", "80") && runs("80", "120") && !runs("86", "80"));
        assert!(runs("100f", "103") && !runs("100f", "120") && !runs("103f", "100"));
        assert!(runs("90a", "90") && !runs("90a", "100"));
    }

    #[test]
    fn other_text_is_refused_with_a_remedy() {
        for text in [
            "", "sm_", "sm_8", "sm80", "8.", "8.00", "-80", "sm_80x", "9999", "native", "٨٠",
        ] {
            let error = text.parse::<Arch>().unwrap_err().to_string();
            assert!(error.contains("help: write it like"), "{text}: {error}");
        }
    }
}
