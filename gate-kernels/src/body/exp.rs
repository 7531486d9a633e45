//! The exponential function.

/// `eˣ`, less than 1.1 units in the last place from the true value (measured over all `f32` by the test `every_f32` below).
///
/// `x = n·ln 2 + r` with `|r| ≤ ½ ln 2`, `ln 2` in two parts of which the first has 15 bits, so that its product with `n`
/// is exact; then the Taylor polynomial of degree 7 for `eʳ`, whose remainder is below 6·10⁻⁹; then `2ⁿ` in two factors,
/// so that results below the normal range are rounded once. No table, no branch.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // The bounds give infinity and zero by themselves; comparisons let a NaN through.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    // 1.5·2²³: adding it rounds to an integer, which is then in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x * core::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    const LN2_HIGH: f32 = 45_426.0 / 65_536.0;
    const LN2_LOW: f32 = (core::f64::consts::LN_2 - 45_426.0 / 65_536.0) as f32;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let mut tail = 1.0 / 5040.0;
    tail = tail * r + 1.0 / 720.0;
    tail = tail * r + 1.0 / 120.0;
    tail = tail * r + 1.0 / 24.0;
    tail = tail * r + 1.0 / 6.0;
    tail = tail * r + 0.5;
    let value = 1.0 + (r + r * r * tail);
    let half = n >> 1;
    value * power_of_two(half) * power_of_two(n - half)
}

/// `2ⁿ` for `-126 ≤ n ≤ 127`.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::exp;

    /// The largest error in units in the last place of the result, over every `step`th `f32` with a normal result.
    fn largest_error(step: usize) -> f64 {
        let mut largest = 0.0_f64;
        for bits in (0..=u32::MAX).step_by(step) {
            let x = f32::from_bits(bits);
            let (found, exact) = (exp(x), f64::from(x).exp());
            if x.is_nan() {
                assert!(found.is_nan());
            } else if exact > f64::from(f32::MAX) {
                assert!(found == f32::INFINITY || found == f32::MAX, "{x:e}");
            } else if exact < f64::from(f32::MIN_POSITIVE) {
                // Below the normal range the unit does not shrink any more.
                let smallest = f64::from(f32::from_bits(1));
                assert!((f64::from(found) - exact).abs() <= smallest, "{x:e}");
            } else {
                let exponent = (exact.to_bits() >> 52) as i32 - 1023;
                let unit = f64::from_bits(((exponent - 23 + 1023) as u64) << 52);
                largest = largest.max((f64::from(found) - exact).abs() / unit);
            }
        }
        largest
    }

    #[test]
    fn the_error_is_as_small_as_stated() {
        let error = largest_error(4099);
        assert!(error < 1.1, "{error}");
    }

    #[test]
    #[ignore = "takes half a minute with optimisation: cargo test --release -p cargo-gate-kernels every_f32 -- --ignored"]
    fn every_f32() {
        let error = largest_error(1);
        assert!(error < 1.1, "{error}");
    }
}
