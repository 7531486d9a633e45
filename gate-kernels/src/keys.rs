//! Sorting by keys.

use gate_runtime::Status;

use crate::body::group::BLOCK;
use crate::body::keys::{SortKey, block};
use crate::cpu::{Cpu, Pieces, over_pieces, per_task, piece};
use rayon::prelude::*;

/// `outᵢ` is the [sort key](SortKey::sort_key) of `xᵢ`: unsigned integers in the order of the numbers.
///
/// Cost: three integer operations for each element, which is read and whose key is written once, past the cache where the keys have
/// 32 MiB or more.
///
/// ```
/// use gate_kernels::sort_keys;
/// use gate_runtime::Status;
///
/// let mut keys = [0; 3];
/// assert_eq!(sort_keys(&[-1.0_f32, -0.0, 0.0], &mut keys), Status::Ok);
/// assert!(keys.is_sorted());
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when the lengths differ.
pub fn sort_keys<T: SortKey>(x: &[T], out: &mut [T::Key]) -> Status {
    if x.len() != out.len() {
        return Status::InvalidArgument;
    }
    over_pieces(out, BLOCK, per_task(BLOCK), &Blocks { x });
    Status::Ok
}

/// Writes to `order` the indices of `keys` in ascending order of key; equal keys stay in the order in which they stand.
/// On the CPU only: PTX has the keys, not the sorting.
///
/// ```
/// use gate_kernels::stable_order;
/// use gate_runtime::Status;
///
/// let mut order = [0; 3];
/// assert_eq!(stable_order(&[5_u32, 1, 5], &mut order), Status::Ok);
/// assert_eq!(order, [1, 0, 2]);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when the lengths differ or there are more than `u32::MAX` keys.
pub fn stable_order<K: Copy + Ord + Sync>(keys: &[K], order: &mut [u32]) -> Status {
    if keys.len() != order.len() || u32::try_from(keys.len()).is_err() {
        return Status::InvalidArgument;
    }
    for (index, place) in order.iter_mut().enumerate() {
        *place = index as u32;
    }
    // The index makes every key distinct: the one order there is, is the stable one.
    order.par_sort_unstable_by_key(|&index| (keys[index as usize], index));
    Status::Ok
}

struct Blocks<'a, T: SortKey> {
    x: &'a [T],
}

impl<'a, T: SortKey> Pieces for Blocks<'a, T> {
    type Out = T::Key;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, mut out: &mut [T::Key]) {
        block(group, piece(self.x, BLOCK, index), &mut out);
    }
}
