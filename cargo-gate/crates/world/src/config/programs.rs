//! Programs that cargo is told to run: compilers and what wraps them, linkers, runners of test binaries.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use gate_base::paths;

use super::{CargoConfig, ConfigLayer, ConfigValue};
use crate::environment::Environment;

/// Keys of `[build]`.
const BUILD: [&str; 4] = ["rustc", "rustc-wrapper", "rustc-workspace-wrapper", "rustdoc"];
/// Keys of each table below `[target]` and `[host]`.
const TARGET: [&str; 2] = ["runner", "linker"];
/// Variables that name a program; those of targets end like the keys above.
const VARIABLES: [&str; 4] = ["RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTDOC"];

impl CargoConfig {
    /// Every value that names a program, of every layer: one with a lower precedence counts for what the others do not name.
    pub fn programs(&self) -> impl Iterator<Item = ConfigValue<'_>> {
        self.layers.iter().flat_map(|layer| {
            let table = |key: &str| layer.table.get(key).and_then(toml::Value::as_table);
            let build = table("build")
                .into_iter()
                .flat_map(|build| BUILD.map(|key| build.get(key)));
            let targets = ["target", "host"].into_iter().filter_map(table);
            // `[host]` has its keys directly, too.
            let tables = targets.flat_map(|table| table.values().filter_map(toml::Value::as_table).chain([table]));
            let named = tables.flat_map(|table| TARGET.map(|key| table.get(key)));
            let values = build.chain(named).flatten();
            values.map(move |value| ConfigValue { value, layer })
        })
    }
}

impl ConfigLayer {
    /// The program that a value of this layer names by a relative path, which counts from the directory of the configuration.
    pub fn relative_program(&self, value: &toml::Value) -> Option<PathBuf> {
        let program = words(value).into_iter().next()?;
        let is_relative = program.contains(['/', '\\']) && Path::new(&program).is_relative();
        is_relative.then(|| paths::normalize(&self.base().join(program)))
    }
}

/// The files that cargo is told to run by its configuration and by variables, as far as they are there.
pub(crate) fn files(config: &CargoConfig, environment: &Environment, root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut find = |words: &[String], base: &Path| {
        for (place, word) in words.iter().enumerate() {
            let path = if word.contains(['/', '\\']) {
                // Arguments count from where the program starts.
                let candidates = [base, root].map(|base| paths::normalize(&base.join(word)));
                candidates.into_iter().find(|path| path.is_file())
            } else if place == 0 {
                environment.find_program(OsStr::new(word), root)
            } else {
                None
            };
            found.extend(path);
        }
    };
    for program in config.programs() {
        find(&words(program.value), program.layer.base());
    }
    let prefixed = ["CARGO_BUILD_RUST", "CARGO_TARGET_", "CARGO_HOST_"];
    let named = VARIABLES.into_iter().filter_map(|name| environment.text(name));
    let prefixed = prefixed.into_iter().flat_map(|prefix| environment.with_prefix(prefix));
    let prefixed = prefixed.filter(|(name, _)| {
        name.starts_with("CARGO_BUILD_RUST") && !name.ends_with("FLAGS")
            || name.ends_with("_RUNNER")
            || name.ends_with("_LINKER")
    });
    for text in named.chain(prefixed.filter_map(|(_, value)| value.to_str())) {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        find(&words, root);
    }
    found
}

/// A program with its arguments, as a text or a list.
fn words(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        toml::Value::Array(values) => values
            .iter()
            .filter_map(|value| Some(value.as_str()?.to_owned()))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_base::digest::Digest;

    #[test]
    fn programs_are_found_in_every_table() {
        let text = "[build]\nrustc-wrapper = \"tools/wrap\"\njobs = 3\n\n[target.x86_64-unknown-linux-gnu]\nrunner = [\"sh\", \"../run.sh\"]\n\n\
                    [target.'cfg(unix)']\nlinker = \"clang\"\n\n[host]\nlinker = \"/opt/ld\"\n";
        let layer = ConfigLayer {
            path: "/w/.cargo/config.toml".into(),
            found_by: "/w/.cargo/config.toml".into(),
            text: text.into(),
            table: text.parse().expect("TOML"),
            digest: Digest::of(b""),
        };
        let config = CargoConfig { layers: vec![layer] };
        let named: Vec<String> = config.programs().map(|program| program.value.to_string()).collect();
        assert_eq!(named.len(), 4, "{named:?}");
        let relative = config
            .programs()
            .filter_map(|program| program.layer.relative_program(program.value));
        assert_eq!(relative.collect::<Vec<_>>(), [PathBuf::from("/w/tools/wrap")]);
    }
}
