//! One advisory, reduced to what is judged.

use std::borrow::Cow;

use cvss::Cvss;
use jiff::civil::Date;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use gate_world::cargo::lock::is_crates_io;

use super::range::{ranges, within};

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
    /// Where it is described.
    pub url: Option<String>,
    /// Licence of its text as an SPDX identifier; `None` for the database's own, CC0-1.0. Whoever passes on the text of an
    /// imported advisory names its licence and its `url`.
    pub license: Option<String>,
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
        let (front, title) = parts(text)?;
        // Since version 4 of the format the first table may go without its header.
        let front = if front.starts_with("[advisory]") {
            Cow::Borrowed(front)
        } else {
            Cow::Owned(format!("[advisory]\n{front}"))
        };
        let File { advisory, versions } = toml::from_str(&front).map_err(|error| one_line(error.message()))?;
        let mut parts = path.split('/');
        let (collection, package, file) = (parts.next(), parts.next(), parts.next());
        let id = file.and_then(|file| file.strip_suffix(".md")).unwrap_or_default();
        if advisory.id != id {
            return Err(format!("it contains the advisory `{}`", one_line(&advisory.id)));
        }
        if Some(advisory.package.as_str()) != package {
            return Err(format!("it is about the package `{}`", one_line(&advisory.package)));
        }
        let score = advisory.cvss.as_deref().map(Score::parse).transpose()?;
        ranges(versions.patched.iter().chain(&versions.unaffected))?;
        Ok(Self {
            id: id.to_owned(),
            toolchain: collection == Some("rust"),
            title: one_line(title),
            date: day(&advisory.date)?,
            informational: advisory.informational.as_deref().map(one_line),
            score,
            patched: texts(&versions.patched),
            unaffected: texts(&versions.unaffected),
            source: advisory.source.filter(|source| !is_crates_io(source)),
            aliases: advisory.aliases.iter().map(|alias| one_line(alias)).collect(),
            withdrawn: advisory.withdrawn.as_deref().map(day).transpose()?.is_some(),
            url: advisory.url.as_deref().map(one_line),
            license: advisory
                .license
                .as_deref()
                .filter(|name| *name != "CC0-1.0")
                .map(one_line),
            package: advisory.package,
        })
    }

    /// Whether it is about this version.
    pub fn affects(&self, version: &Version) -> bool {
        let texts = self.patched.iter().chain(&self.unaffected);
        let requirements: Vec<VersionReq> = texts.filter_map(|text| VersionReq::parse(text).ok()).collect();
        // Checked when it was parsed; what cannot be told apart counts as affected.
        ranges(&requirements).map_or(true, |ranges| !within(&ranges, version))
    }
}

impl Score {
    fn parse(vector: &str) -> Result<Self, String> {
        let cvss: Cvss = vector
            .parse()
            .map_err(|_| format!("invalid CVSS vector `{}`", one_line(vector)))?;
        Ok(Self {
            tenths: (cvss.score() * 10.0).round().clamp(0.0, 100.0) as u16,
            severity: cvss.severity().to_string(),
        })
    }
}

/// The front matter of an advisory, as far as it is judged. Format:
/// <https://github.com/RustSec/advisory-db/blob/main/EXAMPLE_ADVISORY.md>.
#[derive(Deserialize)]
struct File {
    advisory: Head,
    versions: Versions,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    date: String,
    #[serde(default)]
    aliases: Vec<String>,
    cvss: Option<String>,
    informational: Option<String>,
    source: Option<String>,
    withdrawn: Option<String>,
    url: Option<String>,
    license: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

/// The front matter and the title.
fn parts(text: &str) -> Result<(&str, &str), String> {
    let rest = text
        .strip_prefix("```toml")
        .ok_or("it does not start with a TOML block")?;
    let (front, rest) = rest.split_once("\n```").ok_or("its TOML block is not closed")?;
    let title = rest
        .trim_start()
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# "));
    Ok((front.trim(), title.ok_or("it has no title after its TOML block")?))
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("invalid date `{}`", one_line(text)))
}

fn texts(requirements: &[VersionReq]) -> Vec<String> {
    requirements.iter().map(ToString::to_string).collect()
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
        insta::assert_snapshot!(serde_json::to_string(&advisory).unwrap(), @r#"{"id":"RUSTSEC-2020-0071","package":"time","toolchain":false,"title":"Trouble in time","date":"2020-11-18","informational":null,"score":{"tenths":55,"severity":"medium"},"patched":[">=0.2.23"],"unaffected":["=0.2.0"],"source":null,"aliases":["CVE-2020-26235"],"withdrawn":false,"url":null,"license":null}"#);
        let affects = |version: &str| advisory.affects(&version.parse().unwrap());
        assert!(affects("0.1.43") && affects("0.2.22"));
        assert!(!affects("0.2.0") && !affects("0.2.23") && !affects("1.0.0"));
    }

    #[test]
    fn the_first_table_may_go_without_its_header_and_scores_of_version_4_are_known() {
        let text = samples::advisory("RUSTSEC-2024-0001", "time", "2024-11-18")
            .with("cvss = \"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N\"\nwithdrawn = \"2025-01-02\"\ninformational = \"unsound\"\n\
                   url = \"https://example.com/GHSA-1\"\nlicense = \"CC-BY-4.0\"\n\
                   source = \"registry+https://github.com/rust-lang/crates.io-index\"")
            .text();
        let advisory = Advisory::parse(
            "rust/time/RUSTSEC-2024-0001.md",
            text.replace("[advisory]\n", "").as_bytes(),
        )
        .unwrap();
        insta::assert_snapshot!(serde_json::to_string(&advisory).unwrap(), @r#"{"id":"RUSTSEC-2024-0001","package":"time","toolchain":true,"title":"Trouble in time","date":"2024-11-18","informational":"unsound","score":{"tenths":93,"severity":"critical"},"patched":[],"unaffected":[],"source":null,"aliases":[],"withdrawn":true,"url":"https://example.com/GHSA-1","license":"CC-BY-4.0"}"#);
        assert!(advisory.affects(&Version::new(0, 1, 0)));
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
            wrong("crates/time/RUSTSEC-2020-0071.md", good.replace("[versions]", "cvss = \"CVSS:9.9/X:Y\"\n[versions]").as_bytes()),
            wrong("crates/time/RUSTSEC-2020-0071.md", good.replace("patched = []", "patched = [\"> 2, < 1\"]").as_bytes()),
            wrong("crates/time/RUSTSEC-2020-0071.md", good.replace("patched = []", "patched = [\"one\"]").as_bytes()),
            wrong("crates/time/RUSTSEC-2020-0071.md", good.replace("patched = []", "").as_bytes()),
        ].join("\n"), @"
        it contains the advisory `RUSTSEC-2020-0071`
        it is about the package `time`
        it is not UTF-8
        it does not start with a TOML block
        it has no title after its TOML block
        invalid date `2020-13-18`
        invalid CVSS vector `CVSS:9.9/X:Y`
        `>2, <1` ends before it starts
        unexpected character 'o' while parsing major version number
        missing field `patched`
        ");
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
