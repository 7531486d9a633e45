use super::*;
use gate_contract::testing::World;
use gate_report::{CheckReport, Location, Outcome};
use gate_world::cargo::Target;
use gate_world::testing::member;

fn judged(id: &str, group: Group) -> CheckReport {
    CheckReport {
        id: id.into(),
        summary: String::new(),
        dimension: Dimension::Contract,
        group: Some(group),
        outcome: Outcome::Pass,
        reason: None,
        findings: Vec::new(),
        evidence: None,
    }
}

fn target(name: &str, kind: &str) -> Target {
    Target {
        name: name.into(),
        kind: vec![kind.into()],
        source: "src/lib.rs".into(),
        test: true,
    }
}

fn world(stage: Stage) -> World {
    let mut world = World::new();
    world.stage = stage;
    world.outcomes = vec![judged("supply.advisories", Group::Supply)];
    world.catalogue = crate::ALL.iter().map(|check| check.info(&world.policy)).collect();
    world
}

/// A library with evidence of every group.
fn complete(stage: Stage) -> World {
    let mut world = world(stage);
    world.outcomes.push(judged("owners.declared", Group::Governance));
    world.outcomes.push(judged("docs.commands", Group::Ergonomics));
    world
}

fn declared(kinds: &[(Kind, &str)]) -> KindPolicy {
    let of = |wanted| {
        let names = kinds.iter().filter(move |(kind, _)| *kind == wanted);
        names.map(|(_, name)| (*name).to_owned()).collect()
    };
    KindPolicy {
        service: of(Kind::Service),
        tool: of(Kind::Tool),
        model: of(Kind::Model),
        kernels: of(Kind::Kernels),
        library: of(Kind::Library),
        location: Location::line("gate.toml", 7),
    }
}

#[test]
fn every_stage_names_the_groups_without_evidence() {
    let mut service = world(Stage::Pilot);
    let name = service.workspace.cargo().members[0].name.clone();
    service.policy.kinds = Some(declared(&[(Kind::Service, &name)]));
    insta::assert_snapshot!(service.text(&CHECK), @r#"
    no evidence of performance, resilience, ergonomics and governance: nothing is declared [broad]
      help: `cargo gate explain stage.contract` says what to declare; or add an `[[exclusion]]` with `groups = ["performance", "resilience", "ergonomics", "governance"]`
    "#);
    service.stage = Stage::Controlled;
    insta::assert_snapshot!(service.text(&CHECK), @r#"
    no evidence of performance for the service `app`: nothing is declared [broad]
      help: add `[[suite.bench]]`, or an `[[exclusion]]` with `groups = ["performance"]`
    no evidence of resilience for the service `app`: nothing is declared [broad]
      help: add `[[suite.slo]]` or `[[suite.drill]]`, for a model `[[suite.ready]]`, or a `[[suite.test]]` with `group = "resilience"`, or an `[[exclusion]]` with `groups = ["resilience"]`
    no evidence of ergonomics: nothing is declared [broad]
      help: add `[[suite.tool]]` with `name = "clippy"` and `tool = "clippy"`, or an `[[exclusion]]` with `groups = ["ergonomics"]`
    no evidence of governance: nothing is declared [broad]
      help: add `[owners]` with `default = "…"`, or an `[[exclusion]]` with `groups = ["governance"]`
    "#);
    // Nobody asks a library for service levels.
    service.policy.kinds = None;
    insta::assert_snapshot!(service.text(&CHECK), @r#"
    no evidence of ergonomics: nothing is declared [broad]
      help: add `[[suite.tool]]` with `name = "clippy"` and `tool = "clippy"`, or an `[[exclusion]]` with `groups = ["ergonomics"]`
    no evidence of governance: nothing is declared [broad]
      help: add `[owners]` with `default = "…"`, or an `[[exclusion]]` with `groups = ["governance"]`
    "#);
    service.outcomes.push(judged("owners.declared", Group::Governance));
    service.outcomes.push(judged("docs.commands", Group::Ergonomics));
    assert_eq!(service.text(&CHECK), "");
    service.outcomes.remove(0);
    insta::assert_snapshot!(service.text(&CHECK), @r#"
    no evidence of supply: nothing is declared [controlled]
      help: commit a `Cargo.lock`, so that its packages can be compared with known advisories, or an `[[exclusion]]` with `groups = ["supply"]`
    "#);
}

#[test]
fn the_explanation_says_what_every_finding_says() {
    for row in ROWS
        .iter()
        .filter(|row| ![Group::Integrity, Group::Equivalence].contains(&row.group))
    {
        let line = format!("- {}: {}\n", row.group, row.remedy);
        assert!(CHECK.docs.contains(&line), "contract.md has no line {line:?}");
    }
}

#[test]
fn an_excluded_group_bounds_the_claim() {
    let mut world = world(Stage::Broad);
    world.outcomes.push(judged("owners.declared", Group::Governance));
    world.policy.exclusions = vec![Exclusion {
        surface: "how it reads".into(),
        groups: vec![Group::Ergonomics],
        packages: Vec::new(),
        paths: Vec::new(),
        reason: "nobody else reads it".into(),
        risk: "low".into(),
        location: Location::line("gate.toml", 9),
    }];
    insta::assert_snapshot!(world.text(&CHECK), @"gate.toml:9: ergonomics is excluded from the claim (risk low) [advice]");
}

#[test]
fn an_exclusion_of_nothing_is_advice() {
    let mut world = complete(Stage::Pilot);
    world.policy.exclusions = vec![Exclusion {
        surface: "the console".into(),
        groups: Vec::new(),
        packages: vec!["gone".into()],
        paths: vec!["nothing/**".into()],
        reason: "not deployed".into(),
        risk: "low".into(),
        location: Location::line("gate.toml", 9),
    }];
    insta::assert_snapshot!(world.text(&CHECK), @"
    gate.toml:9: the exclusion of the console excludes the package `gone`, and no package has that name [advice]
      help: correct the name, or remove it
    gate.toml:9: the exclusion of the console excludes `nothing/**`, and no file has such a path [advice]
      help: correct the name, or remove it
    ");
}

#[test]
fn a_kind_of_no_package_is_advice() {
    let mut world = complete(Stage::Pilot);
    world.policy.kinds = Some(declared(&[(Kind::Tool, "gone-*")]));
    insta::assert_snapshot!(world.text(&CHECK), @"
    gate.toml:7: `[kinds]` declares `gone-*` as tool, and no package has that name [advice]
      help: correct the name, or remove it
    ");
}

/// The kind of a package with these targets and this manifest, beside a published library if `beside` says so.
fn kind(targets: &[&str], manifest: &str, (publish, beside): (bool, bool)) -> Kind {
    let mut world = World::new();
    let app = &mut world.workspace.cargo.members[0];
    app.publish = publish;
    app.targets = targets.iter().map(|kind| target("app", kind)).collect();
    if beside {
        world.workspace.cargo.members.push(member("zlib", "zlib", None));
    }
    world.manifests(&[("Cargo.toml", manifest)]);
    world.workspace.kinds(&world.policy, &["app".to_owned()])[0].kind
}

#[test]
fn the_kind_follows_from_targets_and_dependencies() {
    let published = (true, false);
    assert_eq!(kind(&["lib"], "", published), Kind::Library);
    assert_eq!(kind(&["proc-macro"], "", published), Kind::Library);
    assert_eq!(kind(&["lib", "bin"], "", published), Kind::Tool);
    let axum = "[dependencies]\naxum = \"0.8\"\n";
    assert_eq!(kind(&["bin"], axum, published), Kind::Service);
    assert_eq!(
        kind(
            &["bin"],
            "[dependencies]\nweb = { package = \"axum\", version = \"0.8\" }\n",
            published
        ),
        Kind::Service
    );
    // A library that others build servers with is none, and what only tests use serves nobody.
    assert_eq!(kind(&["lib"], axum, published), Kind::Library);
    assert_eq!(
        kind(&["bin"], "[dev-dependencies]\naxum = \"0.8\"\n", published),
        Kind::Tool
    );
    assert_eq!(
        kind(&["bin"], "[dependencies]\naxum-extra = \"0.8\"\n", published),
        Kind::Tool
    );
    let kernels = "[build-dependencies]\ncargo-gate-build = \"0.1\"\n";
    assert_eq!(kind(&["lib", "custom-build"], kernels, published), Kind::Kernels);
    assert_eq!(kind(&["lib"], kernels, published), Kind::Library);
}

#[test]
fn a_program_beside_published_packages_is_internal() {
    assert_eq!(kind(&["bin"], "", (false, true)), Kind::Library);
    assert_eq!(kind(&["bin"], "", (true, true)), Kind::Tool);
    // Where nothing is published, programs are what it is about.
    assert_eq!(kind(&["bin"], "", (false, false)), Kind::Tool);
}
