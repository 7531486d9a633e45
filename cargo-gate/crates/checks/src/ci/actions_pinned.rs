//! `ci.actions-pinned`: what runs in continuous integration is what was reviewed.

use globset::GlobSet;

use gate_base::stage::Stage;
use gate_ci::{CiFile, Image, UNKNOWN, Use};
use gate_policy::CiPolicy;
use gate_report::{Change, Dimension, Finding, Location, Remedy};

use super::pins::{Unpinned, action_fault, has_digest, included, is_full_hash, trusted, without_tag};
use super::pipelines::{counted, first_path, unreadable};
use super::trust;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::CiFiles, CiPolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "ci.actions-pinned",
    summary: "Actions and includes are pinned to commits, images to digests",
    docs: include_str!("actions_pinned.md"),
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 6,
    fixes: Fixes::Applied("writes the commit that another line of the CI files names for the same version"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<CiPolicy>() {
        Some(ci) if ci.pinned_actions || ci.pinned_images => Applies::Yes,
        None if context.has_ci() => Applies::Yes,
        None => Applies::No("there are no GitHub Actions or GitLab CI files".into()),
        Some(_) => Applies::No("neither `pinned-actions` nor `pinned-images` is set under `[ci]`".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let ci = context.ci();
    let Some(policy) = context.section::<CiPolicy>() else {
        return Judgement::Findings(of_others(&ci.files).into_iter().collect());
    };
    let mut findings: Vec<Finding> = unreadable(ci).collect();
    let (actions, images) = (trusted(&policy.trusted_actions), trusted(&policy.trusted_images));
    for file in &ci.files {
        if policy.pinned_actions {
            let uses = file.uses.iter().filter_map(|used| {
                let change = known_commit(used, file, &ci.files);
                action(used, &actions).map(|one| Unpinned { change, ..one })
            });
            findings.extend(finding(file, "action", uses.collect()));
            let includes = file.includes.iter().filter_map(|include| included(include, &actions));
            findings.extend(finding(file, "include", includes.collect()));
        }
        if policy.pinned_images {
            let used = file.images.iter().filter_map(|one| image(one, &images));
            findings.extend(finding(file, "image", used.collect()));
        }
    }
    findings.extend(trust::unneeded(policy, &ci.files));
    let because = |finding: Finding| finding.because(Some(policy.location.clone()));
    findings.sort_by(|a, b| first_path(a).cmp(&first_path(b)));
    Judgement::Findings(findings.into_iter().map(because).collect())
}

/// How many actions the advice about all of them names.
const NAMED: usize = 3;

/// One advice where no `[ci]` says what is wanted: actions of others than the service itself that run by a name which can move.
fn of_others(files: &[CiFile]) -> Option<Finding> {
    let of_service = trusted(&["actions/*".to_owned(), "github/*".to_owned()]);
    let unpinned = |used: &&Use| action_fault(&used.name, &of_service).is_some();
    let mut names: Vec<&str> = Vec::new();
    let mut places = Vec::new();
    let mut changes = Vec::new();
    for file in files {
        for used in file.uses.iter().filter(unpinned) {
            if !names.contains(&used.name.as_str()) {
                names.push(&used.name);
            }
            places.push(Location::line(&file.path, used.line));
            changes.push(known_commit(used, file, files));
        }
    }
    let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let more = match names.len().checked_sub(NAMED + 1) {
        Some(rest) => format!(" and {} more", rest + 1),
        None => String::new(),
    };
    let message = match names.len() {
        0 => return None,
        1 => format!("{} is not pinned to a commit", named.join("")),
        count => format!(
            "{count} actions of others are not pinned to commits: {}{more}",
            named.join(", ")
        ),
    };
    let help = "pin them and set `pinned-actions = true` under `[ci]` in gate.toml; `trusted-actions` names exceptions";
    places.sort();
    let finding = Finding::advice(message).help(help).remedy(pinning(changes));
    Some(places.into_iter().fold(finding, Finding::at))
}

/// One finding for all unpinned names of a kind in a file.
fn finding(file: &CiFile, kind: &str, mut unpinned: Vec<Unpinned<'_>>) -> Option<Finding> {
    unpinned.sort_by_key(|one| one.line);
    let first = unpinned.first()?;
    let message = match unpinned.len() {
        1 => format!("`{}` {}", first.name, first.why),
        count => format!(
            "{} are not pinned; the first is `{}`, which {}",
            counted(count, kind),
            first.name,
            first.why
        ),
    };
    let changes = unpinned.iter().map(|one| one.change.clone()).collect();
    let mut finding = Finding::blocking(CHECK.blocks_at, message)
        .help(first.help.clone())
        .remedy(pinning(changes));
    for one in &unpinned {
        finding = finding.at(Location::line(&file.path, one.line));
    }
    Some(finding)
}

/// The commit of an action's version, as another line of these files says it: `actions/checkout@<hash> # v4`.
fn known_commit(used: &Use, file: &CiFile, files: &[CiFile]) -> Option<Change> {
    let (action, version) = used.name.split_once('@')?;
    let repository = |action: &str| action.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    let mut commits = files.iter().flat_map(|file| &file.uses).filter_map(|other| {
        let (same, commit) = other.name.split_once('@')?;
        let named = other.comment.as_deref() == Some(version) && repository(same) == repository(action);
        (named && is_full_hash(commit)).then_some(commit)
    });
    let commit = commits.next()?;
    // Where two lines disagree, one of them is out of date.
    if commits.any(|other| other != commit) {
        return None;
    }
    let place = Location::line(&file.path, used.line);
    Some(Change::replace(
        &place,
        format!("{}\n", used.name),
        format!("{action}@{commit} # {version}\n"),
    ))
}

/// Pins all, or nothing.
fn pinning(changes: Vec<Option<Change>>) -> Option<Remedy> {
    let changes: Option<Vec<Change>> = changes.into_iter().collect();
    changes.map(|changes| Remedy::new("pin to the commit that other lines of CI name for the version", changes))
}

fn action<'c>(used: &'c Use, trusted: &GlobSet) -> Option<Unpinned<'c>> {
    let why = action_fault(&used.name, trusted)?;
    let help = match used.name.strip_prefix("docker://") {
        Some(name) => with_digest(name, "docker://"),
        None => {
            let (name, version) = used.name.split_once('@').unwrap_or((&used.name, "HEAD"));
            let repository: Vec<&str> = name.splitn(3, '/').take(2).collect();
            format!(
                "write the hash printed by `git ls-remote https://github.com/{} {version}`, followed by `# \
                 {version}`",
                repository.join("/")
            )
        }
    };
    Some(Unpinned {
        line: used.line,
        name: &used.name,
        why,
        help,
        change: None,
    })
}

fn image<'c>(image: &'c Image, trusted: &GlobSet) -> Option<Unpinned<'c>> {
    if trusted.is_match(without_tag(&image.name)) {
        return None;
    }
    let open = |name: &&String| !name.is_empty() && !has_digest(name) && !trusted.is_match(without_tag(name));
    let name = image.names.iter().find(open)?;
    let (why, help) = if name.contains(UNKNOWN) {
        (
            "is an image that is only known at run time",
            format!(
                "write the image in the file, or add a glob for `{}` to `trusted-images` under `[ci]`",
                without_tag(&image.name)
            ),
        )
    } else if name.as_str() == image.name {
        ("is an image without a digest", with_digest(name, ""))
    } else {
        (
            "expands to an image without a digest",
            format!(
                "let it expand to {}",
                with_digest(name, "").trim_start_matches("write ")
            ),
        )
    };
    Some(Unpinned {
        line: image.line,
        name: &image.name,
        why,
        help,
        change: None,
    })
}

fn with_digest(image: &str, before: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    format!("write `{before}{name}@sha256:` and the digest printed by `docker buildx imagetools inspect {name}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, ci_policy};
    use gate_policy::CiPolicy;

    fn world(trusted: &[&str], steps: &str) -> World {
        let mut world = World::new();
        world.policy.ci = Some(CiPolicy {
            pinned_actions: true,
            trusted_actions: trusted.iter().map(|glob| (*glob).to_owned()).collect(),
            ..ci_policy()
        });
        let text = format!("on: push\njobs:\n  a:\n    steps:\n{steps}");
        world.ci(&[(".github/workflows/ci.yml", &text)]);
        world
    }

    fn said(trusted: &[&str], steps: &str) -> String {
        world(trusted, steps).text(&CHECK)
    }

    #[test]
    fn hashes_digests_and_paths_are_pinned() {
        let hash = "a".repeat(40);
        let digest = "b".repeat(64);
        let steps = format!(
            "      - uses: org/a@{hash}\n      - uses: org/a/sub@{hash} # v1\n      - uses: docker://alpine:3@sha256:{digest}\n      - uses: ./.github/actions/x\n"
        );
        assert_eq!(said(&[], &steps), "");
    }

    #[test]
    fn names_that_move() {
        insta::assert_snapshot!(said(&[], "      - uses: actions/checkout@v4\n"), @"
        .github/workflows/ci.yml:5: `actions/checkout@v4` is a tag or a branch, which can move [controlled]
          help: write the hash printed by `git ls-remote https://github.com/actions/checkout v4`, followed by `# v4`
          because: gate.toml:3
        ");
        insta::assert_snapshot!(said(&[], "      - uses: org/a/sub@abcdef1\n"), @"
        .github/workflows/ci.yml:5: `org/a/sub@abcdef1` is an abbreviated hash, which can become ambiguous [controlled]
          help: write the hash printed by `git ls-remote https://github.com/org/a abcdef1`, followed by `# abcdef1`
          because: gate.toml:3
        ");
        insta::assert_snapshot!(said(&[], "      - uses: docker://alpine:3\n      - uses: org/a\n  b:\n    uses: org/x/.github/workflows/y.yml@main\n"), @"
        .github/workflows/ci.yml:5: 3 actions are not pinned; the first is `docker://alpine:3`, which is an image without a digest [controlled]
          also: .github/workflows/ci.yml:6
          also: .github/workflows/ci.yml:8
          help: write `docker://alpine:3@sha256:` and the digest printed by `docker buildx imagetools inspect alpine:3`
          because: gate.toml:3
        ");
    }

    #[test]
    fn without_a_policy_one_advice_counts_the_actions_of_others() {
        let said = |steps: &str| {
            let mut world = world(&[], steps);
            world.policy.ci = None;
            world.text(&CHECK)
        };
        let hash = "a".repeat(40);
        assert_eq!(
            said(&format!(
                "      - uses: actions/checkout@v4\n      - uses: org/a@{hash}\n"
            )),
            ""
        );
        insta::assert_snapshot!(said("      - uses: org/a@v1\n      - uses: org/b@main\n      - uses: org/a@v1\n      - uses: org/c@v2\n      - uses: org/d@v2\n"), @"
        .github/workflows/ci.yml:5: 4 actions of others are not pinned to commits: `org/a@v1`, `org/b@main`, `org/c@v2` and 1 more [advice]
          also: .github/workflows/ci.yml:6
          also: .github/workflows/ci.yml:7
          also: .github/workflows/ci.yml:8
          also: .github/workflows/ci.yml:9
          help: pin them and set `pinned-actions = true` under `[ci]` in gate.toml; `trusted-actions` names exceptions
        ");
    }

    #[test]
    fn trust_that_nothing_needs_is_an_advice() {
        let steps = format!(
            "      - uses: actions/checkout@v4\n      - uses: org/a@{} # v1\n",
            "a".repeat(40)
        );
        insta::assert_snapshot!(said(&["actions/*", "org/*", "gone/*"], &steps), @"
        gate.toml:3: `trusted-actions` matches no action and no include that is not pinned: `org/*` [advice]
          help: remove the entry, or correct it
          because: gate.toml:3
        gate.toml:3: `trusted-actions` matches no action and no include that is not pinned: `gone/*` [advice]
          help: remove the entry, or correct it
          because: gate.toml:3
        ");
        let mut world = world(&[], "");
        world.ci(&[(".gitlab-ci.yml", GITLAB), ("more.yml", "")]);
        let ci = world.policy.ci.as_mut().expect("a policy");
        (ci.pinned_actions, ci.pinned_images) = (false, true);
        ci.trusted_actions = vec!["gone/*".into()];
        ci.trusted_images = vec![
            "$CI_REGISTRY_IMAGE/*".into(),
            "postgres".into(),
            "rust".into(),
            "gone".into(),
        ];
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:3: `trusted-images` matches no image that is not pinned: `gone` [advice]
          help: remove the entry, or correct it
          because: gate.toml:3
        ");
    }

    #[test]
    fn trusted_actions_may_move() {
        let steps =
            "      - uses: actions/checkout@v4\n      - uses: dtolnay/rust-toolchain@stable\n      - uses: org/a@v1\n";
        insta::assert_snapshot!(said(&["actions/*", "dtolnay/rust-toolchain"], steps), @"
        .github/workflows/ci.yml:7: `org/a@v1` is a tag or a branch, which can move [controlled]
          help: write the hash printed by `git ls-remote https://github.com/org/a v1`, followed by `# v1`
          because: gate.toml:3
        ");
    }

    #[test]
    fn undeclared_it_does_not_apply_and_what_cannot_be_read_is_a_finding() {
        let mut world = world(&[], "      - uses: [\n");
        insta::assert_snapshot!(world.text(&CHECK), @"
        .github/workflows/ci.yml:5: `.github/workflows/ci.yml` is not valid YAML: while parsing a node, did not find expected node content [controlled]
          help: correct line 5, or remove the file
          because: gate.toml:3
        ");
        world.policy.ci = Some(ci_policy());
        insta::assert_snapshot!(world.text(&CHECK), @"not applicable: neither `pinned-actions` nor `pinned-images` is set under `[ci]`");
    }

    const GITLAB: &str = "\
include:
  - local: /more.yml
  - template: Jobs/SAST.gitlab-ci.yml
  - project: group/ci
    ref: v1
    file: /rust.yml
  - project: group/pinned
    ref: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    file: /rust.yml
  - project: group/default
    file: /rust.yml
  - https://host.example/a.yml
  - remote: https://host.example/b.yml
    integrity: sha256-BozLjE+uzwZJEC5jBWZoJ+ZfvcTiBlj80d0CsVi+ZsI=
  - component: gitlab.example/group/lint@1.2
variables:
  RUST: \"1.95\"
image: rust:$RUST
default:
  services:
    - postgres:16
test:
  image:
    name: $CI_REGISTRY_IMAGE/ci:main
  script: cargo test --locked
pinned:
  image: alpine@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
  script: cargo test --locked
";

    #[test]
    fn what_a_pipeline_includes() {
        let mut world = world(&["group/lint"], "");
        world.ci(&[(".gitlab-ci.yml", GITLAB), ("more.yml", "include: {project: a/b}\n")]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        .gitlab-ci.yml:4: 3 includes are not pinned; the first is `group/ci`, which is included by a tag or a branch, which can move [controlled]
          also: .gitlab-ci.yml:10
          also: .gitlab-ci.yml:12
          help: write the full hash of `v1` as its `ref`, followed by `# v1`
          because: gate.toml:3
        more.yml:1: `a/b` is included without `ref`, so from its default branch [controlled]
          help: write `ref:` and the full hash of a commit of that project
          because: gate.toml:3
        ");
    }

    #[test]
    fn an_address_that_names_a_commit_is_pinned() {
        let address =
            |version: &str| format!("include:\n  - remote: https://gitlab.example/a/b/-/raw/{version}/ci.yml\n");
        let mut world = world(&[], "");
        world.ci(&[(".gitlab-ci.yml", &address(&"a4eb2bbf65".repeat(4)))]);
        assert_eq!(world.text(&CHECK), "");
        for open in ["main", "a4eb2bbf65"] {
            world.ci(&[(".gitlab-ci.yml", &address(open))]);
            assert!(world.text(&CHECK).contains("is included without `integrity`"), "{open}");
        }
    }

    #[test]
    fn images_of_pipelines() {
        let mut world = world(&[], "");
        world.ci(&[(".gitlab-ci.yml", GITLAB), ("more.yml", "")]);
        let ci = world.policy.ci.as_mut().expect("a policy");
        (ci.pinned_actions, ci.pinned_images) = (false, true);
        insta::assert_snapshot!(world.text(&CHECK), @"
        .gitlab-ci.yml:18: 3 images are not pinned; the first is `rust:$RUST`, which expands to an image without a digest [controlled]
          also: .gitlab-ci.yml:21
          also: .gitlab-ci.yml:24
          help: let it expand to `rust:1.95@sha256:` and the digest printed by `docker buildx imagetools inspect rust:1.95`
          because: gate.toml:3
        ");
        let ci = world.policy.ci.as_mut().expect("a policy");
        ci.trusted_images = vec!["$CI_REGISTRY_IMAGE/*".into(), "postgres".into(), "rust".into()];
        insta::assert_snapshot!(world.text(&CHECK), @"");
    }

    #[test]
    fn images_of_workflows() {
        let mut world = world(&[], "");
        let workflow = "\
on: push
jobs:
  a:
    strategy:
      matrix:
        image: [rust:1.95, '', 'alpine@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb']
    container: ${{ matrix.image }}
    services:
      db:
        image: registry.example:5000/db:16
  b:
    container:
      image: ${{ inputs.image }}
  c:
    container: ubuntu:24.04@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
";
        world.ci(&[(".github/workflows/ci.yml", workflow)]);
        let ci = world.policy.ci.as_mut().expect("a policy");
        (ci.pinned_actions, ci.pinned_images) = (false, true);
        insta::assert_snapshot!(world.text(&CHECK), @"
        .github/workflows/ci.yml:7: 3 images are not pinned; the first is `${{ matrix.image }}`, which expands to an image without a digest [controlled]
          also: .github/workflows/ci.yml:10
          also: .github/workflows/ci.yml:13
          help: let it expand to `rust:1.95@sha256:` and the digest printed by `docker buildx imagetools inspect rust:1.95`
          because: gate.toml:3
        ");
        let ci = world.policy.ci.as_mut().expect("a policy");
        ci.trusted_images = vec!["registry.example:5000/*".into()];
        insta::assert_snapshot!(world.text(&CHECK), @"
        .github/workflows/ci.yml:7: 2 images are not pinned; the first is `${{ matrix.image }}`, which expands to an image without a digest [controlled]
          also: .github/workflows/ci.yml:13
          help: let it expand to `rust:1.95@sha256:` and the digest printed by `docker buildx imagetools inspect rust:1.95`
          because: gate.toml:3
        ");
    }
}
