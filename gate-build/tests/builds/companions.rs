//! C and C++ for the CPU beside kernels, in a real `cargo build` with a program that stands for their compilers.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostics::{cargo_build, for_cargo};
use crate::support::{Crate, program};

fn with_companions() -> Crate {
    let mut this = for_cargo();
    this.write("include/both.h", "int both();\n");
    this.write("cpu/one.c", "int one() { return 1; }\n");
    this.write("cpu/two.cpp", "int two() { return 2; }\n");
    let compiler = program("fake_cc").display().to_string();
    for name in ["CC", "CXX", "AR"] {
        this.set(name, &compiler);
    }
    this.set("SCRIPT_COMPANION", "cpu/*.c*");
    this
}

/// Sources of the crate that were compiled since the last call, with the folders of headers, relative to it. The crate `cc` tries flags on
/// sources of its own besides.
fn compiled(this: &Crate) -> Vec<String> {
    let root = fs::canonicalize(this.root()).expect("the crate is there");
    let plain = |path: &Path| path.display().to_string().replace('\\', "/");
    let roots = [plain(&root).trim_start_matches("//?/").to_owned(), plain(&this.root())];
    let relative = |line: String| {
        roots
            .iter()
            .fold(line, |line, root| line.replace(&format!("{root}/"), ""))
    };
    let lines = this.log().into_iter().map(relative);
    lines.filter(|line| line.starts_with("cpu/")).collect()
}

/// What the build script told cargo.
fn told(this: &Crate) -> String {
    let build = this.path("target").join("debug").join("build");
    let scripts: Vec<PathBuf> = fs::read_dir(build)
        .expect("cargo has run")
        .flatten()
        .map(|entry| entry.path().join("output"))
        .filter(|output| output.is_file())
        .collect();
    let [output] = scripts.as_slice() else {
        panic!("{scripts:?}")
    };
    fs::read_to_string(output).expect("cargo keeps it")
}

#[test]
fn they_are_compiled_with_their_headers_and_linked() {
    let this = with_companions();
    let output = cargo_build(&this, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(compiled(&this), ["cpu/one.c include", "cpu/two.cpp include"]);
    let told = told(&this);
    for library in ["gate_companion_c", "gate_companion_cpp"] {
        assert!(told.contains(&format!("static={library}")), "{told}");
    }
    for watched in ["one.c", "two.cpp", "include"] {
        let line = told
            .lines()
            .find(|line| line.starts_with("cargo::rerun-if-changed=") && line.ends_with(watched));
        assert!(line.is_some(), "{watched}: {told}");
    }
    assert!(Path::new(&this.path("target")).is_dir());
    // Nothing has changed.
    cargo_build(&this, &[]);
    assert_eq!(compiled(&this), [""; 0]);
}

#[test]
fn what_is_refused_fails_cargo_with_an_id() {
    let this = with_companions();
    let output = cargo_build(&this, &[("FAKE_CC", "refuse")]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    for part in ["error[companion_failed]: ", "help: install a C++ compiler", "as asked"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let output = cargo_build(&this, &[("SCRIPT_COMPANION", "none/*.c")]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("error[configuration]: ") && text.contains("no file matches `none/*.c`"),
        "{text}"
    );
}
