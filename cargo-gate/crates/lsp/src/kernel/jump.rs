//! From a line of a kernel to the PTX that it became, and back.

use std::path::{Path, PathBuf};

use gate_build::UnitName;
use gate_build::ptx::Roots;
use gate_build::ptx::source_map::SourceMap;

/// A line of a file, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file.
    pub path: PathBuf,
    /// First line.
    pub first: u32,
    /// Last line.
    pub last: u32,
    /// Column from 1, where it is known.
    pub column: Option<u32>,
}

/// Where the code of a line of a source stands in a PTX text: every run of lines. `directory` is the crate.
pub fn to_ptx(directory: &Path, source: &Path, line: u32, ptx: &Path, text: &str) -> Vec<Line> {
    let Ok(map) = SourceMap::parse(text, &roots(directory)) else {
        return Vec::new();
    };
    let name = UnitName::of(directory, source).to_string();
    let ranges = map.lines(&name, line).unwrap_or_default();
    ranges
        .into_iter()
        .map(|range| Line {
            path: ptx.to_owned(),
            first: count(*range.start()),
            last: count(*range.end()),
            column: None,
        })
        .collect()
}

/// The place that a line of PTX was made from, and, where it was inlined, every call on the way out.
pub fn to_source(directory: &Path, text: &str, line: u32) -> Vec<Line> {
    let Ok(map) = SourceMap::parse(text, &roots(directory)) else {
        return Vec::new();
    };
    let Ok(position) = map.position(usize::try_from(line).unwrap_or(usize::MAX)) else {
        return Vec::new();
    };
    std::iter::successors(Some(position), |place| place.inlined_at.as_deref())
        .map(|place| Line {
            path: directory.join(&place.file).components().collect(),
            first: place.line,
            last: place.line,
            column: (place.column > 0).then_some(place.column),
        })
        .collect()
}

fn roots(directory: &Path) -> Roots {
    Roots::new([directory.to_string_lossy()])
}

fn count(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let app = Path::new(if cfg!(windows) { "C:/app" } else { "/app" });
        let crate_root = app;
        let (source, file) = (&app.join("kernels").join("k.cu"), &app.join("target").join("k.ptx"));
        let ptx = ".version 8.0\n.target sm_80\n.visible .entry k()\n{\n.loc 1 3 5\nmov.u32 %r1, %tid.x;\n.loc 1 4 5\nret;\n}\n";
        let ptx = &format!("{ptx}.file 1 \"{}/kernels/k.cu\"\n", app.display());
        let there = to_ptx(crate_root, source, 3, file, ptx);
        assert_eq!(there.len(), 1);
        assert!(there[0].first <= 6 && there[0].last >= 6, "{there:?}");
        let back = to_source(crate_root, ptx, 6);
        assert_eq!(&back[0].path, source);
        assert_eq!((back[0].first, back[0].column), (3, Some(5)));
        assert_eq!(to_ptx(crate_root, source, 99, file, ptx), []);
        assert_eq!(to_source(crate_root, ptx, 1), []);
        assert_eq!(to_source(crate_root, "no ptx", 1), []);
    }
}
