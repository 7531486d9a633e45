//! Deliberate faults, for drills.
//!
//! Each switch is a variable of the environment *and* a field: drills inside a program set the field, and nothing here
//! changes the environment. It is read once, by [`Faults::from_env`]. `cargo gate broad` refuses to judge while one of the
//! variables is set.

use std::fmt;
use std::time::Duration;

/// Longest [`Faults::compile_delay`]: a minute. A drill that waits longer is a mistake.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// Faults that are injected. The default injects none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Faults {
    /// `GATE_CUDA_DISABLE`: the native backend is not used; calls fall back with `disabled_by_env`.
    pub disable: bool,
    /// `GATE_CUDA_FORCE_ERROR`: a call for the native backend ends in the error `forced_error` and is not answered by the
    /// CPU.
    pub force_error: bool,
    /// `GATE_CUDA_FORCE_FALLBACK`: calls for the native backend fall back with `forced_fallback`.
    pub force_fallback: bool,
    /// `GATE_CUDA_SIMULATE_AVAILABLE`: a simulated device stands in for the driver. It runs the CPU function, so results are
    /// right and nothing is accelerated.
    pub simulate_available: bool,
    /// `GATE_COMPILE_DELAY_MS`: loading a module takes this much longer.
    pub compile_delay: Duration,
}

/// The variables, in the order of the fields.
pub const VARIABLES: [&str; 5] = [
    "GATE_CUDA_DISABLE",
    "GATE_CUDA_FORCE_ERROR",
    "GATE_CUDA_FORCE_FALLBACK",
    "GATE_CUDA_SIMULATE_AVAILABLE",
    "GATE_COMPILE_DELAY_MS",
];

impl Faults {
    /// No faults.
    pub const NONE: Faults = Faults {
        disable: false,
        force_error: false,
        force_fallback: false,
        simulate_available: false,
        compile_delay: Duration::ZERO,
    };

    /// What the environment of this process asks for.
    ///
    /// # Errors
    /// A variable that is set to something that is no value of it.
    pub fn from_env() -> Result<Faults, FaultError> {
        Faults::from_lookup(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// What variables ask for that `lookup` finds. Switches are on for `1` and off for `0` or nothing; any other value is
    /// refused, because a drill that silently does nothing proves nothing.
    ///
    /// # Errors
    /// A variable that is set to something that is no value of it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Faults, FaultError> {
        let refused = |variable, value: String, expected| FaultError {
            variable,
            value,
            expected,
        };
        let switch = |variable| match lookup(variable) {
            None => Ok(false),
            Some(value) => match value.as_str() {
                "" | "0" => Ok(false),
                "1" => Ok(true),
                _ => Err(refused(variable, value, "`0` or `1`")),
            },
        };
        let [disable, force_error, force_fallback, simulate, delay] = VARIABLES;
        let millis = match lookup(delay) {
            None => 0,
            Some(value) if value.is_empty() => 0,
            Some(value) => match value.parse() {
                Ok(millis) if Duration::from_millis(millis) <= MAX_DELAY => millis,
                _ => return Err(refused(delay, value, "a number of milliseconds up to 60000")),
            },
        };
        Ok(Faults {
            disable: switch(disable)?,
            force_error: switch(force_error)?,
            force_fallback: switch(force_fallback)?,
            simulate_available: switch(simulate)?,
            compile_delay: Duration::from_millis(millis),
        })
    }

    /// Whether any fault is injected.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Faults::NONE
    }

    /// The variables that would inject these faults, in a fixed order.
    pub fn active(&self) -> impl Iterator<Item = &'static str> + use<> {
        let on = [
            self.disable,
            self.force_error,
            self.force_fallback,
            self.simulate_available,
            self.compile_delay > Duration::ZERO,
        ];
        VARIABLES
            .into_iter()
            .zip(on)
            .filter_map(|(name, on)| on.then_some(name))
    }
}

/// A variable of the environment that has no meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError {
    /// Its name.
    pub variable: &'static str,
    /// What it is set to.
    pub value: String,
    /// What it may be set to.
    pub expected: &'static str,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FaultError {
            variable,
            value,
            expected,
        } = self;
        write!(f, "`{variable}` is {value:?}; expected {expected}")
    }
}

impl std::error::Error for FaultError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Faults, FaultError> {
        Faults::from_lookup(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn each_variable_sets_its_own_fault() {
        for name in VARIABLES {
            let faults = with(name, "1").expect("1 is a value of every switch");
            assert_eq!(faults.active().collect::<Vec<_>>(), [name]);
            assert!(faults.any());
        }
        assert_eq!(Faults::from_lookup(|_| None), Ok(Faults::NONE));
    }

    #[test]
    fn off_is_off() {
        for name in VARIABLES {
            assert_eq!(with(name, "0"), Ok(Faults::NONE));
            assert_eq!(with(name, ""), Ok(Faults::NONE));
        }
    }

    #[test]
    fn other_values_are_refused_by_name() {
        for name in VARIABLES {
            let error = with(name, "yes").expect_err("a drill has to happen or be refused");
            assert_eq!(error.variable, name);
            assert!(error.to_string().starts_with(&format!("`{name}` is \"yes\"; expected")));
        }
        assert!(with("GATE_COMPILE_DELAY_MS", "60001").is_err());
        assert!(with("GATE_COMPILE_DELAY_MS", "-1").is_err());
    }
}
