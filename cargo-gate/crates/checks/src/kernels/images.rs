//! Locked PTX as checks read it: each image with its text, and with where in its lock an entry stands.

use gate_build::lock::{LockedImage, RELOCK, text_digest};
use gate_build::ptx::Module;

use gate_base::paths::join;
use gate_gpu::kernels::{LockedCrate, place};
use gate_report::{Location, Reason};

use gate_contract::{Context, Declares, Judgement, input};

/// The PTX of a unit for one architecture.
pub(super) struct Image<'a> {
    pub(super) found: &'a LockedCrate,
    pub(super) unit: &'a str,
    pub(super) arch: String,
    pub(super) locked: &'a LockedImage,
    /// Path of the PTX file.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) module: Module,
}

impl Image<'_> {
    /// Where the lock has an entry.
    pub(super) fn place(&self, entry: &str) -> Location {
        match place::line(&self.found.text, self.unit, &self.arch, Some(entry)) {
            Some(line) => Location::line(&self.found.path, line),
            None => Location::file(&self.found.path),
        }
    }
}

/// Every locked image. A lock or a PTX file that is not what it should be allows no judgement; `kernels.locked` says what is wrong.
pub(super) fn images<'a, R: Declares<input::KernelLocks>>(
    context: &Context<'_, R>,
    crates: &'a [LockedCrate],
) -> Result<Vec<Image<'a>>, Judgement> {
    let mut images = Vec::new();
    for found in crates {
        let Some(lock) = &found.lock else {
            return Err(unreadable(&found.path, "cannot be understood"));
        };
        for (unit, locked) in &lock.units {
            for (arch, image) in &locked.images {
                let path = join(&found.directory, &image.ptx);
                let bytes = context
                    .kernel_file(&path)
                    .map_err(|error| unreadable(&path, &format!("cannot be read: {error}")))?;
                let text = String::from_utf8(bytes).map_err(|_| unreadable(&path, "is not text"))?;
                // As the lock counts: line ends are those of Unix.
                let text = text.replace("\r\n", "\n");
                if text_digest(text.as_bytes()) != image.ptx_digest {
                    return Err(unreadable(&path, "is not what was locked"));
                }
                let module = Module::parse(&text).map_err(|error| unreadable(&path, &error.to_string()))?;
                images.push(Image {
                    found,
                    unit: unit.as_str(),
                    arch: arch.to_string(),
                    locked: image,
                    path,
                    text,
                    module,
                });
            }
        }
    }
    Ok(images)
}

fn unreadable(path: &str, what: &str) -> Judgement {
    Judgement::Inconclusive(
        Reason::new("unreadable_lock", format!("`{path}`: {what}")).help(format!(
            "restore it from version control, or regenerate it with `{RELOCK}`"
        )),
    )
}
