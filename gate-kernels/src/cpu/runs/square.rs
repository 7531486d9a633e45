//! Squares of vectors, the blocks that go through them, and numbers as the words of both.
#![expect(unsafe_code, reason = "numbers are written to as their words")]
#![cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "other machines never get the right to go by squares")
)]

use std::any::Any;

use bytemuck::cast_slice;

use crate::body::group::LANES;
use crate::body::scan::SCAN_BLOCK;

/// 32-bit words of a vector, and vectors of a square.
pub(super) const SIDE: usize = 16;

/// Sixteen vectors.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Square(pub(super) [[u32; SIDE]; SIDE]);

impl Square {
    pub(crate) const ZERO: Self = Self([[0; SIDE]; SIDE]);

    /// Squares of a block.
    pub(crate) const fn of_a_block<T>() -> usize {
        SCAN_BLOCK * size_of::<T>() / size_of::<Self>()
    }
}

/// A whole block that is summed.
pub(crate) struct Summed<'a, T> {
    pub(crate) x: &'a [T; SCAN_BLOCK],
    /// Gets what stands before each run.
    pub(crate) before: &'a mut [T; LANES],
    /// Gets the sum of the block.
    pub(crate) total: &'a mut T,
}

/// A whole block whose running sums are written.
pub(crate) struct Scanned<'a, T> {
    pub(crate) x: &'a [T; SCAN_BLOCK],
    /// What stands before each run.
    pub(crate) before: &'a [T; LANES],
    /// What stands before the block.
    pub(crate) offset: T,
    /// Whether a running sum has the element itself in it.
    pub(crate) inclusive: bool,
}

/// Where running sums are written, square by square: past the cache (`STREAMED`) or not.
pub(crate) struct Rows<'a, const STREAMED: bool> {
    /// What is not written yet.
    pub(super) out: &'a mut [u32],
    /// Words before the first line.
    pub(super) head: usize,
    pub(super) begun: bool,
    /// The last row, of which the words from `head` on are not written yet.
    pub(super) last: [u32; SIDE],
}

impl<'a, const STREAMED: bool> Rows<'a, STREAMED> {
    /// For whole blocks of numbers that can be gone through by squares.
    pub(crate) fn new<T: 'static>(out: &'a mut [T]) -> Option<Self> {
        let words = words_mut(out)?;
        // A row is as long as a line. A first line that is whole is written like a part of one.
        let after = words.as_ptr().addr() / size_of::<u32>() % SIDE;
        Some(Self {
            out: words,
            head: SIDE - after,
            begun: false,
            last: [0; SIDE],
        })
    }

    /// Takes so many words of what is not written yet.
    pub(super) fn take(&mut self, words: usize) -> &mut [u32] {
        let (place, rest) = std::mem::take(&mut self.out).split_at_mut(words);
        self.out = rest;
        place
    }
}

impl<const STREAMED: bool> Drop for Rows<'_, STREAMED> {
    /// Writes what is left.
    fn drop(&mut self) {
        if STREAMED && self.begun {
            for (out, value) in self.out.iter_mut().zip(self.last.iter().skip(self.head)) {
                *out = *value;
            }
        }
    }
}

/// Numbers as 32-bit words, where there are vectors of such numbers.
pub(super) fn words<T: 'static, const COUNT: usize>(values: &[T; COUNT]) -> Option<&[u32]> {
    let values: &dyn Any = values;
    None.or_else(|| values.downcast_ref::<[f32; COUNT]>().map(|x| cast_slice(x)))
        .or_else(|| values.downcast_ref::<[u32; COUNT]>().map(<[u32; COUNT]>::as_slice))
        .or_else(|| values.downcast_ref::<[f64; COUNT]>().map(|x| cast_slice(x)))
        .or_else(|| values.downcast_ref::<[u64; COUNT]>().map(|x| cast_slice(x)))
}

/// [`words`] to write to, of any number of numbers.
pub(super) fn words_mut<T: 'static>(values: &mut [T]) -> Option<&mut [u32]> {
    words::<T, 0>(&[])?;
    // SAFETY: the types that `words` knows have no padding, may have any bits, and are aligned to as many bytes as a word or more.
    Some(unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values) / size_of::<u32>()) })
}
