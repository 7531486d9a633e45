//! Tensors: names, types, shapes, and then elements, in blocks that are skipped where their bytes are the same.

use super::block::{self, ELEMENTS};
use super::difference::{Compared, Difference};
use crate::output::Tensor;
use crate::rule::{Rules, Tolerance};

pub(super) fn compare(rules: &Rules, found: &[Tensor], expected: &[Tensor]) -> Result<Compared, String> {
    let mut compared = Compared::default();
    let magnitudes: Vec<&str> = rules.magnitudes().collect();
    // Magnitudes are of the bound, and no result.
    let results = |tensor: &&Tensor| !magnitudes.contains(&tensor.name.as_str());
    for there in expected.iter().filter(results) {
        match found.iter().find(|tensor| tensor.name == there.name) {
            Some(here) => tensor(rules, here, there, expected, &mut compared)?,
            None => compared.differ(|| Difference::new(named(there), "missing", described(there))),
        }
    }
    for extra in found.iter().filter(results) {
        if !expected.iter().any(|tensor| tensor.name == extra.name) {
            compared.differ(|| Difference::new(named(extra), described(extra), "missing"));
        }
    }
    Ok(compared)
}

fn named(tensor: &Tensor) -> String {
    format!("tensor `{}`", tensor.name)
}

fn described(tensor: &Tensor) -> String {
    format!("{} {:?}", tensor.dtype.name(), tensor.shape)
}

fn tensor(
    rules: &Rules,
    found: &Tensor,
    expected: &Tensor,
    all: &[Tensor],
    compared: &mut Compared,
) -> Result<(), String> {
    if found.dtype != expected.dtype || found.shape != expected.shape || found.data.len() != expected.data.len() {
        compared.differ(|| Difference::new(named(expected), described(found), described(expected)));
        return Ok(());
    }
    let rule = rules.column(&expected.name);
    let tolerance = Tolerance::of(&rule, expected.dtype);
    let magnitude = match rule.reduction.as_ref().filter(|_| tolerance.sum > 0.0) {
        None => None,
        Some(reduction) => {
            let name = &reduction.magnitude;
            let tensor = all.iter().find(|tensor| tensor.name == *name);
            let tensor = tensor.ok_or_else(|| format!("the reference has no tensor `{name}` with the magnitudes"))?;
            if tensor.count() != expected.count() || !tensor.dtype.is_float() {
                return Err(format!(
                    "the magnitudes `{name}` are {} and the sums {}: there must be one for each, of a floating-point type",
                    described(tensor),
                    described(expected)
                ));
            }
            Some(tensor)
        }
    };
    let size = expected.dtype.size();
    // Magnitudes of another type are compared one by one.
    let alike = magnitude.filter(|tensor| tensor.dtype == expected.dtype);
    let blocks = found
        .data
        .chunks(ELEMENTS * size)
        .zip(expected.data.chunks(ELEMENTS * size));
    for (block, (here, there)) in blocks.enumerate() {
        if here == there {
            if expected.dtype.is_float() && compared.max_ulp.is_none() {
                compared.max_ulp = Some(0);
            }
            continue;
        }
        let magnitudes = alike.and_then(|tensor| tensor.data.get(block * ELEMENTS * size..)?.get(..here.len()));
        if let Some(ulp) = block::within(&tolerance, here, there, magnitudes) {
            compared.apart(Some(ulp));
            continue;
        }
        for at in 0..here.len() / size {
            let (a, b) = (&here[at * size..][..size], &there[at * size..][..size]);
            let at = block * ELEMENTS + at;
            let place = || format!("{} at {}", named(expected), expected.place(at));
            let shown = || Difference::new(place(), expected.dtype.shown(a), expected.dtype.shown(b));
            if !expected.dtype.is_float() {
                if a != b {
                    compared.differ(shown);
                }
                continue;
            }
            let magnitude = magnitude.map_or(0.0, |tensor| tensor.dtype.float(tensor.dtype.bits(tensor.element(at))));
            let (same, apart) = tolerance.accepts(expected.dtype.bits(a), expected.dtype.bits(b), magnitude);
            compared.apart(apart);
            if !same {
                compared.differ(shown);
            }
        }
    }
    Ok(())
}
