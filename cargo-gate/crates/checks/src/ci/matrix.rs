//! `ci.matrix`: what the policy claims to work on is tested there.

use gate_base::stage::Stage;
use gate_ci::{Answer, Argument, CargoCall, Job, NotFollowed};
use gate_policy::CiPolicy;
use gate_report::{Dimension, Finding, Location, Reason};

use super::pipelines::{self, jobs, runs_gate, unreadable};
use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(input::CiFiles, CiPolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "ci.matrix",
    summary: "Tests run on every platform that the policy claims",
    docs: include_str!("matrix.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 4,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<CiPolicy>() {
        Some(ci) if !ci.platforms.is_empty() => Applies::Yes,
        _ => Applies::No("`platforms` is not set under `[ci]`".into()),
    }
}

/// Where something is tested.
#[derive(Debug, Default)]
struct Tested {
    /// `linux`, `macos` and `windows`.
    systems: Vec<&'static str>,
    triples: Vec<String>,
    /// Jobs that test on a machine that only the run knows: file, line, name.
    unknown: Vec<(Location, String)>,
    /// What was not followed and may test, with the system that it runs on, where that is known.
    not_followed: Vec<(Option<&'static str>, NotFollowed)>,
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<CiPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let ci = context.ci();
    let mut tested = Tested::default();
    for (file, job) in jobs(ci).filter(|(_, job)| !job.is_off && !job.may_fail) {
        tested.add(&file.path, job);
    }
    let missing: Vec<&str> = policy
        .platforms
        .iter()
        .map(String::as_str)
        .filter(|platform| {
            !tested.systems.contains(platform) && !tested.triples.iter().any(|triple| triple == platform)
        })
        .collect();
    if missing.is_empty() {
        return Judgement::Findings(Vec::new());
    }
    if let Some((place, name)) = tested.unknown.first() {
        let place = place
            .line
            .map_or_else(|| place.path.clone(), |line| format!("{}:{line}", place.path));
        let message = format!(
            "no job is known to test on {}; the machine of `{name}` ({place}) is only known at run time",
            quoted(&missing)
        );
        let help = "write the machines of that job into its matrix, or remove the platform from `platforms`";
        return Judgement::Inconclusive(Reason::new("ci_machine_unknown", message).help(help));
    }
    let may_test = |(system, _): &&(Option<&str>, NotFollowed)| {
        let is_there =
            |platform: &&str| system.is_none() || system_of(platform).is_none_or(|wanted| Some(wanted) == *system);
        missing.iter().any(is_there)
    };
    if let Some((_, call)) = tested.not_followed.iter().find(may_test) {
        let message = format!(
            "no job is known to test on {}; {} ({}:{}) was not followed: {}",
            quoted(&missing),
            pipelines::quoted(call),
            call.path,
            call.line,
            call.why
        );
        let help = "call `cargo test` in the step itself, use only plain commands in the recipe, or remove the \
             platform from `platforms`";
        return Judgement::Inconclusive(Reason::new("ci_not_followed", message).help(help));
    }
    let mut findings: Vec<Finding> = missing
        .iter()
        .map(|platform| {
            Finding::blocking(
                CHECK.blocks_at,
                format!("the policy claims `{platform}`, but no job tests on it"),
            )
            .help(help(platform))
            .at(policy.location.clone())
            .because(Some(policy.location.clone()))
        })
        .collect();
    // The job may be in a file that cannot be read.
    findings.extend(unreadable(ci));
    Judgement::Findings(findings)
}

fn quoted(platforms: &[&str]) -> String {
    let all: Vec<String> = platforms.iter().map(|platform| format!("`{platform}`")).collect();
    all.join(", ")
}

fn help(platform: &str) -> String {
    let machine = match platform {
        "linux" => "ubuntu-latest",
        "macos" => "macos-latest",
        "windows" => "windows-latest",
        _ => {
            return format!(
                "add a job that runs `cargo test --target {platform} --locked`, or remove the platform from \
                 `platforms`"
            );
        }
    };
    format!("add `{machine}` to the matrix of the job that runs the tests, or remove `{platform}` from `platforms`")
}

impl Tested {
    fn add(&mut self, path: &str, job: &Job) {
        for row in 0..job.rows() {
            let words = job.machines.get(row).and_then(Option::as_deref);
            let system = words.and_then(|words| words.iter().find_map(|word| system_of(word)));
            self.not_followed
                .extend(job.not_followed.iter().map(|one| (system, one.clone())));
            let commands = job.commands.iter().filter(|command| command.ignored.is_none());
            for arguments in commands
                .map(|command| command.in_row(row))
                .filter(|arguments| is_test(arguments))
            {
                let target =
                    CargoCall::read(arguments).and_then(|call| call.value("--target")?.text().map(str::to_owned));
                if let Some(triple) = target {
                    self.systems.extend(system_of(&triple));
                    self.triples.push(triple);
                    continue;
                }
                match words {
                    Some(words) => {
                        self.systems.extend(system);
                        self.triples.extend(host(words).map(str::to_owned));
                    }
                    None => self.unknown.push((Location::line(path, job.line), job.name.clone())),
                }
            }
        }
    }
}

/// Whether a command line runs tests, or the gate, whose suites are tests.
fn is_test(arguments: &[Argument]) -> bool {
    if runs_gate(arguments) {
        return true;
    }
    let Some(call) = CargoCall::read(arguments) else {
        return false;
    };
    if call.has_flag(&["--no-run"]) == Answer::Yes {
        return false;
    }
    match call.subcommand {
        "t" | "test" | "tarpaulin" => true,
        "nextest" => matches!(call.operand(), Some("run" | "r")),
        "llvm-cov" => !matches!(call.operand(), Some("clean" | "report" | "show-env")),
        "careful" | "hack" | "insta" | "miri" => call
            .arguments
            .iter()
            .any(|word| matches!(word.text(), Some("test" | "nextest"))),
        _ => false,
    }
}

/// The system that the name of a machine or a target triple speaks of.
fn system_of(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let speaks = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if speaks(&["windows", "win32", "win64"]) {
        Some("windows")
    } else if speaks(&["macos", "darwin"]) {
        Some("macos")
    } else if speaks(&["ubuntu", "linux", "debian"]) {
        Some("linux")
    } else {
        None
    }
}

/// The target triple of a hosted machine.
fn host(words: &[String]) -> Option<&'static str> {
    let words: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let system = words.iter().find_map(|word| system_of(word))?;
    let arm = words
        .iter()
        .any(|word| word.contains("arm") || word.contains("aarch64"));
    let intel = words.iter().any(|word| {
        ["intel", "macos-13", "macos-12", "-large"]
            .iter()
            .any(|name| word.contains(name))
    });
    Some(match system {
        "windows" if arm => "aarch64-pc-windows-msvc",
        "windows" => "x86_64-pc-windows-msvc",
        "macos" if intel => "x86_64-apple-darwin",
        "macos" => "aarch64-apple-darwin",
        _ if arm => "aarch64-unknown-linux-gnu",
        _ => "x86_64-unknown-linux-gnu",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, ci_policy};
    use gate_policy::CiPolicy;

    fn world(platforms: &[&str]) -> World {
        let mut world = World::new();
        world.policy.ci = Some(CiPolicy {
            platforms: platforms.iter().map(|platform| (*platform).to_owned()).collect(),
            ..ci_policy()
        });
        world
    }

    fn said(platforms: &[&str], jobs: &str) -> String {
        let mut world = world(platforms);
        world.ci(&[(".github/workflows/ci.yml", &format!("on: push\njobs:\n{jobs}"))]);
        world.text(&CHECK)
    }

    const MATRIX: &str = "  test:\n    strategy:\n      matrix:\n        os: [ubuntu-latest, windows-latest]\n        include:\n          - {os: ubuntu-latest, target: wasm32-wasip1}\n          - {os: macos-14}\n    runs-on: ${{ matrix.os }}\n    steps:\n      - run: cargo test --locked\n";

    #[test]
    fn platforms_of_a_matrix() {
        assert_eq!(
            said(
                &[
                    "linux",
                    "macos",
                    "windows",
                    "aarch64-apple-darwin",
                    "x86_64-pc-windows-msvc"
                ],
                MATRIX
            ),
            ""
        );
        insta::assert_snapshot!(said(&["linux", "x86_64-apple-darwin"], MATRIX), @"
        gate.toml:3: the policy claims `x86_64-apple-darwin`, but no job tests on it [controlled]
          help: add a job that runs `cargo test --target x86_64-apple-darwin --locked`, or remove the platform from `platforms`
          because: gate.toml:3
        ");
        let build = MATRIX.replace("cargo test", "cargo build");
        insta::assert_snapshot!(said(&["linux", "windows"], &build), @"
        gate.toml:3: the policy claims `linux`, but no job tests on it [controlled]
          help: add `ubuntu-latest` to the matrix of the job that runs the tests, or remove `linux` from `platforms`
          because: gate.toml:3
        gate.toml:3: the policy claims `windows`, but no job tests on it [controlled]
          help: add `windows-latest` to the matrix of the job that runs the tests, or remove `windows` from `platforms`
          because: gate.toml:3
        ");
    }

    #[test]
    fn what_counts_as_a_test() {
        for command in [
            "cargo nextest run",
            "cargo llvm-cov --lcov",
            "cargo hack test --each-feature",
            "cargo gate pilot",
            "cross test",
        ] {
            assert_eq!(
                said(
                    &["linux"],
                    &format!("  a:\n    runs-on: [self-hosted, Linux]\n    steps:\n      - run: {command}\n")
                ),
                "",
                "{command}"
            );
        }
        for command in [
            "cargo test --no-run",
            "cargo check",
            "cargo nextest list",
            "cargo test || true",
        ] {
            assert_ne!(
                said(
                    &["linux"],
                    &format!("  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {command}\n")
                ),
                "",
                "{command}"
            );
        }
        for line in ["continue-on-error: true", "if: false"] {
            assert_ne!(
                said(
                    &["linux"],
                    &format!("  a:\n    runs-on: ubuntu-latest\n    {line}\n    steps:\n      - run: cargo test\n")
                ),
                "",
                "{line}"
            );
        }
    }

    #[test]
    fn targets_of_the_command() {
        let jobs = "  a:\n    strategy:\n      matrix:\n        target: [aarch64-unknown-linux-gnu, x86_64-pc-windows-gnu]\n    runs-on: ubuntu-latest\n    steps:\n      - run: cross test --target ${{ matrix.target }}\n";
        assert_eq!(
            said(
                &["linux", "windows", "x86_64-pc-windows-gnu", "aarch64-unknown-linux-gnu"],
                jobs
            ),
            ""
        );
        assert_ne!(said(&["x86_64-unknown-linux-gnu"], jobs), "");
    }

    #[test]
    fn machines_that_only_the_run_knows() {
        let jobs = "  a:\n    runs-on: ${{ inputs.os }}\n    steps:\n      - run: cargo test\n";
        insta::assert_snapshot!(said(&["macos"], jobs), @"
        inconclusive (ci_machine_unknown): no job is known to test on `macos`; the machine of `a` (.github/workflows/ci.yml:4) is only known at run time
          help: write the machines of that job into its matrix, or remove the platform from `platforms`
        ");
        insta::assert_snapshot!(world(&[]).text(&CHECK), @"not applicable: `platforms` is not set under `[ci]`");
    }

    #[test]
    fn a_call_that_is_not_followed_may_test_there() {
        let said = |platform: &str, makefile: &str| {
            let mut world = world(&[platform]);
            let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make test\n";
            world.ci(&[(".github/workflows/ci.yml", workflow), ("Makefile", makefile)]);
            world.text(&CHECK)
        };
        assert_eq!(said("linux", "test:\n\tcargo test\n"), "");
        let computed = "test:\n\tcargo test $(shell cat flags)\n";
        insta::assert_snapshot!(said("linux", computed), @"
        inconclusive (ci_not_followed): no job is known to test on `linux`; `make test` (Makefile:2) was not followed: it has an expression other than a variable name
          help: call `cargo test` in the step itself, use only plain commands in the recipe, or remove the platform from `platforms`
        ");
        // It does not run on another system.
        insta::assert_snapshot!(said("macos", computed), @"
        gate.toml:3: the policy claims `macos`, but no job tests on it [controlled]
          help: add `macos-latest` to the matrix of the job that runs the tests, or remove `macos` from `platforms`
          because: gate.toml:3
        ");
    }

    #[test]
    fn machines_of_gitlab() {
        let mut world = world(&["linux", "macos", "windows"]);
        let text = "a: {image: 'rust:1', script: cargo test}\nb: {tags: [saas-macos-medium-m1], script: cargo test}\nc: {tags: [windows], script: [cargo nextest run]}\n";
        world.ci(&[(".gitlab-ci.yml", text)]);
        assert_eq!(world.text(&CHECK), "");
    }
}
