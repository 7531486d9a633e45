use super::*;
use crate::dtype::Dtype;
use crate::output::Tensor;
use crate::read::read;
use crate::rule::{ColumnRule, Format, Key, Kind, Nan, Reduction, RowOrder, Terms, Ties, Zero};

fn said(rules: &Rules, found: &str, expected: &str) -> String {
    let read = |text: &str| read(rules, text.as_bytes().to_vec()).unwrap();
    match compare(rules, &read(found), &read(expected)) {
        Ok(compared) => shown(&compared),
        Err(why) => format!("cannot be compared: {why}"),
    }
}

fn shown(compared: &Compared) -> String {
    let line = |difference: &Difference| {
        format!(
            "{}: {} is not {}\n",
            difference.place, difference.found, difference.expected
        )
    };
    let lines: String = compared.first.iter().map(line).collect();
    format!("{} differences\n{lines}", compared.count)
}

fn csv(order: RowOrder) -> Rules {
    Rules {
        format: Format::Csv,
        order,
        ..Rules::default()
    }
}

#[test]
fn rows_one_by_one() {
    insta::assert_snapshot!(said(&csv(RowOrder::Ordered), "a,b\n1,x\n2,\n", "a,b\n1,X\n2,y\n3,z\n"), @r#"
    3 differences
    row 1, column `b`: "x" is not "X"
    row 2, column `b`: null is not "y"
    the number of rows: 2 rows is not 3 rows
    "#);
    insta::assert_snapshot!(said(&csv(RowOrder::Ordered), "a,c\n1,x\n", "a,b\n1,x\n"), @"
    2 differences
    column `b`: missing is not a column
    column `c`: a column is not missing
    ");
}

#[test]
fn rows_without_an_order() {
    let rules = csv(RowOrder::Multiset);
    assert_eq!(said(&rules, "a\n2\n1\n1\n", "a\n1\n2\n1\n"), "0 differences\n");
    insta::assert_snapshot!(said(&rules, "a\n1\n1\n2\n", "a\n1\n2\n2\n"), @r#"
    2 differences
    row 2: "1" is not no such row
    row 3 of the reference: no such row is not "2"
    "#);
    assert_eq!(
        said(&csv(RowOrder::Set), "a\n1\n1\n2\n", "a\n1\n2\n2\n"),
        "0 differences\n"
    );
    assert!(said(&csv(RowOrder::Set), "a\n1\n", "a\n1\n2\n").starts_with("1 differences"));
}

fn sorted(ties: Ties, change: impl FnOnce(&mut Key)) -> Rules {
    let mut key = Key {
        column: "k".to_owned(),
        descending: false,
        nulls: Default::default(),
        collation: Default::default(),
    };
    change(&mut key);
    Rules {
        keys: vec![key],
        ties,
        ..csv(RowOrder::Sorted)
    }
}

#[test]
fn sorted_rows_and_their_ties() {
    let (one, other) = ("k,v\na,1\na,2\n,3\n", "k,v\na,2\na,1\n,3\n");
    assert_eq!(said(&sorted(Ties::Any, |_| ()), one, other), "0 differences\n");
    assert!(said(&sorted(Ties::Stable, |_| ()), one, other).starts_with("2 differences"));
    let first = said(
        &sorted(Ties::Any, |key| key.nulls = crate::rule::Nulls::First),
        one,
        other,
    );
    insta::assert_snapshot!(first, @r#"
    2 differences
    the order of rows 2 and 3 of the reference: "a" before null is not ascending keys
    the order of rows 2 and 3 of the output: "a" before null is not ascending keys
    "#);
    let (upper, lower) = ("k\na\nB\n", "k\nB\na\n");
    assert!(said(&sorted(Ties::Any, |_| ()), upper, lower).starts_with("1 differences"));
    let caseless = sorted(Ties::Any, |key| key.collation = crate::rule::Collation::AsciiCaseless);
    assert_eq!(said(&caseless, upper, upper), "0 differences\n");
    assert!(said(&caseless, lower, lower).starts_with("2 differences"));
    let descending = sorted(Ties::Stable, |key| key.descending = true);
    assert_eq!(
        said(&descending, "k\nb\na\n\"\"\n", "k\nb\na\n\"\"\n"),
        "0 differences\n"
    );
}

fn rule(name: &str, change: impl FnOnce(&mut ColumnRule)) -> Rules {
    let mut rule = ColumnRule {
        name: name.to_owned(),
        kind: Kind::Float,
        ..ColumnRule::default()
    };
    change(&mut rule);
    Rules {
        columns: vec![rule],
        ..Rules::default()
    }
}

#[test]
fn decimals_are_exact_and_floats_are_near() {
    let decimal = rule("x", |rule| rule.kind = Kind::Decimal);
    assert_eq!(said(&decimal, "{\"x\": 0.10}", "{\"x\": 1e-1}"), "0 differences\n");
    assert!(said(&decimal, "{\"x\": 0.1000000000000000055}", "{\"x\": 0.1}").starts_with("1 differences"));
    let float = rule("x", |rule| rule.ulp = Some(1));
    assert_eq!(
        said(&float, "{\"x\": 0.1000000000000000055}", "{\"x\": 0.1}"),
        "0 differences\n"
    );
    assert!(said(&float, "{\"x\": 0.10000000000000005}", "{\"x\": 0.1}").starts_with("1 differences"));
    assert!(said(&float, "{\"x\": null}", "{\"x\": 0}").starts_with("1 differences"));
    let unordered = Rules {
        order: RowOrder::Multiset,
        ..rule("x", |rule| rule.absolute = Some(0.1))
    };
    assert_eq!(
        said(&unordered, "{\"x\": 1.09}\n{\"x\": 1.0}", "{\"x\": 1.0}\n{\"x\": 1.18}"),
        "0 differences\n"
    );
    let many = "{\"x\": 1}\n".repeat(500);
    insta::assert_snapshot!(said(&unordered, &many, &many), @"cannot be compared: 500 rows have the same exact values, and at most 400 are matched within a tolerance: give rows a key that is exact");
}

fn tensor(name: &str, values: &[f32]) -> Tensor {
    Tensor {
        name: name.to_owned(),
        dtype: Dtype::F32,
        shape: vec![values.len()],
        data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

fn floats(rules: &Rules, found: &[f32], expected: &[f32]) -> Compared {
    let output = |values: &[f32]| Output::Tensors(vec![tensor("data", values)]);
    compare(rules, &output(found), &output(expected)).unwrap()
}

#[test]
fn zeros_and_nans() {
    let (plain, other) = (f32::from_bits(0x7fc0_0000), f32::from_bits(0x7fc0_0001));
    let exact = Rules::default();
    assert!(floats(&exact, &[plain], &[plain]).is_same());
    assert!(!floats(&exact, &[plain], &[other]).is_same());
    assert!(!floats(&exact, &[0.0], &[-0.0]).is_same());
    let near = rule("*", |rule| rule.ulp = Some(1));
    assert!(floats(&near, &[plain, 0.0], &[other, -0.0]).is_same());
    assert!(!floats(&near, &[plain], &[1.0]).is_same());
    assert!(!floats(&near, &[f32::INFINITY], &[f32::MAX]).is_same());
    let strict = rule("*", |rule| {
        (rule.ulp, rule.nan, rule.zero) = (Some(1), Some(Nan::Bits), Some(Zero::Distinct));
    });
    assert!(!floats(&strict, &[plain], &[other]).is_same());
    assert!(!floats(&strict, &[0.0], &[-0.0]).is_same());
}

/// Whether the loop without branches and the one that knows every case say the same.
#[test]
fn long_and_short_tensors_are_judged_alike() {
    let random = &mut gate_base::stats::SplitMix64::new(7);
    for tolerance in [
        rule("*", |rule| rule.ulp = Some(4)),
        rule("*", |rule| rule.absolute = Some(1e-6)),
        rule("*", |rule| rule.relative = Some(1e-6)),
    ] {
        let expected: Vec<f32> = (0..5000).map(|_| (random.unit() - 0.5) as f32).collect();
        let moved = |value: &f32, random: &mut gate_base::stats::SplitMix64| {
            f32::from_bits(value.to_bits() ^ (u32::from(random.below(1000) == 0) * 8) ^ random.below(4) as u32)
        };
        let found: Vec<f32> = expected.iter().map(|value| moved(value, random)).collect();
        let pairs = found.iter().zip(&expected);
        let singles = pairs.map(|(a, b)| floats(&tolerance, &[*a], &[*b]));
        let singles: Vec<Compared> = singles.collect();
        let whole = floats(&tolerance, &found, &expected);
        assert_eq!(whole.count, singles.iter().map(|one| one.count).sum::<u64>());
        assert_eq!(whole.max_ulp, singles.iter().filter_map(|one| one.max_ulp).max());
    }
}

#[test]
fn the_bound_of_a_sum_follows_its_terms_and_magnitude() {
    let sum = |terms| {
        rule("data", |rule| {
            rule.reduction = Some(Reduction {
                terms: Terms::Number(terms),
                magnitude: "magnitude".to_owned(),
                factor: 1.0,
            });
        })
    };
    let expected = |magnitude: f32| Output::Tensors(vec![tensor("data", &[0.001]), tensor("magnitude", &[magnitude])]);
    let found = Output::Tensors(vec![tensor("data", &[0.0012])]);
    let same = |terms, magnitude| compare(&sum(terms), &found, &expected(magnitude)).unwrap().is_same();
    // Of 4096 terms of about one, an error of 0.0002 is within the bound; of 16 it is not, nor of small ones.
    assert!(same(4096, 2000.0));
    assert!(!same(16, 8.0));
    assert!(!same(4096, 0.2));
    let without = Output::Tensors(vec![tensor("data", &[0.001])]);
    insta::assert_snapshot!(compare(&sum(16), &found, &without).unwrap_err(), @"the reference has no tensor `magnitude` with the magnitudes");
}

#[test]
fn shapes_and_names() {
    let output = |list: Vec<Tensor>| Output::Tensors(list);
    let mut column = tensor("a", &[1.0, 2.0]);
    column.shape = vec![2, 1];
    let compared = compare(
        &Rules::default(),
        &output(vec![column, tensor("c", &[])]),
        &output(vec![tensor("a", &[1.0, 2.0]), tensor("b", &[1.0])]),
    )
    .unwrap();
    insta::assert_snapshot!(shown(&compared), @"
    3 differences
    tensor `a`: f32 [2, 1] is not f32 [2]
    tensor `b`: missing is not f32 [1]
    tensor `c`: f32 [0] is not missing
    ");
    let mut grid = tensor("a", &[1.0, 2.0, 3.0, 4.0]);
    grid.shape = vec![2, 2];
    let mut other = grid.clone();
    other.data[12..].copy_from_slice(&5_f32.to_le_bytes());
    let compared = compare(&Rules::default(), &output(vec![other]), &output(vec![grid])).unwrap();
    insta::assert_snapshot!(shown(&compared), @"
    1 differences
    tensor `a` at [1, 1]: 5.0 is not 4.0
    ");
}
