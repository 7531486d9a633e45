//! Byte histogram.

use gate_runtime::Status;

use crate::body::histogram::{BYTES, block};
use crate::cpu::{Cpu, Pieces, over_pieces, per_task, piece};

/// Number of counters of [`histogram_u8`]: one for each value of a byte.
pub const BINS: usize = BYTES;

/// Bytes of one block.
pub(crate) const BLOCK: usize = 1 << 16;

/// Adds to `counts[v]` how often the byte `v` occurs in `data`. Counters are added to, not replaced, so that data may
/// come in pieces.
///
/// Cost: one increment for each byte, which is read once.
///
/// ```
/// use gate_kernels::{BINS, histogram_u8};
/// use gate_runtime::Status;
///
/// let mut counts = [0; BINS];
/// assert_eq!(histogram_u8(b"abba", &mut counts), Status::Ok);
/// assert_eq!(counts[usize::from(b'b')], 2);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when `counts` has not exactly [`BINS`] counters, or when a counter would overflow;
/// `counts` is unchanged then.
pub fn histogram_u8(data: &[u8], counts: &mut [u32]) -> Status {
    let Ok(counts) = <&mut [u32; BINS]>::try_from(counts) else {
        return Status::InvalidArgument;
    };
    let mut tables = vec![0_u32; data.len().div_ceil(BLOCK) * BINS];
    over_pieces(&mut tables, BINS, per_task(BLOCK), &Tables { data });
    let mut sums = [0_u64; BINS];
    for table in tables.chunks(BINS) {
        for (sum, count) in sums.iter_mut().zip(table) {
            *sum += u64::from(*count);
        }
    }
    for (sum, count) in sums.iter_mut().zip(counts.iter()) {
        // A tally is at most `isize::MAX`, so the sum with 32 bits more cannot overflow 64.
        *sum += u64::from(*count);
        if *sum > u64::from(u32::MAX) {
            return Status::InvalidArgument;
        }
    }
    for (count, sum) in counts.iter_mut().zip(sums) {
        *count = sum as u32;
    }
    Status::Ok
}

/// What the entry `histogram_u8` computes: the counts of each block.
pub(crate) fn block_tables(data: &[u8], tables: &mut [u32]) -> Status {
    if tables.len() != data.len().div_ceil(BLOCK) * BINS {
        return Status::InvalidArgument;
    }
    over_pieces(tables, BINS, per_task(BLOCK), &Tables { data });
    Status::Ok
}

struct Tables<'a> {
    data: &'a [u8],
}

impl Pieces for Tables<'_> {
    type Out = u32;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, mut out: &mut [u32]) {
        block(group, piece(self.data, BLOCK, index), &mut out);
    }
}
