//! Means of resamples.

use super::group::Group;

/// The mean of one resample of `data`, drawn with replacement.
#[inline(always)]
pub(crate) fn mean<G: Group>(group: &mut G, data: &[f64], seed: u64, replicate: u64) -> f64 {
    let count = data.len() as u64;
    let first = replicate.wrapping_mul(count);
    let lanes = group.fold_numbers(data.len(), -0.0_f64, |sum, draw| {
        let random = random(seed, first.wrapping_add(draw as u64));
        let index = scaled(random, count);
        sum + data.get(index as usize).copied().unwrap_or(0.0)
    });
    group.combine(lanes, |a, b| a + b) / count as f64
}

/// Number `counter` of the stream `seed`: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014) over a Weyl sequence.
#[inline(always)]
pub(crate) fn random(seed: u64, counter: u64) -> u64 {
    let mut z = seed.wrapping_add(counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `random / 2⁶⁴ · bound`, rounded down. The bias is below `bound / 2⁶⁴`.
#[inline(always)]
pub(crate) fn scaled(random: u64, bound: u64) -> u64 {
    ((u128::from(random) * u128::from(bound)) >> 64) as u64
}
