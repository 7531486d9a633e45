//! What decides about PTX beside the sources, and what cargo is told of it. Each result is compared with that of a build that has nothing to reuse.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use gate_build::{Built, Kernels};

use crate::support::{Crate, fake_nvcc, place, ptx};

const K: &str = "kernels/k.cu";

/// The PTX of a build, which is the PTX of a build without anything to reuse.
fn fresh(this: &Crate, change: impl Fn(Kernels) -> Kernels) -> String {
    let own = ptx(&this.build_with(&change).expect("a build"), K);
    for folder in [this.path("store"), this.out()] {
        fs::remove_dir_all(folder).expect("it can be removed");
    }
    assert_eq!(own, ptx(&this.build_with(&change).expect("a build"), K));
    own
}

fn same(kernels: Kernels) -> Kernels {
    kernels
}

#[test]
fn a_header_that_appears_in_a_folder_of_a_variable_is_read() {
    let mut this = Crate::new();
    let (front, back) = (this.path("front"), this.path("back"));
    for folder in [&front, &back] {
        fs::create_dir_all(folder).unwrap();
    }
    let folders = std::env::join_paths([&front, &back]).unwrap();
    this.set("CPATH", folders.to_str().unwrap());
    this.write(K, "#include <deep/x.h>\nentry k\n");
    fs::create_dir_all(back.join("deep")).unwrap();
    fs::write(back.join("deep/x.h"), "back\n").unwrap();
    assert!(fresh(&this, same).contains("back"));
    let directives = directives(&this);
    assert!(directives.iter().any(|path| Path::new(path) == front), "{directives:?}");
    fs::create_dir_all(front.join("deep")).unwrap();
    fs::write(front.join("deep/x.h"), "front\n").unwrap();
    assert!(fresh(&this, same).contains("front"));
}

#[test]
fn a_header_that_appears_beside_one_outside_the_crate_is_read() {
    let this = Crate::new();
    for (file, text) in [("a.h", "#include \"b.h\"\n"), ("deep/b.h", "far\n")] {
        this.write(&format!("../shared/{file}"), text);
    }
    this.write(K, "#include <a.h>\nentry k\n");
    let shared = |kernels: Kernels| kernels.flag("-I../shared/deep").flag("-Iother");
    this.write("other/a.h", "#include \"../../shared/a.h\"\n");
    assert!(fresh(&this, shared).contains("far"));
    this.write("../shared/b.h", "near\n");
    assert!(fresh(&this, shared).contains("near"));
}

#[test]
fn a_file_of_flags_counts() {
    let this = Crate::new();
    this.write("flags.txt", "-DONE");
    this.write(K, "entry k\n");
    let with = |kernels: Kernels| kernels.flag("--options-file").flag("flags.txt");
    assert!(fresh(&this, with).contains("-DONE"));
    this.write("flags.txt", "-DTWO");
    assert!(fresh(&this, with).contains("-DTWO"));
}

#[test]
fn line_information_that_a_variable_asks_for_counts() {
    let mut this = Crate::new();
    this.set("NVCC_APPEND_FLAGS", "-lineinfo");
    this.write(K, "entry k\ntoken\n");
    this.build().unwrap();
    this.write(K, "entry k\n\ntoken\n");
    this.log();
    this.build().unwrap();
    assert_eq!(this.log(), ["compile kernels/k.cu sm_80"]);
}

#[test]
fn the_host_compiler_of_a_flag_counts() {
    let this = Crate::new();
    this.write(K, "entry k\n");
    this.write("bin/c++", "one");
    let with = |kernels: Kernels| kernels.flag("-ccbin=bin/c++");
    this.build_with(with).unwrap();
    this.log();
    this.build_with(with).unwrap();
    assert_eq!(this.log(), [""; 0]);
    this.write("bin/c++", "two");
    this.build_with(with).unwrap();
    assert_eq!(this.log(), ["compile kernels/k.cu sm_80"]);
}

/// Paths that cargo is told to look at.
fn directives(this: &Crate) -> Vec<String> {
    let kernels = Kernels::new().cuda("kernels/**/*.cu").arch(["sm_80"]);
    let (_, lines) = kernels.compile_in(&this.context()).expect("a build");
    let paths = lines
        .iter()
        .filter_map(|line| line.strip_prefix("cargo::rerun-if-changed="));
    paths.map(str::to_owned).collect()
}

/// Whether cargo runs a build script again that began then: a path is gone, or it, a link to it or something below it is younger.
fn reruns(paths: &[String], began: SystemTime) -> bool {
    fn youngest(path: &Path) -> Option<SystemTime> {
        let there = fs::metadata(path).ok()?;
        let mut youngest = there.modified().ok()?;
        if there.is_dir() {
            youngest = youngest.max(fs::symlink_metadata(path).ok()?.modified().ok()?);
            let entries = fs::read_dir(path).ok()?.flatten();
            youngest = entries
                .filter_map(|entry| youngest_of_entry(&entry.path()))
                .fold(youngest, Ord::max);
        }
        Some(youngest)
    }
    fn youngest_of_entry(path: &Path) -> Option<SystemTime> {
        let own = fs::symlink_metadata(path).ok()?.modified().ok()?;
        Some(youngest(path)?.max(own))
    }
    paths
        .iter()
        .any(|path| youngest(Path::new(path)).is_none_or(|youngest| youngest > began))
}

fn age(path: &Path, age: Duration) {
    let file = fs::File::open(path).expect("a file");
    file.set_modified(SystemTime::now() - age).expect("times can be set");
}

/// A toolkit with the fake nvcc, unpacked long ago.
fn toolkit(root: &Path, bytes: &str) {
    let nvcc = root.join("bin").join(format!("nvcc{}", std::env::consts::EXE_SUFFIX));
    fs::create_dir_all(nvcc.parent().expect("a folder")).expect("a folder can be made");
    fs::create_dir_all(root.join("nvvm/bin")).expect("a folder can be made");
    place(&fake_nvcc(), &nvcc);
    let cicc = root
        .join("nvvm/bin/cicc")
        .with_extension(std::env::consts::EXE_EXTENSION);
    fs::write(&cicc, bytes).expect("it can be written");
    for path in [
        &nvcc,
        &cicc,
        &root.join("bin"),
        &root.join("nvvm/bin"),
        &root.join("nvvm"),
        root,
    ] {
        age(path, Duration::from_secs(1_000_000));
    }
}

#[cfg(unix)]
fn built(this: &Crate) -> (Built, Vec<String>, SystemTime) {
    // By the clock of the file system, which lags behind that of the process.
    let mark = this.path("out/began");
    fs::create_dir_all(this.path("out")).expect("a folder can be made");
    fs::write(&mark, "").expect("it can be written");
    let began = fs::metadata(&mark).and_then(|found| found.modified()).expect("a time");
    let built = this.build().expect("a build");
    (built, directives(this), began)
}

#[cfg(unix)]
#[test]
fn a_toolkit_switched_behind_a_link_is_seen_by_cargo() {
    let mut this = Crate::new();
    this.write(K, "entry k\n");
    let link = this.path("cuda");
    for name in ["one", "two"] {
        toolkit(&this.path(name), name);
    }
    std::os::unix::fs::symlink(this.path("one"), &link).unwrap();
    this.unset("NVCC");
    this.set("CUDA_HOME", link.to_str().unwrap());
    let (_, paths, began) = built(&this);
    // As cargo has it, which runs nothing where nothing is younger.
    let outside = |path: &&String| !path.contains("/crate/") && !path.contains("/out/");
    let paths: Vec<String> = paths.iter().filter(outside).cloned().collect();
    assert!(!reruns(&paths, began));
    this.log();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(this.path("two"), &link).unwrap();
    assert!(reruns(&paths, began), "{paths:?}");
    this.build().unwrap();
    assert_eq!(this.log(), ["compile kernels/k.cu sm_80"]);
}

#[cfg(unix)]
#[test]
fn a_toolkit_upgraded_in_place_to_older_files_is_seen_by_cargo() {
    let mut this = Crate::new();
    this.write(K, "entry k\n");
    let (one, two) = (this.path("one"), this.path("two"));
    toolkit(&one, "one");
    toolkit(&two, "two");
    this.unset("NVCC");
    this.set("CUDA_HOME", one.to_str().unwrap());
    let (_, paths, began) = built(&this);
    let paths: Vec<String> = paths.iter().filter(|path| path.contains("/one/")).cloned().collect();
    assert!(!reruns(&paths, began));
    this.log();
    // As package managers do it: under another name, with the date of the package, and then over the old one.
    fs::rename(two.join("nvvm/bin/cicc"), one.join("nvvm/bin/cicc")).unwrap();
    assert!(reruns(&paths, began), "{paths:?}");
    this.build().unwrap();
    assert_eq!(this.log(), ["compile kernels/k.cu sm_80"]);
}

#[cfg(unix)]
#[test]
fn nvcc_may_be_started_by_another_program() {
    let mut this = Crate::new();
    this.write(K, "entry k\n");
    this.set("PATH", "/usr/bin:/bin");
    this.set(
        "NVCC",
        &format!(
            "env FAKE_MODE=later NVCC_APPEND_FLAGS=-DLAUNCHED {}",
            fake_nvcc().display()
        ),
    );
    assert!(fresh(&this, same).contains("-DLAUNCHED"));
    // A launcher that is not there is no compiler.
    this.set("NVCC", "env gone");
    assert!(
        this.build_with(same)
            .unwrap_err()
            .to_string()
            .contains("`NVCC` is set to `env gone`")
    );
}

#[test]
fn edits_in_turn_leave_nothing_stale() {
    // With arguments, the same program edits real sources for a real compiler.
    let output = std::process::Command::new(crate::support::program("never_stale"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.contains("20 edits, 12 units, 240 texts compared, 0 stale"),
        "{said}"
    );
}
