//! Odd names, odd files, and digests.

use std::time::{Duration, SystemTime};

use super::*;

fn digest(workspace: &Workspace, path: &str) -> gate_base::digest::Digest {
    workspace
        .files()
        .get(path)
        .and_then(|file| file.digest)
        .expect("digested")
}

#[test]
fn a_new_time_is_not_a_new_digest() {
    let world = World::repository();
    let before = digest(&world.open(), "src/lib.rs");
    let file = fs::File::options()
        .write(true)
        .open(world.path().join("src/lib.rs"))
        .expect("open");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
        .expect("set the time");
    assert_eq!(digest(&world.open(), "src/lib.rs"), before);
}

// Windows has no change time that would show it.
#[cfg(unix)]
#[test]
fn a_change_with_its_time_put_back_is_noticed() {
    let world = World::repository();
    let path = world.write("src/lib.rs", "// one");
    let before = world.open();
    let modified = fs::metadata(&path).and_then(|meta| meta.modified()).expect("a time");
    fs::write(&path, "// two").expect("write");
    let file = fs::File::options().write(true).open(&path).expect("open");
    file.set_modified(modified).expect("set the time");
    let after = world.open();
    assert_ne!(digest(&before, "src/lib.rs"), digest(&after, "src/lib.rs"));
    assert_ne!(before.files().content_digest(), after.files().content_digest());
}

#[test]
fn a_damaged_index_is_made_again() {
    let world = World::repository();
    let before = world.open().files().content_digest();
    let index = world.path().join("target/gate/index");
    let whole = fs::read(&index).expect("there is an index");
    for damaged in [&whole[..whole.len() / 2], b"", b"\xff\xff\xff\xff"] {
        fs::write(&index, damaged).expect("write");
        assert_eq!(world.open().files().content_digest(), before);
    }
}

#[cfg(unix)]
#[test]
fn odd_names_and_odd_files() {
    use std::os::unix::ffi::OsStrExt as _;
    for version_control in [true, false] {
        let world = if version_control {
            World::repository()
        } else {
            World::package()
        };
        let root = world.path();
        fs::write(root.join("two\nlines"), "").expect("write");
        fs::write(root.join("back\\slash"), "").expect("write");
        let mut expected = vec!["back\\x5cslash", "two\\x0alines"];
        // Not every file system takes bytes that are not UTF-8.
        if fs::write(root.join(std::ffi::OsStr::from_bytes(b"latin\xe9")), "x").is_ok() {
            expected.insert(1, "latin\\xe9");
        }
        std::os::unix::fs::symlink("nowhere", root.join("dangling")).expect("link");
        std::os::unix::fs::symlink("src", root.join("link-to-directory")).expect("link");
        if version_control {
            world.commit();
        }
        let workspace = world.open();
        let odd: Vec<_> = names(&workspace)
            .into_iter()
            .filter(|name| name.contains('\\'))
            .collect();
        assert_eq!(odd, expected);
        for name in expected {
            assert_eq!(kind(&workspace, name), FileKind::Regular);
            assert!(workspace.read(name).is_ok());
        }
        assert_eq!(kind(&workspace, "dangling"), FileKind::Symlink);
        assert_eq!(
            digest(&workspace, "dangling"),
            gate_base::digest::Digest::of(b"nowhere")
        );
        assert_eq!(kind(&workspace, "link-to-directory"), FileKind::Symlink);
        assert!(workspace.files().get("link-to-directory/lib.rs").is_none());
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_listed_without_digest() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::repository();
    let path = world.write("secret.txt", "x");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("chmod");
    // The superuser reads everything; then there is nothing that cannot be read.
    let expected = if fs::read(&path).is_ok() {
        FileKind::Regular
    } else {
        FileKind::Unreadable
    };
    for _ in 0..2 {
        let workspace = world.open();
        let file = workspace.files().get("secret.txt").expect("listed");
        assert_eq!(file.kind, expected);
        assert_eq!(file.digest.is_some(), expected == FileKind::Regular);
        assert_eq!(
            workspace.files().digest_of(|_| true).is_some(),
            expected == FileKind::Regular
        );
    }
}

#[cfg(unix)]
#[test]
fn permission_to_execute_is_content() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::repository();
    let path = world.write("run", "x");
    let before = world.open().files().content_digest();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    assert_ne!(world.open().files().content_digest(), before);
}
