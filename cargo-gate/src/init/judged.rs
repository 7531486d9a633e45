//! The workflows that `init` writes, judged by the checks that judge those of everybody.

use crate::init::{InitFacts, github_workflow, gitlab_pipeline};
use gate_checks::ci::{actions_pinned, gate_wired, locked, matrix};
use gate_contract::testing::{World, ci_policy, pilot_policy};
use gate_policy::CiPolicy;

fn facts(nextest: bool) -> InitFacts {
    InitFacts {
        nextest,
        lockfile: true,
        toolchain: Some("1.95.0".into()),
        ..InitFacts::default()
    }
}

/// A world in which everything that can be declared of CI is declared.
fn world(platforms: &[&str], files: &[(&str, &str)]) -> World {
    let mut world = World::new();
    world.policy.stages.extend([pilot_policy()]);
    world.policy.ci = Some(CiPolicy {
        platforms: platforms.iter().map(|platform| (*platform).to_owned()).collect(),
        pinned_actions: true,
        ..ci_policy()
    });
    world.ci(files);
    world
}

fn passes(world: &World) {
    for check in [
        &locked::CHECK,
        &gate_wired::CHECK,
        &actions_pinned::CHECK,
        &matrix::CHECK,
    ] {
        assert_eq!(world.text(check), "", "{}", check.id);
    }
}

#[test]
fn the_workflow_passes_every_check_of_continuous_integration() {
    for nextest in [false, true] {
        let text = github_workflow(&[&facts(nextest)]);
        let world = world(&["linux", "macos", "windows"], &[(".github/workflows/gate.yml", &text)]);
        passes(&world);

        let ci = world.workspace.ci(&[]);
        assert_eq!(ci.files.len(), 1);
        let file = &ci.files[0];
        assert_eq!(file.uses.len(), 7);
        let order: Vec<(&str, &[String])> = file
            .jobs
            .iter()
            .map(|job| (job.name.as_str(), job.needs.as_slice()))
            .collect();
        assert_eq!(
            order,
            [
                ("pilot", [].as_slice()),
                ("verdict", ["pilot".to_owned()].as_slice()),
                ("build", ["pilot".to_owned(), "verdict".to_owned()].as_slice()),
            ]
        );
        // The check has something to look at: without the flag it objects.
        let open = text.replace(" --locked", "");
        assert!(
            self::world(&[], &[(".github/workflows/gate.yml", &open)])
                .text(&locked::CHECK)
                .contains("without `--locked`")
        );
    }
}

/// Tests, benchmarks, comparison, build, publishing: each job waits for the one before.
#[test]
fn jobs_of_a_workspace_with_benchmarks_wait_for_each_other() {
    let facts = InitFacts {
        benches: true,
        compared: vec!["benchmarks".into()],
        publishes: true,
        ..facts(false)
    };
    let github = github_workflow(&[&facts]);
    let gitlab = gitlab_pipeline(&[&facts]);
    let root = "include:\n  - local: .gitlab/gate.yml\n";
    let of_github = world(
        &["linux", "macos", "windows"],
        &[(".github/workflows/gate.yml", &github)],
    );
    let of_gitlab = world(&["linux"], &[(".gitlab-ci.yml", root), (".gitlab/gate.yml", &gitlab)]);
    let on_github = ["", "pilot", "benchmarks", "pilot regression verdict", "broad build"];
    let on_gitlab = ["", "pilot", "benchmarks", "pilot regression", "broad"];
    for (world, prefix, expected, jobs) in [(of_github, "", on_github, 7), (of_gitlab, "gate:", on_gitlab, 6)] {
        passes(&world);
        let file = &world.workspace.ci(&[]).files[0];
        let needs = |name: &str| {
            let job = file.jobs.iter().find(|job| job.name == format!("{prefix}{name}"));
            let mut needs: Vec<&str> = job
                .unwrap_or_else(|| panic!("no job `{name}`"))
                .needs
                .iter()
                .map(|need| need.strip_prefix(prefix).unwrap_or(need))
                .collect();
            needs.sort_unstable();
            needs.join(" ")
        };
        let order = ["pilot", "benchmarks", "regression", "build", "publish"].map(needs);
        assert_eq!(order, expected);
        assert_eq!(file.jobs.len(), jobs);
    }
    for text in [&github, &gitlab] {
        for command in text
            .lines()
            .filter(|line| line.contains("cargo ") && !line.contains('#'))
        {
            let asks = command.contains("--locked")
                || command.contains("cargo gate suite")
                || command.contains("cargo gate evidence");
            assert!(asks, "{command}");
        }
        assert!(text.contains("cargo publish --locked"), "{text}");
    }
    let pins = github.lines().filter(|line| line.contains("uses:"));
    for line in pins {
        let commit = line
            .split_once('@')
            .map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
        assert!(
            commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{line}"
        );
    }
}

#[test]
fn the_pipeline_passes_every_check_of_continuous_integration() {
    for nextest in [false, true] {
        let text = gitlab_pipeline(&[&facts(nextest)]);
        let root = "include:\n  - local: .gitlab/gate.yml\n";
        let world = world(&["linux"], &[(".gitlab-ci.yml", root), (".gitlab/gate.yml", &text)]);
        passes(&world);
        let jobs = &world.workspace.ci(&[]).files[0].jobs;
        let order: Vec<(&str, &[String])> = jobs
            .iter()
            .map(|job| (job.name.as_str(), job.needs.as_slice()))
            .collect();
        assert_eq!(
            order,
            [
                ("gate:build", ["gate:pilot".to_owned()].as_slice()),
                ("gate:pilot", [].as_slice())
            ]
        );
    }
}

/// Below the top of a repository, commands run in the directory of their workspace, and one workflow has the jobs of all.
#[test]
fn workspaces_below_the_top_pass_every_check_of_continuous_integration() {
    let facts = |directory: &str| InitFacts {
        directory: directory.into(),
        benches: true,
        compared: vec!["benchmarks".into()],
        publishes: true,
        ..facts(true)
    };
    let (backend, api) = (facts("backend"), facts("services/api"));
    let other = InitFacts {
        lockfile: false,
        compared: Vec::new(),
        publishes: false,
        ..facts("tools")
    };
    for workspaces in [&[&backend][..], &[&api], &[&backend, &api], &[&backend, &api, &other]] {
        let (github, gitlab) = (github_workflow(workspaces), gitlab_pipeline(workspaces));
        let root = "include:\n  - local: .gitlab/gate.yml\n";
        let of_github = [(".github/workflows/gate.yml", github.as_str())];
        let of_gitlab = [(".gitlab-ci.yml", root), (".gitlab/gate.yml", gitlab.as_str())];
        for (files, platforms) in [
            (&of_github[..], &["linux", "macos", "windows"][..]),
            (&of_gitlab[..], &["linux"][..]),
        ] {
            let world = world(platforms, files);
            passes(&world);
            let commands = world.workspace.ci(&[]).files.iter().flat_map(|file| &file.jobs);
            let pilots = commands.flat_map(|job| &job.commands).filter(|command| {
                let mut arguments = command.arguments.iter().flatten();
                arguments.any(|argument| argument.text() == Some("pilot"))
            });
            let mut found: Vec<&str> = pilots.filter_map(|command| command.directory.as_deref()).collect();
            found.sort_unstable();
            found.dedup();
            let directories: Vec<&str> = workspaces.iter().map(|facts| facts.directory.as_str()).collect();
            assert_eq!(found, directories, "{github}{gitlab}");
        }
        let below = |path: &str, matrix: &str| match workspaces {
            [facts] => format!("{}/{path}", facts.directory),
            _ => format!("{matrix}/{path}"),
        };
        let bundle = below("target/gate-", "${{ matrix.directory }}");
        let bundle = bundle.trim_end_matches("gate-");
        assert!(github.contains(bundle), "{github}");
        assert!(
            gitlab.contains(&below("target/gate/junit.xml", "$DIRECTORY")),
            "{gitlab}"
        );
    }
}
