//! What a kernel is called with: element types, shapes, and borrowed buffers.

mod buffer;
mod owned;
mod shape;
mod spare;
mod view;

pub use buffer::Buffer;
pub use owned::OwnedArg;
pub use shape::{MAX_RANK, Shape};
pub use spare::SpareBuffers;
pub use view::{Arg, ArgDesc, Describe, Element, Role, Scalar, View, ViewMut};

/// Type of an element or a scalar. Numbers are frozen: programs in C use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum DType {
    /// `u8`
    U8 = 0,
    /// `u16`
    U16 = 1,
    /// `u32`
    U32 = 2,
    /// `u64`
    U64 = 3,
    /// `i8`
    I8 = 4,
    /// `i16`
    I16 = 5,
    /// `i32`
    I32 = 6,
    /// `i64`
    I64 = 7,
    /// IEEE 754 binary16, as its bits
    F16 = 8,
    /// bfloat16, as its bits
    Bf16 = 9,
    /// `f32`
    F32 = 10,
    /// `f64`
    F64 = 11,
}

impl DType {
    /// Every type, in ascending order.
    pub const ALL: [DType; 12] = [
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::F16,
        DType::Bf16,
        DType::F32,
        DType::F64,
    ];

    /// Size of an element, and its natural alignment, in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            DType::U8 | DType::I8 => 1,
            DType::U16 | DType::I16 | DType::F16 | DType::Bf16 => 2,
            DType::U32 | DType::I32 | DType::F32 => 4,
            DType::U64 | DType::I64 | DType::F64 => 8,
        }
    }

    /// Name in documents and interfaces: `f32`, `bf16`, `u8`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DType::U8 => "u8",
            DType::U16 => "u16",
            DType::U32 => "u32",
            DType::U64 => "u64",
            DType::I8 => "i8",
            DType::I16 => "i16",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::F16 => "f16",
            DType::Bf16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
