//! Environment variables, read once at the start, so that everything after is a function of its inputs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gate_base::process::{self, EVIDENCE_KEY};

/// A snapshot of the process environment.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os())
    }

    /// An environment with just these variables. On Windows, where case does not tell variables apart, names are kept
    /// in upper case.
    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self {
            variables: pairs
                .into_iter()
                .map(|(key, value)| (spelling(key.into()), value.into()))
                .collect(),
        }
    }

    /// The same environment with one variable set to this.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut variables = self.variables.clone();
        variables.insert(spelling(name.into()), value.into());
        Self { variables }
    }

    /// A variable, if it is set (to anything, the empty string included).
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(&spelling(name.into())).map(OsString::as_os_str)
    }

    /// A variable, if it is set to non-empty UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str).filter(|value| !value.is_empty())
    }

    /// A variable, if it is set and not empty, as a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// All variables whose name is UTF-8 and starts with `prefix`, sorted by name.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a OsStr)> {
        self.variables
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.as_os_str())))
            .filter(move |(name, _)| name.starts_with(prefix))
    }

    /// The user's home directory: `HOME`, on Windows `USERPROFILE`.
    pub fn home(&self) -> Option<PathBuf> {
        self.path(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
    }

    /// Where cargo keeps its caches and its own configuration: `CARGO_HOME`, else `.cargo` in the home directory.
    /// A relative value counts from `cwd`.
    pub fn cargo_home(&self, cwd: &Path) -> Option<PathBuf> {
        self.path("CARGO_HOME")
            .map(|home| cwd.join(home))
            .or_else(|| Some(self.home()?.join(".cargo")))
    }

    /// Where rustup keeps toolchains: `RUSTUP_HOME`, else `.rustup` in the home directory.
    pub fn rustup_home(&self, cwd: &Path) -> Option<PathBuf> {
        self.path("RUSTUP_HOME")
            .map(|home| cwd.join(home))
            .or_else(|| Some(self.home()?.join(".rustup")))
    }

    /// Where programs keep what the user need not see: `XDG_STATE_HOME`, else `.local/state` in the home directory;
    /// `Library/Application Support` on macOS, `LOCALAPPDATA` on Windows.
    pub fn state_home(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            self.path("LOCALAPPDATA")
                .or_else(|| Some(self.home()?.join("AppData").join("Local")))
        } else if cfg!(target_os = "macos") {
            Some(self.home()?.join("Library").join("Application Support"))
        } else {
            self.path("XDG_STATE_HOME")
                .filter(|path| path.is_absolute())
                .or_else(|| Some(self.home()?.join(".local").join("state")))
        }
    }

    /// The program of this name as the `PATH` finds it, absolute. A name with a directory in it counts from `cwd`.
    pub fn find_program(&self, name: &OsStr, cwd: &Path) -> Option<PathBuf> {
        process::find(name, cwd, self.get("PATH"), self.text("PATHEXT"))
    }

    /// A command with this environment but for [`EVIDENCE_KEY`], without input, its output captured. The program is given as a full
    /// path so that the lookup happens once and by the same rule on every system.
    pub fn command(&self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.variables)
            .env_remove(EVIDENCE_KEY)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

fn spelling(name: OsString) -> OsString {
    if cfg!(windows) { name.to_ascii_uppercase() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_through_the_given_path_only() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let name = format!("tool{}", std::env::consts::EXE_SUFFIX);
        let program = directory.path().join(&name);
        std::fs::write(&program, "").expect("write");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        }
        let environment = Environment::from_pairs([("PATH", directory.path())]);
        let cwd = directory.path();
        assert_eq!(environment.find_program(OsStr::new("tool"), cwd), Some(program));
        assert_eq!(environment.find_program(OsStr::new("other"), cwd), None);
        assert_eq!(Environment::default().find_program(OsStr::new("tool"), cwd), None);
    }

    #[cfg(windows)]
    #[test]
    fn windows_programs_have_extensions_and_its_variables_no_case() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let cwd = directory.path();
        for name in ["git", "shim.cmd", "tool-1.2.exe", "page.html"] {
            std::fs::write(cwd.join(name), "").expect("write");
        }
        let pairs = [("Path", cwd.as_os_str()), ("PathExt", OsStr::new(".EXE;.CMD;.HTML"))];
        let environment = Environment::from_pairs(pairs);
        assert_eq!(environment.get("path"), Some(cwd.as_os_str()));
        let find = |name: &str| {
            let found = environment.find_program(OsStr::new(name), cwd)?;
            Some(found.file_name()?.to_string_lossy().into_owned())
        };
        assert_eq!(find("git"), None);
        assert_eq!(find("page"), None);
        assert_eq!(find("shim").as_deref(), Some("shim.cmd"));
        assert_eq!(find("tool-1.2").as_deref(), Some("tool-1.2.exe"));
        assert_eq!(find("tool-1.2.exe").as_deref(), Some("tool-1.2.exe"));
    }
}
