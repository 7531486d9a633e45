//! Signatures of sets.

use super::bootstrap::{random, scaled};
use super::group::Group;

/// What an empty set has in every place of its signature.
pub(crate) const EMPTY: u32 = u32::MAX;

/// The signature of one set of hashes, with `places` places (at most [`SLOTS`](super::group::SLOTS)).
///
/// One permutation hashing (Li, Owen and Zhang, 2012): the upper bits of a hash choose the place, its lower 32 bits are the
/// value, the smallest of which stays. A place without a hash takes over that of another, found by hashing its own
/// number with the attempt (optimal densification, Shrivastava, 2017).
#[inline(always)]
pub(crate) fn signature<G: Group>(group: &mut G, hashes: &[u64], places: usize, out: &mut G::Out<'_, u32>) {
    let count = places as u64;
    group.minima(places, hashes, |hash: u64| {
        // `EMPTY` is not a value.
        let value = hash as u32;
        (
            scaled(hash, count) as u32,
            if value == EMPTY { EMPTY - 1 } else { value },
        )
    });
    let any = !hashes.is_empty();
    group.map_table(places, out, |table, place| {
        let mut value = table.get(place).copied().unwrap_or(EMPTY);
        let mut attempt = 0_u64;
        while any && value == EMPTY {
            let other = scaled(random(place as u64, attempt), count);
            value = table.get(other as usize).copied().unwrap_or(EMPTY);
            attempt += 1;
        }
        value
    });
}
