//! How many blocks an entry is launched with.
//!
//! An array with one element or row for each block has to have as many: where it has not, the launch is given no block at
//! all, which is beyond every limit and refused.

use gate_runtime::argument::Describe;
use gate_runtime::{Arg, Geometry};

use crate::body::compare::DISTANCES;
use crate::body::group::{BLOCK, LANES, SLOTS};
use crate::body::histogram::BYTES;
use crate::body::scan::SCAN_BLOCK;
use crate::histogram::BLOCK as HISTOGRAM_BLOCK;

/// Rows and columns of a tile of C.
const TILE: usize = 64;

fn grid(blocks: usize) -> Geometry {
    Geometry {
        grid: [u32::try_from(blocks).unwrap_or(u32::MAX), 1, 1],
        block: [LANES as u32, 1, 1],
        shared_bytes: 0,
    }
}

/// Elements of an argument; 0 when there is none.
fn length(args: &[Arg<'_>], index: usize) -> usize {
    args.get(index).map_or(0, |arg| {
        let described = arg.describe();
        described.bytes / described.dtype.size()
    })
}

fn dimension(args: &[Arg<'_>], index: usize, axis: usize) -> usize {
    args.get(index)
        .and_then(|arg| arg.describe().shape.dims().get(axis).copied())
        .unwrap_or(0)
}

/// As many blocks as cover argument `data`, each of which has so many elements of the arguments in `parts`.
fn covering(args: &[Arg<'_>], data: usize, size: usize, parts: &[(usize, usize)]) -> Geometry {
    let blocks = length(args, data).div_ceil(size);
    let fits = parts.iter().all(|&(index, each)| length(args, index) == blocks * each);
    grid(if fits { blocks } else { 0 })
}

pub(super) fn blocks_of_first(args: &[Arg<'_>]) -> Geometry {
    covering(args, 0, BLOCK, &[])
}

pub(super) fn blocks_of_second(args: &[Arg<'_>]) -> Geometry {
    covering(args, 1, BLOCK, &[])
}

pub(super) fn sum(args: &[Arg<'_>]) -> Geometry {
    covering(args, 0, BLOCK, &[(1, 1)])
}

pub(super) fn extremes(args: &[Arg<'_>]) -> Geometry {
    covering(args, 0, BLOCK, &[(1, 1), (2, 1)])
}

pub(super) fn compare(args: &[Arg<'_>]) -> Geometry {
    covering(args, 0, BLOCK, &[(5, 2), (6, 2), (7, DISTANCES)])
}

pub(super) fn scan_total(args: &[Arg<'_>]) -> Geometry {
    covering(args, 0, SCAN_BLOCK, &[(1, 1)])
}

pub(super) fn scan_write(args: &[Arg<'_>]) -> Geometry {
    covering(args, 0, SCAN_BLOCK, &[(1, 1)])
}

pub(super) fn histogram(args: &[Arg<'_>]) -> Geometry {
    covering(args, 0, HISTOGRAM_BLOCK, &[(1, BYTES)])
}

pub(super) fn segments(args: &[Arg<'_>]) -> Geometry {
    let fits = length(args, 1) == length(args, 2) + 1;
    grid(if fits { length(args, 2) } else { 0 })
}

pub(super) fn minhash(args: &[Arg<'_>]) -> Geometry {
    let [sets, places] = [0, 1].map(|axis| dimension(args, 3, axis));
    let fits = length(args, 1) == sets + 1 && (1..=SLOTS).contains(&places);
    grid(if fits { sets } else { 0 })
}

pub(super) fn rows(args: &[Arg<'_>]) -> Geometry {
    grid(dimension(args, 0, 0))
}

pub(super) fn outputs(args: &[Arg<'_>]) -> Geometry {
    // A mean of nothing is refused.
    grid(if length(args, 0) == 0 { 0 } else { length(args, 2) })
}

pub(super) fn ranks(args: &[Arg<'_>]) -> Geometry {
    let fits = u32::try_from(length(args, 1)).is_ok();
    grid(if fits { length(args, 0) } else { 0 })
}

pub(super) fn matmul(args: &[Arg<'_>]) -> Geometry {
    let [m, n] = [0, 1].map(|axis| dimension(args, 5, axis).div_ceil(TILE));
    grid(m.saturating_mul(n))
}
