//! Rank statistics of two samples.

use gate_runtime::Status;

use crate::body::rank::place;
use crate::cpu::{Cpu, Pieces, over_pieces, per_task};

/// Pairs of one value of each sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RankCounts {
    /// Pairs in which the value of the second sample is below that of the first.
    pub below: u64,
    /// Pairs of equal values.
    pub equal: u64,
}

impl RankCounts {
    /// The Mann-Whitney statistic of the first sample: `below + equal / 2`.
    #[must_use]
    pub fn u(self) -> f64 {
        self.below as f64 + self.equal as f64 / 2.0
    }
}

/// Compares each value of `first` with each of `second`. A NaN is neither below nor equal.
///
/// Cost: two comparisons for each pair, exact, nothing sorted.
///
/// ```
/// let counts = gate_kernels::rank_counts(&[1.0, 2.0], &[0.0, 2.0]).expect("short samples");
/// assert_eq!((counts.below, counts.equal), (2, 1));
/// assert_eq!(counts.u(), 2.5);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when `second` has more than `u32::MAX` values.
pub fn rank_counts(first: &[f64], second: &[f64]) -> Result<RankCounts, Status> {
    if u32::try_from(second.len()).is_err() {
        return Err(Status::InvalidArgument);
    }
    let mut places = vec![(0_u32, 0_u32); first.len()];
    over_pieces(&mut places, 1, per_task(second.len()), &Places { first, second });
    let mut counts = RankCounts::default();
    for (below, equal) in places {
        counts.below += u64::from(below);
        counts.equal += u64::from(equal);
    }
    Ok(counts)
}

/// What the entry `rank_counts_f64` computes: two counts for each value of `first`.
pub(crate) fn places(first: &[f64], second: &[f64], out: &mut [u32]) -> Status {
    if out.len() != 2 * first.len() || u32::try_from(second.len()).is_err() {
        return Status::InvalidArgument;
    }
    let mut places = vec![(0_u32, 0_u32); first.len()];
    over_pieces(&mut places, 1, per_task(second.len()), &Places { first, second });
    for (out, (below, equal)) in out.chunks_mut(2).zip(places) {
        out.copy_from_slice(&[below, equal]);
    }
    Status::Ok
}

struct Places<'a> {
    first: &'a [f64],
    second: &'a [f64],
}

impl Pieces for Places<'_> {
    type Out = (u32, u32);

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [(u32, u32)]) {
        out[0] = place(group, self.first[index], self.second);
    }
}
