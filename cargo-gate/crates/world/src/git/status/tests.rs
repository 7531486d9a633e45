//! The record of a real repository, and everything that must end it.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes};
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::environment::Environment;

/// A repository whose times all count as long past: tests do not wait.
struct World {
    _directory: tempfile::TempDir,
    root: PathBuf,
    program: Program,
}

/// git with a home of its own beside the root.
fn program(root: &Path, more: &[(&str, OsString)]) -> Program {
    let foreign = |name: &str| name.starts_with("GIT_") || name == "XDG_CONFIG_HOME" || name == "HOME";
    let kept = std::env::vars_os().filter(|(name, _)| !foreign(&name.to_string_lossy()));
    let own = [
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("HOME", root.with_file_name("home").into_os_string()),
    ];
    let own = own
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).into(), value.clone()));
    Program::find(&Environment::from_pairs(kept.chain(own)), root).expect("git is installed")
}

fn said() -> Answers {
    Answers {
        tracked: b"100644 a 0\tCargo.toml\0".to_vec(),
        status: b"said".to_vec(),
    }
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path().canonicalize().expect("canonical").join("w");
        let world = Self {
            program: program(&root, &[]),
            _directory: directory,
            root,
        };
        for (path, text) in [
            ("Cargo.toml", ""),
            (".gitignore", "/target\n*.log\n"),
            ("src/lib.rs", ""),
            ("notes/one.txt", "one"),
            ("target/debug/out", ""),
            ("../home/none", ""),
        ] {
            world.write(path, text);
        }
        fs::create_dir_all(world.root.join("empty/inner")).expect("create");
        world.git(&["init", "-q", "-b", "main"]);
        world.commit();
        world
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        fs::write(path, text).expect("write");
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        self.program
            .output(&[&identity, arguments].concat())
            .expect("git succeeds");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "state"]);
    }

    fn gate(&self) -> PathBuf {
        self.root.join("target/gate")
    }

    /// Where nothing has changed for an hour.
    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(3600)
    }

    /// Writes the file of the gate directory again with a time that makes everything before it old.
    fn age(&self, name: &str) {
        let file = File::options().write(true).open(self.gate().join(name)).expect("open");
        file.set_times(FileTimes::new().set_modified(Self::later()))
            .expect("set times");
    }

    fn index(&self) -> Index {
        Index::load(&self.gate())
    }

    /// An index over what git tracks.
    fn make_index(&self) {
        let listed = self.program.output(&["ls-files", "-z"]).expect("git succeeds");
        let entries = String::from_utf8(listed)
            .expect("names")
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(|path| {
                let meta = symlink_metadata(self.root.join(path)).expect("a file");
                crate::index::Entry {
                    path: path.into(),
                    stamp: Stamp::of(&meta),
                    digest: Digest::of(path.as_bytes()),
                    blob: crate::blob::Blob::default(),
                }
            })
            .collect();
        fs::create_dir_all(self.gate()).expect("create");
        Index::store(&self.gate(), entries, Self::later()).expect("store");
        self.age("index");
    }

    fn record(&self) -> Option<KnownStatus> {
        let later = Self::later();
        let outside = |path: &Path| path == Path::new("target");
        let mut record = KnownStatus::of(&self.program, &self.root, &self.index(), said(), outside, later);
        if let Some(record) = &mut record {
            record.duration = 0;
        }
        record
    }

    fn remember(&self) {
        self.make_index();
        let record = self.record().expect("everything is covered");
        assert!(record.is_settled());
        record.store(&self.gate()).expect("store");
        self.age(NAME);
    }

    /// What is remembered and still holds.
    fn known(&self) -> Option<Vec<u8>> {
        let index = self.index();
        let known = KnownStatus::load(&self.program, &self.gate(), &index)?;
        index
            .is_current(&index.stat_all(&self.root))
            .then_some(known.answers.status)
    }
}

#[test]
fn an_untouched_work_tree_is_known() {
    let world = World::new();
    world.remember();
    assert_eq!(world.known().as_deref(), Some(&b"said"[..]));
    // What git never looks at may change.
    world.write("target/debug/more", "");
    world.write("target/new/out", "");
    assert_eq!(world.known().as_deref(), Some(&b"said"[..]));
}

#[test]
fn whatever_git_looks_at_ends_the_record() {
    type Change = fn(&World);
    let changes: [(&str, Change); 17] = [
        ("a new file at the top", |world| world.write("new", "")),
        ("a new file in a directory", |world| world.write("src/new.rs", "")),
        ("a new file in an empty directory", |world| {
            world.write("empty/inner/new", "");
        }),
        ("a new directory", |world| {
            fs::create_dir(world.root.join("notes/more")).expect("create");
        }),
        ("other contents", |world| world.write("notes/one.txt", "two")),
        ("other contents with the time put back", |world| {
            let path = world.root.join("notes/one.txt");
            let modified = symlink_metadata(&path)
                .and_then(|meta| meta.modified())
                .expect("a time");
            world.write("notes/one.txt", "two");
            let file = File::options().write(true).open(path).expect("open");
            file.set_times(FileTimes::new().set_modified(modified))
                .expect("set times");
        }),
        ("a removed file", |world| {
            fs::remove_file(world.root.join("src/lib.rs")).expect("remove");
        }),
        ("a renamed file", |world| {
            fs::rename(world.root.join("src/lib.rs"), world.root.join("src/main.rs")).expect("rename");
        }),
        ("an ignore rule", |world| world.write(".gitignore", "/target\n")),
        ("a new ignore file that is ignored itself", |world| {
            world.write("notes/.gitignore", "*\n");
        }),
        ("a rule of the repository", |world| {
            world.write(".git/info/exclude", "notes\n");
        }),
        ("configuration of the repository", |world| {
            world.git(&["config", "core.filemode", "false"]);
        }),
        ("configuration of the user", |world| {
            world.write("../home/.gitconfig", "[core]\n");
        }),
        ("an ignore file of the user", |world| {
            world.write("../home/.config/git/ignore", "notes\n");
        }),
        ("a commit", |world| {
            world.git(&["commit", "-q", "--allow-empty", "-m", "next"]);
        }),
        ("another branch", |world| world.git(&["checkout", "-q", "-b", "other"])),
        ("another index", |world| {
            world.git(&["rm", "-q", "--cached", "notes/one.txt"]);
        }),
    ];
    for (what, change) in changes {
        let world = World::new();
        world.remember();
        assert!(world.known().is_some(), "before {what}");
        change(&world);
        assert_eq!(world.known(), None, "{what}");
    }
}

#[test]
fn another_question_is_not_answered() {
    let world = World::new();
    world.remember();
    let elsewhere = World {
        program: world.program.within(&world.root.join("src")),
        ..world
    };
    assert_eq!(elsewhere.known(), None);
    let world = World::new();
    world.remember();
    let world = World {
        program: program(&world.root, &[("GIT_CONFIG_GLOBAL", "/elsewhere".into())]),
        ..world
    };
    assert_eq!(world.known(), None);
}

#[test]
fn a_scan_takes_the_answer_from_the_record() {
    use crate::scan::{Outside, scan};

    let world = World::new();
    world.make_index();
    let mut record = world.record().expect("everything is covered");
    record.answers.status = b"# branch.oid abc\0# branch.head remembered\0? ghost\0".to_vec();
    record.store(&world.gate()).expect("store");
    world.age(NAME);
    let outside = Outside::new(&world.root, &world.root.join("target"));
    let look = || {
        let scan = scan(
            &world.root,
            &outside,
            &world.gate(),
            &world.program.environment,
            &|| false,
        )
        .expect("a work tree");
        scan.git.expect("under version control")
    };
    let remembered = look();
    assert_eq!(remembered.branch.as_deref(), Some("remembered"));
    assert_eq!(remembered.dirty.len(), 1);
    world.write("notes/one.txt", "two");
    let asked = look();
    assert_eq!(asked.branch.as_deref(), Some("main"));
    assert_eq!(asked.dirty.len(), 1);
    assert_eq!(asked.dirty[0].path, "notes/one.txt");
}

#[test]
fn what_is_not_covered_is_not_remembered() {
    type Change = fn(&World);
    let changes: [(&str, Change); 4] = [
        ("a repository below", |world| world.write("notes/.git/HEAD", "")),
        ("configuration from elsewhere", |world| {
            world.git(&["config", "include.path", "more"]);
        }),
        ("a work tree elsewhere", |world| {
            world.write("../home/.gitconfig", "[core]\n\tworktree = /w\n");
        }),
        ("a name that is not UTF-8", |world| {
            use std::os::unix::ffi::OsStrExt as _;
            // Some file systems have no such names: there another one stands for it.
            let name = OsStr::from_bytes(b"odd\xff");
            if fs::write(world.root.join(name), "").is_err() {
                world.write("notes/.git", "");
            }
        }),
    ];
    for (what, change) in changes {
        let world = World::new();
        world.make_index();
        assert!(world.record().is_some(), "before {what}");
        change(&world);
        assert!(world.record().is_none(), "{what}");
    }
}

#[test]
fn what_is_as_young_as_the_scan_is_not_trusted() {
    let world = World::new();
    world.make_index();
    let outside = |path: &Path| path == Path::new("target");
    // A scan that began at the moment of the last change.
    let changed = symlink_metadata(world.root.join(".git/index")).and_then(|meta| meta.modified());
    let now = changed.expect("a time");
    let record = KnownStatus::of(
        &world.program,
        &world.root,
        &world.index(),
        Answers::default(),
        outside,
        now,
    );
    assert!(!record.expect("everything is covered").is_settled());
    let mut record = world.record().expect("everything is covered");
    record.began = 0;
    record.store(&world.gate()).expect("store");
    world.age(NAME);
    assert_eq!(world.known(), None);
}
