//! Versions of Python packages that a lock file names.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::documents::from_yaml;
use crate::run::Run;

/// Version by normalised name of the package.
pub(crate) type Versions = BTreeMap<String, String>;

/// Lock files, the first that is there counts.
const FILES: &[&str] = &["uv.lock", "requirements.txt", "conda-lock.yml", "environment.yml"];

/// The versions of the first lock file in the run or the project, with its name.
pub(crate) fn of(run: &Run<'_>) -> Option<(String, Result<Versions, String>)> {
    let (name, path) = FILES.iter().find_map(|name| Some((*name, run.find(name)?)))?;
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    Some((name.to_owned(), text.and_then(|text| parse(name, &text))))
}

/// A name as PyPI compares it (PEP 503).
pub(crate) fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            letter => out.extend(letter.to_lowercase()),
        }
    }
    out
}

fn parse(name: &str, text: &str) -> Result<Versions, String> {
    match name {
        "uv.lock" => uv(text),
        "requirements.txt" => Ok(requirements(text)),
        _ => conda(text),
    }
}

fn uv(text: &str) -> Result<Versions, String> {
    let lock: toml::Table = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let packages = lock
        .get("package")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    Ok(packages
        .filter_map(|package| {
            Some((
                normalized(package.get("name")?.as_str()?),
                package.get("version")?.as_str()?.to_owned(),
            ))
        })
        .collect())
}

/// Pinned requirements: `name==version`, with or without extras, markers and hashes.
fn requirements(text: &str) -> Versions {
    let pinned = |line: &str| {
        let line = line.split(" #").next()?.trim();
        let (name, version) = line.split_once("==")?;
        let name = name.split('[').next()?.trim();
        let version = version
            .trim_start_matches('=')
            .split([' ', ';', '\\', ','])
            .next()?
            .trim();
        let plain = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        (plain && !version.contains('*')).then(|| (normalized(name), version.to_owned()))
    };
    text.lines().filter_map(pinned).collect()
}

/// `package` entries of conda-lock, or pinned `dependencies` of an environment.
fn conda(text: &str) -> Result<Versions, String> {
    let lock = from_yaml(text.as_bytes())?;
    let mut versions = Versions::new();
    for package in lock.get("package").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(name), Some(version)) = (package.get("name").and_then(Value::as_str), package.get("version")) {
            let version = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
            versions.insert(normalized(name), version);
        }
    }
    for dependency in lock.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
        match dependency {
            Value::String(text) => {
                let mut parts = text.split('=').filter(|part| !part.is_empty());
                if let (Some(name), Some(version)) = (parts.next(), parts.next()) {
                    versions.insert(normalized(name.rsplit("::").next().unwrap_or(name)), version.to_owned());
                }
            }
            other => {
                let pip = other
                    .get("pip")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str);
                versions.extend(requirements(&pip.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_read() {
        let same = |versions: Versions| {
            versions
                .into_iter()
                .map(|(name, version)| format!("{name} {version}"))
                .collect::<Vec<_>>()
        };
        let want = ["numpy 2.1.0", "scikit-learn 1.5.2"];
        let uv = "version = 1\n[[package]]\nname = \"numpy\"\nversion = \"2.1.0\"\n[[package]]\nname = \"scikit_learn\"\nversion = \"1.5.2\"\n";
        assert_eq!(same(parse("uv.lock", uv).expect("TOML")), want);
        let pip = "# made by pip\nnumpy==2.1.0 \\\n    --hash=sha256:00\nScikit.Learn[extra]==1.5.2 ; python_version > \"3\"\nother>=1\n";
        assert_eq!(same(parse("requirements.txt", pip).expect("text")), want);
        let conda = "dependencies:\n  - conda-forge::numpy=2.1.0=py312\n  - pip:\n      - scikit-learn==1.5.2\n";
        assert_eq!(same(parse("environment.yml", conda).expect("YAML")), want);
        let lock = "package:\n  - name: numpy\n    version: 2.1.0\n  - name: scikit-learn\n    version: 1.5.2\n";
        assert_eq!(same(parse("conda-lock.yml", lock).expect("YAML")), want);
    }
}
