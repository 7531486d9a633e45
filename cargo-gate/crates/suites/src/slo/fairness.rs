//! How tenants share a queue: what each was served of what it was entitled to, how long it was served nothing, and how long it waited.
//!
//! Entitled is what weighted max-min fairness gives (Bertsekas and Gallager, Data Networks, 6.5.2): of what was served to all in a
//! window, each tenant gets its share by weight, and nobody more than its demand. Jain's index of the shares is reported and never
//! judged: one starved tenant of a hundred leaves it at .99.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use gate_policy::{Fairness, SloPolicy};

use super::judge::{Count, Unit, length};
use super::promise::{QUEUE, Recorded, bucket_end, covers};

/// The quantile of waits that is compared.
const QUANTILE: f64 = 0.95;

/// Units of queues, and what is said about them.
#[derive(Debug, Default)]
pub(super) struct Queues {
    /// Shares and waits, as events that were good or bad.
    pub(super) units: Vec<Unit>,
    /// Tenants that were served nothing for too long, as sentences, each with its table.
    pub(super) starved: Vec<(String, gate_report::Location)>,
    /// Jain's index of each queue, as sentences.
    pub(super) notes: Vec<String>,
}

/// One tenant in one window.
struct Share<'r> {
    found: &'r Recorded,
    entitled: u64,
}

/// Compares the tenants of every queue.
pub(super) fn queues(policy: &SloPolicy, recorded: &[Recorded]) -> Queues {
    let mut queues = Queues::default();
    for fairness in &policy.fairness {
        let about: Vec<&Recorded> = recorded
            .iter()
            .filter(|found| found.objective == fairness.name && found.rule == QUEUE)
            .collect();
        let mut windows: BTreeMap<Timestamp, Vec<&Recorded>> = BTreeMap::new();
        for found in &about {
            windows.entry(found.to).or_default().push(found);
        }
        let mut tenants: BTreeMap<&str, Vec<Share<'_>>> = BTreeMap::new();
        for tenant in &policy.tenants {
            tenants.entry(tenant).or_default();
        }
        for window in windows.values() {
            for share in shares(window, fairness) {
                tenants.entry(&share.found.tenant).or_default().push(share);
            }
        }
        tenants.retain(|tenant, _| covers(None, fairness.tenant.as_deref(), "", tenant));
        if let Some(percent) = fairness.least_share_percent {
            let budget = ((100.0 - percent) * 1e7).round() / 1e9;
            queues.units.extend(tenants.iter().map(|(tenant, shares)| {
                let counts = shares.iter().map(|share| Count {
                    from: share.found.from,
                    to: share.found.to,
                    bad: share.entitled.saturating_sub(share.found.good),
                    total: share.entitled,
                });
                unit(policy, fairness, "served share of", tenant, budget, counts.collect())
            }));
        }
        if let Some(limit) = fairness.max_wait_ratio {
            queues.units.extend(waits(policy, fairness, &tenants, limit));
        }
        if let Some(limit) = fairness.max_starved {
            let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
            for (tenant, shares) in &tenants {
                let longest = starved(shares);
                if longest > limit {
                    let message = format!(
                        "tenant `{tenant}` of `{}` asked and was served nothing for {}; at most {} are allowed",
                        fairness.name,
                        length(longest),
                        length(limit)
                    );
                    queues.starved.push((message, fairness.location.clone()));
                }
            }
        }
        queues.notes.extend(jain(&tenants).map(|index| {
            format!(
                "`{}`: Jain's index of the served shares of {} tenants is {index:.3}",
                fairness.name,
                tenants.len()
            )
        }));
    }
    queues
}

fn unit(policy: &SloPolicy, fairness: &Fairness, what: &str, tenant: &str, budget: f64, counts: Vec<Count>) -> Unit {
    Unit {
        objective: format!("{what} {}", fairness.name),
        workload: String::new(),
        declared: policy.tenants.iter().any(|declared| declared == tenant),
        former: policy.former_tenants.iter().any(|former| former == tenant),
        tenant: tenant.to_owned(),
        sum_of: 1,
        budget,
        burst: None,
        prove: true,
        counts,
        location: fairness.location.clone(),
    }
}

/// What each tenant of a window is entitled to of what was served in it.
fn shares<'r>(window: &[&'r Recorded], fairness: &Fairness) -> Vec<Share<'r>> {
    let mut left: f64 = window.iter().map(|found| found.good as f64).sum();
    let weight = |found: &Recorded| fairness.weights.get(&found.tenant).copied().unwrap_or(1.0);
    let mut entitled = vec![0.0; window.len()];
    let mut open: Vec<usize> = (0..window.len()).collect();
    // Whoever asks for less than its share leaves the rest to the others.
    while !open.is_empty() && left > 0.0 {
        let weights: f64 = open.iter().map(|at| weight(window[*at])).sum();
        let fill = left / weights;
        let (sated, hungry): (Vec<usize>, Vec<usize>) = open
            .iter()
            .partition(|at| window[**at].total as f64 <= fill * weight(window[**at]));
        if sated.is_empty() {
            for at in &hungry {
                entitled[*at] = fill * weight(window[*at]);
            }
            break;
        }
        for at in &sated {
            entitled[*at] = window[*at].total as f64;
            left -= entitled[*at];
        }
        open = hungry;
    }
    let share = |(found, entitled): (&&'r Recorded, f64)| Share {
        found,
        entitled: entitled.floor() as u64,
    };
    window.iter().zip(entitled).map(share).collect()
}

/// Waits that are longer than so many times the 95th percentile of the median tenant are bad, and at most 5 % may be.
fn waits(policy: &SloPolicy, fairness: &Fairness, tenants: &BTreeMap<&str, Vec<Share<'_>>>, ratio: f64) -> Vec<Unit> {
    let quantile = |shares: &[Share<'_>]| {
        let mut buckets: BTreeMap<i32, u64> = BTreeMap::new();
        for (bucket, count) in shares.iter().flat_map(|share| &share.found.waits) {
            *buckets.entry(*bucket).or_default() += count;
        }
        let all: u64 = buckets.values().sum();
        let mut below = 0;
        buckets.into_iter().find_map(|(bucket, count)| {
            below += count;
            (below as f64 >= all as f64 * QUANTILE).then(|| bucket_end(bucket))
        })
    };
    let mut quantiles: Vec<f64> = tenants.values().filter_map(|shares| quantile(shares)).collect();
    quantiles.sort_by(f64::total_cmp);
    let Some(median) = quantiles.get(quantiles.len().saturating_sub(1) / 2) else {
        return Vec::new();
    };
    let limit = median * ratio;
    let judged = tenants.iter().map(|(tenant, shares)| {
        let counts = shares.iter().map(|share| {
            let waits = &share.found.waits;
            let long = waits.iter().filter(|(bucket, _)| bucket_end(*bucket) > limit);
            Count {
                from: share.found.from,
                to: share.found.to,
                bad: long.map(|(_, count)| count).sum(),
                total: waits.iter().map(|(_, count)| count).sum(),
            }
        });
        unit(policy, fairness, "waits of", tenant, 1.0 - QUANTILE, counts.collect())
    });
    judged.collect()
}

/// The longest time with demand and nothing served.
fn starved(shares: &[Share<'_>]) -> SignedDuration {
    let mut longest = SignedDuration::ZERO;
    let mut since: Option<Timestamp> = None;
    let mut before: Option<Timestamp> = None;
    for share in shares {
        let found = share.found;
        if found.good == 0 && found.total > 0 {
            let since = *since.get_or_insert(found.from.or(before).unwrap_or(found.to));
            longest = longest.max(found.to.duration_since(since));
        } else {
            since = None;
        }
        before = Some(found.to);
    }
    longest
}

/// The index of Jain, Chiu and Hawe (1984) of what each tenant got of what it was entitled to.
fn jain(tenants: &BTreeMap<&str, Vec<Share<'_>>>) -> Option<f64> {
    let shares: Vec<f64> = tenants
        .values()
        .filter_map(|shares| {
            let entitled: u64 = shares.iter().map(|share| share.entitled).sum();
            let served: u64 = shares.iter().map(|share| share.found.good).sum();
            (entitled > 0).then(|| served as f64 / entitled as f64)
        })
        .collect();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    let sum: f64 = shares.iter().sum();
    (squares > 0.0).then(|| sum * sum / (shares.len() as f64 * squares))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use gate_report::Location;

    fn recorded(tenant: &str, minute: i64, demand: u64, served: u64) -> Recorded {
        Recorded {
            objective: "queue".to_owned(),
            rule: QUEUE.to_owned(),
            workload: String::new(),
            tenant: tenant.to_owned(),
            from: None,
            to: Timestamp::from_second(1_795_000_000 + minute * 60).unwrap(),
            good: served,
            total: demand,
            waits: Vec::new(),
        }
    }

    fn fairness() -> Fairness {
        Fairness {
            name: "queue".to_owned(),
            tenant: None,
            least_share_percent: Some(80.0),
            max_starved: None,
            max_wait_ratio: None,
            weights: BTreeMap::from([("heavy".to_owned(), 3.0)]),
            location: Location::line("gate.toml", 9),
        }
    }

    fn entitled(window: &[(&str, u64, u64)]) -> Vec<u64> {
        let window: Vec<_> = window
            .iter()
            .map(|(name, demand, served)| recorded(name, 0, *demand, *served))
            .collect();
        shares(&window.iter().collect::<Vec<_>>(), &fairness())
            .iter()
            .map(|share| share.entitled)
            .collect()
    }

    #[test]
    fn a_small_demand_is_entitled_to_all_of_it() {
        assert_eq!(entitled(&[("a", 100, 98), ("b", 2, 0)]), [96, 2]);
        assert_eq!(entitled(&[("heavy", 100, 50), ("a", 100, 30)]), [60, 20]);
        assert_eq!(entitled(&[("a", 10, 10), ("b", 10, 10)]), [10, 10]);
        assert_eq!(entitled(&[("a", 10, 0)]), [0]);
    }

    #[test]
    fn a_starved_tenant_is_timed() {
        let windows = [
            ("a", 0, 5, 1),
            ("a", 1, 5, 0),
            ("a", 2, 0, 0),
            ("a", 3, 5, 0),
            ("a", 4, 5, 0),
            ("a", 5, 5, 1),
        ];
        let found: Vec<_> = windows
            .iter()
            .map(|(name, at, demand, served)| recorded(name, *at, *demand, *served))
            .collect();
        let shares: Vec<_> = found.iter().map(|found| Share { found, entitled: 0 }).collect();
        assert_eq!(starved(&shares), SignedDuration::from_secs(120));
    }

    proptest! {
        /// Nobody is entitled to more than it asked for, and all together to what was served.
        #[test]
        fn entitlements_add_up(window in prop::collection::vec((0_u64..1000, 0.0..=1.0_f64), 1..12)) {
            let names: Vec<String> = (0..window.len()).map(|at| format!("t{at}")).collect();
            let window: Vec<_> = window.iter().zip(&names)
                .map(|((demand, share), name)| (name.as_str(), *demand, (*demand as f64 * share) as u64)).collect();
            let entitled = entitled(&window);
            let served: u64 = window.iter().map(|(.., served)| served).sum();
            let sum: u64 = entitled.iter().sum();
            prop_assert!(sum <= served && sum + window.len() as u64 >= served);
            for (entitled, (_, demand, _)) in entitled.iter().zip(&window) {
                prop_assert!(entitled <= demand);
            }
        }
    }
}
