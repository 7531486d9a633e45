//! `environment.json`: the machine a run took place on, without names of people and without private paths.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use gate_text::secrets::mask_text;
use gate_world::environment::Environment;
use gate_world::toolchain::{Rustc, Toolchain};

use super::format::SCHEMA_VERSION;

/// Variables whose value is kept: they change what cargo builds or how tests run, and hold no secrets.
const WITH_VALUE: &str = "\
    CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL CARGO_NET_OFFLINE CI GITHUB_ACTIONS GITLAB_CI LANG \
    LC_ALL RUSTFLAGS RUSTUP_TOOLCHAIN RUST_BACKTRACE RUST_TEST_THREADS SOURCE_DATE_EPOCH TZ";
/// The same for every variable with this prefix.
const WITH_VALUE_PREFIX: &str = "CARGO_PROFILE_";
/// Variables with these prefixes are listed by name alone.
const NAME_ONLY_PREFIXES: &[&str] = &["CARGO_", "RUST"];
/// Variables that hold the home directory or the name of the user.
const HOMES: &[&str] = &["HOME", "USERPROFILE"];
const USERS: &[&str] = &["USER", "LOGNAME", "USERNAME"];

/// Contents of `environment.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentRecord {
    /// Version of this file.
    pub schema_version: u32,
    /// Operating system, as `std::env::consts::OS`.
    pub os: String,
    /// Architecture, as `std::env::consts::ARCH`.
    pub arch: String,
    /// Number of threads that can run at once; absent when the system does not say.
    pub cpus: Option<u64>,
    /// Version of this tool.
    pub tool_version: String,
    /// The compiler; absent when it could not be run.
    pub rustc: Option<Rustc>,
    /// Version of cargo; absent when it could not be run.
    pub cargo: Option<String>,
    /// Variables that concern cargo, the compiler and tests: the value where it is known to be harmless, else `null`.
    pub variables: BTreeMap<String, Option<String>>,
    #[serde(skip)]
    redactions: Vec<(String, &'static str)>,
}

impl EnvironmentRecord {
    /// Describes this machine. `toolchain` is `None` when a run failed before it was known; `root` is the workspace.
    pub fn collect(toolchain: Option<&Toolchain>, environment: &Environment, root: &Path) -> Self {
        let redactions = redactions(environment, root);
        let mut variables = BTreeMap::new();
        for prefix in NAME_ONLY_PREFIXES {
            for (name, _) in environment.with_prefix(prefix) {
                variables.insert(name.to_owned(), None);
            }
        }
        for (name, value) in Self::recorded(environment) {
            let value = mask_text(&redact(&value, &redactions)).into_owned();
            variables.insert(name, Some(value));
        }
        Self {
            schema_version: SCHEMA_VERSION,
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpus: std::thread::available_parallelism()
                .ok()
                .map(|count| count.get() as u64),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            rustc: toolchain.and_then(|toolchain| toolchain.rustc.as_ref().ok().cloned()),
            cargo: toolchain.map(|toolchain| toolchain.cargo.to_string()),
            variables,
            redactions,
        }
    }

    /// Variables whose values are recorded, as they are.
    pub fn recorded(environment: &Environment) -> BTreeMap<String, String> {
        WITH_VALUE
            .split_whitespace()
            .filter_map(|name| Some((name, environment.get(name)?)))
            .chain(environment.with_prefix(WITH_VALUE_PREFIX))
            .map(|(name, value)| (name.to_owned(), value.to_string_lossy().into_owned()))
            .collect()
    }

    /// `text` with the workspace root, the home directory and the user's name replaced.
    pub fn redact(&self, text: &str) -> String {
        redact(text, &self.redactions)
    }
}

/// What is replaced by what, longest first, so that a workspace below the home directory loses both.
fn redactions(environment: &Environment, root: &Path) -> Vec<(String, &'static str)> {
    let mut found = vec![(root.to_string_lossy().into_owned(), "<workspace>")];
    for name in HOMES {
        found.extend(environment.text(name).map(|home| (home.to_owned(), "~")));
    }
    for name in USERS {
        for separator in ['/', '\\'] {
            // A user is only recognised as a component of a path: as a bare word `ci` or `root` would hit too much.
            found.extend(
                environment
                    .text(name)
                    .map(|user| (format!("{separator}{user}{separator}"), "/<user>/")),
            );
        }
    }
    // On Windows people and tools write paths in either spelling.
    let slashed: Vec<_> = found
        .iter()
        .filter(|(text, _)| text.contains('\\') && text.len() > 1 && !text.starts_with(['/', '\\']))
        .map(|(text, public)| (text.replace('\\', "/"), *public))
        .collect();
    found.extend(slashed);
    // A root directory as home (containers) would replace every separator.
    found.retain(|(text, _)| text.trim_end_matches(['/', '\\']).len() > 1);
    found.sort_by(|a, b| (b.0.len(), &a.0).cmp(&(a.0.len(), &b.0)));
    found
}

fn redact(text: &str, redactions: &[(String, &str)]) -> String {
    let mut text = text.to_owned();
    for (private, public) in redactions {
        text = text.replace(private.as_str(), public);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_matters_and_hides_what_is_private() {
        let environment = Environment::from_pairs([
            ("HOME", "/home/ada"),
            ("USER", "ada"),
            ("CARGO_HOME", "/home/ada/.cargo"),
            ("CARGO_REGISTRY_TOKEN", "secret"),
            ("RUSTFLAGS", "-L /home/ada/lib -L /srv/ada/lib -L /home/ada/w/lib"),
            ("CARGO_PROFILE_RELEASE_LTO", "fat"),
            ("AWS_SECRET", "secret"),
        ]);
        let record = EnvironmentRecord::collect(None, &environment, Path::new("/home/ada/w"));
        let text = serde_json::to_string(&record.variables).unwrap();
        insta::assert_snapshot!(text, @r#"{"CARGO_HOME":null,"CARGO_PROFILE_RELEASE_LTO":"fat","CARGO_REGISTRY_TOKEN":null,"RUSTFLAGS":"-L ~/lib -L /srv/<user>/lib -L <workspace>/lib"}"#);
        let whole = serde_json::to_string(&record).unwrap();
        assert!(!whole.contains("ada") && !whole.contains("secret"));
        assert_eq!(
            record.redact("--manifest-path=/home/ada/w/Cargo.toml"),
            "--manifest-path=<workspace>/Cargo.toml"
        );
    }

    #[test]
    fn windows_paths_are_hidden_in_both_spellings() {
        let environment = Environment::from_pairs([("USERPROFILE", r"C:\Users\ada"), ("USERNAME", "ada")]);
        let record = EnvironmentRecord::collect(None, &environment, Path::new(r"C:\Users\ada\w"));
        for (text, shown) in [
            (r"--target-dir=C:\Users\ada\out", r"--target-dir=~\out"),
            ("--target-dir=C:/Users/ada/out", "--target-dir=~/out"),
            ("C:/Users/ada/w/x", "<workspace>/x"),
            (r"D:\ci\ada\x", r"D:\ci/<user>/x"),
        ] {
            assert_eq!(record.redact(text), shown);
        }
    }

    #[test]
    fn a_root_directory_as_home_hides_nothing_else() {
        let environment = Environment::from_pairs([("HOME", "/"), ("RUSTFLAGS", "-L /a/b")]);
        let record = EnvironmentRecord::collect(None, &environment, Path::new("/w/x"));
        assert_eq!(record.variables["RUSTFLAGS"].as_deref(), Some("-L /a/b"));
    }
}
