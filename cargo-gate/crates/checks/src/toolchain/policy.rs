//! `toolchain.policy`: files repeat what `[toolchain]` declares, and somebody has looked at it lately.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::toolchain::consumers::{self, Consumer, TOOLCHAIN_FILE};
use gate_base::stage::Stage;
use gate_policy::ToolchainPolicy;
use gate_report::{Change, Dimension, Finding, Remedy};

use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(
    input::Cargo,
    input::Manifests,
    input::ToolchainFile,
    ToolchainPolicy,
    input::Today,
);

/// The check.
pub static CHECK: Check = Check {
    id: "toolchain.policy",
    summary: "Files match what `[toolchain]` declares, and it was reviewed on time",
    docs: include_str!("policy.md"),
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Applied("writes what `[toolchain]` declares into manifests and `rust-toolchain.toml`"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<ToolchainPolicy>() {
        Some(_) => Applies::Yes,
        None => Applies::No("`[toolchain]` is not declared".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<ToolchainPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let consumers = consumers::consumers(
        policy,
        context.toolchain_file(),
        &context.cargo().members,
        context.manifests(),
    );
    let wrong = consumers.iter().filter(|consumer| !consumer.agrees()).map(differs);
    let findings = wrong.chain(review(policy, context.today()));
    Judgement::Findings(
        findings
            .map(|finding| finding.because(Some(policy.location.clone())))
            .collect(),
    )
}

fn differs(consumer: &Consumer) -> Finding {
    let key = consumer.keys.last().copied().unwrap_or_default();
    let message = match &consumer.found {
        Some(found) => format!(
            "`{}` has `{key} = \"{found}\"`, but `[toolchain]` declares `{}`",
            consumer.path, consumer.expected
        ),
        None if consumer.path == TOOLCHAIN_FILE => {
            format!("`{TOOLCHAIN_FILE}` does not set the channel `{}`", consumer.expected)
        }
        None => format!(
            "`{}` has no `{key}`, but `[toolchain]` declares `{}`",
            consumer.path, consumer.expected
        ),
    };
    let finding = Finding::blocking(CHECK.blocks_at, message)
        .help("`cargo gate source docs`")
        .remedy(Remedy::new(
            format!("write `{}`", consumer.line()),
            [Change::set(
                &consumer.path,
                &consumer.keys,
                toml::Value::from(consumer.expected.as_str()).to_string(),
            )],
        ))
        .at(consumer.location.clone());
    match &consumer.package {
        Some(package) => finding.package(package),
        None => finding,
    }
}

fn review(policy: &ToolchainPolicy, today: Date) -> Option<Finding> {
    let due = policy
        .reviewed
        .checked_add(i64::from(policy.review_cadence).weeks())
        .unwrap_or(Date::MAX);
    let (message, help) = if policy.reviewed > today {
        (
            format!(
                "the toolchain was reviewed on {}, which is in the future",
                policy.reviewed
            ),
            "set `reviewed` to the date of the review".to_owned(),
        )
    } else if due < today {
        (
            format!(
                "the toolchain was last reviewed on {}: with a review every {} weeks, the next was due on {due}",
                policy.reviewed, policy.review_cadence
            ),
            format!("review `[toolchain]`, then set `reviewed = {today}`"),
        )
    } else {
        return None;
    };
    Some(
        Finding::blocking(CHECK.blocks_at, message)
            .help(help)
            .at(policy.location.clone()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, member, toolchain_file};
    use gate_policy::FloorRelease;
    use gate_report::Location;

    pub(crate) fn policy() -> ToolchainPolicy {
        ToolchainPolicy {
            release: "1.95.0".into(),
            minimum: "1.85".into(),
            resolver: Some("3".into()),
            reviewed: "2026-06-01".parse().expect("a day"),
            review_cadence: 12,
            floor_notice: 30,
            floor_raise_release: FloorRelease::Minor,
            floors: Vec::new(),
            location: Location::line("gate.toml", 5),
        }
    }

    fn world() -> World {
        let mut world = World::new();
        world.workspace.toolchain.file = Some(toolchain_file("1.95.0"));
        world.workspace.cargo.members = vec![member("app", "", Some("1.85")), member("core", "core", Some("1.85"))];
        world.manifests(&[
            (
                "Cargo.toml",
                "[package]\nname = \"app\"\nrust-version.workspace = true\nedition = \"2024\"\n[workspace.package]\nrust-version = \"1.85\"\n",
            ),
            ("core/Cargo.toml", "[package]\nname = \"core\"\nrust-version = \"1.85\"\n"),
        ]);
        world.policy.toolchain = Some(policy());
        world
    }

    #[test]
    fn files_that_agree_are_content() {
        assert_eq!(
            World::new().text(&CHECK),
            "not applicable: `[toolchain]` is not declared"
        );
        assert_eq!(world().text(&CHECK), "");
    }

    #[test]
    fn every_file_that_differs_is_named() {
        let mut world = world();
        world.workspace.toolchain.file = Some(toolchain_file("1.94.0"));
        world.manifests(&[
            (
                "Cargo.toml",
                "[package]\nname = \"app\"\nrust-version.workspace = true\nedition = \"2021\"\n[workspace.package]\nrust-version = \"1.85.0\"\n",
            ),
            ("core/Cargo.toml", "[package]\nname = \"core\"\n"),
        ]);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        rust-toolchain.toml:2: `rust-toolchain.toml` has `channel = "1.94.0"`, but `[toolchain]` declares `1.95.0` [controlled]
          help: `cargo gate source docs`
          because: gate.toml:5
        Cargo.toml:6: `Cargo.toml` has `rust-version = "1.85.0"`, but `[toolchain]` declares `1.85` [controlled]
          help: `cargo gate source docs`
          because: gate.toml:5
        core/Cargo.toml:1: `core/Cargo.toml` has no `rust-version`, but `[toolchain]` declares `1.85` [controlled]
          help: `cargo gate source docs`
          because: gate.toml:5
          package: core
        Cargo.toml:5: `Cargo.toml` has `resolver = "2"`, but `[toolchain]` declares `3` [controlled]
          help: `cargo gate source docs`
          because: gate.toml:5
        "#);
        world.workspace.toolchain.file = None;
        let said = world.text(&CHECK);
        assert!(
            said.contains("`rust-toolchain.toml` does not set the channel `1.95.0`"),
            "{said}"
        );
    }

    #[test]
    fn a_review_that_is_due_is_a_finding() {
        let mut world = world();
        let mut said = |reviewed: &str| {
            let policy = world.policy.toolchain.as_mut().expect("declared");
            policy.reviewed = reviewed.parse().expect("a day");
            world.text(&CHECK)
        };
        let today = said("0001-01-01");
        insta::assert_snapshot!(today, @"
        gate.toml:5: the toolchain was last reviewed on 0001-01-01: with a review every 12 weeks, the next was due on 0001-03-26 [controlled]
          help: review `[toolchain]`, then set `reviewed = 2026-06-15`
          because: gate.toml:5
        ");
        assert!(said("9999-01-01").contains("which is in the future"));
    }
}
