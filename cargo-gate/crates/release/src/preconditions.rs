//! What must agree before anything is built: decision, tree, version, changelog, approvals, tag.

use gate_base::stage::Stage;
use gate_policy::ReleasePolicy;
use gate_report::Outcome;
use gate_world::Workspace;
use gate_world::git::Git;
use semver::Version;

use crate::decided::Decided;
use crate::named::Named;
use crate::stop::Reason;

/// Checks about releases. At an early stage they only warn; a release needs them to pass.
const CHECKS: [&str; 4] = [
    "changelog.current",
    "release.manifest",
    "lockfile.fresh",
    "lockfile.tracked",
];

/// The decision is READY for this very content and policy.
pub(crate) fn of_decision(decided: &Decided, stage: Stage) -> Vec<Reason> {
    let (entry, run) = (&decided.entry, &decided.entry.run_id);
    let mut reasons = Vec::new();
    if !entry.decision.is_ready() {
        let help = format!("`cargo gate explain {run}` shows what blocks");
        reasons.push(Reason::new(
            format!(
                "run {run} decided {} for {}, and {stage} needs READY{}",
                entry.decision.name(),
                entry.stage,
                decided.report.blocked_by()
            ),
            help,
        ));
    }
    for id in CHECKS {
        let Some(check) = decided.report.checks.iter().find(|check| check.id == id) else {
            continue;
        };
        if !matches!(check.outcome, Outcome::Pass) {
            let first = check
                .findings
                .first()
                .map_or("it did not pass", |finding| &finding.message);
            reasons.push(Reason::new(
                format!("`{id}`: {first}"),
                format!("`cargo gate explain {id}` says how to fix it"),
            ));
        }
    }
    reasons
}

/// The tree is the commit, and the run judged that commit.
pub(crate) fn of_tree(workspace: &Workspace, decided: Option<&Decided>) -> Vec<Reason> {
    let commit_first = "commit, and run `cargo gate release` again";
    let Some((git, head)) = workspace.git().and_then(|git| Some((git, git.head.as_deref()?))) else {
        return vec![Reason::new("the workspace has no commit to release", commit_first)];
    };
    let mut reasons = Vec::new();
    if let Some(first) = git.dirty.first() {
        let more = git.dirty.len() - 1;
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        reasons.push(Reason::new(
            format!("the tree is not the commit: `{}`{more} differs", first.path),
            commit_first,
        ));
    }
    if let Some(path) = git.hidden.first() {
        reasons.push(Reason::new(
            format!("the tree is not the commit: `{path}` differs, and git was told not to look"),
            format!("`git update-index --no-assume-unchanged --no-skip-worktree {path}`"),
        ));
    }
    if let Some(path) = git.leaving.first() {
        reasons.push(Reason::new(
            format!("the link `{path}` leads out of the repository, to what is not part of the commit"),
            "replace the link with a file",
        ));
    }
    if let Some(decided) = decided
        && (decided.entry.dirty || decided.entry.commit.as_deref() != Some(head))
    {
        reasons.push(Reason::new(
            format!(
                "run {} judged another commit than {}",
                decided.entry.run_id,
                &head[..12.min(head.len())]
            ),
            format!("`cargo gate {}`", decided.entry.stage),
        ));
    }
    reasons
}

/// The version is the one that was asked for.
pub(crate) fn of_version(named: &Named, asked: Option<&Version>) -> Vec<Reason> {
    match asked {
        Some(asked) if *asked != named.version => vec![Reason::new(
            format!(
                "`{}` has version {}, but --version is {asked}",
                named.manifest, named.version
            ),
            format!("write `version = \"{asked}\"`, or pass `--version {}`", named.version),
        )],
        _ => Vec::new(),
    }
}

/// Local tag and remote tag name the commit. A dry run may come before the tag, and off the network.
pub(crate) fn of_tag(git: &Git, commit: &str, named: &Named, policy: &ReleasePolicy, dry_run: bool) -> Vec<Reason> {
    let tag = &named.tag;
    let remote = policy.remote.as_deref().unwrap_or("origin");
    let other = |what: &str, found: &str| {
        Reason::new(
            format!("{what} `{tag}` names commit {found}, not {commit}"),
            "release that commit, or raise the version",
        )
    };
    let mut reasons = Vec::new();
    match git.commit(&format!("refs/tags/{tag}")) {
        Ok(found) if found == commit => {}
        Ok(found) => reasons.push(other("the tag", &found)),
        Err(_) if dry_run => {}
        Err(_) => reasons.push(Reason::new(
            format!("there is no tag `{tag}`"),
            format!("`git tag -s {tag}`"),
        )),
    }
    match git.remote_tag(remote, tag) {
        Ok(Some(found)) if found == commit => {}
        Ok(Some(found)) => reasons.push(other(&format!("in `{remote}` the tag"), &found)),
        Ok(None) | Err(_) if dry_run => {}
        Ok(None) => reasons.push(Reason::new(
            format!("`{remote}` has no tag `{tag}`"),
            format!("`git push {remote} {tag}`"),
        )),
        Err(error) => {
            let first = error.lines().next().unwrap_or_default();
            reasons.push(Reason::new(
                format!("cannot ask `{remote}` for the tag `{tag}`: {first}"),
                "correct `remote` under `[release]` in gate.toml, or make it reachable",
            ));
        }
    }
    reasons
}
