//! The header by which programs in C and C++ call `gate-runtime`, made by cbindgen.

use std::path::Path;

use cbindgen::{Builder, Config};

use crate::Result;

/// Where the header is, relative to the project.
pub(super) const PATH: &str = "gate-runtime/include/gate_runtime.h";

/// What the header declares: the functions, and the enumerations whose numbers they take.
const SOURCES: [&str; 6] = [
    "status.rs",
    "argument.rs",
    "dispatch.rs",
    "ffi.rs",
    "ffi/argument.rs",
    "ffi/border.rs",
];

pub(super) fn text(root: &Path) -> Result<String> {
    let runtime = root.join("gate-runtime");
    let config = Config::from_file(runtime.join("cbindgen.toml"))?;
    let mut builder = Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(runtime.join("src").join(source));
    }
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    // The same on Windows, where cbindgen ends lines as that system does.
    Ok(String::from_utf8(header)?.replace("\r\n", "\n"))
}
