//! Runs compilations side by side, as many as cargo allows.

mod overlap;
mod permits;
mod second;
mod span;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

pub(crate) use self::overlap::{Begin, overlap};
use self::permits::Lent;
pub(crate) use self::permits::{Permits, Team};
pub(crate) use self::second::Second;
pub(crate) use self::span::{Ran, Span, most_at_once, taken_over};
use crate::env::Env;

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
    let count = tasks.len();
    if count == 0 {
        return Vec::new();
    }
    let queue: Mutex<VecDeque<(usize, T)>> = Mutex::new(tasks.into_iter().enumerate().collect());
    let results: Mutex<Vec<(usize, Ran<R>)>> = Mutex::new(Vec::with_capacity(count));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let started = Instant::now();
    let drain = |worker: usize| {
        loop {
            let Some((at, task)) = next() else { break };
            // A task that panics takes the build with it, and must not leave others waiting for its end.
            let ended = Ended(permits);
            let begin = started.elapsed();
            let result = work(task);
            let end = started.elapsed();
            let span = Span { worker, begin, end };
            results
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((at, Ran { result, span }));
            drop(ended);
        }
    };

    let most = most_threads(env);
    let others = most.min(count.max(team_size(env))) - 1;
    thread::scope(|scope| match tokens::jobserver(env).filter(|_| others > 0) {
        Some((tokens, helper)) => {
            let helper = Arc::new(helper);
            let asks = Arc::clone(&helper);
            permits.begin(count, others, Some(Arc::new(move || asks.request_token())));
            let end = End(permits);
            let tokens = Arc::new(Mutex::new(tokens));
            for worker in 1..=others {
                let tokens = Arc::clone(&tokens);
                let drain = &drain;
                // Waiting ends with a token, or when everything is done and the helper is gone.
                scope.spawn(move || {
                    let next = || tokens.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    while let Ok(token) = next() {
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
            drop(helper);
        }
        None => {
            permits.begin(count, 0, None);
            let drain = &drain;
            for worker in 1..=others {
                scope.spawn(move || {
                    drain(worker);
                    permits.lend(false);
                });
            }
            drain(0);
            permits.lend(false);
        }
    });

    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, ran)| ran).collect()
}

/// Lets go of what asks for tokens, which keeps other threads waiting for them.
struct End<'a>(&'a Permits);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
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
