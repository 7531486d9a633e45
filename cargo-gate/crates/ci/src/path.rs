//! Directories inside of the repository, as commands name them.

use gate_base::paths::join_below;
pub(super) use gate_base::paths::parent;

use super::expand::UNKNOWN;

/// How the top of the repository is written where a path is absolute (`$GITHUB_WORKSPACE`).
pub(super) const TOP: &str = "//";

/// `path` as seen from `directory`, relative to the top of the repository; `None` when it leads out of it, and [`UNKNOWN`]
/// when only the run knows where it leads.
pub(super) fn join(directory: Option<&str>, path: &str) -> Option<String> {
    if path.contains([UNKNOWN, '`', '$']) {
        return Some(UNKNOWN.into());
    }
    if path.starts_with('~') {
        return None;
    }
    let path = path.replace('\\', "/");
    let (base, path) = match path.strip_prefix(TOP) {
        Some(below) => ("", below),
        None if path.starts_with('/') || path.get(1..2) == Some(":") => return None,
        None => (directory?, path.as_str()),
    };
    if base.contains(UNKNOWN) {
        return Some(UNKNOWN.into());
    }
    join_below(base, path)
}

/// The directory that a script computes from its own place or from git: `"$(dirname "$0")/.."`. As an absolute path.
pub(super) fn computed(text: &str, script: &str) -> Option<String> {
    let own = text.contains("$0") || text.contains("BASH_SOURCE") || text.contains("${0");
    let (base, behind) = if let Some(at) = text.find("--show-toplevel") {
        ("", &text[at..])
    } else if let Some(at) = text.find("dirname").filter(|_| own) {
        (parent(script), &text[at..])
    } else if own && text.contains("%/*}") {
        (parent(script), text)
    } else {
        return None;
    };
    let end = behind.find([')', '}'])?;
    // `${BASH_SOURCE[0]}` ends with the brace, and the substitution with the bracket behind it.
    let behind = behind[end..].trim_start_matches([')', '}', '"']);
    let suffix_end = behind
        .find(|char: char| !(char.is_ascii_alphanumeric() || "/._-".contains(char)))
        .unwrap_or(behind.len());
    let suffix = behind[..suffix_end].trim_start_matches('/');
    join(Some(base), suffix).map(|path| format!("{TOP}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_repository() {
        assert_eq!(join(Some("a/b"), "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join(Some(""), "..").as_deref(), None);
        assert_eq!(join(None, "a").as_deref(), None);
        assert_eq!(join(None, "//a").as_deref(), Some("a"));
        assert_eq!(join(Some("a"), "//").as_deref(), Some(""));
        assert_eq!(join(Some("a"), ".\\b").as_deref(), Some("a/b"));
        for path in ["/usr", "~/x", "C:\\x"] {
            assert_eq!(join(Some(""), path), None, "{path}");
        }
        let unknown = Some(UNKNOWN.to_string());
        for path in ["$X", "a\u{fffd}", "$X/../a"] {
            assert_eq!(join(Some(""), path), unknown, "{path}");
        }
        assert_eq!(join(unknown.as_deref(), "../a"), unknown);
        assert_eq!(join(unknown.as_deref(), "//a").as_deref(), Some("a"));
    }

    #[test]
    fn scripts_know_where_they_are() {
        let of = |text| computed(text, "ci/run.sh");
        assert_eq!(of("$(dirname \"${BASH_SOURCE[0]}\")/..").as_deref(), Some("//"));
        assert_eq!(of("$(dirname $0)").as_deref(), Some("//ci"));
        assert_eq!(of("$(cd \"$(dirname \"$0\")/../x\" && pwd)").as_deref(), Some("//x"));
        assert_eq!(of("${0%/*}/..").as_deref(), Some("//"));
        assert_eq!(of("$(git rev-parse --show-toplevel)/rust").as_deref(), Some("//rust"));
        assert_eq!(of("$(pwd)"), None);
        assert_eq!(of("$(dirname \"$0\")/../.."), None);
    }
}
