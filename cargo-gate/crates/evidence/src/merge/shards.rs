//! Whether the shards of a run are each there once, and every suite in one of them, or each part of it in its own.

use std::collections::BTreeMap;

use gate_report::Partition;

use super::contradiction::{Contradiction, Why, contradiction};
use super::document::{Cell, MergedCheck, MergedRun};

/// The machine of a shard in words.
pub(super) fn name(platform: &str, partition: Partition) -> String {
    format!("{platform} {partition}")
}

/// What the shards lack, by platform.
pub(super) fn contradictions(runs: &[MergedRun], checks: &[MergedCheck]) -> Vec<Contradiction> {
    let mut sets: BTreeMap<(&str, Option<&str>), Vec<(&MergedRun, Partition)>> = BTreeMap::new();
    for run in runs {
        let Some(partition) = run.partition else { continue };
        let platform = run.machine.split(' ').next().unwrap_or_default();
        let set = sets.entry((platform, run.host.as_deref())).or_default();
        set.push((run, partition));
    }
    let mut found = Vec::new();
    for ((platform, _), set) in sets {
        let before = found.len();
        of_set(platform, &set, &mut found);
        // Without all shards it shows nothing that a suite is missing.
        if found.len() == before {
            let in_set = checks.iter().filter_map(|check| suite(platform, &set, check));
            found.extend(in_set);
        }
    }
    found
}

fn of_set(platform: &str, set: &[(&MergedRun, Partition)], found: &mut Vec<Contradiction>) {
    let Some((_, first)) = set.first() else { return };
    let mut add = |message: String| found.push(contradiction(Why::Shard, message));
    if let Some((_, other)) = set.iter().find(|(_, other)| other.of != first.of) {
        add(format!(
            "{platform} has shard {first} and shard {other}, which are not shares of one run"
        ));
        return;
    }
    if let Some((run, wrong)) = set.iter().find(|(_, partition)| !partition.is_valid()) {
        add(format!("{} has a shard {wrong}, which does not exist", run.machine));
        return;
    }
    for shard in 1..=first.of {
        let wanted = Partition { shard, of: first.of };
        match set.iter().filter(|(_, partition)| *partition == wanted).count() {
            0 => add(format!("no run is shard {wanted} of {platform}")),
            1 => {}
            count => add(format!("{count} runs are shard {wanted} of {platform}")),
        }
    }
}

/// What is wrong with a suite over all shards of a set.
fn suite(platform: &str, set: &[(&MergedRun, Partition)], check: &MergedCheck) -> Option<Contradiction> {
    let cells = || {
        set.iter()
            .map(|(run, partition)| (*partition, check.cells.get(&run.machine)))
    };
    let has = |cell: &Cell| !cell.is_elsewhere();
    let id = &check.id;
    let wrong = |message: String| Some(contradiction(Why::Shard, message));
    let parts: Vec<_> = cells().filter_map(|(_, cell)| cell?.part).collect();
    if let Some(part) = parts.first() {
        let strange = cells().find(|(partition, cell)| match cell {
            // What blocks there blocks here.
            Some(cell) if has(cell) && !cell.outcome.passes() => false,
            Some(cell) => cell.part.is_none_or(|part| part.part.partition != *partition),
            None => true,
        });
        if let Some((partition, _)) = strange {
            return wrong(format!(
                "shard {partition} of {platform} did not run its part of `{id}`, which other shards divide"
            ));
        }
        let ran: u64 = parts.iter().map(|part| part.ran).sum();
        let least = part.part.min_tests.max(1);
        let complete = parts.len() == set.len();
        return (complete && ran < least)
            .then(|| {
                wrong(format!(
                    "the shards of {platform} ran {ran} of at least {least} tests of `{id}`"
                ))
            })
            .flatten();
    }
    let whole = |(partition, cell): (Partition, Option<&Cell>)| cell.is_some_and(has).then_some(partition);
    let of_suite =
        id.starts_with("suite.") && cells().any(|(partition, cell)| partition.is_partial() && cell.is_some());
    if !of_suite {
        return None;
    }
    match cells().filter_map(whole).collect::<Vec<_>>()[..] {
        [] => wrong(format!("no shard of {platform} ran `{id}`")),
        [_] => None,
        [one, other, ..] => wrong(format!("shards {one} and {other} of {platform} both ran `{id}`")),
    }
}
