//! `known.findings`: what was there when the gate was adopted is still there, and its last day has not passed.
//!
//! Which entries still match is known once all findings have met them, so the verdict judges this check after the others.

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::{KNOWN_FINDINGS, KnownEntry, KnownFindings, KnownPolicy};
use gate_report::{Dimension, Finding, Location};

use gate_contract::{Applies, Check, EntryUse, Judgement, OtherStage, Phase, Rule, input, reads};

reads!(KnownPolicy, input::KnownUses, input::Today);

const STALE: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "an entry that matches less than it counts",
};

/// The check.
pub static CHECK: Check = Check {
    id: "known.findings",
    summary: "Known findings are still there, and their last day has not passed",
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
    let findings = judge(&policy.findings, context.known_use(), context.today());
    let place = Some(policy.location.clone());
    Judgement::Findings(
        findings
            .into_iter()
            .map(|finding| finding.because(place.clone()))
            .collect(),
    )
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

pub(super) fn shown(entry: &KnownEntry) -> String {
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
        insta::assert_snapshot!(findings_text(&judge(&known, &found(&[2, 1, 0]), TODAY)), @"
        known_findings.toml:6: 1 of 3 left: `boundary.raw` in `src/lib.rs`: b [controlled]
          help: `cargo gate govern known shrink`, then commit the difference
        known_findings.toml:7: no longer there: `boundary.raw` in `src/lib.rs`: c [controlled]
          help: `cargo gate govern known shrink`, then commit the difference
        ");
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
        insta::assert_snapshot!(on(known.until.tomorrow().unwrap()), @"
        known_findings.toml: the findings in `known_findings.toml` were known until 2026-08-30: they block again [pilot]
          help: fix or waive what is left, then delete the file and the `[known]` section
        ");
        insta::assert_snapshot!(on(known.recorded.yesterday().unwrap()), @"
        known_findings.toml: the findings were recorded on 2026-06-01, which is in the future [pilot]
          help: restore the date from git
        ");
        let empty = KnownFindings {
            entries: Vec::new(),
            ..known
        };
        insta::assert_snapshot!(findings_text(&judge(&empty, &[], TODAY)), @"
        known_findings.toml: no known findings are left in `known_findings.toml` [advice]
          help: delete the file and the `[known]` section
        ");
    }

    #[test]
    fn nothing_is_known_without_the_section() {
        assert_eq!(World::new().text(&CHECK), "not applicable: `[known]` is not declared");
    }
}
