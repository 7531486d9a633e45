//! Redaction: everything that differs between two machines or two runs becomes a placeholder of the same width, so that
//! columns still line up. Snapshots of whole-program tests switch it on with `CARGO_GATE_REDACT=1`; the run directory
//! uses [`Redactor::paths`] to keep home directories out of what it publishes.

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

use regex::{Captures, Regex};

use crate::Report;
use gate_world::environment::Environment;

/// The environment variable that switches redaction of all output on: any value but the empty string and `0`.
pub const VARIABLE: &str = "CARGO_GATE_REDACT";

/// Replaces what is particular to a machine or a run.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    active: bool,
    /// Directories and what stands for them, the longest first.
    directories: Vec<(String, &'static str)>,
    /// Host names.
    hosts: Vec<String>,
}

impl Redactor {
    /// A redactor that knows the directories of the environment, active when [`VARIABLE`] says so.
    pub fn from_environment(environment: &Environment) -> Self {
        let mut this = Self {
            active: environment.text(VARIABLE).is_some_and(|value| value != "0"),
            ..Self::default()
        };
        for (name, placeholder) in [
            ("CARGO_HOME", "[CARGO_HOME]"),
            ("RUSTUP_HOME", "[RUSTUP_HOME]"),
            ("HOME", "[HOME]"),
            ("USERPROFILE", "[HOME]"),
            ("TMPDIR", "[TEMP]"),
            ("TEMP", "[TEMP]"),
            ("TMP", "[TEMP]"),
        ] {
            if let Some(value) = environment.text(name) {
                this = this.directory(Path::new(value), placeholder);
            }
        }
        for name in ["HOSTNAME", "COMPUTERNAME"] {
            if let Some(host) = environment.text(name).filter(|host| host.len() > 2) {
                this.hosts.push(host.to_owned());
            }
        }
        this
    }

    /// Whether all output is to be redacted.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Switches redaction of all output on or off.
    #[must_use]
    pub fn active(mut self, active: bool) -> Self {
        self.active = active;
        self
    }

    /// Makes a directory known. Roots such as `/` and `C:\` are ignored: they are in front of everything.
    #[must_use]
    pub fn directory(mut self, directory: &Path, placeholder: &'static str) -> Self {
        let Some(text) = directory.to_str() else {
            return self;
        };
        let text = normal(&without_verbatim(text));
        let text = text.trim_end_matches('/');
        let is_drive = text.len() == 2 && text.ends_with(':');
        if !text.is_empty() && !is_drive && !self.directories.iter().any(|(known, _)| known == text) {
            self.directories.push((text.to_owned(), placeholder));
            // Inside out, so that a directory below another keeps its own name.
            self.directories
                .sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        }
        self
    }

    /// The workspace and its target directory.
    #[must_use]
    pub fn workspace(self, root: &Path, target: &Path) -> Self {
        self.directory(target, "[TARGET]").directory(root, "[WORKSPACE]")
    }

    /// Replaces known directories, active or not. Separators may be `/`, `\` or, inside quoted text, `\\`; behind a
    /// replaced directory they become `/`.
    pub fn paths<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut out = Cow::Borrowed(text);
        for (directory, placeholder) in &self.directories {
            if let Some(replaced) = replace_directory(&out, directory, placeholder) {
                out = Cow::Owned(replaced);
            }
        }
        out
    }

    /// Redacts text for people when active: directories, hosts, times, durations, run ids, digests, tool versions.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.active {
            return Cow::Borrowed(text);
        }
        let mut out = self.paths(text).into_owned();
        for host in &self.hosts {
            out = out.replace(host.as_str(), &masked(host));
        }
        for (pattern, replacement) in patterns() {
            if let Cow::Owned(replaced) = pattern.replace_all(&out, *replacement) {
                out = replaced;
            }
        }
        Cow::Owned(out)
    }

    /// Redacts a report when active, so that every format of it is stable and still valid: durations become zero, run
    /// ids, digests and times become text of the same length.
    pub fn report(&self, report: &Report) -> Report {
        let mut out = report.clone();
        if !self.active {
            return out;
        }
        out.duration_ms = 0;
        for check in &mut out.checks {
            let Some(evidence) = &mut check.evidence else { continue };
            evidence.duration_ms = 0;
            evidence.recorded = masked_time(&evidence.recorded);
            evidence.fingerprint = masked(&evidence.fingerprint);
            evidence.commit = evidence.commit.as_deref().map(masked);
            if let Some(suite) = &mut evidence.suite {
                suite.duration_ms = 0;
            }
            for artifact in &mut evidence.artifacts {
                artifact.sha256 = masked(&artifact.sha256);
                artifact.size = 0;
            }
        }
        let run_id = masked(&report.run_id);
        out.run_dir = out
            .run_dir
            .map(|dir| self.text(&dir.replace(&report.run_id, &run_id)).into_owned());
        out.run_id = run_id;
        out.started = masked_time(&out.started);
        out.chain = out.chain.as_deref().map(masked);
        out.tool.version = masked_digits(&out.tool.version);
        out.subject.commit = out.subject.commit.as_deref().map(masked);
        out.subject.content = masked(&out.subject.content);
        out.subject.policy_sha256 = out.subject.policy_sha256.as_deref().map(masked);
        out
    }
}

type Replacement = fn(&Captures<'_>) -> String;

fn patterns() -> &'static [(Regex, Replacement)] {
    static PATTERNS: OnceLock<Vec<(Regex, Replacement)>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let whole: Replacement = |found| masked(found.get_match().as_str());
        let time: Replacement = |found| masked_time(found.get_match().as_str());
        let duration: Replacement = |found| format!("{}[time]", &found[1]);
        let named: Replacement = |found| {
            let build = found.get(3).map_or("", |build| build.as_str());
            format!("{}{}{}", &found[1], masked_digits(&found[2]), masked(build))
        };
        [
            // Run ids, before the parts they are made of; an escape sequence in front of one ends in a letter.
            (r"\d{8}T\d{6,9}Z-[0-9a-f]{4,16}\b", whole),
            (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)\b", time),
            (r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{12})\b", whole),
            (r"(\b(?:in|after) )(?:\d+(?:\.\d+)?(?:ms|s)|\d+m \d\ds|\d+h \d\dm)\b", duration),
            (
                r"\b((?:cargo-gate|cargo-nextest|cargo-deny|cargo|rustc|rustup|rustfmt|clippy|git|nvcc|ptxas|clang)(?: version| release)? v?)(\d+\.\d+(?:\.\d+)?(?:[-+.][0-9A-Za-z.-]+)?)( \([0-9a-f]{9,10} \d{4}-\d\d-\d\d\))?",
                named,
            ),
            // The table of `cargo gate doctor`.
            (r"(\bok +)(\d+\.\d+(?:\.\d+)?\S*)", |found| format!("{}{}", &found[1], masked_digits(&found[2]))),
        ]
        .map(|(pattern, replacement)| (Regex::new(pattern).expect("the pattern is a constant"), replacement))
        .into_iter()
        .collect()
    })
}

/// Text of the same width: letters and digits become `x`.
fn masked(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_alphanumeric() { 'x' } else { c })
        .collect()
}

/// A time with zeros for digits. Its fraction of a second gets nine: how many it has depends on the moment.
fn masked_time(text: &str) -> String {
    let masked = masked_digits(text);
    match masked.split_once('.') {
        Some((seconds, fraction)) => format!("{seconds}.000000000{}", fraction.trim_start_matches('0')),
        None => masked,
    }
}

/// Text of the same width: digits become `0`, so that what was a time or a version still looks like one.
fn masked_digits(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

fn normal(path: &str) -> String {
    path.replace('\\', "/")
}

/// The plain spelling of a path that Windows spells in full: `\\?\C:\x` is `C:\x`, and `\\?\UNC\server\x` is
/// `\\server\x`.
fn without_verbatim(path: &str) -> Cow<'_, str> {
    match path.strip_prefix(r"\\?\") {
        Some(rest) => rest
            .strip_prefix(r"UNC\")
            .map_or(Cow::Borrowed(rest), |rest| Cow::Owned(format!(r"\\{rest}"))),
        None => Cow::Borrowed(path),
    }
}

/// Whether a directory (with `/`) is one of Windows, on a drive or a share: names there have no case.
fn is_of_windows(directory: &str) -> bool {
    directory.starts_with("//") || directory.as_bytes().get(1) == Some(&b':')
}

/// Replaces `directory` (with `/`) in `text`, whatever separators it is written with there. `None` when it is not in it.
fn replace_directory(text: &str, directory: &str, placeholder: &str) -> Option<String> {
    // Most lines of a log name no directory at all; a single component is spelled the same with every separator.
    let last = directory.rsplit('/').next().unwrap_or(directory);
    let anywhere = if is_of_windows(directory) {
        let (text, last) = (text.as_bytes(), last.as_bytes());
        last.is_empty() || text.windows(last.len()).any(|part| part.eq_ignore_ascii_case(last))
    } else {
        text.contains(last)
    };
    if !anywhere {
        return None;
    }
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    // The end of what is in front of `rest`, to see where a path begins.
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let starts_here = !before.is_some_and(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
        if starts_here && let Some(length) = prefix_length(rest, directory) {
            out.push_str(placeholder);
            let tail = rest.get(length..).unwrap_or_default();
            let ends = |c: char| c.is_whitespace() || "\"'`<>|;:,()".contains(c);
            let path = tail.split(ends).next().unwrap_or(tail);
            out.push_str(&path.replace("\\\\", "/").replace('\\', "/"));
            rest = tail.strip_prefix(path).unwrap_or_default();
            before = Some(' ');
            found = true;
        } else {
            out.push(first);
            before = Some(first);
            rest = rest.strip_prefix(first).unwrap_or_default();
        }
    }
    found.then_some(out)
}

/// Length of `directory` at the start of `text`, if it stands there as a whole path.
fn prefix_length(text: &str, directory: &str) -> Option<usize> {
    // One separator; in quoted text of Windows it is doubled.
    fn separator(text: &str) -> Option<&str> {
        text.strip_prefix("\\\\").or_else(|| text.strip_prefix(['/', '\\']))
    }
    let of_windows = is_of_windows(directory);
    let mut rest = text;
    let mut directory = directory;
    if let Some(share) = directory.strip_prefix("//") {
        // Two separators, each doubled in quoted text, or the long spelling.
        rest = [r"\\?\UNC\", r"\\\\?\\UNC\\", r"\\\\", r"\\", "//"]
            .iter()
            .find_map(|beginning| rest.strip_prefix(beginning))?;
        directory = share;
    } else if of_windows {
        rest = [r"\\?\", r"\\\\?\\"]
            .iter()
            .find_map(|beginning| rest.strip_prefix(beginning))
            .unwrap_or(rest);
    }
    for (index, part) in directory.split('/').enumerate() {
        if index > 0 {
            rest = separator(rest)?;
        }
        let (head, behind) = rest.split_at_checked(part.len())?;
        if head != part && !(of_windows && head.eq_ignore_ascii_case(part)) {
            return None;
        }
        rest = behind;
    }
    let continues = rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.');
    let dot_ends = rest
        .strip_prefix('.')
        .is_some_and(|behind| !behind.starts_with(char::is_alphanumeric));
    (!continues || dot_ends).then(|| text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::{json, samples};

    fn redactor() -> Redactor {
        Redactor::from_environment(&Environment::from_pairs([
            ("HOME", "/home/ada"),
            ("TMPDIR", "/tmp/"),
            ("HOSTNAME", "difference-engine"),
            (VARIABLE, "1"),
        ]))
        .workspace(Path::new("/home/ada/demo"), Path::new("/home/ada/demo/target"))
    }

    #[test]
    fn conversation_becomes_stable() {
        let text = "READY for pilot: 9 passed in 12.34s (7 reused)\n\
                    run 20260301T120000Z-5d1a8b2c at 2026-03-01T12:00:00Z on difference-engine\n\
                    wrote /home/ada/demo/target/gate/x, not /home/ada/demolition or /home/ada/.cargo\n\
                    content 0123456789ab, cargo 1.95.0 (f2d3ce0bd 2026-03-21), finished after 2m 05s";
        insta::assert_snapshot!(redactor().text(text), @r"
        READY for pilot: 9 passed in [time] (7 reused)
        run xxxxxxxxxxxxxxxx-xxxxxxxx at 0000-00-00T00:00:00Z on xxxxxxxxxx-xxxxxx
        wrote [TARGET]/gate/x, not [HOME]/demolition or [HOME]/.cargo
        content xxxxxxxxxxxx, cargo 0.00.0 (xxxxxxxxx xxxx-xx-xx), finished after [time]
        ");
    }

    #[test]
    fn separators_of_windows_are_understood() {
        let redactor = Redactor::default()
            .directory(Path::new(r"C:\Users\Ada"), "[HOME]")
            .directory(Path::new(r"C:\"), "[DRIVE]");
        insta::assert_snapshot!(
            redactor.paths(r#"c:\Users\Ada\demo\src\lib.rs and "C:\\Users\\Ada\\x" and C:/Users/Ada/y and \\?\C:\Users\Ada\z and C:\Users\Adam"#),
            @r#"[HOME]/demo/src/lib.rs and "[HOME]/x" and [HOME]/y and [HOME]/z and C:\Users\Adam"#
        );
    }

    #[test]
    fn shares_and_other_spellings_of_windows_are_understood() {
        for share in [r"\\server\ada", r"\\?\UNC\server\ada"] {
            let redactor = Redactor::default()
                .directory(Path::new(share), "[HOME]")
                .directory(Path::new(r"C:\Users\Ada"), "[TEMP]");
            for (text, expected) in [
                (r"at \\server\ada\src\lib.rs", "at [HOME]/src/lib.rs"),
                (r"at \\?\UNC\server\ada\x", "at [HOME]/x"),
                (r#""\\\\server\\ada\\x""#, r#""[HOME]/x""#),
                (r#""\\\\?\\UNC\\server\\ada\\x""#, r#""[HOME]/x""#),
                ("at //Server/ADA/x", "at [HOME]/x"),
                (r"at \\server\adam\x", r"at \\server\adam\x"),
                (r"at c:\users\ada\x", "at [TEMP]/x"),
                (r#""\\\\?\\C:\\Users\\Ada\\x""#, r#""[TEMP]/x""#),
            ] {
                assert_eq!(redactor.paths(text), expected, "{share}");
            }
        }
    }

    #[test]
    fn inactive_means_untouched() {
        let redactor = redactor().active(false);
        assert_eq!(redactor.text("in 1.00s"), "in 1.00s");
        assert_eq!(redactor.report(&samples::failures()), samples::failures());
        assert_eq!(redactor.paths("/home/ada/x"), "[HOME]/x");
    }

    #[test]
    fn a_redacted_report_is_still_a_report() {
        insta::assert_snapshot!(json::render(&redactor().report(&samples::bounded())));
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in "[ -~\\\\/äß\n]{0,60}") {
            let once = redactor().text(&text).into_owned();
            prop_assert_eq!(redactor().text(&once), once.clone());
        }

        #[test]
        fn no_home_directory_survives(before in "[ \"'(=]", after in "[/\\\\][a-z]{1,5}") {
            let text = format!("{before}/home/ada{after}");
            prop_assert!(!redactor().paths(&text).contains("ada/"));
        }
    }
}
