//! Builds of two checkouts that share kernels, and runs that share evidence: the product, and a server behind it.
#![allow(clippy::unwrap_used, reason = "what fails in a test fails the test")]

#[path = "shared_store/evidence.rs"]
mod evidence;
#[path = "../../cargo-gate/crates/gpu/src/remote/tests/http_server.rs"]
mod http_server;
#[path = "../../cargo-gate/crates/gpu/src/remote/tests/redis_server.rs"]
mod redis_server;

use std::fs;
use std::path::{Path, PathBuf};

use gate_build::{Context, Disk, Env, Kernels, Os};
use gate_tests::gate;
use http_server::Http;
use serde_json::Value;

/// A machine with a checkout of its own.
struct Machine<'a> {
    folder: &'a Path,
    name: &'a str,
    remote: String,
    mode: &'a str,
    token: &'a str,
}

impl Machine<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(self.name).join(name)
    }

    /// Builds anew, and returns the report and what cargo was told to say.
    fn build(&self) -> (Value, Vec<String>) {
        let (root, out) = (self.path("checkout"), self.path("out"));
        for (name, text) in [
            ("a.cu", "#include \"k.h\"\nentry a\n"),
            ("b.cu", "entry b\n"),
            ("k.h", "header\n"),
        ] {
            let file = root.join("kernels").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let _ = fs::remove_dir_all(&out);
        let mut variables: Vec<(String, String)> = [
            ("GATE_CACHE_DIR", self.path("store").display().to_string()),
            (
                "GATE_CACHE_HELPER",
                env!("CARGO_BIN_EXE_cargo-gate-under-test").to_owned(),
            ),
            ("GATE_CACHE_REMOTE", self.remote.clone()),
            ("GATE_CACHE_MODE", self.mode.to_owned()),
            ("GATE_CACHE_TOKEN", self.token.to_owned()),
            ("NVCC", env!("CARGO_BIN_EXE_fake-nvcc-under-test").to_owned()),
            ("NUM_JOBS", "2".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if let Ok(root) = std::env::var("SystemRoot") {
            variables.push(("SystemRoot".to_owned(), root));
        }
        let context = Context::new(&root, &out, Env::new(Os::host(), variables, Disk));
        let kernels = Kernels::new().cuda("kernels/*.cu").arch(["sm_80", "sm_90"]);
        let (built, directives) = kernels.compile_in(&context).unwrap();
        assert_eq!(built.units.len(), 2);
        let text = fs::read_to_string(out.join("build_report.json")).unwrap();
        let warnings = directives.into_iter().filter(|line| line.starts_with("cargo::warning"));
        (serde_json::from_str(&text).unwrap(), warnings.collect())
    }
}

fn numbers(report: &Value) -> [u64; 6] {
    [
        "lookups",
        "hits",
        "remote_hits",
        "uploads",
        "corrupt",
        "remote_unavailable",
    ]
    .map(|name| report["cache"][name].as_u64().unwrap())
}

fn compiled(report: &Value) -> usize {
    report["compiled"].as_array().unwrap().len()
}

#[test]
fn the_second_checkout_compiles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Http::start();
    server.expect("authorization: Bearer correct-horse-battery");
    let shared = format!(
        "file:///{}",
        folder
            .path()
            .display()
            .to_string()
            .replace('\\', "/")
            .trim_start_matches('/')
    );
    for remote in [format!("http://{}/team", server.address), format!("{shared}/shared")] {
        let machine = |name, mode| Machine {
            folder: folder.path(),
            name,
            remote: remote.clone(),
            mode,
            token: "correct-horse-battery",
        };
        let _ = fs::remove_dir_all(folder.path().join("ci"));
        let _ = fs::remove_dir_all(folder.path().join("developer"));
        fs::create_dir_all(folder.path().join("shared")).unwrap();
        let (report, warnings) = machine("ci", "rw").build();
        assert_eq!(
            (compiled(&report), numbers(&report)),
            (4, [4, 0, 0, 16, 0, 0]),
            "{remote}: {report} {warnings:?}"
        );
        let written = server.count("PUT");
        let (report, _) = machine("developer", "ro").build();
        assert_eq!(
            (compiled(&report), numbers(&report)),
            (0, [4, 4, 4, 0, 0, 0]),
            "{remote}: {report}"
        );
        assert_eq!(server.count("PUT"), written);
    }
}

#[test]
fn two_checkouts_share_the_store_of_one_machine() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [("one", 4), ("other", 0)] {
        let machine = Machine {
            folder: folder.path(),
            name,
            remote: String::new(),
            mode: "off",
            token: "",
        };
        let store = machine.path("store");
        if name == "other" {
            // The same folder, as `GATE_CACHE_DIR` is the same for all checkouts of a user.
            fs::rename(folder.path().join("one").join("store"), {
                fs::create_dir_all(folder.path().join("other")).unwrap();
                store
            })
            .unwrap();
        }
        assert_eq!(compiled(&machine.build().0), expected);
    }
}

#[test]
fn whoever_may_only_read_never_writes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Http::start();
    let machine = Machine {
        folder: folder.path(),
        name: "developer",
        remote: format!("http://{}", server.address),
        mode: "ro",
        token: "",
    };
    assert_eq!(compiled(&machine.build().0), 4);
    assert!(server.count("GET") > 0);
    assert_eq!(server.count("PUT"), 0);
}

#[test]
fn a_server_that_refuses_costs_a_warning_without_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let server = Http::start();
    server.expect("authorization: Bearer something-else");
    let machine = Machine {
        folder: folder.path(),
        name: "ci",
        remote: format!("http://{}", server.address),
        mode: "rw",
        token: "correct-horse-battery",
    };
    let (report, warnings) = machine.build();
    assert_eq!(compiled(&report), 4);
    assert!(report["cache"]["remote_unavailable"].as_u64() > Some(0), "{report}");
    assert_eq!(
        warnings[0],
        "cargo::warning=warning[remote_store]: the remote kernel store was not used: the server responded with status 401 (Unauthorized)"
    );
    assert!(!format!("{report}{warnings:?}").contains("correct-horse"));
}

#[test]
fn what_builds_asked_is_shown_and_what_is_damaged_is_removed() {
    let gate = gate!().fixture("good").git_init();
    let workspace = gate.workspace().to_path_buf();
    let machine = Machine {
        folder: &workspace,
        name: "target",
        remote: String::new(),
        mode: "off",
        token: "",
    };
    machine.build();
    machine.build();
    let gate = gate.env("GATE_CACHE_DIR", machine.path("store"));
    let stats = gate
        .run(["evidence", "cache", "stats", "--message-format", "json"])
        .json();
    let count = |name: &str| stats[name].as_u64().unwrap();
    assert_eq!(
        (count("lookups"), count("hits"), count("builds"), count("corrupt")),
        (8, 4, 2, 0)
    );
    assert_eq!(
        (stats["hit_rate"].as_f64(), count("evicted"), count("remote_hits")),
        (Some(0.5), 0, 0)
    );
    assert!(count("bytes") > 0 && stats["evidence"].is_object(), "{stats}");

    let damaged = blobs(&machine.path("store"));
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[3] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    let verified = gate
        .run(["evidence", "cache", "verify", "--message-format", "json"])
        .json();
    assert_eq!(verified["corrupt"].as_array().map(Vec::len), Some(1), "{verified}");
    assert!(!damaged.exists());
    assert_eq!(
        gate.run(["evidence", "cache", "stats", "--message-format", "json"])
            .json()["corrupt"],
        1
    );
    let (report, _) = machine.build();
    assert_eq!(
        (compiled(&report), report["compiled"][0]["reason"].as_str()),
        (1, Some("lost"))
    );
}

/// Any blob of a store.
fn blobs(store: &Path) -> PathBuf {
    let mut folder = store.join("kernels-v1").join("blobs");
    while folder.is_dir() {
        folder = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    }
    folder
}
