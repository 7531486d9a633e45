//! `known.findings`: what was there when the gate was adopted is still there, and no more of it.
//!
//! Which entries still match is known once all findings have met them, so the verdict judges this check after the others.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::{KNOWN_FINDINGS, KnownEntry, KnownFindings, KnownPolicy, LONGEST_KNOWN_DAYS};
use gate_report::{Dimension, Finding, Location, Reason};
use gate_world::git::Git;

use crate::ratchet::{inconclusive_unless, no_history, shallow};
use gate_contract::{Applies, Check, EntryUse, Judgement, OtherStage, Phase, Rule, input, reads};

reads!(
    KnownPolicy,
    input::KnownUses,
    input::Today,
    input::GitHead,
    input::FileNames
);

const STALE: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "an entry that matches less than it counts, and a file that git does not track",
};

/// The check.
pub static CHECK: Check = Check {
    id: "known.findings",
    summary: "Known findings are still there, and their list only shrinks",
    docs: include_str!("findings.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Pilot,
    other_stages: &[STALE],
    since: "0.1.0",
    waivable: false,
    phase: Phase::Waivers,
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
    let Some(policy) = context.section::<KnownPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let today = context.today();
    let earlier = context.git().map_or(Ok(Vec::new()), |git| earlier(git, today));
    let tracked = context.files().get(KNOWN_FINDINGS).is_some_and(|file| file.tracked);
    let mut findings = judge(&policy.findings, context.known_use(), today);
    if context.git().is_some() && !tracked {
        findings.push(
            Finding::blocking(STALE.from, format!("`{KNOWN_FINDINGS}` is not tracked by git"))
                .help(format!("`git add {KNOWN_FINDINGS}`"))
                .at(Location::file(KNOWN_FINDINGS)),
        );
    }
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

/// Versions of the file that were committed before, as far back as one could still be in force. What has no sense allowed
/// nothing.
fn earlier(git: &Git, today: Date) -> Result<Vec<KnownFindings>, Reason> {
    let path = KNOWN_FINDINGS;
    let failed = |message: String| no_history(path, &message);
    let mut revisions = Vec::new();
    if git.show("HEAD", path).map_err(failed)?.is_some() {
        revisions.push("HEAD".to_owned());
        let parents = git.parents_of_last_change(path).map_err(failed)?.unwrap_or_default();
        // At the border of a shallow clone every file looks new.
        if parents.is_empty() && git.is_shallow().map_err(failed)? {
            return Err(shallow(path));
        }
        revisions.extend(parents);
    }
    // Without this, a list could grow in two steps: what the latest change is compared with is all that it must not exceed.
    let since = today.saturating_sub(Span::new().days(LONGEST_KNOWN_DAYS + 1));
    revisions.extend(git.changes_since(path, &since.to_string()).map_err(failed)?);
    let mut versions = Vec::new();
    for revision in revisions {
        let bytes = git.show(&revision, path).map_err(failed)?;
        versions.extend(bytes.and_then(|bytes| KnownFindings::earlier(&bytes)));
    }
    Ok(versions)
}

/// What the list says of today.
fn judge(known: &KnownFindings, uses: &[EntryUse], today: Date) -> Vec<Finding> {
    let file = || Location::file(KNOWN_FINDINGS);
    let mut findings = Vec::new();
    if known.recorded > today {
        let message = format!(
            "the findings were recorded on {}, which is in the future",
            known.recorded
        );
        findings.push(
            Finding::blocking(CHECK.blocks_at, message)
                .help("restore the date from git")
                .at(file()),
        );
    }
    if known.until < today {
        let message = format!(
            "the findings in `{KNOWN_FINDINGS}` were known until {}: they block again",
            known.until
        );
        findings.push(
            Finding::blocking(CHECK.blocks_at, message)
                .help("fix or waive what is left, then delete the file and the `[known]` section")
                .at(file()),
        );
        return findings;
    }
    if known.entries.is_empty() {
        let message = format!("no known findings are left in `{KNOWN_FINDINGS}`");
        findings.push(
            Finding::advice(message)
                .help("delete the file and the `[known]` section")
                .at(file()),
        );
    }
    let entries = known.entries.iter().zip(uses);
    let stale = entries.filter(|(entry, uses)| uses.judged && uses.found < entry.count);
    findings.extend(stale.map(|(entry, uses)| {
        let message = match uses.found {
            0 => format!("no longer there: {}", shown(entry)),
            found => format!("{found} of {} left: {}", entry.count, shown(entry)),
        };
        Finding::blocking(STALE.from, message)
            .help("`cargo gate govern known shrink`, then commit the difference")
            .at(entry.location.clone())
    }));
    findings
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

fn shown(entry: &KnownEntry) -> String {
    format!("`{}` in `{}`: {}", entry.check, entry.path, entry.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, findings_text};

    const TODAY: Date = jiff::civil::date(2026, 6, 15);

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

    fn found(found: &[u32]) -> Vec<EntryUse> {
        let uses = found.iter().map(|found| EntryUse {
            found: *found,
            judged: true,
        });
        uses.collect()
    }

    #[test]
    fn entries_that_match_less_than_they_count_are_stale() {
        let known = known(&[("a", 2), ("b", 3), ("c", 1)]);
        assert_eq!(findings_text(&judge(&known, &found(&[2, 3, 1]), TODAY)), "");
        insta::assert_snapshot!(findings_text(&judge(&known, &found(&[2, 1, 0]), TODAY)), @"");
        // What was not judged may be there.
        let unjudged = EntryUse {
            found: 0,
            judged: false,
        };
        assert_eq!(findings_text(&judge(&known, &[unjudged; 3], TODAY)), "");
    }

    #[test]
    fn a_list_ends() {
        let known = known(&[("a", 1)]);
        let on = |day: Date| findings_text(&judge(&known, &found(&[1]), day));
        assert_eq!(on(known.until), "");
        insta::assert_snapshot!(on(known.until.tomorrow().unwrap()), @"");
        insta::assert_snapshot!(on(known.recorded.yesterday().unwrap()), @"");
        let empty = KnownFindings {
            entries: Vec::new(),
            ..known
        };
        insta::assert_snapshot!(findings_text(&judge(&empty, &[], TODAY)), @"");
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
        insta::assert_snapshot!(said(&first, &[&second, &first]), @"");
        let later = KnownFindings {
            until: second.until.tomorrow().unwrap(),
            ..second.clone()
        };
        insta::assert_snapshot!(said(&later, &[&later, &second]), @"");
    }

    #[test]
    fn nothing_is_known_without_the_section() {
        assert_eq!(World::new().text(&CHECK), "not applicable: `[known]` is not declared");
    }
}
