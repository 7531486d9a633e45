//! `changelog.current`: the changelog has an entry for the current version.

use std::collections::BTreeMap;

use semver::Version;

use crate::changelog::entries::{self, Entry};
use crate::release;
use gate_base::stage::Stage;
use gate_policy::ReleasePolicy;
use gate_report::group::Group;
use gate_report::{Dimension, Finding, Location};
use gate_world::cargo::{CargoModel, Member};

use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(input::Cargo, input::ReleaseFiles, ReleasePolicy);

const UNVERSIONED: OtherStage = OtherStage {
    from: Stage::Broad,
    what: "changes under a heading without a version",
};

/// The check.
pub static CHECK: Check = Check {
    id: "changelog.current",
    summary: "The changelog has an entry for the current version",
    docs: include_str!("current.md"),
    dimension: Dimension::Governance,
    group: Some(Group::Ergonomics),
    group_evidence: |_| true,
    blocks_at: Stage::Controlled,
    other_stages: &[UNVERSIONED],
    since: "0.1.0",
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let release = context.section::<ReleasePolicy>().as_ref();
    if release.is_some_and(|release| !release.changelogs.is_empty()) {
        return Applies::Yes;
    }
    Applies::No("no changelog is declared".into())
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(release) = context.section::<ReleasePolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let mut findings = Vec::new();
    for path in &release.changelogs {
        let finding = |message: String| Finding::blocking(CHECK.blocks_at, message);
        match context.release_file(path) {
            Ok(Some(bytes)) => {
                let entries = entries::entries(&String::from_utf8_lossy(&bytes));
                for (version, packages) in versions(context.cargo(), release, path) {
                    findings.extend(judge(path, &entries, version, &packages));
                }
            }
            Ok(None) => findings.push(
                finding(format!("there is no changelog at `{path}`"))
                    .help(format!("write `{path}`, or remove it from `changelogs` in gate.toml")),
            ),
            Err(error) => findings.push(
                finding(format!("cannot read the changelog `{path}`: {error}"))
                    .help(format!("make `{path}` readable"))
                    .at(Location::file(path)),
            ),
        }
    }
    let because = |finding: Finding| finding.because(Some(release.location.clone()));
    Judgement::Findings(findings.into_iter().map(because).collect())
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Versions that a changelog is about, with the names of the packages.
fn versions<'m>(model: &'m CargoModel, release: &ReleasePolicy, path: &str) -> BTreeMap<&'m Version, Vec<&'m str>> {
    let own = |member: &Member, path: &str| member.directory == directory(path);
    let mut members: Vec<&Member> = model.members.iter().filter(|member| own(member, path)).collect();
    if members.is_empty() {
        members = release::members(model);
        members.retain(|member| !release.changelogs.iter().any(|path| own(member, path)));
    }
    let mut versions: BTreeMap<&Version, Vec<&str>> = BTreeMap::new();
    for member in members {
        versions.entry(&member.version).or_default().push(&member.name);
    }
    versions
}

fn judge(path: &str, entries: &[Entry], version: &Version, packages: &[&str]) -> Option<Finding> {
    let same = |entry: &Entry| {
        let found = entry.version.as_ref();
        found.is_some_and(|found| found.cmp_precedence(version).is_eq())
    };
    if entries.iter().any(same) {
        return None;
    }
    let shown = if packages.len() == 1 { packages[0] } else { "" };
    let about = match packages {
        [package] => format!("`{package}` {version}"),
        _ => version.to_string(),
    };
    let unreleased = entries.iter().find(|entry| entry.version.is_none() && entry.filled);
    let finding = match unreleased {
        Some(_) if !version.pre.is_empty() => return None,
        Some(entry) => Finding::blocking(
            UNVERSIONED.from,
            format!("`{path}` has no entry for {about}: its changes are under a heading without a version"),
        )
        .help(format!("write `## {version}` with the release date above them"))
        .at(Location::line(path, entry.line)),
        None => Finding::blocking(CHECK.blocks_at, format!("`{path}` has no entry for {about}"))
            .help(format!(
                "add `## {version}` with the changes since the previous version"
            ))
            .at(Location::file(path)),
    };
    Some(if shown.is_empty() {
        finding
    } else {
        finding.package(shown)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::finding_text;

    fn said(version: &str, text: &str) -> String {
        let entries = entries::entries(text);
        let version = version.parse().expect("a version");
        judge("CHANGELOG.md", &entries, &version, &["app"]).map_or(String::new(), |finding| finding_text(&finding))
    }

    #[test]
    fn an_entry_for_the_version_is_enough() {
        assert_eq!(said("1.2.0", "## 1.2.0\n"), "");
        assert_eq!(said("1.2.0+build", "## Unreleased\n## v1.2\n"), "");
        assert_eq!(said("1.2.0-rc.1", "## Unreleased\n- A thing.\n"), "");
        insta::assert_snapshot!(said("1.2.0-rc.1", "## Unreleased\n## 1.1.0\n"), @"
        CHANGELOG.md: `CHANGELOG.md` has no entry for `app` 1.2.0-rc.1 [controlled]
          help: add `## 1.2.0-rc.1` with the changes since the previous version
          package: app
        ");
    }

    #[test]
    fn changes_without_a_version_are_late_at_broad() {
        insta::assert_snapshot!(said("1.2.0", "# Changes\n## [Unreleased]\n- A thing.\n## 1.1.0\n- x\n"), @"
        CHANGELOG.md:2: `CHANGELOG.md` has no entry for `app` 1.2.0: its changes are under a heading without a version [broad]
          help: write `## 1.2.0` with the release date above them
          package: app
        ");
        insta::assert_snapshot!(said("1.2.0", ""), @"
        CHANGELOG.md: `CHANGELOG.md` has no entry for `app` 1.2.0 [controlled]
          help: add `## 1.2.0` with the changes since the previous version
          package: app
        ");
    }
}
