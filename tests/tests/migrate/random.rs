//! Instants at which something is killed.

use std::time::{SystemTime, UNIX_EPOCH};

/// How many times the gate is killed.
const KILLS: &str = "CARGO_GATE_KILLS";
/// Where the instants begin: a run that failed prints it.
const SEED: &str = "CARGO_GATE_KILL_SEED";

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// The seed of this run, which is printed.
pub(crate) fn seed(kills: u64) -> u64 {
    let seed = number(SEED).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        now.as_micros() as u64 | 1
    });
    println!("{kills} kills, {SEED}={seed}");
    seed
}

pub(crate) fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

pub(crate) fn kills(usual: u64) -> u64 {
    number(KILLS).unwrap_or(usual)
}
