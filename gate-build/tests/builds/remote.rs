//! A store that others share: what comes from it, what goes to it, and what happens when it fails.

use std::fs;
use std::path::PathBuf;

use crate::support::{Crate, program, ptx};
use gate_build::{Built, Kernels};

/// A crate with two units, built on several machines that share a store.
struct Team(Crate);

impl Team {
    fn new() -> Self {
        let mut this = Crate::new();
        this.write("kernels/a.cu", "#include \"k.h\"\nentry a\n");
        this.write("kernels/b.cu", "entry b\n");
        this.write("kernels/k.h", "header\n");
        this.set("GATE_CACHE_REMOTE", &this.path("remote").display().to_string());
        this.set("GATE_CACHE_HELPER", &program("fake_cache").display().to_string());
        this.set("FAKE_CACHE_LOG", &this.path("asked").display().to_string());
        Self(this)
    }

    /// Builds on a machine whose store and outputs are its own.
    fn build(&mut self, machine: &str, mode: &str, fails: &str) -> (Built, Vec<String>) {
        let this = &mut self.0;
        let _ = fs::remove_dir_all(this.out());
        this.set("GATE_CACHE_DIR", &this.path(machine).display().to_string());
        this.set("GATE_CACHE_MODE", mode);
        this.set("FAKE_CACHE", fails);
        let kernels = Kernels::new().cuda("kernels/*.cu").arch(["sm_80"]);
        let (built, directives) = kernels.compile_in(&this.context()).expect("the kernels compile");
        for (unit, entry) in [("kernels/a.cu", ".entry a"), ("kernels/b.cu", ".entry b")] {
            assert!(ptx(&built, unit).contains(entry), "{fails}");
        }
        let warnings = directives.into_iter().filter(|line| line.starts_with("cargo::warning"));
        (built, warnings.collect())
    }

    fn compiled(&self) -> usize {
        self.0.log().iter().filter(|line| line.starts_with("compile")).count()
    }

    /// Verbs of questions since the last call.
    fn asked(&self, verb: &str) -> usize {
        let text = fs::read_to_string(self.0.path("asked")).unwrap_or_default();
        text.lines().filter(|line| line.starts_with(verb)).count()
    }

    fn forget(&self) {
        let _ = fs::remove_file(self.0.path("asked"));
        self.0.log();
    }

    fn count(&self, name: &str) -> u64 {
        self.0.report()["cache"][name].as_u64().expect("it is a number")
    }

    fn remote(&self, name: &str) -> String {
        self.0.report()["cache"]["remote"][name]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    }
}

#[test]
fn the_second_machine_compiles_nothing() {
    let mut team = Team::new();
    let (_, warnings) = team.build("ci", "rw", "");
    assert_eq!((team.compiled(), warnings), (2, Vec::<String>::new()));
    assert_eq!((team.count("lookups"), team.count("hits")), (2, 0));
    assert_eq!((team.count("uploads"), team.asked("put") as u64), (8, 8));
    team.forget();
    team.build("developer", "ro", "");
    assert_eq!(team.compiled(), 0);
    assert_eq!(
        (team.count("hits"), team.count("remote_hits"), team.asked("put")),
        (2, 2, 0)
    );
    assert_eq!(
        (team.remote("mode"), team.remote("state")),
        ("ro".to_owned(), "used".to_owned())
    );
    // What was fetched is on this machine now.
    team.forget();
    team.build("developer", "ro", "");
    assert_eq!(
        (team.compiled(), team.asked("get"), team.count("remote_hits")),
        (0, 0, 0)
    );
    assert_eq!(team.remote("state"), "unused");
}

#[test]
fn what_somebody_else_compiled_meanwhile_is_found() {
    let mut team = Team::new();
    team.build("developer", "ro", "");
    assert_eq!(team.compiled(), 2);
    team.0.write("kernels/k.h", "other header\nentry h\n");
    team.build("ci", "rw", "");
    assert_eq!(team.compiled(), 2);
    // This machine knows the units, and not what they have become.
    team.build("developer", "ro", "");
    assert_eq!((team.compiled(), team.count("remote_hits")), (0, 1));
}

#[test]
fn read_only_never_writes() {
    let mut team = Team::new();
    team.build("developer", "ro", "");
    assert_eq!((team.compiled(), team.asked("put"), team.count("uploads")), (2, 0, 0));
    assert!(!team.0.path("remote").exists());
    team.0.write("kernels/b.cu", "entry b\nentry c\n");
    team.build("developer", "ro", "");
    assert_eq!((team.compiled(), team.asked("put")), (1, 0));
    assert!(team.asked("get") > 0);
}

#[test]
fn a_store_that_fails_costs_a_warning_and_nothing_else() {
    for (way, reason) in [
        ("off", "the fake is off"),
        ("garbage", "it does not speak `gate-cache 1`"),
        ("fails", "the fake fails"),
        ("dies", "its server process exited"),
        ("huge", "its server process sent"),
    ] {
        let mut team = Team::new();
        let (_, warnings) = team.build("ci", "rw", way);
        assert_eq!(team.compiled(), 2, "{way}");
        assert!(team.count("remote_unavailable") > 0, "{way}");
        assert_eq!(team.remote("state"), "unavailable", "{way}");
        assert!(
            team.remote("reason").contains(reason),
            "{way}: {}",
            team.remote("reason")
        );
        assert!(
            warnings[0].contains("remote kernel store was not used"),
            "{way}: {warnings:?}"
        );
        // The warning is about that build.
        team.build("ci", "off", "");
        assert_eq!(team.compiled(), 0);
        assert!(team.0.report()["cache"]["remote"].is_null());
    }
}

#[test]
fn a_store_that_does_not_answer_is_not_waited_for_twice() {
    for way in ["mute", "deaf"] {
        let mut team = Team::new();
        team.0.set("GATE_CACHE_TIMEOUT", "1s");
        let (_, warnings) = team.build("ci", "rw", way);
        assert_eq!((team.compiled(), warnings.len()), (2, 2), "{way}");
        // One for each thread that was waiting.
        assert!((1..=2).contains(&team.count("remote_unavailable")), "{way}");
    }
}

#[test]
fn a_store_that_lies_is_caught() {
    for way in ["lies", "cuts", "says-corrupt"] {
        let mut team = Team::new();
        team.build("ci", "rw", "");
        team.forget();
        let (_, warnings) = team.build("developer", "ro", way);
        assert_eq!(team.compiled(), 2, "{way}");
        assert_eq!((team.count("hits"), team.count("corrupt")), (0, 2), "{way}");
        assert!(
            warnings[0].contains("2 damaged entries in the remote kernel store"),
            "{warnings:?}"
        );
    }
}

#[test]
fn bytes_that_are_not_what_their_name_says_are_not_used_even_when_they_fit() {
    let mut team = Team::new();
    team.build("ci", "rw", "");
    team.forget();
    // The blob of one unit under the name of the other's.
    let blobs = files(team.0.path("remote").join("blobs"));
    fs::copy(&blobs[0], &blobs[1]).unwrap();
    team.build("developer", "ro", "");
    assert_eq!(
        (team.compiled(), team.count("corrupt"), team.count("remote_hits")),
        (1, 1, 1)
    );
}

#[test]
fn without_the_program_everything_stays_here_and_the_report_says_so() {
    let mut team = Team::new();
    team.0.unset("GATE_CACHE_HELPER");
    let (_, warnings) = team.build("developer", "ro", "");
    assert_eq!((team.compiled(), warnings), (2, Vec::<String>::new()));
    assert_eq!(team.remote("reason"), "`cargo-gate` is not on PATH");
    assert_eq!(team.count("remote_unavailable"), 0);
}

#[test]
fn the_policy_names_the_store_of_everybody() {
    let mut team = Team::new();
    let remote = team.0.path("remote").display().to_string().replace('\\', "/");
    team.0.unset("GATE_CACHE_REMOTE");
    let policy = format!("version = 1\n[cache]\nremote = \"{remote}\"\n");
    team.0.write("gate.toml", &policy);
    team.build("ci", "rw", "");
    assert!(team.0.path("remote").exists());
    team.forget();
    team.build("developer", "ro", "");
    assert_eq!((team.compiled(), team.count("remote_hits")), (0, 2));
}

#[test]
fn damage_on_this_machine_is_repaired_from_the_others() {
    let mut team = Team::new();
    team.build("ci", "rw", "");
    for blob in files(team.0.path("ci").join("kernels-v1").join("blobs")) {
        fs::write(blob, "garbage").unwrap();
    }
    team.forget();
    team.build("ci", "ro", "");
    assert_eq!(
        (team.compiled(), team.count("corrupt"), team.count("remote_hits")),
        (0, 2, 2)
    );
}

fn files(folder: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(path)),
            path => found.push(path),
        }
    }
    found.sort();
    found
}
