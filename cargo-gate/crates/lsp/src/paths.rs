//! File URIs and paths.

use std::path::{Path, PathBuf};

use lsp_types::Uri;
use url::Url;

/// The path behind a file URI; `None` for other schemes and for what is no URI.
pub fn to_path(uri: &Uri) -> Option<PathBuf> {
    let url = Url::parse(&uri.0).ok()?;
    if url.scheme() != "file" {
        return None;
    }
    let path = url.to_file_path().ok()?;
    Some(tidy(&path))
}

/// The file URI of an absolute path; `None` for a relative one.
pub fn to_uri(path: &Path) -> Option<Uri> {
    Url::from_file_path(path).ok().map(|url| Uri(String::from(url)))
}

/// Editors write the letter of a drive in either case, and the same file has to be the same path.
fn tidy(path: &Path) -> PathBuf {
    #[cfg(windows)]
    {
        let text = path.as_os_str().to_string_lossy();
        if text.as_bytes().get(1) == Some(&b':') {
            let (letter, rest) = text.split_at(1);
            return PathBuf::from(letter.to_ascii_uppercase() + rest);
        }
    }
    path.components().collect()
}

/// `path` relative to `root` with `/`; `None` where it does not lie below it.
pub fn relative(root: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// The path of a report's location below `root`; `None` for what leads out of it.
pub fn below(root: &Path, location: &str) -> Option<PathBuf> {
    let path = Path::new(location);
    let plain = path
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    (plain && !location.is_empty()).then(|| root.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(windows))]
    #[test]
    fn spaces_percent_signs_and_letters_beyond_ascii_survive() {
        for (uri, path) in [
            ("file:///home/a%20b/gate.toml", "/home/a b/gate.toml"),
            ("file:///home/%C3%A9/100%25/k.cu", "/home/é/100%/k.cu"),
            ("file://localhost/a/b", "/a/b"),
        ] {
            let found = to_path(&Uri::from(uri)).unwrap();
            assert_eq!(found, Path::new(path));
            assert_eq!(to_path(&to_uri(&found).unwrap()).unwrap(), found);
        }
        assert_eq!(to_uri(Path::new("/a b/é")).unwrap().0, "file:///a%20b/%C3%A9");
    }

    #[cfg(windows)]
    #[test]
    fn drives_and_shares_survive() {
        for (uri, path) in [
            ("file:///c%3A/a%20b/gate.toml", r"C:\a b\gate.toml"),
            ("file:///C:/a/gate.toml", r"C:\a\gate.toml"),
            ("file://server/share/gate.toml", r"\\server\share\gate.toml"),
        ] {
            let found = to_path(&Uri::from(uri)).unwrap();
            assert_eq!(found, Path::new(path));
            assert_eq!(to_path(&to_uri(&found).unwrap()).unwrap(), found);
        }
    }

    #[test]
    fn what_is_no_file_has_no_path() {
        for uri in [
            "untitled:Untitled-1",
            "http://x/y",
            "",
            "gate.toml",
            "file:",
            "git:/a/b?c",
        ] {
            let path = to_path(&Uri::from(uri));
            assert!(
                path.is_none() || path.as_deref() == Some(Path::new("/")),
                "{uri}: {path:?}"
            );
        }
        assert!(to_uri(Path::new("gate.toml")).is_none());
    }

    #[test]
    fn locations_do_not_lead_out() {
        let root = Path::new("root");
        assert_eq!(below(root, "a/b.rs"), Some(root.join("a").join("b.rs")));
        for location in ["", "../x", "/etc/passwd", "a/../../x"] {
            assert_eq!(below(root, location), None, "{location}");
        }
        assert_eq!(relative(root, &root.join("a").join("b")).as_deref(), Some("a/b"));
    }
}
