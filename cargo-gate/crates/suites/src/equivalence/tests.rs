use gate_equivalence::rule::{ColumnRule, Kind, Rules};
use gate_report::Real;

use super::judge::{Judged, Outputs, judge};
use super::previous::{drift, regressions};
use super::*;

fn side(name: &str, text: &str, again: &str) -> Outputs {
    Outputs {
        name: name.to_owned(),
        is_oracle: name == "oracle",
        given: Ok((text.as_bytes().to_vec(), Some(again.as_bytes().to_vec()))),
    }
}

fn judged(rules: &Rules, sides: &[(&str, &str, &str)]) -> Judged {
    let sides: Vec<Outputs> = sides
        .iter()
        .map(|(name, text, again)| side(name, text, again))
        .collect();
    judge(rules, &sides)
}

const ONE: &str = "{\"x\": 1.5}\n";
const OTHER: &str = "{\"x\": 2.5}\n";

#[test]
fn the_oracle_is_right_and_references_must_agree_with_it() {
    let rules = Rules::default();
    let all = |ours, plain, oracle| {
        judged(
            &rules,
            &[
                ("ours", ours, ours),
                ("plain", plain, plain),
                ("oracle", oracle, oracle),
            ],
        )
    };
    let same = all(ONE, ONE, ONE);
    assert_eq!(same.standing, Some(CellStanding::Same));
    assert_eq!(same.pairs, [(0, 1, true), (0, 2, true), (1, 2, true)]);
    for (ours, plain, oracle, who) in [
        (OTHER, OTHER, ONE, "`ours` differs from `oracle`"),
        (ONE, OTHER, ONE, "`ours` differs from `plain`"),
        (OTHER, ONE, ONE, "`ours` differs from `plain`"),
    ] {
        let judged = all(ours, plain, oracle);
        assert_eq!(judged.standing, Some(CellStanding::Different));
        assert!(
            judged.why.as_deref().is_some_and(|why| why.starts_with(who)),
            "{:?}",
            judged.why
        );
    }
}

#[test]
fn what_is_not_the_same_twice_shows_nothing_unless_that_is_accepted() {
    let standing = |rules: &Rules, ours: [&str; 2], oracle: [&str; 2]| {
        judged(rules, &[("ours", ours[0], ours[1]), ("oracle", oracle[0], oracle[1])]).standing
    };
    let exact = Rules::default();
    assert_eq!(
        standing(&exact, [ONE, ONE], [ONE, OTHER]),
        Some(CellStanding::Undecided)
    );
    assert_eq!(
        standing(&exact, [ONE, OTHER], [ONE, ONE]),
        Some(CellStanding::Different)
    );
    let near = Rules {
        columns: vec![ColumnRule {
            name: "x".to_owned(),
            kind: Kind::Float,
            relative: Some(1e-3),
            ..ColumnRule::default()
        }],
        ..Rules::default()
    };
    assert_eq!(
        standing(&near, [ONE, "{\"x\": 1.5001}\n"], [ONE, ONE]),
        Some(CellStanding::Same)
    );
    assert_eq!(standing(&exact, ["{", "{"], [ONE, ONE]), Some(CellStanding::Different));
    assert_eq!(standing(&exact, [ONE, ONE], ["{", "{"]), Some(CellStanding::Undecided));
}

fn shown(version: u64, scope: &str, rate: f64, ulp: u64) -> Equivalence {
    Equivalence {
        version,
        scope: scope.to_owned(),
        implementation: "ours".to_owned(),
        overall: String::new(),
        inputs: Vec::new(),
        references: Vec::new(),
        cells: Vec::new(),
        pairs: Vec::new(),
        combinations: 0,
        combinations_excluded: 0,
        pass_rate: Real(rate),
        max_ulp: Some(ulp),
        mutants: 0,
        mutants_found: 0,
        exclusions: Vec::new(),
        risk_labels: Vec::new(),
        claims: Vec::new(),
    }
}

#[test]
fn what_got_worse_is_told_with_both_numbers() {
    let before = shown(1, "a", 1.0, 4);
    insta::assert_debug_snapshot!(regressions(&shown(1, "a", 0.75, 6), &before), @r#"
    [
        "Regression detected: pass rate 75.0 % was 100.0 % (-25.0 %)",
        "Regression detected: max ULP 6 was 4 (+50.0 %)",
    ]
    "#);
    assert!(regressions(&before, &before).is_empty());
}

#[test]
fn another_scope_needs_another_version() {
    let before = shown(1, "a", 1.0, 0);
    let now = |version, scope| drift(&shown(version, scope, 1.0, 0), Some(&before), None);
    assert_eq!(now(1, "a"), None);
    assert_eq!(now(2, "b"), None);
    assert_eq!(
        now(1, "b").as_deref(),
        Some("scope drift: version 1 was a in the latest ready run, and is b now")
    );
    assert!(drift(&before, None, Some("c")).is_some());
}
