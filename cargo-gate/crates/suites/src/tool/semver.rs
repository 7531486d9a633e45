//! cargo-semver-checks, by what it prints: it has no output for machines.
//!
//! ```text
//!     Checking demo v1.0.0 -> v1.0.1 (patch change)
//!      Checked [   0.012s] 245 checks: 244 pass, 1 fail, 0 warn, 9 skip
//!
//! --- failure function_missing: pub fn removed or renamed ---
//! …
//! Failed in:
//!   function demo::gone, previously in file src/lib.rs:7
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gate_policy::{SEMVER_CHECKS, StabilityClass, SuitePolicy};
use gate_report::{Finding, Location, Reason};
use gate_world::cargo::Member;
use gate_world::manifest::Manifest;

use super::{Adapter, Reads, Reported, finding, report_path};

pub(super) const ADAPTER: Adapter = Adapter {
    command: &["semver-checks", "--color=never"],
    locks: false,
    version: &["cargo", "semver-checks", "--version"],
    program: SEMVER_CHECKS,
    // Progress is on stderr and failures are on stdout; only together do they tell whether all failures were read.
    on_stderr: true,
};

/// Reads lines as they come.
pub(super) struct Reader {
    suite: SuitePolicy,
    root: PathBuf,
    /// Where the workspace lies in its repository; empty at the top.
    place: PathBuf,
    members: BTreeMap<String, Compared>,
    packages: Vec<Package>,
    lints: Vec<Lint>,
    /// Whether the lines that come are places of the last lint.
    in_places: bool,
    errors: Vec<String>,
}

/// What is known of a member.
struct Compared {
    /// Where it declares its version: what is gone has no line of its own any more, and the version is what would announce it.
    version: Location,
    /// Directory below the root; empty for the root itself.
    directory: String,
    /// Name of its library as paths of items begin.
    library: String,
}

struct Package {
    name: String,
    change: String,
    /// Checks carried out and failed ones, once it is known.
    counts: Option<(u64, u64)>,
}

struct Lint {
    id: String,
    title: String,
    fails: bool,
    places: Vec<String>,
    /// Package it is about.
    package: Option<String>,
}

impl Reader {
    pub(super) fn new(suite: &SuitePolicy, root: &Path, members: &[Member], manifests: &[Manifest]) -> Self {
        let compared = |member: &Member| {
            let library = member
                .targets
                .iter()
                .find(|target| target.kind.iter().any(|kind| kind == "lib"));
            let compared = Compared {
                version: version_of(member, manifests),
                directory: member.directory.clone(),
                library: library.map_or(&member.name, |target| &target.name).replace('-', "_"),
            };
            (member.name.clone(), compared)
        };
        Self {
            members: members.iter().map(compared).collect(),
            suite: suite.clone(),
            root: root.to_owned(),
            place: PathBuf::new(),
            packages: Vec::new(),
            lints: Vec::new(),
            in_places: false,
            errors: Vec::new(),
        }
    }

    /// The same for a workspace that lies there in its repository.
    pub(super) fn within(self, place: &Path) -> Self {
        let place = place.to_owned();
        Self { place, ..self }
    }

    fn lint(&mut self, line: &str) -> Option<()> {
        let inner = line.strip_prefix("--- ")?.strip_suffix(" ---")?;
        let (kind, rest) = inner.split_once(' ')?;
        let (id, title) = rest.split_once(": ")?;
        self.lints.push(Lint {
            id: id.to_owned(),
            title: title.to_owned(),
            fails: kind != "warning",
            places: Vec::new(),
            package: self.packages.last().map(|package| package.name.clone()),
        });
        Some(())
    }

    /// Findings, and whether a failure is left out because it is about something internal.
    fn findings(&self) -> (Vec<Finding>, bool) {
        let mut findings = Vec::new();
        let mut left_out = false;
        for lint in &self.lints {
            let none = [String::new()];
            let places = if lint.places.is_empty() {
                &none[..]
            } else {
                &lint.places[..]
            };
            for place in places {
                match self.class(lint, place) {
                    StabilityClass::Internal => left_out |= lint.fails,
                    class => findings.push(self.finding(lint, place, class)),
                }
            }
        }
        findings.sort_by(|a, b| (&a.locations, &a.message).cmp(&(&b.locations, &b.message)));
        (findings, left_out)
    }

    fn finding(&self, lint: &Lint, place: &str, class: StabilityClass) -> Finding {
        let what = place.split(", previously in").next().unwrap_or_default();
        let (what, _) = split_place(what);
        let mut message = lint.title.clone();
        if !what.is_empty() {
            message = format!("{message}: {what}");
        }
        let found = if class == StabilityClass::Fluid {
            Finding::advice(format!("{message} ({}, fluid)", lint.id)).because(self.suite.location.clone())
        } else {
            let message = format!("{message} ({})", lint.id);
            let found = if lint.fails {
                finding(&self.suite, message)
            } else {
                Finding::advice(message).because(self.suite.location.clone())
            };
            found.help("keep the API that users call, or raise the version to match the change")
        };
        let below = |path: &&str| Path::new(path).is_relative() || Path::new(path).starts_with(&self.root);
        let gone = place.contains(", previously in");
        match split_place(place).1.filter(|(path, _)| !gone && below(path)) {
            Some((path, line)) => found.at(Location::line(report_path(path, &self.root), line)),
            None => match self.member(lint) {
                Some(member) => found.at(member.version.clone()),
                None => found,
            },
        }
    }

    fn member(&self, lint: &Lint) -> Option<&Compared> {
        self.members.get(lint.package.as_ref()?)
    }

    /// The class of what is at a place.
    fn class(&self, lint: &Lint, place: &str) -> StabilityClass {
        let Some(stability) = &self.suite.stability else {
            return StabilityClass::Stable;
        };
        let (what, file) = split_place(place);
        let member = self.member(lint);
        let item = member.and_then(|member| path_of_item(what, &member.library));
        let file = file.and_then(|(path, _)| self.in_workspace(path, member?, lint.package.as_deref()?));
        stability.class_of_item(item, file.as_deref())
    }

    /// The path below the root of a file of the workspace or of the release, which the tool unpacks elsewhere: the files of a commit
    /// to `semver-checks/git-<name>/<hash>/` in the target directory, a published version to `<package>-<version>/`.
    fn in_workspace(&self, path: &str, member: &Compared, package: &str) -> Option<String> {
        let path = report_path(path, &self.root);
        if let Some((_, unpacked)) = path.split_once("semver-checks/git-") {
            let path = Path::new(unpacked.splitn(3, '/').nth(2)?);
            return Some(report_path(path.strip_prefix(&self.place).ok()?.to_str()?, &self.root));
        }
        if !Path::new(&path).has_root() && !path.contains(':') {
            return Some(path);
        }
        let mut parts = path.split('/');
        parts.find(|part| {
            let version = part.strip_prefix(package).and_then(|rest| rest.strip_prefix('-'));
            version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
        })?;
        let directory = Some(member.directory.as_str()).filter(|directory| !directory.is_empty());
        Some(directory.into_iter().chain(parts).collect::<Vec<_>>().join("/"))
    }
}

/// The path of the item that some words are about, where they spell it whole. Methods, fields and variants are told with
/// the name of their type alone.
fn path_of_item<'t>(words: &'t str, library: &str) -> Option<&'t str> {
    if words.starts_with("supertrait ") {
        // The path is that of the other trait.
        return None;
    }
    let whole = |word: &&str| word.strip_prefix(library).is_some_and(|rest| rest.starts_with("::"));
    let name = |char: char| char.is_alphanumeric() || matches!(char, '_' | ':');
    let mut words = words
        .split_whitespace()
        .map(|word| word.trim_matches(|char| !name(char)));
    words.find(whole).filter(|word| word.chars().all(name))
}

/// The line on which the version of a member is written: its own, or that of the workspace where it takes that one.
fn version_of(member: &Member, manifests: &[Manifest]) -> Location {
    let own = manifests.iter().find(|manifest| manifest.path == member.manifest);
    let Some(own) = own else {
        return Location::file(member.manifest.clone());
    };
    let inherits = own.value(&["package", "version", "workspace"]).is_some();
    let shared = manifests.first().filter(|_| inherits);
    shared
        .and_then(|root| root.locate(&["workspace", "package", "version"]))
        .unwrap_or_else(|| own.nearest(&["package", "version"]))
}

/// `function a::b, previously in file src/lib.rs:7` or `enum A in src/lib.rs:7`: what, and path and line.
fn split_place(text: &str) -> (&str, Option<(&str, u32)>) {
    let at = [" in file ", " in "]
        .into_iter()
        .find_map(|separator| text.rsplit_once(separator));
    let Some((what, place)) = at else { return (text, None) };
    let Some((path, line)) = place.rsplit_once(':') else {
        return (text, None);
    };
    match line.trim().parse() {
        Ok(line) => (what.trim_end_matches(", previously").trim(), Some((path, line))),
        Err(_) => (text, None),
    }
}

/// `[   0.012s] 245 checks: 244 pass, 1 fail, 0 warn, 9 skip`: how many were carried out and how many failed.
fn counts(text: &str) -> Option<(u64, u64)> {
    let (_, rest) = text.split_once("] ")?;
    let (all, parts) = rest.split_once(" checks:").or_else(|| rest.split_once(" check:"))?;
    let mut failed = 0;
    for part in parts.split([',', ';']) {
        let (number, kind) = part.trim().split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        if kind.starts_with("fail") {
            failed += number;
        }
    }
    Some((all.trim().parse().ok()?, failed))
}

impl Reads for Reader {
    fn line(&mut self, line: &str) {
        let text = line.trim();
        if self.lint(text).is_some() {
            self.in_places = false;
        } else if text == "Failed in:" {
            self.in_places = true;
        } else if self.in_places && line.starts_with("  ") && !text.is_empty() && !is_status(text) {
            if let Some(lint) = self.lints.last_mut() {
                lint.places.push(text.to_owned());
            }
        } else {
            self.in_places = false;
            if let Some(rest) = text.strip_prefix("Checking ") {
                let name = rest.split(' ').next().unwrap_or_default().to_owned();
                let change = rest
                    .rsplit_once('(')
                    .map_or("", |(_, change)| change.trim_end_matches(')'));
                self.packages.push(Package {
                    name,
                    change: change.to_owned(),
                    counts: None,
                });
            } else if let Some(rest) = text.strip_prefix("Checked ") {
                if let Some(package) = self.packages.last_mut() {
                    package.counts = counts(rest);
                }
            } else if let Some(error) = text.strip_prefix("error: ") {
                self.errors.push(error.to_owned());
            }
        }
    }

    fn finish(self: Box<Self>) -> Reported {
        if let Some(error) = self.errors.first() {
            let reason = Reason::new("tool_failed", format!("cargo semver-checks failed: {error}"));
            return Reported::refused(reason.help("cargo semver-checks"));
        }
        if self.packages.is_empty() {
            let reason = Reason::new("nothing_checked", "cargo semver-checks compared no package");
            return Reported::refused(
                reason.help(
                    "name what to compare with in `args` of the suite, such as `[\"--baseline-rev\", \"v1.0.0\"]`",
                ),
            );
        }
        let mut failed = 0;
        for package in &self.packages {
            match package.counts {
                None => {
                    return Reported::broken(format!(
                        "cargo semver-checks does not say how many checks it ran for {}",
                        package.name
                    ));
                }
                Some((0, _)) => {
                    let message = format!(
                        "cargo semver-checks ran none of its checks for `{}`: a {} permits everything",
                        package.name, package.change
                    );
                    let help = "add `\"--release-type\", \"minor\"` to `args` of the suite to see what changed";
                    return Reported::refused(Reason::new("nothing_checked", message).help(help));
                }
                Some((_, fails)) => failed += fails,
            }
        }
        let read = self.lints.iter().filter(|lint| lint.fails).count() as u64;
        if read != failed {
            return Reported::broken(format!(
                "cargo semver-checks counts {failed} failures, and {read} of them can be read"
            ));
        }
        let (findings, explained) = self.findings();
        Reported {
            findings,
            explained,
            ..Reported::default()
        }
    }
}

/// Whether a line begins as those that tell progress do.
fn is_status(text: &str) -> bool {
    [
        "Summary ",
        "Finished ",
        "Checking ",
        "Checked ",
        "Parsing ",
        "Parsed ",
        "Building ",
        "Built ",
    ]
    .iter()
    .any(|status| text.starts_with(status))
}
