//! One parameter of a contract.

use crate::argument::{DType, MAX_RANK, Role};

/// Number of dimension symbols that a contract can use: `Dim::Same(0)` to `Dim::Same(7)`.
pub const MAX_SYMBOLS: usize = 8;

/// What a contract says about one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dim {
    /// Any length.
    Any,
    /// This length.
    Exactly(usize),
    /// The same length wherever the same symbol stands in the contract.
    Same(u8),
    /// At most this length.
    AtMost(usize),
    /// A multiple of this length.
    MultipleOf(usize),
}

/// How an argument reaches the `.entry` of a native kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pass {
    /// A buffer as its device address, a scalar as its value: one parameter, as in C and C++.
    Plain,
    /// A buffer as its device address and its number of elements in 64 bits: two parameters, as Rust passes slices.
    Slice,
    /// Not at all: only the CPU function sees it.
    Host,
}

/// One parameter of a contract.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    role: Role,
    dtype: DType,
    dims: Option<&'static [Dim]>,
    align: usize,
    states: Option<u8>,
    pass: Pass,
    least: Option<f64>,
}

impl Param {
    /// A number passed by value.
    #[must_use]
    pub const fn scalar(dtype: DType) -> Param {
        Param::of(Role::Scalar, dtype, Some(&[]))
    }

    /// A buffer that is read, with these dimensions, outermost first.
    #[must_use]
    pub const fn input(dtype: DType, dims: &'static [Dim]) -> Param {
        Param::of(Role::Input, dtype, Some(dims))
    }

    /// A buffer that is written completely.
    #[must_use]
    pub const fn output(dtype: DType, dims: &'static [Dim]) -> Param {
        Param::of(Role::Output, dtype, Some(dims))
    }

    /// A buffer that is read and written.
    #[must_use]
    pub const fn in_out(dtype: DType, dims: &'static [Dim]) -> Param {
        Param::of(Role::InOut, dtype, Some(dims))
    }

    const fn of(role: Role, dtype: DType, dims: Option<&'static [Dim]>) -> Param {
        Param {
            role,
            dtype,
            dims,
            align: dtype.size(),
            states: None,
            pass: Pass::Plain,
            least: None,
        }
    }

    /// The buffer may have any rank and any dimensions.
    #[must_use]
    pub const fn any_shape(mut self) -> Param {
        self.dims = None;
        self
    }

    /// The buffer has to start at a multiple of `bytes`, which is a power of two; without it, of its element's size.
    #[must_use]
    pub const fn aligned(mut self, bytes: usize) -> Param {
        self.align = bytes;
        self
    }

    /// The scalar is an integer that has to be the length of the dimensions with this symbol. A native kernel that is
    /// told a wrong length reads or writes beyond its buffers.
    #[must_use]
    pub const fn states_dim(mut self, symbol: u8) -> Param {
        self.states = Some(symbol);
        self
    }

    /// The scalar, an `f32` or `f64`, has to be a finite number that is not below `least`. Refused on every backend alike: a native
    /// kernel would compute something with it.
    #[must_use]
    pub const fn at_least(mut self, least: f64) -> Param {
        self.least = Some(least);
        self
    }

    /// How it is passed to the native kernel; [`Pass::Plain`] without it.
    #[must_use]
    pub const fn pass(mut self, pass: Pass) -> Param {
        self.pass = pass;
        self
    }

    /// What the kernel does with it.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Element type.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        self.dtype
    }

    /// Dimensions, or `None` for any.
    #[must_use]
    pub const fn dims(&self) -> Option<&'static [Dim]> {
        self.dims
    }

    /// Alignment in bytes.
    #[must_use]
    pub const fn alignment(&self) -> usize {
        self.align
    }

    /// How it is passed to the native kernel.
    #[must_use]
    pub const fn passed(&self) -> Pass {
        self.pass
    }

    /// The symbol whose length the scalar states.
    #[must_use]
    pub const fn states(&self) -> Option<u8> {
        self.states
    }

    /// The smallest value that the scalar may have.
    #[must_use]
    pub const fn least(&self) -> Option<f64> {
        self.least
    }

    /// Whether a scalar with these bits of an `f64` keeps the bound.
    #[inline]
    pub(super) fn takes(&self, value: u64) -> bool {
        let value = f64::from_bits(value);
        self.least.is_none_or(|least| value.is_finite() && value >= least)
    }

    pub(super) fn binds(&self, symbol: u8) -> bool {
        self.dims.is_some_and(|dims| dims.contains(&Dim::Same(symbol)))
    }

    pub(super) fn validate(&self) -> Result<(), &'static str> {
        if !self.align.is_power_of_two() {
            return Err("an alignment must be a power of two");
        }
        let dims = self.dims.unwrap_or_default();
        if dims.len() > MAX_RANK {
            return Err("a buffer can have at most 6 dimensions");
        }
        for dim in dims {
            match dim {
                Dim::Same(symbol) if usize::from(*symbol) >= MAX_SYMBOLS => {
                    return Err("a dimension symbol must be between 0 and 7");
                }
                Dim::MultipleOf(0) => return Err("a dimension cannot be a multiple of 0"),
                _ => {}
            }
        }
        if self.role == Role::Scalar && self.pass == Pass::Slice {
            return Err("a scalar cannot be passed as a slice");
        }
        if let Some(least) = self.least {
            let number = self.role == Role::Scalar && matches!(self.dtype, DType::F32 | DType::F64);
            if !number || !least.is_finite() {
                return Err("only an `f32` or `f64` scalar can have a least value, and it must be finite");
            }
        }
        match self.states {
            Some(_) if self.role != Role::Scalar => Err("only a scalar can state a dimension"),
            Some(_) if matches!(self.dtype, DType::F16 | DType::Bf16 | DType::F32 | DType::F64) => {
                Err("only an integer can state a dimension")
            }
            _ => Ok(()),
        }
    }
}
