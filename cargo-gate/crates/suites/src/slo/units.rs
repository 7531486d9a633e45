//! What is judged: a unit for each workload and tenant of an objective, one for their sum, and those of the shares of a queue.

use std::collections::{BTreeMap, BTreeSet};

use gate_policy::{Objective, Prove, SloPolicy};

use super::fairness;
use super::judge::{Count, Unit};
use super::promise::{Recorded, covers, rule};

/// The units of every objective, and what is reported of queues and never judged.
pub(super) fn units(
    policy: &SloPolicy,
    objectives: &[Objective],
    recorded: &[Recorded],
) -> (Vec<Unit>, fairness::Queues) {
    let mut units = Vec::new();
    for objective in objectives {
        let rule = rule(objective);
        let mut series: BTreeMap<(String, String), Vec<Count>> = BTreeMap::new();
        for found in recorded
            .iter()
            .filter(|found| found.objective == objective.name && found.rule == rule)
        {
            if covers(
                objective.workload.as_deref(),
                objective.tenant.as_deref(),
                &found.workload,
                &found.tenant,
            ) {
                series
                    .entry((found.workload.clone(), found.tenant.clone()))
                    .or_default()
                    .push(count(found));
            }
        }
        let known: BTreeSet<&str> = series.keys().map(|(_, tenant)| tenant.as_str()).collect();
        let absent: Vec<&String> = policy
            .tenants
            .iter()
            .filter(|tenant| !known.contains(tenant.as_str()))
            .filter(|tenant| covers(None, objective.tenant.as_deref(), "", tenant))
            .collect();
        for tenant in absent {
            series.insert((String::new(), tenant.clone()), Vec::new());
        }
        let several = series.len() > 1;
        let mut of_objective = Vec::new();
        if series.is_empty() {
            series.insert((String::new(), String::new()), Vec::new());
        }
        for ((workload, tenant), mut counts) in series {
            counts.sort_by_key(|count| (count.to, count.from));
            of_objective.push(Unit {
                objective: objective.name.clone(),
                declared: policy.tenants.contains(&tenant) || workload.is_empty() && tenant.is_empty(),
                former: policy.former_tenants.contains(&tenant),
                workload,
                tenant,
                sum_of: 1,
                budget: objective.budget(),
                burst: objective.burst,
                prove: objective.prove == Prove::Each,
                counts,
                location: objective.location.clone(),
            });
        }
        if several {
            units.push(together(&of_objective));
        }
        units.extend(of_objective);
    }
    let queues = fairness::queues(policy, recorded);
    units.extend(queues.units.iter().cloned());
    (units, queues)
}

fn count(found: &Recorded) -> Count {
    Count {
        from: found.from,
        to: found.to,
        bad: found.total.saturating_sub(found.good),
        total: found.total,
    }
}

/// The sum of several series.
fn together(units: &[Unit]) -> Unit {
    let mut counts: BTreeMap<_, Count> = BTreeMap::new();
    for count in units.iter().flat_map(|unit| &unit.counts) {
        let sum = counts.entry((count.to, count.from)).or_insert(Count {
            bad: 0,
            total: 0,
            ..*count
        });
        sum.bad = sum.bad.saturating_add(count.bad);
        sum.total = sum.total.saturating_add(count.total);
    }
    Unit {
        workload: String::new(),
        tenant: String::new(),
        sum_of: units.len(),
        prove: true,
        declared: true,
        former: false,
        counts: counts.into_values().collect(),
        ..units[0].clone()
    }
}
