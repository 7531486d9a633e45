//! `config.sanity`: the policy says what it means.

use crate::base::stage::Stage;
use crate::policy::SanityWarning;
use crate::report::{Dimension, Finding};

use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "config.sanity",
    summary: "Values in `gate.toml` are in their usual range",
    docs: DOCS,
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    inputs: &[Input::PolicyFile],
    applies,
    run,
};

const DOCS: &str = "\
## What it does

Reports values of `gate.toml` that are allowed but rarely meant: a time limit of a day, a `max-age` of a year, a key \
without effect. Values outside the hard range do not get this far, they are configuration errors (exit code 2). These \
are warnings, and so block under `--strict` alone. What turns a safeguard off blocks from `controlled` on: a waiver for \
every path (`path = \"**\"`), and `required = false` on a suite whose name starts with `prod`.

## Why it matters

A limit that can never be reached checks nothing, and reads like one that does.

## How to fix

Follow the help line under the finding, or keep the value if it is meant.

## Requirements

S0.1, S1.35, S4.35, S4.36, S4.37
";

fn applies(context: &Context<'_>) -> Applies {
    match context.policy().source {
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
    let policy = context.policy();
    let dangers = policy
        .dangers
        .iter()
        .map(|danger| place(Finding::blocking(Stage::Controlled, &danger.message), danger));
    let odd = policy
        .sanity
        .iter()
        .map(|warning| place(Finding::advice(&warning.message), warning));
    Judgement::Findings(dangers.chain(odd).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::World;
    use crate::policy::PolicySource;
    use crate::report::Location;

    #[test]
    fn passes_on_what_validation_found() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "not applicable: there is no `gate.toml`");
        world.policy.source = Some(PolicySource {
            path: "gate.toml".into(),
            text: String::new(),
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
}
