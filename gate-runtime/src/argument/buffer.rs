//! Elements that are owned.

use super::{DType, View, ViewMut};

macro_rules! buffer {
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
            pub(super) fn refill(&mut self, view: &View<'_>) {
                match (self, view) {
                    $((Buffer::$variant(vec), View::$variant(slice)) => {
                        vec.clear();
                        vec.extend_from_slice(slice);
                    })*
                    _ => {}
                }
            }

            /// Becomes zeros of the type and length of a view; another type is left alone.
            pub(super) fn clear_like(&mut self, view: &View<'_>) {
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

buffer! {
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
