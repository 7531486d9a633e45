//! Cargo's configuration files, layered as cargo layers them: nearest directory first, `CARGO_HOME` last, with
//! `include` (<https://doc.rust-lang.org/cargo/reference/config.html>).

pub(crate) mod programs;

use std::path::{Path, PathBuf};

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::error::{Error, Result};
use gate_base::{Location, paths};

use super::environment::Environment;
use super::manifest::Manifest;

/// The configuration files that apply, nearest first.
#[derive(Debug, Clone, Default)]
pub struct CargoConfig {
    /// Layers, the one with the highest precedence first.
    pub layers: Vec<ConfigLayer>,
}

/// One configuration file.
#[derive(Debug, Clone)]
pub struct ConfigLayer {
    /// Absolute path.
    pub path: PathBuf,
    /// The text.
    pub text: String,
    /// Its contents.
    pub table: toml::Table,
    /// Digest of its bytes.
    pub digest: Digest,
    /// The file that cargo looked for, which is another one where this was included.
    pub found_by: PathBuf,
}

impl ConfigLayer {
    /// The directory from which relative paths in this file count: the parent of its `.cargo` directory.
    pub fn base(&self) -> &Path {
        let directory = self.path.parent().unwrap_or(&self.path);
        directory.parent().unwrap_or(directory)
    }

    /// Where the longest leading part of these keys is written.
    pub fn nearest(&self, keys: &[&str]) -> Location {
        let path = paths::spell(&self.path);
        // The text was parsed when it was read; should it not parse here, the file is all there is to name.
        Manifest::parse(path.as_str(), self.text.as_str())
            .map_or_else(|_| Location::file(path), |parsed| parsed.nearest(keys))
    }
}

/// A value and the file it comes from.
#[derive(Debug, Clone, Copy)]
pub struct ConfigValue<'a> {
    /// The value.
    pub value: &'a toml::Value,
    /// Its layer.
    pub layer: &'a ConfigLayer,
}

impl ConfigValue<'_> {
    /// The value as a path of `ConfigRelativePath` type, which counts from the directory of the configuration.
    pub fn to_path(&self) -> Option<PathBuf> {
        let text = self.value.as_str()?;
        Some(paths::normalize(&self.layer.base().join(text)))
    }

    /// The value as a program: one with a directory in it counts from the directory of the configuration, a bare name
    /// is left to the `PATH`.
    pub fn to_program(&self) -> Option<PathBuf> {
        let text = self.value.as_str()?;
        if text.contains(['/', '\\']) {
            self.to_path()
        } else {
            Some(text.into())
        }
    }
}

impl CargoConfig {
    /// Reads the files that apply to a cargo started in `cwd`.
    ///
    /// # Errors
    /// A file that is not valid TOML or whose `include` leads nowhere (usage, with file and line), I/O errors (tool).
    pub fn read(cwd: &Path, environment: &Environment) -> Result<Self> {
        let mut config = Self::default();
        let home = environment.cargo_home(cwd).map(|home| paths::normalize(&home));
        let near = cwd.ancestors().map(|directory| directory.join(".cargo"));
        let mut seen = Vec::new();
        for directory in near.chain(home) {
            if seen.contains(&directory) {
                continue;
            }
            // Where both spellings exist, cargo reads the one without extension.
            let found = ["config", "config.toml"]
                .map(|name| directory.join(name))
                .into_iter()
                .find(|path| path.is_file());
            if let Some(path) = found {
                config.load(&path, &mut Vec::new())?;
            }
            seen.push(directory);
        }
        Ok(config)
    }

    /// Reads one file with what it includes, as `--config FILE` does.
    ///
    /// # Errors
    /// As [`read`](Self::read), and where the file does not exist.
    pub fn of_file(path: &Path) -> Result<Self> {
        let mut config = Self::default();
        config.load(path, &mut Vec::new())?;
        Ok(config)
    }

    fn load(&mut self, path: &Path, including: &mut Vec<PathBuf>) -> Result<()> {
        if including.iter().any(|known| known == path) {
            return Err(fault(
                path,
                "includes itself",
                "remove the `include` that completes the cycle",
            ));
        }
        let bytes = std::fs::read(path).map_err(|error| Error::io("read", path, &error))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| fault(path, "is not UTF-8", "save the file as UTF-8"))?;
        let table = toml::from_str::<toml::Table>(text).map_err(|error| malformed(path, text, &error))?;
        let includes = includes(path, &table)?;
        self.layers.push(ConfigLayer {
            digest: Digest::of(&bytes),
            found_by: including.first().map_or(path, PathBuf::as_path).into(),
            path: path.into(),
            text: text.to_owned(),
            table,
        });
        // The including file wins over what it includes, a later include over an earlier one.
        including.push(path.into());
        for include in includes.into_iter().rev() {
            if include.path.is_file() {
                self.load(&include.path, including)?;
            } else if !include.optional {
                let what = format!("includes `{}`, which does not exist", include.path.display());
                return Err(fault(
                    path,
                    &what,
                    "create the file, or add `optional = true` next to its path",
                ));
            }
        }
        including.pop();
        Ok(())
    }

    /// The value that wins for a dotted key such as `build.target-dir`. Tables are merged by cargo key by key and
    /// arrays are joined: ask for a leaf, or go through [`all`](Self::all).
    pub fn get<'a>(&'a self, key: &str) -> Option<ConfigValue<'a>> {
        self.all(key).next()
    }

    /// Every value of a dotted key, the one with the highest precedence first.
    pub fn all<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = ConfigValue<'a>> + use<'a, 'k> {
        self.layers.iter().filter_map(move |layer| {
            let mut names = key.split('.');
            let mut value = layer.table.get(names.next()?)?;
            for name in names {
                value = value.as_table()?.get(name)?;
            }
            Some(ConfigValue { value, layer })
        })
    }

    /// Digest over all layers in order: where they are and what they say.
    pub fn digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("cargo-config");
        for layer in &self.layers {
            builder
                .part(layer.path.as_os_str().as_encoded_bytes())
                .digest(&layer.digest);
        }
        builder.finish()
    }
}

struct Include {
    path: PathBuf,
    optional: bool,
}

fn includes(path: &Path, table: &toml::Table) -> Result<Vec<Include>> {
    let wrong = || fault(path, "has an invalid `include`", "write `include = [\"other.toml\"]`");
    let one = |value: &toml::Value| {
        let (text, optional) = match value {
            toml::Value::String(text) => (text.as_str(), false),
            toml::Value::Table(table) => (
                table.get("path").and_then(toml::Value::as_str).ok_or_else(wrong)?,
                table.get("optional").and_then(toml::Value::as_bool).unwrap_or(false),
            ),
            _ => return Err(wrong()),
        };
        let directory = path.parent().unwrap_or(path);
        Ok(Include {
            path: paths::normalize(&directory.join(text)),
            optional,
        })
    };
    match table.get("include") {
        None => Ok(Vec::new()),
        Some(toml::Value::Array(values)) => values.iter().map(one).collect(),
        Some(value) => Ok(vec![one(value)?]),
    }
}

fn fault(path: &Path, what: &str, help: &str) -> Error {
    let mut error = Error::usage(format!("cargo's configuration `{}` {what}", path.display())).with_help(help);
    error.path = Some(path.into());
    error
}

fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map_or(1, |span| paths::line_column(text, span.start).0);
    let mut this = Error::usage(format!(
        "cargo's configuration `{}` is malformed at line {line}: {}",
        path.display(),
        error.message()
    ))
    .with_help(format!("edit line {line} of that file"));
    this.path = Some(path.into());
    this
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        fs::write(path, text).expect("write");
    }

    #[test]
    fn the_nearest_file_wins_and_the_home_comes_last() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let top = directory.path();
        write(&top.join("a/.cargo/config.toml"), "[build]\ntarget-dir = 'near'\n");
        write(
            &top.join(".cargo/config.toml"),
            "[build]\ntarget-dir = 'far'\njobs = 2\n",
        );
        write(
            &top.join("home/config.toml"),
            "[build]\njobs = 3\nrustc = 'bin/rustc'\n",
        );
        let environment = Environment::from_pairs([("CARGO_HOME", top.join("home"))]);
        let config = CargoConfig::read(&top.join("a"), &environment).expect("read");
        let target = config.get("build.target-dir").expect("set");
        assert_eq!(target.to_path(), Some(top.join("a/near")));
        assert_eq!(
            config.get("build.jobs").and_then(|found| found.value.as_integer()),
            Some(2)
        );
        assert_eq!(config.all("build.jobs").count(), 2);
        assert_eq!(
            config.get("build.rustc").and_then(|found| found.to_program()),
            Some(top.join("bin/rustc"))
        );
        assert!(config.get("build.jobs.deeper").is_none());
    }

    #[test]
    fn includes_rank_below_the_file_that_includes_them() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let cargo = directory.path().join(".cargo");
        write(
            &cargo.join("config.toml"),
            "include = ['one.toml', { path = 'two.toml' }, { path = 'no.toml', optional = true }]\n[a]\nx = 0\n",
        );
        write(&cargo.join("one.toml"), "[a]\nx = 1\ny = 1\n");
        write(&cargo.join("two.toml"), "[a]\nx = 2\ny = 2\n");
        let config = CargoConfig::read(directory.path(), &Environment::default()).expect("read");
        assert_eq!(config.get("a.x").and_then(|found| found.value.as_integer()), Some(0));
        assert_eq!(config.get("a.y").and_then(|found| found.value.as_integer()), Some(2));
    }

    #[test]
    fn what_cargo_would_refuse_names_file_and_line() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join(".cargo/config.toml");
        for (text, expected) in [
            ("[build]\njobs = \n", "is malformed at line 2"),
            ("include = 'gone.toml'\n", "does not exist"),
            ("include = 'config.toml'\n", "includes itself"),
            ("include = 3\n", "invalid `include`"),
        ] {
            write(&path, text);
            let error = CargoConfig::read(directory.path(), &Environment::default()).expect_err("refused");
            assert!(error.message.contains(expected), "{}", error.message);
            assert_eq!(error.exit_code(), gate_base::exit::USAGE);
            assert!(error.help.is_some());
        }
    }

    #[test]
    fn the_digest_tells_layers_apart() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join(".cargo/config.toml");
        let digest = || {
            CargoConfig::read(directory.path(), &Environment::default())
                .expect("read")
                .digest()
        };
        let none = digest();
        write(&path, "[build]\njobs = 1\n");
        let one = digest();
        write(&path, "[build]\njobs = 2\n");
        assert!(none != one && one != digest());
    }
}
