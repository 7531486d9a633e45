//! `owners.declared`: somebody answers for every package and suite.

use std::collections::BTreeMap;

use gate_base::stage::Stage;
use gate_policy::{OwnerPolicy, SuitePolicy, pattern};
use gate_report::{Dimension, Finding, Location};
use gate_world::cargo::Member;
use gate_world::code_owners::CodeOwners;

use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(input::Cargo, input::CodeOwners, OwnerPolicy, SuitePolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "owners.declared",
    summary: "Every package and suite has an owner",
    docs: include_str!("declared.md"),
    dimension: Dimension::Governance,
    group_evidence: |_| true,
    blocks_at: Stage::Broad,
    since: "0.1.0",
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<OwnerPolicy>() {
        Some(_) => Applies::Yes,
        None => Applies::No("`[owners]` is not declared".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(owners) = context.section::<OwnerPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let code_owners = context.code_owners().map(|(_, bytes, below)| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (CodeOwners::parse(&text), below)
    });
    let owned_path = |path: &str| {
        code_owners.as_ref().is_some_and(|(code_owners, below)| {
            let path = if below.is_empty() {
                path.to_owned()
            } else {
                format!("{below}/{path}")
            };
            !code_owners.of(&path).is_empty()
        })
    };
    let members = &context.cargo().members;
    let suites = context.section::<SuitePolicy>();
    let mut findings = Vec::new();
    for member in members {
        if !declared(owners, &owners.packages, &member.name) && !paths(member).any(&owned_path) {
            let message = format!("package `{}` has no owner", member.name);
            let help = format!(
                "add `\"{}\" = \"…\"` to `[owners.packages]`, or `/{}` to `CODEOWNERS`",
                member.name, member.manifest
            );
            findings.push(missing(message, help, Location::file(&member.manifest), owners).package(&member.name));
        }
    }
    for suite in suites {
        let location = suite.location.clone().unwrap_or_else(|| owners.location.clone());
        if !declared(owners, &owners.suites, &suite.name) && !owned_path(&location.path) {
            let message = format!("suite `{}` has no owner", suite.name);
            let help = format!("add `\"{}\" = \"…\"` to `[owners.suites]`", suite.name);
            findings.push(missing(message, help, location, owners));
        }
    }
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    findings.extend(unused(&owners.packages, &names, "package of the workspace", owners));
    let names: Vec<&str> = suites.iter().map(|suite| suite.name.as_str()).collect();
    findings.extend(unused(&owners.suites, &names, "declared suite", owners));
    Judgement::Findings(findings)
}

fn declared(owners: &OwnerPolicy, named: &BTreeMap<String, String>, name: &str) -> bool {
    owners.default.is_some() || named.keys().any(|key| pattern::matches(key, name))
}

/// Paths of which one must be owned for a package to be.
fn paths(member: &Member) -> impl Iterator<Item = &str> {
    let targets = member.targets.iter().map(|target| target.source.as_str());
    std::iter::once(member.manifest.as_str()).chain(targets)
}

fn missing(message: String, help: String, location: Location, owners: &OwnerPolicy) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
        .help(help)
        .at(location)
        .because(Some(owners.location.clone()))
}

fn unused<'a>(
    named: &'a BTreeMap<String, String>,
    names: &'a [&'a str],
    what: &'a str,
    owners: &'a OwnerPolicy,
) -> impl Iterator<Item = Finding> {
    named
        .keys()
        .filter(|key| !names.iter().any(|name| pattern::matches(key, name)))
        .map(move |key| {
            Finding::advice(format!("`[owners]` lists `{key}`, which is not a {what}"))
                .help("correct the name, or remove the line")
                .at(owners.location.clone())
                .because(Some(owners.location.clone()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, map, member};

    fn world(owners: OwnerPolicy) -> World {
        let mut world = World::new();
        // No repository is there, so no CODEOWNERS either.
        world.workspace.git = None;
        world.workspace.cargo.members = vec![member("app", "", None), member("app-core", "core", None)];
        world.policy.owners = Some(owners);
        world
    }

    fn owners() -> OwnerPolicy {
        OwnerPolicy {
            default: None,
            packages: BTreeMap::new(),
            suites: BTreeMap::new(),
            location: Location::line("gate.toml", 8),
        }
    }

    #[test]
    fn every_package_has_an_owner() {
        assert_eq!(World::new().text(&CHECK), "not applicable: `[owners]` is not declared");
        let default = OwnerPolicy {
            default: Some("team".into()),
            ..owners()
        };
        assert_eq!(world(default).text(&CHECK), "");
        let pattern = OwnerPolicy {
            packages: map([("app*".to_owned(), "team".to_owned())]),
            ..owners()
        };
        assert_eq!(world(pattern).text(&CHECK), "");
        let some = OwnerPolicy {
            packages: map([
                ("app".to_owned(), "team".to_owned()),
                ("gone".to_owned(), "team".to_owned()),
            ]),
            ..owners()
        };
        insta::assert_snapshot!(world(some).text(&CHECK), @r#"
        core/Cargo.toml: package `app-core` has no owner [broad]
          help: add `"app-core" = "…"` to `[owners.packages]`, or `/core/Cargo.toml` to `CODEOWNERS`
          because: gate.toml:8
          package: app-core
        gate.toml:8: `[owners]` lists `gone`, which is not a package of the workspace [advice]
          help: correct the name, or remove the line
          because: gate.toml:8
        "#);
    }

    #[test]
    fn code_owners_count() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("CODEOWNERS"), "/core/ @core\n/Cargo.toml @team\n").expect("a file");
        let mut world = world(owners());
        world.workspace.root = directory.path().to_owned();
        assert_eq!(world.text(&CHECK), "");
        std::fs::write(directory.path().join("CODEOWNERS"), "/core/ @core\n").expect("a file");
        assert!(world.text(&CHECK).contains("package `app` has no owner"));
    }
}
