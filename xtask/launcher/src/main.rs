//! `cargo xtask`: scaffolds a check itself, with the standard library alone, and hands every other command to the package
//! `xtask`, which depends on the product and takes minutes to build.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this binary talks to the developer who runs it"
)]

mod new_check;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Whatever went wrong, worded for whoever ran the command.
type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let result = match arguments.split_first() {
        Some((command, rest)) if command == "new-check" => new_check(rest),
        _ => everything_else(&arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn new_check(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let id = match arguments {
        [id] if id != "--help" && id != "-h" => id.to_string_lossy(),
        _ => {
            println!(
                "Usage: cargo xtask new-check <AREA.NAME>\n\nScaffolds a check that works, with all that its tests ask for"
            );
            return Ok(ExitCode::SUCCESS);
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .ok_or("the project has no root")?;
    for path in new_check::scaffold(root, &id)? {
        println!("wrote {path}");
    }
    println!(
        "next: replace the words in capitals, let `cargo test --workspace --locked` say what is left, then run `cargo xtask docs`"
    );
    Ok(ExitCode::SUCCESS)
}

fn everything_else(arguments: &[OsString]) -> Result<ExitCode, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--package", "xtask", "--locked", "--"])
        .args(arguments)
        .status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
