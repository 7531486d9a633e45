//! The directories in which a command of cargo builds, as far as its words, variables and configuration name them
//! (<https://doc.rust-lang.org/cargo/reference/build-cache.html>). More than those it uses do no harm, as long as no other checkout builds there.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use gate_base::paths;
use gate_world::Workspace;
use gate_world::config::CargoConfig;

/// Changes to the environment of a command.
pub(super) type Changes = [(OsString, Option<OsString>)];

/// Keys of cargo's configuration that name one: the variable `CARGO_TARGET_DIR` overrides the first.
const KEYS: [&str; 2] = ["build.target-dir", "build.build-dir"];
/// The variables that do.
const VARIABLES: [&str; 3] = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"];

/// Roots of the workspaces that a command may build: that of the files, and any below it where the command is started, or
/// whose manifest it names.
pub(super) fn roots(root: &Path, directory: &Path, command: &[String]) -> Vec<PathBuf> {
    let manifests = values(command, "--manifest-path").map(|path| paths::normalize(&directory.join(path)));
    let named: Vec<PathBuf> = manifests.filter_map(|path| path.parent().map(Path::to_owned)).collect();
    let mut roots = vec![root.to_owned()];
    for start in named.iter().map(PathBuf::as_path).chain([directory]) {
        let below = start.ancestors().take_while(|own| own.starts_with(root));
        for own in below.chain([start]) {
            if !roots.iter().any(|known| known == own) {
                roots.push(own.to_owned());
            }
        }
    }
    roots
}

/// The directories, some of them twice.
pub(super) fn of(
    workspace: &Workspace,
    roots: &[PathBuf],
    directory: &Path,
    command: &[String],
    environment: &Changes,
) -> Vec<PathBuf> {
    let set = |name: &str| environment.iter().rev().find(|(other, _)| other == name)?.1.as_deref();
    let mut found: Vec<PathBuf> = Vec::new();
    // Where the gate chooses the directory, as for another commit, that of the workspace is not built in.
    let chosen = set("CARGO_TARGET_DIR");
    let keys = if chosen.is_some() { &KEYS[1..] } else { &KEYS[..] };
    let variables = if chosen.is_some() {
        &VARIABLES[2..]
    } else {
        &VARIABLES[..]
    };
    if let Some(target) = chosen {
        found.push(directory.join(target));
    } else {
        found.push(workspace.target_dir().to_owned());
        found.extend(workspace.cargo().build_dir.clone());
    }
    let inherited = variables.iter().filter_map(|name| workspace.environment().get(name));
    // `env CARGO_TARGET_DIR=out cargo test`
    let assigned = command.iter().filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        VARIABLES.contains(&name).then_some(OsStr::new(value))
    });
    let flags = values(command, "--target-dir").map(OsStr::new);
    found.extend(inherited.chain(assigned).chain(flags).map(|path| directory.join(path)));
    // With configuration that is malformed, cargo will not start.
    let configured = CargoConfig::read(directory, workspace.environment()).unwrap_or_default();
    found.extend(in_configuration(&configured, keys));
    for value in values(command, "--config") {
        if let Ok(table) = value.parse::<toml::Table>() {
            let build = table.get("build").and_then(toml::Value::as_table);
            let named = ["target-dir", "build-dir"].map(|key| build?.get(key)?.as_str());
            found.extend(named.into_iter().flatten().map(|path| directory.join(path)));
        } else {
            let file = paths::normalize(&directory.join(value));
            found.extend(in_configuration(&CargoConfig::of_file(&file).unwrap_or_default(), keys));
        }
    }
    // A suite may run in a workspace of its own below this one.
    found.extend(roots.iter().skip(1).map(|own| own.join("target")));
    found
}

fn in_configuration(config: &CargoConfig, keys: &[&str]) -> Vec<PathBuf> {
    let values = keys.iter().flat_map(|key| config.all(key));
    values.filter_map(|value| value.to_path()).collect()
}

/// Values of an option in a command.
fn values<'a>(command: &'a [String], option: &str) -> impl Iterator<Item = &'a str> {
    command.iter().enumerate().filter_map(move |(at, word)| {
        let value = match word.strip_prefix(option)? {
            "" => command.get(at + 1)?,
            rest => rest.strip_prefix('=')?,
        };
        Some(value)
    })
}
