//! What a kernel promises to accept: checked before every launch, on every backend.

mod check;
mod entry;
mod geometry;
mod native;
mod param;
mod tolerance;

pub use entry::{ParamType, Space};
pub use geometry::{Geometry, LaunchLimits};
pub use param::{Dim, MAX_SYMBOLS, Param, Pass};
pub use tolerance::Tolerance;

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
