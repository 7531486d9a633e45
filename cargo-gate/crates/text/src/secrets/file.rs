//! One file: its secrets, and the paths of this machine in it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use gate_base::digest::{Digest, DigestBuilder};
use gate_world::environment::Environment;

use super::position::{Positions, characters};
use super::{TextScan, homes, scan_all, span};

/// A path of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachinePath {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length in characters.
    pub length: u32,
}

/// What is kept of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileScan {
    /// Secrets and home directories.
    pub text: TextScan,
    /// Paths of this machine.
    pub machine: Vec<MachinePath>,
}

impl FileScan {
    /// Whether there is nothing in it, and all of it was searched.
    pub fn is_empty(&self) -> bool {
        let TextScan { hits, homes, unread } = &self.text;
        hits.is_empty() && homes.is_empty() && unread.is_empty() && self.machine.is_empty()
    }
}

/// Directories that exist on this machine only: the workspace, and the home directory of whoever runs the gate. Those
/// that any container has are none: they say nothing about anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachinePaths(Vec<String>);

impl MachinePaths {
    /// The directories of this machine.
    pub fn new(environment: &Environment, root: &Path) -> Self {
        let mut paths = Vec::new();
        for name in ["HOME", "USERPROFILE"] {
            let home = environment.text(name).unwrap_or_default().trim_end_matches(['/', '\\']);
            let (above, user) = home.rsplit_once(['/', '\\']).unwrap_or_default();
            if above.len() > 1 && !homes::is_nobody(user) {
                paths.push(home.to_owned());
            }
        }
        // `/app`, `/workspace` and `/github/workspace` are everybody's.
        if root.components().count() > 3 {
            paths.extend(root.to_str().map(str::to_owned));
        }
        // Files write a path of Windows with slashes too, and inside quotation marks with doubled separators.
        let windows: Vec<String> = paths.iter().filter(|path| path.contains('\\')).cloned().collect();
        for path in windows {
            paths.extend([path.replace('\\', "/"), path.replace('\\', r"\\")]);
        }
        paths.sort();
        paths.dedup();
        Self(paths)
    }

    /// Digest over them.
    pub fn digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("machine paths");
        for path in &self.0 {
            builder.part(path.as_bytes());
        }
        builder.finish()
    }

    fn find(&self, bytes: &[u8]) -> Vec<MachinePath> {
        let mut positions = Positions::new(bytes);
        let mut found = Vec::new();
        for path in &self.0 {
            let path = path.as_bytes();
            for at in memchr::memmem::find_iter(bytes, path) {
                let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if bytes.get(at + path.len()).is_some_and(goes_on) {
                    continue;
                }
                let (line, column) = positions.of(at);
                found.push(MachinePath {
                    line,
                    column,
                    length: characters(path),
                });
            }
        }
        found.sort_by_key(|path| (path.line, path.column));
        found.dedup_by_key(|path| (path.line, path.column));
        found
    }
}

/// Scans one text.
pub fn scan_file(bytes: &[u8], machine: &MachinePaths) -> FileScan {
    let text = scan_all(bytes);
    let is_text = memchr::memchr(0, span::before(bytes, 8192)).is_none();
    FileScan {
        text,
        machine: if is_text { machine.find(bytes) } else { Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_windows_is_found_in_every_spelling() {
        let environment = Environment::from_pairs([("USERPROFILE", r"D:\people\mira")]);
        let machine = MachinePaths::new(&environment, Path::new(""));
        let text =
            "a = 'D:\\people\\mira\\x'\nb = \"D:\\\\people\\\\mira\\\\x\"\nc = D:/people/mira/x\nd = D:/people/mirat\n";
        let found: Vec<_> = machine
            .find(text.as_bytes())
            .iter()
            .map(|path| (path.line, path.column, path.length))
            .collect();
        assert_eq!(found, [(1, 6, 14), (2, 6, 16), (3, 5, 14)]);
    }
}
