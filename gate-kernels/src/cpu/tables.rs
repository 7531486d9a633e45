//! Tables of counts and smallest values.

use crate::body::group::{LANES, SLOTS};

/// Tables that are counted into in turn: equal neighbours in the data would otherwise wait for each other's store.
const TABLES: usize = 4;

/// The table that kernels fill, and others whose counts are added to it.
pub(super) struct Tables([[u32; SLOTS]; TABLES]);

impl Tables {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self([[0; SLOTS]; TABLES])
    }

    /// The table that was filled.
    #[inline(always)]
    pub(super) fn of(&self, slots: usize) -> &[u32] {
        let [table, ..] = &self.0;
        table.get(..slots).unwrap_or(table)
    }

    #[inline(always)]
    fn clear(&mut self, slots: usize) {
        for table in &mut self.0 {
            for count in table.iter_mut().take(slots) {
                *count = 0;
            }
        }
    }

    /// Counts slots one by one.
    #[inline(always)]
    fn tally_each(&mut self, chosen: &[u32]) {
        for chosen in chosen.chunks(TABLES) {
            for (table, slot) in self.0.iter_mut().zip(chosen) {
                if let Some(count) = table.get_mut(*slot as usize) {
                    *count += 1;
                }
            }
        }
    }

    /// Counts slots where they are few neighbours: as often as there are slots, but with vectors. Says whether it did.
    #[inline(always)]
    fn tally_neighbours(&mut self, chosen: &[u32; LANES]) -> bool {
        const FEW: u32 = 4;
        let (mut least, mut most) = (u32::MAX, 0);
        for slot in chosen {
            least = least.min(*slot);
            most = most.max(*slot);
        }
        if most - least >= FEW {
            return false;
        }
        let [table, ..] = &mut self.0;
        for (slot, count) in (least..=most).zip(table.iter_mut().skip(least as usize)) {
            *count += chosen.iter().map(|chosen| u32::from(*chosen == slot)).sum::<u32>();
        }
        true
    }

    #[inline(always)]
    fn add_tables(&mut self, slots: usize) {
        let [first, others @ ..] = &mut self.0;
        for other in others {
            for (sum, count) in first.iter_mut().zip(other.iter()).take(slots) {
                *sum += count;
            }
        }
    }

    /// [`Group::tally`](crate::body::group::Group::tally).
    #[inline(always)]
    pub(super) fn tally<T: Copy>(&mut self, slots: usize, data: &[T], slot: impl Fn(T) -> u32) {
        self.clear(slots);
        let (chunks, rest) = data.as_chunks::<TABLES>();
        for chunk in chunks {
            for (table, element) in self.0.iter_mut().zip(chunk) {
                if let Some(count) = table.get_mut(slot(*element) as usize) {
                    *count += 1;
                }
            }
        }
        let [table, ..] = &mut self.0;
        for element in rest {
            if let Some(count) = table.get_mut(slot(*element) as usize) {
                *count += 1;
            }
        }
        self.add_tables(slots);
    }

    /// [`Group::tally2`](crate::body::group::Group::tally2).
    #[inline(always)]
    pub(super) fn tally2<T: Copy, U: Copy>(
        &mut self,
        slots: usize,
        left: &[T],
        right: &[U],
        slot: impl Fn(T, U) -> u32,
    ) {
        self.clear(slots);
        // Slots first: that loop is vectorised, the counting is not.
        let mut chosen = [0_u32; LANES];
        for (left, right) in left.chunks(LANES).zip(right.chunks(LANES)) {
            let count = left.len().min(right.len());
            for (chosen, (left, right)) in chosen.iter_mut().zip(left.iter().zip(right)) {
                *chosen = slot(*left, *right);
            }
            if count < LANES || !self.tally_neighbours(&chosen) {
                self.tally_each(chosen.get(..count).unwrap_or(&chosen));
            }
        }
        self.add_tables(slots);
    }

    /// [`Group::minima`](crate::body::group::Group::minima).
    #[inline(always)]
    pub(super) fn minima<T: Copy>(&mut self, slots: usize, data: &[T], entry: impl Fn(T) -> (u32, u32)) {
        let [table, ..] = &mut self.0;
        let (table, _) = table.split_at_mut(slots.min(SLOTS));
        table.fill(u32::MAX);
        for element in data {
            let (slot, value) = entry(*element);
            if let Some(least) = table.get_mut(slot as usize) {
                *least = value.min(*least);
            }
        }
    }
}
