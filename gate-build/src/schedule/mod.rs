//! Runs compilations side by side, as many as cargo allows.

mod tokens;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use crate::env::Env;

/// Runs `work` on every task and returns the results in the order of the tasks, whatever ran first. Tasks start in
/// their order. Under cargo's jobserver the calling thread works on the token that every build script has, and each
/// further thread on one of its own; else there are at most `NUM_JOBS` threads, or as many as the machine has.
pub(crate) fn run<T: Send, R: Send>(env: &Env, tasks: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let count = tasks.len();
    let most = most_threads(env).min(count);
    let queue: Mutex<VecDeque<(usize, T)>> = Mutex::new(tasks.into_iter().enumerate().collect());
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(count));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let drain = || {
        while let Some((at, task)) = next() {
            let result = work(task);
            results
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((at, result));
        }
    };

    let others = most.saturating_sub(1);
    thread::scope(|scope| {
        if others == 0 {
            drain();
            return;
        }
        match tokens::request(env, others) {
            Some((tokens, helper)) => {
                let tokens = Arc::new(Mutex::new(tokens));
                for _ in 0..others {
                    let tokens = Arc::clone(&tokens);
                    let drain = &drain;
                    scope.spawn(move || {
                        // Waiting ends with a token, or when there is nothing left to do and the helper is gone.
                        let token = tokens.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        if token.is_ok() {
                            drain();
                        }
                    });
                }
                drain();
                drop(helper);
            }
            None => {
                let drain = &drain;
                for _ in 0..others {
                    scope.spawn(drain);
                }
                drain();
            }
        }
    });

    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
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
    use super::*;
    use crate::env::{Disk, Os};

    #[test]
    fn results_are_in_the_order_of_tasks_for_any_number_of_threads() {
        for jobs in ["1", "2", "7", "0", "many"] {
            let env = Env::new(Os::host(), [("NUM_JOBS", jobs)], Disk);
            let results = run(&env, (0..100).collect(), |number: u32| number * 2);
            assert_eq!(results, (0..100).map(|number| number * 2).collect::<Vec<_>>(), "{jobs}");
        }
    }

    #[test]
    fn no_tasks_are_no_results() {
        let env = Env::new(Os::host(), [("NUM_JOBS", "4")], Disk);
        assert_eq!(run(&env, Vec::new(), |(): ()| ()), Vec::new());
    }
}
