//! `git.clean`: what is judged is what is committed.

use gate_base::paths;
use gate_base::stage::Stage;
use gate_report::{Dimension, Finding, Location};
use gate_world::git::DirtyPath;

use gate_contract::{Check, Fixes, Judgement, Rule, input, reads};

reads!(
    input::GitHead,
    input::GitStatus,
    input::PolicyBases,
    input::Configuration,
    input::Cargo,
    input::FileNames
);

/// The check.
pub static CHECK: Check = Check {
    id: "git.clean",
    summary: "The work tree matches the commit",
    docs: include_str!("clean.md"),
    dimension: Dimension::Integrity,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

/// How many paths a message names.
const NAMED: usize = 3;

fn run(context: &Context<'_>) -> Judgement {
    let Some(git) = context.git() else {
        let finding = match context.git_problem() {
            Some(problem) => {
                Finding::blocking(CHECK.blocks_at, format!("git cannot tell what is committed: {problem}"))
                    .help("make `git status` succeed in the workspace")
            }
            None => Finding::blocking(CHECK.blocks_at, "the workspace is not under version control")
                .help("`git init && git add --all && git commit`"),
        };
        return Judgement::Findings(vec![finding]);
    };
    if git.head.is_none() {
        let finding =
            Finding::blocking(CHECK.blocks_at, "nothing is committed yet").help("`git add --all && git commit`");
        return Judgement::Findings(vec![finding]);
    }
    let mut findings: Vec<Finding> = git
        .hidden
        .iter()
        .take(NAMED)
        .map(|path| hidden(path, git.hidden.len()))
        .collect();
    findings.extend(git.leaving.iter().map(|path| leaving(path)));
    findings.extend(git.without_address.iter().map(|path| without_address(path)));
    findings.extend(uncommitted_sources(context));
    findings.extend(outside_dependencies(context));
    findings.extend(uncommitted_bases(context));
    findings.extend(uncommitted_configuration(context));
    if git.dirty.is_empty() {
        return Judgement::Findings(findings);
    }
    let mut finding = Finding::blocking(CHECK.blocks_at, message(&git.dirty))
        .help("commit or stash them, or add generated files to `.gitignore`; `git status` lists them");
    for dirty in git.dirty.iter().take(NAMED) {
        finding = finding.at(Location::file(&dirty.path));
    }
    findings.push(finding);
    Judgement::Findings(findings)
}

/// Files that the policy extends and that the commit does not have as they are.
fn uncommitted_bases(context: &Context<'_>) -> Vec<Finding> {
    let bases = context.uncommitted_bases().into_iter();
    let finding = |base: input::UncommittedBase| {
        let message = format!("`{}`, which the policy extends, {}", base.path, base.why);
        Finding::blocking(CHECK.blocks_at, message)
            .at(Location::file(&base.path))
            .help(format!("`git add {0} && git commit`, or restore the file", base.path))
    };
    bases.map(finding).collect()
}

/// Configuration that decides what is built and judged, and that the commit does not have.
fn uncommitted_configuration(context: &Context<'_>) -> Vec<Finding> {
    let files = context.uncommitted_configuration().into_iter();
    let finding = |file: input::UncommittedConfiguration| {
        Finding::blocking(CHECK.blocks_at, file.message)
            .at(Location::file(&file.path))
            .help(file.help)
    };
    files.map(finding).collect()
}

/// A link that leads out of the repository.
fn leaving(path: &str) -> Finding {
    Finding::blocking(
        Stage::Controlled,
        format!("`{path}` is a link to something outside the repository, which is not part of the commit"),
    )
    .at(Location::file(path))
    .help("replace the link by what it leads to")
}

/// A repository of which the commit holds the revision alone.
fn without_address(path: &str) -> Finding {
    let message = format!("`{path}` is a repository of its own, and `.gitmodules` does not say where a clone gets it");
    Finding::blocking(Stage::Controlled, message)
        .at(Location::file(path))
        .help(format!(
            "`git submodule add ADDRESS {path}`; or remove `{path}/.git` and commit its files"
        ))
}

/// Sources of members that no commit holds, because git ignores them or they lie elsewhere.
fn uncommitted_sources(context: &Context<'_>) -> Vec<Finding> {
    let top = context.git().map(|git| git.top.as_path());
    let (model, files) = (context.cargo(), context.files());
    let mut findings = Vec::new();
    for member in &model.members {
        for target in &member.targets {
            let path = paths::normalize(&model.root.join(&target.source));
            let what = match path.strip_prefix(&model.root) {
                // What lies behind a link is the link's matter.
                Ok(below) if below.ancestors().any(|above| files.get(&paths::spell(above)).is_some()) => continue,
                Ok(_) => "is ignored by git",
                Err(_) if top.is_some_and(|top| path.starts_with(top)) => continue,
                Err(_) => "is outside the repository",
            };
            let message = format!(
                "`{}`, a source of `{}`, {what}, so it is not part of the commit",
                target.source, member.name
            );
            findings.push(
                Finding::blocking(Stage::Controlled, message)
                    .at(Location::file(&member.manifest))
                    .help("commit the sources of every member, or remove the member from the workspace"),
            );
        }
    }
    findings
}

/// Path dependencies that no commit of the repository holds, as one finding.
fn outside_dependencies(context: &Context<'_>) -> Option<Finding> {
    let top = context.git().map(|git| git.top.as_path());
    let outside: Vec<&str> = context
        .cargo()
        .dependencies
        .iter()
        .filter(|dependency| {
            dependency.source.is_none() && top.is_some_and(|top| !dependency.manifest.starts_with(top))
        })
        .map(|dependency| dependency.name.as_str())
        .collect();
    let named: Vec<String> = outside.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let more = match outside.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = match outside.len() {
        0 => return None,
        1 => format!(
            "path dependency {} is outside the repository, so it is not part of the commit",
            named.join("")
        ),
        count => format!(
            "{count} path dependencies are outside the repository, so they are not part of the commit: {}{more}",
            named.join(", ")
        ),
    };
    let finding = Finding::blocking(Stage::Controlled, message)
        .at(Location::file("Cargo.lock"))
        .help("move them into the repository, or depend on published versions or on commits of their repositories by `git` and `rev`");
    Some(finding)
}

/// A file that is not what is committed, of so many, although `git status` does not list it.
fn hidden(path: &str, of: usize) -> Finding {
    let more = match of.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" (and {more} more like it)"),
    };
    Finding::blocking(
        Stage::Controlled,
        format!("the contents of `{path}` are not those of the commit, and `git status` does not say so{more}"),
    )
    .at(Location::file(path))
    .help(format!(
        "`git update-index --no-assume-unchanged --no-skip-worktree {path}`; where a filter of git changes the file, commit \
         what it writes"
    ))
}

fn message(dirty: &[DirtyPath]) -> String {
    let untracked = dirty.iter().filter(|path| path.untracked).count();
    let changed = dirty.len() - untracked;
    let counts = match (changed, untracked) {
        (changed, 0) => format!("{changed} changed"),
        (0, untracked) => format!("{untracked} untracked"),
        (changed, untracked) => format!("{changed} changed, {untracked} untracked"),
    };
    let named: Vec<String> = dirty
        .iter()
        .take(NAMED)
        .map(|path| format!("`{}`", path.path))
        .collect();
    let rest = dirty.len() - named.len();
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    let (paths, differ) = if dirty.len() == 1 {
        ("path", "differs")
    } else {
        ("paths", "differ")
    };
    format!(
        "{} {paths} {differ} from the commit ({counts}): {}{more}",
        dirty.len(),
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_world::cargo::Dependency;
    use gate_world::git::Git;
    use semver::Version;

    fn dirty(path: &str, untracked: bool) -> DirtyPath {
        DirtyPath {
            path: path.into(),
            untracked,
        }
    }

    #[test]
    fn counts_and_names_the_first_paths() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "");
        world.git().dirty = vec![dirty("a", true)];
        insta::assert_snapshot!(world.text(&CHECK), @"
        a: 1 path differs from the commit (1 untracked): `a` [controlled]
          help: commit or stash them, or add generated files to `.gitignore`; `git status` lists them
        ");
        world.git().dirty = ["a", "b", "c", "d", "e"].map(|path| dirty(path, path == "b")).to_vec();
        insta::assert_snapshot!(world.text(&CHECK), @"
        a: 5 paths differ from the commit (4 changed, 1 untracked): `a`, `b`, `c` and 2 more [controlled]
          also: b
          also: c
          help: commit or stash them, or add generated files to `.gitignore`; `git status` lists them
        ");
    }

    #[test]
    fn without_a_commit_or_a_repository() {
        let mut world = World::new();
        world.git().head = None;
        insta::assert_snapshot!(world.text(&CHECK), @"
        nothing is committed yet [controlled]
          help: `git add --all && git commit`
        ");
        world.workspace.git = None;
        insta::assert_snapshot!(world.text(&CHECK), @"
        the workspace is not under version control [controlled]
          help: `git init && git add --all && git commit`
        ");
    }

    #[test]
    fn configuration_that_git_ignores_is_named() {
        let mut world = World::new();
        world.texts(&[("clippy.toml", ""), ("app/Cargo.toml", "")]);
        let root = world.workspace.root.clone();
        world.workspace.git = Some(Git::by_hand(&root));
        assert_eq!(world.text(&CHECK), "");
        world.workspace.cargo.members[0].directory = "app".into();
        for path in [
            "rust-toolchain.toml",
            "app/.cargo/config.toml",
            ".config/nextest.toml",
            "src/clippy.toml",
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory can be made");
            std::fs::write(path, "").expect("a file can be written");
        }
        insta::assert_snapshot!(world.text(&CHECK), @"
        .config/nextest.toml: `.config/nextest.toml` is ignored by git, so what it configures is not part of the commit [controlled]
          help: `git add --force .config/nextest.toml && git commit`, or remove `.config/nextest.toml`
        app/.cargo/config.toml: `app/.cargo/config.toml` is ignored by git, so what it configures is not part of the commit [controlled]
          help: `git add --force app/.cargo/config.toml && git commit`, or remove `app/.cargo/config.toml`
        rust-toolchain.toml: `rust-toolchain.toml` is ignored by git, so what it configures is not part of the commit [controlled]
          help: `git add --force rust-toolchain.toml && git commit`, or remove `rust-toolchain.toml`
        ");
    }

    #[test]
    fn dependencies_outside_the_repository_are_named() {
        let mut world = World::new();
        let part = |manifest: &str| Dependency {
            name: "part".into(),
            version: Version::new(0, 1, 0),
            source: None,
            manifest: manifest.into(),
            checksum: None,
        };
        world.workspace.cargo.dependencies = vec![part("/w/part/Cargo.toml")];
        assert_eq!(world.text(&CHECK), "");
        world.workspace.cargo.dependencies = vec![part("/elsewhere/part/Cargo.toml")];
        insta::assert_snapshot!(world.text(&CHECK), @"
        Cargo.lock: path dependency `part` is outside the repository, so it is not part of the commit [controlled]
          help: move them into the repository, or depend on published versions or on commits of their repositories by `git` and `rev`
        ");
    }
}
