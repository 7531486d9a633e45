//! Bad input: each gives a clear error or a documented outcome with the right exit code, and nothing is lost.

#[path = "bad_input/ci.rs"]
mod ci;
#[path = "bad_input/disk.rs"]
mod disk;
#[path = "bad_input/files.rs"]
mod files;
#[path = "bad_input/machine.rs"]
mod machine;
#[path = "bad_input/policy.rs"]
mod policy;

use gate_tests::gate;
use gate_tests::harness::Gate;

const MANIFEST: &str =
    "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.95\"\n";

const LOCKFILE: &str = "version = 4\n\n[[package]]\nname = \"sample\"\nversion = \"0.1.0\"\n";

/// A small workspace that is ready for pilot, not yet committed.
fn sample() -> Gate {
    gate!()
        .file("Cargo.toml", MANIFEST)
        .file("Cargo.lock", LOCKFILE)
        .file(".gitignore", "/target\n")
        .file("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n")
        .file("src/lib.rs", "//! Sample.\n\n#[test]\nfn passes() {}\n")
}
