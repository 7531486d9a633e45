//! `profile.tier`: every crate has a tier, and whoever leaves the default answers for it.

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::{SuiteKind, SuitePolicy, Tier, TierException, TierPolicy};
use gate_report::{Change, Dimension, Finding, Remedy};

use crate::waiver::valid::too_long;
use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(TierPolicy, SuitePolicy, input::Cargo, input::Today);

const WITHOUT_EFFECT: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "an exception without effect",
};
const WITHOUT_CLIPPY: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "the tier `idiomatic` without a required clippy suite",
};

/// The check.
pub static CHECK: Check = Check {
    id: "profile.tier",
    summary: "Crates keep the default tier or have a valid exception",
    docs: include_str!("tier.md"),
    dimension: Dimension::Control,
    blocks_at: Stage::Pilot,
    other_stages: &[WITHOUT_EFFECT, WITHOUT_CLIPPY],
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Applied("removes exceptions without effect"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<TierPolicy>() {
        Some(_) => Applies::Yes,
        None => Applies::No("`gate.toml` declares no `[tiers]`".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(tiers) = context.section::<TierPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let members: Vec<&str> = context
        .cargo()
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    let mut findings = Vec::new();
    if tiers.default == Tier::Native {
        findings.push(
            Finding::blocking(
                CHECK.blocks_at,
                "the default tier `native` lets every crate use raw authority",
            )
            .help("set `default = \"portable\"` and list the crates that need more as exceptions")
            .at(tiers.location.clone())
            .because(Some(tiers.location.clone())),
        );
    }
    for exception in &tiers.exceptions {
        findings.extend(judge(exception, tiers.default, &members, context.today()));
    }
    let has_clippy = context
        .section::<SuitePolicy>()
        .iter()
        .any(|suite| suite.kind == SuiteKind::Tool && suite.tool.as_deref() == Some("clippy") && suite.required);
    if !has_clippy {
        findings.extend(idiomatic_without_clippy(tiers, &members));
    }
    Judgement::Findings(findings)
}

fn judge(exception: &TierException, default: Tier, members: &[&str], today: Date) -> Vec<Finding> {
    let package = &exception.package;
    let finding = |stage: Stage, message: String, help: String| {
        Finding::blocking(stage, message)
            .help(help)
            .at(exception.location.clone())
            .because(Some(exception.location.clone()))
            .package(package)
    };
    let removal = Remedy::new("remove the exception", [Change::remove(&exception.location)]);
    let mut findings = Vec::new();
    if !members.contains(&package.as_str()) {
        let close = members
            .iter()
            .map(|name| (strsim::damerau_levenshtein(name, package), *name))
            .min()
            .filter(|(distance, name)| *distance <= name.len().max(3) / 3);
        let help = match close {
            Some((_, name)) => format!("write `package = \"{name}\"`, or remove the exception"),
            None => "remove the exception".to_owned(),
        };
        let message = format!("the exception is for `{package}`, which is not a workspace member");
        let corrected = match close {
            Some((_, name)) => Remedy::new(
                format!("write `package = \"{name}\"`"),
                [Change::replace(
                    &exception.location,
                    format!("\"{package}\""),
                    format!("\"{name}\""),
                )],
            )
            .to_be_reviewed(),
            None => removal,
        };
        return vec![finding(WITHOUT_EFFECT.from, message, help).remedy(corrected)];
    }
    if exception.tier == default {
        let message = format!(
            "the exception gives `{package}` the tier `{}`, which is already the default",
            name(default)
        );
        return vec![finding(WITHOUT_EFFECT.from, message, "remove the exception".to_owned()).remedy(removal)];
    }
    let is_blank = |field: &Option<String>| field.as_deref().is_none_or(|text| text.trim().is_empty());
    let missing: Vec<&str> = [
        ("owner", is_blank(&exception.owner)),
        ("reason", is_blank(&exception.reason)),
        ("expires", exception.expires.is_none()),
    ]
    .into_iter()
    .filter_map(|(key, missing)| missing.then_some(key))
    .collect();
    if !missing.is_empty() {
        let listed = missing
            .iter()
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let message = format!(
            "the exception for `{package}` (tier `{}`) has no {listed}",
            name(exception.tier)
        );
        findings.push(finding(
            CHECK.blocks_at,
            message,
            format!("add {listed} to the exception"),
        ));
    }
    if let Some(expires) = exception.expires.filter(|expires| *expires < today) {
        let message = format!(
            "the exception for `{package}` (tier `{}`) expired on {expires}",
            name(exception.tier)
        );
        let help = format!("bring `{package}` back to `{}`, or renew `expires`", name(default));
        findings.push(finding(CHECK.blocks_at, message, help));
    }
    let what = format!("the exception for `{package}` (tier `{}`)", name(exception.tier));
    let long = exception.expires.and_then(|expires| too_long(&what, expires, today));
    findings.extend(long.map(|found| {
        found
            .at(exception.location.clone())
            .because(Some(exception.location.clone()))
    }));
    findings
}

fn idiomatic_without_clippy(tiers: &TierPolicy, members: &[&str]) -> Option<Finding> {
    let tier_of = |name: &str| {
        let exception = tiers.exceptions.iter().find(|exception| exception.package == name);
        exception.map_or(tiers.default, |exception| exception.tier)
    };
    let idiomatic: Vec<String> = members
        .iter()
        .filter(|name| tier_of(name) == Tier::Idiomatic)
        .map(|name| format!("`{name}`"))
        .collect();
    if idiomatic.is_empty() {
        return None;
    }
    let location = match tiers
        .exceptions
        .iter()
        .find(|exception| exception.tier == Tier::Idiomatic)
    {
        Some(exception) if tiers.default != Tier::Idiomatic => exception.location.clone(),
        _ => tiers.location.clone(),
    };
    let message = format!(
        "the tier `idiomatic` promises clean lints, but no required suite runs clippy: {}",
        idiomatic.join(", ")
    );
    Some(
        Finding::blocking(WITHOUT_CLIPPY.from, message)
            .help("add `[[suite.tool]]` with `name = \"clippy\"` and `tool = \"clippy\"` to `gate.toml`")
            .at(location.clone())
            .because(Some(location)),
    )
}

fn name(tier: Tier) -> &'static str {
    match tier {
        Tier::Portable => "portable",
        Tier::Idiomatic => "idiomatic",
        Tier::Native => "native",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, member};
    use gate_report::Location;

    fn exception(package: &str, tier: Tier, line: u32) -> TierException {
        TierException {
            package: package.into(),
            tier,
            owner: Some("platform".into()),
            reason: Some("binds the vendor's library".into()),
            expires: Some("2026-12-31".parse().expect("a date")),
            location: Location::line("gate.toml", line),
        }
    }

    fn said(default: Tier, exceptions: Vec<TierException>) -> String {
        let mut world = World::new();
        world.workspace.cargo.members.push(member("ffi", "ffi", None));
        world.policy.tiers = Some(TierPolicy {
            default,
            exceptions,
            location: Location::line("gate.toml", 3),
        });
        world.text(&CHECK)
    }

    #[test]
    fn undeclared_or_complete_is_quiet() {
        assert_eq!(
            World::new().text(&CHECK),
            "not applicable: `gate.toml` declares no `[tiers]`"
        );
        assert_eq!(said(Tier::Portable, vec![exception("ffi", Tier::Native, 9)]), "");
    }

    #[test]
    fn an_exception_has_owner_reason_and_a_day_to_come() {
        let mut bare = exception("ffi", Tier::Native, 9);
        bare.owner = Some("  ".into());
        bare.reason = None;
        bare.expires = None;
        insta::assert_snapshot!(said(Tier::Portable, vec![bare]), @"
        gate.toml:9: the exception for `ffi` (tier `native`) has no `owner`, `reason`, `expires` [pilot]
          help: add `owner`, `reason`, `expires` to the exception
          because: gate.toml:9
          package: ffi
        ");
        let mut old = exception("ffi", Tier::Native, 9);
        old.expires = Some("2026-06-14".parse().expect("a date"));
        insta::assert_snapshot!(said(Tier::Portable, vec![old]), @"
        gate.toml:9: the exception for `ffi` (tier `native`) expired on 2026-06-14 [pilot]
          help: bring `ffi` back to `portable`, or renew `expires`
          because: gate.toml:9
          package: ffi
        ");
    }

    #[test]
    fn an_exception_for_good_is_worth_a_word() {
        let mut long = exception("ffi", Tier::Native, 9);
        long.expires = Some("9999-12-31".parse().expect("a date"));
        insta::assert_snapshot!(said(Tier::Portable, vec![long]), @"
        gate.toml:9: the exception for `ffi` (tier `native`) expires in 2912277 days, on 9999-12-31 [advice]
          help: set `expires` to a date within 365 days
          because: gate.toml:9
        ");
    }

    #[test]
    fn an_exception_is_about_a_member_and_about_something() {
        let exceptions = vec![exception("fii", Tier::Native, 9), exception("app", Tier::Portable, 15)];
        insta::assert_snapshot!(said(Tier::Portable, exceptions), @r#"
        gate.toml:9: the exception is for `fii`, which is not a workspace member [controlled]
          help: write `package = "ffi"`, or remove the exception
          because: gate.toml:9
          package: fii
        gate.toml:15: the exception gives `app` the tier `portable`, which is already the default [controlled]
          help: remove the exception
          because: gate.toml:15
          package: app
        "#);
    }

    #[test]
    fn native_is_no_default_and_idiomatic_needs_clippy() {
        insta::assert_snapshot!(said(Tier::Native, vec![exception("ffi", Tier::Idiomatic, 9)]), @r#"
        gate.toml:3: the default tier `native` lets every crate use raw authority [pilot]
          help: set `default = "portable"` and list the crates that need more as exceptions
          because: gate.toml:3
        gate.toml:9: the tier `idiomatic` promises clean lints, but no required suite runs clippy: `ffi` [controlled]
          help: add `[[suite.tool]]` with `name = "clippy"` and `tool = "clippy"` to `gate.toml`
          because: gate.toml:9
        "#);
    }
}
