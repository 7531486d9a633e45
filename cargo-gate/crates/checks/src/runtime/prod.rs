//! `runtime.prod`: the production suites of gated kernels are required, and run without a GPU.

use gate_base::stage::Stage;
use gate_policy::{PRODUCTION_SUITES, RUNTIME_PACKAGE, RuntimePolicy, SuiteKind, SuitePolicy};
use gate_report::{Dimension, Finding, Location};

use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(input::Cargo, input::SuiteVariables, SuitePolicy, RuntimePolicy);

const FAULTS: OtherStage = OtherStage {
    from: Stage::Broad,
    what: "an environment variable that injects faults",
};

/// The check.
pub static CHECK: Check = Check {
    id: "runtime.prod",
    summary: "The production suites of gated kernels are required, and no faults are injected",
    docs: include_str!("prod.md"),
    dimension: Dimension::Reliability,
    group_evidence: |_| true,
    blocks_at: Stage::Pilot,
    other_stages: &[FAULTS],
    since: "0.1.0",
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let model = context.cargo();
    let members = model.members.iter().map(|member| &member.name);
    let dependencies = model.dependencies.iter().map(|dependency| &dependency.name);
    if context.section::<RuntimePolicy>().is_some() || members.chain(dependencies).any(|name| name == RUNTIME_PACKAGE) {
        return Applies::Yes;
    }
    Applies::No(format!(
        "no package depends on `{RUNTIME_PACKAGE}`, and `[runtime]` is not declared"
    ))
}

fn run(context: &Context<'_>) -> Judgement {
    let suites = context.section::<SuitePolicy>();
    let section = context
        .section::<RuntimePolicy>()
        .as_ref()
        .map(|runtime| runtime.location.clone());
    let suites = PRODUCTION_SUITES.iter().filter_map(|name| {
        let declared = suites
            .iter()
            .find(|suite| suite.kind == SuiteKind::Test && suite.name == *name);
        let finding = match declared {
            None => undeclared(name, section.clone()),
            Some(suite) => doubtful(suite)?,
        };
        Some(finding.because(section.clone()))
    });
    let faults = context
        .interference()
        .filter(|(name, _)| name.starts_with("GATE_"))
        .map(|(name, _)| {
            Finding::blocking(
                FAULTS.from,
                format!("`{name}` is set, which injects faults into kernels (`fault_injection_active`)"),
            )
            .help(format!("run `cargo gate` without `{name}`"))
        });
    Judgement::Findings(suites.chain(faults).collect())
}

fn undeclared(name: &str, section: Option<Location>) -> Finding {
    let finding = Finding::blocking(
        CHECK.blocks_at,
        format!("the production suite `{name}` is not declared"),
    )
    .help(format!(
        "add `[[suite.test]]` to `gate.toml` with `name = \"{name}\"` and \
         `command = [\"cargo\", \"test\", \"--locked\", \"--test\", \"{name}\"]`"
    ));
    match section {
        Some(location) => finding.at(location),
        None => finding,
    }
}

/// What keeps a declared suite from counting.
fn doubtful(suite: &SuitePolicy) -> Option<Finding> {
    let name = &suite.name;
    let (what, help) = if !suite.required {
        ("is not required".to_owned(), "remove `required = false`".to_owned())
    } else if suite.stage > Stage::Pilot {
        (
            format!("is only required from {} on", suite.stage),
            "remove `stage`".to_owned(),
        )
    } else if let Some(device) = suite.requires.iter().find(|requirement| asks_for_gpu(requirement)) {
        (
            format!("requires `{device}`, but must run without a GPU"),
            format!("remove `{device}` from `requires`, and test against the simulated device"),
        )
    } else {
        return None;
    };
    let finding = Finding::blocking(CHECK.blocks_at, format!("the production suite `{name}` {what}")).help(help);
    Some(match &suite.location {
        Some(location) => finding.at(location.clone()),
        None => finding,
    })
}

fn asks_for_gpu(requirement: &str) -> bool {
    match requirement.split_once(':') {
        Some(("program", program)) => program == "nvcc" || program == "nvidia-smi",
        Some(("env", variable)) => variable.starts_with("CUDA_") || variable.starts_with("NVIDIA_"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_policy::RuntimePolicy;
    use gate_world::environment::Environment;

    /// A world in which all four suites are declared.
    fn world() -> World {
        let mut world = World::new();
        world.policy.runtime = Some(RuntimePolicy {
            decision_logs: Vec::new(),
            min_compilability: None,
            max_recompiles: None,
            run_stats: Vec::new(),
            rails: None,
            location: Location::line("gate.toml", 3),
        });
        for (line, name) in (10..).step_by(5).zip(PRODUCTION_SUITES) {
            world.policy.suites.push(SuitePolicy {
                kind: SuiteKind::Test,
                name: name.to_owned(),
                location: Some(Location::line("gate.toml", line)),
                ..SuitePolicy::tool("clippy")
            });
        }
        world
    }

    #[test]
    fn it_applies_where_kernels_are_run() {
        let mut world = World::new();
        assert_eq!(
            world.text(&CHECK),
            "not applicable: no package depends on `cargo-gate-runtime`, and `[runtime]` is not declared"
        );
        world.workspace.cargo.members[0].name = RUNTIME_PACKAGE.to_owned();
        assert_eq!(world.text(&CHECK).matches("is not declared").count(), 4);
    }

    #[test]
    fn each_has_to_be_declared() {
        let mut world = world();
        assert_eq!(world.text(&CHECK), "");
        world.policy.suites.remove(0);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        gate.toml:3: the production suite `prod_status_errors` is not declared [pilot]
          help: add `[[suite.test]]` to `gate.toml` with `name = "prod_status_errors"` and `command = ["cargo", "test", "--locked", "--test", "prod_status_errors"]`
          because: gate.toml:3
        "#);
    }

    #[test]
    fn a_suite_that_may_be_left_out_does_not_count() {
        let mut world = world();
        world.policy.suites[0].required = false;
        world.policy.suites[1].stage = Stage::Broad;
        world.policy.suites[2].requires = vec!["os:linux".to_owned(), "program:nvidia-smi".to_owned()];
        world.policy.suites[3].requires = vec!["env:DATABASE_URL".to_owned()];
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:10: the production suite `prod_status_errors` is not required [pilot]
          help: remove `required = false`
          because: gate.toml:3
        gate.toml:15: the production suite `prod_decision_log` is only required from broad on [pilot]
          help: remove `stage`
          because: gate.toml:3
        gate.toml:20: the production suite `prod_cuda_contracts` requires `program:nvidia-smi`, but must run without a GPU [pilot]
          help: remove `program:nvidia-smi` from `requires`, and test against the simulated device
          because: gate.toml:3
        ");
    }

    #[test]
    fn injected_faults_block_broad() {
        let mut world = world();
        world.workspace.options.environment = Environment::from_pairs([
            ("GATE_CUDA_DISABLE", "0"),
            ("GATE_CUDA_FORCE_ERROR", "1"),
            ("FAILPOINTS", "x=y"),
        ]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        `GATE_CUDA_FORCE_ERROR` is set, which injects faults into kernels (`fault_injection_active`) [broad]
          help: run `cargo gate` without `GATE_CUDA_FORCE_ERROR`
        ");
    }
}
