//! A contract against the parameters that an `.entry` declares.

use super::{Contract, Param, ParamType, Pass};
use crate::argument::{DType, Role};

/// What a native kernel is given in one of its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// A device address.
    Address,
    /// A number of elements in 64 bits.
    Length,
    /// A scalar.
    Value(DType),
}

impl Given {
    /// Whether a parameter of this type takes it. PTX does not tell signed integers from unsigned ones; it does tell
    /// integers from floating point, except where a type says only the width.
    pub(crate) fn fits(self, param: ParamType) -> bool {
        use ParamType as P;
        match self {
            Given::Address => param.takes_pointer(),
            Given::Length => matches!(param, P::U64 | P::S64 | P::B64),
            Given::Value(dtype) => match dtype {
                DType::U8 | DType::I8 => matches!(param, P::U8 | P::S8 | P::B8),
                DType::U16 | DType::I16 => matches!(param, P::U16 | P::S16 | P::B16),
                DType::U32 | DType::I32 => matches!(param, P::U32 | P::S32 | P::B32),
                DType::U64 | DType::I64 => matches!(param, P::U64 | P::S64 | P::B64),
                // Compilers pass half-precision numbers as structures of two bytes, or as plain 16 bits.
                DType::F16 | DType::Bf16 => matches!(param, P::F16 | P::B16 | P::U16 | P::Bytes { size: 2, .. }),
                DType::F32 => matches!(param, P::F32 | P::B32),
                DType::F64 => matches!(param, P::F64 | P::B64),
            },
        }
    }
}

impl Param {
    /// What the native kernel is given for it.
    pub(crate) fn given(&self) -> impl Iterator<Item = Given> + use<> {
        let (first, second) = match (self.passed(), self.role()) {
            (Pass::Host, _) => (None, None),
            (_, Role::Scalar) => (Some(Given::Value(self.dtype())), None),
            (Pass::Plain, _) => (Some(Given::Address), None),
            (Pass::Slice, _) => (Some(Given::Address), Some(Given::Length)),
        };
        first.into_iter().chain(second)
    }
}

impl Contract {
    /// What the native kernel is given, in order.
    pub(crate) fn given(&self) -> impl Iterator<Item = Given> + '_ {
        self.params().iter().flat_map(Param::given)
    }

    /// Whether an entry with these parameters can be launched under this contract.
    #[must_use]
    pub fn fits_entry(&self, params: &[ParamType]) -> bool {
        self.given().count() == params.len() && self.given().zip(params).all(|(given, param)| given.fits(*param))
    }
}
