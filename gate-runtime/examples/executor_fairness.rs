//! How long jobs of modest tenants wait beside one that floods its queue, in multiples of their fair share.
//!
//! ```console
//! cargo run --release --example executor_fairness --package cargo-gate-runtime
//! ```
//!
//! One worker, four tenants of weight 1, jobs of equal work. `flood` keeps 256 jobs waiting; each of the others has one
//! job at a time and submits the next when it has ended. A fair share is a quarter of the worker: a job that takes `s`
//! has ended `4 s` after it was submitted. The same load in one queue, first come first served, stands beside it.
//! Time is measured, and also counted in jobs that ended meanwhile, which no other load on the machine disturbs.

use std::collections::VecDeque;
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use gate_runtime::executor::{Executor, Load, TenantConfig, TenantId, Ticket};

const TENANTS: u64 = 4;
/// Jobs that each modest tenant has done, with shares and in the shared queue, where one takes as long as 256.
const JOBS: [usize; 2] = [1_000, 100];
const DEPTH: usize = 256;

/// About a fifth of a millisecond of work that the compiler cannot leave out.
fn work() -> u64 {
    (0..100_000_u64).fold(1, |sum, number| {
        black_box(sum ^ number).rotate_left(7).wrapping_mul(0x9e37_79b9)
    })
}

struct Waits {
    /// Nanoseconds from submission to end.
    time: Vec<u64>,
    /// Jobs of any tenant that ended from submission to end, this one included.
    jobs: Vec<u64>,
}

fn p99(values: &mut [u64]) -> f64 {
    values.sort_unstable();
    values.get(values.len() * 99 / 100).copied().unwrap_or(0) as f64
}

/// Returns what the three modest tenants saw.
fn contend(
    executor: &Executor,
    flood: TenantId,
    modest: &[TenantId],
    jobs: usize,
) -> Result<Waits, Box<dyn Error + Send + Sync>> {
    let (ended, stop) = (Arc::new(AtomicU64::new(0)), AtomicBool::new(false));
    let mut waits = Waits {
        time: Vec::new(),
        jobs: Vec::new(),
    };
    std::thread::scope(|scope| -> Result<(), Box<dyn Error + Send + Sync>> {
        scope.spawn(|| {
            let mut waiting = VecDeque::with_capacity(DEPTH + 1);
            while !stop.load(Ordering::Relaxed) {
                let count = Arc::clone(&ended);
                let job = executor.submit(flood, Load::cost(1), move |_| {
                    black_box(work());
                    count.fetch_add(1, Ordering::Relaxed);
                });
                match job {
                    Ok(ticket) => waiting.push_back(ticket),
                    // The queue is full, as it should be. Sleeps until there is room: a thread that asks again and again
                    // would take a processor from the worker.
                    Err(_) => drop(waiting.pop_front().map(Ticket::wait)),
                }
            }
        });
        let watchers: Vec<_> = modest
            .iter()
            .map(|tenant| {
                scope.spawn(|| -> Result<Waits, Box<dyn Error + Send + Sync>> {
                    let mut waits = Waits {
                        time: Vec::new(),
                        jobs: Vec::new(),
                    };
                    while waits.time.len() < jobs {
                        let (start, before) = (Instant::now(), ended.load(Ordering::Relaxed));
                        let count = Arc::clone(&ended);
                        let job = executor.submit(*tenant, Load::cost(1), move |_| {
                            black_box(work());
                            (Instant::now(), count.fetch_add(1, Ordering::Relaxed) + 1)
                        });
                        // In the shared queue there may be no place: that is waiting as well.
                        let Ok(ticket) = job else {
                            std::thread::yield_now();
                            continue;
                        };
                        let (end, after) = ticket.wait()?;
                        waits.time.push((end - start).as_nanos() as u64);
                        waits.jobs.push(after - before);
                    }
                    Ok(waits)
                })
            })
            .collect();
        for watcher in watchers {
            let seen = watcher.join().map_err(|_| "a watcher panicked")??;
            waits.time.extend(seen.time);
            waits.jobs.extend(seen.jobs);
        }
        stop.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    Ok(waits)
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut builder = Executor::builder(1);
    let flood = builder.tenant(TenantConfig::new("flood").queue_jobs(DEPTH))?;
    let mut modest = Vec::new();
    for number in 1..TENANTS {
        modest.push(builder.tenant(TenantConfig::new(&format!("modest-{number}")))?);
    }
    let shares = report(&builder.build()?, flood, &modest, JOBS[0])?;

    let mut builder = Executor::builder(1);
    let all = builder.tenant(TenantConfig::new("everybody").queue_jobs(DEPTH))?;
    let one_queue = report(&builder.build()?, all, &[all; TENANTS as usize - 1], JOBS[1])?;

    let mut out = io::stdout().lock();
    writeln!(out, "weighted fair shares: {shares}")?;
    writeln!(out, "one queue for all: {one_queue}")?;
    Ok(())
}

fn report(
    executor: &Executor,
    flood: TenantId,
    modest: &[TenantId],
    jobs: usize,
) -> Result<String, Box<dyn Error + Send + Sync>> {
    let start = Instant::now();
    let mut waits = contend(executor, flood, modest, jobs)?;
    let elapsed = start.elapsed().as_nanos() as f64;
    let ended: u64 = executor
        .report()
        .tenants
        .iter()
        .map(|tenant| tenant.counters.completed)
        .sum();
    // What a job took in this run, with whatever else the machine had to do.
    let service = elapsed / ended.max(1) as f64;
    let fair = service * TENANTS as f64;
    let (jobs, p99_time) = (p99(&mut waits.jobs), p99(&mut waits.time));
    let median = waits.time.get(waits.time.len() / 2).copied().unwrap_or(0) as f64;
    Ok(format!(
        "a job takes {:.3} ms; in fair shares, p99 is {:.2} counted in jobs and {:.2} in time, the median {:.2} in time",
        service / 1e6,
        jobs / TENANTS as f64,
        p99_time / fair,
        median / fair
    ))
}
