//! What stands before each of many numbers that become known one after the other.

use crate::body::element::Summand;
use crate::body::group::LANES;
use crate::body::scan::RUN;

/// Rounds in which lanes are combined: `log₂` of their number.
const ROUNDS: usize = LANES.ilog2() as usize;

/// Running sums without the number itself, with the additions of [`exclusive_sum`](crate::exclusive_sum) in its order: a running sum depends on
/// nothing behind it, so all that must be kept are the lanes of the block that is not complete yet. Blocks of blocks are the same one level up.
pub(super) struct Chain<T> {
    levels: Vec<Level<T>>,
}

struct Level<T> {
    /// What each lane of the block had before and after each round.
    lanes: Vec<[T; ROUNDS + 1]>,
    /// What stands before the block.
    start: T,
    /// How many numbers the run has so far, and their sum.
    count: usize,
    run: T,
    /// What stands before the next number.
    sum: T,
}

impl<T: Summand> Level<T> {
    fn new() -> Self {
        Self {
            lanes: Vec::with_capacity(LANES),
            start: T::ZERO,
            count: 0,
            run: T::NOTHING,
            sum: T::ZERO.plus(T::NOTHING),
        }
    }

    /// Takes the next number. Gives the total of the block when it is the last of one.
    fn take(&mut self, value: T) -> Option<T> {
        self.sum = self.sum.plus(value);
        self.run = self.run.plus(value);
        self.count += 1;
        if self.count < RUN {
            return None;
        }
        // A lane is complete. Round `r` adds what lies 2ʳ lanes before, as that is after the round before.
        let mut rounds = [self.run; ROUNDS + 1];
        let mut sum = self.run;
        for (round, place) in rounds.iter_mut().skip(1).enumerate() {
            let earlier = self.lanes.len().checked_sub(1 << round);
            let earlier = earlier.and_then(|lane| self.lanes.get(lane)?.get(round));
            if let Some(earlier) = earlier {
                sum = earlier.plus(sum);
            }
            *place = sum;
        }
        self.lanes.push(rounds);
        self.begin_run(sum);
        (self.lanes.len() == LANES).then_some(sum)
    }

    fn begin_run(&mut self, before: T) {
        self.count = 0;
        self.run = T::NOTHING;
        self.sum = self.start.plus(before);
    }

    /// Goes on with the next block.
    fn begin_block(&mut self, start: T) {
        self.lanes.clear();
        self.start = start;
        self.begin_run(T::NOTHING);
    }
}

impl<T: Summand> Chain<T> {
    pub(super) fn new() -> Self {
        Self {
            levels: vec![Level::new()],
        }
    }

    /// What stands before the next number.
    pub(super) fn before(&self) -> T {
        self.levels.first().map_or(T::ZERO, |level| level.sum)
    }

    /// Takes the next number.
    pub(super) fn take(&mut self, value: T) {
        let mut value = value;
        let mut complete = 0;
        // The total of a complete block is a number of the level above.
        while let Some(total) = self.levels.get_mut(complete).and_then(|level| level.take(value)) {
            value = total;
            complete += 1;
            if self.levels.len() == complete {
                self.levels.push(Level::new());
            }
        }
        let mut start = self.levels.get(complete).map_or(T::ZERO, |level| level.sum);
        for level in self.levels.iter_mut().take(complete).rev() {
            level.begin_block(start);
            start = level.sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_blocks_are_counted_on() {
        let mut chain = Chain::new();
        for before in 0..(2 * LANES * RUN + 3) as u32 {
            assert_eq!(chain.before(), before);
            chain.take(1_u32);
        }
        assert_eq!(chain.levels.len(), 2);
    }
}
