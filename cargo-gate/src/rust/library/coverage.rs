//! Line coverage in the lcov format, as `cargo llvm-cov --lcov` writes it.
//!
//! The format names files and lines and holds no digest of a source, so that a report cannot prove which sources it is
//! about. What can be told is told: a source that changed after the report was written, and a line that the report does
//! not know.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::base::digest::DigestBuilder;
use crate::workspace::files::{FileKind, FileList};

/// A coverage report over the sources of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How often each line ran, by path relative to the workspace root and 1-based line.
    pub files: BTreeMap<String, BTreeMap<u32, u64>>,
    /// Sources in it that changed after it was written, sorted.
    pub newer: Vec<String>,
}

impl Coverage {
    /// Reads the report at a path relative to `root`, which git need not track; `sources` are the files of the workspace there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(root: &Path, path: &str, sources: &FileList) -> io::Result<Self> {
        let file = root.join(path);
        let text = String::from_utf8_lossy(&std::fs::read(&file)?).into_owned();
        let written = std::fs::metadata(&file)?.modified()?;
        let known: Vec<&str> = sources
            .iter()
            .filter(|file| file.kind == FileKind::Regular && file.path.ends_with(".rs"))
            .map(|file| file.path.as_str())
            .collect();
        let files = parse(&text, &root.to_string_lossy().replace('\\', "/"), &known);
        let is_newer = |path: &&String| {
            let source = sources.get(path).map(|file| root.join(&file.native));
            let changed = source.and_then(|path| std::fs::metadata(path).ok()?.modified().ok());
            changed.is_none_or(|changed: SystemTime| changed > written)
        };
        let newer = files.keys().filter(is_newer).cloned().collect();
        Ok(Self { files, newer })
    }

    /// What a judgement over it depends on.
    pub(crate) fn identity(&self) -> Vec<u8> {
        let mut digest = DigestBuilder::new("coverage");
        for (path, lines) in &self.files {
            digest.part(path.as_bytes());
            for (line, count) in lines {
                digest.part(&line.to_le_bytes()).part(&[u8::from(*count > 0)]);
            }
        }
        for path in &self.newer {
            digest.part(path.as_bytes());
        }
        digest.finish().as_bytes().to_vec()
    }

    /// How often a line ran; `None` when the report does not know the line.
    pub fn hits(&self, path: &str, line: u32) -> Option<u64> {
        self.files.get(path)?.get(&line).copied()
    }
}

/// Reads lcov: records of `SF:<path>`, `DA:<line>,<count>` and `end_of_record`; all other lines are of no interest.
/// Paths below `root` become relative to it. A report of another machine has other paths: such a one is taken for the
/// longest known path that it ends with. `known` is sorted.
pub fn parse(text: &str, root: &str, known: &[&str]) -> BTreeMap<String, BTreeMap<u32, u64>> {
    let mut files: BTreeMap<String, BTreeMap<u32, u64>> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            current = resolve(&path.trim().replace('\\', "/"), root, known);
        } else if line.trim_end() == "end_of_record" {
            current = None;
        } else if let (Some(path), Some(data)) = (&current, line.strip_prefix("DA:")) {
            let mut parts = data.trim_end().split(',');
            let number = parts.next().and_then(|part| part.parse::<u32>().ok());
            let count = parts.next().and_then(|part| part.parse::<u64>().ok());
            if let (Some(number), Some(count)) = (number, count) {
                let hits = files.entry(path.clone()).or_default().entry(number).or_default();
                *hits = hits.saturating_add(count);
            }
        }
    }
    files
}

fn resolve(path: &str, root: &str, known: &[&str]) -> Option<String> {
    let below = path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'));
    let mut rest = below.unwrap_or(path);
    loop {
        if known.binary_search(&rest).is_ok() {
            return Some(rest.to_owned());
        }
        rest = rest.split_once('/')?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_one_line_add_up() {
        let text = "TN:\r\nSF:/w/src/lib.rs\r\nFN:1,f\r\nDA:3,0\r\nDA:4,2\r\nend_of_record\r\nDA:9,9\r\n\
                    SF:src/lib.rs\nDA:4,1,abc\nDA:x,1\nDA:5\nend_of_record\nSF:/other/lib.rs\nDA:1,1\n";
        let files = parse(text, "/w", &["src/lib.rs"]);
        assert_eq!(
            files,
            BTreeMap::from([("src/lib.rs".into(), BTreeMap::from([(3, 0), (4, 3)]))])
        );
    }

    #[test]
    fn paths_of_another_machine_are_recognised_by_their_end() {
        let known = ["a/src/lib.rs", "src/lib.rs"];
        let of = |path: &str| resolve(path, "/w", &known);
        assert_eq!(of("/home/ci/repo/a/src/lib.rs").as_deref(), Some("a/src/lib.rs"));
        assert_eq!(of("/home/ci/repo/src/lib.rs").as_deref(), Some("src/lib.rs"));
        assert_eq!(of("/home/ci/repo/mysrc/lib.rs"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(?s)(SF:|DA:|end_of_record|[0-9,\n\r/a.]){0,40}") {
            parse(&text, "/w", &["a", "src/lib.rs"]);
        }
    }
}
