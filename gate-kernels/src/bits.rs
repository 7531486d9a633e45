//! Slices of 16-bit floating point as slices of their bits, and back.
#![expect(unsafe_code, reason = "types that are transparent over `u16` are the same in memory")]

use crate::body::element::{Bf16, F16};

macro_rules! of_bits {
    ($type:ty) => {
        impl $type {
            /// These bits as numbers.
            #[must_use]
            pub fn of_bits(bits: &[u16]) -> &[Self] {
                // SAFETY: the type is `repr(transparent)` over `u16`, and every `u16` is one of its values.
                unsafe { std::slice::from_raw_parts(bits.as_ptr().cast(), bits.len()) }
            }

            /// These bits as numbers that can be written.
            #[must_use]
            pub fn of_bits_mut(bits: &mut [u16]) -> &mut [Self] {
                // SAFETY: as above, and every value of the type is a `u16`.
                unsafe { std::slice::from_raw_parts_mut(bits.as_mut_ptr().cast(), bits.len()) }
            }
        }
    };
}

of_bits!(F16);
of_bits!(Bf16);
