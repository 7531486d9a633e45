//! `toolchain.floor`: the oldest supported Rust is raised after an announcement, by a release that may do so.

use jiff::ToSpan as _;
use jiff::civil::Date;
use semver::Version;

use crate::release;
use gate_base::stage::Stage;
use gate_policy::{Floor, ToolchainPolicy, rust_version};
use gate_report::{Dimension, Finding, Reason};
use gate_world::git::{Git, Tag};
use gate_world::manifest::Manifest;

use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(input::Cargo, input::GitTags, ToolchainPolicy, input::Today);

/// The check.
pub static CHECK: Check = Check {
    id: "toolchain.floor",
    summary: "The minimum supported Rust rises after a notice, in an allowed release",
    docs: include_str!("floor.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<ToolchainPolicy>() {
        Some(_) => Applies::Yes,
        None => Applies::No("`[toolchain]` is not declared".into()),
    }
}

/// The release of an earlier version.
struct Earlier {
    version: Version,
    tag: String,
    /// Its `rust-version`.
    floor: Version,
    /// As it is written.
    text: String,
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<ToolchainPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let Some(minimum) = rust_version(&policy.minimum) else {
        return Judgement::Findings(Vec::new());
    };
    let released = match released(context) {
        Ok(released) => released,
        Err(reason) => return Judgement::NotRun(reason),
    };
    let earlier = match earlier(context, released) {
        Ok(earlier) => earlier,
        Err(message) => return Judgement::Inconclusive(Reason::new("no_history", message)),
    };
    let announced = policy.floors.iter().filter(|floor| floor.minimum == policy.minimum);
    let announced = announced.min_by_key(|floor| floor.announced);
    let mut findings: Vec<Finding> = announced
        .and_then(|floor| notice(policy, floor, context.today()))
        .into_iter()
        .collect();
    let current = current(context);
    let raised = earlier.iter().filter(|earlier| earlier.floor < minimum);
    for (index, earlier) in raised.enumerate() {
        if announced.is_none() && index == 0 {
            findings.push(unannounced(policy, earlier, context.today()));
        }
        let small = |version: &&Version| !policy.floor_raise_release.allows(&earlier.version, version);
        if let Some(version) = current
            .as_ref()
            .filter(|version| **version != earlier.version)
            .filter(small)
        {
            findings.push(too_small(policy, earlier, version));
        }
    }
    let because = |finding: Finding| finding.because(Some(policy.location.clone()));
    Judgement::Findings(findings.into_iter().map(because).collect())
}

/// Tags of the repository.
fn released<'a>(context: &Context<'a>) -> Result<(&'a Git, Vec<Tag>), Reason> {
    let no_git = || {
        Reason::new("no_git", "previous releases are unknown without git")
            .help("run in a clone of the repository with its tags")
    };
    let git = context.releases().ok_or_else(no_git)?;
    let unknown = |message: String| Reason::new("no_history", format!("cannot list the tags of git: {message}"));
    let tags = context.tags().ok_or_else(no_git)?.map_err(unknown)?;
    if tags.is_empty() && git.is_shallow().map_err(unknown)? {
        let reason = Reason::new("shallow_clone", "the clone is shallow and contains no release tag");
        return Err(reason.help("`git fetch --tags --unshallow`; in CI, check out with `fetch-depth: 0`"));
    }
    Ok((git, tags))
}

/// The version that is about to be released: that of the package in the root, or of the first one that is released.
fn current(context: &Context<'_>) -> Option<Version> {
    leading(context).map(|(_, version)| version)
}

fn leading(context: &Context<'_>) -> Option<(String, Version)> {
    let members = release::members(context.cargo());
    let root = members.iter().find(|member| member.directory.is_empty());
    root.or(members.first())
        .map(|member| (member.name.clone(), member.version.clone()))
}

/// The tagged release of the current version, and the highest one below it, with their floors.
fn earlier(context: &Context<'_>, (git, tags): (&Git, Vec<Tag>)) -> Result<Vec<Earlier>, String> {
    let Some((package, current)) = leading(context) else {
        return Ok(Vec::new());
    };
    let mut versions: Vec<(Version, Tag)> = tags
        .into_iter()
        .filter_map(|tag| Some((version_of(&tag.name, &package)?, tag)))
        .filter(|(version, _)| *version <= current && version.pre.is_empty())
        .collect();
    versions.sort_by(|a, b| (&b.0, &a.1.name).cmp(&(&a.0, &b.1.name)));
    versions.dedup_by(|a, b| a.0 == b.0);
    let wanted = 1 + usize::from(versions.first().is_some_and(|(version, _)| *version == current));
    let mut found = Vec::new();
    for (version, tag) in versions.into_iter().take(wanted) {
        let Some(text) = floor_at(git, &tag)? else { continue };
        if let Some(floor) = rust_version(&text) {
            found.push(Earlier {
                version,
                tag: tag.name,
                floor,
                text,
            });
        }
    }
    Ok(found)
}

/// The `rust-version` of the root manifest under a tag.
fn floor_at(git: &Git, tag: &Tag) -> Result<Option<String>, String> {
    let Some(bytes) = git.show(&tag.commit, "Cargo.toml")? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let manifest = Manifest::parse("Cargo.toml", text).map_err(|error| {
        format!(
            "the root manifest of `{}` is not valid TOML: {}",
            tag.name,
            error.message()
        )
    })?;
    let value = |keys: &[&str]| manifest.value(keys).and_then(toml::Value::as_str).map(str::to_owned);
    Ok(value(&["package", "rust-version"]).or_else(|| value(&["workspace", "package", "rust-version"])))
}

/// The version that a tag names, for a package.
fn version_of(tag: &str, package: &str) -> Option<Version> {
    let rest = match tag.strip_prefix(package) {
        Some(rest) => rest.strip_prefix(['-', '/', '@'])?,
        None => tag,
    };
    rest.strip_prefix('v').unwrap_or(rest).parse().ok()
}

fn notice(policy: &ToolchainPolicy, floor: &Floor, today: Date) -> Option<Finding> {
    let from = floor
        .announced
        .checked_add(i64::from(policy.floor_notice).days())
        .unwrap_or(Date::MAX);
    if from <= today {
        return None;
    }
    let message = if floor.announced > today {
        format!(
            "the minimum Rust {} is announced on {}, which is in the future",
            floor.minimum, floor.announced
        )
    } else {
        format!(
            "the minimum Rust {} takes effect before its notice of {} days ends: it was announced on {}",
            floor.minimum, policy.floor_notice, floor.announced
        )
    };
    let help = format!("keep the old `minimum` until {from}");
    Some(
        Finding::blocking(CHECK.blocks_at, message)
            .help(help)
            .at(floor.location.clone()),
    )
}

fn unannounced(policy: &ToolchainPolicy, earlier: &Earlier, today: Date) -> Finding {
    let message = format!(
        "the minimum was raised from Rust {} in `{}` to {} without an announcement",
        earlier.text, earlier.tag, policy.minimum
    );
    let help = format!(
        "keep `minimum = \"{}\"`, and write `[[toolchain.floor]]` with `minimum = \"{}\"` and `announced = {today}`",
        earlier.text, policy.minimum
    );
    Finding::blocking(CHECK.blocks_at, message)
        .help(help)
        .at(policy.location.clone())
}

fn too_small(policy: &ToolchainPolicy, earlier: &Earlier, version: &Version) -> Finding {
    let message = format!(
        "{version} raises the minimum from Rust {} in `{}` to {}, which requires a {} release",
        earlier.text,
        earlier.tag,
        policy.minimum,
        policy.floor_raise_release.name()
    );
    let help = format!(
        "make it a {} release, or keep `minimum = \"{}\"`",
        policy.floor_raise_release.name(),
        earlier.text
    );
    Finding::blocking(CHECK.blocks_at, message)
        .help(help)
        .at(policy.location.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_versions() {
        let read = |tag: &str| version_of(tag, "app").map(|version| version.to_string());
        for tag in ["v1.2.3", "1.2.3", "app-v1.2.3", "app-1.2.3", "app/v1.2.3", "app@1.2.3"] {
            assert_eq!(read(tag).as_deref(), Some("1.2.3"), "{tag}");
        }
        for tag in [
            "nightly",
            "v1.2",
            "other-v1.2.3",
            "app",
            "application-1.0.0",
            "v1.2.3.4",
        ] {
            assert_eq!(read(tag), None, "{tag}");
        }
    }
}
