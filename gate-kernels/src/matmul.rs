//! Matrix multiplication.

use gate_runtime::Status;
use rayon::prelude::*;

use crate::body::matmul::accumulate;
use crate::cpu::{Cpu, Task, widest};

/// Depth of a panel: rows of B that stay in the first cache with the tile.
const DEPTH: usize = 256;

/// Columns of B that lie side by side.
const COLUMNS: usize = 32;

/// What the height of every tile divides.
const ROWS: usize = 12;

/// Most rows of C of one task: their part of A stays in the second cache.
const MOST_ROWS: usize = 8 * ROWS;

/// `C = A·B` for row-major `a` (m × k), `b` (k × n) and `c` (m × n), which is overwritten.
///
/// Each element is one chain: from `0.0`, `k` ascending, one fused multiply-add for each `k`. So the result does not depend on
/// tiles, threads or vectors; its error is below `k·2⁻²⁴·Σ |aᵢₖ·bₖⱼ|`. On x86-64 without FMA instructions the same bits
/// are computed slowly.
///
/// Cost: `2·m·n·k` operations. Memory for a copy of B, in panels, is taken and given back.
///
/// ```
/// use gate_kernels::matmul;
/// use gate_runtime::Status;
///
/// let mut c = [0.0; 1];
/// assert_eq!(matmul([1, 2, 1], &[1.0, 2.0], &[3.0, 4.0], &mut c), Status::Ok);
/// assert_eq!(c, [11.0]);
/// ```
///
/// There is no kernel for `f64`, so it does not compile:
///
/// ```compile_fail,E0308
/// gate_kernels::matmul([1, 1, 1], &[1.0_f64], &[1.0_f64], &mut [0.0_f64]);
/// ```
///
/// # Errors
/// [`Status::InvalidArgument`] when a length is not the product of its dimensions `[m, k, n]`.
pub fn matmul([m, k, n]: [usize; 3], a: &[f32], b: &[f32], c: &mut [f32]) -> Status {
    let sizes = [m.checked_mul(k), k.checked_mul(n), m.checked_mul(n)];
    if sizes != [Some(a.len()), Some(b.len()), Some(c.len())] {
        return Status::InvalidArgument;
    }
    if k == 0 {
        c.fill(0.0);
    }
    if a.is_empty() || b.is_empty() {
        return Status::Ok;
    }
    let packed = pack_columns([k, n], b);
    // No task is left with much less than its share of the rows.
    let threads = rayon::current_num_threads();
    let rows = m.div_ceil(threads).next_multiple_of(ROWS).min(MOST_ROWS);
    let task = |(index, c): (usize, &mut [f32])| {
        widest(Rows {
            k,
            n,
            a: &a[index * rows * k..],
            packed: &packed,
            c,
        });
    };
    if m <= rows {
        task((0, c));
    } else {
        c.par_chunks_mut(rows * n).enumerate().for_each(task);
    }
    Status::Ok
}

/// Some rows of C.
struct Rows<'a> {
    k: usize,
    n: usize,
    a: &'a [f32],
    packed: &'a [f32],
    c: &'a mut [f32],
}

impl Task for Rows<'_> {
    #[inline(always)]
    fn run<const WIDTH: usize>(self) {
        // Accumulators fill the registers: 12 × 2 of 512 bits, 6 × 2 of 256, 6 × 4 of 128 where there are 32.
        if WIDTH == 512 {
            self.tiles::<WIDTH, 12, 32>();
        } else {
            self.tiles::<WIDTH, 6, 16>();
        }
    }
}

/// B in panels of [`COLUMNS`] columns, one after the other; the last is filled up with zeros.
fn pack_columns([k, n]: [usize; 2], b: &[f32]) -> Vec<f32> {
    let mut packed = vec![0.0; n.div_ceil(COLUMNS) * COLUMNS * k];
    packed.par_chunks_mut(COLUMNS * k).enumerate().for_each(|(panel, out)| {
        let first = panel * COLUMNS;
        let columns = COLUMNS.min(n - first);
        for (out, row) in out.chunks_mut(COLUMNS).zip(b.chunks(n)) {
            out[..columns].copy_from_slice(&row[first..first + columns]);
        }
    });
    packed
}

impl Rows<'_> {
    /// All of them, in tiles of M × N, of which N divides [`COLUMNS`].
    #[inline(always)]
    fn tiles<const WIDTH: usize, const M: usize, const N: usize>(self) {
        let Self { k, n, a, packed, c } = self;
        let m = c.len() / n;
        let mut rows = vec![0.0; m.next_multiple_of(M) * DEPTH.min(k)];
        for start in (0..k).step_by(DEPTH) {
            let depth = DEPTH.min(k - start);
            // A in panels of M rows, each with the M values of one k side by side.
            for (panel, out) in rows.chunks_mut(M * depth).enumerate().take(m.div_ceil(M)) {
                for row in 0..M.min(m - panel * M) {
                    let from = (panel * M + row) * k + start;
                    for (out, value) in out.chunks_mut(M).zip(&a[from..from + depth]) {
                        out[row] = *value;
                    }
                }
            }
            for first in (0..n).step_by(N) {
                let panel = &packed[first / COLUMNS * COLUMNS * k..];
                let columns = &panel[start * COLUMNS + first % COLUMNS..];
                let width = N.min(n - first);
                for (tile, rows) in rows.chunks(M * depth).enumerate().take(m.div_ceil(M)) {
                    let height = M.min(m - tile * M);
                    let corner = tile * M * n + first;
                    let mut acc = [[0.0_f32; N]; M];
                    if start > 0 {
                        for (row, acc) in acc.iter_mut().enumerate().take(height) {
                            acc[..width].copy_from_slice(&c[corner + row * n..][..width]);
                        }
                    }
                    accumulate::<Cpu<WIDTH>, M, N>(&mut acc, depth, (rows, M), (columns, COLUMNS));
                    for (row, acc) in acc.iter().enumerate().take(height) {
                        c[corner + row * n..][..width].copy_from_slice(&acc[..width]);
                    }
                }
            }
        }
    }
}
