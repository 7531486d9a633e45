//! Runs of 16 numbers by squares: sixteen vectors of AVX-512, whose columns are added. A square is sixteen runs of 32-bit numbers, or
//! eight of 64-bit numbers, each of which has two rows.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calls functions compiled for instructions that were just detected"
    )
)]
#![cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "other machines never get the right to go by squares")
)]

mod square;
#[cfg(target_arch = "x86_64")]
mod transpose;
#[cfg(target_arch = "x86_64")]
mod wide;

use super::streaming::Streaming;
use crate::body::element::Summand;

pub(crate) use square::{Rows, Scanned, Square, Summed};

use square::words;

/// The right to go through runs by squares. Other threads see what was stored past the cache when this is dropped.
pub(crate) struct Runs(Streaming<512>);

impl Runs {
    /// Where the machine can, and can do it with such numbers.
    pub(crate) fn of<T: 'static>() -> Option<Self> {
        words::<T, 0>(&[])?;
        Streaming::new().map(Self)
    }

    /// Writes the running sums of one block while another is summed, so that memory reads and writes at any time. The additions and
    /// their order are those of [`body::scan`](crate::body::scan). Past the cache, `columns` holds the columns of the block that is
    /// written, and then those of the other.
    #[inline(always)]
    pub(crate) fn blocks<T: Summand + 'static, const STREAMED: bool>(
        &self,
        columns: &mut [Square],
        scanned: Option<(Scanned<'_, T>, &mut Rows<'_, STREAMED>)>,
        summed: Option<Summed<'_, T>>,
    ) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instructions were detected when the right to store past the cache was made for vectors of 512 bits.
        unsafe {
            use std::any::TypeId;

            match TypeId::of::<T>() {
                id if id == TypeId::of::<f32>() => {
                    wide::blocks_of_f32::<T, STREAMED>(&self.0, columns, scanned, summed);
                }
                id if id == TypeId::of::<u32>() => {
                    wide::blocks_of_u32::<T, STREAMED>(&self.0, columns, scanned, summed);
                }
                id if id == TypeId::of::<f64>() => {
                    wide::blocks_of_f64::<T, STREAMED>(&self.0, columns, scanned, summed);
                }
                id if id == TypeId::of::<u64>() => {
                    wide::blocks_of_u64::<T, STREAMED>(&self.0, columns, scanned, summed);
                }
                _ => {}
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (columns, scanned, summed);
    }
}
