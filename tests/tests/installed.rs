//! What only the binary of a plain `cargo install` says: parts that it leaves out name the feature that brings them.
//! `cargo xtask ci` installs it, and runs this beside the other whole-program tests.

use gate_tests::gate;

#[test]
#[ignore = "needs the binary of a plain `cargo install`, which `cargo xtask ci` makes"]
fn what_is_left_out_names_the_feature_that_brings_it() {
    insta::assert_snapshot!(gate!().run(["lsp"]), @r"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: this `cargo gate` was installed without the feature `lsp`
    help: cargo install cargo-gate --locked --features lsp
    ");
    let elsewhere = gate!().env("GATE_CACHE_REMOTE", "https://cache.example/kernels");
    insta::assert_snapshot!(elsewhere.run(["kernels", "serve"]), @r"
    exit code: 2
    ----- stdout -----
    gate-cache 1 off this `cargo gate` was installed without the feature `remote`
    ----- stderr -----
    error: this `cargo gate` was installed without the feature `remote`
    help: cargo install cargo-gate --locked --features remote
    ");
    let folder = gate!().env("GATE_CACHE_REMOTE", "file:///srv/kernels");
    assert_eq!(
        folder.run(["kernels", "serve"]).code,
        Some(0),
        "a folder needs no feature"
    );
    let signed = gate!()
        .file("model/README.md", "---\nlicense: mit\n---\n")
        .file(
            "model/model.sig",
            include_str!("../../cargo-gate/crates/ready/tests/data/model.sig"),
        )
        .file(
            "key.pem",
            include_str!("../../cargo-gate/crates/ready/tests/data/model.pem"),
        );
    let run = signed.run(["ready", "--run", "model", "--model-key", "key.pem"]);
    let told =
        "installed without the feature `model-signing`; `cargo install cargo-gate --locked --features model-signing`";
    assert!(run.code == Some(1) && run.stdout.contains(told), "{run}");
}
