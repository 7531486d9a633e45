//! Rust kernels through the whole pipeline, with a rustc that is none.

use std::fs;

use crate::support::{Crate, place, program};
use gate_build::{Built, Error, Kernels, Provenance};

/// A crate and a toolchain with `core` for the target.
fn crate_with_toolchain() -> Crate {
    let mut this = Crate::new();
    let exe = std::env::consts::EXE_SUFFIX;
    let toolchain = this.path("toolchain");
    let rustc = toolchain.join("bin").join(format!("rustc{exe}"));
    let libraries = toolchain.join("lib/rustlib/nvptx64-nvidia-cuda/lib");
    fs::create_dir_all(toolchain.join("bin")).expect("a folder can be made");
    fs::create_dir_all(&libraries).expect("a folder can be made");
    fs::write(libraries.join("libcore-0.rlib"), "").expect("a file can be written");
    place(&program("fake_rustc"), &rustc);
    this.unset("NVCC");
    this.set("GATE_RUSTC", &rustc.display().to_string());
    this
}

fn build(this: &Crate, change: impl FnOnce(Kernels) -> Kernels) -> Result<Built, Error> {
    let kernels = Kernels::new().rust("device/lib.rs").arch(["sm_80", "sm_90"]);
    change(kernels).compile_in(&this.context()).map(|(built, _)| built)
}

fn as_it_is(kernels: Kernels) -> Kernels {
    kernels
}

#[test]
fn a_file_is_compiled_when_what_it_reads_has_changed() {
    let this = crate_with_toolchain();
    this.write("device/lib.rs", "mod inner\nentry k\n");
    this.write("device/inner.rs", "entry inner\n");
    let built = build(&this, as_it_is).expect("it builds");
    let image = &built.units[0].images[0];
    assert_eq!(built.units[0].name.as_str(), "device/lib.rs");
    let read: Vec<_> = image
        .dependencies
        .iter()
        .map(|file| file.strip_prefix(this.root()).expect("in the crate"))
        .collect();
    assert_eq!(
        read,
        [
            std::path::Path::new("device/inner.rs"),
            std::path::Path::new("device/lib.rs")
        ]
    );
    let log = this.log();
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log.iter().all(|line| line.ends_with(" unstable=1")), "{log:?}");
    fs::remove_dir_all(this.out()).expect("outputs can be removed");
    build(&this, as_it_is).expect("it builds");
    assert_eq!(this.log(), [""; 0]);
    this.write("device/inner.rs", "entry other\n");
    build(&this, as_it_is).expect("it builds");
    assert_eq!(this.log().len(), 2);
}

#[test]
fn errors_name_the_place_and_what_helps() {
    let mut this = crate_with_toolchain();
    this.write("device/lib.rs", "entry k\nerror\n");
    let error = build(&this, as_it_is).expect_err("it has an error");
    let place = error.diagnostics()[0].place.as_ref().expect("a place");
    assert_eq!(
        (place.file.ends_with("lib.rs"), place.line, place.column),
        (true, 2, Some(5))
    );
    this.write("device/lib.rs", "entry k\nintrinsic\n");
    let error = build(&this, as_it_is).expect_err("there is no libdevice").to_string();
    assert!(
        error.contains("a libdevice function") && error.contains("LLVM 22.1.2 or later"),
        "{error}"
    );
    this.write("device/lib.rs", "entry k\n");
    let rustc = this.path("toolchain").join("lib");
    this.set("GATE_RUSTC", &rustc.display().to_string());
    this.set("GATE_KERNELS", "build");
    let error = build(&this, as_it_is).expect_err("there is no rustc").to_string();
    assert!(
        error.contains("no compiler for Rust kernels") && error.contains("rustup target add"),
        "{error}"
    );
}

#[test]
fn a_lock_that_is_preferred_needs_no_compiler_and_notices_changes() {
    let mut this = crate_with_toolchain();
    this.write("device/lib.rs", "entry k\n");
    this.set("GATE_KERNELS_LOCK", "write");
    let built = build(&this, Kernels::prefer_lock).expect("it builds");
    assert_eq!(built.units[0].images[0].provenance, Provenance::Built);
    this.unset("GATE_KERNELS_LOCK");
    this.log();
    // What a user of another device asks for is not in the lock, and no reason to fail.
    this.set("CUDA_COMPUTE_CAP", "75");
    let built = build(&this, Kernels::prefer_lock).expect("it builds");
    assert_eq!(built.units[0].images.len(), 2);
    assert_eq!(built.units[0].images[0].provenance, Provenance::Locked);
    assert_eq!(this.log(), [""; 0]);
    this.write("device/lib.rs", "entry other\n");
    let error = build(&this, Kernels::prefer_lock)
        .expect_err("the lock is old")
        .to_string();
    assert!(
        error.contains("changed since the PTX of `device/lib.rs` for sm_80 was locked"),
        "{error}"
    );
}

#[test]
fn variables_that_a_source_asks_for_count() {
    let mut this = crate_with_toolchain();
    this.write("device/lib.rs", "env SCALE\nenv CARGO_PKG_NAME\nentry k\n");
    let text = |this: &Crate| {
        let kernels = Kernels::new().rust("device/lib.rs").arch(["sm_80"]);
        let (built, lines) = kernels.compile_in(&this.context()).expect("it builds");
        // Those that cargo sets for each crate are not of this build.
        assert!(
            lines.contains(&"cargo::rerun-if-env-changed=SCALE".to_owned()),
            "{lines:?}"
        );
        assert!(!lines.iter().any(|line| line.contains("CARGO_PKG_NAME")), "{lines:?}");
        fs::read_to_string(&built.units[0].images[0].ptx).expect("the PTX is there")
    };
    let unset = text(&this);
    this.log();
    text(&this);
    assert_eq!(this.log(), [""; 0]);
    this.set("SCALE", "2");
    assert!(text(&this).contains("// Ok(\"2\")"));
    this.log();
    this.unset("SCALE");
    assert_eq!(text(&this), unset);
    // What was compiled before is taken back.
    assert_eq!(this.log(), [""; 0]);
    this.set("SCALE", "2");
    fs::remove_dir_all(this.out()).expect("outputs can be removed");
    assert!(text(&this).contains("// Ok(\"2\")"));
    assert_eq!(this.log(), [""; 0]);
}
