//! What is done while cargo is asked changes no answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use std::fs;

use super::super::prefetch::{Prefetch, Wanted};
use crate::Surveys;
use gate_world::testing::World;

/// A workspace that changed: in a commit, in a file that is not committed, and by a file that went.
fn changed() -> World {
    let world = World::repository();
    world.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"here\"\n\n[failure]\n\n[ci]\nscripts = [\"ci.sh\"]\n",
    );
    world.write("README.md", "# One\n\n[two](docs/two.md#two) [none](none.md)\n");
    world.write("docs/two.md", "# Two\n");
    world.write("ci.sh", "cargo test\n");
    world.write(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo build --locked\n",
    );
    world.write(
        "src/lib.rs",
        "pub mod gone;\npub mod kept;\npub mod later;\npub fn first(_: u8) {}\n",
    );
    world.write("src/gone.rs", "pub fn nobody() {}\n");
    world.write(
        "src/kept.rs",
        "pub struct Kept;\nimpl Kept { pub fn all(&self) { panic!() } }\n",
    );
    world.write("src/later.rs", "pub enum Later { One }\n");
    world.commit();
    world.write(
        "src/lib.rs",
        "pub mod kept;\npub mod later;\npub fn first(_: u16) { unsafe {} }\n",
    );
    fs::remove_file(world.path().join("src/gone.rs")).expect("remove");
    world.commit();
    world.write("src/later.rs", "pub enum Later { One, Two }\n");
    world
}

/// Everything that may have been prefetched, as its readers see it.
fn answers(workspace: &Surveys) -> String {
    let (boundaries, code) = (workspace.boundaries(), workspace.code());
    let documents = workspace.documents();
    let outlines: Vec<_> = (documents.iter().enumerate())
        .map(|(at, document)| (document, documents.outline(at)))
        .collect();
    let ci = workspace.ci(&["ci.sh".into()]);
    format!("{:#?}", (boundaries, code, outlines, ci, workspace.registry_index()))
}

#[test]
fn what_was_done_ahead_changes_no_answer() {
    let world = changed();
    let open = || {
        // Nothing is known of an earlier time.
        let _ = fs::remove_dir_all(world.path().join("target"));
        Surveys::from(world.open())
    };

    let without = open();
    let expected = answers(&without);
    for found in ["docs/two.md#two", ".github/workflows/ci.yml", "ci.sh"] {
        assert!(expected.contains(found), "{found}: {expected}");
    }

    // However early cargo answers.
    let mut whole = 0;
    for questions in 0..32 {
        let with = open();
        let _ = fs::remove_dir_all(world.path().join("target"));
        let left = AtomicUsize::new(questions);
        let once_less = |left: usize| left.checked_sub(1);
        let goes_on = || {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, once_less)
                .is_ok()
        };
        let prefetched = work(&world, &with, &goes_on);
        if left.into_inner() > 0 {
            whole += 1;
            assert!(prefetched.documents.is_some() && prefetched.ci.is_some());
        }
        *with.prefetch.lock().expect("a lock") = prefetched;
        assert_eq!(answers(&with), expected, "after {questions} questions");
    }
    assert!(whole > 0, "there was more to do");
}

fn work(world: &World, workspace: &Surveys, goes_on: &(dyn Fn() -> bool + Sync)) -> Prefetch {
    let policy = gate_policy::load(world.path(), None, &gate_policy::Catalogue::default()).expect("a policy");
    Prefetch::work(&Wanted::by(&policy), &workspace.listed(), goes_on)
}
