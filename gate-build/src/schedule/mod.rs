//! Runs compilations side by side, as many as cargo allows.

mod overlap;
mod permits;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod pipe;
mod second;
mod span;
#[cfg(test)]
mod tests;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod tokens;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

pub(crate) use self::overlap::{Begin, overlap};
use self::permits::Lent;
pub(crate) use self::permits::{Permits, Team};
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
use self::pipe::Tokens;
pub(crate) use self::second::Second;
pub(crate) use self::span::{Ran, Span, most_at_once, taken_over};
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
use self::tokens::Tokens;
use crate::env::Env;
use crate::sorted::List as _;

/// More threads than this are not started for one compilation.
const MOST_OF_A_TEAM: usize = 8;

/// Runs `work` on every task and returns the results in the order of the tasks, whatever ran first. Tasks start in
/// their order, each on the first thread that is free: none is dealt beforehand. Under cargo's jobserver the calling thread works on the token that every build script has, and each
/// further thread on one of its own; else there are at most `NUM_JOBS` threads, or as many as the machine has. A thread
/// that has nothing left to start lends its permit to the threads of compilers, and no thread does before: what compilers share out among
/// threads fills the end, where tasks of unknown length would leave some idle.
pub(crate) fn run<T: Send, R: Send>(
    env: &Env,
    permits: &Permits,
    tasks: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<Ran<R>> {
    let tasks: Vec<Mutex<Option<T>>> = tasks.into_iter().map(|task| Mutex::new(Some(task))).list();
    let results: Vec<Mutex<Option<Ran<R>>>> = tasks.iter().map(|_| Mutex::new(None)).list();
    run_each(env, permits, tasks.len(), &|at, place: Place| {
        let Some(task) = tasks[at].lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        let begin = place.started.elapsed();
        let result = work(task);
        let end = place.started.elapsed();
        let worker = place.worker;
        let span = Span { worker, begin, end };
        *results[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(Ran { result, span });
    });
    let results = results.into_iter();
    let results = results.filter_map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner));
    results.list()
}

/// Where a task runs.
struct Place {
    worker: usize,
    /// When the scheduler was called.
    started: Instant,
}

/// Calls `work` with each number below `count`. Apart from [`run`], so that it is compiled once and not for each kind of task.
fn run_each(env: &Env, permits: &Permits, count: usize, work: &(dyn Fn(usize, Place) + Sync)) {
    if count == 0 {
        return;
    }
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let drain = |worker: usize| {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                break;
            }
            // A task that panics takes the build with it, and must not leave others waiting for its end.
            let ended = Ended(permits);
            work(at, Place { worker, started });
            drop(ended);
        }
    };

    let most = most_threads(env);
    let others = most.min(count.max(team_size(env))) - 1;
    let tokens = jobserver(env).filter(|_| others > 0).map(Arc::new);
    thread::scope(|scope| {
        let asks = tokens
            .clone()
            .map(|tokens| -> Arc<dyn Fn() + Send + Sync> { Arc::new(move || tokens.request()) });
        permits.begin(count, if asks.is_some() { others } else { 0 }, asks);
        let end = End(permits, tokens.as_deref());
        for worker in 1..=others {
            let (drain, tokens) = (&drain, &tokens);
            scope.spawn(move || {
                let Some(tokens) = tokens else {
                    drain(worker);
                    permits.lend(false);
                    return;
                };
                // Waiting ends with a token, or when everything is done.
                while let Some(token) = tokens.next() {
                    permits.token_came();
                    drain(worker);
                    let lent = permits.lend(true);
                    drop(token);
                    permits.token_went();
                    if lent == Lent::Over {
                        break;
                    }
                }
            });
        }
        drain(0);
        permits.lend(false);
        drop(end);
    });
}

/// Cargo's jobserver, of which no token has been asked for yet. `None` when this process was not started under one.
fn jobserver(env: &Env) -> Option<Tokens> {
    let named = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];
    let (name, flags) = named.iter().find_map(|name| Some((name, env.variable(name)?)))?;
    // Only the environment of this process names descriptors that this process has.
    if std::env::var_os(name).as_deref() != Some(flags) {
        return None;
    }
    Tokens::of_process(flags.to_str()?)
}

/// Lets go of what asks for tokens, which keeps other threads waiting for them.
struct End<'a>(&'a Permits, Option<&'a Tokens>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
        if let Some(tokens) = self.1 {
            tokens.end();
        }
    }
}

struct Ended<'a>(&'a Permits);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.task_ended();
    }
}

/// Threads that one compilation may start, of which as many compute as there are permits. At least two: compilers give
/// the same for two and for more, and something else for one.
pub(crate) fn team_size(env: &Env) -> usize {
    most_threads(env).clamp(2, MOST_OF_A_TEAM)
}

/// Whether there may be more threads than one.
pub(crate) fn has_threads(env: &Env) -> bool {
    most_threads(env) > 1
}

fn most_threads(env: &Env) -> usize {
    env.variable("NUM_JOBS")
        .and_then(|number| number.to_str()?.parse().ok())
        .filter(|&number: &usize| number > 0)
        .or_else(|| thread::available_parallelism().ok().map(usize::from))
        .unwrap_or(1)
}
