//! Measures the error of the kernels' exponential function over every `f32` that it is for: all that are not positive, and every
//! NaN. Ends with 1 when it is larger than documented. Takes a minute of processor time.
//!
//! ```text
//! cargo run --release --package cargo-gate-kernels --example exhaustive_exp
//! ```

#![allow(clippy::print_stdout, reason = "a program prints its findings")]

mod error;

use std::process::ExitCode;

use error::Error;
use rayon::prelude::*;

fn main() -> ExitCode {
    const PART: u32 = 1 << 20;
    // All negative numbers and NaNs lie in the upper half of the bits; the positive NaNs are the last of the lower half, and
    // positive zero its first.
    let upper = (0..(1_u64 << 31) / u64::from(PART)).map(|part| (1 << 31) + part as u32 * PART);
    let negative = upper
        .collect::<Vec<u32>>()
        .into_par_iter()
        .map(|first| Error::largest(first..=first + (PART - 1)))
        .reduce_with(Error::larger);
    let positive = Error::largest(std::iter::once(0).chain(0x7f80_0001..=0x7fff_ffff));
    let Some(largest) = negative.map(|negative| negative.larger(positive)) else {
        println!("nothing was measured");
        return ExitCode::FAILURE;
    };
    println!(
        "largest error: {:.4} units in the last place, at {:e}",
        largest.ulps, largest.at
    );
    if largest.ulps < 0.95 {
        ExitCode::SUCCESS
    } else {
        println!("the documentation says 0.95");
        ExitCode::FAILURE
    }
}
