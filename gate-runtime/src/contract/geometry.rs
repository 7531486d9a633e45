//! Grid, block and their limits.

use std::fmt;

use crate::Reason;

/// How a native launch is cut into blocks and threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Blocks along x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block along x, y and z.
    pub block: [u32; 3],
    /// Dynamic shared memory of a block in bytes.
    pub shared_bytes: u32,
}

impl Geometry {
    /// As many blocks of `threads` threads as cover `elements`, one thread each; a grid that would be too large is
    /// refused by the contract's limits.
    #[must_use]
    pub fn cover(elements: usize, threads: u32) -> Geometry {
        let blocks = elements.div_ceil(threads.max(1) as usize);
        Geometry {
            grid: [u32::try_from(blocks).unwrap_or(u32::MAX), 1, 1],
            block: [threads, 1, 1],
            shared_bytes: 0,
        }
    }
}

/// Most threads of a block along z on every device.
const MAX_DEPTH: u32 = 64;

/// The first thing about a geometry that the limits do not allow. Dimensions are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "`dimension`, `expected` and `given` say what they are")]
pub enum Excess {
    /// Threads of a block, all directions together.
    Threads { expected: u32, given: u64 },
    /// Threads of a block along z.
    Depth { expected: u32, given: u32 },
    /// Dynamic shared memory of a block in bytes.
    SharedBytes { expected: u32, given: u32 },
    /// Blocks along a dimension of the grid.
    Blocks { dimension: u8, expected: u32, given: u32 },
    /// The function that makes the geometry panicked.
    Panicked,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Excess::Threads { expected, given } => {
                write!(f, "expected 1 to {expected} threads in a block, given {given}")
            }
            Excess::Depth { expected, given } => {
                write!(
                    f,
                    "block, dimension 2: expected at most {expected} threads, given {given}"
                )
            }
            Excess::SharedBytes { expected, given } => {
                write!(
                    f,
                    "expected at most {expected} bytes of shared memory in a block, given {given}"
                )
            }
            Excess::Blocks {
                dimension,
                expected,
                given,
            } => write!(
                f,
                "grid, dimension {dimension}: expected 1 to {expected} blocks, given {given}"
            ),
            Excess::Panicked => f.write_str("expected a geometry, given a panic of the function that makes it"),
        }
    }
}

/// Limits of a launch. Zero anywhere in a geometry is beyond them as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LaunchLimits {
    /// Threads of a block, all directions together.
    pub max_threads: u32,
    /// Blocks along x, y and z.
    pub max_grid: [u32; 3],
    /// Dynamic shared memory of a block in bytes.
    pub max_shared_bytes: u32,
    /// Bytes of all buffers of a call together.
    pub max_bytes: u64,
}

impl LaunchLimits {
    /// What every device since compute capability 3.0 takes (CUDA C++ programming guide, technical specifications), and
    /// buffers of any size.
    pub const USUAL: LaunchLimits = LaunchLimits {
        max_threads: 1024,
        max_grid: [i32::MAX as u32, 65535, 65535],
        max_shared_bytes: 48 * 1024,
        max_bytes: u64::MAX,
    };

    /// Whether a geometry keeps the limits.
    ///
    /// # Errors
    /// [`Reason::LaunchLimitExceeded`].
    pub fn check(&self, geometry: &Geometry) -> Result<(), Reason> {
        let [x, y, z] = geometry.block.map(u64::from);
        let threads = x.saturating_mul(y).saturating_mul(z);
        let grid = geometry.grid.iter().zip(&self.max_grid);
        let fits = (1..=u64::from(self.max_threads)).contains(&threads)
            && z <= u64::from(MAX_DEPTH)
            && geometry.shared_bytes <= self.max_shared_bytes
            && grid.into_iter().all(|(have, most)| (1..=*most).contains(have));
        if fits { Ok(()) } else { Err(Reason::LaunchLimitExceeded) }
    }

    /// What [`LaunchLimits::check`] refuses about a geometry, in detail; `None` where it accepts it.
    #[must_use]
    pub fn excess(&self, geometry: &Geometry) -> Option<Excess> {
        let [x, y, z] = geometry.block;
        let given = u64::from(x).saturating_mul(u64::from(y)).saturating_mul(u64::from(z));
        let expected = self.max_threads;
        if !(1..=u64::from(expected)).contains(&given) {
            return Some(Excess::Threads { expected, given });
        }
        if z > MAX_DEPTH {
            let (expected, given) = (MAX_DEPTH, z);
            return Some(Excess::Depth { expected, given });
        }
        let (expected, given) = (self.max_shared_bytes, geometry.shared_bytes);
        if given > expected {
            return Some(Excess::SharedBytes { expected, given });
        }
        let grid = geometry.grid.into_iter().zip(self.max_grid).zip(0_u8..);
        grid.into_iter()
            .find(|((given, most), _)| !(1..=*most).contains(given))
            .map(|((given, expected), dimension)| Excess::Blocks {
                dimension,
                expected,
                given,
            })
    }

    pub(super) fn validate(&self) -> Result<(), &'static str> {
        if self.max_threads == 0 || self.max_grid.contains(&0) || self.max_bytes == 0 {
            return Err("a limit of 0 would reject every launch");
        }
        Ok(())
    }
}
