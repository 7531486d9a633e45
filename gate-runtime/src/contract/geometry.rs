//! Grid, block and their limits.

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
            && z <= 64
            && geometry.shared_bytes <= self.max_shared_bytes
            && grid.into_iter().all(|(have, most)| (1..=*most).contains(have));
        if fits { Ok(()) } else { Err(Reason::LaunchLimitExceeded) }
    }

    pub(super) fn validate(&self) -> Result<(), &'static str> {
        if self.max_threads == 0 || self.max_grid.contains(&0) || self.max_bytes == 0 {
            return Err("a limit of 0 would reject every launch");
        }
        Ok(())
    }
}
