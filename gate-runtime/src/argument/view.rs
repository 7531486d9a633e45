//! Borrowed buffers and scalars, and their description without the borrow.

use super::{DType, Shape};

/// What a kernel does with an argument. Numbers are frozen: programs in C use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// A number passed by value.
    Scalar = 0,
    /// Read and never written.
    Input = 1,
    /// Written completely; what it held before does not matter.
    Output = 2,
    /// Read and written.
    InOut = 3,
}

impl Role {
    /// Whether the kernel writes it.
    #[must_use]
    pub const fn is_written(self) -> bool {
        matches!(self, Role::Output | Role::InOut)
    }
}

/// An argument without its borrow: what contracts are checked against. A C interface checks descriptions first and makes
/// slices of them only afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgDesc {
    /// What the caller means it to be.
    pub role: Role,
    /// Element type.
    pub dtype: DType,
    /// Dimensions; rank 0 for a scalar.
    pub shape: Shape,
    /// Address of the first byte; 0 for an absent buffer and for a scalar.
    pub address: usize,
    /// Size of the buffer in bytes; the scalar's size for a scalar.
    pub bytes: usize,
    /// Value of a scalar: an integer sign-extended to 64 bits, of an `f32` or `f64` the bits of the `f64`; 0 for everything else.
    pub value: u64,
}

impl ArgDesc {
    /// Fills the places of arrays behind the last argument.
    pub(crate) const NOTHING: ArgDesc = ArgDesc {
        role: Role::Scalar,
        dtype: DType::U8,
        shape: Shape::SCALAR,
        address: 0,
        bytes: 0,
        value: 0,
    };
}

/// Something that a contract can be checked against.
pub trait Describe {
    /// The description.
    fn describe(&self) -> ArgDesc;

    /// Its dimensions where they are, which saves the copy of them that a whole description holds.
    fn shape(&self) -> &Shape;
}

impl Describe for ArgDesc {
    #[inline]
    fn describe(&self) -> ArgDesc {
        *self
    }

    #[inline]
    fn shape(&self) -> &Shape {
        &self.shape
    }
}

macro_rules! elements {
    ($($variant:ident $name:ty;)*) => {
        /// A borrowed input buffer. `F16` and `Bf16` hold the bits of their elements.
        #[derive(Debug, Clone, Copy)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "a slice of the element type that the variant names")]
        pub enum View<'a> {
            $($variant(&'a [$name]),)*
            F16(&'a [u16]),
            Bf16(&'a [u16]),
        }

        /// A borrowed buffer that the kernel writes.
        #[derive(Debug)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "a slice of the element type that the variant names")]
        pub enum ViewMut<'a> {
            $($variant(&'a mut [$name]),)*
            F16(&'a mut [u16]),
            Bf16(&'a mut [u16]),
        }

        /// A number passed by value.
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "a number of the type that the variant names")]
        pub enum Scalar {
            $($variant($name),)*
            F16(u16),
            Bf16(u16),
        }

        impl View<'_> {
            /// Element type.
            #[must_use]
            pub const fn dtype(&self) -> DType {
                match self {
                    $(View::$variant(_) => DType::$variant,)*
                    View::F16(_) => DType::F16,
                    View::Bf16(_) => DType::Bf16,
                }
            }

            /// Address and number of elements: the same two words for every type, which is no jump for a launch to take.
            #[inline]
            fn place(&self) -> (usize, usize) {
                match self {
                    $(View::$variant(slice) => (slice.as_ptr().addr(), slice.len()),)*
                    View::F16(slice) | View::Bf16(slice) => (slice.as_ptr().addr(), slice.len()),
                }
            }

            /// The buffer as bytes, in the machine's byte order.
            #[must_use]
            pub fn bytes(&self) -> &[u8] {
                match self {
                    $(View::$variant(slice) => bytemuck::cast_slice(slice),)*
                    View::F16(slice) | View::Bf16(slice) => bytemuck::cast_slice(slice),
                }
            }
        }

        impl ViewMut<'_> {
            /// Element type.
            #[must_use]
            pub const fn dtype(&self) -> DType {
                match self {
                    $(ViewMut::$variant(_) => DType::$variant,)*
                    ViewMut::F16(_) => DType::F16,
                    ViewMut::Bf16(_) => DType::Bf16,
                }
            }

            /// Address and number of elements.
            #[inline]
            fn place(&self) -> (usize, usize) {
                match self {
                    $(ViewMut::$variant(slice) => (slice.as_ptr().addr(), slice.len()),)*
                    ViewMut::F16(slice) | ViewMut::Bf16(slice) => (slice.as_ptr().addr(), slice.len()),
                }
            }

            /// The buffer as bytes, in the machine's byte order.
            #[must_use]
            pub fn bytes(&self) -> &[u8] {
                match self {
                    $(ViewMut::$variant(slice) => bytemuck::cast_slice(slice),)*
                    ViewMut::F16(slice) | ViewMut::Bf16(slice) => bytemuck::cast_slice(slice),
                }
            }

            /// The buffer as bytes that can be written.
            pub fn bytes_mut(&mut self) -> &mut [u8] {
                match self {
                    $(ViewMut::$variant(slice) => bytemuck::cast_slice_mut(slice),)*
                    ViewMut::F16(slice) | ViewMut::Bf16(slice) => bytemuck::cast_slice_mut(slice),
                }
            }

            /// The same buffer, borrowed again for reading.
            #[must_use]
            pub fn as_view(&self) -> View<'_> {
                match self {
                    $(ViewMut::$variant(slice) => View::$variant(slice),)*
                    ViewMut::F16(slice) => View::F16(slice),
                    ViewMut::Bf16(slice) => View::Bf16(slice),
                }
            }
        }

        impl Scalar {
            /// Its type.
            #[must_use]
            pub const fn dtype(&self) -> DType {
                match self {
                    $(Scalar::$variant(_) => DType::$variant,)*
                    Scalar::F16(_) => DType::F16,
                    Scalar::Bf16(_) => DType::Bf16,
                }
            }

            /// The scalar whose bytes stand in the first places of `word`.
            #[must_use]
            pub fn from_bytes(dtype: DType, word: &[u8; 8]) -> Option<Scalar> {
                match dtype {
                    $(DType::$variant => {
                        let bytes = word.first_chunk::<{ size_of::<$name>() }>()?;
                        Some(Scalar::$variant(<$name>::from_ne_bytes(*bytes)))
                    })*
                    DType::F16 => Some(Scalar::F16(u16::from_ne_bytes(*word.first_chunk()?))),
                    DType::Bf16 => Some(Scalar::Bf16(u16::from_ne_bytes(*word.first_chunk()?))),
                }
            }

            /// Its bytes in the machine's order, in the first [`DType::size`] places.
            #[must_use]
            pub fn to_bytes(&self) -> [u8; 8] {
                let mut bytes = [0; 8];
                match self {
                    $(Scalar::$variant(value) => bytes[..size_of::<$name>()].copy_from_slice(&value.to_ne_bytes()),)*
                    Scalar::F16(bits) | Scalar::Bf16(bits) => bytes[..2].copy_from_slice(&bits.to_ne_bytes()),
                }
                bytes
            }
        }

        $(
            impl sealed::Sealed for $name {}

            impl Element for $name {
                fn view(slice: &[Self]) -> View<'_> {
                    View::$variant(slice)
                }

                fn view_mut(slice: &mut [Self]) -> ViewMut<'_> {
                    ViewMut::$variant(slice)
                }

                fn scalar(self) -> Scalar {
                    Scalar::$variant(self)
                }
            }
        )*
    };
}

elements! {
    U8 u8;
    U16 u16;
    U32 u32;
    U64 u64;
    I8 i8;
    I16 i16;
    I32 i32;
    I64 i64;
    F32 f32;
    F64 f64;
}

mod sealed {
    pub trait Sealed {}
}

/// Rust types that are element types. Half-precision buffers are passed as [`View::F16`] and [`View::Bf16`].
pub trait Element: sealed::Sealed + Copy {
    /// A buffer of it.
    fn view(slice: &[Self]) -> View<'_>;
    /// A buffer of it that can be written.
    fn view_mut(slice: &mut [Self]) -> ViewMut<'_>;
    /// A number of it.
    fn scalar(self) -> Scalar;
}

/// One argument of a launch. CPU functions take them apart with a slice pattern:
///
/// ```
/// use gate_runtime::{Arg, Scalar, Status, View, ViewMut};
///
/// fn axpy(args: &mut [Arg<'_>]) -> Status {
///     let [Arg::Scalar(Scalar::F32(a)), Arg::Input(View::F32(x), _), Arg::InOut(ViewMut::F32(y), _)] = args else {
///         return Status::InvalidArgument;
///     };
///     for (y, x) in y.iter_mut().zip(*x) {
///         *y = a.mul_add(*x, *y);
///     }
///     Status::Ok
/// }
///
/// let mut y = [1.0_f32, 2.0];
/// let mut args = [Arg::scalar(2.0_f32), Arg::input(&[10.0_f32, 20.0]), Arg::in_out(&mut y)];
/// assert_eq!(axpy(&mut args), Status::Ok);
/// assert_eq!(y, [21.0, 42.0]);
/// ```
#[derive(Debug)]
pub enum Arg<'a> {
    /// A number passed by value.
    Scalar(Scalar),
    /// A buffer that is read.
    Input(View<'a>, Shape),
    /// A buffer that is written.
    Output(ViewMut<'a>, Shape),
    /// A buffer that is read and written.
    InOut(ViewMut<'a>, Shape),
}

impl<'a> Arg<'a> {
    /// A number passed by value.
    #[must_use]
    pub fn scalar<T: Element>(value: T) -> Arg<'a> {
        Arg::Scalar(value.scalar())
    }

    /// An input of rank 1.
    #[must_use]
    pub fn input<T: Element>(slice: &'a [T]) -> Arg<'a> {
        Arg::Input(T::view(slice), Shape::line(slice.len()))
    }

    /// An output of rank 1.
    #[must_use]
    pub fn output<T: Element>(slice: &'a mut [T]) -> Arg<'a> {
        let shape = Shape::line(slice.len());
        Arg::Output(T::view_mut(slice), shape)
    }

    /// A buffer of rank 1 that is read and written.
    #[must_use]
    pub fn in_out<T: Element>(slice: &'a mut [T]) -> Arg<'a> {
        let shape = Shape::line(slice.len());
        Arg::InOut(T::view_mut(slice), shape)
    }

    /// The same argument with another shape. Nothing is checked here; the contract is.
    #[must_use]
    pub fn shaped(self, shape: Shape) -> Arg<'a> {
        match self {
            Arg::Scalar(scalar) => Arg::Scalar(scalar),
            Arg::Input(view, _) => Arg::Input(view, shape),
            Arg::Output(view, _) => Arg::Output(view, shape),
            Arg::InOut(view, _) => Arg::InOut(view, shape),
        }
    }
}

impl Describe for Arg<'_> {
    #[inline(always)]
    fn describe(&self) -> ArgDesc {
        match self {
            Arg::Scalar(scalar) => ArgDesc {
                role: Role::Scalar,
                dtype: scalar.dtype(),
                shape: Shape::SCALAR,
                address: 0,
                bytes: scalar.dtype().size(),
                value: scalar.value(),
            },
            Arg::Input(view, shape) => describe(Role::Input, view.dtype(), view.place(), *shape),
            Arg::Output(view, shape) => describe(Role::Output, view.dtype(), view.place(), *shape),
            Arg::InOut(view, shape) => describe(Role::InOut, view.dtype(), view.place(), *shape),
        }
    }

    #[inline]
    fn shape(&self) -> &Shape {
        match self {
            Arg::Scalar(_) => &Shape::SCALAR,
            Arg::Input(_, shape) | Arg::Output(_, shape) | Arg::InOut(_, shape) => shape,
        }
    }
}

impl Scalar {
    /// What [`ArgDesc::value`] says of it.
    #[inline]
    fn value(&self) -> u64 {
        match *self {
            Scalar::F32(value) => f64::from(value).to_bits(),
            Scalar::F64(value) => value.to_bits(),
            _ => self.integer(),
        }
    }

    /// The value of an integer, sign-extended to 64 bits; 0 for a floating-point number.
    #[must_use]
    pub const fn integer(&self) -> u64 {
        match *self {
            Scalar::U8(value) => value as u64,
            Scalar::U16(value) => value as u64,
            Scalar::U32(value) => value as u64,
            Scalar::U64(value) => value,
            Scalar::I8(value) => value as u64,
            Scalar::I16(value) => value as u64,
            Scalar::I32(value) => value as u64,
            Scalar::I64(value) => value as u64,
            Scalar::F16(_) | Scalar::Bf16(_) | Scalar::F32(_) | Scalar::F64(_) => 0,
        }
    }
}

#[inline]
fn describe(role: Role, dtype: DType, (address, elements): (usize, usize), shape: Shape) -> ArgDesc {
    ArgDesc {
        role,
        dtype,
        shape,
        address,
        // A slice has no more bytes than an `isize` counts.
        bytes: elements * dtype.size(),
        value: 0,
    }
}
