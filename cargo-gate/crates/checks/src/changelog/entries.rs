//! Changelogs in Markdown: which versions have an entry.
//!
//! A heading of any level is an entry when it names a version: `## [1.2.3] - 2030-01-31`, `# 1.2.3 (January 31st)`,
//! `## v1.2.3`, `## my-crate 1.2.3`, `## [1.2.3](https://…)`, and headings underlined with `===` or `---`.

use semver::Version;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// 1-based line of the heading.
    pub line: u32,
    /// The version; `None` for changes that are not released.
    pub version: Option<Version>,
    /// Whether anything but white space and headings stands below it.
    pub filled: bool,
}

/// The entries of a changelog in the order of the text.
pub fn entries(text: &str) -> Vec<Entry> {
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    let mut entries: Vec<Entry> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut commented = false;
    for (index, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if commented {
            commented = !trimmed.contains("-->");
            continue;
        }
        if let Some(open) = fence {
            if trimmed.starts_with(open) {
                fence = None;
            }
            continue;
        }
        if let Some(open) = ["```", "~~~"].into_iter().find(|open| trimmed.starts_with(open)) {
            fence = Some(open);
            fill(&mut entries);
            continue;
        }
        if trimmed.starts_with("<!--") {
            commented = !trimmed.contains("-->");
            continue;
        }
        let next = lines.get(index + 1).map_or("", |next| next.trim());
        match heading(line, next) {
            Some(heading) => {
                let version = version_of(heading);
                if version.is_some() || is_unreleased(heading) {
                    entries.push(Entry {
                        line: index as u32 + 1,
                        version,
                        filled: false,
                    });
                }
            }
            None if trimmed.is_empty() || is_underline(trimmed) => {}
            None => fill(&mut entries),
        }
    }
    entries
}

fn fill(entries: &mut [Entry]) {
    if let Some(last) = entries.last_mut() {
        last.filled = true;
    }
}

fn heading<'t>(line: &'t str, next: &str) -> Option<&'t str> {
    let indented = line.len() - line.trim_start_matches(' ').len() > 3;
    let trimmed = line.trim();
    if indented || trimmed.is_empty() {
        return None;
    }
    let text = trimmed.trim_start_matches('#');
    let level = trimmed.len() - text.len();
    if (1..=6).contains(&level) && (text.is_empty() || text.starts_with([' ', '\t'])) {
        return Some(text.trim().trim_end_matches('#').trim_end());
    }
    // A list item above a line of dashes is no heading.
    (is_underline(next) && !trimmed.starts_with(['-', '*', '+', '>', '|'])).then_some(trimmed)
}

fn is_underline(line: &str) -> bool {
    line.len() >= 3 && (line.bytes().all(|byte| byte == b'=') || line.bytes().all(|byte| byte == b'-'))
}

fn words(heading: &str) -> impl Iterator<Item = &str> {
    heading
        .split(|char: char| char.is_whitespace() || "[](){}:,@`*_".contains(char))
        .filter(|word| !word.is_empty())
}

fn version_of(heading: &str) -> Option<Version> {
    words(heading).find_map(|word| {
        let word = word.strip_prefix(['v', 'V']).unwrap_or(word);
        let word = word.rsplit_once("-v").map_or(word, |(_, version)| version);
        word.parse().ok().or_else(|| {
            // `1.2` stands for `1.2.0`; a year or a day does not.
            let (major, minor) = word.split_once('.')?;
            Some(Version::new(major.parse().ok()?, minor.parse().ok()?, 0))
        })
    })
}

fn is_unreleased(heading: &str) -> bool {
    words(heading).any(|word| word.eq_ignore_ascii_case("unreleased"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(text: &str) -> String {
        let line = |entry: Entry| {
            let version = entry.version.map_or("unreleased".into(), |version| version.to_string());
            format!("{} {version}{}", entry.line, if entry.filled { "" } else { " empty" })
        };
        entries(text).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn common_styles() {
        insta::assert_snapshot!(said(
            "# Changelog\r\n\r\nAll changes.\r\n\r\n## [Unreleased]\r\n\r\n### Added\r\n\r\n## [1.2.3] - 2030-01-31\r\n\r\n- A thing.\r\n\
             # 1.2.2 (January 8th, 2030)\n\ntext\n## v1.2.1\n- x\n14.1.1 (2024-09-08)\n===================\ntext\n\
             ## [1.1.0](https://example.com/compare/v1.0.0...v1.1.0) (2030-01-01)\ntext\n## my-crate 1.0.0-rc.1+meta\ntext\n\
             ## `tool` v0.9\ntext\n0.1.0 / 2020-01-01\n------------------\n* x\n## 0.0.1 (unreleased) ##\nThe first.\n"
        ), @"
        5 unreleased empty
        9 1.2.3
        12 1.2.2
        15 1.2.1
        17 14.1.1
        20 1.1.0
        22 1.0.0-rc.1+meta
        24 0.9.0
        26 0.1.0
        29 0.0.1
        ");
    }

    #[test]
    fn what_is_no_entry() {
        insta::assert_snapshot!(said(
            "text 1.0.0\n```\n## 1.0.0\n```\n<!--\n## 2.0.0\n-->\n- 3.0.0\n---\n##4.0.0\n    ## 5.0.0\n# 2030\n# 2030-01-31\n\
             | 6.0.0 |\n|---|\n# Notes on upgrading\n"
        ), @"");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[#=\\-v0-9. \n\r`<>!a\\[\\]()]{0,80}") {
            entries(&text);
        }
    }
}
