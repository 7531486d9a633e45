//! The exponential function.

/// `eˣ`, less than one unit in the last place from the true value (measured over all `f32`: the example `exp_error`).
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
