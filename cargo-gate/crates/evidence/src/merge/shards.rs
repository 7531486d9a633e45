//! Whether the shards of a run are each there once, and every suite in one of them, or each part of it in its own.

use std::collections::{BTreeMap, BTreeSet};

use gate_report::{OTHER_SHARD, Partition};

use super::contradiction::{Contradiction, Why, contradiction};
use super::part::Part;
use super::platform::platform;
use super::run::MergedRun;
use crate::record::{DecidedCheck, RanPart};

/// Shards by platform and target triple, as places in the list of runs.
type Sets<'r> = BTreeMap<(&'r str, Option<&'r str>), Vec<(usize, Partition)>>;

fn sets(runs: &[MergedRun]) -> Sets<'_> {
    let mut sets = Sets::new();
    for (at, run) in runs.iter().enumerate() {
        let Some(partition) = run.partition else { continue };
        let key = (platform(&run.machine), run.host.as_deref());
        sets.entry(key).or_default().push((at, partition));
    }
    sets
}

/// Shards that are missing, doubled, or of another run.
pub(super) fn missing(runs: &[MergedRun]) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for ((platform, _), set) in sets(runs) {
        of_set(platform, &set, &mut found);
    }
    found
}

/// What the shards lack, by platform.
pub(super) fn contradictions(merged: &[MergedRun], runs: &[(&str, &Part)]) -> Vec<Contradiction> {
    let mut found = missing(merged);
    // Without all shards it shows nothing that a suite is missing.
    if !found.is_empty() {
        return found;
    }
    for ((platform, _), set) in sets(merged) {
        let shards: Vec<(Partition, &Part)> = set
            .iter()
            .filter_map(|(at, partition)| Some((*partition, runs.get(*at)?.1)))
            .collect();
        let checks = shards.iter().flat_map(|(_, part)| &part.decision.checks);
        let suites: BTreeSet<&str> = checks
            .map(|check| check.id.as_str())
            .filter(|id| id.starts_with("suite."))
            .collect();
        found.extend(suites.iter().filter_map(|id| suite(platform, &shards, id)));
    }
    found
}

fn of_set(platform: &str, set: &[(usize, Partition)], found: &mut Vec<Contradiction>) {
    let Some((_, first)) = set.first() else { return };
    let mut add = |message: String| found.push(contradiction(Why::Shard, message));
    if let Some((_, other)) = set.iter().find(|(_, other)| other.of != first.of) {
        add(format!(
            "{platform} has shard {first} and shard {other}, which are not shares of one run"
        ));
        return;
    }
    if let Some((_, wrong)) = set.iter().find(|(_, partition)| !partition.is_valid()) {
        add(format!("{platform} has a shard {wrong}, which does not exist"));
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

/// What a shard says of a suite.
enum Share<'a> {
    /// Another shard has it.
    Elsewhere,
    /// This one has it: as a whole, or its part.
    Here(&'a DecidedCheck, Option<RanPart>),
    /// Nothing: the machine cannot show it, and nobody requires it.
    Outside,
}

fn share<'a>(part: &'a Part, id: &str) -> Share<'a> {
    let decision = &part.decision;
    let Some(check) = decision.checks.iter().find(|check| check.id == id) else {
        return Share::Outside;
    };
    if check.reason.as_ref().is_some_and(|reason| reason.code == OTHER_SHARD) {
        return Share::Elsewhere;
    }
    let evidence = decision.evidence.iter().find(|evidence| evidence.check == id);
    Share::Here(check, evidence.and_then(|evidence| evidence.part))
}

/// What is wrong with a suite over all shards of a platform.
fn suite(platform: &str, shards: &[(Partition, &Part)], id: &str) -> Option<Contradiction> {
    let wrong = |message: String| Some(contradiction(Why::Shard, message));
    let shares: Vec<(Partition, Share<'_>)> = shards.iter().map(|(shard, part)| (*shard, share(part, id))).collect();
    let parts: Vec<RanPart> = shares
        .iter()
        .filter_map(|(_, share)| match share {
            Share::Here(_, part) => *part,
            Share::Elsewhere | Share::Outside => None,
        })
        .collect();
    let Some(first) = parts.first() else {
        let mut whole = shares.iter().filter(|(_, share)| matches!(share, Share::Here(..)));
        return match (whole.next(), whole.next()) {
            // A suite that nobody requires and no machine can show is among the bounds.
            (None, _) if shares.iter().any(|(_, share)| matches!(share, Share::Outside)) => None,
            (None, _) => wrong(format!("no shard of {platform} ran `{id}`")),
            (Some((one, _)), Some((other, _))) if one.is_partial() => {
                wrong(format!("shards {one} and {other} of {platform} both ran `{id}`"))
            }
            _ => None,
        };
    };
    for (shard, share) in &shares {
        let own = match share {
            // What blocks there blocks the merged decision.
            Share::Here(check, _) if !check.outcome.passes() => true,
            Share::Here(_, part) => part.is_some_and(|part| part.part.partition == *shard),
            Share::Elsewhere | Share::Outside => false,
        };
        if !own {
            return wrong(format!(
                "shard {shard} of {platform} did not run its part of `{id}`, which other shards divide"
            ));
        }
    }
    let ran: u64 = parts.iter().map(|part| part.ran).sum();
    let least = first.part.min_tests.max(1);
    if parts.len() == shards.len() && ran < least {
        return wrong(format!(
            "the shards of {platform} ran {ran} of at least {least} tests of `{id}`"
        ));
    }
    None
}
