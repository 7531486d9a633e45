//! From the thread that dispatches to the thread that writes: fixed-size records in one ring per thread.
//!
//! A dispatch writes its record into the ring of its own thread and never waits: where the ring is full, the record is
//! counted instead. Counters and latencies are kept apart from the ring, so that they are complete whatever happens to
//! records.

mod lane;
mod record;
mod ring;

pub(crate) use lane::{Drops, Lanes, Shards, with_shard};
pub(crate) use record::{Entry, Record};
pub(crate) use ring::Ring;
