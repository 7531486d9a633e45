//! A smaller cell that still fails, and what is kept of it.

use std::fs;
use std::path::Path;

use gate_base::atomic;
use gate_base::error::{Error, Result};
use gate_equivalence::scope::{AxisValue, Cell, Scope};

/// Most cells that are tried.
const TRIES: usize = 24;

/// The smallest declared numbers, axis by axis, with which the cell still fails.
///
/// # Errors
/// Those of `fails`.
pub(super) fn shrink(scope: &Scope, cell: &Cell, fails: &mut dyn FnMut(&Cell) -> Result<bool>) -> Result<Cell> {
    let mut smallest = cell.clone();
    let mut tries = 0;
    for axis in 0..scope.axes.len() {
        let number = |place: usize| match scope.axes[axis].values[place] {
            AxisValue::Number(number) => Some(number),
            AxisValue::Word(_) => None,
        };
        let Some(own) = number(smallest.0[axis]) else { continue };
        let mut smaller: Vec<(i64, usize)> = (0..scope.axes[axis].values.len())
            .filter_map(|place| Some((number(place)?, place)))
            .filter(|(number, _)| number.unsigned_abs() < own.unsigned_abs())
            .collect();
        smaller.sort_by_key(|(number, place)| (number.unsigned_abs(), *place));
        for (_, place) in smaller {
            let mut tried = smallest.clone();
            tried.0[axis] = place;
            if scope.excluded(&tried).is_some() {
                continue;
            }
            tries += 1;
            if tries > TRIES {
                return Ok(smallest);
            }
            if fails(&tried)? {
                smallest = tried;
                break;
            }
        }
    }
    Ok(smallest)
}

/// Keeps the outputs of a failing cell, and how it is repeated.
///
/// # Errors
/// A file cannot be written.
pub(super) fn save(directory: &Path, files: &[(String, Vec<u8>)], case: &serde_json::Value) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory).map_err(|error| Error::io("remove", directory, &error))?;
    }
    fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, &error))?;
    for (name, bytes) in files {
        atomic::write_unsynced(&directory.join(name), bytes)?;
    }
    let text = serde_json::to_vec_pretty(case).unwrap_or_default();
    atomic::write_unsynced(&directory.join("case.json"), &text)
}

#[cfg(test)]
mod tests {
    use gate_equivalence::scope::Axis;

    use super::*;

    #[test]
    fn the_smallest_numbers_that_still_fail() {
        let axis = |name: &str, values: &[i64]| Axis {
            name: name.to_owned(),
            values: values.iter().map(|value| AxisValue::Number(*value)).collect(),
        };
        let scope = Scope {
            version: 1,
            axes: vec![axis("size", &[1000, 0, 100, 10]), axis("seed", &[3, 1, 2])],
            strength: 2,
            corners: Vec::new(),
            excluded: Vec::new(),
        };
        let mut tried = 0;
        let found = shrink(&scope, &Cell(vec![0, 0]), &mut |cell| {
            tried += 1;
            Ok(scope.value(cell, 0) >= &AxisValue::Number(50))
        });
        assert_eq!(scope.name(&found.unwrap()), "size=100,seed=1");
        assert_eq!(tried, 4);
    }
}
