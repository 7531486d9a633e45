//! Versions of Python packages that a lock file names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::documents::from_yaml;
use crate::run::Run;

/// What a lock file says.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    /// Versions by normalised name of the package. A lock may hold one for each system.
    pub(crate) versions: BTreeMap<String, BTreeSet<String>>,
    /// What it leaves open, in a sentence.
    pub(crate) open: Option<String>,
}

impl Lock {
    fn add(&mut self, name: &str, version: &str) {
        self.versions
            .entry(normalized(name))
            .or_default()
            .insert(version.to_owned());
    }
}

/// Lock files, the first that is there counts.
const FILES: &[&str] = &["uv.lock", "requirements.txt", "conda-lock.yml", "environment.yml"];

/// The versions of the first lock file in the run or the project, with its name.
pub(crate) fn of(run: &Run<'_>) -> Option<(String, Result<Lock, String>)> {
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

/// Whether a version is the locked one, as PEP 440 compares them: `2.6.0+cu124` is a build of `2.6.0`, `2.6` is `2.6.0`. A lock that
/// names a build means that one.
pub(crate) fn is_same(ran: &str, locked: &str) -> bool {
    let parts = |version: &str| {
        let lower = version.trim().to_ascii_lowercase();
        let plain = lower.strip_prefix('v').unwrap_or(&lower);
        let (public, build) = plain.split_once('+').unwrap_or((plain, ""));
        let mut public = public.to_owned();
        while let Some(shorter) = public.strip_suffix(".0") {
            public.truncate(shorter.len());
        }
        (public, build.replace(['-', '_'], "."))
    };
    let (ran, locked) = (parts(ran), parts(locked));
    ran.0 == locked.0 && (locked.1.is_empty() || ran.1 == locked.1)
}

fn parse(name: &str, text: &str) -> Result<Lock, String> {
    match name {
        "uv.lock" => uv(text),
        "requirements.txt" => Ok(requirements(text)),
        _ => conda(text),
    }
}

fn uv(text: &str) -> Result<Lock, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let mut lock = Lock::default();
    let packages = table.get("package").and_then(toml::Value::as_array);
    for package in packages.into_iter().flatten() {
        let of = |key| package.get(key).and_then(toml::Value::as_str);
        if let (Some(name), Some(version)) = (of("name"), of("version")) {
            lock.add(name, version);
        }
    }
    Ok(lock)
}

/// Pinned requirements: `name==version`, with or without extras and markers. A line that pins nothing, or has no hash, leaves something open.
pub(crate) fn requirements(text: &str) -> Lock {
    let mut lock = Lock::default();
    let (mut loose, mut unhashed) = (Vec::new(), Vec::new());
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    for line in joined.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with(['#', '-']) {
            continue;
        }
        match pinned(line) {
            Some((name, version)) => {
                lock.add(name, version);
                if !line.contains("--hash=") {
                    unhashed.push(name);
                }
            }
            None => loose.push(line.split([' ', ';']).next().unwrap_or(line)),
        }
    }
    lock.open = match (loose.first(), unhashed.first()) {
        (Some(first), _) => Some(format!(
            "{} requirements pin no version, the first `{first}`",
            loose.len()
        )),
        (None, Some(first)) => Some(format!(
            "{} requirements have no hash, the first `{first}`",
            unhashed.len()
        )),
        (None, None) => None,
    };
    lock
}

fn pinned(line: &str) -> Option<(&str, &str)> {
    let (name, version) = line.split_once("==")?;
    let name = name.split('[').next()?.trim();
    let version = version
        .trim_start_matches('=')
        .trim_start()
        .split([' ', ';', '\\', ','])
        .next()?
        .trim();
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (plain && !version.contains('*')).then_some((name, version))
}

/// `package` entries of conda-lock, or pinned `dependencies` of an environment.
fn conda(text: &str) -> Result<Lock, String> {
    let table = from_yaml(text.as_bytes())?;
    let mut lock = Lock::default();
    for package in table.get("package").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(name), Some(version)) = (package.get("name").and_then(Value::as_str), package.get("version")) {
            let version = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
            lock.add(name, &version);
        }
    }
    for dependency in table
        .get("dependencies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        match dependency {
            Value::String(text) => {
                let mut parts = text.split('=').filter(|part| !part.is_empty());
                if let (Some(name), Some(version)) = (parts.next(), parts.next()) {
                    lock.add(name.rsplit("::").next().unwrap_or(name), version);
                }
            }
            other => {
                let pip = other
                    .get("pip")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str);
                for (name, versions) in requirements(&pip.collect::<Vec<_>>().join("\n")).versions {
                    lock.versions.entry(name).or_default().extend(versions);
                }
            }
        }
    }
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_read() {
        let same = |lock: Lock| {
            lock.versions
                .into_iter()
                .map(|(name, versions)| format!("{name} {}", versions.into_iter().collect::<Vec<_>>().join(" or ")))
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

    #[test]
    fn a_lock_may_hold_several_versions_of_a_package() {
        let uv =
            "[[package]]\nname = \"numpy\"\nversion = \"2.1.0\"\n[[package]]\nname = \"numpy\"\nversion = \"1.26.4\"\n";
        let lock = parse("uv.lock", uv).expect("TOML");
        assert_eq!(lock.versions["numpy"].iter().collect::<Vec<_>>(), ["1.26.4", "2.1.0"]);
    }

    #[test]
    fn requirements_say_what_they_leave_open() {
        let open = |text: &str| requirements(text).open.unwrap_or_default();
        assert_eq!(open("# all\n-r more.txt\na==1 \\\n  --hash=sha256:00\n"), "");
        assert_eq!(
            open("a==1\nb==2 --hash=sha256:00\n"),
            "1 requirements have no hash, the first `a`"
        );
        assert_eq!(open("a==1\nb>=2\n"), "1 requirements pin no version, the first `b>=2`");
    }

    #[test]
    fn a_build_is_of_its_version() {
        for (ran, locked, same) in [
            ("2.6.0+cu124", "2.6.0", true),
            ("2.6", "2.6.0", true),
            ("v2.6.0", "2.6", true),
            ("2.6.0+cu124", "2.6.0+cu118", false),
            ("2.6.0", "2.6.0+cu124", false),
            ("2.6.1+cu124", "2.6.0", false),
            ("2.60", "2.6", false),
        ] {
            assert_eq!(is_same(ran, locked), same, "{ran} {locked}");
        }
    }
}
