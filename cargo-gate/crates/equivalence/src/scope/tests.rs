use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn scope(sizes: &[usize], strength: usize) -> Scope {
    let axis = |(at, size): (usize, &usize)| Axis {
        name: format!("a{at}"),
        values: (0..*size as i64).map(AxisValue::Number).collect(),
    };
    Scope {
        version: 1,
        axes: sizes.iter().enumerate().map(axis).collect(),
        strength,
        corners: Vec::new(),
        excluded: Vec::new(),
    }
}

fn part(values: &[(usize, i64)]) -> Part {
    let one = |(axis, value): &(usize, i64)| (format!("a{axis}"), OneOrMore::One(AxisValue::Number(*value)));
    values.iter().map(one).collect()
}

/// Every pair of values of two axes that some allowed cell of the whole product has.
fn possible(scope: &Scope) -> BTreeSet<(usize, usize, usize, usize)> {
    let mut cells = vec![Vec::new()];
    for axis in &scope.axes {
        cells = cells
            .iter()
            .flat_map(|cell: &Vec<usize>| (0..axis.values.len()).map(move |value| [cell.as_slice(), &[value]].concat()))
            .collect();
    }
    let allowed = cells
        .into_iter()
        .map(Cell)
        .filter(|cell| scope.excluded(cell).is_none());
    allowed.flat_map(|cell| pairs(&cell)).collect()
}

fn pairs(cell: &Cell) -> Vec<(usize, usize, usize, usize)> {
    let axes = cell.0.len();
    let of = |first: usize| (first + 1..axes).map(move |second| (first, second));
    (0..axes)
        .flat_map(of)
        .map(|(first, second)| (first, second, cell.0[first], cell.0[second]))
        .collect()
}

proptest! {
    #[test]
    fn every_possible_pair_is_in_some_cell_and_nothing_that_is_left_out(
        sizes in proptest::collection::vec(1_usize..5, 2..6),
        forbidden in proptest::collection::vec(proptest::collection::vec((0_usize..5, 0_i64..5), 1..3), 0..4),
    ) {
        let mut scope = scope(&sizes, 2);
        let inside = |(axis, value): &(usize, i64)| sizes.get(*axis).is_some_and(|size| *value < *size as i64);
        scope.excluded = forbidden.iter().filter(|values| values.iter().all(inside)).map(|values| part(values)).collect();
        let cover = cover(&scope).unwrap();
        for cell in &cover.cells {
            prop_assert_eq!(scope.excluded(cell), None, "{}", scope.name(cell));
        }
        let covered: BTreeSet<_> = cover.cells.iter().flat_map(pairs).collect();
        prop_assert_eq!(&covered, &possible(&scope));
        prop_assert_eq!(covered.len(), cover.covered);
    }

    #[test]
    fn three_axes_at_a_time(sizes in proptest::collection::vec(2_usize..4, 3..6)) {
        let scope = scope(&sizes, 3);
        let cover = cover(&scope).unwrap();
        let mut seen = BTreeSet::new();
        for cell in &cover.cells {
            for a in 0..sizes.len() {
                for b in a + 1..sizes.len() {
                    for c in b + 1..sizes.len() {
                        seen.insert((a, b, c, cell.0[a], cell.0[b], cell.0[c]));
                    }
                }
            }
        }
        prop_assert_eq!(seen.len(), cover.covered);
        prop_assert_eq!(cover.excluded, 0);
    }
}

#[test]
fn few_cells_are_enough() {
    let cover = cover(&scope(&[4; 6], 2)).unwrap();
    assert!(cover.cells.len() <= 32, "{} cells of 4096", cover.cells.len());
}

#[test]
fn corners_always_run_and_one_that_is_left_out_is_named() {
    let mut scope = scope(&[3, 3, 3], 2);
    scope.corners = vec![part(&[(0, 2), (1, 2), (2, 2)]), part(&[(0, 1), (1, 0)])];
    scope.excluded = vec![part(&[(0, 1), (1, 0)])];
    let cover = cover(&scope).unwrap();
    assert_eq!(cover.cells[0], Cell(vec![2, 2, 2]));
    assert_eq!((cover.corners, cover.impossible), (1, vec![1]));
    assert_eq!(cover.excluded, 1);
}

#[test]
fn the_digest_is_of_the_content() {
    let first = scope(&[2, 3], 2);
    let mut second = first.clone();
    second.version = 2;
    assert_eq!(first.digest(), second.digest());
    second.corners = vec![part(&[(0, 0)])];
    assert_ne!(first.digest(), second.digest());
}

#[test]
fn what_cannot_be_followed_is_refused() {
    assert!(cover(&scope(&[200; 6], 3)).is_err());
}

#[test]
fn an_envelope_has_what_ran() {
    let scope = scope(&[3, 2], 2);
    let cells = [Cell(vec![0, 1]), Cell(vec![2, 1])];
    let values = |list: &[&str]| list.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        scope.envelope(cells.iter()),
        [
            ("a0".to_owned(), values(&["0", "2"])),
            ("a1".to_owned(), values(&["1"]))
        ]
    );
}
