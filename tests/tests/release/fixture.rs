//! A workspace to release: a library, a program that needs it, schemas, a changelog, and an authority.

use std::fs;
use std::path::{Path, PathBuf};

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

/// A key that signs nothing but these tests, as `ssh-keygen` wrote it, without the lines around it.
const BODY: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
                    QyNTUxOQAAACDEHyS7srW74S/ODILaXfdXU9vk6TEjcIi0p98z4sYO+gAAAJB0pgnrdKYJ\n\
                    6wAAAAtzc2gtZWQyNTUxOQAAACDEHyS7srW74S/ODILaXfdXU9vk6TEjcIi0p98z4sYO+g\n\
                    AAAEDqaK4XU3PVEoBufrDElzfR2UDE3YTnJkoyb6PkNCAOu8QfJLuytbvhL84Mgtpd91dT\n\
                    2+TpMSNwiLSn3zPixg76AAAADHJlbGVhc2UtdGVhbQE=\n";
pub(crate) const PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMQfJLuytbvhL84Mgtpd91dT2+TpMSNwiLSn3zPixg76 release-team";
/// A key whose other half is nowhere.
pub(crate) const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+cpltgNZ0hNdu5kaVvkl7gbE1+Mm+4huEjsqKpY9Kc nobody";

/// The workspace before its first commit. `dependency` is what the program writes about the library besides its path.
pub(crate) fn workspace(gate: Gate, dependency: &str, publish: &str) -> Gate {
    let package = |name: &str, more: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\nrust-version = \"1.95\"\nlicense = \"MIT\"\n\
             description = \"For tests\"\nrepository = \"https://example.com/shipped\"\n{publish}{more}"
        )
    };
    let needs = format!("\n[dependencies]\nshipped-part = {{ path = \"../part\", version = \"1.0.0\"{dependency} }}\n");
    gate.file(
        "Cargo.toml",
        "[workspace]\nmembers = [\"app\", \"part\"]\nresolver = \"3\"\n",
    )
    .file(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"shipped-app\"\nversion = \"1.0.0\"\ndependencies = [\n \"shipped-part\",\n]\n\n\
         [[package]]\nname = \"shipped-part\"\nversion = \"1.0.0\"\n",
    )
    .file("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n")
    .file(".gitignore", "/target\n")
    .file("LICENSE", "MIT\n")
    .file("CHANGELOG.md", "# Changelog\n\n## 1.0.0\n\n- The first version.\n")
    .file("schema/a.json", "{}\n")
    .file("part/Cargo.toml", &package("shipped-part", ""))
    .file(
        "part/src/lib.rs",
        "//! A part.\n\n/// One.\npub fn one() -> u32 {\n    1\n}\n\n#[test]\nfn one_is_one() {\n    assert_eq!(one(), 1);\n}\n",
    )
    .file("app/Cargo.toml", &package("shipped-app", &needs))
    .file(
        "app/src/main.rs",
        "//! A program.\n\nfn main() {\n    println!(\"{}\", shipped_part::one());\n}\n",
    )
    .file("gate.toml", &policy(""))
}

/// The policy, with more below `[release]`.
pub(crate) fn policy(more: &str) -> String {
    format!(
        "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[decisions]\nauthorities = [\"{PUBLIC}\"]\n\n\
         [release]\nstage = \"pilot\"\nprofile = \"dev\"\nchangelogs = [\"CHANGELOG.md\"]\n{more}\n\
         [[release.archive]]\nname = \"schemas\"\nfiles = [\"schema/*.json\"]\n"
    )
}

/// The committed workspace, with its tag in a remote.
pub(crate) fn tagged(gate: Gate) -> Gate {
    let gate = gate.git_init();
    let remote = gate.workspace().with_file_name("remote.git");
    gate.git(["clone", "--quiet", "--bare", ".", remote.to_str().expect("a path")]);
    gate.git(["remote", "add", "origin", remote.to_str().expect("a path")]);
    tag(&gate);
    gate
}

/// Tags the commit, here and in the remote.
pub(crate) fn tag(gate: &Gate) {
    gate.git(["tag", "--force", "v1.0.0"]);
    gate.git(["push", "--quiet", "--force", "origin", "v1.0.0"]);
}

pub(crate) fn shipped() -> Gate {
    workspace(gate!(), "", "")
}

/// Writes the key next to the workspace's artifacts, where no gate looks, and returns its path.
pub(crate) fn key(gate: &Gate) -> String {
    let mark = |word: &str| format!("-----{word} OPENSSH {} KEY-----\n", "PRIVATE");
    gate.write("target/key", format!("{}{BODY}{}", mark("BEGIN"), mark("END")));
    "target/key".to_owned()
}

/// The only release of a workspace.
pub(crate) fn directory(gate: &Gate) -> PathBuf {
    let releases = gate.workspace().join("target/gate/releases");
    let mut found = fs::read_dir(&releases).expect("releases").flatten();
    let only = found.next().expect("a release").path();
    assert!(found.next().is_none(), "one release");
    only
}

/// What it hands out.
pub(crate) fn output(gate: &Gate) -> PathBuf {
    directory(gate).join("dist")
}

pub(crate) fn dry_run(gate: &Gate) -> Run {
    gate.run(["release", "--dry-run", "--key", &key(gate)])
}

/// Names of the files of a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .expect("a directory")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
