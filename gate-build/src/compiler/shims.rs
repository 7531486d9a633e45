//! Headers of this crate for compilers that come without the standard ones.

use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Fields;
use crate::disk;

/// For NVRTC: name and text. They hold what device code uses of a header and nothing else.
const NVRTC: &[(&str, &str)] = &[
    ("assert.h", include_str!("../../shims/nvrtc/assert.h")),
    ("cassert", "#pragma once\n#include \"assert.h\"\n"),
    ("cfloat", "#pragma once\n#include \"float.h\"\n"),
    ("climits", "#pragma once\n#include \"limits.h\"\n"),
    ("cmath", include_str!("../../shims/nvrtc/cmath")),
    ("cstddef", include_str!("../../shims/nvrtc/cstddef")),
    ("cstdint", include_str!("../../shims/nvrtc/cstdint")),
    ("cstdio", "#pragma once\n#include \"stdio.h\"\n"),
    ("cstdlib", "#pragma once\n#include \"stdlib.h\"\n"),
    ("cstring", "#pragma once\n#include \"string.h\"\n"),
    ("float.h", include_str!("../../shims/nvrtc/float.h")),
    ("inttypes.h", "#pragma once\n#include \"stdint.h\"\n"),
    ("limits.h", include_str!("../../shims/nvrtc/limits.h")),
    ("math.h", include_str!("../../shims/nvrtc/math.h")),
    ("stdbool.h", "#pragma once\n"),
    ("stddef.h", include_str!("../../shims/nvrtc/stddef.h")),
    ("stdint.h", include_str!("../../shims/nvrtc/stdint.h")),
    // `printf`, `malloc`, `memcpy` and the like are known to the compiler.
    ("stdio.h", "#pragma once\n"),
    ("stdlib.h", "#pragma once\n"),
    ("string.h", "#pragma once\n"),
];

/// For clang without a CUDA toolkit.
const CLANG: &[(&str, &str)] = &[
    ("gate_cuda.h", include_str!("../../shims/clang/gate_cuda.h")),
    // Sources include these for what `gate_cuda.h` has brought already.
    ("cuda_runtime.h", "#pragma once\n"),
    ("device_launch_parameters.h", "#pragma once\n"),
    // What is compiled to see whether headers can be read.
    ("nothing.cu", "\n"),
];

/// For clang with a later CUDA toolkit: headers that clang asks for and that are there no longer, or in another package.
const CLANG_LATER: &[(&str, &str)] = &[
    ("texture_fetch_functions.h", "#pragma once\n"),
    ("curand_mtgp32_kernel.h", "#pragma once\n"),
];

/// Writes the headers below `folder`, in a folder named after their contents, and returns that one.
///
/// # Errors
/// As the operating system says.
pub(crate) fn write(folder: &Path) -> io::Result<PathBuf> {
    let mut fields = Fields::new("shims");
    for (name, text) in NVRTC.iter().chain(CLANG).chain(CLANG_LATER) {
        fields.add(name, text);
    }
    let folder = folder.join(fields.finish().prefix(16));
    // The last file that is written says that all the others are there.
    let complete = folder.join("complete");
    if !complete.is_file() {
        for (kind, files) in [("nvrtc", NVRTC), ("clang", CLANG), ("clang-later", CLANG_LATER)] {
            for (name, text) in files {
                disk::write_atomically(&folder.join(kind).join(name), text.as_bytes())?;
            }
        }
        disk::write_atomically(&complete, b"")?;
    }
    Ok(folder)
}
