//! Over real workspaces, with git's own answers.

use gate_policy::{PolicyFile, PolicySource};
use gate_world::testing::World;

use super::*;

fn package(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
}

/// A repository with the workspace `svc`: `app` uses `core` under another name, `tool` builds with `app`, `alone` uses nothing.
fn world() -> World {
    let world = World::empty();
    world.write(
        "svc/Cargo.toml",
        &package(
            "root",
            "[workspace]\nmembers = [\"core\", \"app\", \"tool\", \"alone\"]\n[workspace.dependencies]\nbase = { package = \"core\", path = \"core\" }\n",
        ),
    );
    world.write("svc/src/lib.rs", "");
    for (name, more) in [
        ("core", ""),
        ("app", "[dependencies]\nbase.workspace = true\n"),
        (
            "tool",
            "[target.'cfg(unix)'.build-dependencies]\napp = { path = \"../app\" }\n[[bin]]\nname = \"extra\"\npath = \"../shared/extra.rs\"\n",
        ),
        ("alone", ""),
    ] {
        world.write(&format!("svc/{name}/Cargo.toml"), &package(name, more));
        world.write(&format!("svc/{name}/src/lib.rs"), "");
    }
    world.write("svc/shared/extra.rs", "fn main() {}\n");
    world.write("svc/deny.toml", "");
    world.write("other/notes.md", "");
    world.write(".gitignore", "target\nCargo.lock\n");
    world.git(&["init", "-q", "-b", "main"]);
    world.commit();
    world
}

fn open(world: &World) -> Workspace {
    Workspace::open(world.options("svc")).expect("the workspace opens")
}

fn shown(changed: &[&str], workspace: &Workspace) -> String {
    let policy = Policy {
        source: Some(PolicySource {
            path: "gate.toml".into(),
            text: String::new(),
            bases: vec![PolicyFile::new("../gate.base.toml", "")],
        }),
        ..Policy::default()
    };
    let changed: Vec<String> = changed.iter().map(|path| (*path).to_owned()).collect();
    match affected(&changed, workspace, &policy) {
        Affected::Nothing => "nothing".into(),
        Affected::Packages(packages) => packages.join(" "),
        Affected::Everything(why) => why,
    }
}

#[test]
fn a_change_affects_what_depends_on_it_and_what_is_shared_affects_everything() {
    let world = world();
    let workspace = open(&world);
    let shown = |changed: &[&str]| shown(changed, &workspace);
    assert_eq!(shown(&[]), "nothing");
    assert_eq!(shown(&["alone/src/lib.rs"]), "alone");
    assert_eq!(shown(&["alone/README.md"]), "alone");
    assert_eq!(shown(&["core/src/gone.rs"]), "app core tool");
    assert_eq!(shown(&["app/src/lib.rs", "alone/tests/a.rs"]), "alone app tool");
    assert_eq!(shown(&["src/lib.rs"]), "root");
    assert_eq!(shown(&["shared/extra.rs"]), "tool", "a source outside the package");
    assert_eq!(shown(&["../other/notes.md"]), "nothing");
    assert_eq!(
        shown(&["src/lib.rs", "core/src/lib.rs", "alone/src/lib.rs"]),
        "every package is affected"
    );
    for path in [
        "Cargo.lock",
        "alone/Cargo.toml",
        "gate.toml",
        "../gate.base.toml",
        "rust-toolchain.toml",
        "../rust-toolchain",
        ".cargo/config.toml",
        "../.cargo/config.toml",
        "alone/clippy.toml",
    ] {
        assert_eq!(shown(&["alone/src/lib.rs", path]), format!("`{path}` changed"));
    }
    for path in ["deny.toml", "README.md", "docs/guide.md"] {
        assert_eq!(shown(&[path]), format!("`{path}` changed, which belongs to no package"));
    }
}

#[test]
fn changes_are_those_since_the_histories_parted_whether_committed_or_not() {
    let world = world();
    world.git(&["checkout", "-q", "-b", "topic"]);
    world.write("svc/app/src/lib.rs", "// committed\n");
    world.commit();
    world.git(&["checkout", "-q", "main"]);
    world.write("svc/alone/src/lib.rs", "// on main alone\n");
    world.commit();
    world.git(&["checkout", "-q", "topic"]);
    world.write("svc/core/src/lib.rs", "// not committed\n");
    world.write("other/new file.md", "not tracked\n");
    world.write("svc/target/x", "ignored\n");
    let workspace = open(&world);
    let git = workspace.git().expect("a repository");
    assert_eq!(
        git.changed_since("main").unwrap(),
        ["other/new file.md", "svc/app/src/lib.rs", "svc/core/src/lib.rs"]
    );
    assert_eq!(
        git.changed_since("HEAD").unwrap(),
        ["other/new file.md", "svc/core/src/lib.rs"]
    );
    assert!(git.changed_since("nowhere").unwrap_err().contains("nowhere"));
    assert!(git.changed_since("--output=x").unwrap_err().contains("--output=x"));
    world.git(&["checkout", "-q", "--orphan", "unrelated"]);
    world.commit();
    let workspace = open(&world);
    let error = workspace
        .git()
        .expect("a repository")
        .changed_since("main")
        .unwrap_err();
    assert!(error.contains("no commit in common"), "{error}");
}
