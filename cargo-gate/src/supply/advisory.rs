//! One advisory, reduced to what is judged.

use jiff::civil::Date;
use rustsec::advisory::Versions;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

/// An advisory about a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// `RUSTSEC-2020-0071`.
    pub id: String,
    /// Package it is about.
    pub package: String,
    /// Whether it is about the toolchain and its libraries instead of a published package.
    pub toolchain: bool,
    /// One line.
    pub title: String,
    /// Day on which the issue was reported.
    pub date: Date,
    /// `unmaintained`, `unsound`, `notice` and the like; `None` for a vulnerability.
    pub informational: Option<String>,
    /// Severity, where the advisory has a CVSS vector.
    pub score: Option<Score>,
    /// Version requirements that are free of the issue.
    pub patched: Vec<String>,
    /// Version requirements that never had it.
    pub unaffected: Vec<String>,
    /// Registry of the package; `None` for crates.io.
    pub source: Option<String>,
    /// Ids of the same issue elsewhere, `CVE-2020-26235`.
    pub aliases: Vec<String>,
    /// Whether it was taken back.
    pub withdrawn: bool,
}

/// A CVSS base score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Tenths of a point, 0 to 100.
    pub tenths: u16,
    /// `none`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
}

impl Advisory {
    /// Parses the file at `path` of a database, `crates/<package>/<id>.md`.
    ///
    /// # Errors
    /// Why it cannot be understood.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        // What does not start so is cut in the middle of a character by the parser behind.
        if !text.starts_with("```toml") {
            return Err("it does not start with a TOML block".into());
        }
        let parsed: rustsec::Advisory = text
            .parse()
            .map_err(|error: rustsec::Error| one_line(&error.to_string()))?;
        let meta = &parsed.metadata;
        let mut parts = path.split('/');
        let (collection, package, file) = (parts.next(), parts.next(), parts.next());
        let id = file.and_then(|file| file.strip_suffix(".md")).unwrap_or_default();
        if meta.id.as_str() != id {
            return Err(format!("it holds the advisory `{}`", one_line(meta.id.as_str())));
        }
        if Some(meta.package.as_str()) != package {
            return Err(format!("it is about the package `{}`", one_line(meta.package.as_str())));
        }
        let date: Date = meta
            .date
            .as_str()
            .parse()
            .map_err(|_| format!("`{}` is not a day", one_line(meta.date.as_str())))?;
        let source = meta.source.as_ref().filter(|source| !source.is_default_registry());
        Ok(Self {
            id: id.to_owned(),
            package: meta.package.as_str().to_owned(),
            toolchain: collection == Some("rust"),
            title: one_line(&meta.title),
            date,
            informational: meta.informational.as_ref().map(|kind| one_line(kind.as_str())),
            score: meta.cvss.as_ref().map(|cvss| Score {
                tenths: (cvss.score() * 10.0).round().clamp(0.0, 100.0) as u16,
                severity: cvss.severity().to_string(),
            }),
            patched: texts(parsed.versions.patched()),
            unaffected: texts(parsed.versions.unaffected()),
            source: source.map(ToString::to_string),
            aliases: meta.aliases.iter().map(|alias| one_line(alias.as_str())).collect(),
            withdrawn: meta.withdrawn.is_some(),
        })
    }

    /// Whether it is about this version.
    pub fn affects(&self, version: &Version) -> bool {
        let requirements = |texts: &[String]| texts.iter().filter_map(|text| VersionReq::parse(text).ok()).collect();
        Versions::new(requirements(&self.patched), requirements(&self.unaffected))
            // Checked when it was parsed; what cannot be told apart counts as affected.
            .map_or(true, |versions| versions.is_vulnerable(version))
    }
}

fn texts(requirements: &[VersionReq]) -> Vec<String> {
    requirements.iter().map(ToString::to_string).collect()
}

/// The message of a parser without the snippet that it draws between its first and its last line.
pub(super) fn cause(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    match lines.next_back() {
        Some(last) => one_line(&format!("{first}: {last}")),
        None => one_line(first),
    }
}

/// Foreign text on one line, at most 160 characters of it.
pub(super) fn one_line(text: &str) -> String {
    const LONGEST: usize = 160;
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    // Nearly all are so already.
    if text.len() <= LONGEST && text.bytes().all(plain) && text.trim_ascii() == text && !text.contains("  ") {
        return text.to_owned();
    }
    let mut line: String = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|char| !char.is_control())
        .collect();
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn what_is_judged_is_read() {
        let text = samples::advisory("RUSTSEC-2020-0071", "time", "2020-11-18")
            .with("cvss = \"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H\"\naliases = [\"CVE-2020-26235\"]")
            .patched(&[">= 0.2.23"])
            .unaffected(&["= 0.2.0"])
            .text();
        let advisory = Advisory::parse("crates/time/RUSTSEC-2020-0071.md", text.as_bytes()).unwrap();
        insta::assert_snapshot!(serde_json::to_string(&advisory).unwrap(), @r#"{"id":"RUSTSEC-2020-0071","package":"time","toolchain":false,"title":"Trouble in time","date":"2020-11-18","informational":null,"score":{"tenths":55,"severity":"medium"},"patched":[">=0.2.23"],"unaffected":["=0.2.0"],"source":null,"aliases":["CVE-2020-26235"],"withdrawn":false}"#);
        let affects = |version: &str| advisory.affects(&version.parse().unwrap());
        assert!(affects("0.1.43") && affects("0.2.22"));
        assert!(!affects("0.2.0") && !affects("0.2.23") && !affects("1.0.0"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = samples::advisory("RUSTSEC-2020-0071", "time", "2020-11-18").text();
        let wrong = |path: &str, bytes: &[u8]| Advisory::parse(path, bytes).unwrap_err();
        insta::assert_snapshot!([
            wrong("crates/time/RUSTSEC-2020-0072.md", good.as_bytes()),
            wrong("crates/other/RUSTSEC-2020-0071.md", good.as_bytes()),
            wrong("crates/time/RUSTSEC-2020-0071.md", b"\xff\xfe"),
            wrong("crates/time/RUSTSEC-2020-0071.md", "äöüäöüäöüäöüäöüäöü".as_bytes()),
            wrong("crates/time/RUSTSEC-2020-0071.md", b"```toml\n```"),
            wrong("crates/time/RUSTSEC-2020-0071.md", good.replace("2020-11-18", "2020-13-18").as_bytes()),
        ].join("\n"), @r#"
        it holds the advisory `RUSTSEC-2020-0071`
        it is about the package `time`
        it is not UTF-8
        it does not start with a TOML block
        parse error: Expected # header after TOML front matter
        parse error: TOML parse error at line 4, column 8 | 4 | date = "2020-13-18" | ^^^^^^^^^^^^ parse error: invalid date: 2020-13-18
        "#);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), head in "(```toml\n)?") {
            let mut text = head.into_bytes();
            text.extend(bytes);
            let _ = Advisory::parse("crates/a/b.md", &text);
        }

        #[test]
        fn any_edit_of_an_advisory_is_fine(at in 0usize..200, with in "[\\PC\n\"`=\\[\\]-]{0,4}") {
            let mut text = samples::advisory("RUSTSEC-2020-0071", "time", "2020-11-18").text();
            let at = at.min(text.len());
            text.insert_str(at, &with);
            if let Ok(advisory) = Advisory::parse("crates/time/RUSTSEC-2020-0071.md", text.as_bytes()) {
                advisory.affects(&semver::Version::new(0, 1, 0));
            }
        }
    }
}
