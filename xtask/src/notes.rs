//! `cargo xtask notes`: what the page of a release says, from the changelog and from what is written down about tests.

use std::path::Path;

use crate::Result;

/// Heading of what was tested, in the page about platforms.
const TESTED: &str = "What was tested, and how";

/// The changes of a version, and on what it was tested: a system on which nothing ran is named.
///
/// # Errors
/// The changelog has no such version, or the page about platforms does not say what was tested.
pub fn of(root: &Path, version: &str) -> Result<String> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"));
    let changelog = read("CHANGELOG.md")?;
    let is_version = |heading: &str| heading.split(' ').next() == Some(version);
    let changes = section(&changelog, is_version).ok_or_else(|| format!("CHANGELOG.md has no section `{version}`"))?;
    let platforms = read("docs/src/reference/platforms.md")?;
    let tested = section(&platforms, |heading| heading == TESTED)
        .ok_or_else(|| format!("docs/src/reference/platforms.md has no section `{TESTED}`"))?;
    Ok(format!("{changes}\n\n## {TESTED}\n\n{tested}\n"))
}

/// What is below a heading of the second level, up to the next one.
fn section(text: &str, is_asked: impl Fn(&str) -> bool) -> Option<&str> {
    let mut begins = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(heading) = line.strip_prefix("## ") {
            match begins {
                Some(begins) => return Some(text[begins..at].trim()),
                None if is_asked(heading.trim()) => begins = Some(at + line.len()),
                None => {}
            }
        }
        at += line.len();
    }
    begins.map(|begins| text[begins..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_say_what_changed_and_where_nothing_ran() {
        let root = crate::project_root();
        let notes = of(&root, env!("CARGO_PKG_VERSION")).expect("notes");
        assert!(notes.starts_with("The first version."), "{notes}");
        let tested = notes.split_once(TESTED).expect("what was tested").1;
        let macos = tested
            .split("\n- ")
            .find(|item| item.starts_with("**macOS**"))
            .expect("macOS");
        assert!(macos.contains("Nothing was run."), "{macos}");
        assert!(!tested.contains("\n## "), "the next section is no part of it");
        assert!(of(&root, "0.1").is_err(), "the beginning of a version is another one");
    }
}
