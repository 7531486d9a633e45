//! What cargo says, and what is kept of it.

use super::super::cargo::Resolution;
use super::*;
use gate_base::exit;

#[test]
fn members_inside_and_outside_of_the_root() {
    let world = World::empty();
    world.write(
        "root/Cargo.toml",
        "[workspace]\nresolver = '3'\nmembers = ['in', '../out']\n",
    );
    world.write(
        "root/in/Cargo.toml",
        "[package]\nname = 'in'\nversion = '0.1.0'\nrust-version = '1.80'\npublish = false\n[dependencies]\nout = { path = '../../out' }\n",
    );
    world.write("root/in/src/main.rs", "fn main() {}");
    world.write(
        "out/Cargo.toml",
        "[package]\nname = 'out'\nversion = '0.2.0'\nworkspace = '../root'\n",
    );
    world.write("out/src/lib.rs", "");
    for start in ["root", "out/src"] {
        let workspace = Workspace::open(world.options(start)).expect("opens");
        assert_eq!(workspace.root(), world.path().join("root"));
        let members: Vec<_> = workspace
            .cargo()
            .members
            .iter()
            .map(|member| {
                (
                    member.name.as_str(),
                    member.manifest.as_str(),
                    member.directory.as_str(),
                    member.publish,
                )
            })
            .collect();
        assert_eq!(
            members,
            [
                ("in", "in/Cargo.toml", "in", false),
                ("out", "../out/Cargo.toml", "../out", true)
            ]
        );
        assert_eq!(
            workspace.cargo().members[0].rust_version,
            Some(semver::Version::new(1, 80, 0))
        );
        assert_eq!(workspace.cargo().members[0].targets[0].source, "in/src/main.rs");
        let manifests: Vec<_> = workspace
            .manifests()
            .iter()
            .map(|manifest| manifest.path.as_str())
            .collect();
        assert_eq!(manifests, ["Cargo.toml", "../out/Cargo.toml", "in/Cargo.toml"]);
    }
}

#[test]
fn no_lockfile_is_ever_made() {
    let world = World::repository();
    fs::remove_file(world.path().join("Cargo.lock")).expect("remove");
    for _ in 0..2 {
        let workspace = world.open();
        assert_eq!(*workspace.resolution(), Resolution::NoLockfile);
        assert!(!workspace.lockfile().exists);
        assert!(!world.path().join("Cargo.lock").exists());
    }
    let mut written: Vec<_> = fs::read_dir(world.path().join("target"))
        .expect("list")
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    written.sort();
    assert_eq!(written, ["gate"], "nothing is written beside the gate directory");
    assert!(world.path().join("target/gate/CACHEDIR.TAG").exists());
}

#[test]
fn lockfiles_that_do_not_hold_stay_as_they_are() {
    let world = World::repository();
    let from_the_future = LOCK.replace("version = 4", "version = 99");
    let with_dependency = format!("{MANIFEST}[dependencies]\nb = {{ path = 'b' }}\n");
    let unknown = format!("{MANIFEST}[dependencies]\nno-such-package-anywhere = '1'\n");
    world.write("b/Cargo.toml", "[package]\nname = 'b'\nversion = '0.1.0'\n");
    world.write("b/src/lib.rs", "");
    type Expected = fn(&Resolution) -> bool;
    let cases: [(&str, &str, Expected); 5] = [
        (MANIFEST, LOCK, |said| *said == Resolution::Locked),
        (MANIFEST, &from_the_future, |said| {
            matches!(said, Resolution::Unreadable(_))
        }),
        (MANIFEST, "not a lockfile", |said| {
            matches!(said, Resolution::Unreadable(_))
        }),
        (&with_dependency, LOCK, |said| matches!(said, Resolution::Stale(_))),
        (&unknown, LOCK, |said| matches!(said, Resolution::Stale(_))),
    ];
    for (manifest, lock, expected) in cases {
        world.write("Cargo.toml", manifest);
        world.write("Cargo.lock", lock);
        for _ in 0..2 {
            let workspace = world.open();
            assert!(expected(workspace.resolution()), "{:?}", workspace.resolution());
            assert!(workspace.cargo().members.iter().any(|member| member.name == "a"));
            assert_eq!(fs::read_to_string(world.path().join("Cargo.lock")).expect("read"), lock);
        }
    }
}

#[test]
fn manifests_that_cargo_refuses_are_usage_errors_in_its_words() {
    let world = World::repository();
    for (text, expected) in [
        ("[package\n", "Cargo.toml"),
        ("[package]\nname = 'a'\nversion = 'x'\n", "version"),
    ] {
        world.write("Cargo.toml", text);
        let error = world.try_open().expect_err("refused");
        assert_eq!(error.exit_code(), exit::USAGE);
        assert!(error.message.contains(expected), "{}", error.message);
        assert!(error.help.is_some());
    }
    fs::remove_file(world.path().join("Cargo.toml")).expect("remove");
    assert_eq!(world.try_open().expect_err("refused").exit_code(), exit::USAGE);
}

#[test]
fn a_missing_toolchain_has_its_own_exit_code() {
    let mut world = World::repository();
    world.extra.push(("CARGO", world.path().join("no-cargo").into()));
    assert_eq!(
        world.try_open().expect_err("refused").exit_code(),
        exit::TOOLCHAIN_MISSING
    );
    world.extra.clear();
    world.extra.push(("RUSTC", world.path().join("no-rustc").into()));
    // cargo itself asks rustc about the host, so a missing one may show in either place.
    match world.try_open() {
        Ok(workspace) => assert!(workspace.toolchain().rustc.is_err()),
        Err(error) => assert_ne!(error.exit_code(), exit::READY),
    }
}

#[test]
fn the_target_directory_may_be_elsewhere() {
    let mut world = World::repository();
    let elsewhere = tempfile::tempdir().expect("temporary directory");
    world.write(".cargo/config.toml", "[build]\ntarget-dir = 'configured'\n");
    assert_eq!(world.open().target_dir(), world.path().join("configured"));
    world.extra.push(("CARGO_TARGET_DIR", elsewhere.path().into()));
    let workspace = world.open();
    assert_eq!(workspace.gate_dir(), elsewhere.path().join("gate"));
    assert!(workspace.gate_dir().join("index").exists());
    let mut options = world.options("");
    options.target_dir = Some("flag".into());
    assert_eq!(
        Workspace::open(options).expect("opens").target_dir(),
        world.path().join("flag")
    );
}

#[test]
fn a_target_directory_that_cannot_be_written_costs_only_the_cache() {
    let world = World::repository();
    // A file in the place of the directory: it stops even the superuser.
    world.write("target", "");
    let workspace = world.open();
    assert_eq!(*workspace.resolution(), Resolution::Locked);
}

/// A cargo that writes down each of its calls.
#[cfg(unix)]
fn recording_cargo(world: &mut World) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let log = world.path().join("target/calls");
    let environment = world.environment();
    let real = environment
        .path("CARGO")
        .or_else(|| environment.find_program("cargo".as_ref(), world.path()))
        .expect("cargo is installed");
    let script = format!(
        "#!/bin/sh\necho \"$1\" >> '{}'\nexec '{}' \"$@\"\n",
        log.display(),
        real.display()
    );
    let path = world.write("target/cargo", &script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    world.extra.push(("CARGO", path.into()));
    log
}

#[cfg(unix)]
#[test]
fn cargo_is_asked_again_only_when_its_inputs_change() {
    let mut world = World::repository();
    let log = recording_cargo(&mut world);
    let calls = |world: &World| {
        let before = fs::read_to_string(&log).unwrap_or_default().lines().count();
        let workspace = world.open();
        let after = fs::read_to_string(&log).unwrap_or_default().lines().count();
        (after - before, workspace)
    };
    // An answer about files as young as the question is not kept, so it may take a few rounds.
    let settle = |world: &World| {
        let settled = (0..50).find(|_| calls(world).0 == 0);
        assert!(settled.is_some(), "the answer is kept in the end");
    };
    settle(&world);
    let (asked, warm) = calls(&world);
    assert_eq!(asked, 0);
    assert_eq!(warm.cargo().members.len(), 1);
    assert_eq!(warm.manifests().len(), 1);
    assert!(warm.toolchain().rustc.is_ok());

    world.write("src/lib.rs", "// no input of cargo metadata");
    assert_eq!(calls(&world).0, 0);
    for (path, text) in [
        ("Cargo.toml", MANIFEST.replace("2024", "2021")),
        ("Cargo.lock", format!("{LOCK}\n")),
        ("src/bin/tool.rs", "fn main() {}".into()),
        (".cargo/config.toml", "[net]\noffline = true\n".into()),
    ] {
        world.write(path, &text);
        assert!(calls(&world).0 > 0, "{path} is an input");
        settle(&world);
    }
    let (_, workspace) = calls(&world);
    assert_eq!(workspace.cargo().members[0].edition, "2021");
    assert_eq!(workspace.cargo().members[0].targets.len(), 2);
}
