//! Runs programs of a Rust toolchain apart from the build that asks for them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::compiler::Setting;
use crate::diagnostic::{Diagnostic, Id};
use crate::env::{Disk, Env, Os};
use crate::process::{Finished, Invocation};
use crate::sorted::List as _;

/// rustc, and the cargo that belongs to it.
pub(crate) struct Programs<'a> {
    pub rustc: PathBuf,
    /// What `rustc -vV` prints.
    pub version: String,
    /// The environment of this build without what cargo tells its build script.
    pub env: Env,
    pub setting: &'a Setting,
}

impl Programs<'_> {
    /// Runs a program with this environment.
    ///
    /// # Errors
    /// It cannot be started, or does not end.
    pub(crate) fn run(
        &self,
        program: &Path,
        arguments: Vec<OsString>,
        directory: &Path,
        env: &Env,
    ) -> Result<Finished, Diagnostic> {
        Invocation {
            program,
            arguments,
            directory: directory.to_path_buf(),
            env,
            timeout: self.setting.timeout,
        }
        .run()
    }

    /// Runs the cargo beside rustc, or the one that runs this build script, with these flags for what is compiled for the
    /// target.
    ///
    /// # Errors
    /// It cannot be started, or does not end.
    pub(crate) fn cargo(
        &self,
        arguments: Vec<OsString>,
        directory: &Path,
        flags: &[OsString],
    ) -> Result<Finished, Diagnostic> {
        let name = if cfg!(windows) { "cargo.exe" } else { "cargo" };
        let beside = self.rustc.with_file_name(name);
        let cargo = if beside.is_file() {
            beside
        } else {
            let own = self.setting.env.variable("CARGO").map(PathBuf::from);
            own.unwrap_or_else(|| PathBuf::from(name))
        };
        let flags = flags.join(OsStr::new("\u{1f}"));
        let more = [("RUSTC", self.rustc.as_os_str()), ("CARGO_ENCODED_RUSTFLAGS", &flags)];
        self.run(&cargo, arguments, directory, &own_environment(&self.setting.env, &more))
    }
}

/// The variables that a rustc or cargo of its own gets: not what cargo tells a build script about the crate that is being
/// built, and not what asks the outer build for flags or wrappers.
pub(crate) fn own_environment(env: &Env, more: &[(&str, &OsStr)]) -> Env {
    let given = |name: &OsStr| more.iter().any(|(given, _)| name.eq_ignore_ascii_case(given));
    let own = env
        .variables()
        .filter(|(name, _)| passes(env, name) && !given(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let more = more
        .iter()
        .map(|(name, value)| (OsString::from(name), (*value).to_owned()));
    let unstable = (OsString::from("RUSTC_BOOTSTRAP"), OsString::from("1"));
    Env::new(env.os(), own.chain(more).chain([unstable]), Disk)
}

/// Whether a variable of this environment is handed on as it is. On Windows case does not matter.
pub(super) fn passes(env: &Env, name: &OsStr) -> bool {
    const KEPT: &[&str] = &[
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTR",
        "RUSTUP_",
        "RUST_BACKTRACE",
    ];
    const DROPPED: &[&str] = &[
        "CARGO",
        "RUST",
        "DEP_",
        "TARGET",
        "HOST",
        "OUT_DIR",
        "PROFILE",
        "OPT_LEVEL",
        "DEBUG",
        "NUM_JOBS",
        "MAKEFLAGS",
        "MFLAGS",
    ];
    let name = name.to_string_lossy();
    let name = if env.os() == Os::Windows {
        name.to_ascii_uppercase()
    } else {
        name.into_owned()
    };
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    starts(KEPT) || !starts(DROPPED)
}

/// The flag that writes `to` for the folder `from`.
pub(crate) fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

/// A line of `rustc -vV`.
pub(crate) fn field<'a>(version: &'a str, name: &str) -> Option<&'a str> {
    version
        .split('|')
        .seek_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// What `rustc -vV` prints, lines joined by `|`.
pub(crate) fn version_of(program: &Path, env: &Env, setting: &Setting) -> Result<String, Diagnostic> {
    let finished = Invocation {
        program,
        arguments: vec!["-vV".into()],
        directory: setting.crate_root.clone(),
        env,
        timeout: setting.timeout,
    }
    .run()?;
    let text: Vec<&str> = finished.text.lines().map(str::trim).list();
    let text = text.join("|");
    if finished.status.success() && field(&text, "release").is_some() {
        return Ok(text);
    }
    Err(Diagnostic::error(
        Id::CompilerUnusable,
        format!("`{} -vV` did not print a rustc version", program.display()),
    )
    .output(&finished.text)
    .help("correct `GATE_RUSTC` or `PATH`, or reinstall the toolchain"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_of_its_own_does_not_see_the_outer_build() {
        let env = Env::new(
            crate::env::Os::host(),
            [
                ("PATH", "/bin"),
                ("CARGO_HOME", "/c"),
                ("CARGO_TARGET_DIR", "/t"),
                ("RUSTFLAGS", "-x"),
                ("CARGO_ENCODED_RUSTFLAGS", "-x"),
                ("RUSTC_WRAPPER", "w"),
                ("TARGET", "x86"),
                ("RUSTUP_HOME", "/r"),
            ],
            Disk,
        );
        let own = own_environment(&env, &[]);
        let mut names: Vec<_> = own
            .variables()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["CARGO_HOME", "PATH", "RUSTC_BOOTSTRAP", "RUSTUP_HOME"]);
    }
}
