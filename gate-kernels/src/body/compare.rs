//! How far two arrays are apart.

use super::element::Element;
use super::group::Group;
use super::histogram::count;

/// Slots of the histogram of distances: 0 for equal, `1 + ⌊log₂ d⌋` for a distance of `d` units in the last place, and the
/// last for a NaN against a number.
pub(crate) const DISTANCES: usize = 66;

/// Slot of a NaN against a number.
pub(crate) const ONE_NAN: u32 = DISTANCES as u32 - 1;

/// What is found in one block, besides the histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub(crate) struct Found {
    pub(crate) max_absolute: f64,
    pub(crate) max_relative: f64,
    /// Index within the block; `u32::MAX` when there is no mismatch.
    pub(crate) first: u32,
    pub(crate) mismatches: u32,
}

impl Found {
    /// No difference.
    pub(crate) const NOTHING: Self = Self {
        max_absolute: 0.0,
        max_relative: 0.0,
        first: u32::MAX,
        mismatches: 0,
    };
}

/// Compares a block of at most `u32::MAX` values with its reference.
#[inline(always)]
pub(crate) fn block<G: Group, T: Element>(
    group: &mut G,
    actual: &[T],
    expected: &[T],
    within: Within,
    histogram: &mut G::Out<'_, u32>,
) -> Found {
    let mut found = Found::NOTHING;
    let sum = |a: u32, b: u32| a + b;
    let larger = |a: f64, b: f64| if b > a { b } else { a };
    let lanes = group.fold2(actual, expected, 0_u32, |count, _, a: T, b: T| {
        count + u32::from(a.bits() != b.bits())
    });
    // All lanes have the same number, so all of them go the same way.
    if group.combine(lanes, sum) > 0 {
        // A NaN, as of infinity minus itself, loses the comparison.
        let lanes = group.fold2(actual, expected, 0.0, |max, _, a: T, b: T| {
            larger(max, (a.to_f64() - b.to_f64()).abs())
        });
        found.max_absolute = group.combine(lanes, larger);
        found.max_relative = group.largest2(actual, expected, exceeds, relation);
        let lanes = group.fold2(actual, expected, 0_u32, |count, _, a: T, b: T| {
            count + u32::from(!matches(a, b, within))
        });
        found.mismatches = group.combine(lanes, sum);
        if found.mismatches > 0 {
            found.first = group.first2(actual, expected, |a: T, b: T| !matches(a, b, within));
        }
        group.tally2(DISTANCES, actual, expected, distance_slot);
        group.map_table(DISTANCES, histogram, count);
    } else {
        let elements = if actual.len() < expected.len() {
            actual.len()
        } else {
            expected.len()
        };
        group.tally(DISTANCES, &[0_u8; 0], u32::from);
        group.map_table(
            DISTANCES,
            histogram,
            |_, slot| if slot == 0 { elements as u32 } else { 0 },
        );
    }
    found
}

/// `|a − b|`; 0 for equal values, and where a NaN is involved.
#[inline(always)]
fn difference<T: Element>(a: T, b: T) -> f64 {
    let (a, b) = (a.to_f64(), b.to_f64());
    let difference = (a - b).abs();
    // Infinity minus itself is a NaN, too.
    if a == b || difference.is_nan() { 0.0 } else { difference }
}

/// Whether `|a − b| / |b|` may be above `max`, without a division: where the quotient is, the difference is no less than the
/// product, because rounding keeps the order. A product that is a NaN decides nothing.
#[inline(always)]
fn exceeds<T: Element>(max: f64, a: T, b: T) -> bool {
    let (a, b) = (a.to_f64(), b.to_f64());
    let difference = (a - b).abs();
    // One comparison that is false for a NaN and one that is true for it.
    let below = difference < max * b.abs();
    (difference > 0.0) & !below
}

/// `|a − b| / |b|`; infinite when only `b` is zero or infinite.
#[inline(always)]
fn relation<T: Element>(a: T, b: T) -> f64 {
    let difference = difference(a, b);
    let quotient = difference / b.to_f64().abs();
    if difference == 0.0 {
        0.0
    } else if quotient.is_nan() {
        f64::INFINITY
    } else {
        quotient
    }
}

/// How far a value may be from its reference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Within {
    pub(crate) absolute: f64,
    pub(crate) relative: f64,
    pub(crate) ulps: u32,
}

/// Whether `|a − b| ≤ absolute + relative·|b|`, or they are at most `ulps` numbers apart, or equal, or both are NaN. An
/// infinity matches nothing but itself.
#[inline(always)]
fn matches<T: Element>(a: T, b: T, within: Within) -> bool {
    let near = a.near(b, within.ulps);
    let (a, b) = (a.to_f64(), b.to_f64());
    let difference = (a - b).abs();
    let close = difference <= within.absolute + within.relative * b.abs();
    // The difference is infinite or NaN where a value is.
    ((close | near) & (difference < f64::INFINITY)) | (a == b) | (a.is_nan() & b.is_nan())
}

/// The slot of a pair in the histogram.
#[inline(always)]
fn distance_slot<T: Element>(a: T, b: T) -> u32 {
    let (nan_a, nan_b) = (a.to_f64().is_nan(), b.to_f64().is_nan());
    let slot = a.distance_digits(b);
    if nan_a & nan_b {
        0
    } else if nan_a | nan_b {
        ONE_NAN
    } else {
        slot
    }
}
