//! Names of files with recipes.

/// Whether a path may be that of a file with recipes. Relative to the workspace root or to the top of the repository.
pub(in crate::ci) fn may_be(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let is = |end: &str| name.len() > end.len() && name.ends_with(end);
    is(".mk") || is(".mak") || is(".just") || name == ".justfile" || name.ends_with(".toml") && path.contains("make")
}
