//! `lockfile.fresh`: the lockfile says what the manifests say.

use std::path::Path;

use gate_base::stage::Stage;
use gate_report::{Dimension, Finding, Location, Reason};
use gate_world::cargo::Resolution;

use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Cargo, input::Lockfile);

/// The check.
pub static CHECK: Check = Check {
    id: "lockfile.fresh",
    summary: "`Cargo.lock` matches the manifests",
    docs: include_str!("fresh.md"),
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Command,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.resolution() {
        Resolution::NoLockfile => Applies::No("there is no `Cargo.lock`; `lockfile.tracked` reports that".into()),
        _ => Applies::Yes,
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let root = context.cargo().root.to_string_lossy().into_owned();
    let quoted = |text: &str| first_line(text, &root);
    let finding = match context.resolution() {
        Resolution::Locked | Resolution::NoLockfile => return Judgement::Findings(Vec::new()),
        Resolution::Unavailable(text) => {
            let message = format!("cargo could not resolve the workspace: {}", quoted(text));
            return Judgement::NotRun(Reason::new("unavailable", message).help("`cargo fetch --locked`"));
        }
        Resolution::Stale(text) => {
            let message = format!("`Cargo.lock` does not match the manifests: {}", quoted(text));
            let help = "`cargo update --workspace`, then commit `Cargo.lock`";
            match context.lockfile().tracked {
                Some(false) => {
                    Finding::advice(format!("{message} (git does not track it)")).help("`cargo update --workspace`")
                }
                _ => Finding::blocking(CHECK.blocks_at, message).help(help),
            }
        }
        Resolution::Unreadable(text) => {
            let message = format!(
                "this cargo cannot read `Cargo.lock`: {}",
                cause(text).unwrap_or_else(|| quoted(text))
            );
            let help = if text.contains("lock file version") {
                "use the toolchain that wrote it: set its version as `channel` in `rust-toolchain.toml`"
            } else {
                "`git checkout HEAD -- Cargo.lock`, or restore it from the last commit with a valid one"
            };
            Finding::blocking(CHECK.blocks_at, message).help(help)
        }
    };
    Judgement::Findings(vec![finding.at(Location::file("Cargo.lock"))])
}

/// The first line of what cargo gives as the cause of its error.
fn cause(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "Caused by:");
    lines.next()?;
    let line = lines.find(|line| !line.is_empty())?;
    Some(line.trim_end_matches('.').to_owned())
}

/// The line of cargo's message that says what is wrong, without machine paths.
fn first_line(text: &str, root: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines
        .clone()
        .find_map(|line| line.strip_prefix("error: "))
        .or_else(|| lines.next())
        .unwrap_or("cargo gave no reason");
    // For a dependency that could not be had, the source says more than its name.
    let source = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("unable to update "));
    let mut parts = vec![first];
    parts.extend(source);
    // The last cause is the one that somebody can do something about: a name that does not resolve, a refused connection.
    if let Some(cause) = last_cause(text).filter(|cause| !parts.contains(cause)) {
        parts.push(cause);
    }
    let short = parts
        .join(": ")
        .replace(&format!("{root}/"), "")
        .replace(&format!("{root}\\"), "")
        .replace(root, ".");
    short.trim_end_matches('.').to_owned()
}

/// The innermost cause, unless it names a directory of this machine.
fn last_cause(text: &str) -> Option<&str> {
    let (_, last) = text.rsplit_once("Caused by:")?;
    let cause = last.lines().map(str::trim).find(|line| !line.is_empty())?;
    let is_local = cause
        .split([' ', '`', '(', '\'', '"'])
        .any(|word| word.starts_with('/') || Path::new(word).is_absolute());
    (!is_local).then_some(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;

    const STALE: &str = "    Updating crates.io index\nerror: cannot update the lock file /w/Cargo.lock because --locked was passed to prevent this\nhelp: to generate the lock file without accessing the network, remove the --locked flag and use --offline instead.\n";

    fn world(resolution: Resolution, tracked: Option<bool>) -> World {
        let mut world = World::new();
        world.workspace.resolution = resolution;
        world.workspace.lockfile.exists = true;
        world.workspace.lockfile.tracked = tracked;
        world
    }

    #[test]
    fn quotes_cargo_without_the_machine() {
        let world = world(Resolution::Stale(STALE.into()), Some(true));
        insta::assert_snapshot!(world.text(&CHECK), @"
        Cargo.lock: `Cargo.lock` does not match the manifests: cannot update the lock file Cargo.lock because --locked was passed to prevent this [pilot]
          help: `cargo update --workspace`, then commit `Cargo.lock`
        ");
    }

    #[test]
    fn an_untracked_lockfile_is_not_released_and_does_not_block() {
        let world = world(Resolution::Stale("error: no".into()), Some(false));
        insta::assert_snapshot!(world.text(&CHECK), @"
        Cargo.lock: `Cargo.lock` does not match the manifests: no (git does not track it) [advice]
          help: `cargo update --workspace`
        ");
    }

    #[test]
    fn what_could_not_be_resolved_is_not_a_pass() {
        let unreadable = Resolution::Unreadable("error: failed to parse lock file at: /w/Cargo.lock".into());
        insta::assert_snapshot!(world(unreadable, Some(false)).text(&CHECK), @"
        Cargo.lock: this cargo cannot read `Cargo.lock`: failed to parse lock file at: Cargo.lock [pilot]
          help: `git checkout HEAD -- Cargo.lock`, or restore it from the last commit with a valid one
        ");
        let future = "error: failed to parse lock file at: /w/Cargo.lock\n\nCaused by:\n  lock file version `99` was found, but this \
                      version of Cargo does not understand this lock file\n";
        insta::assert_snapshot!(world(Resolution::Unreadable(future.into()), Some(true)).text(&CHECK), @"
        Cargo.lock: this cargo cannot read `Cargo.lock`: lock file version `99` was found, but this version of Cargo does not understand this lock file [pilot]
          help: use the toolchain that wrote it: set its version as `channel` in `rust-toolchain.toml`
        ");
        let unavailable = Resolution::Unavailable("error: failed to download `a v1.0.0`\n".into());
        insta::assert_snapshot!(world(unavailable, Some(true)).text(&CHECK), @"
        not run (unavailable): cargo could not resolve the workspace: failed to download `a v1.0.0`
          help: `cargo fetch --locked`
        ");
    }

    #[test]
    fn the_source_that_could_not_be_had_is_named() {
        let text = "error: failed to get `a` as a dependency of package `m v1.0.0 (/w/m)`\n\nCaused by:\n  \
            failed to load source for dependency `a`\n\nCaused by:\n  unable to update https://x/a?branch=main#529f4b7b\n\n\
            Caused by:\n  failed to fetch into: /h/git/db/a\n";
        insta::assert_snapshot!(world(Resolution::Unavailable(text.into()), Some(true)).text(&CHECK), @"
        not run (unavailable): cargo could not resolve the workspace: failed to get `a` as a dependency of package `m v1.0.0 (m)`: unable to update https://x/a?branch=main#529f4b7b
          help: `cargo fetch --locked`
        ");
    }

    #[test]
    fn the_last_cause_is_told() {
        let text = "error: failed to get `a` as a dependency of package `m v1.0.0 (/w/m)`\n\nCaused by:\n  \
            unable to update https://x/a#529f4b7b\n\nCaused by:\n  failed to clone into: /h/git/db/a\n\nCaused by:\n  \
            failed to connect to x: Connection refused; class=Os (2)\n";
        insta::assert_snapshot!(world(Resolution::Unavailable(text.into()), Some(true)).text(&CHECK), @"
        not run (unavailable): cargo could not resolve the workspace: failed to get `a` as a dependency of package `m v1.0.0 (m)`: unable to update https://x/a#529f4b7b: failed to connect to x: Connection refused; class=Os (2)
          help: `cargo fetch --locked`
        ");
    }

    #[test]
    fn a_cause_with_a_path_of_this_machine_is_not_told() {
        for path in ["/data/x", "`/data/x`", "'/data/x'", "\"/data/x\""] {
            let text = format!("error: no\n\nCaused by:\n  failed to resolve path {path}\n");
            assert_eq!(last_cause(&text), None, "{path}");
        }
    }

    #[test]
    fn says_nothing_without_a_lockfile() {
        insta::assert_snapshot!(world(Resolution::NoLockfile, None).text(&CHECK), @"not applicable: there is no `Cargo.lock`; `lockfile.tracked` reports that");
        assert_eq!(world(Resolution::Locked, Some(true)).text(&CHECK), "");
    }
}
