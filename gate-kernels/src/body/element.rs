//! Numbers as they lie in memory, and the type that kernels compute in.

/// IEEE 754 binary16, by its bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct F16(pub u16);

/// bfloat16 (the upper half of an `f32`), by its bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Bf16(pub u16);

impl F16 {
    /// The nearest value, ties to even. What is too large becomes infinite; a NaN becomes the quiet NaN `0x7e00` with
    /// the sign kept.
    #[inline(always)]
    #[must_use]
    pub fn from_f32(value: f32) -> Self {
        let bits = value.to_bits();
        let magnitude = bits & 0x7fff_ffff;
        // From 2⁻¹⁴ on: take 112 off the exponent and round 13 bits away.
        let normal = magnitude
            .wrapping_sub(112 << 23)
            .wrapping_add(0xfff + ((magnitude >> 13) & 1))
            >> 13;
        // Below: one half has a unit in the last place of 2⁻²⁴, that of a subnormal binary16, so the sum rounds to it.
        let subnormal = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0x3f00_0000);
        let finite = if magnitude < 0x3880_0000 { subnormal } else { normal };
        // 65520 and more round to infinity.
        let bounded = if magnitude >= 0x477f_f000 { 0x7c00 } else { finite };
        let unsigned = if magnitude > 0x7f80_0000 { 0x7e00 } else { bounded };
        Self((unsigned | ((bits >> 16) & 0x8000)) as u16)
    }

    /// The same value.
    #[inline(always)]
    #[must_use]
    pub fn to_f32(self) -> f32 {
        let bits = u32::from(self.0);
        let magnitude = bits & 0x7fff;
        // 2¹¹² makes up for the difference of the exponents, for subnormal numbers too.
        let finite = f32::from_bits(magnitude << 13) * f32::from_bits((112 + 127) << 23);
        let special = 0x7f80_0000 | (magnitude << 13);
        let unsigned = if magnitude >= 0x7c00 { special } else { finite.to_bits() };
        f32::from_bits(unsigned | ((bits & 0x8000) << 16))
    }
}

impl Bf16 {
    /// The nearest value, ties to even. A NaN keeps its upper bits and is made quiet.
    #[inline(always)]
    #[must_use]
    pub fn from_f32(value: f32) -> Self {
        let bits = value.to_bits();
        let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
        let nan = (bits >> 16) | 0x40;
        let is_nan = bits & 0x7fff_ffff > 0x7f80_0000;
        Self((if is_nan { nan } else { rounded }) as u16)
    }

    /// The same value.
    #[inline(always)]
    #[must_use]
    pub fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

/// Arithmetic that kernels compute in.
pub trait Wide: Summand + PartialOrd + core::ops::Add<Output = Self> + core::ops::Mul<Output = Self> {
    /// Negative infinity.
    const LOWEST: Self;
    /// Positive infinity.
    const HIGHEST: Self;
}

impl Wide for f32 {
    const LOWEST: Self = f32::NEG_INFINITY;
    const HIGHEST: Self = f32::INFINITY;
}

impl Wide for f64 {
    const LOWEST: Self = f64::NEG_INFINITY;
    const HIGHEST: Self = f64::INFINITY;
}

/// A floating-point number in memory: [`F16`], [`Bf16`], `f32` or `f64`.
pub trait Element: Copy + Send + Sync {
    /// What it is computed in: `f32`, or `f64` for `f64`.
    type Wide: Wide + Element<Wide = Self::Wide>;

    /// Whether it is computed in itself.
    const IS_WIDE: bool;

    /// The same value in the wider type.
    fn widen(self) -> Self::Wide;

    /// The nearest value, ties to even.
    fn narrow(value: Self::Wide) -> Self;

    /// The same value as `f64`.
    fn to_f64(self) -> f64;

    /// The bits, without meaning.
    fn bits(self) -> u64;

    /// Position among the numbers of this type: neighbours differ by one, and both zeros are 0. Not for a NaN.
    fn position(self) -> i64;

    /// Whether the positions are at most `ulps` apart. Not for a NaN.
    fn near(self, other: Self, ulps: u32) -> bool;

    /// How many binary digits the distance of the positions has: 0 for equal ones, `1 + ⌊log₂ d⌋` for a distance of `d`. Not
    /// for a NaN.
    fn distance_digits(self, other: Self) -> u32;

    /// The same numbers, where they are binary16: some machines convert many of those at once.
    fn as_halves(values: &[Self]) -> Option<&[F16]> {
        let _ = values;
        None
    }

    /// [`Element::as_halves`] to write to.
    fn as_halves_mut(values: &mut [Self]) -> Option<&mut [F16]> {
        let _ = values;
        None
    }
}

macro_rules! element {
    ($type:ty, $wide:ty, $bits:expr, $unsigned:ty => $signed:ty, $widen:expr, $narrow:expr$(, $own:item)*) => {
        impl Element for $type {
            type Wide = $wide;

            const IS_WIDE: bool = size_of::<$type>() == size_of::<$wide>();

            #[inline(always)]
            fn widen(self) -> $wide {
                $widen(self)
            }

            #[inline(always)]
            fn narrow(value: $wide) -> Self {
                $narrow(value)
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from($widen(self))
            }

            #[inline(always)]
            fn bits(self) -> u64 {
                u64::from($bits(self))
            }

            #[inline(always)]
            fn position(self) -> i64 {
                i64::from(Self::ordinal(self))
            }

            #[inline(always)]
            fn near(self, other: Self, ulps: u32) -> bool {
                u64::from(Self::ordinal(self).abs_diff(Self::ordinal(other))) <= u64::from(ulps)
            }

            #[inline(always)]
            fn distance_digits(self, other: Self) -> u32 {
                let distance = Self::ordinal(self).abs_diff(Self::ordinal(other));
                <$unsigned>::BITS - distance.leading_zeros()
            }

            $($own)*
        }

        impl Ordinal for $type {
            type Number = $signed;

            /// Sign and magnitude as one number, no wider than it must be: vectors hold more of those.
            #[inline(always)]
            fn ordinal(self) -> $signed {
                let bits: $unsigned = <$unsigned>::from($bits(self));
                const SIGN: $unsigned = 1 << (8 * size_of::<$type>() - 1);
                let magnitude = (bits & (SIGN - 1)) as $signed;
                if bits & SIGN == 0 { magnitude } else { -magnitude }
            }
        }
    };
}

/// The position among the numbers of a type, in an integer of its own.
trait Ordinal {
    type Number;
    fn ordinal(self) -> Self::Number;
}

element!(F16, f32, |value: F16| value.0, u32 => i32, F16::to_f32, F16::from_f32,
    #[inline(always)]
    fn as_halves(values: &[Self]) -> Option<&[F16]> { Some(values) },
    #[inline(always)]
    fn as_halves_mut(values: &mut [Self]) -> Option<&mut [F16]> { Some(values) });
element!(Bf16, f32, |value: Bf16| value.0, u32 => i32, Bf16::to_f32, Bf16::from_f32);
element!(f32, f32, f32::to_bits, u32 => i32, core::convert::identity, core::convert::identity);
element!(f64, f64, f64::to_bits, u64 => i64, core::convert::identity, core::convert::identity);

/// A number that can be summed: floating point as it is, integers modulo their width.
pub trait Summand: Copy + Send + Sync {
    /// Does not change what it is added to: `-0.0` for floating point, because `0.0 + -0.0` is `0.0`.
    const NOTHING: Self;
    /// The empty sum.
    const ZERO: Self;
    /// The sum.
    #[must_use]
    fn plus(self, other: Self) -> Self;

    /// The same numbers, where they are `f32`: some machines go through many runs of those at once.
    fn as_singles(values: &[Self]) -> Option<&[f32]> {
        let _ = values;
        None
    }

    /// [`Summand::as_singles`] to write to.
    fn as_singles_mut(values: &mut [Self]) -> Option<&mut [f32]> {
        let _ = values;
        None
    }
}

macro_rules! summand {
    ($type:ty, $nothing:expr, $zero:expr, $plus:expr$(, $own:item)*) => {
        impl Summand for $type {
            const NOTHING: Self = $nothing;
            const ZERO: Self = $zero;

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                $plus(self, other)
            }

            $($own)*
        }
    };
}

summand!(u32, 0, 0, u32::wrapping_add);
summand!(u64, 0, 0, u64::wrapping_add);
summand!(
    f32,
    -0.0,
    0.0,
    |a, b| a + b,
    #[inline(always)]
    fn as_singles(values: &[Self]) -> Option<&[f32]> {
        Some(values)
    },
    #[inline(always)]
    fn as_singles_mut(values: &mut [Self]) -> Option<&mut [f32]> {
        Some(values)
    }
);
summand!(f64, -0.0, 0.0, |a, b| a + b);
