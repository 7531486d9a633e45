//! What is compiled for AVX-512.
#![expect(
    unsafe_code,
    reason = "adds vectors in functions that are compiled for them, and stores past the cache"
)]

use std::arch::x86_64::{
    __m512, _mm512_add_epi32, _mm512_add_epi64, _mm512_add_pd, _mm512_add_ps, _mm512_alignr_epi32, _mm512_castpd_ps,
    _mm512_castps_pd, _mm512_permutex2var_ps, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_setzero_ps,
    _mm512_shuffle_f32x4, _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use bytemuck::{Pod, cast};

use super::{Rows, SIDE, Scanned, Square, Summed, words, words_mut};
use crate::cpu::ahead::look_up_ahead;
use crate::cpu::past::Past;
use crate::cpu::wide::{Cache, prefetch};

/// The bits of sixteen vectors.
type Vectors = [__m512; SIDE];

/// Numbers that vectors have.
pub(super) trait Number: Pod {
    /// What does not change a sum.
    const NOTHING: Self;

    /// The sums of numbers.
    ///
    /// # Safety
    /// The machine has AVX-512, and the function that calls it is compiled for that.
    unsafe fn plus(a: __m512, b: __m512) -> __m512;
}

macro_rules! number {
    ($($type:ty, $nothing:expr, $plus:expr;)*) => {$(
        impl Number for $type {
            const NOTHING: Self = $nothing;

            #[inline(always)]
            unsafe fn plus(a: __m512, b: __m512) -> __m512 {
                // SAFETY: the caller says so.
                unsafe { cast($plus(cast(a), cast(b))) }
            }
        }
    )*};
}

number! {
    f32, -0.0, _mm512_add_ps;
    f64, -0.0, _mm512_add_pd;
    u32, 0, _mm512_add_epi32;
    u64, 0, _mm512_add_epi64;
}

/// The same number in each place.
#[target_feature(enable = "avx512f")]
#[inline]
fn splat<T: Copy + 'static>(value: T) -> __m512 {
    let number = [value];
    let number = words(&number).unwrap_or_default();
    let mut vector = [0; SIDE];
    for place in vector.chunks_mut(number.len().max(1)) {
        for (place, word) in place.iter_mut().zip(number) {
            *place = *word;
        }
    }
    cast(vector)
}

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
fn transposed<N: Number>(mut square: Vectors, to_columns: bool) -> Vectors {
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

#[target_feature(enable = "avx512f")]
#[inline]
fn loaded(rows: &[[u32; SIDE]; SIDE]) -> Vectors {
    let mut square = [_mm512_setzero_ps(); SIDE];
    for (place, row) in square.iter_mut().zip(rows) {
        *place = cast(*row);
    }
    square
}

impl<const PAST: bool> Rows<'_, PAST> {
    /// Writes the next sixteen rows.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn write(&mut self, past: &Past<512>, rows: Vectors) {
        if PAST {
            look_up_ahead(self.out.as_ptr().cast(), size_of::<Square>());
        }
        if PAST && self.begun {
            self.write_lines(past, rows, 0);
        } else if PAST {
            self.begun = true;
            let [first, ..] = rows;
            self.last = cast(first);
            let first = self.last;
            for (place, value) in self.take(self.head).iter_mut().zip(first) {
                *place = value;
            }
            self.write_lines(past, rows, 1);
        } else {
            for (place, row) in self.take(SIDE * SIDE).as_chunks_mut().0.iter_mut().zip(rows) {
                *place = cast::<_, [u32; SIDE]>(row);
            }
        }
    }

    /// Writes lines, each of which has the end of one row and the beginning of the next.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn write_lines(&mut self, past: &Past<512>, rows: Vectors, written: usize) {
        let from = _mm512_add_epi32(
            _mm512_set1_epi32(self.head as i32),
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        );
        let mut last: __m512 = cast(self.last);
        let places = self.take((SIDE - written) * SIDE).as_chunks_mut::<SIDE>().0;
        for (place, row) in places.iter_mut().zip(rows.into_iter().skip(written)) {
            let line: [u32; SIDE] = cast(_mm512_permutex2var_ps(last, from, row));
            past.lines(&line, place, || ());
            last = row;
        }
        self.last = cast(last);
    }
}

/// [`super::Runs::blocks`] for `T`, which is `N`.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn blocks<N: Number, T: Copy + 'static, const PAST: bool>(
    past: &Past<512>,
    columns: &mut [Square],
    scanned: Option<(Scanned<'_, T>, &mut Rows<'_, PAST>)>,
    summed: Option<Summed<'_, T>>,
) {
    /// How many squares ahead of being summed a square is asked for. That is not where lines are written: what memory is asked for
    /// at once waits for room, and all arithmetic behind it.
    const AHEAD: usize = 5;
    let plus = |a, b| {
        // SAFETY: this function is compiled for AVX-512.
        unsafe { N::plus(a, b) }
    };
    let vectors = |values| words(values).unwrap_or_default().as_chunks::<SIDE>().0;
    let mut scanned = scanned.map(|(block, rows)| {
        let offset = splat(block.offset);
        let squares = vectors(block.x).as_chunks::<SIDE>().0.iter().zip(vectors(block.before));
        (squares, offset, block.inclusive, rows)
    });
    let mut summed = summed.map(|block| {
        let before = words_mut(block.before).unwrap_or_default().as_chunks_mut::<SIDE>().0;
        (vectors(block.x).as_chunks::<SIDE>().0, before, block.total)
    });
    for index in 0..Square::of_a_block::<N>() {
        let mut kept = if PAST { columns.get_mut(index) } else { None };
        if let Some((squares, offset, inclusive, rows)) = &mut scanned
            && let Some((x, before)) = squares.next()
        {
            let mut square = match &kept {
                Some(kept) => loaded(&kept.0),
                None => transposed::<N>(loaded(x), true),
            };
            let mut sum = plus(*offset, cast(*before));
            for place in &mut square {
                let next = plus(sum, *place);
                *place = if *inclusive { next } else { sum };
                sum = next;
            }
            rows.write(past, transposed::<N>(square, false));
        }
        if let Some((squares, sums, _)) = &mut summed
            && let (Some(x), Some(place)) = (squares.get(index), sums.get_mut(index))
        {
            let square = transposed::<N>(loaded(x), true);
            let mut sum = splat(N::NOTHING);
            for column in square {
                sum = plus(sum, column);
            }
            *place = cast(sum);
            if let Some(kept) = &mut kept {
                let ahead = squares.as_ptr().wrapping_add(index + AHEAD).cast::<[u32; SIDE]>();
                look_up_ahead(ahead.cast(), size_of::<Square>());
                for (row, (kept, column)) in kept.0.iter_mut().zip(square).enumerate() {
                    *kept = cast(column);
                    prefetch(Cache::Second, ahead.wrapping_add(row).cast());
                }
            }
        }
    }
    if let Some((_, sums, total)) = summed {
        // As many vectors as the numbers of all lanes need.
        let last = match size_of::<N>() / size_of::<u32>() {
            1 => before::<N, SIDE>(sums),
            _ => before::<N, { 2 * SIDE }>(sums),
        };
        let total = words_mut(std::slice::from_mut(total)).unwrap_or_default();
        for (place, word) in total.iter_mut().rev().zip(last.iter().rev()) {
            *place = *word;
        }
    }
}

/// Each number of `own` moved up by the places that `FROM` words are less than a vector, behind the last ones of `earlier`.
#[target_feature(enable = "avx512f")]
#[inline]
fn moved<const FROM: i32>(own: __m512, earlier: __m512) -> __m512 {
    cast(_mm512_alignr_epi32::<FROM>(cast(own), cast(earlier)))
}

/// [`Group::before`](crate::body::group::Group::before) of sums: the same additions, without memory in between. Gives what it leaves in
/// the last vector, whose last number is the total.
#[target_feature(enable = "avx512f")]
#[inline]
fn before<N: Number, const VECTORS: usize>(sums: &mut [[u32; SIDE]]) -> [u32; SIDE] {
    let plus = |a, b| {
        // SAFETY: this function is compiled for AVX-512.
        unsafe { N::plus(a, b) }
    };
    let nothing = splat(N::NOTHING);
    let mut lanes = [nothing; VECTORS];
    for (lane, sums) in lanes.iter_mut().zip(&*sums) {
        *lane = cast(*sums);
    }
    // Rounds within vectors and their neighbours.
    macro_rules! near {
        ($($from:literal)*) => {$(
            let mut earlier = nothing;
            for own in &mut lanes {
                let last = *own;
                *own = plus(moved::<$from>(last, earlier), last);
                earlier = last;
            }
        )*};
    }
    let one_word = size_of::<N>() == size_of::<u32>();
    if one_word {
        near!(15);
    }
    near!(14 12 8);
    // Rounds between whole vectors.
    for distance in [1, 2, 4, 8, 16] {
        let last = lanes;
        for (own, earlier) in lanes.iter_mut().skip(distance).zip(last) {
            *own = plus(earlier, *own);
        }
    }
    let mut earlier = nothing;
    for (place, own) in sums.iter_mut().zip(lanes) {
        let before = if one_word {
            moved::<15>(own, earlier)
        } else {
            moved::<14>(own, earlier)
        };
        *place = cast(before);
        earlier = own;
    }
    cast(earlier)
}
