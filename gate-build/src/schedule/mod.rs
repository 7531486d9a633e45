//! Runs compilations side by side, as many as cargo allows.

mod permits;
mod tokens;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use self::permits::Lent;
pub(crate) use self::permits::{Permits, Team};
use crate::env::Env;

/// More threads than this are not started for one compilation.
const MOST_OF_A_TEAM: usize = 8;

/// Runs `work` on every task and returns the results in the order of the tasks, whatever ran first. Tasks start in
/// their order. Under cargo's jobserver the calling thread works on the token that every build script has, and each
/// further thread on one of its own; else there are at most `NUM_JOBS` threads, or as many as the machine has. A thread
/// that has nothing left to start lends its permit to the threads of compilers.
pub(crate) fn run<T: Send, R: Send>(
    env: &Env,
    permits: &Permits,
    tasks: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let count = tasks.len();
    if count == 0 {
        return Vec::new();
    }
    let queue: Mutex<VecDeque<(usize, T)>> = Mutex::new(tasks.into_iter().enumerate().collect());
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(count));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let drain = || {
        loop {
            permits.lend_first();
            let Some((at, task)) = next() else { break };
            // A task that panics takes the build with it, and must not leave others waiting for its end.
            let ended = Ended(permits);
            let result = work(task);
            results
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((at, result));
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
            for _ in 0..others {
                let tokens = Arc::clone(&tokens);
                let drain = &drain;
                // Waiting ends with a token, or when everything is done and the helper is gone.
                scope.spawn(move || {
                    let next = || tokens.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    while let Ok(token) = next() {
                        permits.token_came();
                        drain();
                        let lent = permits.lend(true);
                        drop(token);
                        permits.token_went();
                        if lent == Lent::Over {
                            break;
                        }
                    }
                });
            }
            drain();
            permits.lend(false);
            drop(end);
            drop(helper);
        }
        None => {
            permits.begin(count, 0, None);
            let drain = &drain;
            for _ in 0..others {
                scope.spawn(move || {
                    drain();
                    permits.lend(false);
                });
            }
            drain();
            permits.lend(false);
        }
    });

    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
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

fn most_threads(env: &Env) -> usize {
    env.variable("NUM_JOBS")
        .and_then(|number| number.to_str()?.parse().ok())
        .filter(|&number: &usize| number > 0)
        .or_else(|| thread::available_parallelism().ok().map(usize::from))
        .unwrap_or(1)
}

/// Tokens as they arrive, and what has to be dropped when no more are wanted.
type Tokens = (mpsc::Receiver<jobserver::Acquired>, jobserver::HelperThread);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::env::{Disk, Os};

    fn env(jobs: &str) -> Env {
        Env::new(Os::host(), [("NUM_JOBS", jobs)], Disk)
    }

    #[test]
    fn results_are_in_the_order_of_tasks_for_any_number_of_threads() {
        for jobs in ["1", "2", "7", "0", "many"] {
            let results = run(&env(jobs), &Permits::default(), (0..100).collect(), |number: u32| {
                number * 2
            });
            assert_eq!(results, (0..100).map(|number| number * 2).collect::<Vec<_>>(), "{jobs}");
        }
    }

    #[test]
    fn no_tasks_are_no_results() {
        let nothing = run(&env("4"), &Permits::default(), Vec::new(), |(): ()| ());
        assert_eq!(nothing, Vec::new());
    }

    /// Threads of teams that compute at this moment, and the most there were.
    #[derive(Default)]
    struct Computing {
        now: AtomicUsize,
        most: AtomicUsize,
    }

    impl Computing {
        fn step(&self) {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            thread::yield_now();
            self.now.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// A compiler that computes by itself, then with this many threads of its own, then by itself.
    fn compile(permits: &Arc<Permits>, threads: usize, computing: &Computing) {
        let team = Team::new(permits);
        let step = || {
            team.pass();
            computing.step();
        };
        step();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..20 {
                        step();
                    }
                });
            }
        });
        step();
        team.end();
    }

    #[test]
    fn threads_of_compilers_compute_on_permits_alone() {
        for jobs in 1..5 {
            for tasks in [1, 3, 9] {
                let (permits, computing) = (Arc::new(Permits::default()), Computing::default());
                run(&env(&jobs.to_string()), &permits, (0..tasks).collect(), |_: u32| {
                    compile(&permits, 3, &computing);
                });
                let most = computing.most.load(Ordering::SeqCst);
                assert!((1..=jobs).contains(&most), "{most} of {jobs}");
            }
        }
    }

    #[test]
    fn a_lent_permit_is_used() {
        // Two threads that wait for each other: with one permit they would not meet.
        let permits = Arc::new(Permits::default());
        let meet = std::sync::Barrier::new(2);
        run(&env("2"), &permits, vec![()], |()| {
            let team = Team::new(&permits);
            team.pass();
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        team.pass();
                        meet.wait();
                    });
                }
            });
            team.end();
        });
    }
}
