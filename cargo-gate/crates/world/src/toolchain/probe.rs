//! Versions of cargo and rustc, asked once per toolchain.

use std::path::Path;

use semver::Version;
use serde::{Deserialize, Serialize};

use gate_base::digest::Digest;
use gate_base::error::{Error, ErrorKind, Result};

use super::super::cache;
use super::super::environment::Environment;
use super::Programs;

const NAME: &str = "toolchain";
const VERSION: u32 = 1;

/// What `rustc -vV` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rustc {
    /// Release, `1.95.0` or `1.97.0-nightly`.
    pub release: Version,
    /// Commit hash, where it is known.
    pub commit: Option<String>,
    /// Commit date, `YYYY-MM-DD`, where it is known.
    pub commit_date: Option<String>,
    /// Host triple.
    pub host: String,
    /// LLVM version, where it is known.
    pub llvm: Option<String>,
}

/// What the programs say about themselves.
#[derive(Debug, Clone)]
pub struct Versions {
    pub(crate) cargo: Version,
    /// The message when it cannot be run.
    pub rustc: Result<Rustc, String>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    identity: Digest,
    cargo: Version,
    rustc: Rustc,
}

/// Asks the programs.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) cwd: &'a Path,
    pub(crate) environment: &'a Environment,
}

impl Probe<'_> {
    /// What was said before by these same programs.
    pub fn load(&self, gate_dir: &Path) -> Option<Versions> {
        let record: Record = gate_base::record::read(&gate_dir.join(NAME), VERSION)?;
        (record.identity == self.programs.identity).then_some(Versions {
            cargo: record.cargo,
            rustc: Ok(record.rustc),
        })
    }

    /// Keeps what was said, unless a program could not be run: that may change without a trace.
    ///
    /// # Errors
    /// I/O errors.
    pub fn store(&self, gate_dir: &Path, versions: &Versions) -> Result<()> {
        let Ok(rustc) = &versions.rustc else { return Ok(()) };
        let record = Record {
            identity: self.programs.identity,
            cargo: versions.cargo.clone(),
            rustc: rustc.clone(),
        };
        cache::write(gate_dir, NAME, VERSION, &record)
    }

    /// Starts both programs side by side.
    ///
    /// # Errors
    /// cargo cannot be run.
    pub fn ask(&self) -> Result<Versions> {
        let rustc = self.rustc();
        let cargo = self.cargo();
        Ok(Versions { cargo: cargo?, rustc })
    }

    fn cargo(&self) -> Result<Version> {
        self.run(&self.programs.cargo, "-V")
            .and_then(|text| parse_cargo(&text).ok_or_else(|| format!("cannot parse `{}`", text.trim())))
            .map_err(|message| {
                let help = match missing_toolchain(&message) {
                    Some(toolchain) => format!("`rustup toolchain install {toolchain}`"),
                    None => "`cargo gate doctor` shows what is missing".to_owned(),
                };
                Error::new(ErrorKind::ToolchainMissing, format!("cannot run `cargo -V`: {message}")).with_help(help)
            })
    }

    fn rustc(&self) -> Result<Rustc, String> {
        let program = self.programs.rustc.as_deref().ok_or("`rustc` is not on PATH")?;
        let text = self.run(program, "-vV")?;
        parse_rustc(&text).ok_or_else(|| format!("cannot parse the output of `{} -vV`", program.display()))
    }

    fn run(&self, program: &Path, argument: &str) -> Result<String, String> {
        let output = self
            .environment
            .command(program, self.cwd)
            .arg(argument)
            // A toolchain file must not make rustup download anything.
            .env("RUSTUP_AUTO_INSTALL", "0")
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(cause(&String::from_utf8_lossy(&output.stderr)))
    }
}

/// The line that says what is wrong, without the hint and the backtrace that rustup may print below it.
fn cause(stderr: &str) -> String {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines
        .clone()
        .find_map(|line| line.strip_prefix("error: "))
        .or_else(|| lines.next());
    first.unwrap_or("it gave no reason").to_owned()
}

/// The toolchain that rustup misses: `toolchain '1.88.0-x86_64-…' is not installed`.
fn missing_toolchain(message: &str) -> Option<&str> {
    let (name, rest) = message.strip_prefix("toolchain '")?.split_once('\'')?;
    rest.starts_with(" is not installed").then_some(name)
}

/// The version in `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`; `None` for anything else.
pub fn parse_cargo(text: &str) -> Option<Version> {
    Version::parse(text.strip_prefix("cargo ")?.split_whitespace().next()?).ok()
}

/// The lines `key: value` of `rustc -vV`; `None` for anything else.
pub fn parse_rustc(text: &str) -> Option<Rustc> {
    let field = |key: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))?;
        Some(line.trim().to_string())
    };
    let known = |key: &str| field(key).filter(|value| value != "unknown");
    Some(Rustc {
        release: Version::parse(&field("release")?).ok()?,
        commit: known("commit-hash"),
        commit_date: known("commit-date"),
        host: field("host")?,
        llvm: known("LLVM version"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rustup_misses_is_named_without_its_backtrace() {
        let stderr = "info: syncing\nerror: toolchain '1.96-x86_64-unknown-linux-gnu' is not installed\n\
            help: run `rustup toolchain install` to install it\n\nStack backtrace:\n   0: anyhow::error\n";
        let message = cause(stderr);
        assert_eq!(message, "toolchain '1.96-x86_64-unknown-linux-gnu' is not installed");
        assert_eq!(missing_toolchain(&message), Some("1.96-x86_64-unknown-linux-gnu"));
        assert_eq!(missing_toolchain("permission denied"), None);
        assert_eq!(cause(" \n"), "it gave no reason");
    }

    #[test]
    fn versions_are_understood() {
        assert_eq!(
            parse_cargo("cargo 1.95.0 (f2d3ce0bd 2026-03-21)\n"),
            Some(Version::new(1, 95, 0))
        );
        assert_eq!(parse_cargo("rustup 1.28.0"), None);
        let text = "rustc 1.97.0-nightly (abc 2026-05-01)\nbinary: rustc\ncommit-hash: unknown\n\
            commit-date: 2026-05-01\nhost: x86_64-unknown-linux-gnu\nrelease: 1.97.0-nightly\nLLVM version: 22.1.0\n";
        let rustc = parse_rustc(text).expect("understood");
        assert_eq!(rustc.release.to_string(), "1.97.0-nightly");
        assert_eq!(rustc.commit, None);
        assert_eq!(rustc.commit_date.as_deref(), Some("2026-05-01"));
        assert_eq!(rustc.host, "x86_64-unknown-linux-gnu");
        assert_eq!(rustc.llvm.as_deref(), Some("22.1.0"));
        assert_eq!(parse_rustc("release: x"), None);
    }
}
