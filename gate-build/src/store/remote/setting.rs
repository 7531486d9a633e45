//! Which remote store a build may use, and how.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::env::{Env, Os};
use crate::error::Error;
use crate::sorted::List as _;
use crate::store::protocol::Mode;

/// How long one answer may take where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Largest policy that is looked at.
const LARGEST_POLICY: u64 = 1 << 20;

/// Which remote store a build may use, and how.
pub(crate) struct Setting {
    address: String,
    pub mode: Mode,
    /// Longest time for one answer.
    pub timeout: Duration,
    env: Env,
    /// Why it is not used.
    reason: Mutex<Option<String>>,
}

/// `[cache]` of a policy, as far as builds use it.
#[derive(Default)]
struct Declared {
    remote: Option<String>,
    mode: Option<String>,
    timeout: Option<String>,
}

impl Setting {
    /// What the environment says, and `[cache]` in `gate.toml` where it says nothing; `None` when no remote store is
    /// named or it is switched off.
    ///
    /// # Errors
    /// A variable holds something else than it may.
    pub(crate) fn of(env: &Env, out_dir: &Path, crate_root: &Path) -> Result<Option<Self>, Error> {
        let text = |name: &str| env.variable(name).map(|value| value.to_string_lossy().into_owned());
        let wrong = |name: &str, value: &str, help: &str| {
            // An address may hold a password; what is wrong with the others may be shown.
            Error::configuration(format!("invalid value `{value}` for `{name}`"), help.to_owned())
        };
        let mode = match text("GATE_CACHE_MODE") {
            Some(name) => Some(
                Mode::named(&name).ok_or_else(|| wrong("GATE_CACHE_MODE", &name, "set it to `rw`, `ro` or `off`"))?,
            ),
            None => None,
        };
        let timeout = match text("GATE_CACHE_TIMEOUT") {
            Some(value) => Some(seconds(&value).ok_or_else(|| {
                wrong(
                    "GATE_CACHE_TIMEOUT",
                    &value,
                    "set it to a duration from 1s to 10m, such as `GATE_CACHE_TIMEOUT=10s`",
                )
            })?),
            None => None,
        };
        if mode == Some(Mode::Off) {
            return Ok(None);
        }
        let declared = policy(out_dir, crate_root)
            .map(|file| declared(&file))
            .unwrap_or_default();
        let mode = mode
            .or_else(|| Mode::named(declared.mode.as_deref()?))
            .unwrap_or(Mode::ReadOnly);
        let address = text("GATE_CACHE_REMOTE").or(declared.remote);
        Ok(address.filter(|_| mode != Mode::Off).map(|address| Self {
            address,
            mode,
            timeout: timeout
                .or_else(|| seconds(declared.timeout.as_deref()?))
                .unwrap_or(TIMEOUT),
            env: env.clone(),
            reason: Mutex::default(),
        }))
    }

    /// The program that serves it: `GATE_CACHE_HELPER`, else `cargo-gate` on `PATH`.
    pub(super) fn program(&self) -> Option<PathBuf> {
        if let Some(file) = self.env.variable("GATE_CACHE_HELPER") {
            return Some(PathBuf::from(file));
        }
        let name = match self.env.os() {
            Os::Windows => "cargo-gate.exe",
            Os::Linux | Os::MacOs => "cargo-gate",
        };
        let mut files = self.env.search_path().into_iter().map(|folder| folder.join(name));
        files.seek(|file| self.env.is_file(file))
    }

    /// The environment of that program: this one, and what was decided.
    pub(super) fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        let decided = [
            ("GATE_CACHE_REMOTE", self.address.clone()),
            ("GATE_CACHE_MODE", self.mode.name().to_owned()),
            ("GATE_CACHE_TIMEOUT", format!("{}s", self.timeout.as_secs())),
        ];
        let own = self
            .env
            .variables()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.chain(
            decided
                .into_iter()
                .map(|(name, value)| (OsString::from(name), OsString::from(value))),
        )
    }

    /// Remembers why it is not used, unless something is known already.
    pub(super) fn note(&self, reason: &str) {
        let mut known = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_with(|| reason.replace(['\n', '\r'], " "));
    }

    pub(super) fn reason(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A time of 1 s to 10 min: `10s`, `2m`.
fn seconds(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (1..=600).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// The policy of the workspace that is built: that above its target directory, else that above the crate. That of a
/// downloaded dependency does not count: where results come from is for whoever builds to say.
fn policy(out_dir: &Path, crate_root: &Path) -> Option<PathBuf> {
    let above = |folder: &Path| {
        folder
            .ancestors()
            .take_while(|folder| !folder.join(".cargo-ok").is_file())
            .map(|folder| folder.join("gate.toml"))
            .seek(|file| file.is_file())
    };
    above(out_dir).or_else(|| above(crate_root))
}

/// `[cache]` of a policy. Whether the file is as it should be is for `cargo gate` to say.
fn declared(file: &Path) -> Declared {
    let is_small = fs::metadata(file).is_ok_and(|metadata| metadata.len() <= LARGEST_POLICY);
    let text = if is_small {
        fs::read_to_string(file).unwrap_or_default()
    } else {
        String::new()
    };
    // Most policies name no remote store, and reading TOML takes a while in a build script.
    if text.contains("remote") {
        read(&text)
    } else {
        Declared::default()
    }
}

fn read(text: &str) -> Declared {
    let Ok(value) = toml_span::parse(text) else {
        return Declared::default();
    };
    let key = |name: &str| value.pointer(&format!("/cache/{name}"))?.as_str().map(str::to_owned);
    Declared {
        remote: key("remote"),
        mode: key("mode"),
        timeout: key("timeout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Disk;

    const POLICY: &str = "version = 1\n[cache]\nremote = \"http://cache/x\"\nmode = \"rw\"\ntimeout = \"3s\"\n";

    fn setting(variables: &[(&str, &str)], policy: &str) -> Result<Option<(String, Mode, u64)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("crates").join("one");
        let out = folder
            .path()
            .join("target")
            .join("debug")
            .join("build")
            .join("one-1")
            .join("out");
        fs::create_dir_all(&root).unwrap();
        fs::create_dir_all(&out).unwrap();
        fs::write(folder.path().join("gate.toml"), policy).unwrap();
        let env = Env::new(Os::host(), variables.iter().copied(), Disk);
        let setting = Setting::of(&env, &out, &root).map_err(|error| error.to_string())?;
        Ok(setting.map(|setting| (setting.address, setting.mode, setting.timeout.as_secs())))
    }

    #[test]
    fn the_environment_goes_before_the_policy() {
        let http = "http://cache/x".to_owned();
        assert_eq!(setting(&[], "version = 1\n"), Ok(None));
        assert_eq!(setting(&[], POLICY), Ok(Some((http.clone(), Mode::ReadWrite, 3))));
        assert_eq!(
            setting(&[("GATE_CACHE_MODE", "ro")], POLICY),
            Ok(Some((http, Mode::ReadOnly, 3)))
        );
        assert_eq!(setting(&[("GATE_CACHE_MODE", "off")], POLICY), Ok(None));
        let file = [("GATE_CACHE_REMOTE", "file:///x"), ("GATE_CACHE_TIMEOUT", "2m")];
        assert_eq!(
            setting(&file, ""),
            Ok(Some(("file:///x".to_owned(), Mode::ReadOnly, 120)))
        );
        assert_eq!(setting(&[], "[cache]\nremote = 3\n"), Ok(None));
        assert_eq!(setting(&[], "[cache\nremote = \"x\"\n"), Ok(None));
    }

    #[test]
    fn variables_that_hold_something_else_are_errors() {
        let error = setting(&[("GATE_CACHE_MODE", "write")], "").unwrap_err();
        assert_eq!(
            error,
            "error[configuration]: invalid value `write` for `GATE_CACHE_MODE`\n  help: set it to `rw`, `ro` or `off`"
        );
        for time in ["0s", "10", "11m", "s", "é"] {
            assert!(setting(&[("GATE_CACHE_TIMEOUT", time)], "").is_err(), "{time}");
        }
    }

    #[test]
    fn the_policy_of_a_downloaded_crate_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("registry").join("one-1.0.0");
        let out = folder.path().join("elsewhere");
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("gate.toml"), POLICY).unwrap();
        assert!(policy(&out, &root).is_some());
        fs::write(root.join(".cargo-ok"), "").unwrap();
        assert_eq!(policy(&out, &root), None);
    }
}
