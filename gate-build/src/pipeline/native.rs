//! The GPUs of this machine, as the driver's own tool names them.

use std::path::PathBuf;
use std::time::Duration;

use crate::arch::Arch;
use crate::env::{Env, Os};
use crate::process::Invocation;
use crate::sorted::{Append as _, List as _};

/// The tool answers in a second or is stuck in a driver.
const PATIENCE: Duration = Duration::from_secs(20);

/// Architectures of the GPUs, sorted.
///
/// # Errors
/// Why none is known, in words.
pub(super) fn archs(env: &Env, directory: PathBuf) -> Result<Vec<Arch>, String> {
    let name = match env.os() {
        Os::Windows => "nvidia-smi.exe",
        Os::Linux | Os::MacOs => "nvidia-smi",
    };
    let mut folders = env.search_path();
    folders.append_all(
        env.variable("SystemRoot")
            .map(|root| PathBuf::from(root).join("System32")),
    );
    let program = folders
        .iter()
        .map(|folder| folder.join(name))
        .seek(|file| env.is_file(file));
    let Some(program) = program else {
        return Err("`nvidia-smi` is not on `PATH`".to_owned());
    };
    let invocation = Invocation {
        program: &program,
        arguments: vec!["--query-gpu=compute_cap".into(), "--format=csv,noheader".into()],
        directory,
        env,
        timeout: PATIENCE,
    };
    let finished = invocation.run().map_err(|problem| problem.message)?;
    let mut archs: Vec<Arch> = finished.text.lines().filter_map(|line| line.parse().ok()).list();
    if archs.is_empty() || !finished.status.success() {
        let first = finished.text.lines().next().unwrap_or_default();
        return Err(format!("`nvidia-smi` reports no GPU: `{}`", first.trim()));
    }
    crate::sorted::sort(&mut archs);
    archs.dedup();
    Ok(archs)
}
