//! Measures each kernel as a share of what the memory of this machine gives, and `matmul` beside BLAS crates.
//!
//! Each row is the median of several runs; what it is compared with is measured in between, so that a busy machine is busy for
//! both.
//!
//! Arguments choose rows: one is measured when its name has one of them in it.

mod cache;

use std::hint::black_box;
use std::time::Instant;

use gate_kernels::{
    BINS, Bf16, F16, axpy, bootstrap_means, compare, exclusive_sum, extremes, histogram_u8, inclusive_sum, matmul,
    minhash, rms_norm, softmax, sort_keys, sum,
};
use gate_runtime::Tolerance;
use rayon::prelude::*;

/// Elements of the large arrays: 256 MiB of `f32`, beyond every cache.
const COUNT: usize = 1 << 26;
const RUNS: usize = 15;
const PART: usize = 1 << 16;

/// Seconds of each of some functions, taken in turn: the median of several runs, because memory is shared, and what is slow or fast
/// once would decide.
fn seconds<const N: usize>(mut functions: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut taken = [[0.0; RUNS]; N];
    for run in 0..RUNS {
        for (taken, function) in taken.iter_mut().zip(&mut functions) {
            let start = Instant::now();
            function();
            taken[run] = start.elapsed().as_secs_f64();
        }
    }
    taken.map(|mut taken| {
        taken.sort_by(f64::total_cmp);
        taken[RUNS / 2]
    })
}

/// Runs a function whose result may not be left out.
fn run<R>(function: impl FnOnce() -> R) {
    let _ = black_box(function());
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

/// [`copy`] with stores that do not read first what they overwrite.
fn copy_streaming(x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(PART).zip(x.par_chunks(PART)).for_each(|(y, x)| {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_mm_loadu_ps, _mm_sfence, _mm_stream_ps};

            let head = y.as_ptr().align_offset(64).min(y.len());
            let (y_head, y) = y.split_at_mut(head);
            let (x_head, x) = x.split_at(head);
            y_head.copy_from_slice(x_head);
            let (ys, y_tail) = y.as_chunks_mut::<16>();
            let (xs, x_tail) = x.as_chunks::<16>();
            for (y, x) in ys.iter_mut().zip(xs) {
                for at in [0, 4, 8, 12] {
                    // SAFETY: both arrays have four elements from `at` on, and `y` begins at a multiple of 64 bytes.
                    unsafe { _mm_stream_ps(y.as_mut_ptr().add(at), _mm_loadu_ps(x.as_ptr().add(at))) };
                }
            }
            y_tail.copy_from_slice(x_tail);
            // SAFETY: every x86-64 has the instruction.
            unsafe { _mm_sfence() };
        }
        #[cfg(not(target_arch = "x86_64"))]
        y.copy_from_slice(x);
    });
}

/// Adds an array to another: two reads, one write.
fn add(x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(PART).zip(x.par_chunks(PART)).for_each(|(y, x)| {
        for (y, x) in y.iter_mut().zip(x) {
            *y += *x;
        }
    });
}

/// Which memory a kernel is compared with. Arrays have [`COUNT`] elements.
enum Memory {
    Read,
    /// The faster of two ways to copy.
    Copy,
    Add,
}

/// Whether the arguments ask for this row.
fn wanted(name: &str) -> bool {
    let mut arguments = std::env::args().skip(1).peekable();
    arguments.peek().is_none() || arguments.any(|argument| name.contains(&argument))
}

/// Measures a kernel that moves so many bytes.
fn row<R>(name: &str, bytes: f64, memory: &Memory, x: &[f32], z: &mut [f32], mut kernel: impl FnMut() -> R) {
    if !wanted(name) {
        return;
    }
    let z = std::cell::RefCell::new(z);
    let mut kernel = || run(&mut kernel);
    let (moved, kernel, memory) = match memory {
        Memory::Read => {
            let [kernel, memory] = seconds([&mut kernel, &mut || run(|| read(x))]);
            (1.0, kernel, memory)
        }
        Memory::Copy => {
            let mut ordinary = || copy(x, &mut z.borrow_mut());
            let mut past = || copy_streaming(x, &mut z.borrow_mut());
            let [kernel, ordinary, past] = seconds([&mut kernel, &mut ordinary, &mut past]);
            (2.0, kernel, ordinary.min(past))
        }
        Memory::Add => {
            let [kernel, memory] = seconds([&mut kernel, &mut || add(x, &mut z.borrow_mut())]);
            (3.0, kernel, memory)
        }
    };
    let (ours, theirs) = (bytes / kernel / 1e9, moved * size_of_val(x) as f64 / memory / 1e9);
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
    let z = &mut vec![0.0_f32; COUNT][..];
    let size = 4.0 * COUNT as f64;
    println!("{} threads\n", rayon::current_num_threads());
    println!("| kernel | GB/s | memory GB/s | share |\n| --- | --- | --- | --- |");

    row("`sum` f32", size, &Memory::Read, &x, z, || sum(&x));
    row("`extremes` f32", size, &Memory::Read, &x, z, || extremes(&x));
    row("`axpy` f32", 3.0 * size, &Memory::Add, &x, z, || axpy(0.5, &x, &mut y));
    row("`rms_norm` f32, 4096 columns", 2.0 * size, &Memory::Copy, &x, z, || {
        rms_norm(&x, &x[..4096], 1e-5, &mut y)
    });
    row("`softmax` f32, 4096 columns", 2.0 * size, &Memory::Copy, &x, z, || {
        softmax(&x, 4096, &mut y)
    });
    row("`exclusive_sum` f32", 2.0 * size, &Memory::Copy, &x, z, || {
        exclusive_sum(&x, &mut y)
    });
    row("`inclusive_sum` f32", 2.0 * size, &Memory::Copy, &x, z, || {
        inclusive_sum(&x, &mut y)
    });
    running_sums_of_other_types(&x, z);
    let mut keys = vec![0; COUNT];
    row("`sort_keys` f32", 2.0 * size, &Memory::Copy, &x, z, || {
        sort_keys(&x, &mut keys)
    });
    drop(keys);
    y.copy_from_slice(&x);
    row("`compare` f32, equal", 2.0 * size, &Memory::Read, &x, z, || {
        compare(&x, &y, Tolerance::EXACT)
    });
    for y in &mut y {
        *y = f32::from_bits(y.to_bits() ^ 1);
    }
    row("`compare` f32, all different", 2.0 * size, &Memory::Read, &x, z, || {
        compare(&x, &y, Tolerance::ulps(1))
    });
    let bytes: Vec<u8> = x.iter().map(|x| (x.to_bits() >> 7) as u8).collect();
    row("`histogram_u8`", size / 4.0, &Memory::Read, &x, z, || {
        histogram_u8(&bytes, &mut [0; BINS])
    });
    drop(bytes);
    let hashes: Vec<u64> = (0..COUNT as u64 / 2)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let offsets: Vec<u64> = (0..=hashes.len() as u64 / 8192).map(|i| i * 8192).collect();
    let mut signatures = vec![0; (offsets.len() - 1) * 256];
    row(
        "`minhash`, sets of 8192, 256 places",
        size,
        &Memory::Read,
        &x,
        z,
        || minhash(&hashes, &offsets, 256, &mut signatures),
    );
    drop(hashes);
    let half: Vec<F16> = x.iter().map(|x| F16::from_f32(*x)).collect();
    let mut out = half.clone();
    row("`softmax` f16, 4096 columns", size, &Memory::Copy, &x, z, || {
        softmax(&half, 4096, &mut out)
    });
    let half: Vec<Bf16> = x.iter().map(|x| Bf16::from_f32(*x)).collect();
    let mut out = half.clone();
    row("`rms_norm` bf16, 4096 columns", size, &Memory::Copy, &x, z, || {
        rms_norm(&half, &half[..4096], 1e-5, &mut out)
    });

    if wanted("bootstrap_means") {
        let data: Vec<f64> = (0..1000).map(f64::from).collect();
        let mut means = vec![0.0; 10_000];
        let [median] = seconds([&mut || run(|| bootstrap_means(&data, 1, &mut means))]);
        println!(
            "\n`bootstrap_means`, 10000 resamples of 1000: {:.2} ns for each draw\n",
            median * 100.0
        );
    }
    if wanted("matmul") {
        matmul_and_blas(&x);
    }
}

/// Arrays of half as many elements where they are twice as wide.
fn running_sums_of_other_types(x: &[f32], z: &mut [f32]) {
    let size = 4.0 * COUNT as f64;
    let singles: Vec<u32> = x.iter().map(|x| x.to_bits()).collect();
    let mut out = vec![0; COUNT];
    row("`exclusive_sum` u32", 2.0 * size, &Memory::Copy, x, z, || {
        exclusive_sum(&singles, &mut out)
    });
    drop((singles, out));
    let doubles: Vec<f64> = x.iter().take(COUNT / 2).map(|x| f64::from(*x)).collect();
    let mut out = vec![0.0; COUNT / 2];
    row("`exclusive_sum` f64", 2.0 * size, &Memory::Copy, x, z, || {
        exclusive_sum(&doubles, &mut out)
    });
    let doubles: Vec<u64> = doubles.iter().map(|x| x.to_bits()).collect();
    let mut out = vec![0; COUNT / 2];
    row("`exclusive_sum` u64", 2.0 * size, &Memory::Copy, x, z, || {
        exclusive_sum(&doubles, &mut out)
    });
}

/// [`matmul`] beside BLAS crates.
fn matmul_and_blas(x: &[f32]) {
    println!(
        "| `matmul`, n × n × n | GFLOP/s | `gemm` | `matrixmultiply` | of the better |\n| --- | --- | --- | --- | --- |"
    );
    for n in [128, 256, 512, 1024] {
        let (a, b) = (&x[..n * n], &x[n * n..2 * n * n]);
        let [mut c, mut d, mut e] = [(); 3].map(|()| vec![0.0_f32; n * n]);
        let stride = n as isize;
        let mut gemm = || {
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
        let mut ours = || run(|| matmul([n; 3], a, b, &mut c));
        let mut other = || {
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
        let [ours, first, second] = seconds([&mut ours, &mut gemm, &mut other]);
        let rate = |seconds: f64| 2.0 * (n as f64).powi(3) / seconds / 1e9;
        let (ours, first, second) = (rate(ours), rate(first), rate(second));
        println!(
            "| {n} | {ours:.0} | {first:.0} | {second:.0} | {:.0} % |",
            100.0 * ours / first.max(second)
        );
    }
}
