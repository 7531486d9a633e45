//! What an element costs where memory plays no part: arrays that stay in the second cache, one thread.

use std::hint::black_box;
use std::time::Instant;

use gate_kernels::{BINS, Bf16, F16, compare, exclusive_sum, extremes, histogram_u8, minhash, rms_norm, softmax, sum};
use gate_runtime::Tolerance;

/// Elements: what one task of the thread pool has, so that the calling thread does all of it.
const COUNT: usize = 1 << 16;
const RUNS: usize = 1000;

fn row<R>(name: &str, mut kernel: impl FnMut() -> R) {
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        black_box(kernel());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("| {name} | {:.3} |", best * 1e9 / COUNT as f64);
}

/// Prints a table of nanoseconds for each element.
pub(crate) fn print(x: &[f32]) {
    let x = &x[..COUNT];
    let mut y = x.to_vec();
    println!("\n| in the cache, one thread | ns for each element |\n| --- | --- |");
    row("`sum` f32", || sum(x));
    row("`extremes` f32", || extremes(x));
    row("`rms_norm` f32", || rms_norm(x, &x[..4096], 1e-5, &mut y));
    row("`softmax` f32", || softmax(x, 4096, &mut y));
    row("`exclusive_sum` f32", || exclusive_sum(x, &mut y));
    y.copy_from_slice(x);
    row("`compare` f32, equal", || compare(x, &y, Tolerance::EXACT));
    for y in &mut y {
        *y = f32::from_bits(y.to_bits() ^ 1);
    }
    row("`compare` f32, all different", || compare(x, &y, Tolerance::ulps(1)));
    let bytes: Vec<u8> = x.iter().map(|x| (x.to_bits() >> 7) as u8).collect();
    row("`histogram_u8`", || histogram_u8(&bytes, &mut [0; BINS]));
    let hashes: Vec<u64> = (0..COUNT as u64)
        .map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let offsets: Vec<u64> = (0..=COUNT as u64).step_by(8192).collect();
    let mut signatures = vec![0; (offsets.len() - 1) * 256];
    row("`minhash`, sets of 8192, 256 places", || {
        minhash(&hashes, &offsets, 256, &mut signatures)
    });
    let half: Vec<F16> = x.iter().map(|x| F16::from_f32(*x)).collect();
    let mut out = half.clone();
    row("`softmax` f16", || softmax(&half, 4096, &mut out));
    let half: Vec<Bf16> = x.iter().map(|x| Bf16::from_f32(*x)).collect();
    let mut out = half.clone();
    row("`softmax` bf16", || softmax(&half, 4096, &mut out));
    row("`rms_norm` bf16", || rms_norm(&half, &half[..4096], 1e-5, &mut out));
}
