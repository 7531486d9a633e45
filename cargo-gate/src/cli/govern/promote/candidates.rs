//! All that could be promoted: what the workspace ships, as far as it is built, and what was promoted before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cli::Conversation;
use gate_base::error::{Error, Result};
use gate_govern::promotion::registry;
use gate_surveys::Surveys;
use gate_world::cargo::Target;

/// The files, sorted. What is shipped and not built is told, and is no candidate.
pub(super) fn all(
    workspace: &Surveys,
    registry: &Path,
    profile: &str,
    conversation: &Conversation<'_>,
) -> Result<Vec<PathBuf>> {
    let mut found = BTreeSet::new();
    let places = places(workspace.target_dir(), profile);
    let mut unbuilt = Vec::new();
    for member in &workspace.cargo().members {
        for target in &member.targets {
            let names = names(target);
            if names.is_empty() {
                continue;
            }
            let files = places
                .iter()
                .flat_map(|place| names.iter().map(|name| place.join(name)));
            let built: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
            if built.is_empty() {
                unbuilt.push(format!("`{}` of `{}`", target.name, member.name));
            }
            found.extend(built);
        }
    }
    for entry in registry::read(registry)?.iter().filter(|entry| entry.kernel.is_none()) {
        let file = workspace.root().join(&entry.artifact);
        if file.is_file() {
            found.insert(file);
        }
    }
    for target in &unbuilt {
        let message = format!("{target}: not built with the profile `{profile}`");
        conversation.printer.status("Skipped", &message);
    }
    if found.is_empty() {
        let build = match profile {
            "dev" => "`cargo build`".to_owned(),
            "release" => "`cargo build --release`".to_owned(),
            other => format!("`cargo build --profile {other}`"),
        };
        return Err(Error::usage(
            "there are no candidates: nothing that is shipped is built, and nothing was promoted before",
        )
        .with_help(format!(
            "{build}, `cargo gate pilot` after it, and promote then; or name the files"
        )));
    }
    Ok(found.into_iter().collect())
}

/// Directories that cargo puts artifacts of a profile into: that of the host, and one for each target triple.
fn places(target_dir: &Path, profile: &str) -> Vec<PathBuf> {
    let name = match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    };
    let mut places = vec![target_dir.join(name)];
    let below = std::fs::read_dir(target_dir).into_iter().flatten().flatten();
    let triples = below
        .filter(|entry| entry.file_name().to_string_lossy().matches('-').count() >= 2)
        .map(|entry| entry.path().join(name));
    places.extend(triples.filter(|place| place.is_dir()));
    places.sort();
    places
}

/// What cargo may call the file of a target that is shipped, on any platform; nothing for a target that is not.
fn names(target: &Target) -> Vec<String> {
    let library = target.name.replace('-', "_");
    let mut names = Vec::new();
    for kind in &target.kind {
        match kind.as_str() {
            "bin" => names.extend(["", ".exe", ".wasm"].map(|ending| format!("{}{ending}", target.name))),
            "cdylib" => names.extend([
                format!("lib{library}.so"),
                format!("lib{library}.dylib"),
                format!("{library}.dll"),
                format!("{library}.wasm"),
            ]),
            "staticlib" => names.extend([format!("lib{library}.a"), format!("{library}.lib")]),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_has_a_name_on_every_platform() {
        let of = |kinds: &[&str]| {
            names(&Target {
                name: "my-tool".into(),
                kind: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
                source: "src/main.rs".into(),
                test: true,
            })
        };
        assert_eq!(of(&["bin"]), ["my-tool", "my-tool.exe", "my-tool.wasm"]);
        assert_eq!(of(&["lib", "staticlib"]), ["libmy_tool.a", "my_tool.lib"]);
        assert!(of(&["cdylib"]).contains(&"my_tool.dll".to_owned()));
        for kind in ["lib", "proc-macro", "test", "bench", "example", "custom-build"] {
            assert!(of(&[kind]).is_empty(), "{kind}");
        }
    }

    #[test]
    fn artifacts_of_other_platforms_are_found() {
        let directory = tempfile::tempdir().unwrap();
        for name in [
            "release",
            "aarch64-apple-darwin/release",
            "x86_64-pc-windows-msvc/debug",
            "gate",
        ] {
            std::fs::create_dir_all(directory.path().join(name)).unwrap();
        }
        let found = places(directory.path(), "release");
        let below: Vec<_> = found
            .iter()
            .map(|place| place.strip_prefix(directory.path()).unwrap())
            .collect();
        assert_eq!(below, [Path::new("aarch64-apple-darwin/release"), Path::new("release")]);
    }
}
