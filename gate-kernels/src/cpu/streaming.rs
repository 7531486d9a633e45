//! Results that go past the cache, by non-temporal (streaming) stores.
//!
//! A line that is written in the ordinary way is read first, and pushes another one out of the cache. Of a result larger than the
//! cache nothing is left there when it is read, so both are for nothing: a third of all that a copy moves. Stores past the
//! cache write whole lines, and memory only sees what is new.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "stores past the cache take pointers, and instructions that were just detected"
    )
)]

use super::prefetch::prefetch_page;
use super::wide::LINE;
use crate::body::group::LANES;

/// Bytes of a result that no cache holds; a smaller one may be read from there.
const LARGE: usize = 32 << 20;

/// Whether a result is so large that it goes past the cache.
pub(crate) fn is_large<T>(out: &[T]) -> bool {
    size_of_val(out) >= LARGE
}

/// The right to store past the cache with vectors of `WIDTH` bits. Other threads see what was stored when this is dropped.
pub(crate) struct Streaming<const WIDTH: usize>(());

impl<const WIDTH: usize> Streaming<WIDTH> {
    /// Where the machine has such stores.
    #[inline(always)]
    pub(crate) fn new() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        let found = match WIDTH {
            512 => is_x86_feature_detected!("avx512f"),
            _ => true,
        };
        #[cfg(not(target_arch = "x86_64"))]
        let found = false;
        found.then_some(Self(()))
    }

    /// `out[i] = f(left[i], right[i])`, as far as all three reach. Before each chunk of lines `next` is told how many bytes of `left` it takes.
    #[inline(always)]
    pub(super) fn map2<T: Copy, U: Copy, V: Copy>(
        &self,
        left: &[T],
        right: &[U],
        out: &mut [V],
        f: impl Fn(T, U) -> V,
        mut next: impl FnMut(usize),
    ) {
        let count = out.len().min(left.len()).min(right.len());
        let (left, _) = left.split_at(count);
        let (right, _) = right.split_at(count);
        let (out, _) = out.split_at_mut(count);
        // Whole lines lie between the first and the last boundary; what is outside is written in the ordinary way.
        let head = out.as_ptr().align_offset(LINE).min(count);
        let body = (count - head) / (LINE / size_of::<V>()) * (LINE / size_of::<V>());
        let (left_head, left) = left.split_at(head);
        let (right_head, right) = right.split_at(head);
        let (out_head, out) = out.split_at_mut(head);
        let (left, left_tail) = left.split_at(body);
        let (right, right_tail) = right.split_at(body);
        let (out, out_tail) = out.split_at_mut(body);
        for (out, (left, right)) in out_head.iter_mut().zip(left_head.iter().zip(right_head)) {
            *out = f(*left, *right);
        }
        if let (Some(left_first), Some(right_first)) = (left.first(), right.first()) {
            let mut chunk = Chunk([f(*left_first, *right_first); LANES]);
            for (out, (left, right)) in out.chunks_mut(LANES).zip(left.chunks(LANES).zip(right.chunks(LANES))) {
                prefetch_page(out.as_ptr().cast(), size_of_val(out));
                next(size_of_val(left));
                let (values, _) = chunk.0.split_at_mut(out.len());
                for (value, (left, right)) in values.iter_mut().zip(left.iter().zip(right)) {
                    *value = f(*left, *right);
                }
                self.lines(values, out);
            }
        }
        for (out, (left, right)) in out_tail.iter_mut().zip(left_tail.iter().zip(right_tail)) {
            *out = f(*left, *right);
        }
    }

    /// Copies lines of numbers, which have no padding, past the cache. What is not made of lines, whole and from where one begins, is copied
    /// in the ordinary way.
    #[inline(always)]
    pub(super) fn lines<V: Copy>(&self, values: &[V], out: &mut [V]) {
        #[cfg(target_arch = "x86_64")]
        if values.len() == out.len()
            && size_of_val(out).is_multiple_of(LINE)
            && out.as_ptr().addr().is_multiple_of(LINE)
        {
            use std::arch::x86_64::{__m128i, __m512i};
            use std::arch::x86_64::{_mm_loadu_si128, _mm_stream_si128, _mm512_loadu_si512, _mm512_stream_si512};

            for at in (0..size_of_val(out)).step_by(LINE) {
                // SAFETY: both have as many bytes, a multiple of `LINE`, and `at` is below that. `out` begins at a multiple of `LINE`.
                // AVX-512 was detected when `self` was made for it, and every x86-64 has the other instructions.
                unsafe {
                    let (from, to) = (values.as_ptr().byte_add(at), out.as_mut_ptr().byte_add(at));
                    if WIDTH == 512 {
                        _mm512_stream_si512(to.cast::<__m512i>(), _mm512_loadu_si512(from.cast::<__m512i>()));
                    } else {
                        let (from, to) = (from.cast::<__m128i>(), to.cast::<__m128i>());
                        for quarter in 0..4 {
                            _mm_stream_si128(to.add(quarter), _mm_loadu_si128(from.add(quarter)));
                        }
                    }
                }
            }
            return;
        }
        for (out, value) in out.iter_mut().zip(values) {
            *out = *value;
        }
    }
}

impl<const WIDTH: usize> Drop for Streaming<WIDTH> {
    #[inline(always)]
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every x86-64 has the instruction.
        unsafe {
            std::arch::x86_64::_mm_sfence();
        }
    }
}

/// Values on their way, from where a line begins.
#[repr(align(64))]
struct Chunk<V>([V; LANES]);

#[cfg(test)]
mod tests {
    use super::*;

    fn same_as_in_the_ordinary_way<const WIDTH: usize, V: Copy + PartialEq + Default>(of: impl Fn(u32) -> V) {
        let Some(streaming) = Streaming::<WIDTH>::new() else {
            return;
        };
        let left: Vec<u32> = (0..1100).collect();
        let right: Vec<u32> = (0..1100).map(|i| i * 3).collect();
        for count in [0, 1, 15, 64, 255, 256, 257, 1000] {
            for after in [0, 1, 7, 31] {
                let mut out = vec![V::default(); after + count + 1];
                let mut asked = 0;
                let f = |a: u32, b: u32| of(a + b);
                streaming.map2(&left, &right, &mut out[after..after + count], f, |bytes| asked += bytes);
                assert!(out.iter().take(after).all(|out| *out == V::default()));
                let expected = (0..count as u32).map(|i| of(4 * i));
                assert!(
                    out.iter().skip(after).copied().take(count).eq(expected),
                    "{count} from {after} on"
                );
                assert!(out.last() == Some(&V::default()));
                assert!(
                    asked <= count * size_of::<u32>() && count < (asked / size_of::<u32>()) + 2 * LINE / size_of::<V>()
                );
            }
        }
    }

    #[test]
    fn lines_and_what_is_beside_them_are_written() {
        same_as_in_the_ordinary_way::<128, u16>(|i| i as u16);
        same_as_in_the_ordinary_way::<128, f32>(|i| i as f32);
        same_as_in_the_ordinary_way::<256, u64>(u64::from);
        same_as_in_the_ordinary_way::<256, f32>(|i| i as f32);
        same_as_in_the_ordinary_way::<512, u16>(|i| i as u16);
        same_as_in_the_ordinary_way::<512, u64>(u64::from);
    }
}
