//! What a toolchain channel pins.

use jiff::civil::Date;
use semver::Version;

/// A `channel` of a toolchain file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Channel {
    /// One release, `1.95.0`.
    Release(Version),
    /// The `nightly` or `beta` of one day.
    Dated {
        /// `nightly` or `beta`.
        name: String,
        /// Day on which it was published.
        date: Date,
    },
    /// A name whose contents change: `stable`, `nightly`, `1.95`.
    Floating,
    /// A name that only the machine it was linked on knows.
    Custom,
}

impl Channel {
    /// Reads a channel as rustup does; a host triple at the end is ignored.
    pub(crate) fn parse(text: &str) -> Self {
        let (name, rest) = text.split_once('-').unwrap_or((text, ""));
        if matches!(name, "stable" | "beta" | "nightly") {
            return match rest.get(..10).and_then(|date| date.parse().ok()) {
                Some(date) => Channel::Dated {
                    name: name.into(),
                    date,
                },
                None => Channel::Floating,
            };
        }
        let numbers: Vec<&str> = name.split('.').collect();
        let numeric = numbers
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        // `1.96.0-beta` is whatever beta is current; `1.96.0-beta.3` is one of them.
        let beta = rest.split('-').next().filter(|word| word.starts_with("beta"));
        match (numeric, numbers.len(), beta) {
            (true, 3, None) => Version::parse(name).map_or(Channel::Custom, Channel::Release),
            (true, 3, Some(beta)) if beta.starts_with("beta.") => {
                Version::parse(&format!("{name}-{beta}")).map_or(Channel::Custom, Channel::Release)
            }
            (true, 1..=3, _) => Channel::Floating,
            _ => Channel::Custom,
        }
    }

    /// Whether it names one compiler for ever.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self, Channel::Release(_) | Channel::Dated { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_means_one_compiler() {
        for exact in [
            "1.95.0",
            "1.95.0-x86_64-unknown-linux-gnu",
            "1.96.0-beta.3",
            "nightly-2026-01-01",
            "nightly-2026-01-01-aarch64-apple-darwin",
            "beta-2026-01-01",
        ] {
            assert!(Channel::parse(exact).is_exact(), "{exact}");
        }
        for floating in [
            "stable",
            "nightly",
            "beta",
            "1.95",
            "1",
            "1.96.0-beta",
            "nightly-x86_64-pc-windows-msvc",
        ] {
            assert_eq!(Channel::parse(floating), Channel::Floating, "{floating}");
        }
        for custom in ["my-toolchain", "", "1.x.0", "é-2026-01-01"] {
            assert_eq!(Channel::parse(custom), Channel::Custom, "{custom}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in ".{0,30}") {
            Channel::parse(&text);
        }
    }
}
