//! What compilers say about a kernel source, without building its crate: the units it belongs to are compiled as the kernel lock of the
//! crate says, or as CUDA C++ for the default architecture where there is no lock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gate_build::lock::{KernelLock, LOCK_FILE};
use gate_build::{Arch, Context, Diagnostic, Disk, Env, Kernels, Os, Severity, Toolkit, UnitName, messages};
use serde::{Deserialize, Serialize};

/// What compilers say about one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The source, as it was named.
    pub file: PathBuf,
    /// Directory of the crate it belongs to.
    pub directory: PathBuf,
    /// What the compilers say, in their order, errors first.
    pub messages: Vec<Said>,
    /// PTX that was written, by unit and architecture; none where a unit did not compile.
    pub images: Vec<Image>,
    /// Why nothing was compiled, where nothing could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// One thing that a compiler says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Said {
    /// Whether the source did not compile for it.
    pub error: bool,
    /// Its file, absolute.
    pub file: PathBuf,
    /// 1-based line; absent when it is about the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based column, where the compiler says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is said.
    pub message: String,
}

/// PTX that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Name of the unit.
    pub unit: String,
    /// The architecture.
    pub arch: String,
    /// The file.
    pub ptx: PathBuf,
}

/// How to compile.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// Directory for what is written.
    pub out: &'a Path,
    /// Whether the PTX says which source line it was made from.
    pub line_info: bool,
    /// Compile for the lowest of the architectures alone.
    pub one_arch: bool,
}

/// Directory of the crate that a source belongs to: the nearest above it with a kernel lock, else the nearest with a manifest.
pub fn crate_of(file: &Path) -> Option<&Path> {
    let above = || file.ancestors().skip(1);
    above()
        .find(|directory| directory.join(LOCK_FILE).is_file())
        .or_else(|| above().find(|directory| directory.join("Cargo.toml").is_file()))
}

/// The kernel lock of a crate; an empty one where there is none.
fn lock_of(directory: &Path) -> KernelLock {
    std::fs::read_to_string(directory.join(LOCK_FILE))
        .ok()
        .and_then(|text| KernelLock::parse(&text).ok())
        .unwrap_or_default()
}

/// Whether a unit is Rust: a file, or the directory of a crate.
fn is_rust(directory: &Path, unit: &str) -> bool {
    unit.ends_with(".rs") || directory.join(unit).join("Cargo.toml").is_file()
}

/// Whether a Rust source is a part of a kernel, by the lock of its crate.
pub fn is_rust_kernel(file: &Path) -> bool {
    let Some(directory) = crate_of(file) else { return false };
    let name = UnitName::of(directory, file);
    lock_of(directory).units.iter().any(|(unit, locked)| {
        let part = || {
            locked
                .images
                .values()
                .any(|image| image.sources.contains_key(name.as_str()))
        };
        is_rust(directory, unit.as_str()) && part()
    })
}

/// What is compiled for a source: units with their architectures and flags.
fn units(directory: &Path, file: &Path) -> Vec<(String, Vec<Arch>, Vec<String>)> {
    let name = UnitName::of(directory, file);
    let lock = lock_of(directory);
    let mut found = Vec::new();
    for (unit, locked) in &lock.units {
        let part = |image: &gate_build::lock::LockedImage| image.sources.contains_key(name.as_str());
        let is_there = directory.join(unit.as_str()).exists();
        if is_there && (*unit == name || locked.images.values().any(part)) {
            let flags = locked.images.values().next().map(|image| image.flags.clone());
            let archs = locked.images.keys().copied().collect();
            found.push((unit.to_string(), archs, flags.unwrap_or_default()));
        }
    }
    let is_unit = file.extension().is_some_and(|extension| extension == "cu");
    if found.is_empty() && is_unit {
        found.push((name.to_string(), Vec::new(), Vec::new()));
    }
    found
}

/// The environment of a compilation that is no build: what somebody sets for builds does not decide about it, because a lock is not to be
/// taken, and not to be written.
pub fn compiler_env<const N: usize>(
    variables: &BTreeMap<std::ffi::OsString, std::ffi::OsString>,
    more: [(&str, &str); N],
) -> Env {
    const OURS: [&str; 3] = ["GATE_KERNELS", "GATE_KERNELS_LOCK", "CUDA_COMPUTE_CAP"];
    let is_replaced = |name: &std::ffi::OsString| {
        let mut replaced = OURS.iter().chain(more.iter().map(|(name, _)| name));
        replaced.any(|ours| name.eq_ignore_ascii_case(ours))
    };
    let kept = variables
        .iter()
        .filter(|(name, _)| !is_replaced(name))
        .map(|(name, value)| (name.clone(), value.clone()));
    let ours = [("GATE_KERNELS", "build")].into_iter().chain(more);
    Env::new(
        Os::host(),
        kept.chain(ours.map(|(name, value)| (name.into(), value.into()))),
        Disk,
    )
}

/// Compiles what a source belongs to. `variables` is the environment of the compilers.
pub fn check(file: &Path, asked: &Asked<'_>, variables: &BTreeMap<std::ffi::OsString, std::ffi::OsString>) -> Checked {
    let mut checked = Checked {
        file: file.to_owned(),
        ..Checked::default()
    };
    let Some(directory) = crate_of(file) else {
        checked.unavailable = Some("the file is not part of a crate".to_owned());
        return checked;
    };
    checked.directory = directory.to_owned();
    let units = units(directory, file);
    if units.is_empty() {
        checked.unavailable = Some("no unit of a kernel lock was compiled from the file".to_owned());
        return checked;
    }
    let env = compiler_env(variables, []);
    let toolkit = Toolkit::discover(&env);
    let cuda = units.iter().any(|(unit, ..)| !is_rust(directory, unit));
    if cuda && toolkit.nvcc.is_none() && toolkit.nvrtc.is_none() && toolkit.clang.is_none() {
        let searched = toolkit.searched.len();
        checked.unavailable = Some(format!("no compiler of CUDA sources was found in {searched} places"));
        return checked;
    }
    for (at, (unit, archs, flags)) in units.into_iter().enumerate() {
        let archs = if asked.one_arch {
            archs.into_iter().take(1).collect()
        } else {
            archs
        };
        let mut kernels = Kernels::new().arch(archs);
        kernels = if is_rust(directory, &unit) {
            kernels.rust(unit)
        } else {
            kernels.cuda(unit)
        };
        for flag in flags {
            kernels = kernels.flag(flag);
        }
        if asked.line_info {
            kernels = kernels.flag("-lineinfo");
        }
        let context = Context::new(directory, asked.out.join(at.to_string()), env.clone());
        match kernels.compile_in(&context) {
            Ok((built, _)) => checked.images.extend(built.units.into_iter().flat_map(|unit| {
                let name = unit.name.to_string();
                unit.images.into_iter().map(move |image| Image {
                    unit: name.clone(),
                    arch: image.arch.to_string(),
                    ptx: image.ptx,
                })
            })),
            Err(error) if error.diagnostics().is_empty() => checked.unavailable = Some(error.to_string()),
            Err(error) => {
                for diagnostic in error.diagnostics() {
                    match said(directory, file, diagnostic) {
                        said if said.is_empty() => checked.unavailable = Some(diagnostic.message.clone()),
                        said => checked.messages.extend(said),
                    }
                }
            }
        }
    }
    checked
        .messages
        .sort_by(|a, b| b.error.cmp(&a.error).then_with(|| a.cmp(b)));
    checked.messages.dedup();
    checked
}

/// What a diagnostic says, line by line of the compiler's output; nothing where it is about the compiler and not about the source.
fn said(directory: &Path, file: &Path, diagnostic: &Diagnostic) -> Vec<Said> {
    let mut found: Vec<Said> = messages(&diagnostic.output)
        .iter()
        .filter_map(|message| of_message(directory, message))
        .collect();
    if found.is_empty() && diagnostic.unit.is_some() {
        let first = diagnostic.output.lines().find(|line| !line.trim().is_empty());
        found.push(Said {
            error: diagnostic.severity == Severity::Error,
            file: file.to_owned(),
            line: None,
            column: None,
            message: first.map_or_else(|| diagnostic.message.clone(), |line| line.trim().to_owned()),
        });
    }
    found
}

/// A message with its place, the file below the crate where it is named relative to it.
pub fn of_message(directory: &Path, message: &Diagnostic) -> Option<Said> {
    let place = message.place.as_deref()?;
    Some(Said {
        error: message.severity == Severity::Error,
        file: directory.join(&place.file).components().collect(),
        line: Some(place.line),
        column: place.column,
        message: message.message.clone(),
    })
}

/// What the last build of a crate said about a source, from the reports of build scripts below `target`; nothing where the source changed since.
pub fn last_build(directory: &Path, file: &Path, target: &Path) -> Vec<Said> {
    #[derive(Deserialize)]
    struct Report {
        failed: Vec<String>,
    }
    let entries = |directory: &Path| {
        let read = std::fs::read_dir(directory).into_iter().flatten().flatten();
        read.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let modified = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let scripts = entries(target)
        .into_iter()
        .flat_map(|profile| entries(&profile.join("build")));
    let unit = UnitName::of(directory, file).to_string();
    let newest = scripts
        .map(|script| script.join("out").join("build_report.json"))
        .filter_map(|path| Some((modified(&path)?, std::fs::read(path).ok()?)))
        .filter(|(_, text)| memchr::memmem::find(text, unit.as_bytes()).is_some())
        .max_by_key(|(when, _)| *when);
    let Some((when, text)) = newest else {
        return Vec::new();
    };
    if modified(file).is_none_or(|changed| changed > when) {
        return Vec::new();
    }
    let Ok(report) = serde_json::from_slice::<Report>(&text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for failed in &report.failed {
        // Reports keep diagnostics as they are shown, the compiler's lines behind a bar.
        let output: Vec<&str> = failed
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("| "))
            .collect();
        let all = messages(&output.join("\n"));
        found.extend(all.iter().filter_map(|message| of_message(directory, message)));
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_belongs_to_the_nearest_crate() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("a/kernels")).unwrap();
        std::fs::write(root.join("Cargo.toml"), "").unwrap();
        let file = root.join("a/kernels/k.cu");
        assert_eq!(crate_of(&file), Some(root));
        std::fs::write(root.join("a").join(LOCK_FILE), "").unwrap();
        assert_eq!(crate_of(&file), Some(root.join("a").as_path()));
    }

    #[test]
    fn without_a_compiler_the_last_report_speaks_while_it_is_newer_than_the_source() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::write(root.join("Cargo.toml"), "").unwrap();
        let source = root.join("k.cu");
        std::fs::write(&source, "x").unwrap();
        let out = root.join("target/debug/build/k-1/out");
        std::fs::create_dir_all(&out).unwrap();
        let failed =
            "error: k.cu: nvcc failed\n  --> k.cu:1\n  | k.cu(1): error: identifier \"x\" is undefined\n  help: y";
        let report = serde_json::json!({ "schema": 1, "failed": [failed] }).to_string();
        std::fs::write(out.join("build_report.json"), report).unwrap();
        let said = last_build(root, &source, &root.join("target"));
        assert_eq!(said.len(), 1);
        assert_eq!(
            (said[0].line, said[0].message.as_str()),
            (Some(1), "identifier \"x\" is undefined")
        );
        assert_eq!(said[0].file, source);

        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
        let file = std::fs::File::options().write(true).open(&source).unwrap();
        file.set_modified(later).unwrap();
        assert_eq!(last_build(root, &source, &root.join("target")), []);
    }
}
