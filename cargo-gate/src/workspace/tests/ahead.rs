//! What is done while cargo is asked changes no answer.

use super::*;
use crate::policy::StabilityPolicy;
use crate::secrets::file::MachinePaths;
use crate::stability::Sources;
use crate::workspace::ahead::{Ahead, Waiting};

/// A workspace that changed since its last release: in a commit, in a file that is not committed, and by a file that went.
fn changed() -> World {
    let world = World::repository();
    world.write("gate.toml", "[stability]\nreference = \"v*\"\n\n[failure]\n");
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
    world.git(&["tag", "v0.1.0"]);
    world.write(
        "src/lib.rs",
        "pub mod kept;\npub mod later;\npub fn first(_: u16) { unsafe {} }\n",
    );
    fs::remove_file(world.path().join("src/gone.rs")).expect("remove");
    world.commit();
    world.write("src/later.rs", "pub enum Later { One, Two }\n");
    world
}

/// Everything that may have been done ahead, as those see it who ask.
fn answers(workspace: &Workspace) -> String {
    let comparison = Sources::of(workspace).compare(&StabilityPolicy::strict("v*"));
    let (boundaries, code) = (workspace.boundaries(), workspace.code());
    format!("{:#?}", (comparison.expect("a release"), boundaries, code))
}

#[test]
fn what_was_done_ahead_changes_no_answer() {
    let world = changed();
    let open = || {
        // Nothing is known of an earlier time.
        let _ = fs::remove_dir_all(world.path().join("target"));
        world.open()
    };

    let without = open();
    *without.ahead.lock().expect("a lock") = Ahead::default();
    let expected = answers(&without);
    for difference in ["a::gone", "a::first", "a::later::Later"] {
        assert!(expected.contains(difference), "{expected}");
    }

    let with = open();
    let _ = fs::remove_dir_all(world.path().join("target"));
    let machine = MachinePaths::new(&world.environment(), with.root());
    let waiting = Waiting::default();
    waiting.begin();
    let asked = (&with.options, with.git());
    let ahead = Ahead::work(with.root(), with.files(), asked, &with.gate_dir(), &machine, &waiting);
    assert_eq!(ahead.parsed.len(), 3, "every file of the library");
    assert!(ahead.released.is_some() && ahead.boundaries.is_some() && ahead.code.is_some());
    *with.ahead.lock().expect("a lock") = ahead;
    assert_eq!(answers(&with), expected);
}

#[test]
fn nothing_is_begun_when_cargo_has_answered() {
    let world = changed();
    let workspace = world.open();
    let machine = MachinePaths::new(&world.environment(), workspace.root());
    let waiting = Waiting::default();
    waiting.begin();
    waiting.end();
    let asked = (&workspace.options, workspace.git());
    let gate_dir = world.path().join("target/other");
    let ahead = Ahead::work(
        workspace.root(),
        workspace.files(),
        asked,
        &gate_dir,
        &machine,
        &waiting,
    );
    assert!(ahead.boundaries.is_none() && ahead.released.is_none() && ahead.parsed.is_empty());
    assert!(!gate_dir.exists());
}
