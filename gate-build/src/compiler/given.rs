//! What nvcc is given in all: flags of build.rs, of files that they name, and of variables.

use std::fs;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::sorted::List as _;

/// Files of flags may name other files of flags; nobody means more of them than this.
const DEEPEST: usize = 4;

/// Every flag in order, and the files that some of them are in.
#[derive(Default)]
pub(crate) struct Given {
    pub flags: Vec<String>,
    /// Absolute; whether or not they are there.
    pub files: Vec<PathBuf>,
}

impl Given {
    /// What nvcc is given beside its own profile, run in this folder.
    pub(crate) fn of(flags: &[String], env: &Env, root: &Path) -> Self {
        let words = |name: &str| -> Vec<String> {
            let value = env.variable(name).map(|value| value.to_string_lossy().into_owned());
            value.unwrap_or_default().split_whitespace().map(str::to_owned).list()
        };
        let mut given = Self::default();
        for flags in [&words("NVCC_PREPEND_FLAGS"), flags, &words("NVCC_APPEND_FLAGS")] {
            given.extend(flags, root, DEEPEST);
        }
        given
    }

    fn extend(&mut self, flags: &[String], root: &Path, depth: usize) {
        let mut rest = flags.iter();
        while let Some(flag) = rest.next() {
            let name = flag.split_once('=').map_or(flag.as_str(), |(name, _)| name);
            if !matches!(name, "-optf" | "--options-file") {
                self.flags.push(flag.clone());
                continue;
            }
            let value = flag.split_once('=').map(|(_, value)| value);
            let Some(value) = value.or_else(|| rest.next().map(String::as_str)) else {
                continue;
            };
            for file in value.split(',').map(|file| root.join(file)) {
                let text = fs::read_to_string(&file).unwrap_or_default();
                self.files.push(file);
                if depth > 0 {
                    let flags: Vec<String> = text.split_whitespace().map(str::to_owned).list();
                    self.extend(&flags, root, depth - 1);
                }
            }
        }
    }

    /// Whether the PTX is to name lines of the source.
    pub(crate) fn shows_lines(&self) -> bool {
        let shows = ["-lineinfo", "--generate-line-info", "-G", "--device-debug"];
        self.flags
            .iter()
            .any(|flag| shows.contains(&flag.split_once('=').map_or(flag.as_str(), |(name, _)| name)))
    }

    /// The C++ compiler, or its folder, that is named.
    pub(crate) fn host_compiler(&self) -> Option<&str> {
        let names = ["-ccbin", "--compiler-bindir"];
        let mut found = None;
        for (at, flag) in self.flags.iter().enumerate() {
            match flag.split_once('=') {
                Some((name, value)) if names.contains(&name) => found = Some(value),
                None if names.contains(&flag.as_str()) => found = self.flags.get(at + 1).map(String::as_str),
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Disk, Os};

    #[test]
    fn files_and_variables_are_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.txt"), "-DA\n-optf two.txt\n").unwrap();
        fs::write(folder.path().join("two.txt"), "-ccbin=g++-12 -lineinfo").unwrap();
        let env = Env::new(
            Os::host(),
            [("NVCC_PREPEND_FLAGS", "-DP"), ("NVCC_APPEND_FLAGS", "-DX -DY")],
            Disk,
        );
        let flags = ["--options-file", "one.txt", "-DZ", "--options-file=gone"].map(str::to_owned);
        let given = Given::of(&flags, &env, folder.path());
        assert_eq!(
            given.flags,
            ["-DP", "-DA", "-ccbin=g++-12", "-lineinfo", "-DZ", "-DX", "-DY"]
        );
        assert_eq!(
            given.files,
            ["one.txt", "two.txt", "gone"].map(|name| folder.path().join(name))
        );
        assert_eq!(given.host_compiler(), Some("g++-12"));
        assert!(given.shows_lines());
        assert!(!Given::of(&flags[2..3], &env, folder.path()).shows_lines());
    }

    #[test]
    fn a_file_that_names_itself_ends() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "-optf a").unwrap();
        let env = Env::new(Os::host(), Vec::<(String, String)>::new(), Disk);
        let given = Given::of(&["-optf".to_owned(), "a".to_owned()], &env, folder.path());
        assert_eq!(given.files.len(), DEEPEST + 1);
    }
}
