//! `profile.release`: Cargo profiles are what the policy asks for.

use std::path::Path;

use gate_base::stage::Stage;
use gate_policy::{ProfilePolicy, ProfileRequirement, ProfileValue};
use gate_report::{Change, Dimension, Finding, Location, Remedy};
use gate_world::profile::{self, Origin, Profile, Setting, Target};

use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(
    ProfilePolicy,
    input::Cargo,
    input::Manifests,
    input::CargoConfig,
    input::CargoEnvironment,
);

/// The check.
pub static CHECK: Check = Check {
    id: "profile.release",
    summary: "Cargo profiles resolve to what the policy requires",
    docs: include_str!("release.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    recordable: true,
    fixes: Fixes::Applied("sets the key of the profile in the file that decides"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context.section::<ProfilePolicy>().is_empty() {
        Applies::No("`gate.toml` declares no `[profile.<name>]`".into())
    } else {
        Applies::Yes
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let root = context.manifests().first();
    let mut findings = Vec::new();
    for (name, policy) in context.section::<ProfilePolicy>() {
        match profile::resolve(name, root, context.config(), context.environment()) {
            Ok(profile) => findings.extend(judge(&profile, policy, &context.cargo().root)),
            Err(error) => {
                let because = policy.requirements.values().next().map(|one| one.location.clone());
                let mut finding = Finding::blocking(CHECK.blocks_at, error.message)
                    .help(format!("correct the profile; `cargo build --profile {name}` checks it"))
                    .because(because);
                if let Some(place) = place(&error.origin, &context.cargo().root) {
                    finding = finding.at(place);
                }
                findings.push(finding);
            }
        }
    }
    Judgement::Findings(findings)
}

fn judge(profile: &Profile, policy: &ProfilePolicy, root: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, requirement) in &policy.requirements {
        let allowed: Vec<ProfileValue> = requirement
            .allowed
            .iter()
            .map(|value| profile::normalize(key, value).unwrap_or_else(|| value.clone()))
            .collect();
        let judged = |setting: &Setting, target: Option<&Target>| {
            (!allowed.contains(&setting.value)).then(|| finding(&profile.name, key, setting, target, requirement, root))
        };
        if let Some(setting) = profile.settings.get(key.as_str()) {
            findings.extend(judged(setting, None));
        }
        for one in &profile.overrides {
            if let Some(setting) = one.settings.get(key.as_str()) {
                findings.extend(judged(setting, Some(&one.target)));
            }
        }
    }
    findings
}

fn finding(
    profile: &str,
    key: &str,
    setting: &Setting,
    target: Option<&Target>,
    requirement: &ProfileRequirement,
    root: &Path,
) -> Finding {
    let (whom, table) = match target {
        None => (String::new(), format!("profile.{profile}")),
        Some(Target::Dependencies) => (
            " for all dependencies".to_owned(),
            format!("profile.{profile}.package.\"*\""),
        ),
        Some(Target::Package(spec)) => (format!(" for `{spec}`"), format!("profile.{profile}.package.{spec}")),
        Some(Target::Build) => (
            " for build scripts".to_owned(),
            format!("profile.{profile}.build-override"),
        ),
    };
    let listed: Vec<String> = requirement.allowed.iter().map(|value| format!("`{value}`")).collect();
    let wanted = requirement.allowed.first().map(ToString::to_string).unwrap_or_default();
    let edit = format!("set `{key} = {wanted}` under `[{table}]`");
    let (source, help) = match &setting.origin {
        Origin::Default => ("the default".to_owned(), format!("{edit} in `Cargo.toml`")),
        Origin::Rule(rule) => ((*rule).to_owned(), format!("{edit} in `Cargo.toml`")),
        Origin::Manifest(location) => (
            format!("set in `{}`", location.path),
            format!("{edit} in `{}`", location.path),
        ),
        Origin::Config { path, .. } => {
            let path = shown(path, root);
            (format!("set in `{path}`"), format!("{edit} in `{path}`"))
        }
        Origin::Environment(variable) => (
            format!("set by the environment variable {variable}"),
            format!("`unset {variable}`"),
        ),
    };
    let message = format!(
        "profile `{profile}` has `{key} = {}`{whom} ({source}), but the policy allows {}",
        setting.value,
        listed.join(", ")
    );
    let mut finding = Finding::blocking(CHECK.blocks_at, message)
        .help(help)
        .because(Some(requirement.location.clone()));
    finding.remedy = remedy(profile, key, target, &wanted, &setting.origin, root);
    if let Some(place) = place(&setting.origin, root) {
        finding = finding.at(place);
    }
    if let Some(Target::Package(spec)) = target {
        finding = finding.package(spec);
    }
    finding
}

/// The same as an edit of the file that decides.
fn remedy(
    profile: &str,
    key: &str,
    target: Option<&Target>,
    wanted: &str,
    origin: &Origin,
    root: &Path,
) -> Option<Remedy> {
    let path = match origin {
        Origin::Default | Origin::Rule(_) => "Cargo.toml".to_owned(),
        Origin::Manifest(location) => location.path.clone(),
        Origin::Config { path, .. } => near(path, root).filter(|path| !path.starts_with(".."))?,
        Origin::Environment(_) => return None,
    };
    let mut keys = vec!["profile", profile];
    match target {
        None => {}
        Some(Target::Dependencies) => keys.extend(["package", "*"]),
        Some(Target::Package(spec)) => keys.extend(["package", spec]),
        Some(Target::Build) => keys.push("build-override"),
    }
    keys.push(key);
    Some(Remedy::new(
        format!("set `{key} = {wanted}`"),
        [Change::set(path, &keys, wanted)],
    ))
}

/// Where a value is written; `None` where no file of the workspace or near it says so.
fn place(origin: &Origin, root: &Path) -> Option<Location> {
    match origin {
        Origin::Manifest(location) => Some(location.clone()),
        Origin::Config { path, place } => {
            let path = near(path, root)?;
            Some(Location { path, ..place.clone() })
        }
        Origin::Default | Origin::Rule(_) | Origin::Environment(_) => None,
    }
}

/// A configuration file without the machine: relative to the workspace or one of the directories above it, or by what
/// it is.
fn shown(path: &Path, root: &Path) -> String {
    near(path, root).unwrap_or_else(|| "cargo's configuration in the home directory".to_owned())
}

fn near(path: &Path, root: &Path) -> Option<String> {
    for (up, above) in root.ancestors().enumerate() {
        // `/` and a home directory are above most workspaces, but not a place to count from.
        if up > 3 {
            break;
        }
        if let Ok(below) = path.strip_prefix(above) {
            let below: Vec<_> = below
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect();
            return Some(format!("{}{}", "../".repeat(up), below.join("/")));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_base::digest::Digest;
    use gate_contract::testing::{World, map};
    use gate_world::config::ConfigLayer;
    use gate_world::environment::Environment;

    fn world(profiles: &str, requirements: &[(&str, ProfileValue)]) -> World {
        let mut world = World::new();
        world.manifests(&[("Cargo.toml", &format!("[package]\nname = \"app\"\n{profiles}"))]);
        let requirements = requirements.iter().enumerate().map(|(at, (key, value))| {
            let requirement = ProfileRequirement {
                allowed: vec![value.clone()],
                location: Location::line("gate.toml", at as u32 + 5),
            };
            ((*key).to_owned(), requirement)
        });
        let policy = ProfilePolicy {
            requirements: requirements.collect(),
        };
        world.policy.profiles = map([("release".to_owned(), policy)]);
        world
    }

    #[test]
    fn says_where_the_value_comes_from() {
        let text = |word: &str| ProfileValue::Text(word.into());
        let mut world = world(
            "[profile.release]\npanic = \"abort\"\n",
            &[
                ("overflow-checks", ProfileValue::Bool(true)),
                ("panic", text("unwind")),
                ("lto", text("thin")),
                ("codegen-units", ProfileValue::Integer(1)),
                ("debug", ProfileValue::Bool(false)),
            ],
        );
        let config = "[profile.release]\ncodegen-units = 4\n";
        world.workspace.config.layers.push(ConfigLayer {
            path: "/w/.cargo/config.toml".into(),
            found_by: "/w/.cargo/config.toml".into(),
            text: config.into(),
            table: config.parse().expect("TOML"),
            digest: Digest::of(config.as_bytes()),
        });
        world.workspace.options.environment = Environment::from_pairs([("CARGO_PROFILE_RELEASE_LTO", "off")]);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        .cargo/config.toml:2: profile `release` has `codegen-units = 4` (set in `.cargo/config.toml`), but the policy allows `1` [controlled]
          help: set `codegen-units = 1` under `[profile.release]` in `.cargo/config.toml`
          because: gate.toml:8
        profile `release` has `lto = "off"` (set by the environment variable CARGO_PROFILE_RELEASE_LTO), but the policy allows `"thin"` [controlled]
          help: `unset CARGO_PROFILE_RELEASE_LTO`
          because: gate.toml:7
        profile `release` has `overflow-checks = false` (the default), but the policy allows `true` [controlled]
          help: set `overflow-checks = true` under `[profile.release]` in `Cargo.toml`
          because: gate.toml:5
        Cargo.toml:4: profile `release` has `panic = "abort"` (set in `Cargo.toml`), but the policy allows `"unwind"` [controlled]
          help: set `panic = "unwind"` under `[profile.release]` in `Cargo.toml`
          because: gate.toml:6
        "#);
    }

    #[test]
    fn an_override_that_weakens_is_a_finding_of_its_own() {
        let world = world(
            "[profile.release]\noverflow-checks = true\n[profile.release.package.\"*\"]\noverflow-checks = false\n\
             [profile.release.package.ring]\noverflow-checks = false\n[profile.release.package.app]\noverflow-checks = true\n",
            &[("overflow-checks", ProfileValue::Bool(true))],
        );
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        Cargo.toml:6: profile `release` has `overflow-checks = false` for all dependencies (set in `Cargo.toml`), but the policy allows `true` [controlled]
          help: set `overflow-checks = true` under `[profile.release.package."*"]` in `Cargo.toml`
          because: gate.toml:5
        Cargo.toml:8: profile `release` has `overflow-checks = false` for `ring` (set in `Cargo.toml`), but the policy allows `true` [controlled]
          help: set `overflow-checks = true` under `[profile.release.package.ring]` in `Cargo.toml`
          because: gate.toml:5
          package: ring
        "#);
    }

    #[test]
    fn a_profile_that_cargo_refuses_does_not_pass() {
        let mut world = world(
            "[profile.release]\ninherits = \"dev\"\n",
            &[("lto", ProfileValue::Bool(true))],
        );
        insta::assert_snapshot!(world.text(&CHECK), @"
        Cargo.toml:4: `inherits` must not be specified in root profile `release` [controlled]
          help: correct the profile; `cargo build --profile release` checks it
          because: gate.toml:5
        ");
        world.policy.profiles.clear();
        assert_eq!(
            world.text(&CHECK),
            "not applicable: `gate.toml` declares no `[profile.<name>]`"
        );
    }
}
