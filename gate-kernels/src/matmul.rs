//! Matrix multiplication.

use gate_runtime::Status;
use rayon::prelude::*;

use crate::body::matmul::accumulate;
use crate::cpu::{Cpu, Width, widest, width};

/// Depth of a panel: rows of B that stay in the first cache with the tile.
const DEPTH: usize = 256;

/// Rows of C of one task, in tiles.
const TILES: usize = 8;

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
    // Accumulators fill the registers: 12 × 2, 6 × 2 of their vectors, or 24 of 128 bits on other architectures.
    match width() {
        Width::W512 => tiled::<12, 32>([m, k, n], a, b, c),
        Width::W256 | Width::Narrow => tiled::<6, 16>([m, k, n], a, b, c),
    }
    Status::Ok
}

/// [`matmul`] of matrices that are not empty, in tiles of M × N.
fn tiled<const M: usize, const N: usize>([m, k, n]: [usize; 3], a: &[f32], b: &[f32], c: &mut [f32]) {
    let packed = pack_columns::<N>([k, n], b);
    // No task is left with much less than its share of the rows.
    let threads = rayon::current_num_threads();
    let rows = m.div_ceil(threads).next_multiple_of(M).min(TILES * M);
    let task = |(index, c): (usize, &mut [f32])| {
        let a = &a[index * rows * k..];
        widest(|| rows_of_c::<M, N>([c.len() / n, k, n], a, &packed, c));
    };
    if m <= rows {
        task((0, c));
    } else {
        c.par_chunks_mut(rows * n).enumerate().for_each(task);
    }
}

/// B in panels of N columns, one after the other; the last is filled up with zeros.
fn pack_columns<const N: usize>([k, n]: [usize; 2], b: &[f32]) -> Vec<f32> {
    let mut packed = vec![0.0; n.div_ceil(N) * N * k];
    packed.par_chunks_mut(N * k).enumerate().for_each(|(panel, out)| {
        let first = panel * N;
        let columns = N.min(n - first);
        for (out, row) in out.chunks_mut(N).zip(b.chunks(n)) {
            out[..columns].copy_from_slice(&row[first..first + columns]);
        }
    });
    packed
}

/// The first `m` rows of `a`, times B, to `c`.
#[inline(always)]
fn rows_of_c<const M: usize, const N: usize>([m, k, n]: [usize; 3], a: &[f32], packed: &[f32], c: &mut [f32]) {
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
        for (panel, columns) in packed.chunks(N * k).enumerate() {
            let columns = &columns[start * N..(start + depth) * N];
            let first = panel * N;
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
                accumulate::<Cpu, M, N>(&mut acc, depth, (rows, M), (columns, N));
                for (row, acc) in acc.iter().enumerate().take(height) {
                    c[corner + row * n..][..width].copy_from_slice(&acc[..width]);
                }
            }
        }
    }
}
