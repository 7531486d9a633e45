//! What is to be compiled, before anything is looked for.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::linked::Linked;
use super::native;
use crate::arch::{Arch, Target};
use crate::compiler::plain;
use crate::diagnostic::{Diagnostic, Id};
use crate::error::Error;
use crate::glob;
use crate::kernels::Kernels;
use crate::product::Product;
use crate::sorted::{Append as _, List as _, Set, sort};
use crate::unit::{Language, Unit, UnitName};

/// What is to be compiled.
pub(crate) struct Plan {
    /// Sorted by name.
    pub units: Vec<Unit>,
    /// What units are compiled for that have no rule about it.
    pub targets: Targets,
    /// Whether a variable named them and not build.rs.
    pub of_variable: bool,
    /// For every source.
    flags: Vec<String>,
    rules: Vec<PlannedRule>,
    /// For architectures older than these.
    before: Vec<(Arch, String)>,
    /// Of what build.rs wants and this machine has not.
    pub warnings: Vec<Diagnostic>,
    /// Folders below the crate in which a new file may change what is compiled.
    pub folders: Vec<PathBuf>,
    /// What gives a machine the compiler of Rust kernels.
    rust_remedy: &'static str,
}

/// What units are compiled for.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// Sorted.
    pub archs: Vec<Arch>,
    /// And what the compiler knows.
    pub all_major: bool,
}

/// What is said of some units.
struct PlannedRule {
    units: Set<UnitName>,
    flags: Vec<String>,
    /// Where it is about them.
    targets: Option<Targets>,
}

impl Plan {
    pub(crate) fn of(kernels: &Kernels, context: &Context) -> Result<Self, Error> {
        let root = context.crate_root();
        let mut units = Vec::new();
        let mut folders = Vec::new();
        for pattern in &kernels.cuda {
            for path in glob::expand(root, pattern)? {
                units.push(unit(root, &path, Language::Cuda));
            }
            folders.append_all(folder_of_pattern(root, pattern));
        }
        for folder in &kernels.rust {
            let path = plain(&root.join(folder));
            let is_source = path.extension().is_some_and(|extension| extension == "rs") && path.is_file();
            if !is_source && !path.join("Cargo.toml").is_file() {
                return Err(Error::configuration(
                    format!(
                        "`{}` is neither a crate with a `Cargo.toml` nor a `.rs` file",
                        folder.display()
                    ),
                    "pass a crate directory or a crate's root file to `.rust(…)`, relative to the crate of the build \
                     script",
                ));
            }
            units.push(unit(root, &path, Language::Rust));
        }
        crate::sorted::sort_by(&mut units, |a, b| a.name.cmp(&b.name));
        units.dedup_by(|a, b| a.name == b.name);
        for pattern in &kernels.excluded {
            let covered = covered(&units, pattern, "exclude")?;
            units.retain(|unit| !covered.contains(&unit.name));
        }
        if units.is_empty() && !kernels.excluded.is_empty() {
            return Err(Error::configuration(
                "`.exclude(…)` leaves no source",
                "correct the patterns in build.rs",
            ));
        }

        let mut flags = kernels.flags.clone();
        let special = kernels.rules.iter().flat_map(|rule| &rule.flags);
        for flag in flags.iter().chain(special) {
            let bare = flag.trim_start_matches('-');
            let about_arch = [
                "arch",
                "gencode",
                "code",
                "gpu-architecture",
                "gpu-code",
                "generate-code",
            ]
            .iter()
            .any(|name| bare == *name || bare.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
            if about_arch {
                return Err(Error::configuration(
                    format!("the flag `{flag}` selects an architecture"),
                    "use `.arch([\"sm_80\"])` in build.rs, or the environment variable `CUDA_COMPUTE_CAP`, instead",
                ));
            }
        }
        for folder in &kernels.includes {
            let path = plain(&root.join(folder));
            if !path.is_dir() {
                return Err(Error::configuration(
                    format!("`{}` is not a directory", folder.display()),
                    "correct `.include(…)` in build.rs; paths are relative to the crate",
                ));
            }
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let text = if relative.as_os_str().is_empty() {
                Path::new(".")
            } else {
                relative
            };
            match text.to_str() {
                Some(text) => flags.push(format!("-I{}", text.replace('\\', "/"))),
                None => {
                    return Err(Error::configuration(
                        format!("the path `{}` is not valid Unicode", path.display()),
                        "rename the directory",
                    ));
                }
            }
            if path != root {
                folders.push(path);
            }
        }
        sort(&mut folders);
        folders.dedup();
        let mut warnings = Vec::new();
        let named = named_by_variable(kernels, context)?;
        let mut targets = |targets: &[Target]| resolve(named.as_deref().unwrap_or(targets), context, &mut warnings);
        let mut rules = Vec::new();
        for rule in &kernels.rules {
            rules.push(PlannedRule {
                units: covered(
                    &units,
                    &rule.pattern,
                    if rule.flags.is_empty() { "arch_for" } else { "flag_for" },
                )?,
                flags: rule.flags.clone(),
                targets: (!rule.targets.is_empty()).then(|| targets(&rule.targets)),
            });
        }
        Ok(Self {
            units,
            targets: targets(&kernels.targets),
            of_variable: named.is_some(),
            flags: product_flags(kernels, context).into_iter().chain(flags).list(),
            rules,
            before: kernels.before.clone(),
            warnings,
            folders,
            rust_remedy: rust_remedy(kernels),
        })
    }
}

impl Plan {
    /// Whether a unit is written in this language.
    pub(crate) fn has(&self, language: Language) -> bool {
        self.units.iter().any(|unit| unit.language == language)
    }

    /// What a unit is compiled for.
    pub(crate) fn targets(&self, unit: &Unit) -> &Targets {
        let own = self.rules.iter().rev().filter(|rule| rule.units.contains(&unit.name));
        own.filter_map(|rule| rule.targets.as_ref())
            .next()
            .unwrap_or(&self.targets)
    }

    /// What is compiled for at all.
    pub(crate) fn all_targets(&self) -> impl Iterator<Item = &Targets> {
        let own = self.rules.iter().filter_map(|rule| rule.targets.as_ref());
        [&self.targets].into_iter().chain(own)
    }

    /// The flags of a unit that is compiled for this architecture, and perhaps later ones.
    pub(crate) fn flags(&self, unit: &Unit, arch: Arch) -> Vec<String> {
        let mut flags = self.flags.clone();
        for rule in &self.rules {
            if rule.units.contains(&unit.name) {
                flags.extend_from_slice(&rule.flags);
            }
        }
        for (than, flag) in &self.before {
            if arch.number() < than.number() {
                flags.push(flag.clone());
            }
        }
        flags
    }

    /// The flags of every unit, together.
    pub(crate) fn all_flags(&self) -> Vec<String> {
        let mut flags = self.flags.clone();
        for rule in &self.rules {
            flags.extend_from_slice(&rule.flags);
        }
        for (_, flag) in &self.before {
            flags.push(flag.clone());
        }
        flags
    }

    /// What is to be compiled, as a user calls it.
    pub(crate) fn languages(&self) -> &'static str {
        match (self.has(Language::Cuda), self.has(Language::Rust)) {
            (true, true) => "CUDA sources or Rust kernels",
            (false, true) => "Rust kernels",
            (_, false) => "CUDA sources",
        }
    }

    /// What gives a machine the compilers.
    pub(crate) fn remedy(&self) -> String {
        let cuda = "install a CUDA toolkit, or set `CUDA_HOME` to an existing one";
        match (self.has(Language::Cuda), self.has(Language::Rust)) {
            (true, true) => format!("{cuda}; and {}", self.rust_remedy),
            (false, true) => self.rust_remedy.to_owned(),
            (_, false) => cuda.to_owned(),
        }
    }
}

fn rust_remedy(kernels: &Kernels) -> &'static str {
    #[cfg(feature = "cuda-builder")]
    if kernels.cuda_builder.is_some() {
        return "pass a Rust-CUDA checkout to `.cuda_builder(…)` or set `GATE_CUDA_BUILDER`, and install the \
             toolchain that its `rust-toolchain.toml` pins";
    }
    #[cfg(not(feature = "cuda-builder"))]
    let _ = kernels;
    "`rustup target add nvptx64-nvidia-cuda`, or `rustup component add rust-src`"
}

fn unit(root: &Path, path: &Path, language: Language) -> Unit {
    let path = plain(path);
    Unit {
        name: UnitName::of(root, &path),
        path,
        language,
        crate_root: root.to_path_buf(),
    }
}

/// The folder in which a pattern may match a new file; not the crate itself, whose `target` changes all the time.
fn folder_of_pattern(root: &Path, pattern: &str) -> Option<PathBuf> {
    let normal = pattern.replace('\\', "/");
    let fixed = &normal[..normal.find(['*', '?'])?];
    let folder = plain(&root.join(&fixed[..fixed.rfind('/')?]));
    (folder != root && !root.starts_with(&folder)).then_some(folder)
}

/// Names of the units that a pattern covers.
///
/// # Errors
/// There is none.
fn covered(units: &[Unit], pattern: &str, call: &str) -> Result<Set<UnitName>, Error> {
    let pattern = pattern.replace('\\', "/");
    let names = units.iter().map(|unit| &unit.name);
    let covered: Set<UnitName> = names
        .filter(|name| glob::covers(&pattern, name.as_str()))
        .cloned()
        .collect();
    if covered.is_empty() {
        return Err(Error::configuration(
            format!("no source matches `{pattern}` in `.{call}(…)`"),
            "correct the pattern in build.rs; it is relative to the crate and about the sources that `.cuda(…)` names",
        ));
    }
    Ok(covered)
}

/// What this product needs beside the flags of build.rs.
fn product_flags(kernels: &Kernels, context: &Context) -> Vec<String> {
    if let Product::Library(_) = kernels.product {
        Linked::of(&context.env).host_flags()
    } else {
        Vec::new()
    }
}

/// `CUDA_COMPUTE_CAP` goes before what build.rs says, as users of other helpers expect; a lock that is preferred has what it
/// has.
///
/// # Errors
/// It names something else.
fn named_by_variable(kernels: &Kernels, context: &Context) -> Result<Option<Vec<Target>>, Error> {
    let value = context.env.variable("CUDA_COMPUTE_CAP");
    let Some(value) = value.filter(|_| !kernels.prefers_lock) else {
        return Ok(None);
    };
    let text = value.to_string_lossy();
    let targets = text
        .split([',', ';', ' '])
        .filter(|part| !part.is_empty())
        .map(str::parse)
        .list_ok()
        .map_err(|error| match error {
            Error::Configuration { message, .. } => Error::configuration(
                format!("invalid value `{text}` for `CUDA_COMPUTE_CAP`: {message}"),
                "set it to numbers like `80` or `80,90`",
            ),
            other => other,
        })?;
    Ok(Some(targets))
}

/// What targets stand for on this machine, as far as no compiler is needed to know.
fn resolve(targets: &[Target], context: &Context, warnings: &mut Vec<Diagnostic>) -> Targets {
    let mut resolved = Targets::default();
    for target in targets {
        match target {
            Target::Arch(arch) => resolved.archs.push(*arch),
            Target::AllMajor => resolved.all_major = true,
            Target::Native => match native::archs(&context.env, context.crate_root.clone()) {
                Ok(archs) => resolved.archs.append_all(archs),
                Err(why) => {
                    let message = format!("`native` is not known ({why}): compiling for {}", Arch::DEFAULT);
                    let warning = Diagnostic::warning(Id::ArchUnsupported, message)
                        .help("name the architecture with `CUDA_COMPUTE_CAP=80`");
                    if !warnings.contains(&warning) {
                        warnings.push(warning);
                    }
                    resolved.archs.push(Arch::DEFAULT);
                }
            },
        }
    }
    if resolved.archs.is_empty() && !resolved.all_major {
        resolved.archs.push(Arch::DEFAULT);
    }
    crate::sorted::sort(&mut resolved.archs);
    resolved.archs.dedup();
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watched_folder_of_a_pattern_is_below_the_crate() {
        let root = Path::new("/w/crate");
        for (pattern, folder) in [
            ("kernels/*.cu", Some("/w/crate/kernels")),
            ("a/b/**/*.cu", Some("/w/crate/a/b")),
            ("../shared/*.cu", Some("/w/shared")),
            ("*.cu", None),
            ("./*.cu", None),
            ("../*.cu", None),
            ("kernels/a.cu", None),
        ] {
            assert_eq!(folder_of_pattern(root, pattern), folder.map(PathBuf::from), "{pattern}");
        }
    }
}
