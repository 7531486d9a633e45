//! `ci.actions-pinned`: what runs in continuous integration is what was reviewed.

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::report::{Dimension, Finding, Location};
use crate::stage::Stage;
use crate::workspace::ci::{CiFile, Kind, Use};

use super::pipelines::{counted, unreadable};
use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "ci.actions-pinned",
    summary: "Actions are named by commit, images of actions by digest",
    docs: DOCS,
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 1,
    inputs: &[Input::CiFiles, Input::PolicyCi],
    applies,
    run,
};

const DOCS: &str = "\
## What it does

Applies once `gate.toml` declares `pinned-actions = true` in `[ci]`. Every `uses:` of a workflow, of a reusable workflow \
and of an action of the repository must name the full hash of a commit (40 or 64 hexadecimal digits), and every \
`docker://` image the digest of its contents (`@sha256:…`). Paths that begin with `./` are part of the commit and need \
nothing. `trusted-actions` names actions that may stay on a tag or a branch, by globs over `owner/name`; nothing is \
trusted by itself, not even `actions/*`. There is one finding for each file. Images of jobs (`container`, `image`) and \
what a GitLab pipeline includes from elsewhere are not looked at.

## Why it matters

A tag or a branch is whatever its owner, or somebody with the password of its owner, makes of it. An action runs with \
the secrets and the token of the job, before anything here could notice.

## How to fix

Write the commit of the release and keep its name as a comment, which update services maintain:

```yaml
- uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
```

`git ls-remote https://github.com/actions/checkout v4.2.2` prints the hash.

## Requirements

S3.68
";

fn applies(context: &Context<'_>) -> Applies {
    match &context.policy().ci {
        Some(ci) if ci.pinned_actions => Applies::Yes,
        _ => Applies::No("`gate.toml` does not declare `pinned-actions = true` in `[ci]`".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = &context.policy().ci else {
        return Judgement::Findings(Vec::new());
    };
    let ci = context.ci();
    let trusted = trusted(&policy.trusted_actions);
    let mut findings: Vec<Finding> = unreadable(ci).collect();
    findings.extend(ci.files.iter().filter_map(|file| judge(file, &trusted)));
    let because = |finding: Finding| finding.because(Some(policy.location.clone()));
    findings.sort_by(|a, b| {
        a.locations
            .first()
            .map(|it| &it.path)
            .cmp(&b.locations.first().map(|it| &it.path))
    });
    Judgement::Findings(findings.into_iter().map(because).collect())
}

fn trusted(patterns: &[String]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    // The policy was validated: each is a glob.
    for glob in patterns.iter().filter_map(|pattern| Glob::new(pattern).ok()) {
        builder.add(glob);
    }
    builder.build().unwrap_or_else(|_| GlobSet::empty())
}

fn judge(file: &CiFile, trusted: &GlobSet) -> Option<Finding> {
    if !matches!(file.kind, Kind::Workflow | Kind::Action) {
        return None;
    }
    let open: Vec<(&Use, &str)> = file
        .uses
        .iter()
        .filter_map(|used| Some((used, fault(&used.name, trusted)?)))
        .collect();
    let (first, why) = open.first()?;
    let message = match open.len() {
        1 => format!("`{}` {why}", first.name),
        count => format!(
            "{} are not pinned, the first is `{}`, which {why}",
            counted(count, "action"),
            first.name
        ),
    };
    let help = match first.name.strip_prefix("docker://") {
        Some(image) => {
            let name = image.split('@').next().unwrap_or(image);
            format!(
                "write `docker://{name}@sha256:` and the digest that `docker buildx imagetools inspect {name}` prints"
            )
        }
        None => {
            let (name, version) = first.name.split_once('@').unwrap_or((&first.name, "HEAD"));
            let repository: Vec<&str> = name.splitn(3, '/').take(2).collect();
            format!(
                "write the hash that `git ls-remote https://github.com/{} {version}` prints, and `# {version}` behind it",
                repository.join("/")
            )
        }
    };
    let mut finding = Finding::blocking(Stage::Controlled, message).help(help);
    let mut lines: Vec<u32> = open.iter().map(|(used, _)| used.line).collect();
    lines.sort_unstable();
    // The first in the file is the one that the message names.
    for line in lines {
        finding = finding.at(Location::line(&file.path, line));
    }
    Some(finding)
}

/// What is wrong with a name, as the end of a sentence.
fn fault(name: &str, trusted: &GlobSet) -> Option<&'static str> {
    if let Some(image) = name.strip_prefix("docker://") {
        let digest = image.split_once("@sha256:").map(|(_, digest)| digest);
        let full = digest.is_some_and(|digest| digest.len() == 64 && is_hex(digest));
        return (!full).then_some("is an image without its digest");
    }
    if name.starts_with("./") || name.starts_with("../") {
        return None;
    }
    let Some((action, version)) = name.split_once('@') else {
        return Some("names no version");
    };
    let owner_and_name = action.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    if trusted.is_match(&owner_and_name)
        || trusted.is_match(action)
        || matches!(version.len(), 40 | 64) && is_hex(version)
    {
        return None;
    }
    if version.len() >= 7 && is_hex(version) && !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("is abbreviated, and only the full hash names one commit");
    }
    Some("is a tag or a branch, which can be moved")
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::World;
    use crate::policy::CiPolicy;

    fn world(trusted: &[&str], steps: &str) -> World {
        let mut world = World::new();
        world.policy.ci = Some(CiPolicy {
            platforms: Vec::new(),
            pinned_actions: true,
            trusted_actions: trusted.iter().map(|glob| (*glob).to_owned()).collect(),
            scripts: Vec::new(),
            gate_steps: Vec::new(),
            location: Location::line("gate.toml", 3),
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
        .github/workflows/ci.yml:5: `actions/checkout@v4` is a tag or a branch, which can be moved [controlled]
          help: write the hash that `git ls-remote https://github.com/actions/checkout v4` prints, and `# v4` behind it
          because: gate.toml:3
        ");
        insta::assert_snapshot!(said(&[], "      - uses: org/a/sub@abcdef1\n"), @"
        .github/workflows/ci.yml:5: `org/a/sub@abcdef1` is abbreviated, and only the full hash names one commit [controlled]
          help: write the hash that `git ls-remote https://github.com/org/a abcdef1` prints, and `# abcdef1` behind it
          because: gate.toml:3
        ");
        insta::assert_snapshot!(said(&[], "      - uses: docker://alpine:3\n      - uses: org/a\n  b:\n    uses: org/x/.github/workflows/y.yml@main\n"), @"
        .github/workflows/ci.yml:5: 3 actions are not pinned, the first is `docker://alpine:3`, which is an image without its digest [controlled]
          also: .github/workflows/ci.yml:6
          also: .github/workflows/ci.yml:8
          help: write `docker://alpine:3@sha256:` and the digest that `docker buildx imagetools inspect alpine:3` prints
          because: gate.toml:3
        ");
    }

    #[test]
    fn trusted_actions_may_move() {
        let steps =
            "      - uses: actions/checkout@v4\n      - uses: dtolnay/rust-toolchain@stable\n      - uses: org/a@v1\n";
        insta::assert_snapshot!(said(&["actions/*", "dtolnay/rust-toolchain"], steps), @"
        .github/workflows/ci.yml:7: `org/a@v1` is a tag or a branch, which can be moved [controlled]
          help: write the hash that `git ls-remote https://github.com/org/a v1` prints, and `# v1` behind it
          because: gate.toml:3
        ");
    }

    #[test]
    fn undeclared_it_does_not_apply_and_what_cannot_be_read_is_a_finding() {
        let mut world = world(&[], "      - uses: [\n");
        insta::assert_snapshot!(world.text(&CHECK), @"
        .github/workflows/ci.yml:5: `.github/workflows/ci.yml` is not YAML: while parsing a node, did not find expected node content [controlled]
          help: correct line 5 of it, or remove the file
          because: gate.toml:3
        ");
        world.policy.ci = None;
        insta::assert_snapshot!(world.text(&CHECK), @"not applicable: `gate.toml` does not declare `pinned-actions = true` in `[ci]`");
    }
}
