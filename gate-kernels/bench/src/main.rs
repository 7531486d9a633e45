//! Measures each kernel as a share of what the memory of this machine gives, and `matmul` beside BLAS crates.
//!
//! Each row is the best of several runs; what it is compared with is measured in between, so that a busy machine is busy for
//! both.
//!
//! Arguments choose rows: one is measured when its name has one of them in it.

mod cache;

use std::hint::black_box;
use std::time::Instant;

use gate_kernels::{
    BINS, Bf16, F16, axpy, bootstrap_means, compare, exclusive_sum, extremes, histogram_u8, matmul, minhash, rms_norm,
    softmax, sort_keys, sum,
};
use gate_runtime::Tolerance;
use rayon::prelude::*;

/// Elements of the large arrays: 256 MiB of `f32`, beyond every cache.
const COUNT: usize = 1 << 26;
const RUNS: usize = 9;
const PART: usize = 1 << 16;

/// Seconds of the fastest of several runs of each of two functions, taken in turn.
fn fastest<A, B>(mut first: impl FnMut() -> A, mut second: impl FnMut() -> B) -> (f64, f64) {
    let mut best = (f64::MAX, f64::MAX);
    for _ in 0..RUNS {
        let start = Instant::now();
        black_box(first());
        best.0 = best.0.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        black_box(second());
        best.1 = best.1.min(start.elapsed().as_secs_f64());
    }
    best
}

/// Reads an array: what a sum costs at least.
fn read(x: &[f32]) -> u32 {
    let part = |x: &[f32]| {
        let mut lanes = [0_u32; 64];
        let (chunks, _) = x.as_chunks::<64>();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane ^= value.to_bits();
            }
        }
        lanes.into_iter().fold(0, |a, b| a ^ b)
    };
    x.par_chunks(PART).map(part).reduce(|| 0, |a, b| a ^ b)
}

/// Copies an array: one read, one write.
fn copy(x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(PART)
        .zip(x.par_chunks(PART))
        .for_each(|(y, x)| y.copy_from_slice(x));
}

/// Adds an array to another: two reads, one write.
fn add(x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(PART).zip(x.par_chunks(PART)).for_each(|(y, x)| {
        for (y, x) in y.iter_mut().zip(x) {
            *y += *x;
        }
    });
}

/// Whether the arguments ask for this row.
fn wanted(name: &str) -> bool {
    let mut arguments = std::env::args().skip(1).peekable();
    arguments.peek().is_none() || arguments.any(|argument| name.contains(&argument))
}

fn row(name: &str, bytes: f64, kernel: f64, memory_bytes: f64, memory: f64) {
    let (ours, theirs) = (bytes / kernel / 1e9, memory_bytes / memory / 1e9);
    println!("| {name} | {ours:.1} | {theirs:.1} | {:.0} % |", 100.0 * ours / theirs);
}

fn main() {
    let x: Vec<f32> = (0..COUNT as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0)
        .collect();
    if wanted("cache") {
        cache::print(&x);
    }
    let mut y = x.clone();
    let mut z = vec![0.0_f32; COUNT];
    let size = 4.0 * COUNT as f64;
    println!("{} threads\n", rayon::current_num_threads());
    println!("| kernel | GB/s | memory GB/s | share |\n| --- | --- | --- | --- |");

    let name = "`sum` f32";
    if wanted(name) {
        let (k, m) = fastest(|| sum(&x), || read(&x));
        row(name, size, k, size, m);
    }
    let name = "`extremes` f32";
    if wanted(name) {
        let (k, m) = fastest(|| extremes(&x), || read(&x));
        row(name, size, k, size, m);
    }
    let name = "`axpy` f32";
    if wanted(name) {
        let (k, m) = fastest(|| axpy(0.5, &x, &mut y), || add(&x, &mut z));
        row(name, 3.0 * size, k, 3.0 * size, m);
    }
    let name = "`rms_norm` f32, 4096 columns";
    if wanted(name) {
        let (k, m) = fastest(|| rms_norm(&x, &x[..4096], 1e-5, &mut y), || copy(&x, &mut z));
        row(name, 2.0 * size, k, 2.0 * size, m);
    }
    let name = "`softmax` f32, 4096 columns";
    if wanted(name) {
        let (k, m) = fastest(|| softmax(&x, 4096, &mut y), || copy(&x, &mut z));
        row(name, 2.0 * size, k, 2.0 * size, m);
    }
    let name = "`exclusive_sum` f32";
    if wanted(name) {
        let (k, m) = fastest(|| exclusive_sum(&x, &mut y), || add(&x, &mut z));
        row(name, 3.0 * size, k, 3.0 * size, m);
    }
    let mut keys = vec![0; COUNT];
    let name = "`sort_keys` f32";
    if wanted(name) {
        let (k, m) = fastest(|| sort_keys(&x, &mut keys), || copy(&x, &mut z));
        row(name, 2.0 * size, k, 2.0 * size, m);
    }
    drop(keys);
    y.copy_from_slice(&x);
    let name = "`compare` f32, equal";
    if wanted(name) {
        let (k, m) = fastest(|| compare(&x, &y, Tolerance::EXACT), || read(&x));
        row(name, 2.0 * size, k, size, m);
    }
    for y in &mut y {
        *y = f32::from_bits(y.to_bits() ^ 1);
    }
    let name = "`compare` f32, all different";
    if wanted(name) {
        let (k, m) = fastest(|| compare(&x, &y, Tolerance::ulps(1)), || read(&x));
        row(name, 2.0 * size, k, size, m);
    }
    let bytes: Vec<u8> = x.iter().map(|x| (x.to_bits() >> 7) as u8).collect();
    let name = "`histogram_u8`";
    if wanted(name) {
        let (k, m) = fastest(|| histogram_u8(&bytes, &mut [0; BINS]), || read(&x));
        row(name, size / 4.0, k, size, m);
    }
    let hashes: Vec<u64> = (0..COUNT as u64 / 2)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let offsets: Vec<u64> = (0..=hashes.len() as u64 / 8192).map(|i| i * 8192).collect();
    let mut signatures = vec![0; (offsets.len() - 1) * 256];
    let name = "`minhash`, sets of 8192, 256 places";
    if wanted(name) {
        let (k, m) = fastest(|| minhash(&hashes, &offsets, 256, &mut signatures), || read(&x));
        row(name, size, k, size, m);
    }
    drop(hashes);
    let half: Vec<F16> = x.iter().map(|x| F16::from_f32(*x)).collect();
    let mut out = half.clone();
    let name = "`softmax` f16, 4096 columns";
    if wanted(name) {
        let (k, m) = fastest(|| softmax(&half, 4096, &mut out), || copy(&x, &mut z));
        row(name, size, k, 2.0 * size, m);
    }
    let half: Vec<Bf16> = x.iter().map(|x| Bf16::from_f32(*x)).collect();
    let mut out = half.clone();
    let name = "`rms_norm` bf16, 4096 columns";
    if wanted(name) {
        let (k, m) = fastest(|| rms_norm(&half, &half[..4096], 1e-5, &mut out), || copy(&x, &mut z));
        row(name, size, k, 2.0 * size, m);
    }

    let data: Vec<f64> = (0..1000).map(f64::from).collect();
    let mut means = vec![0.0; 10_000];
    if wanted("bootstrap_means") {
        let (k, _) = fastest(|| bootstrap_means(&data, 1, &mut means), || ());
        println!(
            "\n`bootstrap_means`, 10000 resamples of 1000: {:.2} ns for each draw\n",
            k * 100.0
        );
    }
    if !wanted("matmul") {
        return;
    }

    println!(
        "| `matmul`, n × n × n | GFLOP/s | `gemm` | `matrixmultiply` | of the better |\n| --- | --- | --- | --- | --- |"
    );
    for n in [128, 256, 512, 1024] {
        let (a, b) = (&x[..n * n], &x[n * n..2 * n * n]);
        let [mut c, mut d, mut e] = [(); 3].map(|()| vec![0.0_f32; n * n]);
        let stride = n as isize;
        let gemm = || {
            // SAFETY: all three are n × n, row by row.
            unsafe {
                gemm::gemm(
                    n,
                    n,
                    n,
                    d.as_mut_ptr(),
                    1,
                    stride,
                    false,
                    a.as_ptr(),
                    1,
                    stride,
                    b.as_ptr(),
                    1,
                    stride,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm::Parallelism::Rayon(0),
                );
            }
        };
        let (ours, first) = fastest(|| matmul([n; 3], a, b, &mut c), gemm);
        let other = || {
            // SAFETY: as above.
            unsafe {
                matrixmultiply::sgemm(
                    n,
                    n,
                    n,
                    1.0,
                    a.as_ptr(),
                    stride,
                    1,
                    b.as_ptr(),
                    stride,
                    1,
                    0.0,
                    e.as_mut_ptr(),
                    stride,
                    1,
                );
            }
        };
        let (again, second) = fastest(|| matmul([n; 3], a, b, &mut c), other);
        let rate = |seconds: f64| 2.0 * (n as f64).powi(3) / seconds / 1e9;
        let (ours, first, second) = (rate(ours.min(again)), rate(first), rate(second));
        println!(
            "| {n} | {ours:.0} | {first:.0} | {second:.0} | {:.0} % |",
            100.0 * ours / first.max(second)
        );
    }
}
