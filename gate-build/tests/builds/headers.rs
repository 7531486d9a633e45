//! Libraries of headers that do not belong to the crate.

use std::fs;

use gate_build::{Built, Error, Kernels};

use crate::support::{Crate, ptx};

const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";

/// A crate whose kernel includes a header of a checkout next to it.
fn with_checkout() -> Crate {
    let this = Crate::new();
    this.write("kernels/a.cu", "#include <cutlass.h>\nentry a\n");
    let git = this.path("cutlass/.git");
    fs::create_dir_all(git.join("refs/tags")).expect("it can be written");
    fs::create_dir_all(this.path("cutlass/include")).expect("it can be written");
    fs::write(this.path("cutlass/include/cutlass.h"), "gemm\n").expect("it can be written");
    fs::write(git.join("HEAD"), ONE).expect("it can be written");
    fs::write(
        git.join("packed-refs"),
        format!("# pack-refs\n{TWO} refs/tags/v1\n^{ONE}\n{TWO} refs/tags/v2\n"),
    )
    .expect("it can be written");
    this
}

fn build(this: &Crate, revision: &str) -> Result<Built, Error> {
    build_with(this, Kernels::new().headers("../cutlass/include", revision))
}

fn build_with(this: &Crate, kernels: Kernels) -> Result<Built, Error> {
    let built = kernels.cuda("kernels/*.cu").compile_in(&this.context());
    built.map(|(built, _)| built)
}

#[test]
fn a_checkout_is_used_at_its_revision_alone() {
    let this = with_checkout();
    for revision in ["v1", ONE, &ONE[..8]] {
        assert!(
            ptx(&build(&this, revision).unwrap(), "kernels/a.cu").contains("// gemm"),
            "{revision}"
        );
    }
    for revision in ["v2", TWO, "v3", &ONE[..4]] {
        let error = build(&this, revision).unwrap_err().to_string();
        assert!(
            error.contains(&format!("is not at the revision `{revision}`")),
            "{error}"
        );
    }
    // What is checked out counts, and so does every header.
    build(&this, "v1").unwrap();
    fs::write(this.path("cutlass/include/cutlass.h"), "gemm 2\n").unwrap();
    assert!(ptx(&build(&this, "v1").unwrap(), "kernels/a.cu").contains("// gemm 2"));
    fs::write(this.path("cutlass/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::create_dir_all(this.path("cutlass/.git/refs/heads")).unwrap();
    fs::write(this.path("cutlass/.git/refs/heads/main"), TWO).unwrap();
    assert!(build(&this, "v1").is_err());
    build(&this, "v2").unwrap();
}

#[test]
fn what_is_missing_is_not_fetched() {
    let this = with_checkout();
    fs::remove_dir_all(this.path("cutlass/include")).unwrap();
    let error = build(&this, "v1").unwrap_err().to_string();
    assert!(
        error.contains("git submodule update --init") && error.contains("nothing is fetched"),
        "{error}"
    );
    this.write("vendored/cutlass.h", "gemm\n");
    let error = build_with(&this, Kernels::new().headers("vendored", "v1"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("not in a git checkout of its own"), "{error}");
}

#[test]
fn the_lock_keeps_the_revision_and_needs_no_checkout() {
    let mut this = with_checkout();
    this.set("GATE_KERNELS_LOCK", "write");
    build(&this, "v1").unwrap();
    let lock = fs::read_to_string(this.root().join("kernels.lock")).unwrap();
    assert!(
        lock.contains(&format!("headers = [\"../cutlass/include v1 {ONE}\"]")),
        "{lock}"
    );
    assert!(!lock.contains("isystem"), "{lock}");
    this.set("GATE_KERNELS_LOCK", "check");
    build(&this, "v1").unwrap();
    this.unset("GATE_KERNELS_LOCK");
    this.set("GATE_KERNELS", "locked");
    fs::remove_dir_all(this.path("cutlass")).unwrap();
    build(&this, "v1").unwrap();
    for kernels in [
        Kernels::new().headers("../cutlass/include", "v2"),
        Kernels::new(),
        Kernels::new().headers("../cutlass/include", "v1").headers_of("cub"),
    ] {
        let error = build_with(&this, kernels).unwrap_err();
        assert_eq!(error.id().code(), "flags_changed", "{error}");
    }
}

#[test]
fn a_crate_may_bring_headers() {
    let mut this = with_checkout();
    let kernels = || Kernels::new().headers_of("cutlass-headers");
    let error = build_with(&this, kernels()).unwrap_err().to_string();
    assert!(error.contains("no crate with `links = \"cutlass-headers\"`"), "{error}");
    assert!(error.contains("DEP_CUTLASS_HEADERS_INCLUDE"), "{error}");
    this.set(
        "DEP_CUTLASS_HEADERS_INCLUDE",
        &this.path("cutlass/include").display().to_string(),
    );
    this.set("DEP_CUTLASS_HEADERS_VERSION", "4.2.1");
    this.set("GATE_KERNELS_LOCK", "write");
    assert!(ptx(&build_with(&this, kernels()).unwrap(), "kernels/a.cu").contains("// gemm"));
    let lock = fs::read_to_string(this.root().join("kernels.lock")).unwrap();
    assert!(lock.contains("headers = [\"cutlass-headers 4.2.1\"]"), "{lock}");
    this.unset("GATE_KERNELS_LOCK");
    // Another version of the crate has its headers elsewhere.
    fs::create_dir_all(this.path("other")).unwrap();
    fs::write(this.path("other/cutlass.h"), "other\n").unwrap();
    this.set("DEP_CUTLASS_HEADERS_INCLUDE", &this.path("other").display().to_string());
    assert!(ptx(&build_with(&this, kernels()).unwrap(), "kernels/a.cu").contains("// other"));
}
