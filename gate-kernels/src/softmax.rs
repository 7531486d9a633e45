//! `softmax`.

use gate_runtime::Status;

use crate::body::element::Element;
use crate::body::group::LANES;
use crate::body::softmax::row;
use crate::cpu::{Cpu, LONGEST, Pieces, is_large, over_pieces, per_task, piece};

/// `outᵢ = e^(xᵢ − max x) / Σ e^(xⱼ − max x)` of each row of `columns` values.
///
/// A row with a NaN, with +∞, or with nothing but −∞ becomes NaN; −∞ beside finite values becomes 0. The error of each
/// value is below `(columns/256 + 32 + |xᵢ − max x|)·2⁻²⁴` relative to the true one, plus half a unit in the last place of
/// `T`; the last term is the rounding of the difference.
///
/// Cost: one exponential for each element, two where `T` is narrower than `f32` on a GPU and in rows of more than 16384; each row is
/// read three times, once from memory. A result of 32 MiB or more in `f32` with rows of 1024 to 16384 columns, a multiple of 256, is written past the
/// cache.
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
    let mut rows = per_task(columns);
    if is_large(out) {
        let share = out.len() / columns / (TASKS * rayon::current_num_threads());
        rows = share.clamp(rows, LONGER * rows);
    }
    over_pieces(out, columns, rows, &Rows { x, columns });
    Status::Ok
}

/// Columns of the shortest rows that are worth being read, computed and written at the same time.
const SHORTEST: usize = 1 << 10;

/// How many times as much a task has to do at most where results go past the cache: its first and last rows have nothing beside them.
const LONGER: usize = 16;

/// Tasks that a thread gets at least, so that none waits for another one for long.
const TASKS: usize = 4;

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

    #[inline(always)]
    fn pieces<const WIDTH: usize>(&self, group: &mut Cpu<WIDTH>, first: usize, size: usize, out: &mut [T]) {
        let overlap = T::IS_WIDE && size.is_multiple_of(LANES) && (SHORTEST..=LONGEST).contains(&size);
        if overlap && group.softmax_streaming(self.x, size, first, out) {
            return;
        }
        for (index, out) in out.chunks_mut(size).enumerate() {
            self.piece(group, first + index, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed_bits<const WIDTH: usize>(x: &[f32], columns: usize, out: &mut [f32]) {
        let mut group = Cpu::<WIDTH>::new();
        group.write_streaming();
        Rows { x, columns }.pieces(&mut group, 0, columns, out);
    }

    #[test]
    fn rows_past_the_cache_have_the_same_bits() {
        for columns in [1000, 1024, 2560] {
            let mut x: Vec<f32> = (0..5 * columns)
                .map(|i| ((i * 7919) % 1013) as f32 * 0.11 - 100.0)
                .collect();
            x[columns + 3] = f32::NEG_INFINITY;
            x[2 * columns..3 * columns].fill(f32::NEG_INFINITY);
            x[3 * columns + 5] = f32::NAN;
            let mut expected = vec![0.0_f32; x.len()];
            assert_eq!(softmax(&x, columns, &mut expected), Status::Ok);
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            for after in [0, 1, 4, 15] {
                let [mut narrow, mut wide] = [(); 2].map(|()| vec![1.0_f32; after + x.len()]);
                streamed_bits::<128>(&x, columns, &mut narrow[after..]);
                streamed_bits::<512>(&x, columns, &mut wide[after..]);
                assert_eq!(bits(&narrow[after..]), bits(&expected), "{columns} from {after} on");
                assert_eq!(bits(&wide[after..]), bits(&expected), "{columns} from {after} on");
            }
        }
    }

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
