//! What is compiled for AVX-512.

use std::arch::x86_64::{
    __m512, _mm512_add_epi32, _mm512_add_epi64, _mm512_add_pd, _mm512_add_ps, _mm512_alignr_epi32,
    _mm512_permutex2var_ps, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_setzero_ps,
};

use bytemuck::{Pod, cast};

use super::square::{Rows, SIDE, Scanned, Square, Summed, words, words_mut};
use super::transpose::{Vectors, transposed};
use crate::cpu::prefetch::prefetch_page;
use crate::cpu::streaming::Streaming;
use crate::cpu::wide::{Cache, prefetch};

/// Numbers that vectors have.
pub(super) trait Number: Pod {
    /// What does not change a sum.
    const NOTHING: Self;
}

macro_rules! blocks_of {
    ($($name:ident: $type:ty, $nothing:expr, $plus:expr;)*) => {$(
        impl Number for $type {
            const NOTHING: Self = $nothing;
        }

        /// [`super::Runs::blocks`] for `T`, which is this type.
        #[target_feature(enable = "avx512f")]
        #[inline]
        pub(super) fn $name<T: Copy + 'static, const STREAMED: bool>(
            streaming: &Streaming<512>,
            columns: &mut [Square],
            scanned: Option<(Scanned<'_, T>, &mut Rows<'_, STREAMED>)>,
            summed: Option<Summed<'_, T>>,
        ) {
            blocks::<$type, T, STREAMED>(streaming, columns, scanned, summed, |a, b| cast($plus(cast(a), cast(b))));
        }
    )*};
}

blocks_of! {
    blocks_of_f32: f32, -0.0, _mm512_add_ps;
    blocks_of_f64: f64, -0.0, _mm512_add_pd;
    blocks_of_u32: u32, 0, _mm512_add_epi32;
    blocks_of_u64: u64, 0, _mm512_add_epi64;
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

/// The words of vectors of numbers.
fn vectors<T: 'static, const COUNT: usize>(values: &[T; COUNT]) -> &[[u32; SIDE]] {
    words(values).unwrap_or_default().as_chunks().0
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

impl<const STREAMED: bool> Rows<'_, STREAMED> {
    /// Writes the next sixteen rows.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn write(&mut self, streaming: &Streaming<512>, rows: Vectors) {
        if STREAMED {
            prefetch_page(self.out.as_ptr().cast(), size_of::<Square>());
        }
        if STREAMED && self.begun {
            self.write_lines(streaming, rows, 0);
        } else if STREAMED {
            self.begun = true;
            let [first, ..] = rows;
            self.last = cast(first);
            let first = self.last;
            for (place, value) in self.take(self.head).iter_mut().zip(first) {
                *place = value;
            }
            self.write_lines(streaming, rows, 1);
        } else {
            for (place, row) in self.take(SIDE * SIDE).as_chunks_mut().0.iter_mut().zip(rows) {
                *place = cast::<_, [u32; SIDE]>(row);
            }
        }
    }

    /// Writes lines, each of which has the end of one row and the beginning of the next.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn write_lines(&mut self, streaming: &Streaming<512>, rows: Vectors, written: usize) {
        let from = _mm512_add_epi32(
            _mm512_set1_epi32(self.head as i32),
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        );
        let mut last: __m512 = cast(self.last);
        let places = self.take((SIDE - written) * SIDE).as_chunks_mut::<SIDE>().0;
        for (place, row) in places.iter_mut().zip(rows.into_iter().skip(written)) {
            let line: [u32; SIDE] = cast(_mm512_permutex2var_ps(last, from, row));
            streaming.lines(&line, place);
            last = row;
        }
        self.last = cast(last);
    }
}

/// [`super::Runs::blocks`] for `T`, which is `N`, whose vectors `plus` adds.
#[target_feature(enable = "avx512f")]
#[inline]
fn blocks<N: Number, T: Copy + 'static, const STREAMED: bool>(
    streaming: &Streaming<512>,
    columns: &mut [Square],
    scanned: Option<(Scanned<'_, T>, &mut Rows<'_, STREAMED>)>,
    summed: Option<Summed<'_, T>>,
    plus: impl Fn(__m512, __m512) -> __m512,
) {
    /// How many squares ahead of being summed a square is asked for. That is not where lines are written: what memory is asked for
    /// at once waits for room, and all arithmetic behind it.
    const AHEAD: usize = 5;
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
        let mut kept = if STREAMED { columns.get_mut(index) } else { None };
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
            rows.write(streaming, transposed::<N>(square, false));
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
                let next = squares.as_ptr().wrapping_add(index + AHEAD).cast::<[u32; SIDE]>();
                prefetch_page(next.cast(), size_of::<Square>());
                for (row, (kept, column)) in kept.0.iter_mut().zip(square).enumerate() {
                    *kept = cast(column);
                    prefetch(Cache::Second, next.wrapping_add(row).cast());
                }
            }
        }
    }
    if let Some((_, sums, total)) = summed {
        // As many vectors as the numbers of all lanes need.
        let last = match size_of::<N>() / size_of::<u32>() {
            1 => before::<N, SIDE>(sums, plus),
            _ => before::<N, { 2 * SIDE }>(sums, plus),
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
fn before<N: Number, const VECTORS: usize>(
    sums: &mut [[u32; SIDE]],
    plus: impl Fn(__m512, __m512) -> __m512,
) -> [u32; SIDE] {
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
