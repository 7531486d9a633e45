//! What suites measure: benchmarks, service levels and equivalence, each way it can end.

use super::parts::{check, claims, empty, evidence, finish, suite_result};
use crate::claim::Standing as Claimed;
use crate::group::Group;
use crate::{
    BenchmarkResult, CellStanding, CheckReport, Dimension, Drill, DrillBound, DrillRun, DrillStanding, Equivalence,
    EquivalenceCell, EquivalenceExclusion, EquivalencePair, EquivalenceReference, EvidenceRecord, Finding, Outcome,
    Real, Report, ServiceLevel, Standing, SuiteResult, TestStatus, WaiverUse,
};
use gate_base::location::Location;
use gate_base::stage::Stage;

fn suite(id: &str, summary: &str, dimension: Dimension, outcome: Outcome, result: SuiteResult) -> CheckReport {
    let mut check = check(id, summary, dimension, outcome);
    check.evidence = Some(EvidenceRecord {
        suite: Some(SuiteResult {
            passed: 0,
            skipped: 0,
            tests: Vec::new(),
            ..result
        }),
        reused: id.ends_with("equal"),
        duration_ms: 61_000,
        ..evidence()
    });
    check
}

fn compared(name: &str, [ratio, low, high]: [f64; 3], standing: Standing) -> BenchmarkResult {
    BenchmarkResult {
        name: name.into(),
        unit: "ns".into(),
        samples: 130,
        median: Real(1_234.5 * ratio),
        mad: Real(12.0),
        reference: Some(Real(1_234.5)),
        ratio: Some(Real(ratio)),
        low: Real(low),
        high: Real(high),
        pairs: 26,
        limit: Some(Real(1.05)),
        caught: (standing == Standing::Within).then_some(Real(1.08)),
        why: (standing == Standing::Undecided).then(|| "60 pairs decide no less than +12 %".into()),
        standing,
    }
}

fn level(objective: &str, tenant: Option<&str>, look_back_s: u64, bad: u64, standing: Standing) -> ServiceLevel {
    ServiceLevel {
        objective: objective.into(),
        workload: tenant.map(|_| "checkout".into()),
        tenant: tenant.map(str::to_owned),
        sum_of: tenant.is_none().then_some(3),
        look_back_s,
        bad,
        events: 100_000,
        budget: Real(0.001),
        excluded: Real(0.000_9),
        confidence: Real(0.95),
        dispersion: Real(1.0),
        needed: Some(if standing == Standing::Undecided { 12_000 } else { 0 }),
        standing,
    }
}

fn cell(size: u32, dtype: &str, standing: CellStanding) -> EquivalenceCell {
    EquivalenceCell {
        name: format!("size={size},dtype={dtype}"),
        standing,
        differences: u64::from(standing == CellStanding::Different) * 17,
        max_ulp: Some(2),
        mutants: 6,
        mutants_found: if standing == CellStanding::Vacuous { 4 } else { 6 },
        why: (standing != CellStanding::Same).then(|| "row 3: `1.5` and `1.25`".into()),
    }
}

/// A store that survives some faults.
fn drilled() -> Drill {
    let run = |fault: &str, kind: &str, repaired, recovered_ms, standing| DrillRun {
        fault: fault.into(),
        kind: kind.into(),
        repaired,
        standing,
        witness: (kind != "none").then(|| format!("`{kind}` was seen")),
        recovered_ms,
        window_ms: 5_000,
        served: [20, u64::from(repaired), 40],
        acknowledged: 43,
        unknown: 3,
        why: (standing != DrillStanding::Clean)
            .then(|| "of 43 acknowledged writes: 1 acknowledged and not there".into()),
    };
    Drill {
        overall: "fail".into(),
        seed: 7,
        runs: vec![
            run("control", "none", true, None, DrillStanding::Clean),
            run("killed", "kill", false, None, DrillStanding::Clean),
            run("killed", "kill", true, Some(1_250), DrillStanding::Clean),
            run("cut", "cut", true, None, DrillStanding::Failed),
            run("pause", "pause", false, Some(9), DrillStanding::Undecided),
            run("full", "disk-full", true, Some(12), DrillStanding::Vacuous),
        ],
        bounds: vec![DrillBound {
            fault: "killed".into(),
            clean: 1,
            failure_below: Real(0.95),
        }],
        claims: vec!["store recovers from killed within 5 s, in 1 of 1 drills".into()],
    }
}

fn equal() -> Equivalence {
    use CellStanding::{Different, Known, Same, Undecided, Vacuous};
    Equivalence {
        version: 3,
        scope: "5c".repeat(32),
        implementation: "wgpu".into(),
        overall: "fail".into(),
        inputs: vec!["cargo run --example cells".into()],
        references: vec![EquivalenceReference {
            name: "cpu".into(),
            oracle: true,
            not_run: None,
        }],
        cells: vec![
            cell(0, "f32", Same),
            cell(0, "f64", Same),
            cell(1, "f32", Same),
            cell(1, "bf16", Known),
            cell(4096, "f32", Different),
            cell(4096, "f64", Vacuous),
            cell(4096, "bf16", Undecided),
        ],
        pairs: vec![EquivalencePair {
            first: "wgpu".into(),
            second: "cpu".into(),
            same: 4,
            different: 2,
        }],
        combinations: 9,
        combinations_excluded: 2,
        pass_rate: Real(0.571),
        max_ulp: Some(2),
        mutants: 42,
        mutants_found: 40,
        exclusions: vec![EquivalenceExclusion {
            id: "no-device".into(),
            scope: "dtype=f16".into(),
            surface: "wgpu".into(),
            risk: "medium".into(),
            note: "the device has no half precision".into(),
            owner: "core-team".into(),
            until: "2026-09-30".into(),
        }],
        risk_labels: Vec::new(),
        claims: vec!["`wgpu` gives what `cpu` gives for size 0 and 1".into()],
    }
}

/// A suite of each kind that measures, with results of every standing.
pub fn measured() -> Report {
    use Standing::{Beyond, Undecided, Unlimited, Vacuous, Within};
    let mut size = compared("size", [1.0, 0.0, 0.0], Unlimited);
    size.unit = "bytes".into();
    (size.reference, size.ratio, size.limit, size.pairs) = (None, None, None, 0);
    (size.low, size.high) = (Real(1_200.0), Real(1_250.0));
    let mut bench = suite(
        "suite.bench.speed",
        "No benchmark is slower",
        Dimension::Performance,
        Outcome::Fail,
        SuiteResult {
            measurements: vec![
                compared("encode", [1.004, 0.99, 1.018], Within),
                compared("parse/long", [1.31, 1.27, 1.35], Beyond),
                compared("parse/short", [1.02, 0.93, 1.12], Undecided),
                compared("same", [1.0, 1.0, 1.0], Vacuous),
                size,
            ],
            ..suite_result(0, TestStatus::Passed)
        },
    );
    bench
        .findings
        .push(Finding::blocking(Stage::Controlled, "`parse/long` is 31 % slower than the reference").package("parser"));
    let mut waived = Finding::blocking(Stage::Controlled, "`parse/huge` was not measured")
        .at(Location::line("benches/parse.rs", 12))
        .package("parser");
    waived.waived = Some(WaiverUse {
        owner: "core-team".into(),
        reason: "needs the larger machine".into(),
        expires: "2026-03-09".into(),
    });
    bench.findings.push(waived);
    let mut levels = suite(
        "suite.slo.checkout",
        "Service levels are kept",
        Dimension::Reliability,
        Outcome::Warn,
        SuiteResult {
            service_levels: vec![
                level("fast answers", Some("acme"), 2_419_200, 20, Within),
                level("fast answers", Some("acme"), 21_600, 170, Beyond),
                level("fast answers", Some("beta"), 86_400, 97, Undecided),
                level("fast answers", None, 86_400, 60, Within),
            ],
            ..suite_result(0, TestStatus::Passed)
        },
    );
    levels
        .findings
        .push(Finding::advice("the budget of `acme` burns 1.7 times too fast").package("checkout"));
    let cells = suite(
        "suite.equivalence.equal",
        "Both backends give the same",
        Dimension::Correctness,
        Outcome::Pass,
        SuiteResult {
            equivalence: Some(Box::new(equal())),
            ..suite_result(0, TestStatus::Passed)
        },
    );
    let drills = suite(
        "suite.drill.store",
        "The system survives what is done to it",
        Dimension::Reliability,
        Outcome::Fail,
        SuiteResult {
            drill: Some(Box::new(drilled())),
            ..suite_result(0, TestStatus::Passed)
        },
    );
    finish(Report {
        stage: Stage::Controlled,
        checks: vec![bench, levels, cells, drills],
        claims: claims(&[
            (Group::Supply, Claimed::Missing, None),
            (Group::Ergonomics, Claimed::NotAsked, None),
        ]),
        ..empty()
    })
}
