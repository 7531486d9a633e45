//! A bounded queue of records between one writer and one reader.
//!
//! Records are words in atomics, so the queue needs no `unsafe`: with more than one writer it would hold mixed records, and
//! still none that is out of bounds or half initialised.

use super::record::{Record, WORDS};
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Own cache line, so that writer and reader do not take each other's counters away.
#[repr(align(128))]
#[derive(Debug, Default)]
struct Position(AtomicUsize);

/// A cache line of a record.
#[repr(align(64))]
#[derive(Debug)]
struct Line([AtomicU64; LINE]);

/// Words of a cache line.
const LINE: usize = WORDS / 2;

fn lines(count: usize) -> Box<[Line]> {
    let line = |_| Line(std::array::from_fn(|_| AtomicU64::new(0)));
    (0..count).map(line).collect()
}

impl Line {
    #[inline]
    fn store(&self, words: &[u64]) {
        for (place, word) in self.0.iter().zip(words) {
            place.store(*word, Ordering::Relaxed);
        }
    }
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Ring {
    /// First lines of records. Most records have no more, and these follow each other in memory: a processor sees the next
    /// one coming and takes it from the reader's cache beforehand.
    first: Box<[Line]>,
    /// Second lines, at the same places.
    second: Box<[Line]>,
    mask: usize,
    /// Number of records that were ever written.
    head: Position,
    /// Number of records that were ever read.
    tail: Position,
}

impl Ring {
    /// A queue for at least `records` records, rounded up to a power of two, at most 2²⁰.
    pub(crate) fn new(records: usize) -> Ring {
        let records = records.clamp(2, 1 << 20).next_power_of_two();
        Ring {
            first: lines(records),
            second: lines(records),
            mask: records - 1,
            head: Position::default(),
            tail: Position::default(),
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.mask + 1
    }

    fn place(&self, position: usize) -> Option<(&Line, &Line)> {
        let index = position & self.mask;
        Some((self.first.get(index)?, self.second.get(index)?))
    }

    /// Writes a record; the number of records that wait now, or `None` where there is no room. Only the ring's own thread
    /// calls this.
    #[inline]
    pub(crate) fn push(&self, record: &Record) -> Option<usize> {
        let head = self.head.0.load(Ordering::Relaxed);
        let waiting = head.wrapping_sub(self.tail.0.load(Ordering::Acquire));
        if waiting > self.mask {
            return None;
        }
        let (first, second) = self.place(head)?;
        let (short, rest) = record.lines();
        first.store(short);
        if let Some(rest) = rest {
            second.store(rest);
        }
        self.head.0.store(head.wrapping_add(1), Ordering::Release);
        Some(waiting + 1)
    }

    /// Takes the oldest record; behind the words that it uses are those of an earlier one. Only the reader calls this.
    pub(crate) fn pop(&self) -> Option<Record> {
        let tail = self.tail.0.load(Ordering::Relaxed);
        if tail == self.head.0.load(Ordering::Acquire) {
            return None;
        }
        let mut record = Record([0; WORDS]);
        let (Line(first), Line(second)) = self.place(tail)?;
        for (word, place) in record.0.iter_mut().zip(first.iter().chain(second)) {
            *word = place.load(Ordering::Relaxed);
        }
        self.tail.0.store(tail.wrapping_add(1), Ordering::Release);
        Some(record)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tail.0.load(Ordering::Acquire) == self.head.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64) -> Record {
        // All bits of the flags are set, so that all words count.
        let mut words = [number; WORDS];
        words[4] = u64::MAX;
        Record(words)
    }

    #[test]
    fn a_full_ring_takes_nothing_and_loses_nothing() {
        let ring = Ring::new(3);
        assert_eq!(ring.capacity(), 4);
        for round in 0..3 {
            for i in 0..4 {
                assert_eq!(ring.push(&record(round * 10 + i)), Some(i as usize + 1));
            }
            assert_eq!(ring.push(&record(99)), None);
            for i in 0..4 {
                assert_eq!(ring.pop().map(|record| record.0), Some(record(round * 10 + i).0));
            }
            assert!(ring.pop().is_none() && ring.is_empty());
        }
    }

    #[test]
    fn records_cross_threads_whole_and_in_order() {
        let ring = Ring::new(8);
        let count = 20_000;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..count {
                    while ring.push(&record(number)).is_none() {
                        std::thread::yield_now();
                    }
                }
            });
            for number in 0..count {
                let taken = loop {
                    match ring.pop() {
                        Some(record) => break record,
                        None => std::thread::yield_now(),
                    }
                };
                assert_eq!(taken.0, record(number).0);
            }
        });
        assert!(ring.is_empty());
    }
}
