//! How far the exponential function of the kernels is from the true value.

#[path = "../../src/body/exp.rs"]
mod exp;

use exp::scaled_exp;

/// The largest error below, and where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Error {
    /// In units in the last place of the result. Below −104, where it no longer shrinks, that of −104 is the true one.
    pub(crate) ulps: f64,
    /// The argument.
    pub(crate) at: f32,
}

impl Error {
    /// The larger of two.
    pub(crate) fn larger(self, other: Self) -> Self {
        if other.ulps > self.ulps { other } else { self }
    }

    /// The largest error for the arguments with the bits `bits`, all of which are negative numbers, zero or NaNs. A NaN that does not
    /// stay one is an infinite error.
    pub(crate) fn largest(bits: impl Iterator<Item = u32>) -> Self {
        let nothing = Self { ulps: 0.0, at: 0.0 };
        bits.map(|bits| Self::of(f32::from_bits(bits)))
            .fold(nothing, Self::larger)
    }

    fn of(x: f32) -> Self {
        let found = f64::from(scaled_exp(x, f32::mul_add));
        let exact = f64::from(x).max(-104.0).exp() * 2.0_f64.powi(64);
        let ulps = if x.is_nan() {
            if found.is_nan() { 0.0 } else { f64::INFINITY }
        } else {
            let exponent = (exact.to_bits() >> 52) as i32 - 1023;
            let unit = f64::from_bits(((exponent - 23 + 1023) as u64) << 52);
            (found - exact).abs() / unit
        };
        // What is no number must not pass as small.
        let ulps = if ulps.is_nan() { f64::INFINITY } else { ulps };
        Self { ulps, at: x }
    }
}
