//! `ci.gate-wired`: the gate is part of continuous integration, and its answer counts.

use crate::base::stage::Stage;
use crate::ci::{Argument, CiCommand, CiFile, CiFiles, Job, Start, program};
use crate::policy::CiPolicy;
use crate::report::{Dimension, Finding, Location};

use super::pipelines::{jobs, runs_gate, unreadable};
use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "ci.gate-wired",
    summary: "Continuous integration runs the gate, and a refusal fails the job",
    docs: DOCS,
    dimension: Dimension::Control,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    inputs: &[Input::CiFiles, Input::PolicyCi, Input::PolicyStages],
    applies,
    run,
};

const DOCS: &str = "\
## What it does

Applies where there is a `gate.toml`, and CI files or a declared `[ci]`. Some job of GitHub Actions or GitLab CI must run `cargo gate pilot`, `controlled` \
or `broad`, in its own commands, in a script or an action of the repository that it calls, or in a script that \
`scripts` of `[ci]` names. The job must start by itself (a push, a pull request, the clock), not be switched off, and \
fail when the gate refuses: `|| true`, a pipe without `pipefail`, `continue-on-error: true` and `allow_failure: true` \
take the answer away. Conditions (`if:`, `rules:`) other than a plain `false` are not evaluated.

Where the gate runs behind the project's own automation, or in a workflow of another repository, `gate-steps` of `[ci]` \
says which command or name that is. For a CI system whose files are not read, `scripts` names the script that it starts.

At pilot this warns, because the first pilot decision is often made by hand, before there is a job; from controlled on \
it blocks.

## Why it matters

A policy that nothing enforces is a wish. Without the job, drift between what is declared and what is committed shows \
when somebody remembers to look.

## How to fix

`cargo gate init --ci github,gitlab` writes a job for each, fitted to the workspace. To an existing job add

```yaml
- run: cargo install cargo-gate --locked
- run: cargo gate pilot --locked
```

## Requirements

S2.61, S1.59, S4.76
";

fn applies(context: &Context<'_>) -> Applies {
    // A policy declares at least the scope of pilot.
    if context.policy().stages.is_empty() {
        return Applies::No("there is no `gate.toml` whose rules could be enforced".into());
    }
    // Where `[ci]` is declared, files that are gone are a finding and no excuse.
    if context.has_ci() || context.policy().ci.is_some() {
        Applies::Yes
    } else {
        Applies::No("there are no files of GitHub Actions or GitLab CI, and `gate.toml` declares no `[ci]`".into())
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

/// A job that runs the gate in vain: where, and why.
struct InVain {
    location: Location,
    why: String,
}

fn run(context: &Context<'_>) -> Judgement {
    let policy = context.policy().ci.as_ref();
    let ci = context.ci();
    let mut in_vain = Vec::new();
    for (file, job) in jobs(ci) {
        match enforced(file, job, ci, policy) {
            Some(Ok(())) => return Judgement::Findings(Vec::new()),
            Some(Err(found)) => in_vain.push(found),
            None => {}
        }
    }
    for file in &ci.files {
        // A pipeline that includes the gate from elsewhere.
        if file.elsewhere.iter().any(|used| names_declared(&used.name, policy)) {
            return Judgement::Findings(Vec::new());
        }
    }
    let finding = if let Some(found) = in_vain.into_iter().next() {
        Finding::blocking(Stage::Controlled, format!("the gate runs without consequence: {}", found.why))
            .help("let the job fail when the gate refuses: run `cargo gate pilot` as a step of its own, on push and pull requests")
            .at(found.location)
    } else {
        missing(ci)
    };
    let mut findings = vec![finding];
    // The gate may stand in what cannot be read.
    findings.extend(unreadable(ci));
    Judgement::Findings(findings)
}

fn missing(ci: &CiFiles) -> Finding {
    let entries: Vec<&CiFile> = ci
        .files
        .iter()
        .filter(|file| file.start == Start::Automatic && !file.jobs.is_empty())
        .collect();
    if ci
        .files
        .iter()
        .all(|file| file.jobs.is_empty() && file.problem.is_none())
    {
        return Finding::blocking(Stage::Controlled, "there is a policy, and no continuous integration that enforces it")
            .help("`cargo gate init --ci github` writes a workflow; for another system name its script in `scripts` of `[ci]`");
    }
    let elsewhere = ci.files.iter().any(|file| {
        !file.elsewhere.is_empty()
            || file
                .jobs
                .iter()
                .any(|job| job.calls.iter().any(|call| !call.name.starts_with("./")))
    });
    let help = if elsewhere {
        "add a step `cargo gate pilot --locked`; where a workflow or an include from elsewhere runs it, name that in `gate-steps` of `[ci]`"
    } else {
        "add a step `cargo gate pilot --locked`, or let `cargo gate init --ci github` write a workflow"
    };
    let mut finding =
        Finding::blocking(Stage::Controlled, "no job of the continuous integration runs the gate").help(help);
    for file in entries {
        finding = finding.at(Location::file(&file.path));
    }
    finding
}

/// Whether a job runs the gate, and so that its answer counts.
fn enforced(file: &CiFile, job: &Job, ci: &CiFiles, policy: Option<&CiPolicy>) -> Option<Result<(), InVain>> {
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
        Some(format!("the job `{}` is switched off", job.name))
    } else if job.may_fail {
        Some(format!("the job `{}` may fail", job.name))
    } else if !starts(file, ci) {
        Some(match file.start {
            Start::Called => "no workflow that starts by itself calls this one".to_owned(),
            _ => "the workflow only starts by hand".to_owned(),
        })
    } else if call.is_none() && commands.iter().all(|command| command.ignored.is_some()) {
        commands.first().and_then(|command| command.ignored).map(str::to_owned)
    } else {
        None
    };
    Some(match why {
        Some(why) => Err(InVain { location, why }),
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
            Start::Automatic => return true,
            Start::ByHand => {}
            Start::Called => wanted.extend(ci.files.iter().filter(|other| {
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
    use crate::checks::testing::World;
    use crate::policy::StagePolicy;

    fn world() -> World {
        let mut world = World::new();
        world.policy.stages.insert(
            Stage::Pilot,
            StagePolicy {
                scope: "one".into(),
                max_age: None,
                strict: false,
                location: Location::line("gate.toml", 3),
            },
        );
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
            platforms: Vec::new(),
            pinned_actions: false,
            trusted_actions: Vec::new(),
            pinned_images: false,
            trusted_images: Vec::new(),
            scripts: Vec::new(),
            gate_steps: gate_steps.iter().map(|step| (*step).to_owned()).collect(),
            location: Location::line("gate.toml", 5),
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
        .github/workflows/ci.yml: no job of the continuous integration runs the gate [controlled]
          help: add a step `cargo gate pilot --locked`, or let `cargo gate init --ci github` write a workflow
        ");
        for step in [
            "cargo gate pilot --plan",
            "cargo gate verify x",
            "echo cargo gate pilot",
            "cargo gate",
            "# cargo gate pilot",
        ] {
            let text = steps(&mut world(), &format!("      - run: |\n          {step}\n"));
            assert!(text.starts_with(".github/workflows/ci.yml: no job"), "{step}: {text}");
        }
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
        .github/workflows/ci.yml:7: the gate runs without consequence: what follows `||` hides its failure [controlled]
        .github/workflows/ci.yml:7: the gate runs without consequence: its exit code is lost in a pipe [controlled]
        .github/workflows/ci.yml:7: the gate runs without consequence: its step continues on errors [controlled]
        .github/workflows/ci.yml:9: the gate runs without consequence: the commands after it run all the same [controlled]
        .github/workflows/ci.yml:11: the gate runs without consequence: the job `gate` may fail [controlled]
        .github/workflows/ci.yml:10: the gate runs without consequence: the job `gate` is switched off [controlled]
        ");
    }

    #[test]
    fn workflows_that_start_by_hand_or_are_called() {
        let gate = "jobs:\n  gate:\n    steps:\n      - run: cargo gate pilot\n";
        let mut world = world();
        world.ci(&[(".github/workflows/gate.yml", &format!("on: workflow_dispatch\n{gate}"))]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        .github/workflows/gate.yml:5: the gate runs without consequence: the workflow only starts by hand [controlled]
          help: let the job fail when the gate refuses: run `cargo gate pilot` as a step of its own, on push and pull requests
        ");
        let called = format!("on: workflow_call\n{gate}");
        let caller = "on: [push]\njobs:\n  x:\n    uses: ./.github/workflows/gate.yml\n";
        world.ci(&[(".github/workflows/gate.yml", &called)]);
        insta::assert_snapshot!(world.text(&CHECK).lines().next().unwrap_or_default(), @".github/workflows/gate.yml:5: the gate runs without consequence: no workflow that starts by itself calls this one [controlled]");
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
        .github/workflows/ci.yml: no job of the continuous integration runs the gate [controlled]
          help: add a step `cargo gate pilot --locked`; where a workflow or an include from elsewhere runs it, name that in `gate-steps` of `[ci]`
        ");
    }

    #[test]
    fn pipelines_and_no_integration_at_all() {
        let mut world = world();
        assert!(world.text(&CHECK).starts_with("not applicable: there are no files"));
        world.policy.ci = declared(&[]).policy.ci;
        insta::assert_snapshot!(world.text(&CHECK), @"
        there is a policy, and no continuous integration that enforces it [controlled]
          help: `cargo gate init --ci github` writes a workflow; for another system name its script in `scripts` of `[ci]`
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
        .gitlab-ci.yml:2: the gate runs without consequence: the job `gate` may fail [controlled]
          help: let the job fail when the gate refuses: run `cargo gate pilot` as a step of its own, on push and pull requests
        ");
        world.ci(&[(".gitlab-ci.yml", "gate: [")]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        no job of the continuous integration runs the gate [controlled]
          help: add a step `cargo gate pilot --locked`, or let `cargo gate init --ci github` write a workflow
        .gitlab-ci.yml:1: `.gitlab-ci.yml` is not YAML: while parsing a node, did not find expected node content [controlled]
          help: correct line 1 of it
        ");
        world.policy.stages.clear();
        insta::assert_snapshot!(world.text(&CHECK), @"not applicable: there is no `gate.toml` whose rules could be enforced");
    }
}
