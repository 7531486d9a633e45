//! `known.ratchet`: the list of known findings only shrinks.

use std::collections::BTreeMap;

use gate_base::paths::{join, parent};
use gate_base::stage::Stage;
use gate_policy::{KNOWN_FINDINGS, KnownEntry, KnownFindings, KnownPolicy};
use gate_report::{Change, Dimension, Finding, Location, Reason, Remedy};
use gate_world::git::Git;

use super::findings::shown;
use crate::ratchet::{inconclusive_unless, no_history, shallow};
use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(
    KnownPolicy,
    // Earlier versions of the list are a function of the commit.
    input::GitHead,
    input::FileNames,
);

/// Moves of the workspace that are followed.
const MOVES: usize = 8;

const UNTRACKED: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "a list that git does not track",
};

/// The check.
pub static CHECK: Check = Check {
    id: "known.ratchet",
    summary: "The list of known findings is tracked and only shrinks",
    docs: include_str!("ratchet.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Pilot,
    other_stages: &[UNTRACKED],
    since: "0.1.0",
    version: 2,
    waivable: false,
    fixes: Fixes::Applied("moves `until` back"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<KnownPolicy>() {
        Some(_) => Applies::Yes,
        None => Applies::No("`[known]` is not declared".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let (Some(policy), Some(git)) = (context.section::<KnownPolicy>(), context.git()) else {
        return Judgement::Findings(Vec::new());
    };
    let mut findings = Vec::new();
    if !context.files().get(KNOWN_FINDINGS).is_some_and(|file| file.tracked) {
        findings.push(
            Finding::blocking(UNTRACKED.from, format!("`{KNOWN_FINDINGS}` is not tracked by git"))
                .help(format!("`git add {KNOWN_FINDINGS}`"))
                .at(Location::file(KNOWN_FINDINGS)),
        );
    }
    let earlier = earlier(git);
    if let Ok(earlier) = &earlier {
        findings.extend(grown(&policy.findings, earlier));
    }
    let place = Some(policy.location.clone());
    let findings = findings
        .into_iter()
        .map(|finding| finding.because(place.clone()))
        .collect();
    match earlier {
        Ok(_) => Judgement::Findings(findings),
        Err(reason) => inconclusive_unless(findings, reason),
    }
}

/// Every version of the file that was committed, also where the workspace was before a commit moved it. What has no sense allowed
/// nothing.
fn earlier(git: &Git) -> Result<Vec<KnownFindings>, Reason> {
    let failed = |message: String| no_history(KNOWN_FINDINGS, &message);
    let mut versions = versions(git, KNOWN_FINDINGS)?;
    let mut manifest = "Cargo.toml".to_owned();
    for _ in 0..MOVES {
        let Some(first) = git.changes(&manifest).map_err(failed)?.pop() else {
            break;
        };
        let removed = git.removed_in(&first, "Cargo.toml").map_err(failed)?;
        let lists = git.removed_in(&first, KNOWN_FINDINGS).map_err(failed)?;
        let moved = |list: &&String| removed.iter().any(|manifest| parent(manifest) == parent(list));
        let Some(list) = lists.iter().find(moved) else { break };
        versions.extend(self::versions(git, list)?);
        manifest = join(parent(list), "Cargo.toml");
    }
    Ok(versions)
}

fn versions(git: &Git, path: &str) -> Result<Vec<KnownFindings>, Reason> {
    let failed = |message: String| no_history(path, &message);
    let revisions = git.changes(path).map_err(failed)?;
    // At the border of a shallow clone every file looks new.
    if git.is_shallow().map_err(failed)? && !revisions.is_empty() {
        let parents = git.parents_of_last_change(path).map_err(failed)?;
        if parents.is_none_or(|parents| parents.is_empty()) {
            return Err(shallow(path));
        }
    }
    let mut versions = Vec::new();
    for revision in revisions {
        let bytes = git.show(&revision, path).map_err(failed)?;
        versions.extend(bytes.and_then(|bytes| KnownFindings::earlier(&bytes)));
    }
    Ok(versions)
}

/// What is more than the smallest of the earlier versions allowed.
fn grown(known: &KnownFindings, earlier: &[KnownFindings]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(until) = earlier
        .iter()
        .map(|version| version.until)
        .min()
        .filter(|until| known.until > *until)
    {
        let message = format!("`until` is {}; it was {until} before, and only moves back", known.until);
        findings.push(
            Finding::blocking(CHECK.blocks_at, message)
                .help(format!(
                    "write `until = {until}`; a finding that may stay longer takes a waiver"
                ))
                .remedy(Remedy::new(
                    format!("write `until = {until}`"),
                    [Change::set(KNOWN_FINDINGS, &["until"], until.to_string())],
                ))
                .at(Location::file(KNOWN_FINDINGS)),
        );
    }
    let counts: Vec<BTreeMap<_, u32>> = earlier
        .iter()
        .map(|version| version.entries.iter().map(|entry| (entry.key(), entry.count)).collect())
        .collect();
    let count = |of: &BTreeMap<_, u32>, entry: &KnownEntry| of.get(&entry.key()).copied().unwrap_or(0);
    for entry in &known.entries {
        let Some(before) = counts.iter().map(|version| count(version, entry)).min() else {
            break;
        };
        if entry.count > before {
            let message = format!("{} recorded instead of {before}: {}", entry.count, shown(entry));
            let repair = match before {
                0 => "remove the entry".to_owned(),
                before => format!("write {before}"),
            };
            let help = format!(
                "{repair}, and fix the finding or run `cargo gate govern waiver add --check {} --path {}` with \
                 owner, reason and expiry date",
                entry.check, entry.path
            );
            findings.push(
                Finding::blocking(CHECK.blocks_at, message)
                    .help(help)
                    .at(entry.location.clone()),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::findings_text;

    fn known(counts: &[(&str, u32)]) -> KnownFindings {
        KnownFindings {
            recorded: jiff::civil::date(2026, 6, 1),
            until: jiff::civil::date(2026, 8, 30),
            entries: counts
                .iter()
                .zip(5..)
                .map(|((message, count), line)| KnownEntry {
                    check: "boundary.raw".into(),
                    path: "src/lib.rs".into(),
                    message: (*message).into(),
                    count: *count,
                    location: Location::line(KNOWN_FINDINGS, line),
                })
                .collect(),
        }
    }

    #[test]
    fn nothing_exceeds_the_smallest_of_the_earlier_versions() {
        let first = known(&[("a", 2), ("b", 1)]);
        let second = known(&[("a", 1)]);
        let said = |now: &KnownFindings, earlier: &[&KnownFindings]| {
            let earlier: Vec<KnownFindings> = earlier.iter().map(|version| (*version).clone()).collect();
            findings_text(&grown(now, &earlier))
        };
        assert_eq!(said(&first, &[]), "");
        assert_eq!(said(&first, &[&first]), "");
        assert_eq!(said(&second, &[&first]), "");
        insta::assert_snapshot!(said(&first, &[&second, &first]), @"
        known_findings.toml:5: 2 recorded instead of 1: `boundary.raw` in `src/lib.rs`: a [pilot]
          help: write 1, and fix the finding or run `cargo gate govern waiver add --check boundary.raw --path src/lib.rs` with owner, reason and expiry date
        known_findings.toml:6: 1 recorded instead of 0: `boundary.raw` in `src/lib.rs`: b [pilot]
          help: remove the entry, and fix the finding or run `cargo gate govern waiver add --check boundary.raw --path src/lib.rs` with owner, reason and expiry date
        ");
        let later = KnownFindings {
            until: second.until.tomorrow().unwrap(),
            ..second.clone()
        };
        insta::assert_snapshot!(said(&later, &[&later, &second]), @"
        known_findings.toml: `until` is 2026-08-31; it was 2026-08-30 before, and only moves back [pilot]
          help: write `until = 2026-08-30`; a finding that may stay longer takes a waiver
        ");
    }
}
