//! The command itself. That there is such a test also makes `cargo test --workspace` build the binary, which continuous
//! integration then calls.

use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .output()
        .expect("the binary starts")
}

#[test]
fn generated_documentation_is_up_to_date() {
    let output = xtask(&["docs", "--check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_step_that_does_not_exist_is_refused() {
    let output = xtask(&["ci", "--skip", "tests"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains(
            "[possible values: format, test, kills, installed, docs, rustdoc, release, refused, registry, usability, gate, ergonomics]"
        ),
        "{said}"
    );
}
