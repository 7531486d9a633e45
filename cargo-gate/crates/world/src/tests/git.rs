//! Files and version control.

use std::collections::BTreeSet;

use super::super::git::{Ancestry, CommitState, DirtyPath};
use super::*;

#[test]
fn a_clean_repository() {
    let world = World::repository();
    world.open();
    let workspace = world.open();
    assert_eq!(
        names(&workspace),
        [".gitignore", "Cargo.lock", "Cargo.toml", "src/lib.rs"]
    );
    assert!(
        workspace
            .files()
            .iter()
            .all(|file| file.tracked && file.digest.is_some())
    );
    let git = workspace.git().expect("under version control");
    assert_eq!(git.branch.as_deref(), Some("main"));
    assert_eq!(git.head.as_ref().map(String::len), Some(40));
    assert_eq!(git.dirty, []);
    assert_eq!(git.top, world.path());
    let lockfile = workspace.lockfile();
    assert_eq!(
        (lockfile.exists, lockfile.tracked, lockfile.ignored),
        (true, Some(true), false)
    );
}

#[test]
fn changes_of_every_kind_are_dirty() {
    let world = World::repository();
    world.write("gone.txt", "");
    world.write("old name.txt", "some text that git would recognise after a rename");
    world.commit();
    fs::remove_file(world.path().join("gone.txt")).expect("remove");
    world.git(&["mv", "old name.txt", "new name.txt"]);
    world.write("src/lib.rs", "// changed");
    world.write("src/new.rs", "");
    let workspace = world.open();
    let dirty = &workspace.git().expect("under version control").dirty;
    let expected = [
        ("gone.txt", false),
        ("new name.txt", false),
        ("old name.txt", false),
        ("src/lib.rs", false),
        ("src/new.rs", true),
    ];
    assert_eq!(
        *dirty,
        expected.map(|(path, untracked)| DirtyPath {
            path: path.into(),
            untracked
        })
    );
    assert_eq!(kind(&workspace, "gone.txt"), FileKind::Missing);
    assert!(
        workspace
            .files()
            .get("src/new.rs")
            .is_some_and(|file| !file.tracked && file.digest.is_some())
    );
}

#[test]
fn before_the_first_commit() {
    let world = World::package();
    world.git(&["init", "-q", "-b", "main"]);
    let workspace = world.open();
    let git = workspace.git().expect("under version control");
    assert_eq!((git.head.as_deref(), git.branch.as_deref()), (None, Some("main")));
    assert_eq!(git.is_ancestor("abcd"), Ancestry::No);
    assert_eq!(workspace.lockfile().tracked, Some(false));
    // Nothing ignores `target`, and still it is no part of the workspace.
    let again = world.open();
    assert_eq!(names(&again), ["Cargo.lock", "Cargo.toml", "src/lib.rs"]);
    assert!(
        again
            .git()
            .expect("under version control")
            .dirty
            .iter()
            .all(|dirty| !dirty.path.starts_with("target"))
    );
}

#[test]
fn without_git() {
    let world = World::package();
    world.write(".gitignore", "ignored.txt\n");
    world.write("ignored.txt", "");
    world.write(".hidden", "");
    let workspace = world.open();
    assert!(workspace.git().is_none() && workspace.git_problem().is_none());
    assert_eq!(
        names(&workspace),
        [".gitignore", ".hidden", "Cargo.lock", "Cargo.toml", "src/lib.rs"]
    );
    assert_eq!(
        names(&world.open()),
        names(&workspace),
        "the gate directory is not listed"
    );
    assert_eq!(workspace.lockfile().tracked, None);
    assert!(workspace.files().iter().all(|file| !file.tracked));
}

#[test]
fn a_workspace_in_a_subdirectory() {
    let world = World::empty();
    for name in ["Cargo.toml", "Cargo.lock", "src/lib.rs"] {
        let text = [("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK)];
        let text = text
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, text)| text);
        world.write(&format!("deep/er/{name}"), text);
    }
    world.write("outside.txt", "");
    world.git(&["init", "-q", "-b", "main"]);
    world.commit();
    world.write("outside.txt", "changed");
    world.write("deep/er/src/lib.rs", "// changed");
    let workspace = Workspace::open(world.options("deep/er/src")).expect("opens");
    assert_eq!(workspace.root(), world.path().join("deep/er"));
    assert_eq!(names(&workspace), ["Cargo.lock", "Cargo.toml", "src/lib.rs"]);
    let git = workspace.git().expect("under version control");
    assert_eq!(git.top, world.path());
    assert_eq!(
        git.dirty,
        [DirtyPath {
            path: "src/lib.rs".into(),
            untracked: false
        }]
    );
    assert_eq!(git.show("HEAD", "src/lib.rs"), Ok(Some(Vec::new())));
    assert_eq!(git.show("HEAD", "src/none.rs"), Ok(None));
}

#[test]
fn a_workspace_that_the_repository_around_it_ignores() {
    let world = World::empty();
    world.write(".gitignore", "scratch\n");
    world.git(&["init", "-q", "-b", "main"]);
    world.commit();
    world.write("scratch/Cargo.toml", MANIFEST);
    world.write("scratch/src/lib.rs", "");
    let workspace = Workspace::open(world.options("scratch")).expect("opens");
    assert!(workspace.git().is_none());
    assert_eq!(names(&workspace), ["Cargo.toml", "src/lib.rs"]);
}

#[test]
fn a_linked_worktree() {
    let world = World::repository();
    let other = world.path().join("target/linked");
    world.git(&["worktree", "add", "-q", "-b", "side", other.to_str().expect("UTF-8")]);
    let workspace = Workspace::open(world.options("target/linked")).expect("opens");
    let git = workspace.git().expect("under version control");
    assert_eq!(
        (git.branch.as_deref(), git.top.as_path()),
        (Some("side"), other.as_path())
    );
    assert_eq!(
        names(&workspace),
        [".gitignore", "Cargo.lock", "Cargo.toml", "src/lib.rs"]
    );
}

#[test]
fn submodules_checked_out_and_not() {
    let library = World::repository();
    let world = World::repository();
    let url = library.path().to_str().expect("UTF-8");
    world.git(&["submodule", "--quiet", "add", url, "vendor/in"]);
    world.git(&["submodule", "--quiet", "add", url, "vendor/out"]);
    world.commit();
    world.git(&["submodule", "--quiet", "deinit", "-f", "vendor/out"]);
    let clean = world.open();
    assert_eq!(clean.git().expect("under version control").dirty, []);
    assert!(
        clean
            .files()
            .get("vendor/in/src/lib.rs")
            .is_some_and(|file| file.tracked)
    );
    assert!(clean.files().get("vendor/in").is_none());
    assert_eq!(kind(&clean, "vendor/out"), FileKind::Submodule);

    world.write("vendor/in/new.rs", "");
    let changed = world.open();
    assert!(
        changed
            .files()
            .get("vendor/in/new.rs")
            .is_some_and(|file| !file.tracked)
    );
    let dirty = &changed.git().expect("under version control").dirty;
    assert_eq!(
        *dirty,
        [DirtyPath {
            path: "vendor/in".into(),
            untracked: false
        }]
    );
}

#[test]
fn a_repository_of_its_own_inside_is_read() {
    let world = World::repository();
    let nested = world.write("nested/file.rs", "");
    let nested = nested.parent().expect("a parent");
    world.git_in(nested, &["init", "-q"]);
    world.git_in(nested, &["add", "-A"]);
    world.git_in(nested, &["commit", "-q", "-m", "change"]);
    let workspace = world.open();
    assert!(
        workspace
            .files()
            .get("nested/file.rs")
            .is_some_and(|file| !file.tracked)
    );
    let dirty = &workspace.git().expect("under version control").dirty;
    assert_eq!(
        *dirty,
        [DirtyPath {
            path: "nested".into(),
            untracked: true
        }]
    );
}

#[test]
fn history_answers_what_it_knows() {
    let world = World::repository();
    let first = world.open().git().and_then(|git| git.head.clone()).expect("a commit");
    world.write("src/lib.rs", "// two");
    world.commit();
    let workspace = world.open();
    let git = workspace.git().expect("under version control");
    let head = git.head.clone().expect("a commit");
    assert_eq!(git.is_ancestor(&first), Ancestry::Yes);
    assert_eq!(git.is_ancestor(&head), Ancestry::Yes);
    assert_eq!(git.parents_of_last_change("src/lib.rs"), Ok(Some(vec![first.clone()])));
    assert_eq!(git.parents_of_last_change("Cargo.toml"), Ok(Some(Vec::new())));
    assert_eq!(git.parents_of_last_change("src/none.rs"), Ok(None));
    assert_eq!(git.show(&first, "src/lib.rs"), Ok(Some(Vec::new())));
    assert_eq!(git.is_shallow(), Ok(false));
    assert!(matches!(git.is_ancestor(&"0".repeat(40)), Ancestry::Unknown(_)));
    assert!(matches!(git.is_ancestor("--all"), Ancestry::Unknown(_)));
    assert!(git.show("--help", "src/lib.rs").is_err());

    let nowhere = "0".repeat(40);
    let states = git.commit_states(&BTreeSet::from([first.as_str(), &first[..9], &nowhere]));
    let states = states.expect("answers");
    assert_eq!(states[&first], CommitState::There);
    assert_eq!(states[&first[..9]], CommitState::There);
    assert_eq!(states[&nowhere], CommitState::Missing);
    // git knows the empty tree, which closes nothing.
    let empty_tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let states = git.commit_states(&BTreeSet::from([empty_tree])).expect("answers");
    assert_ne!(states[empty_tree], CommitState::There);
    assert!(git.commit_states(&BTreeSet::from(["--all"])).is_err());

    world.git(&["checkout", "-q", "-b", "side", &first]);
    world.write("side.txt", "");
    world.commit();
    let side = world.open().git().and_then(|git| git.head.clone()).expect("a commit");
    world.git(&["checkout", "-q", "main"]);
    assert_eq!(
        world.open().git().expect("under version control").is_ancestor(&side),
        Ancestry::No
    );
}

#[test]
fn a_shallow_clone_says_that_it_does_not_know() {
    let world = World::repository();
    let first = world.open().git().and_then(|git| git.head.clone()).expect("a commit");
    world.write("src/lib.rs", "// two");
    world.commit();
    let clone = World::empty();
    let slashed = world.path().display().to_string().replace('\\', "/");
    let url = format!("file:///{}", slashed.trim_start_matches('/'));
    clone.git(&["clone", "-q", "--depth", "1", &url, "."]);
    let workspace = clone.open();
    let git = workspace.git().expect("under version control");
    let states = git.commit_states(&BTreeSet::from([first.as_str()])).expect("answers");
    assert_eq!(states[&first], CommitState::CutOff);
    let Ancestry::Unknown(message) = git.is_ancestor(&first) else {
        panic!("a shallow clone cannot know");
    };
    assert!(message.contains("shallow"), "{message}");
}

#[test]
fn a_broken_repository_has_a_reason() {
    let world = World::repository();
    fs::write(world.path().join(".git/index"), "broken").expect("write");
    let workspace = world.open();
    assert!(workspace.git().is_none());
    assert!(workspace.git_problem().is_some());
    assert!(names(&workspace).contains(&"src/lib.rs"));
}

#[test]
fn an_ignored_lockfile_is_told_from_an_untracked_one() {
    let world = World::package();
    world.write(".gitignore", "/target\nCargo.lock\n");
    world.git(&["init", "-q", "-b", "main"]);
    world.commit();
    let lockfile = world.open().lockfile().clone();
    assert_eq!(
        (lockfile.exists, lockfile.tracked, lockfile.ignored),
        (true, Some(false), true)
    );
    world.write(".gitignore", "/target\n");
    let lockfile = world.open().lockfile().clone();
    assert_eq!(
        (lockfile.exists, lockfile.tracked, lockfile.ignored),
        (true, Some(false), false)
    );
}

#[test]
fn a_lockfile_that_would_be_ignored_is_told_before_it_is_there() {
    let world = World::package();
    std::fs::remove_file(world.path().join("Cargo.lock")).expect("there was one");
    world.write(".gitignore", "/target\nCargo.lock\n");
    world.git(&["init", "-q", "-b", "main"]);
    world.commit();
    let told = |world: &World| {
        let lockfile = world.open().lockfile().clone();
        (lockfile.exists, lockfile.tracked, lockfile.ignored)
    };
    assert_eq!(told(&world), (false, Some(false), true));
    world.write(".gitignore", "/target\n");
    assert_eq!(told(&world), (false, Some(false), false));
}
