//! What a guarded launch costs over the bare function, and how it scales with threads.
//!
//! `cargo run --release --locked --package cargo-gate-runtime --example launch_overhead -- 15`
//!
//! The argument is the number of rounds; the bare function, the guarded launch without a log, and the one with a log take
//! turns in each, and medians are printed. The log goes to a file in the temporary directory.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use gate_runtime::decision_log::DecisionLog;
use gate_runtime::{Arg, Contract, DType, Dim, Kernel, KernelSpec, Param, Runtime, Scalar, Status, View, ViewMut};

static AXPY: Contract = Contract::new(
    "axpy_f32",
    &[
        Param::scalar(DType::F32),
        Param::input(DType::F32, &[Dim::Same(0)]),
        Param::in_out(DType::F32, &[Dim::Same(0)]),
    ],
);

/// `y := a x + y`
fn axpy(args: &mut [Arg<'_>]) -> Status {
    let [
        Arg::Scalar(Scalar::F32(a)),
        Arg::Input(View::F32(x), _),
        Arg::InOut(ViewMut::F32(y), _),
    ] = args
    else {
        return Status::InvalidArgument;
    };
    for (y, x) in y.iter_mut().zip(*x) {
        *y += *a * *x;
    }
    Status::Ok
}

const SPEC: KernelSpec = KernelSpec {
    contract: &AXPY,
    cpu: axpy,
    variants: &[],
};

/// Calls of one measurement. With a log they stay within the ring, as calls of a program do that does something else in between.
const CALLS: usize = 4096;

fn bare(calls: usize) -> Duration {
    let x = [1.0_f32; 16];
    let mut y = [0.0_f32; 16];
    let start = Instant::now();
    for _ in 0..calls {
        let mut args = [Arg::scalar(black_box(2.0_f32)), Arg::input(&x), Arg::in_out(&mut y)];
        black_box(black_box(axpy as gate_runtime::CpuFn)(&mut args).is_ok());
    }
    start.elapsed()
}

fn guarded(kernel: &Kernel, calls: usize) -> Duration {
    let x = [1.0_f32; 16];
    let mut y = [0.0_f32; 16];
    let start = Instant::now();
    for _ in 0..calls {
        let mut args = [Arg::scalar(black_box(2.0_f32)), Arg::input(&x), Arg::in_out(&mut y)];
        black_box(kernel.launch(&mut args).is_ok());
    }
    start.elapsed()
}

fn clock(calls: usize) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box((Instant::now(), Instant::now()));
    }
    start.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn per_call(duration: Duration, calls: usize) -> f64 {
    duration.as_nanos() as f64 / calls as f64
}

/// Nanoseconds per call with so many threads at once: the median of short pieces, so that being put off the processor by other
/// programs does not count, and of these the slowest thread's.
fn threads(count: usize, work: impl Fn(usize) -> Duration + Sync) -> f64 {
    let pieces = || median((0..64).map(|_| per_call(work(CALLS), CALLS)).collect());
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..count).map(|_| scope.spawn(pieces)).collect();
        let joined = started.into_iter().map(|thread| thread.join().unwrap_or(f64::NAN));
        joined.fold(0.0, f64::max)
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds: usize = std::env::args().nth(1).map_or(Ok(15), |rounds| rounds.parse())?;
    let path = std::env::temp_dir().join(format!("gate-launch-overhead-{}.jsonl", std::process::id()));
    let log = DecisionLog::to_file(&path).ring_records(2 * CALLS).rotate(1 << 24, 0);
    let logged = Runtime::builder().cpu_only().decision_log(log).build()?;
    let plain = Runtime::builder().cpu_only().build()?;
    let (with_log, without) = (logged.register(SPEC)?, plain.register(SPEC)?);

    let mut figures: [Vec<f64>; 5] = Default::default();
    for _ in 0..rounds {
        for _ in 0..8 {
            figures[0].push(per_call(bare(CALLS), CALLS));
            figures[1].push(per_call(clock(CALLS), CALLS));
            figures[2].push(per_call(guarded(&without, CALLS), CALLS));
            // Emptied before the clock starts: what is measured is handing records over, not a disk.
            logged.flush()?;
            let start = Instant::now();
            figures[3].push(per_call(guarded(&with_log, CALLS), CALLS));
            logged.flush()?;
            figures[4].push(per_call(start.elapsed(), CALLS));
        }
    }
    let [bare_ns, clock_ns, plain_ns, logged_ns, written_ns] = figures.map(median);
    println!("bare function                 {bare_ns:7.1} ns");
    println!("two readings of the clock     {clock_ns:7.1} ns");
    println!(
        "guarded, stats                {plain_ns:7.1} ns, {:+.1} over the bare function",
        plain_ns - bare_ns
    );
    println!(
        "guarded, stats, decision log  {logged_ns:7.1} ns, {:+.1} over the bare function",
        logged_ns - bare_ns
    );
    println!("until the line is in the file {written_ns:7.1} ns, calls and writer together");
    let dropped = logged.stats().decision_log.dropped;
    println!("records dropped               {dropped:7}");

    let cores = std::thread::available_parallelism()?.get();
    let mut count = 1;
    while count <= cores {
        let scaled: Vec<[f64; 2]> = (0..rounds)
            .map(|_| {
                let guarded = threads(count, |calls| guarded(&without, calls));
                [guarded, threads(count, bare)]
            })
            .collect();
        let [guarded_ns, bare_ns] = [0, 1].map(|which| median(scaled.iter().map(|pair| pair[which]).collect()));
        println!(
            "{count:3} threads at once           {guarded_ns:7.1} ns guarded, {bare_ns:.1} bare, per call and thread"
        );
        count *= 2;
    }
    drop((logged, with_log));
    std::fs::remove_file(&path)?;
    Ok(())
}
