//! `waiver.authority`: waivers are signed by somebody who may permit findings, for no longer than allowed.

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::authority::NAMESPACE;
use gate_policy::{Authority, Waiver, WaiverPolicy};
use gate_report::{Dimension, Finding};

use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(WaiverPolicy, Waiver, input::Today);

/// The check.
pub static CHECK: Check = Check {
    id: "waiver.authority",
    summary: "Waivers are signed with an authorized key",
    docs: include_str!("authority.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    waivable: false,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<WaiverPolicy>() {
        Some(_) => Applies::Yes,
        None => Applies::No("`[waivers]` is not declared".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(rules) = context.section::<WaiverPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let today = context.today();
    let waivers = context.section::<Waiver>().iter().enumerate();
    let findings = waivers.flat_map(|(at, waiver)| one(at + 1, waiver, rules, today));
    Judgement::Findings(findings.collect())
}

fn one(number: usize, waiver: &Waiver, rules: &WaiverPolicy, today: Date) -> Vec<Finding> {
    let finding = |message: String, help: String| {
        Finding::blocking(CHECK.blocks_at, message)
            .help(help)
            .at(waiver.location.clone())
            .because(Some(rules.location.clone()))
    };
    let check = &waiver.check;
    let sign = || {
        format!(
            "`cargo gate govern waiver text {number} | ssh-keygen -Y sign -n {NAMESPACE} -f <key> | cargo gate govern waiver attach \
             {number}`"
        )
    };
    let mut findings = Vec::new();
    match &waiver.authority {
        Authority::NotAsked | Authority::Signed(_) => {}
        Authority::TooFew(approvals) => {
            let message = format!("the waiver for `{check}` does not count: it has {approvals}");
            findings.push(finding(message, format!("with another key: {}", sign())));
        }
        Authority::Unsigned => {
            let message = format!("the waiver for `{check}` does not count: it is not signed");
            findings.push(finding(message, sign()));
        }
        Authority::Refused(reason) => {
            let message = format!("the waiver for `{check}` does not count: its signature {reason}");
            findings.push(finding(message, sign()));
        }
    }
    let days = today.until(waiver.expires).map_or(0, |span| i64::from(span.get_days()));
    if let Some(most) = rules.max_days.filter(|most| days > i64::from(*most)) {
        let message = format!(
            "the waiver for `{check}` expires on {}, {days} days from now; at most {most} are allowed",
            waiver.expires
        );
        findings.push(finding(message, format!("set `expires` to a date within {most} days")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_report::Location;

    fn waiver(authority: Authority) -> Waiver {
        Waiver {
            check: "git.clean".into(),
            path: None,
            package: None,
            contains: None,
            owner: "team-a".into(),
            reason: "the vendor ships the fix in July".into(),
            expires: jiff::civil::date(2026, 9, 13),
            signature: None,
            authority,
            can_cover: true,
            location: Location::line("gate.toml", 12),
        }
    }

    #[test]
    fn only_signed_waivers_count_and_for_a_while() {
        let mut world = World::new();
        world.policy.waivers = vec![waiver(Authority::NotAsked)];
        assert_eq!(world.text(&CHECK), "not applicable: `[waivers]` is not declared");
        world.policy.waiver_rules = Some(WaiverPolicy {
            keys: vec!["ssh-ed25519 AAAA".into()],
            approvals: 1,
            max_days: Some(90),
            location: Location::line("gate.toml", 3),
        });
        world.policy.waivers = vec![waiver(Authority::Signed("alice".into()))];
        assert_eq!(world.text(&CHECK), "");
        world.policy.waivers = vec![
            waiver(Authority::Unsigned),
            waiver(Authority::Refused("does not match the text".into())),
        ];
        world.policy.waivers[0].expires = jiff::civil::date(2026, 9, 14);
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:12: the waiver for `git.clean` does not count: it is not signed [pilot]
          help: `cargo gate govern waiver text 1 | ssh-keygen -Y sign -n cargo-gate -f <key> | cargo gate govern waiver attach 1`
          because: gate.toml:3
        gate.toml:12: the waiver for `git.clean` expires on 2026-09-14, 91 days from now; at most 90 are allowed [pilot]
          help: set `expires` to a date within 90 days
          because: gate.toml:3
        gate.toml:12: the waiver for `git.clean` does not count: its signature does not match the text [pilot]
          help: `cargo gate govern waiver text 2 | ssh-keygen -Y sign -n cargo-gate -f <key> | cargo gate govern waiver attach 2`
          because: gate.toml:3
        ");
    }
}
