//! `CODEOWNERS`: who answers for which path, as GitHub and GitLab read it.
//!
//! The last pattern that covers a path counts; a pattern without owners takes them away. GitLab divides the file into
//! sections (`[Name]`, `^[Name]`, `[Name][2] @default`), in each of which the last pattern counts.

use globset::{GlobBuilder, GlobMatcher};

/// A parsed file.
#[derive(Debug, Default)]
pub struct CodeOwners {
    sections: Vec<Section>,
}

#[derive(Debug, Default)]
struct Section {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    matchers: Vec<GlobMatcher>,
    owners: Vec<String>,
}

impl CodeOwners {
    /// Reads the file. Foreign input: lines that cannot be understood are left out, as the hosts do.
    pub fn parse(text: &str) -> Self {
        let mut this = Self {
            sections: vec![Section::default()],
        };
        let mut inherited: Vec<String> = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(owners) = section(line) {
                inherited = owners;
                this.sections.push(Section::default());
                continue;
            }
            let mut words = words(line);
            let pattern = words.remove(0);
            let matchers = matchers(&pattern);
            if matchers.is_empty() {
                continue;
            }
            let owners = if words.is_empty() { inherited.clone() } else { words };
            if let Some(section) = this.sections.last_mut() {
                section.rules.push(Rule { matchers, owners });
            }
        }
        this
    }

    /// Owners of a path relative to the top of the repository; none when nobody answers for it.
    pub fn of(&self, path: &str) -> Vec<&str> {
        let last = |section: &'_ Section| -> Option<usize> {
            let covers = |rule: &Rule| rule.matchers.iter().any(|matcher| matcher.is_match(path));
            section.rules.iter().rposition(covers)
        };
        self.sections
            .iter()
            .filter_map(|section| Some(&section.rules[last(section)?]))
            .flat_map(|rule| rule.owners.iter().map(String::as_str))
            .collect()
    }
}

/// Default owners of a section, if the line starts one.
fn section(line: &str) -> Option<Vec<String>> {
    let rest = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (_, mut rest) = rest.split_once(']')?;
    // The number of approvals that the section needs.
    if let Some((number, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        rest = after;
    }
    // `[a-z]*.rs @team` is a pattern of files, not a section.
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| words(rest))
}

/// Words up to a comment; a space inside a pattern is written `\ `.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if chars.peek().is_some_and(|next| *next == ' ' || *next == '#') => {
                if let (Some(next), Some(word)) = (chars.next(), words.last_mut()) {
                    word.push(next);
                }
            }
            '#' if words.last().is_some_and(String::is_empty) => break,
            char if char.is_whitespace() => words.push(String::new()),
            char => {
                if let Some(word) = words.last_mut() {
                    word.push(char);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What a pattern covers: the path itself, and what lies below it. Anchored at the top when a `/` stands anywhere but at
/// its end; `*` stays within a directory.
fn matchers(pattern: &str) -> Vec<GlobMatcher> {
    let anchored = pattern.trim_end_matches('/').contains('/');
    let directory = pattern.ends_with('/');
    let bare = pattern.trim_matches('/');
    if bare.is_empty() {
        // `/` alone is the whole repository.
        return glob("**").into_iter().collect();
    }
    let bare = if anchored || bare.starts_with("**/") {
        bare.to_owned()
    } else {
        format!("**/{bare}")
    };
    let mut globs = Vec::new();
    if !directory {
        globs.extend(glob(&bare));
    }
    // `docs/*` covers the files of the directory and nothing below them.
    if !bare.ends_with("/*") || bare == "**/*" {
        globs.extend(glob(&format!("{bare}/**")));
    }
    globs
}

fn glob(pattern: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build().ok()?;
    Some(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str, path: &str) -> String {
        CodeOwners::parse(text).of(path).join(" ")
    }

    #[test]
    fn the_last_pattern_counts() {
        let text = "# all\n* @all\n\n/crates/a/ @a # why\ndocs/* @docs\n*.js @js @web\napps/ @apps\n/crates/b/gen\n";
        assert_eq!(of(text, "Cargo.toml"), "@all");
        assert_eq!(of(text, "crates/a/Cargo.toml"), "@a");
        assert_eq!(of(text, "x/crates/a/Cargo.toml"), "@all");
        assert_eq!(of(text, "docs/a.md"), "@docs");
        assert_eq!(of(text, "docs/b/a.md"), "@all");
        assert_eq!(of(text, "deep/a.js"), "@js @web");
        assert_eq!(of(text, "deep/apps/x/y"), "@apps");
        assert_eq!(
            of(text, "crates/b/gen/x.rs"),
            "",
            "a pattern without owners takes them away"
        );
    }

    #[test]
    fn sections_of_gitlab_add_up() {
        let text = "[Rust][2] @rust\r\n*.rs\r\n*.toml @build\r\n^[Docs]\r\n/docs/ @docs\r\n[a-z]*.rs @lower\r\n";
        assert_eq!(of(text, "a.rs"), "@rust @lower");
        assert_eq!(of(text, "docs/A.rs"), "@rust @docs");
        assert_eq!(of(text, "Cargo.toml"), "@build");
        assert_eq!(of(text, "README.md"), "");
    }

    #[test]
    fn spaces_and_the_whole_repository() {
        assert_eq!(of("/my\\ docs/ @docs\n", "my docs/a"), "@docs");
        assert_eq!(of("/ @all\n", "a/b"), "@all");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,200}", path in "[a-z/.]{0,20}") {
            let _ = CodeOwners::parse(&text).of(&path);
        }
    }
}
