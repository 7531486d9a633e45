//! What a kernel promises to accept: checked before every launch, on every backend.

mod check;
mod entry;
mod geometry;
mod native;
mod param;
mod tolerance;
mod violation;

use std::fmt;

pub use entry::{ParamType, Space};
pub use geometry::{Excess, Geometry, LaunchLimits};
pub use param::{Dim, MAX_SYMBOLS, Param, Pass};
pub use tolerance::Tolerance;
pub use violation::Violation;

use crate::argument::OwnedArg;

/// Most arguments that a kernel can have.
pub const MAX_ARGS: usize = 16;

/// What a kernel accepts. A constant beside the kernel's functions:
///
/// ```
/// use gate_runtime::{Contract, DType, Dim, Param, Tolerance};
///
/// static AXPY_F32: Contract = Contract::new(
///     "axpy_f32",
///     &[
///         Param::scalar(DType::F32),
///         Param::input(DType::F32, &[Dim::Same(0)]),
///         Param::in_out(DType::F32, &[Dim::Same(0)]),
///     ],
/// )
/// .tolerance(Tolerance::ulps(1));
/// assert_eq!(AXPY_F32.validate(), Ok(()));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Contract {
    name: &'static str,
    params: &'static [Param],
    limits: LaunchLimits,
    tolerance: Tolerance,
    allows_empty: bool,
    allows_aliases: bool,
    self_check: Option<SelfCheck>,
}

/// What makes the arguments of a self-check.
#[derive(Clone, Copy)]
struct SelfCheck(fn() -> Vec<OwnedArg>);

impl fmt::Debug for SelfCheck {
    /// Without the address, which differs between processes: fingerprints are taken of this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("declared")
    }
}

impl Contract {
    /// A contract with the usual limits, exact tolerance, no empty dimensions and no overlapping outputs.
    #[must_use]
    pub const fn new(name: &'static str, params: &'static [Param]) -> Contract {
        Contract {
            name,
            params,
            limits: LaunchLimits::USUAL,
            tolerance: Tolerance::EXACT,
            allows_empty: false,
            allows_aliases: false,
            self_check: None,
        }
    }

    /// How far the native output may be from the CPU function's.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: Tolerance) -> Contract {
        self.tolerance = tolerance;
        self
    }

    /// Limits of geometry and size.
    #[must_use]
    pub const fn limits(mut self, limits: LaunchLimits) -> Contract {
        self.limits = limits;
        self
    }

    /// Dimensions may be zero; the kernel is not launched natively then, the CPU function is called.
    #[must_use]
    pub const fn allow_empty(mut self) -> Contract {
        self.allows_empty = true;
        self
    }

    /// Outputs may overlap other buffers. Only for kernels that are defined for it; Rust callers cannot make such a call
    /// without `unsafe` anyway.
    #[must_use]
    pub const fn allow_aliases(mut self) -> Contract {
        self.allows_aliases = true;
        self
    }

    /// Arguments with which a replaced module must compute what the CPU function computes, before it serves: see
    /// [`Runtime::reload`](crate::Runtime::reload).
    #[must_use]
    pub const fn self_check(mut self, arguments: fn() -> Vec<OwnedArg>) -> Contract {
        self.self_check = Some(SelfCheck(arguments));
        self
    }

    /// What makes the arguments of the self-check, where one is declared.
    #[must_use]
    pub const fn declared_self_check(&self) -> Option<fn() -> Vec<OwnedArg>> {
        match self.self_check {
            Some(SelfCheck(arguments)) => Some(arguments),
            None => None,
        }
    }

    /// Name of the kernel, unique in a runtime: letters, digits, `_`, `.`, `:` and `-`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The parameters in order.
    #[must_use]
    pub const fn params(&self) -> &'static [Param] {
        self.params
    }

    /// The declared tolerance.
    #[must_use]
    pub const fn declared_tolerance(&self) -> Tolerance {
        self.tolerance
    }

    /// The declared limits.
    #[must_use]
    pub const fn launch_limits(&self) -> &LaunchLimits {
        &self.limits
    }

    /// Whether dimensions may be zero.
    #[must_use]
    pub const fn allows_empty(&self) -> bool {
        self.allows_empty
    }

    /// Whether the contract is consistent in itself. Called once, when a kernel is registered.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self) -> Result<(), &'static str> {
        if self.name.is_empty() || self.name.len() > 128 {
            return Err("a kernel name must have 1 to 128 characters");
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        if !self.name.bytes().all(plain) {
            return Err("a kernel name may only contain ASCII letters, digits, `_`, `.`, `:` and `-`");
        }
        if self.params.is_empty() || self.params.len() > MAX_ARGS {
            return Err("a kernel must have 1 to 16 parameters");
        }
        if !self.params.iter().any(|param| param.role().is_written()) {
            return Err("a kernel must have an output");
        }
        self.params.iter().try_for_each(Param::validate)?;
        let bound = |symbol| self.params.iter().any(|param| param.binds(symbol));
        if self
            .params
            .iter()
            .filter_map(Param::states)
            .any(|symbol| !bound(symbol))
        {
            return Err("a scalar states a dimension that no buffer uses");
        }
        self.tolerance.validate()?;
        self.limits.validate()
    }
}
