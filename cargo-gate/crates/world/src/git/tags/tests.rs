//! The record of a real repository, and everything that must end it.

use std::cell::Cell;
use std::fs;
use std::process::Command;

use super::*;

/// A repository with a commit, and a gate directory beside it.
struct World {
    directory: tempfile::TempDir,
    asked: Cell<usize>,
}

impl World {
    fn new() -> Self {
        let world = Self {
            directory: tempfile::tempdir().expect("temporary directory"),
            asked: Cell::new(0),
        };
        fs::create_dir(world.top()).expect("create");
        world.git(&["init", "-q", "-b", "main"]);
        world.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
        world
    }

    fn top(&self) -> PathBuf {
        self.directory.path().join("w")
    }

    fn common(&self) -> PathBuf {
        self.top().join(".git")
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        let mut git = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            git.env_remove(name);
        }
        let output = git.args(identity).args(arguments).current_dir(self.top()).output();
        let output = output.expect("git is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The tags as they are told; the answer of git is how often it was asked.
    fn read(&self) -> String {
        let ask = || {
            self.asked.set(self.asked.get() + 1);
            Ok(vec![Tag {
                name: format!("answer {}", self.asked.get()),
                commit: String::new(),
            }])
        };
        let tags = KnownTags::read(&self.top(), &self.directory.path().join("gate"), ask).expect("an answer");
        tags.into_iter().map(|tag| tag.name).collect()
    }
}

#[test]
fn git_is_asked_once_until_a_tag_changes() {
    let world = World::new();
    assert_eq!((world.read(), world.read()), ("answer 1".into(), "answer 1".into()));
    world.git(&["tag", "v1"]);
    assert_eq!((world.read(), world.read()), ("answer 2".into(), "answer 2".into()));
    world.git(&["tag", "-a", "-m", "two", "release/v2"]);
    assert_eq!((world.read(), world.read()), ("answer 3".into(), "answer 3".into()));
    world.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    world.git(&["tag", "-f", "release/v2"]);
    assert_eq!((world.read(), world.read()), ("answer 4".into(), "answer 4".into()));
}

#[test]
fn git_is_not_asked_where_all_tags_are_packed() {
    let world = World::new();
    world.git(&["tag", "v1"]);
    world.git(&["tag", "-a", "-m", "two", "release/v2"]);
    world.git(&["tag", "-a", "-m", "of a tag", "again", "release/v2"]);
    world.git(&["branch", "side"]);
    world.git(&["pack-refs", "--all"]);
    let gate = world.directory.path().join("gate");
    let tags = KnownTags::read(&world.top(), &gate, || Err("asked".into())).expect("packed");
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["again", "release/v2", "v1"]);
    let head = fs::read_to_string(world.common().join("packed-refs")).expect("packed");
    let head = head
        .lines()
        .find_map(|line| line.strip_suffix(" refs/heads/side"))
        .expect("a branch")
        .to_owned();
    assert!(
        tags.iter().all(|tag| tag.commit == head),
        "what they stand for: {tags:?}"
    );

    world.git(&["tag", "-d", "v1"]);
    assert_eq!(world.read(), "againrelease/v2");
    world.git(&["tag", "v3"]);
    assert_eq!(world.read(), "answer 1");
}

#[test]
fn what_packed_refs_may_leave_out_is_asked_for() {
    let id = "7ad0f7b953b08305553acb4cfbe337027529d976";
    let peeled = format!("# pack-refs with: peeled fully-peeled sorted \n{id} refs/tags/v1\n");
    assert!(tags_of(&peeled).is_some_and(|tags| tags.len() == 1));
    for other in [
        String::new(),
        format!("{id} refs/tags/v1\n"),
        format!("# pack-refs with: peeled \n{id} refs/tags/v1\n"),
        format!("{peeled}{id} refs/replace/{id}\n"),
        format!("{peeled}nothing\n"),
        format!("{peeled}{} refs/tags/v2\n", &id[1..]),
        format!("{peeled}^{}\n", &id[1..]),
    ] {
        assert_eq!(tags_of(&other), None, "{other}");
    }
}

#[test]
fn another_work_tree_shares_the_tags_and_sees_them_change() {
    let world = World::new();
    world.git(&["worktree", "add", "-q", "../other"]);
    let other = world.directory.path().join("other");
    let gate = world.directory.path().join("gate");
    let tag = |name: &str| Tag {
        name: name.to_owned(),
        commit: String::new(),
    };
    let read = |name| KnownTags::read(&other, &gate, || Ok(vec![tag(name)]));
    assert_eq!(read("first"), Ok(vec![tag("first")]));
    assert_eq!(read("second"), Ok(vec![tag("first")]));
    world.git(&["tag", "v1"]);
    assert_eq!(read("third"), Ok(vec![tag("third")]));
}

#[test]
fn what_the_files_do_not_tell_is_not_remembered() {
    let replaced = World::new();
    replaced.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    replaced.git(&["replace", "HEAD", "HEAD~1"]);
    assert_eq!(
        (replaced.read(), replaced.read()),
        ("answer 1".into(), "answer 2".into())
    );
    replaced.git(&["pack-refs", "--all"]);
    assert_eq!(
        (replaced.read(), replaced.read()),
        ("answer 3".into(), "answer 4".into())
    );

    let symbolic = World::new();
    symbolic.git(&["symbolic-ref", "refs/tags/latest", "refs/heads/main"]);
    assert_eq!(
        (symbolic.read(), symbolic.read()),
        ("answer 1".into(), "answer 2".into())
    );

    let elsewhere = World::new();
    fs::create_dir(elsewhere.common().join("reftable")).expect("create");
    assert_eq!(
        (elsewhere.read(), elsewhere.read()),
        ("answer 1".into(), "answer 2".into())
    );
}

#[test]
fn a_tag_that_comes_while_git_is_asked_ends_the_answer() {
    let world = World::new();
    let gate = world.directory.path().join("gate");
    let answer = KnownTags::read(&world.top(), &gate, || {
        world.git(&["tag", "v1"]);
        Ok(Vec::new())
    });
    assert_eq!(answer, Ok(Vec::new()));
    assert_eq!(world.read(), "answer 1");
}

#[test]
fn an_error_is_not_remembered() {
    let world = World::new();
    let gate = world.directory.path().join("gate");
    let refused = KnownTags::read(&world.top(), &gate, || Err("no".into()));
    assert_eq!(refused, Err("no".into()));
    assert_eq!(world.read(), "answer 1");
}
