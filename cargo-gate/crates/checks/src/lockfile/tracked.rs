//! `lockfile.tracked`: the lockfile is part of what is committed.

use gate_base::stage::Stage;
use gate_report::{Change, Dimension, Finding, Location, Remedy};

use gate_contract::{Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Lockfile);

/// The check.
pub static CHECK: Check = Check {
    id: "lockfile.tracked",
    summary: "`Cargo.lock` exists and git tracks it",
    docs: include_str!("tracked.md"),
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Applied("removes `Cargo.lock` from `.gitignore`; `git add` remains"),
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

fn run(context: &Context<'_>) -> Judgement {
    let lockfile = context.lockfile();
    let (message, help) = match (lockfile.exists, lockfile.tracked) {
        (true, Some(true) | None) => return Judgement::Findings(Vec::new()),
        (true, Some(false)) if lockfile.ignored => (
            "`Cargo.lock` is ignored by git, so builds elsewhere resolve their own dependencies",
            "remove the line that `git check-ignore -v Cargo.lock` shows, then run `git add Cargo.lock`",
        ),
        (true, Some(false)) => (
            "`Cargo.lock` is not tracked by git, so builds elsewhere resolve their own dependencies",
            "`git add Cargo.lock`",
        ),
        (false, Some(true)) => (
            "`Cargo.lock` is tracked by git but missing from the work tree",
            "`git restore Cargo.lock`",
        ),
        (false, Some(false)) if lockfile.ignored => (
            "there is no `Cargo.lock`, and git ignores it, so every build resolves its own dependencies",
            "remove the line that `git check-ignore -v Cargo.lock` shows, then run `cargo generate-lockfile && git add Cargo.lock`",
        ),
        (false, Some(false)) => (
            "there is no `Cargo.lock`, so every build resolves its own dependencies",
            "`cargo generate-lockfile && git add Cargo.lock`",
        ),
        (false, None) => (
            "there is no `Cargo.lock`, so every build resolves its own dependencies",
            "`cargo generate-lockfile`",
        ),
    };
    let listed = lockfile.exists && lockfile.ignored;
    let remedy = listed.then(|| {
        let change = Change::RemoveLine {
            path: ".gitignore".to_owned(),
            any_of: ["Cargo.lock", "/Cargo.lock"].map(str::to_owned).to_vec(),
        };
        Remedy::new(
            "remove `Cargo.lock` from `.gitignore`; `git add Cargo.lock` remains",
            [change],
        )
    });
    let finding = Finding::blocking(CHECK.blocks_at, message)
        .help(help)
        .remedy(remedy)
        .at(Location::file("Cargo.lock"));
    Judgement::Findings(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_world::lockfile::Lockfile;

    fn said(exists: bool, tracked: Option<bool>, ignored: bool) -> String {
        let mut world = World::new();
        world.workspace.lockfile = Lockfile {
            exists,
            tracked,
            ignored,
            ..Lockfile::default()
        };
        world.text(&CHECK)
    }

    #[test]
    fn quiet_when_it_is_tracked_or_nothing_could_track_it() {
        assert_eq!(said(true, Some(true), false), "");
        // A file added with `--force` is tracked although a rule would ignore it.
        assert_eq!(said(true, Some(true), true), "");
        assert_eq!(said(true, None, false), "");
    }

    #[test]
    fn says_which_case_it_is() {
        insta::assert_snapshot!(said(true, Some(false), true), @"
        Cargo.lock: `Cargo.lock` is ignored by git, so builds elsewhere resolve their own dependencies [controlled]
          help: remove the line that `git check-ignore -v Cargo.lock` shows, then run `git add Cargo.lock`
        ");
        insta::assert_snapshot!(said(true, Some(false), false), @"
        Cargo.lock: `Cargo.lock` is not tracked by git, so builds elsewhere resolve their own dependencies [controlled]
          help: `git add Cargo.lock`
        ");
        insta::assert_snapshot!(said(false, Some(true), false), @"
        Cargo.lock: `Cargo.lock` is tracked by git but missing from the work tree [controlled]
          help: `git restore Cargo.lock`
        ");
        insta::assert_snapshot!(said(false, Some(false), true), @"
        Cargo.lock: there is no `Cargo.lock`, and git ignores it, so every build resolves its own dependencies [controlled]
          help: remove the line that `git check-ignore -v Cargo.lock` shows, then run `cargo generate-lockfile && git add Cargo.lock`
        ");
        insta::assert_snapshot!(said(false, Some(false), false), @"
        Cargo.lock: there is no `Cargo.lock`, so every build resolves its own dependencies [controlled]
          help: `cargo generate-lockfile && git add Cargo.lock`
        ");
        insta::assert_snapshot!(said(false, None, false), @"
        Cargo.lock: there is no `Cargo.lock`, so every build resolves its own dependencies [controlled]
          help: `cargo generate-lockfile`
        ");
    }
}
