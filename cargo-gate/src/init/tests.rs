use insta::assert_snapshot;

use super::*;
use gate_policy::{Catalogue, validate};
use gate_report::claim::Kind;

fn facts() -> InitFacts {
    let member = |name: &str, raw_boundaries| MemberFacts {
        name: name.into(),
        kind: if name == "app" { Kind::Service } else { Kind::Library },
        raw_boundaries,
    };
    InitFacts {
        members: vec![
            member("app", Some(0)),
            member("ffi-sys", Some(12)),
            member("one", Some(1)),
            member("new", None),
        ],
        nextest: false,
        libraries: true,
        lockfile: true,
        ..InitFacts::default()
    }
}

/// The text with its commented examples uncommented, to show that they are examples of something.
fn uncommented(text: &str) -> String {
    let example = |line: &&str| {
        let body = line.trim_start_matches("# ");
        body.starts_with('[')
            || body
                .split_once(" = ")
                .is_some_and(|(key, _)| !key.contains([' ', '`', ':']))
    };
    text.lines()
        .map(|line| {
            if example(&line) {
                line.trim_start_matches("# ")
            } else {
                line
            }
        })
        .map(|line| {
            line.replace("= \"\"", "= \"filled in\"")
                .replace("packages = []", "packages = [\"app\"]")
                + "\n"
        })
        .collect()
}

#[test]
fn the_policy_validates_for_any_workspace() {
    let catalogue = Catalogue::default().with("boundary.raw", gate_base::stage::Stage::Controlled);
    for nextest in [false, true] {
        for lockfile in [false, true] {
            for benches in [false, true] {
                let facts = InitFacts {
                    nextest,
                    lockfile,
                    benches,
                    ..facts()
                };
                let text = policy_text(&facts);
                let policy = validate("gate.toml", &text, &catalogue).unwrap_or_else(|e| panic!("{}", e.render(false)));
                assert!(policy.sanity.is_empty(), "{:?}", policy.sanity);
                assert!(text.starts_with("#:schema https://"));
                assert!(
                    policy.suites.iter().all(|suite| suite.bench.is_none()),
                    "nothing is calibrated yet"
                );
                let locked = policy.suites[0].command.contains(&"--locked".to_owned());
                assert_eq!(locked, lockfile);
                assert!(!text.contains("unsafe {") && !text.contains("unsafe fn"));

                let examples = uncommented(&text);
                let policy = validate("gate.toml", &examples, &catalogue)
                    .unwrap_or_else(|errors| panic!("{}\n{examples}", errors.render(false)));
                assert_eq!(policy.suites.iter().any(|suite| suite.bench.is_some()), benches);
                assert_eq!(policy.waivers.len(), 1);
                assert_eq!(policy.exclusions.len(), 2);
            }
        }
    }
}

#[test]
fn policy_of_a_workspace_with_raw_boundaries() {
    assert_snapshot!("gate_toml", policy_text(&facts()));
}

#[test]
fn workflows() {
    let facts = InitFacts {
        nextest: true,
        toolchain: Some("1.95.0".into()),
        ..facts()
    };
    assert_snapshot!("github", github_workflow(&[&facts]));
    assert_snapshot!("gitlab", gitlab_pipeline(&[&facts]));
    // What is installed and judged is what the lockfiles say, and a job may do no more than read.
    let jobs = [github_workflow(&[&facts]), gitlab_pipeline(&[&facts])];
    for command in jobs
        .iter()
        .flat_map(|job| job.lines())
        .filter(|line| line.contains("- run: cargo") || line.contains("    - cargo"))
    {
        // What reads runs resolves nothing.
        assert!(
            command.contains("--locked") || command.contains("cargo gate evidence"),
            "{command}"
        );
    }
    assert!(jobs[0].contains("permissions:\n  contents: read\n"));
    assert!(jobs[0].find("cargo install cargo-gate") < jobs[0].find("cargo gate pilot"));
    // Nothing but commits of actions is used.
    for line in github_workflow(&[&facts]).lines().filter(|line| line.contains("uses:")) {
        let commit = line.split_once('@').unwrap().1.split(' ').next().unwrap();
        assert!(
            commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{line}"
        );
    }
    let odd = InitFacts {
        default_branch: Some("a\"]\n evil: [\"".into()),
        ..facts
    };
    assert!(github_workflow(&[&odd]).contains("branches: [\"main\"]"));
}

/// Several workspaces share the jobs, each of which has a matrix over those that it is for.
#[test]
fn workflows_of_several_workspaces() {
    let of = |directory: &str, lockfile: bool, toolchain: &str| InitFacts {
        directory: directory.into(),
        lockfile,
        toolchain: Some(toolchain.into()),
        nextest: lockfile,
        publishes: lockfile,
        compared: Vec::new(),
        ..facts()
    };
    let (top, api, odd, number) = (
        of("", true, "1.90"),
        of("services/api", true, "1.90"),
        of("odd place", false, "1.95.0"),
        of("1.10", false, "nightly"),
    );
    let several = [&top, &api, &odd, &number];
    let (github, gitlab) = (github_workflow(&several), gitlab_pipeline(&several));
    assert_snapshot!("github_matrix", github);
    assert_snapshot!("gitlab_matrix", gitlab);
    // What is alike is written once.
    let measured = InitFacts {
        compared: vec!["benchmarks".into(), "memory".into()],
        ..of("bench", true, "1.90")
    };
    let alike = [&of("a/b", true, "1.90"), &of("a-b", true, "1.90"), &measured];
    let (github, gitlab) = (github_workflow(&alike), gitlab_pipeline(&alike));
    for text in [&github, &gitlab] {
        assert!(text.contains("gate-a-b-2"), "{text}");
        assert!(!text.to_lowercase().contains("locked:"), "{text}");
        assert!(text.contains("cargo gate suite benchmarks\n"), "{text}");
        assert!(text.contains("cargo gate suite memory\n"), "{text}");
    }
    let lines = |text: &str| text.lines().count();
    let apart = |write: fn(&[&InitFacts]) -> String| alike.iter().map(|facts| lines(&write(&[facts]))).sum::<usize>();
    assert!(2 * lines(&github) < apart(github_workflow), "{github}");
    assert!(2 * lines(&gitlab) < apart(gitlab_pipeline), "{gitlab}");
}

#[test]
fn nothing_is_overwritten_without_force() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    std::fs::write(root.join("gate.toml"), "mine").unwrap();
    let existing = |path: &Path| root.join(path).exists();
    let actions = |plan: &[FileToWrite]| plan.iter().map(|file| file.action).collect::<Vec<_>>();
    let services = [Ci::Github, Ci::Gitlab];

    let plan = plan_init(&facts(), &[], &services, None, &existing, false);
    assert_eq!(
        actions(&plan),
        [FileAction::Keep, FileAction::Create, FileAction::Create]
    );
    write_plan(root, &plan).unwrap();
    assert_eq!(std::fs::read_to_string(root.join("gate.toml")).unwrap(), "mine");
    let workflow = std::fs::read_to_string(root.join(".github/workflows/gate.yml")).unwrap();
    assert_eq!(workflow, plan[1].text);
    // The same plan is stale now: what it creates is there.
    assert_eq!(write_plan(root, &plan).unwrap_err().exit_code(), gate_base::exit::USAGE);

    let plan = plan_init(&facts(), &[], &services, None, &existing, true);
    assert_eq!(actions(&plan), [FileAction::Replace; 3]);
    write_plan(root, &plan).unwrap();
    assert_eq!(std::fs::read_to_string(root.join("gate.toml")).unwrap(), plan[0].text);
}

#[cfg(unix)]
#[test]
fn new_files_have_ordinary_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    write_plan(
        directory.path(),
        &plan_init(&facts(), &[], &[], None, &|_| false, false),
    )
    .unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&directory.path().join("gate.toml")), mode(&plain));
}
