//! The exponential function.

/// `eˣ` for `x ≤ 0`, less than 1.1 units in the last place from the true value. The example `exhaustive_exp` measures that over
/// all of them; a NaN stays one. Above 0 it is right as long as the result is below `2⁶³`.
///
/// `x = n·ln 2 + r` with `|r| ≤ ½ ln 2`, `ln 2` in two parts of which the first has 15 bits, so that its product with `n`
/// is exact; then `1 + r + r²·p(r)` for `eʳ`, with the `p` of degree 4 whose largest relative error is least (3.8·10⁻⁹, by
/// Remez's algorithm); then `2ⁿ` as `2ⁿ⁺⁶⁴·2⁻⁶⁴`, so that results below the normal range are rounded once. No table, no
/// branch.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // The bound gives zero by itself; the comparison lets a NaN through.
    let x = if x < -104.0 { -104.0 } else { x };
    // 1.5·2²³: adding it rounds to an integer, which is then in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x * core::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    const LN2_HIGH: f32 = 45_426.0 / 65_536.0;
    const LN2_LOW: f32 = (core::f64::consts::LN_2 - 45_426.0 / 65_536.0) as f32;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    // By pairs instead of one coefficient after the other: processors wait for a chain of operations, not for their number.
    let square = r * r;
    let low = f32::from_bits(0x3eff_ffff) + f32::from_bits(0x3e2a_aa49) * r;
    let high = f32::from_bits(0x3d2a_ac79) + f32::from_bits(0x3c09_1cf9) * r;
    let tail = low + square * (high + square * f32::from_bits(0x3ab5_120a));
    let value = 1.0 + (r + square * tail);
    // Shifting moves `n` into the exponent and all other bits out.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add((64 + 127) << 23));
    const REST: f32 = f32::from_bits((127 - 64) << 23);
    value * power * REST
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn special_values() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::MIN), 0.0);
        assert!(exp(f32::NAN).is_nan());
        // The smallest result that is not zero: half of it rounds to even.
        assert_eq!(exp(-103.9), f32::from_bits(1));
        assert_eq!(exp(-103.98), 0.0);
    }
}
