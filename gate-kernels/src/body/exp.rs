//! The exponential function.

/// `eˣ·2⁶⁴` for `x ≤ 0`, less than 0.95 units in the last place from the true value down to `x = −104`, and what is there below. The
/// example `exhaustive_exp` measures that over all of them; a NaN stays one. Above 0 it is right as long as the result is below
/// `2¹²⁷`. `fma` is `a·b + c`, rounded once.
///
/// `x = n·ln 2 + r` with `|r| ≤ ½ ln 2`, `ln 2` in two parts of which the first has 15 bits, so that its product with `n` is exact;
/// then a polynomial of degree 6 for `eʳ`, `1 + r + r²·p(r)` with the `p` whose largest relative error is least (3.8·10⁻⁹, by
/// Remez's algorithm); then `2ⁿ⁺⁶⁴`, a normal number for every `n`: whoever divides by a sum of such results gets rid of the
/// `2⁶⁴`, and rounds a quotient below the normal range once. No table, no branch.
#[inline(always)]
pub(crate) fn scaled_exp(x: f32, fma: impl Fn(f32, f32, f32) -> f32) -> f32 {
    // The comparison lets a NaN through.
    let x = if x < LOWEST { LOWEST } else { x };
    // 1.5·2²³: adding it rounds to an integer, which is then in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = fma(x, core::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    const LN2_HIGH: f32 = 45_426.0 / 65_536.0;
    const LN2_LOW: f32 = (core::f64::consts::LN_2 - 45_426.0 / 65_536.0) as f32;
    let r = fma(whole, -LN2_LOW, fma(whole, -LN2_HIGH, x));
    let value = fma(f32::from_bits(0x3ab5_120a), r, f32::from_bits(0x3c09_1cf9));
    let value = fma(value, r, f32::from_bits(0x3d2a_ac79));
    let value = fma(value, r, f32::from_bits(0x3e2a_aa49));
    let value = fma(value, r, f32::from_bits(0x3eff_ffff));
    let value = fma(fma(value, r, 1.0), r, 1.0);
    // Shifting moves `n` into the exponent and all other bits out.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add((64 + 127) << 23));
    value * power
}

/// Below it, `eˣ` is less than half of the smallest `f32`.
const LOWEST: f32 = -104.0;

#[cfg(test)]
mod tests {
    use super::scaled_exp;

    fn exp(x: f32) -> f32 {
        scaled_exp(x, f32::mul_add) * 2.0_f32.powi(-64)
    }

    #[test]
    fn special_values() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::MIN), 0.0);
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(f32::from_bits(0xffff_ffff)).is_nan());
        // The smallest result that is not zero: half of it rounds to even.
        assert_eq!(exp(-103.9), f32::from_bits(1));
        assert_eq!(exp(-103.98), 0.0);
    }
}
