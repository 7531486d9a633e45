use std::fs;

use super::super::tests::{reread, run_in, shown, suite, workspace};
use super::*;

const MANIFEST: &str = "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\ndoctest = false\n";

#[test]
fn without_a_lockfile_the_tree_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let files = [("Cargo.toml", MANIFEST), ("src/lib.rs", "#[test] fn good() {}")];
    let workspace = workspace(directory.path(), &files);
    let run = run_in(&workspace, &suite(&["cargo", "test"]));
    assert_eq!(
        shown(&run),
        "1 passed, 0 failed, 0 skipped, exit Some(0)\nPassed demo good\n"
    );
    assert!(!directory.path().join("Cargo.lock").exists());
    assert!(workspace.gate_dir().join("tree/Cargo.lock").exists());
}

#[test]
fn read_only_files_are_copied_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let source = root.join("generated.rs");
    let read_only = |text: &str| {
        fs::write(&source, text).unwrap();
        let mut permissions = fs::metadata(&source).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&source, permissions).unwrap();
    };
    fs::write(root.join("Cargo.toml"), MANIFEST).unwrap();
    read_only("old");
    let tree = prepare(&reread(root, &["Cargo.toml", "generated.rs"]))
        .unwrap()
        .unwrap()
        .root;
    let copied = fs::metadata(tree.join("generated.rs")).unwrap();
    assert!(copied.permissions().readonly());
    assert_eq!(
        copied.modified().unwrap(),
        fs::metadata(&source).unwrap().modified().unwrap()
    );

    fs::remove_file(&source).unwrap();
    read_only("newer");
    prepare(&reread(root, &["Cargo.toml", "generated.rs"]))
        .unwrap()
        .unwrap();
    assert_eq!(fs::read_to_string(tree.join("generated.rs")).unwrap(), "newer");
}

#[test]
fn the_copy_follows_the_workspace() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let files = [("Cargo.toml", MANIFEST), ("src/a.rs", "a"), ("src/b/c.rs", "c")];
    let tree = prepare(&workspace(root, &files)).unwrap().unwrap().root;
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(modified(&tree.join("src/a.rs")), modified(&root.join("src/a.rs")));
    fs::write(tree.join("Cargo.lock"), "generated").unwrap();

    // A directory becomes a file, a file goes, another changes.
    fs::remove_dir_all(root.join("src/b")).unwrap();
    fs::write(root.join("src/b"), "file").unwrap();
    fs::write(root.join("src/a.rs"), "longer").unwrap();
    prepare(&reread(root, &["Cargo.toml", "src/a.rs", "src/b"]))
        .unwrap()
        .unwrap();
    assert_eq!(fs::read_to_string(tree.join("src/a.rs")).unwrap(), "longer");
    assert_eq!(fs::read_to_string(tree.join("src/b")).unwrap(), "file");

    fs::remove_file(root.join("src/b")).unwrap();
    fs::create_dir(root.join("src/b")).unwrap();
    fs::write(root.join("src/b/d.rs"), "d").unwrap();
    prepare(&reread(root, &["Cargo.toml", "src/b/d.rs"])).unwrap().unwrap();
    assert_eq!(fs::read_to_string(tree.join("src/b/d.rs")).unwrap(), "d");
    assert!(!tree.join("src/a.rs").exists());
    assert_eq!(fs::read_to_string(tree.join("Cargo.lock")).unwrap(), "generated");
}

#[test]
fn a_path_outside_the_root_is_named() {
    for table in [
        "[dependencies]\nx = { path = \"../x\" }",
        "[target.'cfg(unix)'.dev-dependencies]\nx = { path = \"../x\" }",
        "[workspace.dependencies]\nx = { path = \"../x\" }",
        "[patch.crates-io]\nx = { path = \"../x\" }",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let manifest = format!("{MANIFEST}{table}\n");
        let workspace = workspace(directory.path(), &[("Cargo.toml", &manifest)]);
        let reason = prepare(&workspace).unwrap().unwrap_err();
        assert_eq!(reason.code, "no_lockfile", "{table}");
        assert!(reason.message.contains("`../x` of Cargo.toml"), "{}", reason.message);
    }
}

#[test]
fn a_path_beside_the_workspace_comes_along_in_the_copy_of_the_repository() {
    let directory = tempfile::tempdir().unwrap();
    // Canonical paths on Windows have a spelling that cargo does not use.
    let top = if cfg!(windows) {
        directory.path().to_owned()
    } else {
        std::fs::canonicalize(directory.path()).unwrap()
    };
    let root = top.join("apps/demo");
    let manifest = format!("{MANIFEST}[dependencies]\nnear = {{ path = \"../../near\" }}\n");
    let mut workspace = workspace(
        &root,
        &[
            ("Cargo.toml", &manifest),
            ("src/lib.rs", "#[test] fn good() { near::near() }"),
        ],
    );
    fs::create_dir_all(top.join("near/src")).unwrap();
    let near = MANIFEST.replace("demo", "near");
    fs::write(top.join("near/Cargo.toml"), near).unwrap();
    fs::write(top.join("near/src/lib.rs"), "pub fn near() {}").unwrap();
    workspace.git = Some(gate_world::git::Git::by_hand(&top));

    let run = run_in(&workspace, &suite(&["cargo", "test"]));
    assert_eq!(
        shown(&run),
        "1 passed, 0 failed, 0 skipped, exit Some(0)\nPassed demo good\n"
    );
    assert!(!root.join("Cargo.lock").exists());
    assert!(workspace.gate_dir().join("tree/apps/demo/Cargo.lock").exists());
    assert!(workspace.gate_dir().join("tree/near/src/lib.rs").exists());
}
