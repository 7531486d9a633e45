//! `softmax`.

use gate_runtime::Status;

use crate::body::element::Element;
use crate::body::softmax::row;
use crate::cpu::{Cpu, LONGEST, Pieces, over_pieces, per_task, piece};

/// `outᵢ = e^(xᵢ − max x) / Σ e^(xⱼ − max x)` of each row of `columns` values.
///
/// A row with a NaN, with +∞, or with nothing but −∞ becomes NaN; −∞ beside finite values becomes 0. The error of each
/// value is below `(columns/256 + 32 + |xᵢ − max x|)·2⁻²⁴` relative to the true one, plus half a unit in the last place of
/// `T`; the last term is the rounding of the difference.
///
/// Cost: one exponential for each element, two where `T` is narrower than `f32` on a GPU and in rows of more than 16384; each row is
/// read three times, once from memory.
///
/// ```
/// use gate_kernels::softmax;
/// use gate_runtime::Status;
///
/// let mut out = [0.0_f32; 4];
/// assert_eq!(softmax(&[1.0, 1.0, 0.0, f32::NEG_INFINITY], 2, &mut out), Status::Ok);
/// assert_eq!(out, [0.5, 0.5, 1.0, 0.0]);
/// ```
///
/// There is no kernel for `f64`, so it does not compile:
///
/// ```compile_fail,E0271
/// gate_kernels::softmax(&[1.0_f64], 1, &mut [0.0_f64]);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when the lengths differ or are no multiple of `columns`.
pub fn softmax<T: Element<Wide = f32>>(x: &[T], columns: usize, out: &mut [T]) -> Status {
    if x.len() != out.len() || !x.len().is_multiple_of(columns) {
        return Status::InvalidArgument;
    }
    if columns == 0 {
        return Status::Ok;
    }
    over_pieces(out, columns, per_task(columns), &Rows { x, columns });
    Status::Ok
}

struct Rows<'a, T: Element<Wide = f32>> {
    x: &'a [T],
    columns: usize,
}

impl<'a, T: Element<Wide = f32>> Pieces for Rows<'a, T> {
    type Out = T;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, mut out: &mut [T]) {
        let x = piece(self.x, self.columns, index);
        // In `f32` the exponentials are kept, not computed again. The numbers are the same.
        if !T::IS_WIDE && x.len() <= LONGEST {
            group.widened(x, out, |group, x, out| row(group, x, out));
        } else {
            row(group, x, &mut out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function that is not compiled for fused multiply-adds calls one of the system for each.
    #[test]
    fn vectors_of_any_width_give_the_same_bits() {
        for columns in [1, 7, 255, 256, 1000] {
            let x: Vec<f32> = (0..columns)
                .map(|i| ((i * 7919) % 1013) as f32 * 0.11 - 100.0)
                .collect();
            let [mut widest, mut narrow, mut wide] = [(); 3].map(|()| vec![0.0_f32; columns]);
            assert_eq!(softmax(&x, columns, &mut widest), Status::Ok);
            row(&mut Cpu::<128>::new(), &x, &mut narrow.as_mut_slice());
            row(&mut Cpu::<256>::new(), &x, &mut wide.as_mut_slice());
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&narrow), bits(&widest), "{columns}");
            assert_eq!(bits(&wide), bits(&widest), "{columns}");
        }
    }
}
