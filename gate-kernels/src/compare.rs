//! How far two arrays are apart.

use gate_runtime::{Status, Tolerance};

use crate::body::compare::{DISTANCES as SLOTS, Found, Within, block};
use crate::body::element::Element;
use crate::body::group::BLOCK;
use crate::cpu::{Cpu, Pieces, over_pieces, per_task, piece};

/// Slots of [`Comparison::distances`].
pub const DISTANCES: usize = SLOTS;

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
/// What is accepted is what [`Tolerance`] says. All numbers are exact or independent of the order, so they are the same on every machine.
///
/// Cost: equal blocks cost one comparison of bits for each element, others about 20 operations in `f64`. Both arrays are read
/// once from memory.
///
/// ```
/// use gate_kernels::compare;
/// use gate_runtime::Tolerance;
///
/// let found = compare(&[1.0_f32, 2.0, 4.0], &[1.0, 2.0, 4.5], Tolerance::within(0.0, 1e-6)).expect("equal lengths");
/// assert_eq!(found.mismatches, 1);
/// assert_eq!(found.first_mismatch, Some(2));
/// assert_eq!(found.max_absolute, 0.5);
/// assert_eq!(found.distances[0], 2);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when the lengths differ, or a part of the tolerance is negative, infinite or no number.
pub fn compare<T: Element>(actual: &[T], expected: &[T], tolerance: Tolerance) -> Result<Comparison, Status> {
    let Tolerance {
        absolute,
        relative,
        ulps,
    } = tolerance;
    let sensible = |part: f64| part >= 0.0 && part.is_finite();
    if actual.len() != expected.len() || !sensible(absolute) || !sensible(relative) {
        return Err(Status::InvalidArgument);
    }
    let within = Within {
        absolute,
        relative,
        ulps,
    };
    let mut comparison = Comparison {
        elements: actual.len(),
        max_absolute: 0.0,
        max_relative: 0.0,
        mismatches: 0,
        first_mismatch: None,
        distances: [0; DISTANCES],
    };
    // A few hundred blocks at a time: what they find is merged in order, and takes bounded memory.
    const AT_A_TIME: usize = 256;
    let nothing = (Found::NOTHING, [0; DISTANCES]);
    let mut found = vec![nothing; actual.len().div_ceil(BLOCK).min(AT_A_TIME)];
    let parts = actual.chunks(AT_A_TIME * BLOCK).zip(expected.chunks(AT_A_TIME * BLOCK));
    for (part, (actual, expected)) in parts.enumerate() {
        let found = &mut found[..actual.len().div_ceil(BLOCK)];
        let work = Blocks {
            actual,
            expected,
            within,
        };
        over_pieces(found, 1, per_task(BLOCK), &work);
        for (index, found) in found.iter().enumerate() {
            comparison.add((part * AT_A_TIME + index) * BLOCK, found);
        }
    }
    Ok(comparison)
}

/// What the entry `compare` computes: what is found in each block.
pub(crate) fn block_findings<T: Element>(
    actual: &[T],
    expected: &[T],
    within: Within,
    errors: &mut [f64],
    mismatches: &mut [u32],
    distances: &mut [u32],
) -> Status {
    let blocks = actual.len().div_ceil(BLOCK);
    let sizes = [expected.len(), errors.len(), mismatches.len(), distances.len()];
    if sizes != [actual.len(), 2 * blocks, 2 * blocks, DISTANCES * blocks] {
        return Status::InvalidArgument;
    }
    let mut found = vec![(Found::NOTHING, [0; DISTANCES]); blocks];
    let work = Blocks {
        actual,
        expected,
        within,
    };
    over_pieces(&mut found, 1, per_task(BLOCK), &work);
    let places = errors
        .chunks_mut(2)
        .zip(mismatches.chunks_mut(2))
        .zip(distances.chunks_mut(DISTANCES));
    for (((errors, mismatches), distances), (found, counts)) in places.zip(&found) {
        errors.copy_from_slice(&[found.max_absolute, found.max_relative]);
        mismatches.copy_from_slice(&[found.first, found.mismatches]);
        distances.copy_from_slice(counts);
    }
    Status::Ok
}

impl Comparison {
    /// Adds what was found in the block that begins at `start`.
    fn add(&mut self, start: usize, (found, distances): &(Found, [u32; DISTANCES])) {
        self.max_absolute = self.max_absolute.max(found.max_absolute);
        self.max_relative = self.max_relative.max(found.max_relative);
        self.mismatches += found.mismatches as usize;
        if found.mismatches > 0 && self.first_mismatch.is_none() {
            self.first_mismatch = Some(start + found.first as usize);
        }
        for (sum, count) in self.distances.iter_mut().zip(distances) {
            *sum += u64::from(*count);
        }
    }
}

struct Blocks<'a, T: Element> {
    actual: &'a [T],
    expected: &'a [T],
    within: Within,
}

impl<'a, T: Element> Pieces for Blocks<'a, T> {
    type Out = (Found, [u32; DISTANCES]);

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, out: &mut [(Found, [u32; DISTANCES])]) {
        let actual = piece(self.actual, BLOCK, index);
        let expected = piece(self.expected, BLOCK, index);
        // Each block has one place.
        for (found, distances) in out {
            *found = block(group, actual, expected, self.within, &mut distances.as_mut_slice());
        }
    }
}
