//! Dimensions of a buffer.

use std::fmt;

/// Most dimensions that a buffer can have.
pub const MAX_RANK: usize = 6;

/// Dimensions of a dense, row-major buffer: the last one is contiguous.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    dims: [usize; MAX_RANK],
    rank: u8,
}

impl Shape {
    /// Rank 0: one element.
    pub const SCALAR: Shape = Shape {
        dims: [0; MAX_RANK],
        rank: 0,
    };

    /// Rank 1.
    #[must_use]
    pub const fn line(len: usize) -> Shape {
        let mut dims = [0; MAX_RANK];
        dims[0] = len;
        Shape { dims, rank: 1 }
    }

    /// Rank 2: `rows` times `columns`.
    #[must_use]
    pub const fn matrix(rows: usize, columns: usize) -> Shape {
        let mut dims = [0; MAX_RANK];
        dims[0] = rows;
        dims[1] = columns;
        Shape { dims, rank: 2 }
    }

    /// Any rank up to [`MAX_RANK`]; `None` beyond it.
    #[must_use]
    pub fn new(dims: &[usize]) -> Option<Shape> {
        let mut shape = Shape {
            dims: [0; MAX_RANK],
            rank: dims.len() as u8,
        };
        shape.dims.get_mut(..dims.len())?.copy_from_slice(dims);
        Some(shape)
    }

    /// The dimensions, outermost first.
    #[must_use]
    pub fn dims(&self) -> &[usize] {
        &self.dims[..usize::from(self.rank)]
    }

    /// Number of dimensions.
    #[must_use]
    pub const fn rank(&self) -> usize {
        self.rank as usize
    }

    /// Number of elements; 1 for rank 0, `None` where it does not fit into a `usize`.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        self.dims()
            .iter()
            .try_fold(1_usize, |product, dim| product.checked_mul(*dim))
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.dims(), f)
    }
}
