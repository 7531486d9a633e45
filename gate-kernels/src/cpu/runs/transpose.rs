//! Squares on their other side.

use std::arch::x86_64::{
    __m512, _mm512_castpd_ps, _mm512_castps_pd, _mm512_shuffle_f32x4, _mm512_unpackhi_pd, _mm512_unpackhi_ps,
    _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use super::square::SIDE;

/// The bits of sixteen vectors.
pub(super) type Vectors = [__m512; SIDE];

/// Every pair of vectors this far apart becomes the even and the odd of what both have.
#[target_feature(enable = "avx512f")]
#[inline]
fn exchange(square: &mut Vectors, distance: usize, with: impl Fn(__m512, __m512) -> (__m512, __m512)) {
    for rows in square.chunks_exact_mut(2 * distance) {
        let (first, second) = rows.split_at_mut(distance);
        for (a, b) in first.iter_mut().zip(second) {
            (*a, *b) = with(*a, *b);
        }
    }
}

/// Every pair of vectors this far apart becomes the even and the odd quarters of what both have.
#[target_feature(enable = "avx512f")]
#[inline]
fn exchange_quarters(square: &mut Vectors, distance: usize) {
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    exchange(square, distance, |a, b| {
        (_mm512_shuffle_f32x4::<EVEN>(a, b), _mm512_shuffle_f32x4::<ODD>(a, b))
    });
}

/// Rows as columns, the first numbers of all runs first, or columns as rows.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn transposed<N>(mut square: Vectors, to_columns: bool) -> Vectors {
    if size_of::<N>() == size_of::<u32>() {
        for distance in [2, 1] {
            exchange(&mut square, distance, |a, b| {
                (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b))
            });
        }
        exchange_quarters(&mut square, 4);
        exchange_quarters(&mut square, 8);
        return square;
    }
    // A run has two rows: the first ones of all runs, and the second ones, are two squares of eight.
    if to_columns {
        square = halves_apart(square);
    }
    exchange(&mut square, 1, |a, b| {
        let (a, b) = (_mm512_castps_pd(a), _mm512_castps_pd(b));
        let (low, high) = (_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
        (_mm512_castpd_ps(low), _mm512_castpd_ps(high))
    });
    exchange_quarters(&mut square, 2);
    exchange_quarters(&mut square, 4);
    if to_columns { square } else { halves_together(square) }
}

/// Even vectors before odd ones.
#[inline]
fn halves_apart(square: Vectors) -> Vectors {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = square;
    [a, c, e, g, i, k, m, o, b, d, f, h, j, l, n, p]
}

/// What [`halves_apart`] undoes.
#[inline]
fn halves_together(square: Vectors) -> Vectors {
    let [a, c, e, g, i, k, m, o, b, d, f, h, j, l, n, p] = square;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}
