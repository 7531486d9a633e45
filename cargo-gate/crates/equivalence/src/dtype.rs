//! Types of numbers as bytes hold them, little-endian, and how far apart two floating-point numbers are.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// Type of the elements of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// One byte, 0 or 1.
    Bool,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 8 bits; also raw bytes.
    U8,
    /// Signed, 16 bits.
    I16,
    /// Unsigned, 16 bits.
    U16,
    /// Signed, 32 bits.
    I32,
    /// Unsigned, 32 bits.
    U32,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 64 bits.
    U64,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of a binary32.
    Bf16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl Dtype {
    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Dtype::Bool | Dtype::I8 | Dtype::U8 => 1,
            Dtype::I16 | Dtype::U16 | Dtype::F16 | Dtype::Bf16 => 2,
            Dtype::I32 | Dtype::U32 | Dtype::F32 => 4,
            Dtype::I64 | Dtype::U64 | Dtype::F64 => 8,
        }
    }

    /// Bytes of an array of this shape; `None` where that is no number of bytes.
    pub fn bytes_of(self, shape: &[usize]) -> Option<usize> {
        let count = shape.iter().try_fold(1_usize, |all, length| all.checked_mul(*length))?;
        count.checked_mul(self.size())
    }

    /// Whether it is floating-point.
    pub fn is_float(self) -> bool {
        matches!(self, Dtype::F16 | Dtype::Bf16 | Dtype::F32 | Dtype::F64)
    }

    /// Name as numpy and safetensors have it in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::Bool => "bool",
            Dtype::I8 => "i8",
            Dtype::U8 => "u8",
            Dtype::I16 => "i16",
            Dtype::U16 => "u16",
            Dtype::I32 => "i32",
            Dtype::U32 => "u32",
            Dtype::I64 => "i64",
            Dtype::U64 => "u64",
            Dtype::F16 => "f16",
            Dtype::Bf16 => "bf16",
            Dtype::F32 => "f32",
            Dtype::F64 => "f64",
        }
    }

    /// Distance from 1 to the next larger number.
    pub fn epsilon(self) -> f64 {
        match self {
            Dtype::F16 => 2_f64.powi(-10),
            Dtype::Bf16 => 2_f64.powi(-7),
            Dtype::F32 => f64::from(f32::EPSILON),
            _ => f64::EPSILON,
        }
    }

    /// Numbers between a power of two and the next: two numbers that are so many ULP apart may differ by a factor of two.
    pub fn per_binade(self) -> u64 {
        match self {
            Dtype::F16 => 1 << 10,
            Dtype::Bf16 => 1 << 7,
            Dtype::F32 => 1 << 23,
            _ => 1 << 52,
        }
    }

    /// The bits of an element.
    pub fn bits(self, element: &[u8]) -> u64 {
        let mut bytes = [0; 8];
        for (slot, byte) in bytes.iter_mut().zip(element.iter().take(self.size())) {
            *slot = *byte;
        }
        u64::from_le_bytes(bytes)
    }

    /// A number of this type as binary64, which is exact for all floating-point types.
    pub fn float(self, bits: u64) -> f64 {
        match self {
            Dtype::F16 => half(bits as u16),
            Dtype::Bf16 => f64::from(f32::from_bits((bits as u32) << 16)),
            Dtype::F32 => f64::from(f32::from_bits(bits as u32)),
            Dtype::F64 => f64::from_bits(bits),
            Dtype::I8 => f64::from(bits as i8),
            Dtype::I16 => f64::from(bits as i16),
            Dtype::I32 => f64::from(bits as i32),
            Dtype::I64 => bits as i64 as f64,
            _ => bits as f64,
        }
    }

    /// Place of a floating-point number among all of its type: neighbours differ by one, both zeros are 0.
    pub fn place(self, bits: u64) -> i64 {
        let (sign, rest) = match self.size() {
            2 => (bits & 0x8000 != 0, bits & 0x7fff),
            4 => (bits & 0x8000_0000 != 0, bits & 0x7fff_ffff),
            _ => (bits >> 63 != 0, bits & (u64::MAX >> 1)),
        };
        let magnitude = i64::try_from(rest).unwrap_or(i64::MAX);
        if sign { -magnitude } else { magnitude }
    }

    /// The bits of the number at a place; `None` past the infinities.
    pub fn at_place(self, place: i64) -> Option<u64> {
        let magnitude = place.unsigned_abs();
        (magnitude <= self.infinity()).then(|| {
            let sign = if place < 0 { 1 << (self.size() * 8 - 1) } else { 0 };
            magnitude | sign
        })
    }

    /// The bits of positive infinity.
    pub fn infinity(self) -> u64 {
        match self {
            Dtype::F16 => 0x7c00,
            Dtype::Bf16 => 0x7f80,
            Dtype::F32 => 0x7f80_0000,
            _ => 0x7ff0_0000_0000_0000,
        }
    }

    /// An element as people write it.
    pub fn shown(self, element: &[u8]) -> String {
        let bits = self.bits(element);
        match self {
            Dtype::Bool => (bits != 0).to_string(),
            Dtype::I8 | Dtype::I16 | Dtype::I32 => format!("{:.0}", self.float(bits)),
            Dtype::I64 => (bits as i64).to_string(),
            Dtype::F32 if !f32::from_bits(bits as u32).is_nan() => format!("{:?}", f32::from_bits(bits as u32)),
            Dtype::F16 | Dtype::Bf16 | Dtype::F64 if !self.float(bits).is_nan() => format!("{:?}", self.float(bits)),
            Dtype::F16 | Dtype::Bf16 | Dtype::F32 | Dtype::F64 => {
                format!("NaN ({bits:#0width$x})", width = self.size() * 2 + 2)
            }
            _ => bits.to_string(),
        }
    }
}

/// A binary16 as binary64: IEEE 754-2019, 3.4.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    match exponent {
        0 => sign * fraction * 2_f64.powi(-24),
        31 if fraction > 0.0 => f64::NAN,
        31 => sign * f64::INFINITY,
        _ => sign * (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_apart_across_zero() {
        let place = |number: f32| Dtype::F32.place(u64::from(number.to_bits()));
        assert_eq!(place(0.0), place(-0.0));
        assert_eq!(place(1.0) + 1, place(1.0_f32.next_up()));
        assert_eq!(place(f32::from_bits(1)) - place(-f32::from_bits(1)), 2);
        for number in [1.5_f32, -2.0, 0.0, f32::INFINITY] {
            assert_eq!(Dtype::F32.at_place(place(number)), Some(u64::from(number.to_bits())));
        }
        assert_eq!(Dtype::F32.at_place(place(f32::INFINITY) + 1), None);
    }

    #[test]
    fn halves_are_what_the_standard_says() {
        for (bits, number) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2_f64.powi(-24)),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(Dtype::F16.float(bits), number);
        }
        assert!(Dtype::F16.float(0x7e00).is_nan());
        assert_eq!(Dtype::Bf16.float(0x3f80), 1.0);
    }
}
