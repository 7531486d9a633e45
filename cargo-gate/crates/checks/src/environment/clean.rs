//! `environment.clean`: no variable changes what suites find.

use gate_base::stage::Stage;
use gate_report::{Dimension, Finding};

use gate_contract::{Check, Fixes, Judgement, Rule, input, reads};

reads!(input::SuiteVariables);

/// The check.
pub static CHECK: Check = Check {
    id: "environment.clean",
    summary: "No environment variable changes the results of suites",
    docs: include_str!("clean.md"),
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

fn run(context: &Context<'_>) -> Judgement {
    let findings = context.interference().map(|(name, interference)| {
        Finding::blocking(
            CHECK.blocks_at,
            format!("`{name}` is set, which {}", interference.words()),
        )
        .help(format!("run `cargo gate` without `{name}`"))
    });
    Judgement::Findings(findings.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_world::environment::Environment;

    #[test]
    fn names_what_is_set_and_what_it_does() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "");
        world.workspace.options.environment = Environment::from_pairs([
            ("INSTA_UPDATE", "always"),
            ("FAILPOINTS", "read=return"),
            ("TRYBUILD", "wip"),
        ]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        `FAILPOINTS` is set, which injects faults into the code under test [controlled]
          help: run `cargo gate` without `FAILPOINTS`
        `INSTA_UPDATE` is set, which makes tests overwrite their expected results [controlled]
          help: run `cargo gate` without `INSTA_UPDATE`
        ");
    }
}
