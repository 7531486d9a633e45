//! What is compiled: one source file, or one crate of Rust kernels.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::sorted::Append as _;

/// Path of a unit relative to the crate, with `/`: `kernels/softmax.cu`; for Rust kernels the folder of their crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitName(String);

impl UnitName {
    /// The name of `path` in the crate at `root`. A path outside of the crate keeps as many `..` as it takes; one on
    /// another drive stays whole.
    #[must_use]
    pub fn of(root: &Path, path: &Path) -> Self {
        let mut up = 0;
        let mut base = root;
        let below = loop {
            if let Ok(below) = path.strip_prefix(base) {
                break Some(below);
            }
            match base.parent() {
                Some(parent) => base = parent,
                None => break None,
            }
            up += 1;
        };
        let mut parts: Vec<String> = vec!["..".to_owned(); if below.is_some() { up } else { 0 }];
        parts.append_all(
            below
                .unwrap_or(path)
                .components()
                .map(|part| part.as_os_str().to_string_lossy().into_owned()),
        );
        Self(parts.join("/"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one file name on every operating system; different names have different ones.
    #[must_use]
    pub fn file_stem(&self) -> String {
        let mut stem = String::with_capacity(self.0.len() + 8);
        for character in self.0.chars() {
            match character {
                'a'..='z' | '0'..='9' | '-' | '.' => stem.push(character),
                // File systems that do not tell `A` from `a` still must tell the units apart.
                'A'..='Z' => {
                    stem.push('^');
                    stem.push(character.to_ascii_lowercase());
                }
                '/' => stem.push_str("__"),
                '_' => stem.push_str("_-"),
                other => stem.push_str(&format!("%{:x};", u32::from(other))),
            }
        }
        stem
    }
}

impl From<&str> for UnitName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a unit is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// CUDA C++, one file.
    Cuda,
    /// Rust, one crate.
    Rust,
}

/// One source file, or one crate of Rust kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: UnitName,
    /// The source file, or the folder of the crate; absolute.
    pub path: PathBuf,
    /// What it is written in.
    pub language: Language,
    /// Folder of the crate whose build script runs; absolute.
    pub crate_root: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_with_slashes() {
        let root = Path::new("/w/crate");
        for (path, name) in [
            ("/w/crate/kernels/a.cu", "kernels/a.cu"),
            ("/w/kernels", "../kernels"),
            ("/other/k.cu", "../../other/k.cu"),
        ] {
            assert_eq!(UnitName::of(root, Path::new(path)).as_str(), name);
        }
    }

    #[test]
    fn names_that_look_alike_as_files_are_kept_apart() {
        for (a, b) in [
            ("a/b", "a__b"),
            ("a_/b", "a/_b"),
            ("A.cu", "a.cu"),
            ("a^b", "aB"),
            ("a%2f;b", "a/b"),
        ] {
            let stems = [a, b].map(|name| UnitName::from(name).file_stem().to_lowercase());
            assert_ne!(stems[0], stems[1], "{a} {b}");
        }
    }

    proptest::proptest! {
        #[test]
        fn different_units_have_different_files(a in "[aA_/%^;.é-]{1,6}", b in "[aA_/%^;.é-]{1,6}") {
            let stems = (UnitName::from(&*a).file_stem(), UnitName::from(&*b).file_stem());
            proptest::prop_assert_eq!(a == b, stems.0.to_lowercase() == stems.1.to_lowercase());
        }
    }
}
