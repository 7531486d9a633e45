//! Finds the workspace root and the target directory without cargo. The answer is a hint: it says where the record of
//! an earlier `cargo metadata` would be, and that record has to agree with it.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use gate_base::error::{Error, Result};

use super::super::Options;
use super::super::config::CargoConfig;
use gate_base::paths;

/// Where the workspace seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The manifest that cargo would start from.
    pub manifest: PathBuf,
    /// Directory of the root manifest.
    pub root: PathBuf,
    /// The target directory.
    pub target_dir: PathBuf,
}

/// Looks for the workspace around the starting directory.
///
/// # Errors
/// There is no `Cargo.toml` (usage).
pub fn locate(options: &Options, config: &CargoConfig) -> Result<Hint> {
    let manifest = start(options)?;
    let root = root_of(&manifest);
    let target_dir = target_dir_override(options)
        .or_else(|| config.get("build.target-dir").and_then(|found| found.to_path()))
        .unwrap_or_else(|| root.join("target"));
    Ok(Hint {
        manifest,
        root,
        target_dir,
    })
}

/// The target directory that the command line or the environment asks for, in cargo's order.
fn target_dir_override(options: &Options) -> Option<PathBuf> {
    let environment = &options.environment;
    options
        .target_dir
        .clone()
        .or_else(|| environment.path("CARGO_TARGET_DIR"))
        .or_else(|| environment.path("CARGO_BUILD_TARGET_DIR"))
        .map(|path| paths::normalize(&options.cwd.join(path)))
}

fn start(options: &Options) -> Result<PathBuf> {
    if let Some(path) = &options.manifest_path {
        let path = paths::normalize(&options.cwd.join(path));
        if path.is_file() {
            return Ok(path);
        }
        let mut error = Error::usage(format!("manifest path `{}` does not exist", path.display()))
            .with_help("pass the path of a Cargo.toml to `--manifest-path`");
        error.path = Some(path);
        return Err(error);
    }
    let found = options.cwd.ancestors().map(|directory| directory.join("Cargo.toml"));
    found.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        Error::usage(format!(
            "could not find `Cargo.toml` in `{}` or any parent directory",
            options.cwd.display()
        ))
        .with_help(match below(&options.cwd).as_slice() {
            [] => "run it inside a Cargo workspace, or pass `--manifest-path PATH`".to_owned(),
            found => format!(
                "pass one of those below: `--manifest-path {}`",
                found.join("`, `--manifest-path ")
            ),
        })
    })
}

/// The first manifests below a directory, those of the upper directories first.
fn below(directory: &Path) -> Vec<String> {
    const MANIFESTS: usize = 4;
    const DIRECTORIES: usize = 2_000;
    let mut found = Vec::new();
    let mut level = vec![directory.to_owned()];
    let mut seen = 0;
    while found.len() < MANIFESTS && seen < DIRECTORIES && !level.is_empty() {
        let mut next = Vec::new();
        for directory in level {
            seen += 1;
            let mut entries: Vec<_> = std::fs::read_dir(directory).into_iter().flatten().flatten().collect();
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let name = entry.file_name();
                let skipped = name
                    .to_str()
                    .is_none_or(|name| name.starts_with('.') || name == "target" || name == "node_modules");
                // A link may lead anywhere.
                let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let manifest = entry.path().join("Cargo.toml");
                match is_directory && !skipped {
                    true if manifest.is_file() => found.push(manifest),
                    true => next.push(entry.path()),
                    false => {}
                }
            }
        }
        level = next;
    }
    let relative = found
        .iter()
        .take(MANIFESTS)
        .map(|path| paths::relative(directory, path));
    relative.collect()
}

/// Directory of the workspace root that a manifest belongs to, by cargo's rules: itself when it has `[workspace]`,
/// else what `package.workspace` names, else the nearest `[workspace]` above that does not exclude it.
fn root_of(manifest: &Path) -> PathBuf {
    let own = manifest.parent().unwrap_or(manifest);
    let Some(table) = read(manifest) else {
        return own.into();
    };
    if table.contains_key("workspace") {
        return own.into();
    }
    if let Some(root) = pointer(&table) {
        return paths::normalize(&own.join(root));
    }
    for directory in own.ancestors().skip(1) {
        let candidate = directory.join("Cargo.toml");
        let Some(table) = candidate.is_file().then(|| read(&candidate)).flatten() else {
            continue;
        };
        match table.get("workspace").and_then(toml::Value::as_table) {
            Some(workspace) if excludes(workspace, directory, own) => {}
            Some(_) => return directory.into(),
            None => {
                if let Some(root) = pointer(&table) {
                    return paths::normalize(&directory.join(root));
                }
            }
        }
    }
    own.into()
}

fn read(manifest: &Path) -> Option<toml::Table> {
    toml::from_str(&std::fs::read_to_string(manifest).ok()?).ok()
}

fn pointer(table: &toml::Table) -> Option<&str> {
    table.get("package")?.get("workspace")?.as_str()
}

/// Whether `[workspace]` leaves a package out: it lies below an excluded path and is not listed as a member.
fn excludes(workspace: &toml::Table, root: &Path, package: &Path) -> bool {
    let listed = |key: &str| {
        let values = workspace.get(key).and_then(toml::Value::as_array);
        values.into_iter().flatten().filter_map(toml::Value::as_str)
    };
    let below = |path: &str| package.starts_with(paths::normalize(&root.join(path)));
    listed("exclude").any(below) && !listed("members").any(|member| is_member(member, root, package) || below(member))
}

fn is_member(pattern: &str, root: &Path, package: &Path) -> bool {
    let Ok(inside) = package.strip_prefix(root) else {
        return false;
    };
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .is_ok_and(|glob| glob.compile_matcher().is_match(inside))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::super::environment::Environment;
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        fs::write(path, text).expect("write");
    }

    fn options(cwd: &Path) -> Options {
        Options {
            cwd: cwd.into(),
            manifest_path: None,
            target_dir: None,
            offline: true,
            environment: Environment::default(),
        }
    }

    #[test]
    fn the_root_is_found_as_cargo_finds_it() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let top = directory.path();
        let package = "[package]\nname = 'x'\n";
        write(
            &top.join("Cargo.toml"),
            "[workspace]\nmembers = ['crates/*', 'out/in']\nexclude = ['out']\n",
        );
        write(&top.join("crates/a/Cargo.toml"), package);
        write(&top.join("out/b/Cargo.toml"), package);
        write(&top.join("out/in/Cargo.toml"), package);
        write(
            &top.join("elsewhere/c/Cargo.toml"),
            "[package]\nname = 'c'\nworkspace = '../../out/b'\n",
        );
        write(&top.join("crates/a/nested/Cargo.toml"), "[workspace]\n");
        for (start, root) in [
            ("crates/a", ""),
            ("crates/a/src", ""),
            ("out/b", "out/b"),
            ("out/in", ""),
            ("elsewhere/c", "out/b"),
            ("crates/a/nested", "crates/a/nested"),
        ] {
            fs::create_dir_all(top.join(start)).expect("create");
            let hint = locate(&options(&top.join(start)), &CargoConfig::default()).expect("found");
            let root: PathBuf = top.join(root).components().collect();
            assert_eq!(hint.root, root, "from {start}");
            assert_eq!(hint.target_dir, root.join("target"));
        }
    }

    #[test]
    fn the_target_directory_follows_flag_then_environment() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let top = directory.path();
        write(&top.join("Cargo.toml"), "[workspace]\n");
        let mut options = options(top);
        options.environment = Environment::from_pairs([("CARGO_TARGET_DIR", "one"), ("CARGO_BUILD_TARGET_DIR", "two")]);
        let target = |options: &Options| locate(options, &CargoConfig::default()).expect("found").target_dir;
        assert_eq!(target(&options), top.join("one"));
        options.target_dir = Some("../three".into());
        assert_eq!(target(&options), top.parent().expect("a parent").join("three"));
    }

    #[test]
    fn a_missing_manifest_is_a_usage_error_with_help() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut options = options(directory.path());
        options.manifest_path = Some("none/Cargo.toml".into());
        let error = locate(&options, &CargoConfig::default()).expect_err("refused");
        assert_eq!(error.exit_code(), gate_base::exit::USAGE);
        assert!(error.help.is_some());
    }
}
