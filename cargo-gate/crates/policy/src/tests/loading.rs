//! Files that are there, or not, or no text.

use std::path::Path;

use insta::assert_snapshot;

use super::catalogue;
use crate::load;
use gate_base::exit;

fn load_error(root: &Path, explicit: Option<&Path>) -> String {
    let error = load(root, explicit, &catalogue()).unwrap_err();
    assert_eq!(error.exit_code(), exit::USAGE);
    format!("{}; {}", error.message, error.help.unwrap_or_default())
}

#[test]
fn files_that_cannot_be_a_policy() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let file = root.join("gate.toml");

    assert!(
        load(root, None, &catalogue()).unwrap().source.is_none(),
        "no file means the defaults"
    );
    assert_snapshot!(
        load_error(root, Some(Path::new("nowhere/gate.toml"))),
        @"policy file `nowhere/gate.toml` does not exist; pass an existing file, or create one with `cargo gate init`"
    );

    std::fs::write(&file, b"version = 1\n# caf\xe9\n").unwrap();
    assert_snapshot!(load_error(root, None), @"gate.toml:2:6: byte 0xe9 at offset 17 is not UTF-8; save the file as UTF-8");
    std::fs::write(&file, b"\xff\xfev\0e\0").unwrap();
    assert_snapshot!(load_error(root, None), @"`gate.toml` is UTF-16; TOML is UTF-8; save the file as UTF-8");

    std::fs::write(&file, vec![b'#'; 10 << 20]).unwrap();
    assert_snapshot!(load_error(root, None), @"`gate.toml` is larger than 1 MiB; move generated data into separate files");

    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_snapshot!(load_error(root, None), @"`gate.toml` is a directory; rename the directory; `gate.toml` must be a file");

    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, "version = 1\n").unwrap();
    let error = load(root, None, &catalogue()).unwrap_err();
    assert_eq!(error.message, "gate.toml: 1 error");
    assert!(error.rendered.unwrap().contains("--> gate.toml:1:1"));
    assert!(error.details.unwrap().styled.contains("\u{1b}["));
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_not_no_file() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nothing", directory.path().join("gate.toml")).unwrap();
    assert_snapshot!(
        load_error(directory.path(), None),
        @"`gate.toml` is a symbolic link to a file that does not exist; repair the link, or remove it to use the defaults"
    );
}
