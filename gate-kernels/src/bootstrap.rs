//! Means of resamples.

use gate_runtime::Status;

use crate::body::bootstrap::mean;
use crate::cpu::{Cpu, Pieces, over_pieces, per_task};

/// `outᵣ` is the mean of resample `r` of `data`: as many values, drawn with replacement. Quantiles of `out` are a
/// percentile bootstrap interval of the mean.
///
/// Draw `i` of resample `r` takes element `⌊h·n / 2⁶⁴⌋`, where `h` is number `r·n + i` of SplitMix64 with `seed`: any resample can
/// be computed again by itself. Sums are taken in the order of a single block, in `f64`.
///
/// Cost: one random number, one read at a random place and one addition for each draw.
///
/// ```
/// use gate_kernels::bootstrap_means;
/// use gate_runtime::Status;
///
/// let mut means = [0.0; 100];
/// assert_eq!(bootstrap_means(&[1.0, 3.0], 7, &mut means), Status::Ok);
/// assert!(means.iter().all(|mean| [1.0, 2.0, 3.0].contains(mean)));
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when `data` is empty.
pub fn bootstrap_means(data: &[f64], seed: u64, out: &mut [f64]) -> Status {
    if data.is_empty() {
        return Status::InvalidArgument;
    }
    over_pieces(out, 1, per_task(data.len().saturating_mul(4)), &Means { data, seed });
    Status::Ok
}

struct Means<'a> {
    data: &'a [f64],
    seed: u64,
}

impl Pieces for Means<'_> {
    type Out = f64;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [f64]) {
        for out in out {
            *out = mean(group, self.data, self.seed, index as u64);
        }
    }
}
