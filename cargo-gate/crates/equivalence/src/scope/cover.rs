//! A covering array: few cells in which each combination of values of any `strength` axes occurs.
//!
//! The greedy construction of AETG (Cohen, Dalal, Fredman and Patton, 1997) without its chance: one cell at a time, begun with the
//! first combination that no cell has yet and completed by the values that add most. The same scope gives the same cells.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cell, Scope};

/// Most combinations that are followed.
const MOST: usize = 500_000;

/// Values of some axes: pairs of axis and place of the value, by axis.
type Combination = Vec<(usize, usize)>;

/// The cells of a scope, and what they account for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// Cells to run: the corners first, then what completes the combinations.
    pub cells: Vec<Cell>,
    /// How many of the cells are corners.
    pub corners: usize,
    /// Combinations of values of `strength` axes that some cell has.
    pub covered: usize,
    /// Combinations that no cell can have, because what is left out covers them.
    pub excluded: usize,
    /// Corners that no cell can have, by their place: what is left out covers them.
    pub impossible: Vec<usize>,
}

/// The scope has more combinations than can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// How many there are.
    pub combinations: usize,
    /// How many can be followed.
    pub most: usize,
}

/// Chooses the cells of a scope.
///
/// # Errors
/// There are too many combinations.
pub fn cover(scope: &Scope) -> Result<Cover, TooLarge> {
    let strength = scope.strength.min(scope.axes.len());
    let total = count(scope, strength);
    if total > MOST {
        return Err(TooLarge {
            combinations: total,
            most: MOST,
        });
    }
    let mut search = Search::new(scope);
    let mut open: BTreeSet<Combination> = BTreeSet::new();
    for axes in subsets(scope.axes.len(), strength) {
        open.extend(products(scope, &axes));
    }
    let mut this = Cover::default();
    for (at, corner) in scope.corners.iter().enumerate() {
        let mut found = false;
        for combination in corner_cells(scope, corner) {
            if let Some(cell) = search.complete(&combination, &open) {
                found = true;
                this.add(cell, &mut open, strength);
            }
        }
        if !found {
            this.impossible.push(at);
        }
    }
    this.corners = this.cells.len();
    while let Some(first) = open.first().cloned() {
        match search.complete(&first, &open) {
            Some(cell) => this.add(cell, &mut open, strength),
            None => {
                open.remove(&first);
                this.excluded += 1;
            }
        }
    }
    this.covered = total - this.excluded;
    Ok(this)
}

impl Cover {
    fn add(&mut self, cell: Cell, open: &mut BTreeSet<Combination>, strength: usize) {
        for axes in subsets(cell.0.len(), strength) {
            let combination: Combination = axes.iter().map(|axis| (*axis, cell.0[*axis])).collect();
            open.remove(&combination);
        }
        if !self.cells.contains(&cell) {
            self.cells.push(cell);
        }
    }
}

/// Completes combinations to cells that nothing leaves out.
struct Search<'a> {
    scope: &'a Scope,
    /// What is left out, by axis: the places of the values.
    forbidden: Vec<BTreeMap<usize, BTreeSet<usize>>>,
}

impl<'a> Search<'a> {
    fn new(scope: &'a Scope) -> Self {
        let forbidden = scope.excluded.iter().map(|part| {
            let mut axes = BTreeMap::new();
            for (at, axis) in scope.axes.iter().enumerate() {
                if let Some(wanted) = part.get(&axis.name) {
                    let places = axis.values.iter().enumerate();
                    let places = places.filter(|(_, value)| wanted.values().contains(value));
                    axes.insert(at, places.map(|(place, _)| place).collect());
                }
            }
            axes
        });
        Self {
            scope,
            forbidden: forbidden.collect(),
        }
    }

    /// The cell that has the combination and adds most; `None` where every such cell is left out.
    fn complete(&mut self, combination: &Combination, open: &BTreeSet<Combination>) -> Option<Cell> {
        let mut partial: Vec<Option<usize>> = vec![None; self.scope.axes.len()];
        for (axis, value) in combination {
            partial[*axis] = Some(*value);
        }
        if self.is_out(&partial) {
            return None;
        }
        let cell = self.rest(&mut partial, open)?;
        Some(Cell(cell))
    }

    fn rest(&self, partial: &mut Vec<Option<usize>>, open: &BTreeSet<Combination>) -> Option<Vec<usize>> {
        let Some(axis) = partial.iter().position(Option::is_none) else {
            return Some(partial.iter().flatten().copied().collect());
        };
        let mut choices: Vec<(usize, usize)> = (0..self.scope.axes[axis].values.len())
            .map(|value| (self.gain(partial, axis, value, open), value))
            .collect();
        choices.sort_by_key(|(gain, value)| (usize::MAX - gain, *value));
        for (_, value) in choices {
            partial[axis] = Some(value);
            if !self.is_out(partial)
                && let Some(cell) = self.rest(partial, open)
            {
                return Some(cell);
            }
        }
        partial[axis] = None;
        None
    }

    /// How many open combinations of two axes' worth a value adds; with more axes, those that are complete.
    fn gain(&self, partial: &[Option<usize>], axis: usize, value: usize, open: &BTreeSet<Combination>) -> usize {
        let strength = self.scope.strength.min(partial.len());
        let set: Vec<usize> = (0..partial.len()).filter(|other| partial[*other].is_some()).collect();
        if strength == 0 || set.len() + 1 < strength {
            return 0;
        }
        let mut gain = 0;
        for chosen in subsets(set.len(), strength - 1) {
            let mut combination: Combination = chosen
                .iter()
                .filter_map(|at| Some((set[*at], partial[set[*at]]?)))
                .collect();
            combination.push((axis, value));
            combination.sort_unstable();
            gain += usize::from(open.contains(&combination));
        }
        gain
    }

    /// Whether something that is left out covers every cell that can become of this.
    fn is_out(&self, partial: &[Option<usize>]) -> bool {
        self.forbidden.iter().any(|part| {
            part.iter()
                .all(|(axis, places)| partial[*axis].is_some_and(|value| places.contains(&value)))
        })
    }
}

/// All sets of `size` of the numbers below `of`, in order.
fn subsets(of: usize, size: usize) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut chosen: Vec<usize> = (0..size).collect();
    if size > of {
        return found;
    }
    loop {
        found.push(chosen.clone());
        let Some(at) = (0..size).rev().find(|at| chosen[*at] < of - size + at) else {
            return found;
        };
        chosen[at] += 1;
        for next in at + 1..size {
            chosen[next] = chosen[next - 1] + 1;
        }
    }
}

fn products(scope: &Scope, axes: &[usize]) -> Vec<Combination> {
    let mut found: Vec<Combination> = vec![Vec::new()];
    for axis in axes {
        let values = 0..scope.axes[*axis].values.len();
        found = found
            .iter()
            .flat_map(|before| {
                values.clone().map(move |value| {
                    let mut next = before.clone();
                    next.push((*axis, value));
                    next
                })
            })
            .collect();
    }
    found
}

fn count(scope: &Scope, strength: usize) -> usize {
    let sets = subsets(scope.axes.len(), strength);
    let sizes = sets.iter().map(|axes| {
        axes.iter()
            .fold(1_usize, |all, axis| all.saturating_mul(scope.axes[*axis].values.len()))
    });
    sizes.fold(0, usize::saturating_add)
}

/// The combinations that a corner names: one, unless it has several values of an axis.
fn corner_cells(scope: &Scope, corner: &super::Part) -> Vec<Combination> {
    let mut found: Vec<Combination> = vec![Vec::new()];
    for (at, axis) in scope.axes.iter().enumerate() {
        let Some(wanted) = corner.get(&axis.name) else { continue };
        let places: Vec<usize> = wanted
            .values()
            .iter()
            .filter_map(|value| axis.values.iter().position(|other| other == value))
            .collect();
        found = found
            .iter()
            .flat_map(|before| {
                places.iter().map(move |place| {
                    let mut next = before.clone();
                    next.push((at, *place));
                    next
                })
            })
            .collect();
    }
    found
}
