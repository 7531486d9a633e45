//! `rms_norm`.

use gate_runtime::Status;

use crate::body::element::Element;
use crate::body::rms_norm::row;
use crate::cpu::{Cpu, Pieces, over_pieces, per_task, piece};

/// `outᵢ = wᵢ · xᵢ / √(mean x² + ε)` of each row, which has as many values as `weight`.
///
/// The error of each value is below `(columns/512 + 12)·2⁻²⁴` relative to the true one, plus half a unit in the last place
/// of `T`, as long as the mean square is a normal `f32`.
///
/// Cost: five operations for each element; each row is read twice, once from memory. A result of 32 MiB or more is written past the
/// cache.
///
/// ```
/// use gate_kernels::rms_norm;
/// use gate_runtime::Status;
///
/// let mut out = [0.0_f32; 2];
/// assert_eq!(rms_norm(&[3.0, -3.0], &[1.0, 2.0], 0.0, &mut out), Status::Ok);
/// assert_eq!(out, [1.0, -2.0]);
/// ```
///
/// There is no kernel for `f64`, so it does not compile:
///
/// ```compile_fail,E0271
/// gate_kernels::rms_norm(&[1.0_f64], &[1.0_f64], 0.0, &mut [0.0_f64]);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when `x` and `out` differ in length, their length is no multiple of that of `weight`, or
/// `epsilon` is negative or no number.
pub fn rms_norm<T: Element<Wide = f32>>(x: &[T], weight: &[T], epsilon: f32, out: &mut [T]) -> Status {
    let columns = weight.len();
    if x.len() != out.len() || !x.len().is_multiple_of(columns) || !(epsilon >= 0.0 && epsilon.is_finite()) {
        return Status::InvalidArgument;
    }
    if columns == 0 {
        return Status::Ok;
    }
    over_pieces(out, columns, per_task(columns), &Rows { x, weight, epsilon });
    Status::Ok
}

struct Rows<'a, T: Element<Wide = f32>> {
    x: &'a [T],
    weight: &'a [T],
    epsilon: f32,
}

impl<'a, T: Element<Wide = f32>> Pieces for Rows<'a, T> {
    type Out = T;

    #[inline(always)]
    fn piece<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, index: usize, mut out: &mut [T]) {
        let x = piece(self.x, self.weight.len(), index);
        group.read_next(piece(self.x, self.weight.len(), index + 1));
        row(group, x, self.weight, self.epsilon, &mut out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_past_the_cache_have_the_same_bits() {
        let columns = 1003;
        let x: Vec<f32> = (0..2 * columns)
            .map(|i| ((i * 7919) % 1013) as f32 * 0.37 - 90.0)
            .collect();
        let weight = &x[5..5 + columns];
        let [mut ordinary, mut past] = [(); 2].map(|()| vec![0.0_f32; x.len()]);
        assert_eq!(rms_norm(&x, weight, 1e-6, &mut ordinary), Status::Ok);
        let epsilon = 1e-6;
        let rows = Rows { x: &x, weight, epsilon };
        let mut group = Cpu::<512>::new();
        group.write_streaming();
        for (index, out) in past.chunks_mut(columns).enumerate() {
            rows.piece(&mut group, index, out);
        }
        drop(group);
        assert!(ordinary.iter().zip(&past).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
