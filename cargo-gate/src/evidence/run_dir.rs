//! Run directories: one evaluation and what it wrote, atomically.
