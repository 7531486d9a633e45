//! How often each byte occurs.

use super::group::Group;

/// Counters: one for each value of a byte.
pub(crate) const BYTES: usize = 256;

/// The counts of one block.
#[inline(always)]
pub(crate) fn block<G: Group>(group: &mut G, data: &[u8], out: &mut G::Out<'_, u32>) {
    group.tally(BYTES, data, u32::from);
    group.map_table(BYTES, out, count);
}

/// The count in a slot.
#[inline(always)]
pub(crate) fn count(table: &[u32], slot: usize) -> u32 {
    table.get(slot).copied().unwrap_or(0)
}
