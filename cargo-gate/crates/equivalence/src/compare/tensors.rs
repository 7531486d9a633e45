//! Tensors: names, types, shapes, and then elements, in blocks that are skipped where their bytes are the same.

use super::difference::{Compared, Difference};
use crate::dtype::Dtype;
use crate::output::Tensor;
use crate::rule::{Rules, Tolerance};

/// Elements that are looked at in one go.
const BLOCK: usize = 2048;

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
    let blocks = found.data.chunks(BLOCK * size).zip(expected.data.chunks(BLOCK * size));
    for (block, (here, there)) in blocks.enumerate() {
        if here == there {
            if expected.dtype.is_float() && compared.max_ulp.is_none() {
                compared.max_ulp = Some(0);
            }
            continue;
        }
        // With a magnitude each element has a bound of its own.
        if magnitude.is_none()
            && let Some(ulp) = fast(&tolerance, here, there)
        {
            compared.apart(Some(ulp));
            continue;
        }
        for at in 0..here.len() / size {
            let (a, b) = (&here[at * size..][..size], &there[at * size..][..size]);
            let at = block * BLOCK + at;
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

/// The largest distance in ULP where all elements are finite and within the tolerance. `None` leaves the block to the loop that knows
/// every case.
fn fast(tolerance: &Tolerance, found: &[u8], expected: &[u8]) -> Option<u64> {
    match tolerance.dtype {
        Dtype::F32 => fast_f32(tolerance, found, expected),
        Dtype::F64 => fast_f64(tolerance, found, expected),
        _ => None,
    }
}

/// Without branches, so that compilers use vectors.
macro_rules! fast {
    ($name:ident, $float:ty, $int:ty, $uint:ty, $size:literal) => {
        fn $name(tolerance: &Tolerance, found: &[u8], expected: &[u8]) -> Option<u64> {
            let ulp = <$int>::try_from(tolerance.ulp).unwrap_or(<$int>::MAX);
            let (absolute, relative) = (tolerance.absolute, tolerance.relative);
            let place = |number: $float| {
                let bits = number.to_bits() as $int;
                if bits < 0 {
                    <$int>::MIN.wrapping_sub(bits)
                } else {
                    bits
                }
            };
            let (mut bad, mut largest) = (false, 0 as $int);
            let (found, _) = found.as_chunks::<$size>();
            let (expected, _) = expected.as_chunks::<$size>();
            for (a, b) in found.iter().zip(expected) {
                let (a, b) = (<$float>::from_le_bytes(*a), <$float>::from_le_bytes(*b));
                // A distance across zero may not fit: its sign shows it.
                let apart = place(a).wrapping_sub(place(b));
                let apart = if apart < 0 { apart.wrapping_neg() } else { apart };
                let (wide_a, wide_b) = (f64::from(a), f64::from(b));
                let near = (wide_a - wide_b).abs() <= absolute.max(relative * wide_b.abs());
                let zeros = (apart == 0) & (a.to_bits() != b.to_bits());
                let finite = a.is_finite() & b.is_finite();
                bad |= !(finite & (apart >= 0) & !zeros & (near | (apart <= ulp)));
                largest = largest.max(apart);
            }
            (!bad).then_some(largest as $uint as u64)
        }
    };
}

fast!(fast_f32, f32, i32, u32, 4);
fast!(fast_f64, f64, i64, u64, 8);
