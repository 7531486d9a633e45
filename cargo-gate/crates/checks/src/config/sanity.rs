//! `config.sanity`: the policy says what it means.

use gate_base::stage::Stage;
use gate_policy::{SanityWarning, SuiteKind, SuitePolicy};
use gate_report::{Dimension, Finding};

use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(input::WholePolicy, input::Cargo);

/// The check.
pub static CHECK: Check = Check {
    id: "config.sanity",
    summary: "Values in `gate.toml` are in their usual range",
    docs: include_str!("sanity.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    waivable: false,
    version: 3,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.whole_policy().source {
        Some(_) => Applies::Yes,
        None => Applies::No("there is no `gate.toml`".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let place = |finding: Finding, warning: &SanityWarning| {
        finding
            .help(&warning.help)
            .at(warning.location.clone())
            .because(Some(warning.location.clone()))
    };
    let policy = context.whole_policy();
    let dangers = policy
        .dangers
        .iter()
        .map(|danger| place(Finding::blocking(CHECK.blocks_at, &danger.message), danger));
    let odd = policy
        .sanity
        .iter()
        .map(|warning| place(Finding::advice(&warning.message), warning));
    Judgement::Findings(dangers.chain(odd).chain(without_doctests(context)).collect())
}

/// Targets of `cargo test` that leave doctests out.
const SELECTED: [&str; 9] = [
    "--lib",
    "--bins",
    "--bin",
    "--tests",
    "--test",
    "--examples",
    "--example",
    "--benches",
    "--bench",
];

/// A suite with nextest runs no doctests, and no other suite of the policy does.
fn without_doctests(context: &Context<'_>) -> Option<Finding> {
    let is_test = |suite: &&SuitePolicy| suite.kind == SuiteKind::Test;
    let suites = || context.whole_policy().suites.iter().filter(is_test);
    let nextest = suites().find(|suite| suite.command.iter().any(|word| word == "nextest"))?;
    let mut members = context.cargo().members.iter();
    let library = |kind: &String| ["lib", "rlib", "proc-macro"].contains(&kind.as_str());
    let documented = members.find(|member| {
        let mut targets = member.targets.iter();
        targets.any(|target| target.kind.iter().any(library))
    })?;
    if suites().any(|suite| may_run_doctests(&suite.command)) {
        return None;
    }
    let message = format!(
        "no suite runs the doctests of `{}`: `{}` uses nextest, which runs none",
        documented.name, nextest.name
    );
    let finding = Finding::advice(message).help("add a `[[suite.test]]` with `cargo test --workspace --locked --doc`");
    let finding = nextest
        .location
        .iter()
        .fold(finding, |finding, place| finding.at(place.clone()));
    Some(finding.because(nextest.location.clone()))
}

/// Nobody knows what a script runs.
fn may_run_doctests(command: &[String]) -> bool {
    let is = |words: &[&str]| command.iter().any(|word| words.contains(&word.as_str()));
    if command.first().is_none_or(|program| program != "cargo") {
        return true;
    }
    is(&["test", "t"]) && !is(&["nextest"]) && (is(&["--doc"]) || !is(&SELECTED) && !is(&["--all-targets"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_policy::PolicySource;
    use gate_report::Location;
    use gate_world::cargo::Target;

    #[test]
    fn passes_on_what_validation_found() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "not applicable: there is no `gate.toml`");
        world.policy.source = Some(PolicySource {
            path: "gate.toml".into(),
            text: String::new(),
            bases: Vec::new(),
        });
        assert_eq!(world.text(&CHECK), "");
        world.policy.sanity.push(SanityWarning {
            message: "`max-age` is a year".into(),
            help: "write `max-age = \"30d\"`".into(),
            location: Location::line("gate.toml", 4),
        });
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        gate.toml:4: `max-age` is a year [advice]
          help: write `max-age = "30d"`
          because: gate.toml:4
        "#);
        world.policy.dangers.append(&mut world.policy.sanity);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        gate.toml:4: `max-age` is a year [controlled]
          help: write `max-age = "30d"`
          because: gate.toml:4
        "#);
    }

    #[test]
    fn nextest_alone_runs_no_doctests() {
        let test = |command: &str| {
            let command = command.split(' ').map(str::to_owned).collect();
            SuitePolicy::new(SuiteKind::Test, "unit", command)
        };
        let mut world = World::new();
        world.policy.source = Some(PolicySource {
            path: "gate.toml".into(),
            text: String::new(),
            bases: Vec::new(),
        });
        world.policy.suites = vec![test("cargo nextest run --workspace")];
        assert_eq!(world.text(&CHECK), "", "nothing has doctests");
        world.workspace.cargo.members[0].targets = vec![Target {
            name: "app".into(),
            kind: vec!["lib".into()],
            source: "src/lib.rs".into(),
            test: true,
        }];
        assert!(
            world
                .text(&CHECK)
                .starts_with("no suite runs the doctests of `app`: `unit` uses nextest, which runs none [advice]"),
            "{}",
            world.text(&CHECK)
        );
        for silent in ["cargo test --doc", "cargo test --workspace", "cargo t", "make test"] {
            world.policy.suites.truncate(1);
            world.policy.suites.push(test(silent));
            assert_eq!(world.text(&CHECK), "", "{silent}");
        }
        let warning = world.policy.suites.remove(0);
        for other in [
            "cargo test --lib",
            "cargo test --all-targets",
            "cargo nextest run --doc",
        ] {
            world.policy.suites = vec![warning.clone(), test(other)];
            assert_ne!(world.text(&CHECK), "", "{other}");
        }
    }
}
