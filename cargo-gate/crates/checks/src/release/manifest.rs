//! `release.manifest`: majors are approved, and files that repeat the version agree with it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use semver::Version;

use crate::release::{self, version_file};
use gate_base::stage::Stage;
use gate_policy::{Approval, ReleasePolicy, VersionFile};
use gate_report::{Change, Dimension, Finding, Location, Remedy};
use gate_world::cargo::{CargoModel, Member};

use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Cargo, input::ReleaseFiles, ReleasePolicy, input::Today);

/// The check.
pub static CHECK: Check = Check {
    id: "release.manifest",
    summary: "Stable majors are approved, and every file states the same version",
    docs: include_str!("manifest.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Applied("writes the version of the workspace into the file, where the old one stands once"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let release = context.section::<ReleasePolicy>().as_ref();
    let declares = |release: &ReleasePolicy| {
        release.approve_majors || !release.approvals.is_empty() || !release.version_files.is_empty()
    };
    if release.is_some_and(declares) {
        return Applies::Yes;
    }
    Applies::No("neither approvals nor files with a version are declared".into())
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(release) = context.section::<ReleasePolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let read = |path: &str| match context.release_file(path) {
        Ok(Some(bytes)) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Ok(None) => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    Judgement::Findings(judge(release, context.cargo(), context.today(), &read))
}

/// The text of a file, `None` when there is none.
type Read<'r> = dyn Fn(&str) -> Result<Option<String>, String> + 'r;

fn judge(release: &ReleasePolicy, model: &CargoModel, today: Date, read: &Read<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for approval in &release.approvals {
        let all = doubtful(approval, model, today, read).into_iter();
        findings.extend(all.map(|finding| finding.because(Some(approval.location.clone()))));
    }
    if release.approve_majors {
        findings.extend(unapproved(release, model));
    }
    for file in &release.version_files {
        let problem = misaligned(file, model, read);
        findings.extend(problem.map(|finding| finding.because(Some(file.location.clone()))));
    }
    findings
}

fn blocking(message: String) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
}

/// What keeps an approval from being one.
fn doubtful(approval: &Approval, model: &CargoModel, today: Date, read: &Read<'_>) -> Vec<Finding> {
    let Approval {
        major, record, date, ..
    } = approval;
    let mut findings = Vec::new();
    if *date > today {
        findings.push(
            blocking(format!(
                "the approval of major {major} is dated {date}, which is in the future"
            ))
            .help("write the date of the approval")
            .at(approval.location.clone()),
        );
    }
    let problem = match read(record) {
        Ok(Some(text)) if text.trim().is_empty() => Some("is empty".to_owned()),
        Ok(Some(_)) => None,
        Ok(None) => Some("does not exist".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
    };
    if let Some(problem) = problem {
        findings.push(
            blocking(format!(
                "the record `{record}` of the approval of major {major} {problem}"
            ))
            .help(format!("document the review in `{record}`, or correct `record`"))
            .at(approval.location.clone()),
        );
    }
    for package in &approval.packages {
        if !model.members.iter().any(|member| member.name == *package) {
            findings.push(
                blocking(format!(
                    "the approval of major {major} lists `{package}`, which is not a package of the workspace"
                ))
                .help("correct the name in `packages`")
                .at(approval.location.clone()),
            );
        }
    }
    findings
}

/// One finding per major that some package has without an approval.
fn unapproved(release: &ReleasePolicy, model: &CargoModel) -> Vec<Finding> {
    let mut majors: BTreeMap<u64, Vec<&Member>> = BTreeMap::new();
    for member in release::members(model) {
        let Version { major, pre, .. } = &member.version;
        let covers = |approval: &&Approval| {
            approval.major == *major && (approval.packages.is_empty() || approval.packages.contains(&member.name))
        };
        if *major > 0 && pre.is_empty() && !release.approvals.iter().any(|approval| covers(&approval)) {
            majors.entry(*major).or_default().push(member);
        }
    }
    let finding = |(major, members): (u64, Vec<&Member>)| {
        let names: Vec<String> = members.iter().map(|member| format!("`{}`", member.name)).collect();
        let finding = blocking(format!("major {major} of {} is not approved", names.join(", ")))
            .help(format!(
                "add `[[release.approval]]` with `major = {major}`, `record`, `by` and `date` to gate.toml"
            ))
            .because(Some(release.location.clone()));
        let finding = match members.as_slice() {
            [member] => finding.package(&member.name),
            _ => finding,
        };
        let places = members.iter().map(|member| Location::file(&member.manifest));
        places.fold(finding, Finding::at)
    };
    majors.into_iter().map(finding).collect()
}

fn misaligned(file: &VersionFile, model: &CargoModel, read: &Read<'_>) -> Option<Finding> {
    let path = &file.path;
    let at_policy = |message: String, help: &str| Some(blocking(message).help(help).at(file.location.clone()));
    let expected = match &file.package {
        Some(name) => match model.members.iter().find(|member| member.name == *name) {
            Some(member) => &member.version,
            None => {
                return at_policy(
                    format!("`{path}` must repeat the version of `{name}`, which is not a package of the workspace"),
                    "correct the name in `package`",
                );
            }
        },
        None => {
            let members = release::members(model);
            let versions: BTreeSet<&Version> = members.iter().map(|member| &member.version).collect();
            match versions.into_iter().collect::<Vec<_>>().as_slice() {
                [version] => *version,
                _ => {
                    return at_policy(
                        format!("the members have different versions, so the version of `{path}` is ambiguous"),
                        "add `package = \"…\"` to the entry",
                    );
                }
            }
        }
    };
    let text = match read(path) {
        Ok(Some(text)) => text,
        Ok(None) => return at_policy(format!("version file `{path}` does not exist"), "correct `path`"),
        Err(error) => return at_policy(format!("cannot read `{path}`: {error}"), "make the file readable"),
    };
    match version_file::version(path, &text, file.pointer.as_deref()) {
        Ok(found) if found == expected.to_string() => None,
        Ok(found) => Some(
            blocking(format!(
                "`{path}` has version {found}, but the workspace has {expected}"
            ))
            .help(format!("write `{expected}` in `{path}`"))
            .remedy(stated(path, &text, &found, expected))
            .at(Location::file(path)),
        ),
        Err(problem) => at_policy(format!("`{path}` {problem}"), "correct `path` or `pointer`"),
    }
}

/// The version where it stands: in quotes, or alone in the file. Where it stands twice, one of them is another version.
fn stated(path: &str, text: &str, found: &str, expected: &Version) -> Option<Remedy> {
    let (old, new) = if text.trim() == found {
        (found.to_owned(), expected.to_string())
    } else {
        (format!("\"{found}\""), format!("\"{expected}\""))
    };
    let once = text.matches(&old).count() == 1;
    let change = Change::ReplaceAll {
        path: path.to_owned(),
        old,
        new,
    };
    once.then(|| Remedy::new(format!("write `{expected}`"), [change]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{findings_text, member};

    fn model(versions: &[(&str, &str)]) -> CargoModel {
        let members = versions.iter().map(|(name, version)| Member {
            version: version.parse().expect("a version"),
            ..member(name, name, None)
        });
        CargoModel {
            members: members.collect(),
            ..CargoModel::default()
        }
    }

    fn release() -> ReleasePolicy {
        ReleasePolicy {
            approve_majors: true,
            location: Location::line("gate.toml", 3),
            ..ReleasePolicy::default()
        }
    }

    fn approval(major: u64, packages: &[&str], record: &str, day: i8) -> Approval {
        Approval {
            major,
            packages: packages.iter().map(|name| (*name).to_owned()).collect(),
            record: record.into(),
            by: "board".into(),
            date: jiff::civil::date(2026, 6, day),
            location: Location::line("gate.toml", 9),
        }
    }

    fn said(release: &ReleasePolicy, model: &CargoModel) -> String {
        let read = |path: &str| {
            Ok(match path {
                "record.md" => Some("Reviewed.".to_owned()),
                "empty.md" => Some(" \n".to_owned()),
                "package.json" => Some("{\"version\": \"1.0.0\"}".to_owned()),
                _ => None,
            })
        };
        findings_text(&judge(release, model, jiff::civil::date(2026, 6, 15), &read))
    }

    #[test]
    fn stable_majors_need_an_approval() {
        let mut policy = release();
        let model = model(&[("a", "1.2.0"), ("b", "0.9.0"), ("c", "2.0.0-rc.1"), ("d", "1.0.0")]);
        insta::assert_snapshot!(said(&policy, &model), @"
        a/Cargo.toml: major 1 of `a`, `d` is not approved [controlled]
          also: d/Cargo.toml
          help: add `[[release.approval]]` with `major = 1`, `record`, `by` and `date` to gate.toml
          because: gate.toml:3
        ");
        policy.approvals = vec![approval(1, &["a"], "record.md", 15)];
        insta::assert_snapshot!(said(&policy, &model), @"
        d/Cargo.toml: major 1 of `d` is not approved [controlled]
          help: add `[[release.approval]]` with `major = 1`, `record`, `by` and `date` to gate.toml
          because: gate.toml:3
          package: d
        ");
        policy.approvals.push(approval(1, &[], "record.md", 1));
        assert_eq!(said(&policy, &model), "");
    }

    #[test]
    fn an_approval_is_real() {
        let mut policy = release();
        policy.approvals = vec![approval(1, &[], "none.md", 16), approval(1, &["x"], "empty.md", 1)];
        insta::assert_snapshot!(said(&policy, &model(&[("a", "1.0.0")])), @"
        gate.toml:9: the approval of major 1 is dated 2026-06-16, which is in the future [controlled]
          help: write the date of the approval
          because: gate.toml:9
        gate.toml:9: the record `none.md` of the approval of major 1 does not exist [controlled]
          help: document the review in `none.md`, or correct `record`
          because: gate.toml:9
        gate.toml:9: the record `empty.md` of the approval of major 1 is empty [controlled]
          help: document the review in `empty.md`, or correct `record`
          because: gate.toml:9
        gate.toml:9: the approval of major 1 lists `x`, which is not a package of the workspace [controlled]
          help: correct the name in `packages`
          because: gate.toml:9
        ");
    }

    #[test]
    fn files_repeat_the_version() {
        let file = |path: &str, pointer: Option<&str>, package: Option<&str>| VersionFile {
            path: path.into(),
            pointer: pointer.map(str::to_owned),
            package: package.map(str::to_owned),
            location: Location::line("gate.toml", 20),
        };
        let mut policy = release();
        policy.approve_majors = false;
        policy.version_files = vec![file("package.json", Some("/version"), None)];
        assert_eq!(said(&policy, &model(&[("a", "1.0.0"), ("b", "1.0.0")])), "");
        insta::assert_snapshot!(said(&policy, &model(&[("a", "1.0.1")])), @"
        package.json: `package.json` has version 1.0.0, but the workspace has 1.0.1 [controlled]
          help: write `1.0.1` in `package.json`
          because: gate.toml:20
        ");
        insta::assert_snapshot!(said(&policy, &model(&[("a", "1.0.0"), ("b", "1.1.0")])), @r#"
        gate.toml:20: the members have different versions, so the version of `package.json` is ambiguous [controlled]
          help: add `package = "…"` to the entry
          because: gate.toml:20
        "#);
        policy.version_files = vec![
            file("package.json", Some("/version"), Some("a")),
            file("package.json", Some("/name"), Some("a")),
            file("package.json", Some("/version"), Some("z")),
            file("none", None, Some("a")),
        ];
        insta::assert_snapshot!(said(&policy, &model(&[("a", "1.0.0"), ("b", "1.1.0")])), @"
        gate.toml:20: `package.json` has no value at `/name` [controlled]
          help: correct `path` or `pointer`
          because: gate.toml:20
        gate.toml:20: `package.json` must repeat the version of `z`, which is not a package of the workspace [controlled]
          help: correct the name in `package`
          because: gate.toml:20
        gate.toml:20: version file `none` does not exist [controlled]
          help: correct `path`
          because: gate.toml:20
        ");
    }
}
