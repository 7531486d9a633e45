//! The entries: they cut out the block's part of the data and hand it to the functions that the CPU uses, too.
//!
//! Every entry is launched with 256 threads in a block, in one dimension. Which block has what is said at each entry; blocks
//! without data do nothing. Lengths are in elements. No two arguments overlap, except that inputs may be equal.

use core::arch::nvptx::_block_idx_x;

use crate::block::{Block, Out};
use crate::body::element::{Bf16, Element, F16, Summand};
use crate::body::group::{BLOCK, LANES};
use crate::body::scan::SCAN_BLOCK;
use crate::body::{
    axpy, bootstrap, compare, histogram, keys, matmul, minhash, rank, reduce, rms_norm, scan, segments, softmax,
};

/// Bytes of one block of the histogram.
const HISTOGRAM_BLOCK: usize = 1 << 16;

#[inline(always)]
fn block_index() -> usize {
    // SAFETY: reads a register.
    unsafe { _block_idx_x() as usize }
}

/// Elements `index·size ..` of an array, as many as there are and at most `size`.
///
/// # Safety
/// `count` elements from `start` on can be read and nothing writes to them.
#[inline(always)]
unsafe fn piece<'a, T>(start: *const T, count: usize, size: usize, index: usize) -> &'a [T] {
    let first = (index * size).min(count);
    // SAFETY: the part is within the array.
    unsafe { core::slice::from_raw_parts(start.add(first), (count - first).min(size)) }
}

/// [`piece`] of an array to write to.
///
/// # Safety
/// `count` elements from `start` on can be written and nothing else uses them.
#[inline(always)]
unsafe fn out<'a, T>(start: *mut T, count: usize, size: usize, index: usize) -> Out<'a, T> {
    let first = (index * size).min(count);
    // SAFETY: the part is within the array, and parts of different blocks are apart.
    unsafe { Out::new(start.add(first), (count - first).min(size)) }
}

/// Elements `offsets[index] .. offsets[index + 1]`, as far as there are any.
///
/// # Safety
/// `count` elements from `start` on can be read, `offsets` has `index + 2` entries, and nothing writes to them.
#[inline(always)]
unsafe fn segment<'a, T>(start: *const T, count: usize, offsets: *const u64, index: usize) -> &'a [T] {
    // SAFETY: as the caller says; the part is within the array.
    unsafe {
        let [first, end] = segments::bounds(offsets.add(index).read(), offsets.add(index + 1).read(), count);
        core::slice::from_raw_parts(start.add(first), end - first)
    }
}

macro_rules! axpy {
    ($name:ident, $type:ty) => {
        /// Block `i` has elements `16384·i ..`.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $name(
            a: <$type as Element>::Wide,
            x: *const $type,
            count: usize,
            y: *mut $type,
        ) {
            // SAFETY: the launch is as described above.
            unsafe {
                let index = block_index();
                axpy::block(
                    &mut Block::new(),
                    a,
                    piece(x, count, BLOCK, index),
                    &mut out(y, count, BLOCK, index),
                );
            }
        }
    };
}

axpy!(axpy_f16, F16);
axpy!(axpy_bf16, Bf16);
axpy!(axpy_f32, f32);
axpy!(axpy_f64, f64);

macro_rules! sums {
    ($sum:ident, $extremes:ident, $segmented:ident, $type:ty) => {
        /// Block `i` writes the sum of elements `16384·i ..` to `sums[i]`; `-0.0` is the sum of nothing.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $sum(x: *const $type, count: usize, sums: *mut <$type as Element>::Wide) {
            // SAFETY: the launch is as described above.
            unsafe {
                let index = block_index();
                let mut block = Block::new();
                let sum = reduce::sum(&mut block, piece(x, count, BLOCK, index));
                if block.speaks() {
                    sums.add(index).write(sum);
                }
            }
        }

        /// Block `i` writes the extremes of elements `16384·i ..` to `least[i]` and `most[i]`.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $extremes(
            x: *const $type,
            count: usize,
            least: *mut <$type as Element>::Wide,
            most: *mut <$type as Element>::Wide,
        ) {
            // SAFETY: the launch is as described above.
            unsafe {
                let index = block_index();
                let mut block = Block::new();
                let (min, max) = reduce::extremes(&mut block, piece(x, count, BLOCK, index));
                if block.speaks() {
                    least.add(index).write(min);
                    most.add(index).write(max);
                }
            }
        }

        /// Block `i` writes the sum of segment `i` to `sums[i]`. As many blocks as segments.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $segmented(
            x: *const $type,
            count: usize,
            offsets: *const u64,
            sums: *mut <$type as Element>::Wide,
        ) {
            // SAFETY: the launch is as described above.
            unsafe {
                let index = block_index();
                let mut block = Block::new();
                let sum = reduce::sum(&mut block, segment(x, count, offsets, index)) + <$type as Element>::Wide::ZERO;
                if block.speaks() {
                    sums.add(index).write(sum);
                }
            }
        }
    };
}

sums!(sum_f16, extremes_f16, segmented_sum_f16, F16);
sums!(sum_bf16, extremes_bf16, segmented_sum_bf16, Bf16);
sums!(sum_f32, extremes_f32, segmented_sum_f32, f32);
sums!(sum_f64, extremes_f64, segmented_sum_f64, f64);

macro_rules! scans {
    ($total:ident, $write:ident, $type:ty) => {
        /// Block `i` writes the sum of elements `4096·i ..` to `totals[i]`.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $total(x: *const $type, count: usize, totals: *mut $type) {
            // SAFETY: the launch is as described above.
            unsafe {
                let index = block_index();
                let mut block = Block::new();
                let total = scan::total(&mut block, piece(x, count, SCAN_BLOCK, index));
                if block.speaks() {
                    totals.add(index).write(total);
                }
            }
        }

        /// Block `i` writes the running sums of elements `4096·i ..`, from `offsets[i]` on.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $write(
            x: *const $type,
            count: usize,
            offsets: *const $type,
            inclusive: u32,
            running: *mut $type,
        ) {
            // SAFETY: the launch is as described above.
            unsafe {
                let index = block_index();
                scan::write(
                    &mut Block::new(),
                    piece(x, count, SCAN_BLOCK, index),
                    offsets.add(index).read(),
                    inclusive != 0,
                    &mut out(running, count, SCAN_BLOCK, index),
                );
            }
        }
    };
}

scans!(scan_total_u32, scan_write_u32, u32);
scans!(scan_total_u64, scan_write_u64, u64);
scans!(scan_total_f32, scan_write_f32, f32);
scans!(scan_total_f64, scan_write_f64, f64);

macro_rules! rows {
    ($softmax:ident, $rms_norm:ident, $type:ty) => {
        /// Block `i` has row `i`. As many blocks as rows.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $softmax(x: *const $type, columns: usize, result: *mut $type) {
            // SAFETY: the launch is as described above.
            unsafe {
                let start = block_index() * columns;
                softmax::row(
                    &mut Block::new(),
                    piece(x.add(start), columns, columns, 0),
                    &mut out(result.add(start), columns, columns, 0),
                );
            }
        }

        /// Block `i` has row `i`. As many blocks as rows.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $rms_norm(
            x: *const $type,
            weight: *const $type,
            columns: usize,
            epsilon: f32,
            result: *mut $type,
        ) {
            // SAFETY: the launch is as described above.
            unsafe {
                let start = block_index() * columns;
                rms_norm::row(
                    &mut Block::new(),
                    piece(x.add(start), columns, columns, 0),
                    piece(weight, columns, columns, 0),
                    epsilon,
                    &mut out(result.add(start), columns, columns, 0),
                );
            }
        }
    };
}

rows!(softmax_f16, rms_norm_f16, F16);
rows!(softmax_bf16, rms_norm_bf16, Bf16);
rows!(softmax_f32, rms_norm_f32, f32);

macro_rules! compares {
    ($name:ident, $type:ty) => {
        /// Block `i` compares elements `16384·i ..`. It writes the largest absolute and relative error to `errors[2·i ..]`, the
        /// index of the first mismatch within the block and their number to `mismatches[2·i ..]`, and the counts of distances
        /// to `distances[66·i ..]`.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $name(
            actual: *const $type,
            expected: *const $type,
            count: usize,
            absolute: f64,
            relative: f64,
            ulps: u32,
            errors: *mut f64,
            mismatches: *mut u32,
            distances: *mut u32,
        ) {
            // SAFETY: the launch is as described above.
            unsafe {
                let index = block_index();
                let mut block = Block::new();
                let slots = compare::DISTANCES;
                let found = compare::block(
                    &mut block,
                    piece(actual, count, BLOCK, index),
                    piece(expected, count, BLOCK, index),
                    compare::Within {
                        absolute,
                        relative,
                        ulps,
                    },
                    &mut out(distances.add(index * slots), slots, slots, 0),
                );
                if block.speaks() {
                    errors.add(index * 2).write(found.max_absolute);
                    errors.add(index * 2 + 1).write(found.max_relative);
                    mismatches.add(index * 2).write(found.first);
                    mismatches.add(index * 2 + 1).write(found.mismatches);
                }
            }
        }
    };
}

compares!(compare_f16, F16);
compares!(compare_bf16, Bf16);
compares!(compare_f32, f32);
compares!(compare_f64, f64);

macro_rules! sort_keys {
    ($name:ident, $type:ty, $key:ty) => {
        /// Block `i` has elements `16384·i ..`.
        #[unsafe(no_mangle)]
        pub unsafe extern "ptx-kernel" fn $name(x: *const $type, count: usize, result: *mut $key) {
            // SAFETY: the launch is as described above.
            unsafe {
                let index = block_index();
                keys::block(
                    &mut Block::new(),
                    piece(x, count, BLOCK, index),
                    &mut out(result, count, BLOCK, index),
                );
            }
        }
    };
}

sort_keys!(sort_keys_i32, i32, u32);
sort_keys!(sort_keys_i64, i64, u64);
sort_keys!(sort_keys_f32, f32, u32);
sort_keys!(sort_keys_f64, f64, u64);

/// Block `i` writes the counts of bytes `65536·i ..` to `tables[256·i ..]`.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn histogram_u8(data: *const u8, count: usize, tables: *mut u32) {
    // SAFETY: the launch is as described above.
    unsafe {
        let index = block_index();
        let slots = histogram::BYTES;
        histogram::block(
            &mut Block::new(),
            piece(data, count, HISTOGRAM_BLOCK, index),
            &mut out(tables.add(index * slots), slots, slots, 0),
        );
    }
}

/// Block `i` writes the signature of set `i` to `signatures[places·i ..]`. As many blocks as sets; at most 1024 places.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn minhash_u64(
    hashes: *const u64,
    count: usize,
    offsets: *const u64,
    places: usize,
    signatures: *mut u32,
) {
    // SAFETY: the launch is as described above.
    unsafe {
        let index = block_index();
        minhash::signature(
            &mut Block::new(),
            segment(hashes, count, offsets, index),
            places,
            &mut out(signatures.add(index * places), places, places, 0),
        );
    }
}

/// Block `i` writes the mean of resample `i` to `means[i]`. As many blocks as resamples.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn bootstrap_mean_f64(data: *const f64, count: usize, seed: u64, means: *mut f64) {
    // SAFETY: the launch is as described above.
    unsafe {
        let index = block_index();
        let mut block = Block::new();
        let mean = bootstrap::mean(&mut block, piece(data, count, count, 0), seed, index as u64);
        if block.speaks() {
            means.add(index).write(mean);
        }
    }
}

/// Block `i` writes to `places[2·i ..]` how many of `others` are below `values[i]`, and how many equal it. As many blocks as
/// values.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn rank_counts_f64(
    values: *const f64,
    others: *const f64,
    count: usize,
    places: *mut u32,
) {
    // SAFETY: the launch is as described above.
    unsafe {
        let index = block_index();
        let mut block = Block::new();
        let (below, equal) = rank::place(&mut block, values.add(index).read(), piece(others, count, count, 0));
        if block.speaks() {
            places.add(index * 2).write(below);
            places.add(index * 2 + 1).write(equal);
        }
    }
}

/// Rows and columns of a tile of C that one block computes, 4 × 4 by each thread.
const TILE: usize = 64;

/// Rows of B in shared memory at a time.
const DEPTH: usize = 16;

const _: () = assert!(TILE / 4 * (TILE / 4) == LANES);

core::arch::global_asm!(
    ".shared .align 16 .b8 gate_matmul_a[4096];",
    ".shared .align 16 .b8 gate_matmul_b[4096];"
);

const _: () = assert!(TILE * DEPTH * 4 == 4096);

/// `C = A·B` for row-major `a` (m × k), `b` (k × n), `c` (m × n). Block `i` has the tile of 64 × 64 in row `i / t` and column `i mod t`
/// of the tiles, of which `t = ⌈n/64⌉` are in a row.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn matmul_f32(m: usize, k: usize, n: usize, a: *const f32, b: *const f32, c: *mut f32) {
    // SAFETY: the launch is as described above; every address is checked against the dimensions before it is used.
    unsafe {
        let block = Block::new();
        let tiles = n.div_ceil(TILE).max(1);
        let (first_row, first_column) = (block_index() / tiles * TILE, block_index() % tiles * TILE);
        let (tile_a, tile_b): (*mut f32, *mut f32);
        core::arch::asm!("cvta.shared.u64 {}, gate_matmul_a;", out(reg64) tile_a, options(pure, nomem, nostack));
        core::arch::asm!("cvta.shared.u64 {}, gate_matmul_b;", out(reg64) tile_b, options(pure, nomem, nostack));
        let (row, column) = (block.lane() / 16 * 4, block.lane() % 16 * 4);
        let mut acc = [[0.0_f32; 4]; 4];
        let mut start = 0;
        while start < k {
            let depth = (k - start).min(DEPTH);
            let mut index = block.lane();
            while index < TILE * DEPTH {
                // Neighbouring threads read neighbours: along k in A, along n in B. What is outside is 0 and only meets
                // elements of C that are outside, too.
                let (i, step) = (index / DEPTH, index % DEPTH);
                let inside = first_row + i < m && step < depth;
                let value = if inside {
                    a.add((first_row + i) * k + start + step).read()
                } else {
                    0.0
                };
                tile_a.add(step * TILE + i).write(value);
                let (step, j) = (index / TILE, index % TILE);
                let inside = first_column + j < n && step < depth;
                let value = if inside {
                    b.add((start + step) * n + first_column + j).read()
                } else {
                    0.0
                };
                tile_b.add(step * TILE + j).write(value);
                index += LANES;
            }
            block.wait();
            let panel_a = core::slice::from_raw_parts(tile_a.add(row), TILE * DEPTH - row);
            let panel_b = core::slice::from_raw_parts(tile_b.add(column), TILE * DEPTH - column);
            matmul::accumulate::<Block, 4, 4>(&mut acc, depth, (panel_a, TILE), (panel_b, TILE));
            block.wait();
            start += DEPTH;
        }
        for (i, row_of_c) in acc.iter().enumerate() {
            for (j, value) in row_of_c.iter().enumerate() {
                let (i, j) = (first_row + row + i, first_column + column + j);
                if i < m && j < n {
                    c.add(i * n + j).write(*value);
                }
            }
        }
    }
}
