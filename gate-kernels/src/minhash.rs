//! Signatures of sets.

use gate_runtime::Status;

use crate::body::group::SLOTS;
use crate::body::minhash::signature;
use crate::body::segments::bounds;
use crate::cpu::{Cpu, Pieces, over_pieces, per_task};
use crate::reduce::are_offsets;

/// One permutation hashing with optimal densification: the signature of each set of 64-bit hashes, `places` numbers long.
/// `offsets` cut `hashes` into sets, as in [`segmented_sum`](crate::segmented_sum). The hashes must be well mixed over all
/// 64 bits; repetition and order do not matter. The signature of the empty set is all `u32::MAX`.
///
/// The share of places in which two signatures agree ([`resemblance`]) estimates `|A ∩ B| / |A ∪ B|` with a standard
/// deviation of about `√(J·(1 − J) / places)` where sets have more elements than places.
///
/// Cost: one multiplication and one comparison for each hash, not one for each hash and place.
///
/// ```
/// use gate_kernels::{minhash, resemblance};
/// use gate_runtime::Status;
///
/// let hashes = [0x9e37_79b9_7f4a_7c15, 0x3c6e_f372_fe94_f82a, 0x9e37_79b9_7f4a_7c15, 0x3c6e_f372_fe94_f82a];
/// let mut out = [0; 32];
/// assert_eq!(minhash(&hashes, &[0, 2, 4], 16, &mut out), Status::Ok);
/// assert_eq!(resemblance(&out[..16], &out[16..]), Some(1.0));
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when `places` is 0 or above 1024, `out` has not `places` numbers for each set, or `offsets`
/// do not begin with 0, descend, or do not end with the number of hashes.
pub fn minhash(hashes: &[u64], offsets: &[u64], places: usize, out: &mut [u32]) -> Status {
    if places == 0 || places > SLOTS || !out.len().is_multiple_of(places) {
        return Status::InvalidArgument;
    }
    let sets = out.len() / places;
    if !are_offsets(offsets, sets, hashes.len()) {
        return Status::InvalidArgument;
    }
    signatures(hashes, offsets, places, out)
}

/// What the entry `minhash_u64` computes: [`minhash`] with any offsets, as far as they are within `hashes`.
pub(crate) fn signatures(hashes: &[u64], offsets: &[u64], places: usize, out: &mut [u32]) -> Status {
    if places == 0 || places > SLOTS || offsets.len().checked_sub(1) != Some(out.len() / places) {
        return Status::InvalidArgument;
    }
    let mean = hashes.len() / offsets.len() + places;
    over_pieces(out, places, per_task(mean), &Sets { hashes, offsets });
    Status::Ok
}

/// The share of places in which two signatures agree; `None` when their lengths differ or are 0.
#[must_use]
pub fn resemblance(left: &[u32], right: &[u32]) -> Option<f64> {
    if left.is_empty() || left.len() != right.len() {
        return None;
    }
    let equal = left.iter().zip(right).filter(|(left, right)| left == right).count();
    Some(equal as f64 / left.len() as f64)
}

struct Sets<'a> {
    hashes: &'a [u64],
    offsets: &'a [u64],
}

impl Pieces for Sets<'_> {
    type Out = u32;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, mut out: &mut [u32]) {
        let [first, end] = bounds(self.offsets[index], self.offsets[index + 1], self.hashes.len());
        let set = &self.hashes[first..end];
        let places = out.len();
        signature(group, set, places, &mut out);
    }
}
