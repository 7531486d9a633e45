//! `core` for the target, built from the sources of the library where no one installed it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::TARGET;
use super::programs::{Programs, remap};
use crate::diagnostic::{Diagnostic, Id};
use crate::digest::{Digest, Fields};
use crate::disk;
use crate::sorted::{List as _, sort};

/// The sources of a crate that uses nothing but `core`.
const MANIFEST: &str = "[package]\nname = \"gate-core\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n";

/// A folder to be given to rustc as its sysroot: the one below `cache` for this toolchain, built now if it is not there.
/// Two builds at once both build it, and one of the results stays.
///
/// # Errors
/// What cargo says.
pub(crate) fn sysroot(programs: &Programs<'_>, sources: &Path, cache: &Path) -> Result<PathBuf, Diagnostic> {
    let name = key(programs, sources).prefix(32);
    let folder = cache.join("rust-core-v1").join(name);
    let libraries = |root: &Path| root.join("lib").join("rustlib").join(TARGET).join("lib");
    if libraries(&folder).is_dir() {
        return Ok(folder);
    }
    let failed = |what: &str| {
        let place = folder.display().to_string();
        let what = what.to_owned();
        move |error: std::io::Error| {
            Diagnostic::error(Id::CoreLibrary, format!("cannot {what} below `{place}`: {error}"))
                .help("set `GATE_CACHE_DIR` to a writable directory")
        }
    };
    let work = disk::unfinished(&folder);
    fs::create_dir_all(work.join("src")).map_err(failed("write"))?;
    let built = build(programs, sources, &work).and_then(|files| {
        let ready = work.join("ready");
        let into = libraries(&ready);
        fs::create_dir_all(&into).map_err(failed("write"))?;
        for file in files {
            let name = file.file_name().unwrap_or_default();
            fs::copy(&file, into.join(name)).map_err(failed("write"))?;
        }
        // Where another build was faster, its result is as good.
        match fs::rename(&ready, &folder) {
            Err(error) if !libraries(&folder).is_dir() => Err(failed("keep `core`")(error)),
            _ => Ok(()),
        }
    });
    let _ = fs::remove_dir_all(&work);
    built.map(|()| folder)
}

/// What decides about the result.
fn key(programs: &Programs<'_>, sources: &Path) -> Digest {
    let mut fields = Fields::new("gate-build core 1");
    fields.add("rustc", &programs.version);
    fields.add("sources", sources.as_os_str().as_encoded_bytes());
    fields.finish()
}

/// Builds in `work` and gives the libraries.
fn build(programs: &Programs<'_>, sources: &Path, work: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let io = |error: std::io::Error| {
        Diagnostic::error(Id::CoreLibrary, format!("cannot write `{}`: {error}", work.display()))
    };
    fs::write(work.join("Cargo.toml"), MANIFEST).map_err(io)?;
    fs::write(work.join("src").join("lib.rs"), "#![no_std]\n").map_err(io)?;
    let target = work.join("target");
    let mut arguments: Vec<OsString> = [
        "build",
        "--release",
        "-Zbuild-std=core",
        "--target",
        TARGET,
        "--target-dir",
    ]
    .iter()
    .map(OsString::from)
    .list();
    arguments.push(target.clone().into());
    let flags = vec![remap(sources.parent().unwrap_or(sources), "/rustc")];
    let finished = programs.cargo(arguments, work, &flags)?;
    if !finished.status.success() {
        return Err(Diagnostic::error(
            Id::CoreLibrary,
            format!("cannot build `core` for {TARGET} from `{}`", sources.display()),
        )
        .output(&finished.text)
        .help("install it: `rustup target add nvptx64-nvidia-cuda`"));
    }
    let folder = target.join(TARGET).join("release").join("deps");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(io)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rlib"))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !name.starts_with("libgate_core-")
        })
        .list();
    sort(&mut files);
    Ok(files)
}
