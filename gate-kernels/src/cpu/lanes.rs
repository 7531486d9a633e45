//! Values of lanes.

use crate::body::group::LANES;

/// One value for each lane. Vectors of any width begin at its address, so that none lies in two cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Row<A>(pub(super) [A; LANES]);

/// The values of the lanes, of which those from `used` on are the identity.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<A> {
    pub(super) row: Row<A>,
    pub(super) used: usize,
}

impl<A: Copy> Lanes<A> {
    /// The same value for each.
    pub(crate) fn filled(value: A) -> Self {
        Self::of(Row([value; LANES]), LANES)
    }

    /// The values.
    #[inline(always)]
    pub(crate) fn values(&self) -> &[A; LANES] {
        &self.row.0
    }

    /// The values, to be written.
    #[inline(always)]
    pub(crate) fn values_mut(&mut self) -> &mut [A; LANES] {
        &mut self.row.0
    }

    #[inline(always)]
    pub(super) fn of(values: Row<A>, elements: usize) -> Self {
        Self {
            row: values,
            used: elements.min(LANES),
        }
    }
}
