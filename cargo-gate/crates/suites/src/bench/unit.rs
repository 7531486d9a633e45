//! Units of measurements, and what has which budget.

use gate_policy::Better;

/// What a number counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// A time, in nanoseconds.
    Time,
    /// A size, in bytes.
    Size,
    /// A peak of memory, in bytes.
    Memory,
    /// A number of events that is the same in each run, or nearly: instructions, cycles, registers, spills.
    Count(String),
    /// Something per second, or something else that is better when it is larger.
    Rate(String),
    /// Something else that is better when it is smaller.
    Cost(String),
    /// Something else, which has no budget of its own.
    Other(String),
}

impl Unit {
    /// The unit by its name, and what a number in it has to be multiplied by.
    pub(super) fn named(name: &str) -> (Self, f64) {
        let factor = match name {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "B" | "byte" | "bytes" => return (Self::Size, 1.0),
            "kB" | "KB" => return (Self::Size, 1e3),
            "MB" => return (Self::Size, 1e6),
            "GB" => return (Self::Size, 1e9),
            "KiB" => return (Self::Size, 1024.0),
            "MiB" => return (Self::Size, 1024.0 * 1024.0),
            "GiB" => return (Self::Size, 1024.0 * 1024.0 * 1024.0),
            "instructions" | "cycles" | "branches" | "registers" | "spills" => {
                return (Self::Count(name.to_owned()), 1.0);
            }
            rate if rate.ends_with("/s") || rate.ends_with("per s") => return (Self::Rate(rate.to_owned()), 1.0),
            other => return (Self::Other(other.to_owned()), 1.0),
        };
        (Self::Time, factor)
    }

    /// The same, where the policy says which numbers are better.
    pub(super) fn better(name: &str, better: Option<Better>) -> (Self, f64) {
        let (unit, factor) = Self::named(name);
        let unit = match (better, unit) {
            (Some(Better::Higher), unit) => Self::Rate(unit.name().to_owned()),
            (Some(Better::Lower), Self::Rate(name) | Self::Other(name)) => Self::Cost(name),
            (_, unit) => unit,
        };
        (unit, factor)
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Time => "ns",
            Self::Size | Self::Memory => "bytes",
            Self::Count(name) | Self::Rate(name) | Self::Cost(name) | Self::Other(name) => name,
        }
    }

    /// A number as a person would write it.
    pub(super) fn shown(&self, value: f64) -> String {
        match self {
            Self::Time => scaled(value, &[("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0)]),
            Self::Size | Self::Memory => scaled(
                value,
                &[
                    ("GiB", 1_073_741_824.0),
                    ("MiB", 1_048_576.0),
                    ("KiB", 1024.0),
                    ("bytes", 1.0),
                ],
            ),
            Self::Count(name) | Self::Rate(name) | Self::Cost(name) | Self::Other(name) => {
                format!("{} {name}", significant(value)).trim_end().to_owned()
            }
        }
    }
}

fn scaled(value: f64, units: &[(&str, f64)]) -> String {
    let fits = units.iter().find(|(_, factor)| value >= *factor).or(units.last());
    fits.map_or_else(String::new, |(name, factor)| {
        format!("{} {name}", significant(value / factor))
    })
}

/// Three digits that count, or all of a whole part that has more.
pub(super) fn significant(value: f64) -> String {
    let whole = value.abs();
    let places = match whole {
        _ if whole >= 100.0 || whole == 0.0 => 0,
        _ if whole >= 10.0 => 1,
        _ if whole >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_in_units_that_fit() {
        let shown: Vec<String> = [0.5, 12.0, 1_500.0, 2_340_000.0, 30e9]
            .map(|time| Unit::Time.shown(time))
            .to_vec();
        assert_eq!(shown, ["0.500 ns", "12.0 ns", "1.50 µs", "2.34 ms", "30.0 s"]);
        assert_eq!(Unit::Size.shown(3.0 * 1024.0), "3.00 KiB");
        assert_eq!(Unit::Other(String::new()).shown(0.926), "0.926");
        let (unit, factor) = Unit::named("ms");
        assert_eq!((unit, factor), (Unit::Time, 1e6));
        assert_eq!(Unit::named("MB/s").0, Unit::Rate("MB/s".into()));
        assert_eq!(Unit::named("requests per s").0, Unit::Rate("requests per s".into()));
        assert_eq!(Unit::named("instructions").0, Unit::Count("instructions".into()));
        assert_eq!(Unit::named("hits"), (Unit::Other("hits".into()), 1.0));
        assert_eq!(Unit::better("ms", Some(Better::Lower)), (Unit::Time, 1e6));
        assert_eq!(Unit::better("ms", Some(Better::Higher)), (Unit::Rate("ns".into()), 1e6));
        let errors = (Unit::Cost("errors/s".into()), 1.0);
        assert_eq!(Unit::better("errors/s", Some(Better::Lower)), errors);
    }
}
