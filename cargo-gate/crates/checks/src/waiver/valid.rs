//! `waiver.valid`: waivers are in force, needed, and somebody answers for them.
//!
//! Which waivers were needed is known once all findings have met them, so the verdict judges this check after the others.

use std::collections::BTreeMap;

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::{Authority, Waiver};
use gate_report::{Change, Dimension, Finding, Remedy};

use gate_contract::{Applies, Check, Fixes, Judgement, Phase, Rule, WaiverUse, input, reads};

reads!(Waiver, input::WaiverUses, input::Today);

/// The check.
pub static CHECK: Check = Check {
    id: "waiver.valid",
    summary: "Waivers are in force and needed, and have an owner",
    docs: include_str!("valid.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    version: 2,
    waivable: false,
    phase: Phase::Waivers,
    fixes: Fixes::Applied("removes waivers that no finding needs"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

/// A permission that ends later than this many days from now is a permanent one.
const LONGEST_DAYS: i64 = 365;
/// Reasons shorter than this say nothing.
const SHORTEST_REASON: usize = 10;
/// So many waivers that end on one day are worth a word, if they are more than half of all.
const CLUSTER: usize = 3;

fn applies(context: &Context<'_>) -> Applies {
    if context.section::<Waiver>().is_empty() {
        Applies::No("the policy has no waivers".into())
    } else {
        Applies::Yes
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let waivers = context.section::<Waiver>();
    Judgement::Findings(judge(waivers, context.waiver_use(), context.today()))
}

/// Judges the waivers of the policy. A waiver for a check that was not carried out can be neither needed nor unneeded.
fn judge(waivers: &[Waiver], uses: &[WaiverUse], today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (position, waiver) in waivers.iter().enumerate() {
        let unneeded = uses.get(position).is_some_and(|waiver| waiver.judged && !waiver.used);
        findings.extend(one(waiver, unneeded, today));
    }
    findings.extend(cluster(waivers, today));
    findings
}

/// Says of `what` that it is allowed for too long a time.
pub(crate) fn too_long(what: &str, expires: Date, today: Date) -> Option<Finding> {
    let days = days_until(expires, today);
    (days > LONGEST_DAYS).then(|| {
        Finding::advice(format!("{what} expires in {days} days, on {expires}"))
            .help(format!("set `expires` to a date within {LONGEST_DAYS} days"))
    })
}

fn days_until(day: Date, today: Date) -> i64 {
    today.until(day).map_or(0, |span| i64::from(span.get_days()))
}

fn one(waiver: &Waiver, unneeded: bool, today: Date) -> Vec<Finding> {
    let place = |finding: Finding| {
        finding
            .at(waiver.location.clone())
            .because(Some(waiver.location.clone()))
    };
    let check = &waiver.check;
    let days_left = days_until(waiver.expires, today);
    if days_left < 0 {
        let message = format!("the waiver for `{check}` expired on {}", waiver.expires);
        let help = format!(
            "fix the finding and remove the waiver, or renew it: `cargo gate govern waiver add --check \
                 {check}`"
        );
        return vec![place(Finding::blocking(CHECK.blocks_at, message).help(help))];
    }
    let mut findings = Vec::new();
    if unneeded {
        let message = format!("the waiver for `{check}` is unused: no finding matches it");
        let help = match waiver.location.line {
            Some(line) => format!("remove the waiver on line {line} of {}", waiver.location.path),
            None => "remove the waiver".to_owned(),
        };
        // One that does not count may be wanted all the same: `waiver.authority` says what it lacks.
        let removal = || Remedy::new("remove the waiver", [Change::remove(&waiver.location)]);
        let counts = waiver.can_cover && matches!(waiver.authority, Authority::NotAsked | Authority::Signed(_));
        let removed = counts.then(removal);
        let finding = Finding::blocking(CHECK.blocks_at, message).help(help);
        findings.push(place(finding.remedy(removed)));
    }
    findings.extend(too_long(&format!("the waiver for `{check}`"), waiver.expires, today).map(place));
    if waiver.owner.trim().is_empty() {
        let message = format!("the waiver for `{check}` has no owner");
        findings.push(place(
            Finding::advice(message).help("set `owner` to a person or a team"),
        ));
    }
    if waiver.reason.trim().chars().count() < SHORTEST_REASON {
        let message = format!(
            "the reason of the waiver for `{check}` is too short: `{}`",
            waiver.reason.trim()
        );
        findings.push(place(
            Finding::advice(message).help("explain in `reason` why the finding is acceptable until then"),
        ));
    }
    findings
}

/// Waivers in force that end on the same day.
fn cluster(waivers: &[Waiver], today: Date) -> Vec<Finding> {
    let mut by_day: BTreeMap<Date, Vec<&Waiver>> = BTreeMap::new();
    for waiver in waivers.iter().filter(|waiver| waiver.expires >= today) {
        by_day.entry(waiver.expires).or_default().push(waiver);
    }
    let all: usize = by_day.values().map(Vec::len).sum();
    by_day
        .iter()
        .filter(|(_, waivers)| waivers.len() >= CLUSTER && waivers.len() * 2 > all)
        .map(|(day, waivers)| {
            let message = format!("{} of {all} waivers expire on {day}", waivers.len());
            let finding = Finding::advice(message).help(
                "set `expires` of each waiver to the date by which its \
                 finding will be fixed",
            );
            waivers
                .iter()
                .fold(finding, |finding, waiver| finding.at(waiver.location.clone()))
                .because(waivers.first().map(|waiver| waiver.location.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, findings_text};
    use gate_report::Location;

    const TODAY: Date = jiff::civil::date(2026, 6, 15);

    fn waiver(check: &str, expires: &str, line: u32) -> Waiver {
        Waiver {
            check: check.into(),
            path: None,
            package: None,
            contains: None,
            owner: "team-a".into(),
            reason: "the vendor ships the fix in July".into(),
            expires: expires.parse().expect("a date"),
            signature: None,
            authority: Authority::NotAsked,
            can_cover: true,
            location: Location::line("gate.toml", line),
        }
    }

    fn said(waivers: &[Waiver], used: &[bool]) -> String {
        let uses = waivers.iter().zip(used).map(|(waiver, used)| WaiverUse {
            used: *used,
            judged: waiver.check != "boundary.raw",
        });
        findings_text(&judge(waivers, &uses.collect::<Vec<_>>(), TODAY))
    }

    #[test]
    fn in_force_and_needed_is_quiet() {
        let waivers = [
            waiver("git.clean", "2026-06-15", 1),
            waiver("lockfile.fresh", "2027-06-15", 2),
        ];
        assert_eq!(said(&waivers, &[true, true]), "");
    }

    #[test]
    fn expired_and_unneeded_ones_block() {
        let waivers = [
            waiver("git.clean", "2026-06-14", 1),
            waiver("lockfile.fresh", "2026-07-01", 5),
        ];
        insta::assert_snapshot!(said(&waivers, &[true, false]), @"
        gate.toml:1: the waiver for `git.clean` expired on 2026-06-14 [pilot]
          help: fix the finding and remove the waiver, or renew it: `cargo gate govern waiver add --check git.clean`
          because: gate.toml:1
        gate.toml:5: the waiver for `lockfile.fresh` is unused: no finding matches it [pilot]
          help: remove the waiver on line 5 of gate.toml
          because: gate.toml:5
        ");
        // A check that was not carried out needs no waiver and does not make one superfluous.
        assert_eq!(said(&[waiver("boundary.raw", "2026-07-01", 1)], &[false]), "");
    }

    #[test]
    fn long_terms_empty_words_and_common_days_are_worth_a_word() {
        let mut long = waiver("git.clean", "2028-01-01", 1);
        long.owner = " ".into();
        long.reason = "flaky".into();
        let common = |line| waiver("lockfile.fresh", "2026-12-31", line);
        insta::assert_snapshot!(said(&[long, common(5), common(9), common(13)], &[true; 4]), @"
        gate.toml:1: the waiver for `git.clean` expires in 565 days, on 2028-01-01 [advice]
          help: set `expires` to a date within 365 days
          because: gate.toml:1
        gate.toml:1: the waiver for `git.clean` has no owner [advice]
          help: set `owner` to a person or a team
          because: gate.toml:1
        gate.toml:1: the reason of the waiver for `git.clean` is too short: `flaky` [advice]
          help: explain in `reason` why the finding is acceptable until then
          because: gate.toml:1
        gate.toml:5: 3 of 4 waivers expire on 2026-12-31 [advice]
          also: gate.toml:9
          also: gate.toml:13
          help: set `expires` of each waiver to the date by which its finding will be fixed
          because: gate.toml:5
        ");
    }

    #[test]
    fn nothing_is_unneeded_before_findings_have_met_the_waivers() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "not applicable: the policy has no waivers");
        world.policy.waivers = vec![waiver("git.clean", "2026-07-01", 1)];
        assert_eq!(world.text(&CHECK), "");
    }
}
