//! Configuration of clippy and rustfmt, which both tools also look for outside the workspace.

use std::path::PathBuf;

use gate_base::digest::{Digest, DigestBuilder};
use gate_world::Workspace;

/// Names of their files, in every directory from the workspace up
/// (<https://doc.rust-lang.org/clippy/configuration.html>, <https://rust-lang.github.io/rustfmt/>).
const NAMES: [&str; 4] = ["clippy.toml", ".clippy.toml", "rustfmt.toml", ".rustfmt.toml"];

/// Digest over every such file that is there and can be read.
pub fn linters(workspace: &Workspace) -> Digest {
    let environment = workspace.environment();
    let named = environment
        .path("CLIPPY_CONF_DIR")
        .map(|directory| workspace.root().join(directory));
    let configuration = if cfg!(windows) {
        environment.path("APPDATA")
    } else if cfg!(target_os = "macos") {
        environment
            .home()
            .map(|home| home.join("Library").join("Application Support"))
    } else {
        environment
            .path("XDG_CONFIG_HOME")
            .or_else(|| Some(environment.home()?.join(".config")))
    };
    let user = [
        environment.home(),
        configuration.map(|directory| directory.join("rustfmt")),
    ];
    let above = workspace.root().ancestors().map(PathBuf::from);
    let mut digest = DigestBuilder::new("configuration of linters");
    for directory in named.into_iter().chain(user.into_iter().flatten()).chain(above) {
        for name in NAMES {
            match std::fs::read(directory.join(name)) {
                Ok(bytes) => digest.part(&[1]).part(&bytes),
                Err(_) => digest.part(&[0]),
            };
        }
    }
    digest.finish()
}
