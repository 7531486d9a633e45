//! The widest vectors that this machine has.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calls functions compiled for instructions that were just detected"
    )
)]

/// Work that can be compiled for vectors of different widths.
pub(crate) trait Task {
    /// Does it. Implementations are `#[inline(always)]`, and so is what they call.
    fn run<const WIDTH: usize>(self);
}

/// Asks for the cache line at `place` without waiting for it.
#[inline(always)]
pub(crate) fn prefetch(place: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has the instruction, and it does nothing where there is no memory.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Runs `task`, compiled for the vectors that this machine was found to have. Results do not depend on it: the compiler never
/// fuses or reorders floating-point operations.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn widest(task: impl Task) {
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt,fma,f16c")]
    fn wide_512(task: impl Task) {
        task.run::<512>();
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma,f16c")]
    fn wide_256(task: impl Task) {
        task.run::<256>();
    }

    let has_256 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c");
    let has_512 = has_256
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    if has_512 {
        // SAFETY: every feature that the function is compiled for was detected on this machine.
        unsafe { wide_512(task) }
    } else if has_256 {
        // SAFETY: every feature that the function is compiled for was detected on this machine.
        unsafe { wide_256(task) }
    } else {
        task.run::<128>();
    }
}

/// Runs `task`. Other architectures have one width that every machine has.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn widest(task: impl Task) {
    task.run::<128>();
}

/// Neighbours that make a run, and runs that are gone through at once.
#[cfg(target_arch = "x86_64")]
const RUN: usize = crate::body::scan::RUN;

/// The sum of each run of 16 of `x`, every one from left to right. Says whether it was done: with AVX-512, for as many whole
/// runs as there are sums, sixteen at a time.
#[inline(always)]
pub(crate) fn sum_runs(x: &[f32], sums: &mut [f32]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if x.len() == RUN * sums.len() && sums.len().is_multiple_of(RUN) && is_x86_feature_detected!("avx512f") {
        // SAFETY: the instructions were just detected.
        unsafe { runs::sums(x.as_chunks().0, sums.as_chunks_mut().0) };
        return true;
    }
    let _ = (x, sums);
    false
}

/// The running sums of each run of 16 of `x`, from `offset + before` on, with the element itself in it (`inclusive`) or without. Says
/// whether it was done, as [`sum_runs`] does.
#[inline(always)]
pub(crate) fn scan_runs(x: &[f32], before: &[f32], offset: f32, inclusive: bool, out: &mut [f32]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if x.len() == out.len()
        && x.len() == RUN * before.len()
        && before.len().is_multiple_of(RUN)
        && is_x86_feature_detected!("avx512f")
    {
        let (x, before, out) = (x.as_chunks().0, before.as_chunks().0, out.as_chunks_mut().0);
        // SAFETY: the instructions were just detected.
        unsafe { runs::scan(x, before, offset, inclusive, out) };
        return true;
    }
    let _ = (x, before, offset, inclusive, out);
    false
}

/// Sixteen runs of sixteen as the rows of a square, whose columns are added.
#[cfg(target_arch = "x86_64")]
mod runs {
    use std::arch::x86_64::{
        __m512, _mm512_add_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4, _mm512_unpackhi_ps,
        _mm512_unpacklo_ps,
    };

    use bytemuck::cast;

    use super::RUN;

    type Square = [__m512; RUN];

    /// Every pair of rows this far apart becomes the even and the odd of what both have.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn exchange(square: &mut Square, distance: usize, with: impl Fn(__m512, __m512) -> (__m512, __m512)) {
        for rows in square.chunks_exact_mut(2 * distance) {
            let (first, second) = rows.split_at_mut(distance);
            for (a, b) in first.iter_mut().zip(second) {
                (*a, *b) = with(*a, *b);
            }
        }
    }

    /// Rows as columns: within four rows by numbers, then by quarters of vectors.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn transposed(mut square: Square) -> Square {
        const EVEN: i32 = 0b10_00_10_00;
        const ODD: i32 = 0b11_01_11_01;
        for distance in [2, 1] {
            exchange(&mut square, distance, |a, b| {
                (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b))
            });
        }
        for distance in [4, 8] {
            exchange(&mut square, distance, |a, b| {
                (_mm512_shuffle_f32x4::<EVEN>(a, b), _mm512_shuffle_f32x4::<ODD>(a, b))
            });
        }
        square
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn columns(rows: &[[f32; RUN]; RUN]) -> Square {
        let mut square = [_mm512_setzero_ps(); RUN];
        for (place, row) in square.iter_mut().zip(rows) {
            *place = cast(*row);
        }
        transposed(square)
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn sums(x: &[[f32; RUN]], sums: &mut [[f32; RUN]]) {
        for (rows, sums) in x.as_chunks::<RUN>().0.iter().zip(sums) {
            // What does not change a sum.
            let mut sum = _mm512_set1_ps(-0.0);
            for column in columns(rows) {
                sum = _mm512_add_ps(sum, column);
            }
            *sums = cast(sum);
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn scan(x: &[[f32; RUN]], before: &[[f32; RUN]], offset: f32, inclusive: bool, out: &mut [[f32; RUN]]) {
        let outs = out.as_chunks_mut::<RUN>().0.iter_mut();
        for ((rows, out), before) in x.as_chunks::<RUN>().0.iter().zip(outs).zip(before) {
            let mut sum = _mm512_add_ps(_mm512_set1_ps(offset), cast(*before));
            let mut square = columns(rows);
            for place in &mut square {
                let next = _mm512_add_ps(sum, *place);
                *place = if inclusive { next } else { sum };
                sum = next;
            }
            for (out, row) in out.iter_mut().zip(transposed(square)) {
                *out = cast(row);
            }
        }
    }
}
