//! PTX that a release hands out: for which architectures and in which versions of the language, and whether each module is what the
//! lock next to it says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gate_base::error::Result;
use gate_build::Arch;
use gate_build::lock::KernelLock;
use gate_build::ptx::Module;
use serde_json::{Value, json};

use crate::archive::unpack;
use crate::files::{read, recorded};

/// The target of every PTX module, as rustc calls it.
const TARGET: &str = "nvptx64-nvidia-cuda";
const LOCK: &str = "kernels.lock";

/// The modules of a release.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    architectures: BTreeSet<Arch>,
    versions: BTreeSet<gate_build::ptx::Isa>,
    /// What does not fit, continuing a message.
    pub(crate) differences: Vec<String>,
}

impl Modules {
    /// Those in all archives of a directory.
    pub(crate) fn of(directory: &Path) -> Result<Self> {
        let mut modules = Self::default();
        for artifact in recorded(directory)? {
            let bytes = read(&directory.join(&artifact.path))?;
            if let Some(files) = unpack(&artifact.path, &bytes) {
                modules.add(&artifact.path, &files.into_iter().collect());
            }
        }
        Ok(modules)
    }

    /// Adds those of an archive. A package may hold PTX that its tests read, and that nobody runs: there, what the lock names counts.
    fn add(&mut self, archive: &str, files: &BTreeMap<String, Vec<u8>>) {
        let locked = self.locked(archive, files);
        for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".ptx")) {
            let wanted = locked.get(path);
            if wanted.is_none() && archive.ends_with(".crate") {
                continue;
            }
            let parsed = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
            let module = match parsed.and_then(|text| Module::parse(text).map_err(|error| error.to_string())) {
                Ok(module) => module,
                Err(why) => {
                    self.differences
                        .push(format!("`{path}` in `{archive}` is not PTX: {why}"));
                    continue;
                }
            };
            if let Some(wanted) = wanted.filter(|wanted| **wanted != module.target) {
                let found = module.target;
                self.differences.push(format!(
                    "`{path}` in `{archive}` is for {found}, and `{LOCK}` says {wanted}"
                ));
            }
            self.architectures.insert(module.target);
            self.versions.insert(module.version);
        }
    }

    /// For which architecture the locks of an archive say that a module is, by path.
    fn locked(&mut self, archive: &str, files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Arch> {
        let mut locked = BTreeMap::new();
        for (path, bytes) in files {
            let Some(root) = path
                .strip_suffix(LOCK)
                .filter(|root| root.is_empty() || root.ends_with('/'))
            else {
                continue;
            };
            let lock = match KernelLock::parse(&String::from_utf8_lossy(bytes)) {
                Ok(lock) => lock,
                // A package may hold broken locks for its tests.
                Err(_) if archive.ends_with(".crate") => continue,
                Err(error) => {
                    self.differences
                        .push(format!("`{path}` in `{archive}` cannot be read: {error}"));
                    continue;
                }
            };
            for unit in lock.units.values() {
                let images = unit.images.iter();
                locked.extend(images.map(|(arch, image)| (format!("{root}{}", image.ptx), *arch)));
            }
        }
        locked
    }

    /// What a statement says of them; nothing where there are none.
    pub(crate) fn stated(&self) -> Option<Value> {
        let names = |all: Vec<String>| Value::from(all);
        (!self.architectures.is_empty()).then(|| {
            json!({
                "target": TARGET,
                "architectures": names(self.architectures.iter().map(ToString::to_string).collect()),
                "ptxVersions": names(self.versions.iter().map(ToString::to_string).collect()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PTX: &str = ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry a()\n{\nret;\n}\n";

    fn of(archive: &str, files: &[(&str, &str)]) -> Modules {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        let mut modules = Modules::default();
        modules.add(archive, &files.collect());
        modules
    }

    fn lock(arch: &str) -> String {
        let digest = "0".repeat(64);
        let sources = [("a.cu".to_owned(), digest.parse().unwrap())].into_iter().collect();
        let fingerprint = gate_build::lock::source_fingerprint(&sources);
        format!(
            "version = 1\n\n[[image]]\nunit = \"a.cu\"\narch = \"{arch}\"\ncompiler = \"nvrtc 13.5\"\nflags = []\nisa = \"7.0\"\n\
             ptx = \"ptx/a.ptx\"\nptx-digest = \"{digest}\"\nnormalised-digest = \"{digest}\"\nsource-fingerprint = \"{fingerprint}\"\n\n\
             [image.sources]\n\"a.cu\" = \"{digest}\"\n\n[[image.entry]]\nname = \"a\"\nparams = []\n"
        )
    }

    #[test]
    fn what_a_module_is_for_is_stated_and_held_to_the_lock() {
        let fits = of(
            "kernels-1.0.0.tar.gz",
            &[("k/kernels.lock", &lock("sm_80")), ("k/ptx/a.ptx", PTX)],
        );
        assert_eq!(fits.differences, [""; 0]);
        let stated = fits.stated().unwrap();
        assert_eq!(stated["target"], "nvptx64-nvidia-cuda");
        assert_eq!(stated["architectures"], json!(["sm_80"]));
        assert_eq!(stated["ptxVersions"], json!(["7.0"]));
        let other = of(
            "kernels-1.0.0.tar.gz",
            &[("k/kernels.lock", &lock("sm_90")), ("k/ptx/a.ptx", PTX)],
        );
        assert_eq!(
            other.differences,
            ["`k/ptx/a.ptx` in `kernels-1.0.0.tar.gz` is for sm_80, and `kernels.lock` says sm_90"]
        );
    }

    #[test]
    fn what_is_no_module_is_refused_unless_it_is_for_tests() {
        let broken = [("k/broken.ptx", "ret;"), ("k/kernels.lock", "version = 0")];
        assert_eq!(of("kernels-1.0.0.tar.gz", &broken).differences.len(), 2);
        let tests = of("app-1.0.0.crate", &broken);
        assert_eq!(tests.differences, [""; 0]);
        assert_eq!(tests.stated(), None);
    }
}
