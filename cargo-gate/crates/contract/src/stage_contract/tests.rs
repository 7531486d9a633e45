use super::*;
use gate_report::{Dimension, Reason};

fn check(id: &str, group: Group, outcome: Outcome) -> CheckReport {
    CheckReport {
        id: id.into(),
        summary: String::new(),
        dimension: Dimension::Contract,
        group: Some(group),
        outcome,
        reason: (outcome > Outcome::Fail).then(|| Reason::new("x", "y")),
        findings: Vec::new(),
        evidence: None,
    }
}

fn package(name: &str, kind: Kind) -> PackageKind {
    PackageKind {
        package: name.into(),
        kind,
        declared: false,
    }
}

fn info(id: &'static str, group_evidence: bool) -> CheckInfo {
    CheckInfo {
        id,
        summary: "",
        blocks_at: Stage::Pilot,
        phase: crate::Phase::Evidence,
        group_evidence,
        lasting: true,
    }
}

fn exclusion(groups: &[Group], packages: &[&str]) -> Exclusion {
    Exclusion {
        surface: "speed".into(),
        groups: groups.to_vec(),
        packages: packages.iter().map(|name| (*name).to_owned()).collect(),
        paths: Vec::new(),
        reason: "none".into(),
        risk: "high".into(),
        location: gate_report::Location::line("gate.toml", 1),
    }
}

/// Where the groups stand that are not built in.
fn standings(kinds: &[PackageKind], exclusions: &[Exclusion], outcomes: &[CheckReport]) -> String {
    let evaluated = Evaluated {
        stage: Stage::Broad,
        kinds,
        exclusions,
        suites: &[],
        catalogue: &[info("owners.declared", true), info("waiver.valid", false)],
        outcomes,
    };
    let claims = evaluated.claims();
    let shown = claims
        .iter()
        .map(|claim| format!("{}: {:?}\n", claim.group, claim.standing));
    shown.collect()
}

#[test]
fn what_is_asked_depends_on_the_kind() {
    let asked = |kind| {
        let claims = standings(&[package("a", kind)], &[], &[]);
        let missing = claims.lines().filter_map(|line| line.strip_suffix(": Missing"));
        missing.skip(3).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(asked(Kind::Library), "ergonomics governance");
    assert_eq!(asked(Kind::Tool), "performance ergonomics governance");
    for kind in [Kind::Service, Kind::Model, Kind::Kernels] {
        assert_eq!(asked(kind), "performance resilience ergonomics governance");
    }
}

#[test]
fn evidence_counts_where_it_was_declared_and_judged() {
    let one = [package("a", Kind::Library)];
    let governance = |outcomes: &[CheckReport]| {
        let standings = standings(&one, &[], outcomes);
        standings.lines().last().unwrap_or_default().to_owned()
    };
    let group = Group::Governance;
    assert_eq!(governance(&[]), "governance: Missing");
    assert_eq!(
        governance(&[check("waiver.valid", group, Outcome::Pass)]),
        "governance: Missing"
    );
    assert_eq!(
        governance(&[check("owners.declared", group, Outcome::Fail)]),
        "governance: Claimed"
    );
    assert_eq!(
        governance(&[check("owners.declared", group, Outcome::NotRun)]),
        "governance: Unjudged"
    );
    // Of another group, it is evidence for that one.
    assert_eq!(
        governance(&[check("owners.declared", Group::Supply, Outcome::Pass)]),
        "governance: Missing"
    );
}

#[test]
fn an_exclusion_leaves_a_group_out_for_all_packages_or_for_some() {
    let two = [package("a", Kind::Service), package("b", Kind::Service)];
    let performance = |exclusions: &[Exclusion]| {
        let standings = standings(&two, exclusions, &[]);
        standings.lines().nth(3).unwrap_or_default().to_owned()
    };
    assert_eq!(performance(&[]), "performance: Missing");
    assert_eq!(
        performance(&[exclusion(&[Group::Performance], &[])]),
        "performance: Excluded"
    );
    assert_eq!(
        performance(&[exclusion(&[Group::Performance], &["a"])]),
        "performance: Missing"
    );
    assert_eq!(
        performance(&[
            exclusion(&[Group::Performance], &["a"]),
            exclusion(&[Group::Performance], &["b*"])
        ]),
        "performance: Excluded"
    );
    assert_eq!(
        performance(&[exclusion(&[Group::Resilience], &[])]),
        "performance: Missing"
    );
}

#[test]
fn the_rows_are_the_groups_in_their_order() {
    assert_eq!(ROWS.map(|row| row.group), Group::ALL);
}

#[test]
fn a_training_run_shows_the_resilience_of_models_only() {
    let suite = SuitePolicy::new(SuiteKind::Ready, "ranker", Vec::new());
    let run = check("suite.ready.ranker", Group::Resilience, Outcome::Pass);
    let drill = check("suite.test.drill", Group::Resilience, Outcome::Pass);
    let (model, service) = (package("ranker", Kind::Model), package("api", Kind::Service));
    let claimed = |kinds: &[PackageKind], exclusions: &[Exclusion], outcomes: &[CheckReport]| {
        let suites = [suite.clone(), SuitePolicy::new(SuiteKind::Test, "drill", Vec::new())];
        let evaluated = Evaluated {
            stage: Stage::Broad,
            kinds,
            exclusions,
            suites: &suites,
            catalogue: &[],
            outcomes,
        };
        let claims = evaluated.claims().into_iter();
        let mut of_group = claims.filter(|claim| claim.group == Group::Resilience);
        of_group
            .next()
            .map(|claim| (claim.standing, claim.asked.join(" "), claim.evidence.len()))
            .expect("the group")
    };
    let models = [model.clone()];
    let both = [model, service];
    assert_eq!(claimed(&models, &[], std::slice::from_ref(&run)).0, Standing::Claimed);
    assert_eq!(
        claimed(&both, &[], std::slice::from_ref(&run)),
        (Standing::Missing, "api".into(), 0)
    );
    assert_eq!(claimed(&both, &[], &[run.clone(), drill]).0, Standing::Claimed);
    let without = exclusion(&[Group::Resilience], &["api"]);
    assert_eq!(claimed(&both, &[without], &[run]).0, Standing::Claimed);
}

#[test]
fn what_a_later_stage_runs_is_not_missing() {
    let mut bench = SuitePolicy::new(SuiteKind::Bench, "speed", Vec::new());
    bench.stage = Stage::Broad;
    let mut run = SuitePolicy::new(SuiteKind::Ready, "ranker", Vec::new());
    run.stage = Stage::Broad;
    let standing = |stage, kind, group, suites: &[SuitePolicy]| {
        let evaluated = Evaluated {
            stage,
            kinds: &[package("a", kind)],
            exclusions: &[],
            suites,
            catalogue: &[],
            outcomes: &[],
        };
        let claims = evaluated.claims();
        claims
            .iter()
            .find(|claim| claim.group == group)
            .map(|claim| claim.standing)
            .expect("the group")
    };
    let performance =
        |stage, suite: &SuitePolicy| standing(stage, Kind::Tool, Group::Performance, std::slice::from_ref(suite));
    assert_eq!(performance(Stage::Pilot, &bench), Standing::Later);
    // Nothing ran it at its stage.
    assert_eq!(performance(Stage::Broad, &bench), Standing::Missing);
    bench.required = false;
    assert_eq!(performance(Stage::Pilot, &bench), Standing::Missing);
    let resilience = |kind| standing(Stage::Pilot, kind, Group::Resilience, std::slice::from_ref(&run));
    assert_eq!(resilience(Kind::Model), Standing::Later);
    assert_eq!(resilience(Kind::Service), Standing::Missing);
}
