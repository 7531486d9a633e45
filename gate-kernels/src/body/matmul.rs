//! `C = A·B`.
//!
//! Whatever the tiles, each element of `C` is one chain: from `0.0`, `k` ascending, one [`Group::fma`] for each `k`.

use super::group::Group;

/// `accᵢⱼ ← fma(aₖᵢ, bₖⱼ, accᵢⱼ)` for `k` in `0..depth`, where `aₖᵢ` is `a[k·a_stride + i]` and `bₖⱼ` is `b[k·b_stride + j]`. A
/// panel that is too short ends the loop.
#[inline(always)]
pub(crate) fn accumulate<G: Group, const M: usize, const N: usize>(
    acc: &mut [[f32; N]; M],
    depth: usize,
    (a, a_stride): (&[f32], usize),
    (b, b_stride): (&[f32], usize),
) {
    let columns = a.chunks(a_stride).zip(b.chunks(b_stride)).take(depth);
    for (column, row) in columns {
        let (Some(column), Some(row)) = (column.first_chunk::<M>(), row.first_chunk::<N>()) else {
            return;
        };
        for (acc, a) in acc.iter_mut().zip(column) {
            for (acc, b) in acc.iter_mut().zip(row) {
                *acc = G::fma(*a, *b, *acc);
            }
        }
    }
}
