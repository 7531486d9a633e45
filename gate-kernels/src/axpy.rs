//! `axpy`.

use gate_runtime::Status;

use crate::body::axpy::block;
use crate::body::element::Element;
use crate::body::group::BLOCK;
use crate::cpu::{Cpu, Pieces, over_pieces, per_task, piece};

/// `yᵢ ← a·xᵢ + yᵢ`: the product is rounded, then the sum, then the result to `T`. No fused multiply-add.
///
/// Cost: two operations for each element; it reads 2 and writes 1 of them, so memory decides.
///
/// ```
/// use gate_kernels::axpy;
/// use gate_runtime::Status;
///
/// let mut y = [1.0_f32, 2.0];
/// assert_eq!(axpy(2.0, &[10.0, 20.0], &mut y), Status::Ok);
/// assert_eq!(y, [21.0, 42.0]);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when the lengths differ.
pub fn axpy<T: Element>(a: T::Wide, x: &[T], y: &mut [T]) -> Status {
    if x.len() != y.len() {
        return Status::InvalidArgument;
    }
    over_pieces(y, BLOCK, per_task(BLOCK), &Blocks { a, x });
    Status::Ok
}

struct Blocks<'a, T: Element> {
    a: T::Wide,
    x: &'a [T],
}

impl<'a, T: Element> Pieces for Blocks<'a, T> {
    type Out = T;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, mut out: &mut [T]) {
        block(group, self.a, piece(self.x, BLOCK, index), &mut out);
    }
}
