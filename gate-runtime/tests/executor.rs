//! The executor with its threads. Nothing here waits for time: threads meet at doors that the test opens.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};

use gate_runtime::control::Mode;
use gate_runtime::executor::{Backpressure, Context, Executor, JobError, Load, Report, TenantConfig, TenantId};
use gate_runtime::window::Sample;

const ONE: Load = Load::cost(1);

/// Where jobs wait until the test opens it.
#[derive(Default)]
struct Door(Mutex<bool>, Condvar);

impl Door {
    fn pass(&self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*open {
            open = self.1.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.1.notify_all();
    }
}

/// Opens a door when a test ends: the executor, which is dropped after it, waits for the jobs behind the door, also where an assertion failed.
struct AtTheEnd(Arc<Door>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

fn executor(workers: usize, tenants: &[TenantConfig]) -> (Executor, Vec<TenantId>) {
    let mut builder = Executor::builder(workers);
    let ids = tenants
        .iter()
        .map(|tenant| builder.tenant(tenant.clone()).expect("a tenant"))
        .collect();
    (builder.build().expect("an executor"), ids)
}

#[test]
fn a_panic_is_contained_and_its_worker_goes_on() {
    let (executor, ids) = executor(1, &[TenantConfig::new("a")]);
    let first = executor
        .submit(ids[0], ONE, |_| -> u8 { panic!("job {}", 1) })
        .expect("accepted");
    let second = executor
        .submit(ids[0], ONE, |_| -> u8 { std::panic::panic_any(7) })
        .expect("accepted");
    let third = executor.submit(ids[0], ONE, |context| context.seq).expect("accepted");
    assert_eq!(first.wait(), Err(JobError::Panicked(Some("job 1".to_owned()))));
    assert_eq!(second.wait(), Err(JobError::Panicked(None)));
    assert_eq!(third.wait(), Ok(2));
    let report = executor.drain();
    assert!(report.is_complete());
    assert_eq!(
        (
            report.tenants[0].counters.panicked,
            report.tenants[0].counters.completed
        ),
        (2, 1)
    );
}

#[test]
fn results_and_panics_that_panic_when_dropped_are_contained() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Bomb);
        }
    }
    let (executor, ids) = executor(1, &[TenantConfig::new("a")]);
    let (sent, received) = mpsc::channel();
    // The ticket is gone before there is a result: else the result would be dropped with it, here.
    let door = Arc::new(Door::default());
    let _open = AtTheEnd(Arc::clone(&door));
    let held = Arc::clone(&door);
    let job = move |_: Context<'_>| {
        held.pass();
        Bomb
    };
    drop(executor.submit(ids[0], ONE, job).expect("accepted"));
    door.open();
    let thrown = executor
        .submit(ids[0], ONE, |_| std::panic::panic_any(Bomb))
        .expect("accepted");
    executor
        .submit(ids[0], ONE, move |_| sent.send(7))
        .map(drop)
        .expect("accepted");
    assert_eq!(received.recv(), Ok(7));
    assert_eq!(thrown.wait(), Err(JobError::Panicked(None)));
    assert!(executor.drain().is_complete());
}

/// The drill of a full queue: refused is typed, and what was accepted ends once. It is written against what it needs, so
/// that an executor that loses or repeats a job can be put in its place.
fn backpressure_drill(
    submit: &dyn Fn(u64, mpsc::Sender<u64>) -> Result<(), Backpressure>,
    finish: impl FnOnce() -> Report,
) -> Result<(), String> {
    let (sent, received) = mpsc::channel();
    let (mut accepted, mut refused) = (BTreeSet::new(), 0);
    for job in 0..100 {
        match submit(job, sent.clone()) {
            Ok(()) => drop(accepted.insert(job)),
            Err(Backpressure::Jobs { limit: 16 }) => refused += 1,
            Err(other) => return Err(format!("refused with {other:?}")),
        }
    }
    drop(sent);
    // The places of the queue, and one job in the hands of each worker.
    if !(16..=18).contains(&accepted.len()) {
        return Err(format!("{} jobs were accepted", accepted.len()));
    }
    let report = finish();
    let ran: Vec<u64> = received.iter().collect();
    let distinct: BTreeSet<u64> = ran.iter().copied().collect();
    if distinct.len() != ran.len() {
        return Err("a job ran twice".to_owned());
    }
    if distinct != accepted {
        return Err("an accepted job did not run".to_owned());
    }
    if refused == 0 || !report.is_complete() {
        return Err(format!("{refused} refused, {report:?}"));
    }
    Ok(())
}

fn drill_with(fault: impl Fn(u64, mpsc::Sender<u64>) -> Vec<Box<dyn FnOnce() + Send>>) -> Result<(), String> {
    let (executor, ids) = executor(2, &[TenantConfig::new("a").queue_jobs(16)]);
    let door = Arc::new(Door::default());
    let _open = AtTheEnd(Arc::clone(&door));
    let closed = Arc::clone(&door);
    let submit = |job: u64, sent: mpsc::Sender<u64>| {
        let (work, door) = (fault(job, sent), Arc::clone(&closed));
        let ticket = executor.submit(ids[0], ONE, move |_| {
            door.pass();
            work.into_iter().for_each(|work| work());
        });
        ticket.map(drop).map_err(|refused| refused.why)
    };
    // The closures borrow the executor; the report is taken after the door is open and all has run.
    let report = || {
        door.open();
        loop {
            let report = executor.report();
            if report.is_complete() {
                return report;
            }
            std::thread::yield_now();
        }
    };
    backpressure_drill(&submit, report)
}

fn send(job: u64, sent: mpsc::Sender<u64>) -> Box<dyn FnOnce() + Send> {
    Box::new(move || sent.send(job).expect("the drill listens"))
}

#[test]
fn a_full_queue_is_typed_backpressure_without_loss_or_duplicates() {
    assert_eq!(drill_with(|job, sent| vec![send(job, sent)]), Ok(()));
}

#[test]
fn the_drill_turns_red_when_a_job_is_lost_or_runs_twice() {
    let lost = drill_with(|job, sent| if job == 3 { vec![] } else { vec![send(job, sent)] });
    assert_eq!(lost, Err("an accepted job did not run".to_owned()));
    let twice = drill_with(|job, sent| match job {
        3 => vec![send(job, sent.clone()), send(job, sent)],
        _ => vec![send(job, sent)],
    });
    assert_eq!(twice, Err("a job ran twice".to_owned()));
}

#[test]
fn a_refused_job_comes_back() {
    let (executor, ids) = executor(1, &[TenantConfig::new("a").queue_jobs(1)]);
    let door = Arc::new(Door::default());
    let _open = AtTheEnd(Arc::clone(&door));
    let (entered, inside) = mpsc::channel();
    let held = Arc::clone(&door);
    let running = executor.submit(ids[0], ONE, move |_| {
        entered.send(()).expect("the test listens");
        held.pass();
    });
    inside.recv().expect("the job runs");
    let waiting = executor.submit(ids[0], ONE, |_| ());
    let text = String::from("not lost");
    let refused = executor.submit(ids[0], ONE, move |_| text).expect_err("no place");
    assert_eq!(refused.why, Backpressure::Jobs { limit: 1 });
    assert_eq!(refused.why.code(), "queue_jobs");
    door.open();
    assert_eq!(running.expect("accepted").wait(), Ok(()));
    assert_eq!(waiting.expect("accepted").wait(), Ok(()));
    let again = executor.submit(ids[0], ONE, refused.job).expect("there is a place now");
    assert_eq!(again.wait().as_deref(), Ok("not lost"));
}

#[test]
fn draining_runs_what_was_accepted_and_refuses_the_rest() {
    let (executor, ids) = executor(2, &[TenantConfig::new("a"), TenantConfig::new("b")]);
    let tickets: Vec<_> = (0..50)
        .map(|n| executor.submit(ids[n % 2], ONE, move |_| n).expect("accepted"))
        .collect();
    executor.close();
    let refused = executor.submit(ids[0], ONE, |_| ()).expect_err("closed");
    assert_eq!(refused.why, Backpressure::Draining);
    let report = executor.drain();
    assert!(report.is_complete());
    assert_eq!(
        report
            .tenants
            .iter()
            .map(|tenant| tenant.counters.completed)
            .sum::<u64>(),
        50
    );
    let results: Vec<usize> = tickets
        .into_iter()
        .map(|ticket| ticket.wait().expect("a result"))
        .collect();
    assert_eq!(results, (0..50).collect::<Vec<_>>());
}

#[test]
fn the_last_handle_may_be_dropped_by_a_job() {
    let (executor, ids) = executor(1, &[TenantConfig::new("a")]);
    let executor = Arc::new(executor);
    let (door, held) = (Arc::new(Door::default()), Arc::clone(&executor));
    let (passed, ended) = (Arc::clone(&door), mpsc::channel());
    let sender = ended.0;
    let ticket = executor.submit(ids[0], ONE, move |_| {
        passed.pass();
        drop(held);
        sender.send(()).expect("the test listens");
    });
    drop(executor);
    door.open();
    assert_eq!(ended.1.recv(), Ok(()));
    assert_eq!(ticket.expect("accepted").wait(), Ok(()));
}

#[test]
fn tenants_are_isolated() {
    let outputs = |with_noise: bool| {
        let (executor, ids) = executor(2, &[TenantConfig::new("a").queue_jobs(8), TenantConfig::new("b")]);
        let mut tickets = Vec::new();
        for n in 0..500_u64 {
            if with_noise {
                let noise = executor.submit(ids[0], ONE, |context| {
                    let rails = context.rails.governor("kernel");
                    (0..128).for_each(|_| rails.record(Sample::failed()));
                    panic!("a bad kernel")
                });
                drop(noise.map(|ticket: gate_runtime::executor::Ticket<()>| drop(ticket)));
            }
            let job = executor.submit(ids[1], ONE, move |context| {
                context.rails.governor("kernel").record(Sample::native(10, 1));
                n * n
            });
            tickets.push(job.expect("a place"));
        }
        let results: Vec<_> = tickets.into_iter().map(gate_runtime::executor::Ticket::wait).collect();
        let rails = executor.rails(ids[1]).expect("a tenant").governor("kernel");
        let noisy = executor
            .rails(ids[0])
            .expect("a tenant")
            .governor("kernel")
            .control()
            .state()
            .mode;
        let report = executor.drain();
        rails.flush();
        (results, rails.control().state(), report.tenants[1].counters, noisy)
    };
    let (solo, beside) = (outputs(false), outputs(true));
    assert_eq!(beside.3, Mode::Safe, "the noise did roll its own tenant back");
    assert_eq!((solo.0, solo.1, solo.2), (beside.0, beside.1, beside.2));
}

#[test]
fn a_tenant_that_hangs_leaves_workers_to_others() {
    let (executor, ids) = executor(
        2,
        &[TenantConfig::new("hung").max_running(1), TenantConfig::new("other")],
    );
    let door = Arc::new(Door::default());
    let _open = AtTheEnd(Arc::clone(&door));
    let inside = Arc::new(AtomicUsize::new(0));
    let together = Arc::new(AtomicUsize::new(0));
    let hung: Vec<_> = (0..4)
        .map(|_| {
            let (door, inside, together) = (Arc::clone(&door), Arc::clone(&inside), Arc::clone(&together));
            let job = move |_: Context<'_>| {
                // Two of them would hold both workers: then nobody but they could open the door.
                if inside.fetch_add(1, Ordering::SeqCst) > 0 {
                    together.fetch_add(1, Ordering::SeqCst);
                    door.open();
                }
                door.pass();
                inside.fetch_sub(1, Ordering::SeqCst);
            };
            executor.submit(ids[0], ONE, job).expect("accepted")
        })
        .collect();
    for n in 0..20 {
        let ticket = executor.submit(ids[1], ONE, move |_| n).expect("accepted");
        assert_eq!(ticket.wait(), Ok(n));
    }
    door.open();
    hung.into_iter().for_each(|ticket| assert_eq!(ticket.wait(), Ok(())));
    assert_eq!(together.load(Ordering::SeqCst), 0, "one at a time");
    assert!(executor.drain().is_complete());
}

#[test]
fn what_cannot_be_is_refused_with_its_name() {
    let mut builder = Executor::builder(0);
    let refused = builder.tenant(TenantConfig::new("a").weight(0)).expect_err("no weight");
    assert_eq!(
        refused.to_string(),
        "tenant `a`: invalid value `0` for `weight`: expected 1 to 10000"
    );
    builder.tenant(TenantConfig::new("a")).expect("a tenant");
    assert!(builder.tenant(TenantConfig::new("a")).is_err(), "the name is taken");
    let refused = builder.build().expect_err("no workers");
    assert_eq!(
        refused.to_string(),
        "invalid value `0` for `workers`: expected 1 or more"
    );
    assert!(Executor::builder(1).build().is_err(), "no tenants");

    let (one, _) = executor(1, &[TenantConfig::new("a")]);
    let (_, many) = executor(1, &[TenantConfig::new("a"), TenantConfig::new("b")]);
    assert_eq!(
        one.submit(many[1], ONE, |_| ()).expect_err("foreign").why,
        Backpressure::UnknownTenant
    );
}

#[test]
fn a_ticket_is_asked_without_waiting() {
    let (executor, ids) = executor(1, &[TenantConfig::new("a")]);
    let door = Arc::new(Door::default());
    let _open = AtTheEnd(Arc::clone(&door));
    let held = Arc::clone(&door);
    let ticket = executor.submit(ids[0], ONE, move |_| held.pass()).expect("accepted");
    let ticket = ticket.poll().expect_err("it has not ended");
    door.open();
    assert!(executor.drain().is_complete());
    assert_eq!(ticket.poll().expect("it has ended"), Ok(()));
}

#[test]
fn a_panic_of_the_caller_does_not_poison_the_executor() {
    let (executor, ids) = executor(1, &[TenantConfig::new("a")]);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _ticket = executor.submit(ids[0], ONE, |_| ());
        panic!("the caller");
    }));
    assert!(caught.is_err());
    assert_eq!(executor.submit(ids[0], ONE, |_| 5).expect("accepted").wait(), Ok(5));
}
