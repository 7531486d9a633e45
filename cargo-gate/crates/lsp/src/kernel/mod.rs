//! Kernel sources, kernel locks and PTX in an editor.

pub mod hints;
pub mod jump;
pub mod lock;
pub mod signature;

use std::path::Path;

/// Whether a file is compiled as a kernel, or is part of one.
pub fn is_source(path: &Path) -> bool {
    extension(path, &["cu", "cuh"]) || extension(path, &["rs"]) && gate_gpu::kernels::check::is_rust_kernel(path)
}

/// Whether a file is PTX.
pub fn is_ptx(path: &Path) -> bool {
    extension(path, &["ptx"])
}

/// Whether a file is a kernel lock.
pub fn is_lock(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == gate_build::lock::LOCK_FILE)
}

fn extension(path: &Path, known: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| known.contains(&extension))
}
