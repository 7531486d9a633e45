//! What every compilation of one build has in common.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::given::Given;
use super::preamble::Preambles;
use crate::digest::Digest;
use crate::env::Env;
use crate::index::Index;
use crate::product::Product;
use crate::schedule::{self, Permits};
use crate::sorted::{Append as _, List as _, Set};
use crate::unit::Unit;

/// What every compilation of one build has in common.
pub(crate) struct Setting {
    /// Folder of the crate; compilers run there, so that relative paths stay out of what they write.
    pub crate_root: PathBuf,
    pub env: Env,
    /// How long one compilation may take.
    pub timeout: Duration,
    /// Folder with the headers of this crate, for compilers that come without their own.
    pub shims: PathBuf,
    /// The program that nvcc preprocesses with, and a digest of it; `None` where none was found.
    pub host_compiler: Option<(PathBuf, Digest)>,
    /// What nvcc is given.
    pub given: Given,
    /// The toolkit, where there is one with headers and libdevice.
    pub toolkit: Option<PathBuf>,
    /// For threads that compilers start.
    pub permits: Arc<Permits>,
    /// What is in front of sources.
    pub preambles: Preambles,
    /// What units become.
    pub product: Product,
    /// Whether the result is for the kernel lock, or compared with it.
    pub locks: bool,
}

impl Setting {
    /// The source as compilers get it: relative to the crate where it lies below.
    pub(crate) fn source(&self, unit: &Unit) -> PathBuf {
        match unit.path.strip_prefix(&self.crate_root) {
            Ok(relative) => relative.to_path_buf(),
            Err(_) => unit.path.clone(),
        }
    }

    /// Names that a compiler printed as absolute paths, sorted, without this crate's own headers.
    pub(crate) fn absolute(&self, names: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut all = Set::new();
        for name in names {
            let whole = self.crate_root.join(name);
            let plain = plain(&whole);
            // `..` after a link to a folder leads elsewhere than the text says.
            let path = if plain.is_file() { plain } else { whole };
            if !path.starts_with(&self.shims) {
                all.insert(path);
            }
        }
        all.into_iter().list()
    }

    /// The variables of this list that are set.
    pub(crate) fn variables(&self, names: &[&str]) -> Vec<(String, String)> {
        names
            .iter()
            .filter_map(|name| {
                let value = self.env.variable(name)?;
                Some(((*name).to_owned(), value.to_string_lossy().into_owned()))
            })
            .list()
    }

    /// Threads that one compilation may start.
    pub(crate) fn team_size(&self) -> usize {
        schedule::team_size(&self.env)
    }

    /// Which C++ compiler nvcc preprocesses with.
    pub(crate) fn host_compiler(&self) -> String {
        let digest = self.host_compiler.as_ref().map(|(_, digest)| digest.to_string());
        digest.unwrap_or_else(|| "none".to_owned())
    }
}

/// NVIDIA's device functions as LLVM reads them, below a toolkit.
pub(crate) const LIBDEVICE: &str = "nvvm/libdevice/libdevice.10.bc";

/// The folder of the toolkit that one of these programs or libraries belongs to, with headers and libdevice.
pub(crate) fn toolkit_of<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Option<PathBuf> {
    let is_toolkit = |root: &&Path| root.join("include/cuda_runtime.h").is_file() && root.join(LIBDEVICE).is_file();
    files.into_iter().seek_map(|file| {
        let real = std::fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        let mut roots = file.ancestors().skip(1).take(4).chain(real.ancestors().skip(1).take(4));
        roots.seek(is_toolkit).map(Path::to_path_buf)
    })
}

/// The C++ compiler that nvcc takes, with a digest of its program.
pub(crate) fn host_compiler(env: &Env, given: &Given, root: &Path, index: &Index) -> Option<(PathBuf, Digest)> {
    let name = if cfg!(windows) { "cl.exe" } else { "gcc" };
    let chosen = given.host_compiler().map(PathBuf::from);
    let chosen = chosen.or_else(|| env.variable("NVCC_CCBIN").map(PathBuf::from));
    // A plain name is looked for on `PATH`.
    let on_path = |named: &Path| {
        env.search_path()
            .into_iter()
            .map(move |folder| folder.join(named))
            .list()
    };
    let mut candidates = Vec::new();
    if let Some(chosen) = chosen {
        let below = root.join(&chosen);
        candidates = vec![below.join(name), below];
        candidates.append_all(on_path(&chosen));
    }
    candidates.append_all(on_path(Path::new(name)));
    let mut candidates = candidates.into_iter();
    candidates.seek_map(|file| index.sample(&file).map(|digest| (file, digest)))
}

/// The path without `.` and `..` as far as its text allows: `/cuda/bin/../include` is `/cuda/include`.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_taken_out() {
        for (path, expected) in [
            ("/cuda/bin/../include/./a.h", "/cuda/include/a.h"),
            ("/../a", "/../a"),
            ("a/../../b", "../b"),
        ] {
            assert_eq!(plain(Path::new(path)), PathBuf::from(expected));
        }
    }
}
