//! How far two arrays are apart.

use gate_runtime::Status;

use crate::body::compare::{DISTANCES as SLOTS, Found, block};
use crate::body::element::Element;
use crate::body::group::BLOCK;
use crate::cpu::alone;
use rayon::prelude::*;

/// Slots of [`Comparison::distances`].
pub const DISTANCES: usize = SLOTS;

/// How far a value may be from its reference: `|a − b| ≤ absolute + relative·|b|`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tolerance {
    /// Absolute part, in the unit of the values.
    pub absolute: f64,
    /// Part of the magnitude of the reference.
    pub relative: f64,
}

/// What [`compare`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Values compared.
    pub elements: usize,
    /// The largest `|a − b|`, in `f64`; infinite when only one is. A NaN does not take part.
    pub max_absolute: f64,
    /// The largest `|a − b| / |b|`; infinite when only the reference is 0 or infinite. A NaN does not take part.
    pub max_relative: f64,
    /// Values outside the tolerance. Two NaNs match whatever their bits, and so do equal infinities; a NaN and a number do
    /// not.
    pub mismatches: usize,
    /// Index of the first of them.
    pub first_mismatch: Option<usize>,
    /// How many values are how far from their reference, in units in the last place of their type: `[0]` for equal ones,
    /// `[1 + k]` for a distance in `2ᵏ .. 2ᵏ⁺¹`, and the last slot for a NaN against a number.
    pub distances: [u64; DISTANCES],
}

/// Compares `actual` with its reference `expected`.
///
/// All numbers are exact or independent of the order, so they are the same on every machine.
///
/// Cost: equal blocks cost one comparison of bits for each element, others about 20 operations in `f64`. Both arrays are read
/// once from memory.
///
/// ```
/// use gate_kernels::{Tolerance, compare};
///
/// let tolerance = Tolerance { absolute: 0.0, relative: 1e-6 };
/// let found = compare(&[1.0_f32, 2.0, 4.0], &[1.0, 2.0, 4.5], tolerance).expect("equal lengths");
/// assert_eq!(found.mismatches, 1);
/// assert_eq!(found.first_mismatch, Some(2));
/// assert_eq!(found.max_absolute, 0.5);
/// assert_eq!(found.distances[0], 2);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when the lengths differ, or a part of the tolerance is negative, infinite or no number.
pub fn compare<T: Element>(actual: &[T], expected: &[T], tolerance: Tolerance) -> Result<Comparison, Status> {
    let Tolerance { absolute, relative } = tolerance;
    let sensible = |part: f64| part >= 0.0 && part.is_finite();
    if actual.len() != expected.len() || !sensible(absolute) || !sensible(relative) {
        return Err(Status::InvalidArgument);
    }
    let mut comparison = Comparison {
        elements: actual.len(),
        max_absolute: 0.0,
        max_relative: 0.0,
        mismatches: 0,
        first_mismatch: None,
        distances: [0; DISTANCES],
    };
    let one = |actual: &[T], expected: &[T]| {
        alone(|group| {
            let mut distances = [0_u32; DISTANCES];
            let found = block(
                group,
                actual,
                expected,
                (absolute, relative),
                &mut distances.as_mut_slice(),
            );
            (found, distances)
        })
    };
    if actual.len() <= BLOCK {
        comparison.add(0, one(actual, expected));
    } else {
        // A few hundred blocks at a time: what they find is merged in order, and takes bounded memory.
        const AT_A_TIME: usize = 256;
        let parts = actual.chunks(AT_A_TIME * BLOCK).zip(expected.chunks(AT_A_TIME * BLOCK));
        for (part, (actual, expected)) in parts.enumerate() {
            let found: Vec<_> = actual
                .par_chunks(BLOCK)
                .zip(expected.par_chunks(BLOCK))
                .map(|(actual, expected)| one(actual, expected))
                .collect();
            for (index, found) in found.into_iter().enumerate() {
                comparison.add((part * AT_A_TIME + index) * BLOCK, found);
            }
        }
    }
    Ok(comparison)
}

impl Comparison {
    /// Adds what was found in the block that begins at `start`.
    fn add(&mut self, start: usize, (found, distances): (Found, [u32; DISTANCES])) {
        self.max_absolute = self.max_absolute.max(found.max_absolute);
        self.max_relative = self.max_relative.max(found.max_relative);
        self.mismatches += found.mismatches as usize;
        if found.mismatches > 0 && self.first_mismatch.is_none() {
            self.first_mismatch = Some(start + found.first as usize);
        }
        for (sum, count) in self.distances.iter_mut().zip(distances) {
            *sum += u64::from(count);
        }
    }
}
