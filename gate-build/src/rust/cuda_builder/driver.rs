//! The program that calls `cuda_builder`: written here, compiled by the toolchain that `cuda_builder` pins.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Id};
use crate::digest::Fields;
use crate::disk;

/// Reads its arguments, calls `cuda_builder`, copies what came out.
const SOURCE: &str = include_str!("driver_main.rs");

/// What the program says by its exit code.
pub(super) const UNKNOWN_ARCH: i32 = 3;

/// The folder of the program below `cache`, written unless it is there already: one for each `cuda_builder` and toolchain.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(cache: &Path, manifest: &Path, cargo: &Path) -> Result<PathBuf, Diagnostic> {
    let crate_folder = manifest.parent().unwrap_or(manifest);
    let Some(text) = crate_folder.to_str() else {
        return Err(Diagnostic::error(
            Id::Configuration,
            format!("the path `{}` is not valid Unicode", crate_folder.display()),
        )
        .help("move the Rust-CUDA checkout"));
    };
    let mut fields = Fields::new("gate-build cuda-builder 1");
    fields.add("manifest", manifest.as_os_str().as_encoded_bytes());
    fields.add("cargo", cargo.as_os_str().as_encoded_bytes());
    let folder = cache.join("cuda-builder-v1").join(fields.finish().prefix(32));
    for (name, text) in [
        ("Cargo.toml", manifest_of_driver(text)),
        ("src/main.rs", SOURCE.to_owned()),
    ] {
        disk::write_if_changed(&folder.join(name), text.as_bytes()).map_err(|error| {
            Diagnostic::error(
                Id::FileAccess,
                format!("cannot write below `{}`: {error}", folder.display()),
            )
            .help("set `GATE_CACHE_DIR` to a writable directory")
        })?;
    }
    Ok(folder)
}

fn manifest_of_driver(cuda_builder: &str) -> String {
    format!(
        "# Written by gate-build.\n[package]\nname = \"gate-cuda-builder\"\nversion = \"0.0.0\"\nedition = \"2018\"\n\
         publish = false\n\n[dependencies]\ncuda_builder = {{ path = {} }}\n\n[workspace]\n\n\
         # As Rust-CUDA has it: every kernel goes through the code generator.\n[profile.dev.package.rustc_codegen_nvvm]\n\
         opt-level = 3\n",
        string(cuda_builder)
    )
}

/// A basic string of TOML.
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_any_name_are_dependencies() {
        for folder in [
            "/opt/Rust-CUDA/crates/cuda_builder",
            "C:\\Rust \"CUDA\"\\größer",
            "a\tb",
        ] {
            let text = manifest_of_driver(folder);
            let root = toml_span::parse(&text).unwrap();
            let path = root.pointer("/dependencies/cuda_builder/path").unwrap();
            assert_eq!(path.as_str(), Some(folder));
        }
    }
}
