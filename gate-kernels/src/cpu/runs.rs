//! Runs of 16 numbers by squares: sixteen vectors of AVX-512, whose columns are added. A square is sixteen runs of 32-bit numbers, or
//! eight of 64-bit numbers, each of which has two rows.
#![expect(
    unsafe_code,
    reason = "calls functions compiled for instructions that were just detected, with numbers as their words"
)]
#![cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "other machines never get the right to go by squares")
)]

use std::any::Any;

use bytemuck::cast_slice;

use super::past::Past;
use crate::body::element::Summand;
use crate::body::group::LANES;
use crate::body::scan::SCAN_BLOCK;

#[cfg(target_arch = "x86_64")]
mod transpose;
#[cfg(target_arch = "x86_64")]
mod wide;

/// 32-bit words of a vector, and vectors of a square.
const SIDE: usize = 16;

/// Sixteen vectors.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Square([[u32; SIDE]; SIDE]);

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

/// Where running sums are written, square by square: past the cache (`PAST`) or not.
pub(crate) struct Rows<'a, const PAST: bool> {
    /// What is not written yet.
    out: &'a mut [u32],
    /// Words before the first line.
    head: usize,
    begun: bool,
    /// The last row, of which the words from `head` on are not written yet.
    last: [u32; SIDE],
}

impl<'a, const PAST: bool> Rows<'a, PAST> {
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
    fn take(&mut self, words: usize) -> &mut [u32] {
        let (place, rest) = std::mem::take(&mut self.out).split_at_mut(words);
        self.out = rest;
        place
    }
}

impl<const PAST: bool> Drop for Rows<'_, PAST> {
    /// Writes what is left.
    fn drop(&mut self) {
        if PAST && self.begun {
            for (out, value) in self.out.iter_mut().zip(self.last.iter().skip(self.head)) {
                *out = *value;
            }
        }
    }
}

/// The right to go through runs by squares. Other threads see what was stored past the cache when this is dropped.
pub(crate) struct Runs(Past<512>);

impl Runs {
    /// Where the machine can, and can do it with such numbers.
    pub(crate) fn of<T: 'static>() -> Option<Self> {
        words::<T, 0>(&[])?;
        Past::new().map(Self)
    }

    /// Writes the running sums of one block while another is summed, so that memory reads and writes at any time. The additions and
    /// their order are those of [`body::scan`](crate::body::scan). Past the cache, `columns` holds the columns of the block that is
    /// written, and then those of the other.
    #[inline(always)]
    pub(crate) fn blocks<T: Summand + 'static, const PAST: bool>(
        &self,
        columns: &mut [Square],
        scanned: Option<(Scanned<'_, T>, &mut Rows<'_, PAST>)>,
        summed: Option<Summed<'_, T>>,
    ) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instructions were detected when the right to store past the cache was made for vectors of 512 bits.
        unsafe {
            use std::any::TypeId;

            match TypeId::of::<T>() {
                id if id == TypeId::of::<f32>() => wide::blocks_of_f32::<T, PAST>(&self.0, columns, scanned, summed),
                id if id == TypeId::of::<u32>() => wide::blocks_of_u32::<T, PAST>(&self.0, columns, scanned, summed),
                id if id == TypeId::of::<f64>() => wide::blocks_of_f64::<T, PAST>(&self.0, columns, scanned, summed),
                id if id == TypeId::of::<u64>() => wide::blocks_of_u64::<T, PAST>(&self.0, columns, scanned, summed),
                _ => {}
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (columns, scanned, summed);
    }
}

/// Numbers as 32-bit words, where there are vectors of such numbers.
fn words<T: 'static, const COUNT: usize>(values: &[T; COUNT]) -> Option<&[u32]> {
    let values: &dyn Any = values;
    None.or_else(|| values.downcast_ref::<[f32; COUNT]>().map(|x| cast_slice(x)))
        .or_else(|| values.downcast_ref::<[u32; COUNT]>().map(<[u32; COUNT]>::as_slice))
        .or_else(|| values.downcast_ref::<[f64; COUNT]>().map(|x| cast_slice(x)))
        .or_else(|| values.downcast_ref::<[u64; COUNT]>().map(|x| cast_slice(x)))
}

/// [`words`] to write to, of any number of numbers.
fn words_mut<T: 'static>(values: &mut [T]) -> Option<&mut [u32]> {
    words::<T, 0>(&[])?;
    // SAFETY: the types that `words` knows have no padding, may have any bits, and are aligned to as many bytes as a word or more.
    Some(unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values) / size_of::<u32>()) })
}
