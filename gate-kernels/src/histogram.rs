//! Byte histogram.

use gate_runtime::Status;

/// Number of counters of [`histogram_u8`]: one for each value of a byte.
pub const BINS: usize = 256;

/// Number of independent tables. Equal neighbours in the data would otherwise wait for each other's store.
const LANES: usize = 4;

/// Adds to `counts[v]` how often the byte `v` occurs in `data`. Counters are added to, not replaced, so that data may
/// come in pieces.
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
    let mut sums = tally(data);
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

/// How often each byte occurs.
fn tally(data: &[u8]) -> [u64; BINS] {
    let mut lanes = [[0_u64; BINS]; LANES];
    let (chunks, rest) = data.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, byte) in lanes.iter_mut().zip(chunk) {
            lane[usize::from(*byte)] += 1;
        }
    }
    let [mut sums, others @ ..] = lanes;
    for lane in others {
        for (sum, count) in sums.iter_mut().zip(lane) {
            *sum += count;
        }
    }
    for byte in rest {
        sums[usize::from(*byte)] += 1;
    }
    sums
}
