//! What the destination of a link means, before anyone looks whether it is there.

use gate_base::paths;

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A path relative to the document, percent-decoded, `/`-separated, without query; empty for the document itself.
    Relative {
        /// The path.
        path: String,
        /// What follows `#`, percent-decoded.
        fragment: Option<String>,
    },
    /// Another site, a path from the root of a site, a template, an item of rustdoc: nothing that files could show.
    Elsewhere,
}

impl Target {
    /// Reads a destination as written.
    pub fn new(destination: &str) -> Self {
        let written = destination.trim();
        if written.starts_with(['/', '\\', '@', '~']) || has_scheme(written) || is_template(written) {
            return Target::Elsewhere;
        }
        let (path, fragment) = match written.split_once('#') {
            Some((path, fragment)) => (path, Some(fragment)),
            None => (written, None),
        };
        let path = path.split('?').next().unwrap_or_default().trim_matches('`');
        if is_rust_path(path) {
            return Target::Elsewhere;
        }
        match (percent_decoded(path), fragment.map(percent_decoded)) {
            (Some(path), None) => Target::Relative { path, fragment: None },
            (Some(path), Some(Some(fragment))) => Target::Relative {
                path,
                fragment: Some(fragment),
            },
            _ => Target::Elsewhere,
        }
    }
}

/// `https:`, `mailto:` and the like; one letter is a drive.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// Something is filled in before the link is followed.
fn is_template(text: &str) -> bool {
    text.contains(['{', '}', '<', '>', '$', '*', '|', '"', '…', '\n']) || text.contains("...") || text.contains("%%")
}

/// `Foo`, `crate::Foo`, `Foo::new()`, `macro@foo!`, `struct.Foo.html`: rustdoc resolves these in a README that is the
/// documentation of a crate. One word in capitals that is the usual name of a file is a file.
fn is_rust_path(path: &str) -> bool {
    const FILES: &str = "AUTHORS CHANGELOG CONTRIBUTING COPYING COPYRIGHT LICENCE LICENSE NOTICE README";
    if path.is_empty() || path == "." || path == ".." || FILES.split_whitespace().any(|file| file == path) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some(item) = name.strip_suffix(".html") {
        const KINDS: &str = "\
            struct enum trait fn macro type constant static union derive attr primitive keyword traitalias";
        return KINDS
            .split_whitespace()
            .any(|kind| item.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.')));
    }
    let bare = path.rsplit('@').next().unwrap_or(path);
    let bare = bare.trim_end_matches(['!', '(', ')', '[', ']']);
    !bare.contains(['/', '.'])
        && (bare.contains("::") || !bare.contains(':'))
        && bare
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '&' | ',' | ' '))
}

/// `None` where `%` is no escape, or what it escapes is no text.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

/// `path` seen from the directory of the document at `document`; `None` when it leads out of the root.
pub fn join(document: &str, path: &str) -> Option<String> {
    paths::join_below(paths::parent(document), path)
}

/// The path that leads from the document at `document` to `path`, as a link spells it.
pub fn relative(document: &str, path: &str) -> String {
    let directory: Vec<&str> = match document.rsplit_once('/') {
        Some((directory, _)) => directory.split('/').collect(),
        None => Vec::new(),
    };
    let parts: Vec<&str> = path.split('/').collect();
    let common = directory.iter().zip(&parts).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", directory.len() - common);
    let down = parts.iter().copied().skip(common);
    let path = up.chain(down).collect::<Vec<_>>().join("/");
    // What would begin a fragment, a query or an escape, or end the destination.
    [("%", "%25"), ("#", "%23"), ("?", "%3F"), (" ", "%20")]
        .iter()
        .fold(path, |path, (plain, escaped)| path.replace(plain, escaped))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(destination: &str) -> String {
        match Target::new(destination) {
            Target::Elsewhere => "elsewhere".into(),
            Target::Relative { path, fragment: None } => path,
            Target::Relative {
                path,
                fragment: Some(fragment),
            } => format!("{path} # {fragment}"),
        }
    }

    #[test]
    fn paths_are_told_from_everything_else() {
        for (destination, expected) in [
            ("a/b.md", "a/b.md"),
            ("a%20b.md?raw=true#x%C3%A9", "a b.md # xé"),
            ("#x", " # x"),
            ("", ""),
            ("LICENSE", "LICENSE"),
            ("LICENSE-MIT", "LICENSE-MIT"),
            ("examples/", "examples/"),
            ("100%", "elsewhere"),
            ("https://x.example/a", "elsewhere"),
            ("mailto:a@x.example", "elsewhere"),
            ("//x.example", "elsewhere"),
            ("/from/the/root.md", "elsewhere"),
            ("@/zola.md", "elsewhere"),
            ("{{ base }}/a.md", "elsewhere"),
            ("path/to/...", "elsewhere"),
            ("Router", "elsewhere"),
            ("crate::Router", "elsewhere"),
            ("Self::new()", "elsewhere"),
            ("macro@vec!", "elsewhere"),
            ("struct.Foo.html#method.x", "elsewhere"),
            ("../x/trait.Foo.html", "elsewhere"),
        ] {
            assert_eq!(shown(destination), expected, "{destination}");
        }
    }

    #[test]
    fn paths_are_joined_without_the_disk() {
        assert_eq!(join("docs/a.md", "../b/./c.md").as_deref(), Some("b/c.md"));
        assert_eq!(join("docs/a.md", "..").as_deref(), Some(""));
        assert_eq!(join("a.md", "../b.md"), None);
        assert_eq!(relative("docs/a/b.md", "docs/c.md"), "../c.md");
        assert_eq!(relative("b.md", "docs/c.md"), "docs/c.md");
    }

    #[test]
    fn a_path_is_spelled_so_that_a_link_leads_there() {
        let spelled = relative("rfcs/README.md", "rfcs/100%/what? #1.md");
        assert_eq!(spelled, "100%25/what%3F%20%231.md");
        assert_eq!(shown(&spelled), "100%/what? #1.md");
    }

    proptest! {
        #[test]
        fn relative_undoes_join(document in "[ab](/[ab]){0,3}", path in "[ab](/[ab]){0,3}") {
            prop_assert_eq!(join(&document, &relative(&document, &path)), Some(path));
        }

        #[test]
        fn no_destination_fails(destination in "\\PC{0,20}") {
            Target::new(&destination);
        }
    }
}
