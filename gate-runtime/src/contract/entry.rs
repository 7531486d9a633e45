//! The parameters that an `.entry` of PTX declares.

/// Type of a parameter as an `.entry` declares it. PTX types say width and class, not the source language's type: `int` and
/// `unsigned` are both `.u32` from nvcc, and a pointer is a `.u64` that may be annotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParamType {
    /// `.u8`
    U8,
    /// `.u16`
    U16,
    /// `.u32`
    U32,
    /// `.u64`; what compilers declare for a pointer without annotation
    U64,
    /// `.s8`
    S8,
    /// `.s16`
    S16,
    /// `.s32`
    S32,
    /// `.s64`
    S64,
    /// `.f16`
    F16,
    /// `.f32`
    F32,
    /// `.f64`
    F64,
    /// `.b8`
    B8,
    /// `.b16`
    B16,
    /// `.b32`
    B32,
    /// `.b64`
    B64,
    /// `.pred`
    Pred,
    /// A 64-bit parameter annotated with `.ptr`.
    Pointer {
        /// State space of the annotation; `None` for a generic address.
        space: Option<Space>,
        /// Alignment of what it points to, in bytes; 0 where the annotation says nothing.
        align: u32,
    },
    /// `.align A .b8 name[N]`: a structure passed by value.
    Bytes {
        /// Size in bytes.
        size: u32,
        /// Alignment in bytes.
        align: u32,
    },
}

/// State space that a `.ptr` annotation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// `.global`
    Global,
    /// `.const`
    Const,
    /// `.shared`
    Shared,
    /// `.local`
    Local,
}

impl ParamType {
    /// Size in bytes; 0 for a predicate, which has none.
    #[must_use]
    pub const fn size(self) -> u32 {
        match self {
            ParamType::U8 | ParamType::S8 | ParamType::B8 => 1,
            ParamType::U16 | ParamType::S16 | ParamType::F16 | ParamType::B16 => 2,
            ParamType::U32 | ParamType::S32 | ParamType::F32 | ParamType::B32 => 4,
            ParamType::U64 | ParamType::S64 | ParamType::F64 | ParamType::B64 | ParamType::Pointer { .. } => 8,
            ParamType::Pred => 0,
            ParamType::Bytes { size, .. } => size,
        }
    }

    /// Whether a device address may be passed here: annotated pointers, and 64-bit words without a sign or a point.
    #[must_use]
    pub const fn takes_pointer(self) -> bool {
        matches!(self, ParamType::Pointer { .. } | ParamType::U64 | ParamType::B64)
    }
}
