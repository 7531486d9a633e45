//! The scheduler with real threads, and in simulated time.

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
        let results: Vec<u32> = results.into_iter().map(|ran| ran.result).collect();
        assert_eq!(results, (0..100).map(|number| number * 2).collect::<Vec<_>>(), "{jobs}");
    }
}

#[test]
fn no_tasks_are_no_results() {
    let nothing = run(&env("4"), &Permits::default(), Vec::new(), |(): ()| ());
    assert!(nothing.is_empty());
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
fn a_permit_that_never_comes_keeps_nobody_waiting() {
    let permits = Arc::new(Permits::default());
    run(&env("1"), &permits, vec![()], |()| drop(Second::new(&permits)));
}

#[test]
fn what_is_small_is_done_beside_or_behind_what_is_large() {
    for jobs in ["1", "2"] {
        let permits = Permits::default();
        let ran = run(&env(jobs), &permits, vec![()], |()| {
            let here = thread::current().id();
            let large = |begin: Begin<'_>| {
                begin();
                begin();
                "large"
            };
            overlap(&permits, large, || thread::current().id() == here)
        });
        let (large, is_here) = ran[0].result;
        assert_eq!(large, "large");
        // With one job no permit ever comes.
        assert!(is_here || jobs == "2");
    }
}

#[test]
fn what_is_small_runs_while_what_is_large_does() {
    // Two threads that wait for each other.
    let (permits, meet) = (Permits::default(), std::sync::Barrier::new(2));
    run(&env("2"), &permits, vec![()], |()| {
        let meets = || meet.wait().is_leader();
        let large = |begin: Begin<'_>| {
            begin();
            meets()
        };
        let (one, other) = overlap(&permits, large, meets);
        assert_ne!(one, other);
    });
}

#[test]
fn what_may_not_begin_comes_last() {
    let (permits, large_is_over) = (Permits::default(), std::sync::atomic::AtomicBool::new(false));
    run(&env("2"), &permits, vec![()], |()| {
        let large = |_: Begin<'_>| large_is_over.store(true, Ordering::SeqCst);
        let ((), came_last) = overlap(&permits, large, || large_is_over.load(Ordering::SeqCst));
        assert!(came_last);
    });
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

/// Time in which nothing passes but the work of tasks: the scheduler runs as it is, and a worker comes back from a task when no other
/// worker would come back before it.
struct Clock {
    state: Mutex<Simulated>,
    changed: std::sync::Condvar,
    tasks: usize,
}

#[derive(Default)]
struct Simulated {
    /// When each worker is free again.
    free_at: Vec<(Option<thread::ThreadId>, u64)>,
    begun: usize,
}

impl Clock {
    fn new(workers: usize, tasks: usize) -> Self {
        Self {
            state: Mutex::new(Simulated {
                free_at: vec![(None, 0); workers],
                begun: 0,
            }),
            changed: std::sync::Condvar::new(),
            tasks,
        }
    }

    fn work(&self, length: u64) {
        let me = thread::current().id();
        let mut state = self.state.lock().unwrap();
        let known = state.free_at.iter().position(|(who, _)| *who == Some(me));
        let at = known.unwrap_or_else(|| state.free_at.iter().position(|(who, _)| who.is_none()).unwrap());
        state.free_at[at] = (Some(me), state.free_at[at].1 + length);
        state.begun += 1;
        self.changed.notify_all();
        loop {
            let own = (state.free_at[at].1, at);
            let first = (0..state.free_at.len()).all(|other| own <= (state.free_at[other].1, other));
            // Once every task has begun, nobody takes another.
            if first || state.begun == self.tasks {
                break;
            }
            state = self.changed.wait(state).unwrap();
        }
    }

    fn makespan(&self) -> u64 {
        let state = self.state.lock().unwrap();
        state.free_at.iter().map(|(_, free)| *free).max().unwrap_or(0)
    }
}

/// How long the scheduler takes for tasks of these lengths, in simulated time, and how many tasks an idle worker took over.
fn simulate(workers: usize, lengths: &[u64]) -> (u64, usize) {
    let clock = Clock::new(workers.min(lengths.len()), lengths.len());
    let ran = run(
        &env(&workers.to_string()),
        &Permits::default(),
        lengths.to_vec(),
        |length| clock.work(length),
    );
    let spans: Vec<Span> = ran.iter().map(|ran| ran.span).collect();
    assert!(most_at_once(&spans) <= workers);
    (clock.makespan(), taken_over(&spans))
}

/// How long it takes when the tasks are dealt in turns beforehand.
fn dealt(workers: usize, lengths: &[u64]) -> u64 {
    let of = |worker: usize| lengths.iter().skip(worker).step_by(workers).sum();
    (0..workers).map(of).max().unwrap_or(0)
}

#[test]
fn an_idle_worker_takes_the_next_task() {
    for (workers, short) in [(2, 9), (2, 100), (3, 50), (4, 12)] {
        // One long task, and as much again in short ones for each of the other workers.
        let mut lengths = vec![short];
        lengths.extend(vec![1; usize::try_from(short).unwrap() * (workers - 1)]);
        let (makespan, taken) = simulate(workers, &lengths);
        assert_eq!(makespan, short, "{workers} workers");
        assert!(taken > 0 && makespan < dealt(workers, &lengths), "{workers} workers");
    }
}

#[test]
fn a_long_task_holds_no_other_back() {
    // The long one ends when all others have: dealt beforehand, some would wait behind it for ever.
    let done = (Mutex::new(0), std::sync::Condvar::new());
    let ran = run(&env("2"), &Permits::default(), (0..9).collect(), |task: u32| {
        let mut count = done.0.lock().unwrap();
        while task == 0 && *count < 8 {
            count = done.1.wait(count).unwrap();
        }
        *count += 1;
        done.1.notify_all();
    });
    let spans: Vec<Span> = ran.iter().map(|ran| ran.span).collect();
    assert_eq!(taken_over(&spans), 3);
    assert!(spans[1..].iter().all(|span| span.worker != spans[0].worker));
}

#[test]
fn spans_are_counted() {
    let span = |worker, begin, end| Span {
        worker,
        begin: std::time::Duration::from_secs(begin),
        end: std::time::Duration::from_secs(end),
    };
    assert_eq!((most_at_once(&[]), taken_over(&[])), (0, 0));
    let spans = [span(0, 0, 5), span(1, 0, 1), span(1, 1, 2), span(1, 2, 6)];
    assert_eq!((most_at_once(&spans), taken_over(&spans)), (2, 1));
    assert_eq!(taken_over(&spans[1..]), 0);
}

#[test]
fn no_more_workers_are_at_work_than_there_may_be() {
    for jobs in 1..5 {
        let computing = Computing::default();
        let ran = run(
            &env(&jobs.to_string()),
            &Permits::default(),
            (0..40).collect(),
            |_: u32| {
                computing.step();
            },
        );
        let spans: Vec<Span> = ran.iter().map(|ran| ran.span).collect();
        let most = computing.most.load(Ordering::SeqCst);
        assert!(
            (1..=jobs).contains(&most) && most_at_once(&spans) <= jobs,
            "{most} of {jobs}"
        );
        assert!(spans.iter().all(|span| span.worker < jobs));
    }
}

proptest::proptest! {
    // Graham's bound for lists: Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl. Math. 17 (1969), theorem 1.
    #[test]
    fn no_worker_is_idle_while_a_task_waits(
        workers in 1_usize..5,
        mut lengths in proptest::collection::vec(1_u64..50, 1..20),
    ) {
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let (makespan, _) = simulate(workers, &lengths);
        let mut free = vec![0; workers];
        for length in &lengths {
            *free.iter_mut().min().unwrap() += length;
        }
        proptest::prop_assert_eq!(Some(makespan), free.into_iter().max());
        let (total, longest) = (lengths.iter().sum::<u64>(), lengths[0]);
        proptest::prop_assert!(workers as u64 * makespan <= total + (workers as u64 - 1) * longest);
    }
}
