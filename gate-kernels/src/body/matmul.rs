//! `C = A·B`.
//!
//! Whatever the tiles, each element of `C` is one chain: from `0.0`, `k` ascending, one [`Group::fma`] for each `k`.

use super::group::Group;

/// Highest tile that [`accumulate`] takes.
pub(crate) const MOST_ROWS: usize = 12;

/// `accᵢⱼ ← fma(aₖᵢ, bₖⱼ, accᵢⱼ)` for `k` in `0..depth`, where `aₖᵢ` is `a[k·a_stride + i]` and `bₖⱼ` is `b[k·b_stride + j]`. A
/// panel that is too short ends the loop.
#[inline(always)]
pub(crate) fn accumulate<G: Group, const M: usize, const N: usize>(
    tile: &mut [[f32; N]; M],
    depth: usize,
    (a, a_stride): (&[f32], usize),
    (b, b_stride): (&[f32], usize),
) {
    const { assert!(M <= MOST_ROWS) }
    // A copy in locals, and rows written out one by one: with constant indices everywhere, the compiler keeps the tile in
    // registers. In a loop over rows it would stay in memory.
    let mut acc = *tile;
    for (column, row) in a.chunks(a_stride).zip(b.chunks(b_stride)).take(depth) {
        let (Some(column), Some(row)) = (column.first_chunk::<M>(), row.first_chunk::<N>()) else {
            break;
        };
        let (column, row) = (*column, *row);
        macro_rules! rows {
            ($($i:literal)*) => {$(
                if $i < M {
                    accumulate_row::<G, N>(&mut acc[$i], column[$i], &row);
                }
            )*};
        }
        rows!(0 1 2 3 4 5 6 7 8 9 10 11);
    }
    *tile = acc;
}

#[inline(always)]
fn accumulate_row<G: Group, const N: usize>(acc: &mut [f32; N], a: f32, row: &[f32; N]) {
    let mut j = 0;
    while j < N {
        acc[j] = G::fma(a, row[j], acc[j]);
        j += 1;
    }
}
