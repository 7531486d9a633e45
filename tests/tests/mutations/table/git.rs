//! A commit that is not what is judged, and a git that is told not to notice.

use std::fs;

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};

const SOURCE: &str = "logic/src/lib.rs";

/// A change that is not committed.
fn dirty(what: &str, stage: &'static str, apply: impl Fn(&gate_tests::harness::Gate) + Send + 'static) -> Row {
    row(what, stage, "git.clean", apply).uncommitted()
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = changes();
    rows.extend(hidden());
    rows.extend(ignored());
    rows.extend(variables());
    rows
}

fn changes() -> Vec<Row> {
    vec![
        dirty("change a source", PILOT, |gate| gate.append(SOURCE, "// More.\n")),
        dirty("stage a change and commit nothing", CONTROLLED, |gate| {
            gate.append(SOURCE, "// More.\n");
            gate.git(["add", SOURCE]);
        }),
        dirty("stage a change and take it back in the work tree", BROAD, |gate| {
            let text = gate.read(SOURCE);
            gate.append(SOURCE, "// More.\n");
            gate.git(["add", SOURCE]);
            gate.write(SOURCE, text);
        }),
        dirty("delete a tracked file", PILOT, |gate| gate.remove("VERSION")),
        dirty("add a file that is not tracked", PILOT, |gate| {
            gate.write("more.txt", "More.\n");
        }),
        dirty("add a source that is not tracked", CONTROLLED, |gate| {
            gate.write("logic/src/more.rs", "//! More.\n");
        }),
        dirty("add a test that is not tracked", BROAD, |gate| {
            gate.write("logic/tests/more.rs", "//! More.\n");
        }),
        dirty("rename a file", PILOT, |gate| {
            gate.git(["mv", "VERSION", "RELEASE"]);
        }),
        dirty("make a file executable", PILOT, |gate| mode(gate, "runner.sh", 0o755)),
        dirty("put a link in the place of a file", PILOT, |gate| {
            fs::rename(
                gate.workspace().join("VERSION"),
                gate.workspace().join("target/VERSION"),
            )
            .expect("a move");
            link(gate, "target/VERSION", "VERSION");
        }),
        dirty("put a directory in the place of a file", PILOT, |gate| {
            gate.remove("VERSION");
            gate.write("VERSION/x", "0.1.0\n");
        }),
        dirty("edit the policy and commit nothing", CONTROLLED, |gate| {
            gate.append("gate.toml", "# More.\n");
        }),
        dirty("edit the lockfile and commit nothing", BROAD, |gate| {
            gate.append("Cargo.lock", "# More.\n");
        }),
        row("end files with carriage returns", BROAD, "git.clean", |gate| {
            let text = gate.read("docs/guide.md");
            gate.write("docs/guide.md", text.replace('\n', "\r\n"));
        })
        .uncommitted(),
        row("ignore a source of a member", PILOT, "git.clean", |gate| {
            gate.append(".gitignore", "/native/src\n");
            gate.git(["rm", "-r", "--quiet", "--cached", "native/src"]);
        }),
        row("track a link out of the repository", PILOT, "git.clean", |gate| {
            gate.write("../outside.txt", "0.1.0\n");
            gate.remove("docs/runbook.md");
            link(gate, "../../outside.txt", "docs/runbook.md");
        }),
        dirty("commit nothing at all", PILOT, |gate| {
            gate.git(["update-ref", "-d", "HEAD"]);
        }),
        row("work without git", PILOT, "git.clean", |gate| {
            fs::remove_dir_all(gate.workspace().join(".git")).expect("a repository");
        })
        .uncommitted(),
        dirty("end in the middle of a merge", PILOT, |gate| {
            gate.git(["checkout", "--quiet", "-b", "side"]);
            gate.write("VERSION", "0.1.1\n");
            gate.commit("One");
            gate.git(["checkout", "--quiet", "main"]);
            gate.write("VERSION", "0.1.2\n");
            gate.commit("Other");
            let merge = ["-c", "merge.conflictStyle=merge", "merge", "--quiet", "side"];
            let refused = std::process::Command::new("git")
                .args(merge)
                .current_dir(gate.workspace())
                .output();
            assert!(refused.is_ok_and(|merged| !merged.status.success()), "a conflict");
        }),
        row("check out an older commit", CONTROLLED, "stage.predecessor", |gate| {
            gate.git(["checkout", "--quiet", "HEAD~1"]);
        })
        .uncommitted(),
        row(
            "commit a change after the stage before",
            CONTROLLED,
            "stage.predecessor",
            |gate| {
                gate.append("docs/guide.md", "\nMore.\n");
            },
        ),
        row(
            "commit a change and its reverse as one",
            BROAD,
            "stage.predecessor",
            |gate| gate.append(SOURCE, "\n// More.\n"),
        ),
        row("amend the commit", CONTROLLED, "stage.predecessor", |gate| {
            gate.append("docs/guide.md", "\nMore.\n");
            gate.git(["commit", "--quiet", "--all", "--amend", "--no-edit"]);
        })
        .uncommitted(),
    ]
}

fn hidden() -> Vec<Row> {
    let flag = |flag: &'static str, stage| {
        dirty(&format!("hide a change by `{flag}`"), stage, move |gate| {
            gate.git(["update-index", flag, SOURCE]);
            gate.append(SOURCE, "// More.\n");
        })
    };
    let configured = |key: &'static str, value: &'static str, stage| {
        dirty(&format!("hide a change by `{key} = {value}`"), stage, move |gate| {
            gate.git(["config", key, value]);
            gate.write("logic/src/more.rs", "//! More.\n");
        })
    };
    vec![
        flag("--assume-unchanged", PILOT),
        flag("--skip-worktree", BROAD),
        configured("status.showUntrackedFiles", "no", PILOT),
        configured("core.excludesFile", "logic/src/more.rs", CONTROLLED),
        configured("core.worktree", "../../home", PILOT),
        configured("core.fsmonitor", "true", PILOT),
        configured("core.untrackedCache", "true", BROAD),
        dirty("hide modes by `core.fileMode = false`", PILOT, |gate| {
            gate.git(["config", "core.fileMode", "false"]);
            mode(gate, "runner.sh", 0o755);
            gate.append("runner.sh", "# More.\n");
        }),
        dirty("hide a change by `core.ignoreStat`", PILOT, |gate| {
            gate.git(["config", "core.ignoreStat", "true"]);
            gate.append(SOURCE, "// More.\n");
            gate.git(["update-index", "--assume-unchanged", SOURCE]);
        }),
        dirty("hide a change by a filter", PILOT, |gate| {
            gate.git(["config", "filter.same.clean", "git show HEAD:logic/src/lib.rs"]);
            gate.write(".git/info/attributes", "logic/src/lib.rs filter=same\n");
            gate.append(SOURCE, "// More.\n");
            gate.git(["add", SOURCE]);
        }),
        dirty("hide a change by `ident`", PILOT, |gate| {
            gate.write(".git/info/attributes", "logic/src/lib.rs ident\n");
            gate.append(SOURCE, "// $Id: more $\n");
        }),
        dirty("replace the commit", CONTROLLED, |gate| {
            let good = gate.git(["rev-parse", "HEAD"]).trim().to_owned();
            gate.append(SOURCE, "// More.\n");
            gate.commit("More");
            let other = gate.git(["rev-parse", "HEAD"]).trim().to_owned();
            gate.git(["reset", "--quiet", "--soft", &good]);
            gate.git(["replace", &good, &other]);
        }),
        dirty("replace a blob", BROAD, |gate| {
            let good = gate.git(["rev-parse", "HEAD:logic/src/lib.rs"]).trim().to_owned();
            gate.append(SOURCE, "// More.\n");
            let other = gate.git(["hash-object", "-w", SOURCE]).trim().to_owned();
            gate.git(["replace", &good, &other]);
        }),
        dirty("set the time of a changed file back", PILOT, |gate| {
            let path = gate.workspace().join(SOURCE);
            let time = fs::metadata(&path).and_then(|meta| meta.modified()).expect("a time");
            let text = gate.read(SOURCE).replace("saturating_add(1)", "saturating_add(2)");
            gate.write(SOURCE, text);
            let file = fs::File::options().append(true).open(&path).expect("a source");
            file.set_modified(time).expect("a time can be set");
        }),
        dirty("change a submodule", PILOT, |gate| {
            let other = gate.workspace().join("../other");
            fs::create_dir(&other).expect("a directory");
            let sub = |arguments: &[&str]| {
                let directory = other.to_str().expect("a plain path");
                gate.git([["-C", directory].as_slice(), arguments].concat());
            };
            sub(&["init", "--quiet", "--initial-branch=main"]);
            sub(&["commit", "--quiet", "--allow-empty", "--message", "Empty"]);
            gate.git([
                "-c",
                "protocol.file.allow=always",
                "submodule",
                "--quiet",
                "add",
                "../other",
                "part",
            ]);
            gate.commit("Add a submodule");
            gate.write("part/more.txt", "More.\n");
        }),
    ]
}

/// Configuration that git ignores.
fn ignored() -> Vec<Row> {
    let ignore = |path: &'static str, text: &'static str, stage| {
        row(format!("ignore `{path}`"), stage, "git.clean", move |gate| {
            if !gate.workspace().join(path).exists() {
                gate.write(path, text);
            }
            gate.append(".gitignore", &format!("/{path}\n"));
            gate.git(["rm", "--quiet", "--cached", "--ignore-unmatch", path]);
        })
    };
    vec![
        ignore("gate.toml", "", CONTROLLED),
        ignore("rust-toolchain.toml", "", BROAD),
        ignore(".cargo/config.toml", "[build]\njobs = 1\n", CONTROLLED),
        ignore("logic/.cargo/config.toml", "[build]\njobs = 1\n", BROAD),
        ignore("logic/Cargo.toml", "", CONTROLLED),
        ignore("clippy.toml", "avoid-breaking-exported-api = false\n", BROAD),
        ignore(
            "native/.clippy.toml",
            "avoid-breaking-exported-api = false\n",
            CONTROLLED,
        ),
        ignore("rustfmt.toml", "max_width = 120\n", BROAD),
        ignore(".config/nextest.toml", "[profile.default]\nretries = 2\n", CONTROLLED),
        row("link to configuration that git ignores", BROAD, "git.clean", |gate| {
            gate.append(".gitignore", "/local\n");
            gate.write("local/config.toml", "[build]\njobs = 1\n");
            fs::create_dir_all(gate.workspace().join("logic/.cargo")).expect("a directory");
            link(gate, "../../local/config.toml", "logic/.cargo/config.toml");
        }),
    ]
}

fn variables() -> Vec<Row> {
    let hides = |name: &'static str, value: &'static str| {
        dirty(&format!("hide a change by `{name}`"), PILOT, |gate| {
            gate.append(SOURCE, "// More.\n");
        })
        .variable(name, value)
    };
    vec![
        hides("GIT_DIR", "/nowhere"),
        hides("GIT_INDEX_FILE", "/nowhere/index"),
        hides("GIT_WORK_TREE", "/"),
        hides("GIT_OBJECT_DIRECTORY", "/nowhere"),
        hides("GIT_NAMESPACE", "other"),
        hides("GIT_LITERAL_PATHSPECS", "1"),
        hides("GIT_NO_REPLACE_OBJECTS", "0"),
        dirty("hide a file that is not tracked by variables of git", PILOT, |gate| {
            gate.write("logic/src/more.rs", "//! More.\n");
        })
        .variable("GIT_CONFIG_COUNT", "1")
        .variable("GIT_CONFIG_KEY_0", "status.showUntrackedFiles")
        .variable("GIT_CONFIG_VALUE_0", "no"),
        dirty("hide a file that is not tracked by parameters of git", PILOT, |gate| {
            gate.write("logic/src/more.rs", "//! More.\n");
        })
        .variable("GIT_CONFIG_PARAMETERS", "'status.showuntrackedfiles'='no'"),
    ]
}

fn mode(gate: &gate_tests::harness::Gate, path: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(gate.workspace().join(path), fs::Permissions::from_mode(mode)).expect("a mode can be set");
}

fn link(gate: &gate_tests::harness::Gate, to: &str, path: &str) {
    std::os::unix::fs::symlink(to, gate.workspace().join(path)).expect("a link can be made");
}
