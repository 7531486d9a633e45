//! Where `cuda_builder` and the toolchain that it pins are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::compiler::plain;
use crate::env::{Env, Os};
use crate::rust::find::toolchains;

/// Names of the file that pins a toolchain; the second is how it was called first, and may hold nothing but the channel.
const PINS: &[&str] = &["rust-toolchain.toml", "rust-toolchain"];

/// A toolchain as a file pins it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Toolchain {
    /// How rustup calls it, or its folder where the file names that.
    pub name: String,
    /// Its folder of programs.
    pub bin: PathBuf,
    /// The file that pins it.
    pub pin: PathBuf,
}

impl Toolchain {
    pub(super) fn program(&self, os: Os, name: &str) -> PathBuf {
        let suffix = if os == Os::Windows { ".exe" } else { "" };
        self.bin.join(format!("{name}{suffix}"))
    }
}

/// The manifest of `cuda_builder` in `folder`, which is a checkout of Rust-CUDA or the crate itself, and every file that was
/// looked for. `GATE_CUDA_BUILDER` names the folder where it is set. Without the toolchain that it pins it is as good as not
/// there.
pub(crate) fn find(env: &Env, crate_root: &Path, folder: &Path) -> (Option<PathBuf>, Vec<PathBuf>) {
    let folder = env
        .variable("GATE_CUDA_BUILDER")
        .map_or_else(|| folder.to_path_buf(), PathBuf::from);
    let folder = plain(&crate_root.join(folder));
    let candidates = [
        folder.join("crates").join("cuda_builder").join("Cargo.toml"),
        folder.join("Cargo.toml"),
    ];
    let mut searched = candidates.to_vec();
    let manifest = candidates
        .into_iter()
        .find(|manifest| env.is_file(manifest) && name_and_version(manifest).is_some());
    let found = manifest.filter(|manifest| match pinned(env, manifest) {
        // What is wrong with the pin is said when it is used.
        None => true,
        Some(toolchain) => {
            let cargo = toolchain.program(env.os(), "cargo");
            searched.push(cargo.clone());
            env.is_file(&cargo)
        }
    });
    (found, searched)
}

/// The version of `cuda_builder`, if this is its manifest.
pub(super) fn name_and_version(manifest: &Path) -> Option<String> {
    let text = fs::read_to_string(manifest).ok()?;
    let root = toml_span::parse(&text).ok()?;
    if root.pointer("/package/name")?.as_str()? != "cuda_builder" {
        return None;
    }
    // One that its workspace gives stands elsewhere.
    let version = root.pointer("/package/version").and_then(|version| version.as_str());
    Some(version.unwrap_or("unknown").to_owned())
}

/// The toolchain that a file beside the manifest, or in a folder around it, pins; where it is not installed, the folder it
/// would be in.
pub(super) fn pinned(env: &Env, manifest: &Path) -> Option<Toolchain> {
    let folders = manifest.ancestors().skip(1);
    let pin = folders
        .flat_map(|folder| PINS.iter().map(move |name| folder.join(name)))
        .find(|file| env.is_file(file))?;
    let pinned = read(&fs::read_to_string(&pin).ok()?)?;
    let (name, root) = match pinned {
        Pinned::Folder(folder) => (folder.clone(), pin.parent()?.join(folder)),
        Pinned::Channel(channel) => {
            let toolchains = toolchains(env)?;
            let names = env.names(&toolchains);
            let named = names.into_iter().find(|name| {
                name.strip_prefix(&channel)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            });
            let name = named.unwrap_or(channel);
            (name.clone(), toolchains.join(name))
        }
    };
    Some(Toolchain {
        name,
        bin: root.join("bin"),
        pin,
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Pinned {
    Channel(String),
    Folder(String),
}

fn read(text: &str) -> Option<Pinned> {
    let line = text.trim();
    if !line.is_empty() && !line.contains(['[', '\n', '=']) {
        return Some(Pinned::Channel(line.to_owned()));
    }
    let root = toml_span::parse(text).ok()?;
    let field = |name: &str| Some(root.pointer(&format!("/toolchain/{name}"))?.as_str()?.to_owned());
    field("path")
        .map(Pinned::Folder)
        .or_else(|| field("channel").map(Pinned::Channel))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_in_each_of_their_forms() {
        for (text, expected) in [
            (
                "[toolchain]\nchannel = \"nightly-2025-06-23\"\n",
                Some(Pinned::Channel("nightly-2025-06-23".to_owned())),
            ),
            (
                "nightly-2021-12-04\n",
                Some(Pinned::Channel("nightly-2021-12-04".to_owned())),
            ),
            (
                "[toolchain]\npath = \"/opt/rust\"\n",
                Some(Pinned::Folder("/opt/rust".to_owned())),
            ),
            ("[toolchain]\n", None),
            ("", None),
            ("[toolchain\nchannel", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
