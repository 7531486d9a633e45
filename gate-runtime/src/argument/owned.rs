//! Arguments that own their data, for work that outlives the call.

use super::{Arg, DType, Role, Scalar, Shape, SpareBuffers, View, ViewMut};

macro_rules! owned {
    ($($variant:ident $name:ty;)*) => {
        /// A buffer that owns its elements. `F16` and `Bf16` hold their bits.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "a vector of the element type that the variant names")]
        pub enum Buffer {
            $($variant(Vec<$name>),)*
        }

        impl Buffer {
            /// Element type.
            #[must_use]
            pub const fn dtype(&self) -> DType {
                match self {
                    $(Buffer::$variant(_) => DType::$variant,)*
                }
            }

            /// A buffer of these bytes, in the machine's byte order; `None` where they are no whole number of elements.
            #[must_use]
            pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Option<Buffer> {
                if !bytes.len().is_multiple_of(dtype.size()) {
                    return None;
                }
                Some(match dtype {
                    $(DType::$variant => Buffer::$variant(bytemuck::pod_collect_to_vec(bytes)),)*
                })
            }

            /// The elements, borrowed.
            #[must_use]
            pub fn view(&self) -> View<'_> {
                match self {
                    $(Buffer::$variant(vec) => View::$variant(vec),)*
                }
            }

            /// The elements, borrowed for writing.
            pub fn view_mut(&mut self) -> ViewMut<'_> {
                match self {
                    $(Buffer::$variant(vec) => ViewMut::$variant(vec),)*
                }
            }
        }

        impl Buffer {
            /// Zeros of the same type and length.
            #[must_use]
            pub fn zeroed_like(view: &View<'_>) -> Buffer {
                match view {
                    $(View::$variant(slice) => Buffer::$variant(vec![Default::default(); slice.len()]),)*
                }
            }
        }

        impl Buffer {
            /// Elements that fit without new memory.
            pub(super) fn capacity(&self) -> usize {
                match self {
                    $(Buffer::$variant(vec) => vec.capacity(),)*
                }
            }

            /// Takes the elements of a view in the memory that is there; another type is left alone.
            fn refill(&mut self, view: &View<'_>) {
                match (self, view) {
                    $((Buffer::$variant(vec), View::$variant(slice)) => {
                        vec.clear();
                        vec.extend_from_slice(slice);
                    })*
                    _ => {}
                }
            }

            /// Becomes zeros of the type and length of a view; another type is left alone.
            fn clear_like(&mut self, view: &View<'_>) {
                match (self, view) {
                    $((Buffer::$variant(vec), View::$variant(slice)) => {
                        vec.clear();
                        vec.resize(slice.len(), Default::default());
                    })*
                    _ => {}
                }
            }
        }

        impl From<View<'_>> for Buffer {
            fn from(view: View<'_>) -> Buffer {
                match view {
                    $(View::$variant(slice) => Buffer::$variant(slice.to_vec()),)*
                }
            }
        }
    };
}

owned! {
    U8 u8;
    U16 u16;
    U32 u32;
    U64 u64;
    I8 i8;
    I16 i16;
    I32 i32;
    I64 i64;
    F16 u16;
    Bf16 u16;
    F32 f32;
    F64 f64;
}

/// An [`Arg`] that owns its data.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedArg {
    /// A number passed by value.
    Scalar(Scalar),
    /// A buffer with its role and shape.
    Buffer(Role, Buffer, Shape),
}

impl OwnedArg {
    /// A copy of an argument, in spare memory where there is some.
    #[must_use]
    pub fn copy_of(arg: &Arg<'_>, spare: Option<&SpareBuffers>) -> OwnedArg {
        let copy = |view: View<'_>| match spare.and_then(|spare| spare.take(&view)) {
            Some(mut buffer) => {
                buffer.refill(&view);
                buffer
            }
            None => Buffer::from(view),
        };
        match arg {
            Arg::Scalar(scalar) => OwnedArg::Scalar(*scalar),
            Arg::Input(view, shape) => OwnedArg::Buffer(Role::Input, copy(*view), *shape),
            Arg::Output(view, shape) => OwnedArg::Buffer(Role::Output, copy(view.as_view()), *shape),
            Arg::InOut(view, shape) => OwnedArg::Buffer(Role::InOut, copy(view.as_view()), *shape),
        }
    }

    /// What a call of the reference needs of an argument: a copy, or zeros for what is only written.
    #[must_use]
    pub fn for_reference(arg: &Arg<'_>, spare: Option<&SpareBuffers>) -> OwnedArg {
        let Arg::Output(view, shape) = arg else {
            return OwnedArg::copy_of(arg, spare);
        };
        let view = view.as_view();
        let zeros = match spare.and_then(|spare| spare.take(&view)) {
            Some(mut buffer) => {
                buffer.clear_like(&view);
                buffer
            }
            None => Buffer::zeroed_like(&view),
        };
        OwnedArg::Buffer(Role::Output, zeros, *shape)
    }

    /// The argument, borrowed for a call.
    pub fn as_arg(&mut self) -> Arg<'_> {
        match self {
            OwnedArg::Scalar(scalar) => Arg::Scalar(*scalar),
            OwnedArg::Buffer(role, buffer, shape) => match role {
                Role::Input => Arg::Input(buffer.view(), *shape),
                Role::Output => Arg::Output(buffer.view_mut(), *shape),
                // A buffer is never made with the role of a scalar; read and written is the most that a call can do.
                Role::InOut | Role::Scalar => Arg::InOut(buffer.view_mut(), *shape),
            },
        }
    }
}

impl Arg<'_> {
    /// Puts back what `saved`, a copy of this argument, holds. Nothing happens where types or lengths differ.
    pub(crate) fn restore(&mut self, saved: &OwnedArg) {
        let OwnedArg::Buffer(_, buffer, _) = saved else { return };
        if let Arg::Output(view, _) | Arg::InOut(view, _) = self {
            let saved = buffer.view();
            let (to, from) = (view.bytes_mut(), saved.bytes());
            if to.len() == from.len() {
                to.copy_from_slice(from);
            }
        }
    }
}
