//! `cargo xtask picture`: the picture of a verdict that the README shows, drawn from what the program prints.
//!
//! The subject is `examples/cli` before anyone brought it under the gate: no policy, no pinned compiler,
//! and a workflow that leaves out `--locked`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anstyle_svg::{Term, WIN10_CONSOLE};

use crate::Result;

/// Where the picture is kept.
pub const PATH: &str = "docs/src/verdict.svg";

/// What stands at the prompt.
const PROMPT: &str = "\x1b[1;32m$\x1b[0m cargo gate controlled\n";

const WORKFLOW: &str = "\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - run: cargo test --workspace
";

/// Files of the subject, from the example.
const FILES: [&str; 6] = [
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "src/lib.rs",
    "src/main.rs",
    "tests/columns.rs",
];

/// Variables without which cargo, git and a linker are not found. Others would change what is printed.
const KEPT: [&str; 16] = [
    "PATH",
    "HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "TMPDIR",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "ProgramData",
    "ProgramFiles",
    "ProgramFiles(x86)",
    "SystemRoot",
    "SystemDrive",
];

/// Draws the picture with this binary.
///
/// # Errors
/// The example cannot be copied, or the verdict is not the one that the picture is about.
pub fn draw(root: &Path, binary: &Path) -> Result<String> {
    // Outside this repository, whose toolchain file would otherwise pin the compiler of the subject.
    let directory = tempfile::tempdir()?;
    let subject = directory.path().join("columns");
    for path in FILES {
        let text = fs::read_to_string(root.join("examples").join("cli").join(path))
            .map_err(|error| format!("examples/cli/{path}: {error}"))?;
        put(&subject, path, &text)?;
    }
    put(&subject, ".github/workflows/ci.yml", WORKFLOW)?;
    git(&subject, &["init", "--quiet", "--initial-branch=main"])?;
    git(&subject, &["add", "--all"])?;
    git(&subject, &["commit", "--quiet", "--message", "First"])?;

    let pilot = gate(&subject, binary, "pilot")?;
    let controlled = gate(&subject, binary, "controlled")?;
    if (pilot.status.code(), controlled.status.code()) != (Some(0), Some(1)) {
        return Err(format!(
            "pilot should be ready and controlled should not be:\n{}{}",
            String::from_utf8_lossy(&pilot.stdout),
            String::from_utf8_lossy(&controlled.stdout)
        )
        .into());
    }
    // How long it took is different every time.
    let verdict = String::from_utf8(controlled.stdout)?.replace(" in [time]", "");
    let terminal = Term::new().palette(WIN10_CONSOLE);
    Ok(terminal.render_svg(&format!("{PROMPT}{}\n", verdict.trim_end())))
}

/// Writes the picture. Returns whether it changed.
///
/// # Errors
/// It cannot be drawn or written.
pub fn write(root: &Path, binary: &Path) -> Result<bool> {
    let svg = draw(root, binary)?;
    let file = root.join(PATH);
    if fs::read_to_string(&file).is_ok_and(|old| old == svg) {
        return Ok(false);
    }
    fs::write(&file, svg).map_err(|error| format!("cannot write `{PATH}`: {error}"))?;
    Ok(true)
}

fn put(directory: &Path, path: &str, text: &str) -> Result {
    let file = directory.join(path);
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(file, text)?)
}

fn command(directory: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear().env("CARGO_GATE_REDACT", "1");
    command.envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| KEPT.contains(&name))));
    command
}

fn git(directory: &Path, arguments: &[&str]) -> Result {
    let output = command(directory, Path::new("git"))
        .args(["-c", "user.name=Example", "-c", "user.email=example@example.invalid"])
        .args(["-c", "core.autocrlf=false", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn gate(directory: &Path, binary: &Path, stage: &str) -> Result<Output> {
    let mut command = command(directory, binary);
    Ok(command.args(["gate", stage, "--color", "always"]).output()?)
}
