//! The scheduler alone: shares, starvation, bounds and conservation, over every order of events. No threads, no clock.

use gate_runtime::executor::{Backpressure, Load, Scheduler, Started, TenantConfig, TenantId};
use proptest::prelude::*;

fn tenant(name: &str) -> TenantConfig {
    TenantConfig::new(name)
}

fn submit(scheduler: &mut Scheduler<u64>, tenant: TenantId, cost: u32) -> Result<u64, Backpressure> {
    scheduler.submit(tenant, Load::cost(cost), 0).map_err(|(why, _)| why)
}

fn take(scheduler: &mut Scheduler<u64>) -> Option<Started<u64>> {
    let started = scheduler.start()?;
    scheduler.finished(started.tenant, false);
    Some(started)
}

/// Submits equal jobs, of which none is refused.
fn submit_all(scheduler: &mut Scheduler<u64>, tenant: TenantId, cost: u32, times: usize) {
    for _ in 0..times {
        submit(scheduler, tenant, cost).expect("a place");
    }
}

fn take_all(scheduler: &mut Scheduler<u64>, times: usize) {
    for _ in 0..times {
        take(scheduler);
    }
}

#[test]
fn a_small_tenant_is_not_starved_by_a_heavy_one() {
    let mut scheduler = Scheduler::new();
    let heavy = scheduler.add(tenant("heavy"));
    let small = scheduler.add(tenant("small"));
    submit_all(&mut scheduler, heavy, 1, 100);
    take_all(&mut scheduler, 10);
    submit_all(&mut scheduler, small, 1, 2);
    let order: Vec<TenantId> = (0..4)
        .filter_map(|_| take(&mut scheduler))
        .map(|started| started.tenant)
        .collect();
    assert_eq!(order.iter().filter(|tenant| **tenant == small).count(), 2, "{order:?}");
}

#[test]
fn weights_are_shares() {
    let mut scheduler = Scheduler::new();
    let ids = [1, 2, 5].map(|weight| scheduler.add(tenant(&weight.to_string()).weight(weight)));
    for id in ids {
        submit_all(&mut scheduler, id, 1, 1_000);
    }
    let mut served = [0; 3];
    (0..800)
        .filter_map(|_| take(&mut scheduler))
        .for_each(|started| served[started.tenant.index()] += 1);
    assert_eq!(served, [100, 200, 500]);
}

#[test]
fn an_idle_tenant_saves_up_no_time() {
    let mut scheduler = Scheduler::new();
    let busy = scheduler.add(tenant("busy"));
    let idle = scheduler.add(tenant("idle"));
    submit_all(&mut scheduler, busy, 1, 1_000);
    take_all(&mut scheduler, 500);
    submit_all(&mut scheduler, idle, 1, 100);
    let next: Vec<TenantId> = (0..100)
        .filter_map(|_| take(&mut scheduler))
        .map(|started| started.tenant)
        .collect();
    let served = next.iter().filter(|tenant| **tenant == idle).count();
    assert!((49..=51).contains(&served), "half of the work, not all of it: {served}");
}

#[test]
fn a_full_queue_refuses_and_gives_the_job_back() {
    let mut scheduler = Scheduler::new();
    let id = scheduler.add(tenant("small").queue_jobs(2).queue_bytes(100));
    let heavy = |bytes| Load { cost: 1, bytes };
    assert!(scheduler.submit(id, heavy(60), 1).is_ok());
    let refused = Backpressure::Bytes {
        limit: 100,
        queued: 60,
        asked: 41,
    };
    assert_eq!(scheduler.submit(id, heavy(41), 2), Err((refused, 2)));
    assert!(scheduler.submit(id, heavy(40), 3).is_ok());
    assert_eq!(
        scheduler.submit(id, heavy(0), 4),
        Err((Backpressure::Jobs { limit: 2 }, 4))
    );
    assert_eq!(scheduler.submit(id, Load::cost(0), 5), Err((Backpressure::NoCost, 5)));
    assert!(refused.is_temporary() && !Backpressure::NoCost.is_temporary());
    let counters = scheduler.counters(id).expect("a tenant");
    assert_eq!((counters.accepted, counters.refused), (2, 3));
    assert_eq!(scheduler.start().map(|started| started.job), Some(1));
    assert!(
        scheduler.submit(id, heavy(60), 6).is_ok(),
        "what has started holds no place"
    );
}

#[test]
fn a_limit_of_running_jobs_leaves_room_for_others() {
    let mut scheduler = Scheduler::new();
    let hung = scheduler.add(tenant("hung").max_running(1));
    let other = scheduler.add(tenant("other"));
    submit_all(&mut scheduler, hung, 1, 3);
    submit_all(&mut scheduler, other, 1, 3);
    let order: Vec<TenantId> = (0..4)
        .filter_map(|_| scheduler.start())
        .map(|started| started.tenant)
        .collect();
    assert_eq!(order, [hung, other, other, other]);
    assert_eq!(scheduler.start(), None, "two jobs wait, and none may start");
    assert_eq!(scheduler.queued(), 2);
    assert!(scheduler.finished(hung, true));
    assert_eq!(scheduler.start().map(|started| started.tenant), Some(hung));
}

#[derive(Debug, Clone)]
enum Event {
    Submit { tenant: usize, cost: u32, bytes: u64 },
    Start,
    Finish { which: usize, panicked: bool },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => (0_usize..4, 0_u32..9, 0_u64..50).prop_map(|(tenant, cost, bytes)| Event::Submit { tenant, cost, bytes }),
        2 => Just(Event::Start),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, panicked)| Event::Finish { which, panicked }),
    ];
    prop::collection::vec(event, 0..300)
}

proptest! {
    /// Whatever the order of events, nothing is lost, nothing runs twice, and no bound is exceeded.
    #[test]
    fn jobs_are_conserved(events in events(), limits in prop::collection::vec((1_u32..6, 1_usize..6, 1_u64..120, 1_usize..4), 4)) {
        let mut scheduler = Scheduler::new();
        let mut ids = Vec::new();
        for (number, (weight, jobs, bytes, running)) in limits.iter().enumerate() {
            let config = tenant(&number.to_string()).weight(*weight).queue_jobs(*jobs).queue_bytes(*bytes);
            ids.push(scheduler.add(config.max_running(*running)));
        }
        let (mut waiting, mut running) = (vec![Vec::new(); 4], Vec::new());
        let mut ended = [(0_u64, 0_u64); 4];
        let mut next_job = 0;
        let start = |scheduler: &mut Scheduler<u64>, waiting: &mut Vec<Vec<(u64, u64)>>, running: &mut Vec<usize>| {
            let Some(started) = scheduler.start() else {
                // Nothing may start: whoever waits is at its limit.
                for (number, queue) in waiting.iter().enumerate() {
                    let now = running.iter().filter(|tenant| **tenant == number).count();
                    assert!(queue.is_empty() || now >= limits[number].3);
                }
                return false;
            };
            let number = started.tenant.index();
            let (job, bytes) = waiting[number].remove(0);
            assert_eq!((started.job, started.load.bytes), (job, bytes), "in the order of its tenant");
            running.push(number);
            true
        };
        for event in events {
            match event {
                Event::Submit { tenant, cost, bytes } => {
                    next_job += 1;
                    match scheduler.submit(ids[tenant], Load { cost, bytes }, next_job) {
                        Ok(_) => waiting[tenant].push((next_job, bytes)),
                        Err((_, job)) => prop_assert_eq!(job, next_job),
                    }
                }
                Event::Start => { start(&mut scheduler, &mut waiting, &mut running); }
                Event::Finish { which, panicked } if !running.is_empty() => {
                    let tenant = running.swap_remove(which % running.len());
                    scheduler.finished(ids[tenant], panicked);
                    if panicked { ended[tenant].1 += 1 } else { ended[tenant].0 += 1 }
                }
                Event::Finish { .. } => {}
            }
            prop_assert_eq!(scheduler.queued(), waiting.iter().map(Vec::len).sum::<usize>());
            for (number, queue) in waiting.iter().enumerate() {
                prop_assert!(queue.len() <= limits[number].1);
                prop_assert!(queue.iter().map(|(_, bytes)| bytes).sum::<u64>() <= limits[number].2);
                prop_assert!(running.iter().filter(|tenant| **tenant == number).count() <= limits[number].3);
            }
        }
        // Drained, every accepted job has ended once.
        while scheduler.queued() > 0 || !running.is_empty() {
            while start(&mut scheduler, &mut waiting, &mut running) {}
            if let Some(tenant) = running.pop() {
                scheduler.finished(ids[tenant], false);
                ended[tenant].0 += 1;
            }
        }
        for (number, id) in ids.iter().enumerate() {
            let counters = scheduler.counters(*id).expect("a tenant");
            prop_assert_eq!((counters.completed, counters.panicked), ended[number]);
            prop_assert_eq!(counters.pending(), 0);
        }
    }

    /// While two tenants have jobs waiting, their work per weight differs by at most one largest job each.
    #[test]
    fn shares_are_fair(
        weights in prop::collection::vec(1_u32..20, 2..6),
        costs in prop::collection::vec(1_u32..50, 600),
        skip in 0_usize..200, length in 1_usize..200,
    ) {
        let mut scheduler = Scheduler::new();
        let ids: Vec<TenantId> = weights.iter().map(|weight| scheduler.add(tenant(&format!("{weight:p}")).weight(*weight))).collect();
        let mut largest = vec![0.0_f64; ids.len()];
        // Enough for every tenant to have jobs waiting to the end.
        for id in &ids {
            for cost in &costs {
                submit(&mut scheduler, *id, *cost).expect("a place");
            }
            largest[id.index()] = f64::from(*costs.iter().max().expect("costs"));
        }
        take_all(&mut scheduler, skip);
        let mut work = vec![0.0_f64; ids.len()];
        for _ in 0..length {
            let started = take(&mut scheduler).expect("a job");
            work[started.tenant.index()] += f64::from(started.load.cost);
            for a in 0..ids.len() {
                for b in 0..a {
                    let (weight_a, weight_b) = (f64::from(weights[a]), f64::from(weights[b]));
                    let apart = (work[a] / weight_a - work[b] / weight_b).abs();
                    let bound = largest[a] / weight_a + largest[b] / weight_b;
                    prop_assert!(apart <= bound + 1e-6, "{apart} > {bound}");
                }
            }
        }
    }

    /// The first job of a tenant that was idle waits for at most one job of each other tenant.
    #[test]
    fn nobody_starves(
        weights in prop::collection::vec(1_u32..10_000, 2..8), backlog in 1_usize..60,
        costs in prop::collection::vec(1_u32..1_000, 8), before in 0_usize..100,
    ) {
        let mut scheduler = Scheduler::new();
        let ids: Vec<TenantId> = weights.iter().enumerate().map(|(n, weight)| scheduler.add(tenant(&n.to_string()).weight(*weight))).collect();
        let (late, others) = ids.split_last().expect("two tenants");
        for (id, cost) in others.iter().zip(&costs) {
            submit_all(&mut scheduler, *id, *cost, backlog);
        }
        take_all(&mut scheduler, before);
        submit(&mut scheduler, *late, u32::MAX).expect("a place");
        let mut waited_for = vec![0; ids.len()];
        loop {
            let started = take(&mut scheduler).expect("the late job");
            if started.tenant == *late {
                break;
            }
            waited_for[started.tenant.index()] += 1;
        }
        prop_assert!(waited_for.iter().all(|jobs| *jobs <= 1), "{waited_for:?}");
    }
}
