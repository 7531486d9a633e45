//! Environment variables that change what suites find: they make wrong results right, or right ones wrong.

use std::ffi::OsStr;

use gate_world::environment::Environment;

/// What a variable does to a suite that runs while it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interference {
    /// Expected results are written from what the code under test gives.
    Overwrites,
    /// Comparisons that fail are passed over.
    Passes,
    /// Faults are injected.
    Faults,
    /// The clock tells another time.
    Time,
    /// Tests pass without trying anything.
    Skips,
}

impl Interference {
    /// The same as the end of a sentence about the variable.
    pub fn words(self) -> &'static str {
        match self {
            Interference::Overwrites => "makes tests overwrite their expected results",
            Interference::Passes => "makes tests ignore differences",
            Interference::Faults => "injects faults into the code under test",
            Interference::Time => "changes the time that suites see",
            Interference::Skips => "makes property tests pass without a case",
        }
    }
}

/// When the value of a variable matters.
#[derive(Debug, Clone, Copy)]
enum When {
    /// It is set, even to nothing.
    Set,
    /// It is set to something.
    Filled,
    /// It is set to one of these words.
    Is(&'static [&'static str]),
    /// It is set to something that does not mean no.
    True,
}

/// The variables of well-known test tools, as their documentation has them.
const KNOWN: &[(&str, When, Interference)] = &[
    // fail
    ("FAILPOINTS", When::Filled, Interference::Faults),
    // libfaketime
    ("FAKETIME", When::Filled, Interference::Time),
    // gate-runtime
    ("GATE_COMPILE_DELAY_MS", When::True, Interference::Faults),
    ("GATE_CUDA_DISABLE", When::True, Interference::Faults),
    ("GATE_CUDA_FORCE_ERROR", When::True, Interference::Faults),
    ("GATE_CUDA_FORCE_FALLBACK", When::True, Interference::Faults),
    ("GATE_CUDA_SIMULATE_AVAILABLE", When::True, Interference::Faults),
    // insta
    ("INSTA_FORCE_PASS", When::True, Interference::Passes),
    ("INSTA_FORCE_UPDATE", When::True, Interference::Overwrites),
    ("INSTA_FORCE_UPDATE_SNAPSHOTS", When::True, Interference::Overwrites),
    (
        "INSTA_UPDATE",
        When::Is(&["always", "force", "unseen"]),
        Interference::Overwrites,
    ),
    // macrotest
    ("MACROTEST", When::Is(&["overwrite"]), Interference::Overwrites),
    // proptest
    ("PROPTEST_CASES", When::Is(&["0"]), Interference::Skips),
    // quickcheck
    ("QUICKCHECK_TESTS", When::Is(&["0"]), Interference::Skips),
    // snapbox
    ("SNAPSHOTS", When::Is(&["overwrite"]), Interference::Overwrites),
    // trybuild
    ("TRYBUILD", When::Is(&["overwrite"]), Interference::Overwrites),
    // trycmd
    ("TRYCMD", When::Is(&["overwrite"]), Interference::Overwrites),
    // expect-test
    ("UPDATE_EXPECT", When::Set, Interference::Overwrites),
    // goldenfile
    ("UPDATE_GOLDENFILES", When::Is(&["1"]), Interference::Overwrites),
];

impl When {
    fn holds(self, value: &OsStr) -> bool {
        match self {
            When::Set => true,
            When::Filled => !value.is_empty(),
            When::Is(words) => words.iter().any(|word| value == OsStr::new(word)),
            When::True => !value.is_empty() && value != "0" && value != "false",
        }
    }
}

/// Names of all variables that can interfere, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, ..)| *name)
}

/// The variables that interfere, with what they do, sorted by name.
pub fn found(environment: &Environment) -> impl Iterator<Item = (&'static str, Interference)> + '_ {
    KNOWN
        .iter()
        .filter(|(name, when, _)| environment.get(name).is_some_and(|value| when.holds(value)))
        .map(|(name, _, interference)| (*name, *interference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_that_matter_count() {
        let found = |name: &str, value: &str| {
            let environment = Environment::from_pairs([(name, value)]);
            found(&environment).map(|(_, interference)| interference).next()
        };
        for (name, value, expected) in [
            ("FAILPOINTS", "read=return", Some(Interference::Faults)),
            ("FAILPOINTS", "", None),
            ("FAKETIME", "-1d", Some(Interference::Time)),
            ("GATE_CUDA_DISABLE", "1", Some(Interference::Faults)),
            ("GATE_COMPILE_DELAY_MS", "0", None),
            ("PROPTEST_CASES", "0", Some(Interference::Skips)),
            ("PROPTEST_CASES", "1000", None),
            ("INSTA_UPDATE", "always", Some(Interference::Overwrites)),
            ("INSTA_UPDATE", "no", None),
            ("INSTA_UPDATE", "new", None),
            ("INSTA_FORCE_PASS", "1", Some(Interference::Passes)),
            ("INSTA_FORCE_PASS", "0", None),
            ("UPDATE_EXPECT", "", Some(Interference::Overwrites)),
            ("TRYBUILD", "overwrite", Some(Interference::Overwrites)),
            ("TRYBUILD", "wip", None),
            ("PATH", "/bin", None),
        ] {
            assert_eq!(found(name, value), expected, "{name}={value}");
        }
        assert!(KNOWN.is_sorted_by_key(|(name, ..)| *name));
    }
}
