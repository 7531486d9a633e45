//! `ci.gate-wired`: the gate is part of continuous integration, and its answer counts.

use gate_base::stage::Stage;
use gate_ci::{Argument, CiCommand, CiFile, CiFiles, Job, Trigger, program};
use gate_policy::{CiPolicy, StagePolicy};
use gate_report::{Dimension, Finding, Location};

use super::pipelines::{jobs, not_followed, runs_gate, unreadable};
use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(input::CiFiles, CiPolicy, StagePolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "ci.gate-wired",
    summary: "Continuous integration runs the gate, and a refusal fails the job",
    docs: include_str!("gate_wired.md"),
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 5,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    // A policy declares at least the scope of pilot.
    if context.section::<StagePolicy>().is_empty() {
        return Applies::No("there is no `gate.toml` to enforce".into());
    }
    // Where `[ci]` is declared, missing files are a finding.
    if context.has_ci() || context.section::<CiPolicy>().is_some() {
        Applies::Yes
    } else {
        Applies::No("there are no GitHub Actions or GitLab CI files, and `gate.toml` has no `[ci]`".into())
    }
}

/// Whether a command is one that the policy says runs the gate.
fn is_declared(arguments: &[Argument], policy: Option<&CiPolicy>) -> bool {
    let words: Vec<&str> = program(arguments).iter().map_while(Argument::text).collect();
    policy.is_some_and(|policy| {
        policy.gate_steps.iter().any(|step| {
            let step: Vec<&str> = step.split_whitespace().collect();
            words.starts_with(&step)
        })
    })
}

fn command_runs_gate(command: &CiCommand, policy: Option<&CiPolicy>) -> bool {
    command
        .arguments
        .iter()
        .any(|arguments| runs_gate(arguments) || is_declared(arguments, policy))
}

/// A job that runs the gate and does not fail when it refuses: where, and why.
struct Ignored {
    location: Location,
    why: String,
}

fn run(context: &Context<'_>) -> Judgement {
    let policy = context.section::<CiPolicy>().as_ref();
    let ci = context.ci();
    let mut ignored = Vec::new();
    for (file, job) in jobs(ci) {
        match enforced(file, job, ci, policy) {
            Some(Ok(())) => return Judgement::Findings(Vec::new()),
            Some(Err(found)) => ignored.push(found),
            None => {}
        }
    }
    for file in &ci.files {
        // A pipeline that includes the gate from elsewhere.
        if file.external.iter().any(|used| names_declared(&used.name, policy)) {
            return Judgement::Findings(Vec::new());
        }
    }
    let finding = if let Some(found) = ignored.into_iter().next() {
        Finding::blocking(
            CHECK.blocks_at,
            format!("the gate runs, but a refusal does not fail the pipeline: {}", found.why),
        )
        .help("run `cargo gate pilot` in a separate step, on pushes and pull requests, and let it fail the job")
        .at(found.location)
    } else {
        missing(ci)
    };
    let mut findings = vec![finding];
    // The gate may stand in what cannot be read or was not followed.
    findings.extend(unreadable(ci));
    let help = "if it runs the gate, add it to `gate-steps` under `[ci]`";
    findings.extend(not_followed(jobs(ci).flat_map(|(_, job)| &job.not_followed), help));
    Judgement::Findings(findings)
}

fn missing(ci: &CiFiles) -> Finding {
    let entries: Vec<&CiFile> = ci
        .files
        .iter()
        .filter(|file| file.start == Trigger::Automatic && !file.jobs.is_empty())
        .collect();
    if ci
        .files
        .iter()
        .all(|file| file.jobs.is_empty() && file.problem.is_none())
    {
        return Finding::blocking(CHECK.blocks_at, "no CI configuration enforces the policy").help(
            "write a workflow with `cargo gate init --ci github`; for another CI system, add its script to \
                 `scripts` under `[ci]`",
        );
    }
    let elsewhere = ci.files.iter().any(|file| {
        !file.external.is_empty()
            || file
                .jobs
                .iter()
                .any(|job| job.calls.iter().any(|call| !call.name.starts_with("./")))
    });
    let help = if elsewhere {
        "add a step `cargo gate pilot --locked`; if an external workflow or include runs it, add that to \
         `gate-steps` under `[ci]`"
    } else {
        "add a step `cargo gate pilot --locked`, or write a workflow with `cargo gate init --ci github`"
    };
    let mut finding = Finding::blocking(CHECK.blocks_at, "no CI job runs the gate").help(help);
    for file in entries {
        finding = finding.at(Location::file(&file.path));
    }
    finding
}

/// Whether a job runs the gate, and so that its answer counts.
fn enforced(file: &CiFile, job: &Job, ci: &CiFiles, policy: Option<&CiPolicy>) -> Option<Result<(), Ignored>> {
    let commands: Vec<&CiCommand> = job
        .commands
        .iter()
        .filter(|command| command_runs_gate(command, policy))
        .collect();
    let call = job.calls.iter().find(|call| names_declared(&call.name, policy));
    let location = match (commands.first(), call) {
        (Some(command), _) => Location::line(&command.path, command.line),
        (None, Some(call)) => Location::line(&file.path, call.line),
        (None, None) => return None,
    };
    let why = if job.is_off {
        Some(format!("job `{}` is disabled", job.name))
    } else if job.may_fail {
        Some(format!("job `{}` is allowed to fail", job.name))
    } else if !starts(file, ci) {
        Some(match file.start {
            Trigger::Called => "no automatically started workflow calls this one".to_owned(),
            _ => "the workflow is only started manually".to_owned(),
        })
    } else if call.is_none() && commands.iter().all(|command| command.ignored.is_some()) {
        commands.first().and_then(|command| command.ignored).map(str::to_owned)
    } else {
        None
    };
    Some(match why {
        Some(why) => Err(Ignored { location, why }),
        None => Ok(()),
    })
}

fn names_declared(name: &str, policy: Option<&CiPolicy>) -> bool {
    let without_version = name.split('@').next().unwrap_or(name);
    policy.is_some_and(|policy| policy.gate_steps.iter().any(|step| step == without_version))
}

/// Whether a file starts by itself, or is called by one that does.
fn starts(file: &CiFile, ci: &CiFiles) -> bool {
    let mut wanted = vec![file];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(file) = wanted.pop() {
        if seen.contains(&file.path.as_str()) {
            continue;
        }
        seen.push(&file.path);
        match file.start {
            Trigger::Automatic => return true,
            Trigger::Manual => {}
            Trigger::Called => wanted.extend(ci.files.iter().filter(|other| {
                let mut calls = other
                    .jobs
                    .iter()
                    .filter(|job| !job.is_off && !job.may_fail)
                    .flat_map(|job| &job.calls);
                calls.any(|call| {
                    call.name
                        .strip_prefix("./")
                        .is_some_and(|path| file.path.ends_with(path))
                })
            })),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, ci_policy, pilot_policy};

    fn world() -> World {
        let mut world = World::new();
        world.policy.stages.extend([pilot_policy()]);
        world
    }

    fn steps(world: &mut World, step: &str) -> String {
        let text = format!(
            "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo test\n{step}"
        );
        world.ci(&[
            (".github/workflows/ci.yml", &text),
            ("ci/gate.sh", "set -e\ncargo gate controlled --locked\necho done\n"),
        ]);
        world.text(&CHECK)
    }

    fn declared(gate_steps: &[&str]) -> World {
        let mut world = world();
        world.policy.ci = Some(CiPolicy {
            gate_steps: gate_steps.iter().map(|step| (*step).to_owned()).collect(),
            ..ci_policy()
        });
        world
    }

    #[test]
    fn ways_to_run_the_gate() {
        for step in [
            "      - run: cargo gate pilot --locked\n",
            "      - run: cargo +stable gate broad\n",
            "      - run: cargo-gate gate controlled\n",
            "      - run: '\"$BIN/cargo-gate-under-test\" gate pilot'\n",
            "      - run: ./ci/gate.sh\n",
            "      - run: cargo gate pilot | tee log\n        shell: bash\n",
            "      - run: cargo gate ${{ inputs.stage }}\n",
        ] {
            assert_eq!(steps(&mut world(), step), "", "{step}");
        }
    }

    #[test]
    fn nothing_that_runs_it() {
        insta::assert_snapshot!(steps(&mut world(), ""), @"
        .github/workflows/ci.yml: no CI job runs the gate [controlled]
          help: add a step `cargo gate pilot --locked`, or write a workflow with `cargo gate init --ci github`
        ");
        for step in [
            "cargo gate pilot --plan",
            "cargo gate verify x",
            "echo cargo gate pilot",
            "cargo gate",
            "# cargo gate pilot",
        ] {
            let text = steps(&mut world(), &format!("      - run: |\n          {step}\n"));
            assert!(
                text.starts_with(".github/workflows/ci.yml: no CI job"),
                "{step}: {text}"
            );
        }
    }

    #[test]
    fn recipes_run_it_where_they_can_be_followed() {
        let mut world = world();
        let workflow = "on: push\njobs:\n  a:\n    steps:\n      - run: make gate\n";
        let mut said = |makefile: &str| {
            world.ci(&[(".github/workflows/ci.yml", workflow), ("Makefile", makefile)]);
            world.text(&CHECK)
        };
        assert_eq!(
            said("gate: build\n\tcargo gate pilot --locked\nbuild:\n\tcargo build\n"),
            ""
        );
        insta::assert_snapshot!(said("gate:\n\tcargo gate $(or $(STAGE),pilot) --locked\n"), @"
        .github/workflows/ci.yml: no CI job runs the gate [controlled]
          help: add a step `cargo gate pilot --locked`, or write a workflow with `cargo gate init --ci github`
        Makefile:2: `make gate` was not followed: it has an expression other than a variable name [advice]
          help: if it runs the gate, add it to `gate-steps` under `[ci]`
        ");
    }

    #[test]
    fn answers_without_consequence() {
        let mut said = Vec::new();
        for step in [
            "      - run: cargo gate pilot || true\n",
            "      - run: cargo gate pilot | tee log\n",
            "      - run: cargo gate pilot\n        continue-on-error: true\n",
            "      - run: |\n          set +e\n          cargo gate pilot\n          echo done\n",
            "    continue-on-error: true\n  gate:\n    continue-on-error: true\n    steps:\n      - run: cargo gate pilot\n",
            "  gate:\n    if: false\n    steps:\n      - run: cargo gate pilot\n",
        ] {
            said.push(steps(&mut world(), step).lines().next().unwrap_or_default().to_owned());
        }
        insta::assert_snapshot!(said.join("\n"), @"
        .github/workflows/ci.yml:7: the gate runs, but a refusal does not fail the pipeline: what follows `||` hides its failure [controlled]
        .github/workflows/ci.yml:7: the gate runs, but a refusal does not fail the pipeline: its exit code is lost in a pipe [controlled]
        .github/workflows/ci.yml:7: the gate runs, but a refusal does not fail the pipeline: its step has `continue-on-error` [controlled]
        .github/workflows/ci.yml:9: the gate runs, but a refusal does not fail the pipeline: later commands run even if it fails [controlled]
        .github/workflows/ci.yml:11: the gate runs, but a refusal does not fail the pipeline: job `gate` is allowed to fail [controlled]
        .github/workflows/ci.yml:10: the gate runs, but a refusal does not fail the pipeline: job `gate` is disabled [controlled]
        ");
    }

    #[test]
    fn workflows_that_start_by_hand_or_are_called() {
        let gate = "jobs:\n  gate:\n    steps:\n      - run: cargo gate pilot\n";
        let mut world = world();
        world.ci(&[(".github/workflows/gate.yml", &format!("on: workflow_dispatch\n{gate}"))]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        .github/workflows/gate.yml:5: the gate runs, but a refusal does not fail the pipeline: the workflow is only started manually [controlled]
          help: run `cargo gate pilot` in a separate step, on pushes and pull requests, and let it fail the job
        ");
        let called = format!("on: workflow_call\n{gate}");
        let caller = "on: [push]\njobs:\n  x:\n    uses: ./.github/workflows/gate.yml\n";
        world.ci(&[(".github/workflows/gate.yml", &called)]);
        insta::assert_snapshot!(world.text(&CHECK).lines().next().unwrap_or_default(), @".github/workflows/gate.yml:5: the gate runs, but a refusal does not fail the pipeline: no automatically started workflow calls this one [controlled]");
        world.ci(&[
            (".github/workflows/gate.yml", &called),
            (".github/workflows/ci.yml", caller),
        ]);
        assert_eq!(world.text(&CHECK), "");
    }

    #[test]
    fn the_policy_may_say_what_runs_it() {
        let mut world = declared(&["cargo xtask ci", "org/x/.github/workflows/gate.yml", "group/gate"]);
        assert_eq!(steps(&mut world, "      - run: cargo xtask ci --fast\n"), "");
        assert_eq!(
            steps(&mut world, "  x:\n    uses: org/x/.github/workflows/gate.yml@v1\n"),
            ""
        );
        world.ci(&[(".gitlab-ci.yml", "include:\n  - project: group/gate\n    file: x.yml\n")]);
        assert_eq!(world.text(&CHECK), "");
        insta::assert_snapshot!(steps(&mut world, "      - run: cargo xtask test\n  x:\n    uses: org/y/.github/workflows/z.yml@v1\n"), @"
        .github/workflows/ci.yml: no CI job runs the gate [controlled]
          help: add a step `cargo gate pilot --locked`; if an external workflow or include runs it, add that to `gate-steps` under `[ci]`
        ");
    }

    #[test]
    fn pipelines_and_no_integration_at_all() {
        let mut world = world();
        assert!(
            world
                .text(&CHECK)
                .starts_with("not applicable: there are no GitHub Actions")
        );
        world.policy.ci = declared(&[]).policy.ci;
        insta::assert_snapshot!(world.text(&CHECK), @"
        no CI configuration enforces the policy [controlled]
          help: write a workflow with `cargo gate init --ci github`; for another CI system, add its script to `scripts` under `[ci]`
        ");
        world.ci(&[
            (".gitlab-ci.yml", "include: .gitlab/gate.yml\n"),
            (".gitlab/gate.yml", "gate:\n  script:\n    - cargo gate pilot\n"),
        ]);
        assert_eq!(world.text(&CHECK), "");
        world.ci(&[(
            ".gitlab-ci.yml",
            "gate:\n  script: cargo gate pilot\n  allow_failure: true\n",
        )]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        .gitlab-ci.yml:2: the gate runs, but a refusal does not fail the pipeline: job `gate` is allowed to fail [controlled]
          help: run `cargo gate pilot` in a separate step, on pushes and pull requests, and let it fail the job
        ");
        world.ci(&[(".gitlab-ci.yml", "gate: [")]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        no CI job runs the gate [controlled]
          help: add a step `cargo gate pilot --locked`, or write a workflow with `cargo gate init --ci github`
        .gitlab-ci.yml:1: `.gitlab-ci.yml` is not valid YAML: while parsing a node, did not find expected node content [controlled]
          help: correct line 1
        ");
        world.policy.stages.clear();
        insta::assert_snapshot!(world.text(&CHECK), @"not applicable: there is no `gate.toml` to enforce");
    }
}
