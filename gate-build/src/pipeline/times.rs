//! How long units took to compile.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::context::Context;
use crate::arch::Arch;
use crate::digest::Digest;
use crate::disk;
use crate::product::Product;
use crate::store::{self, Seconds};
use crate::unit::Unit;

/// How long units took before, for the order of the next build.
pub(super) struct Times {
    file: PathBuf,
    known: BTreeMap<String, u64>,
}

impl Times {
    pub(super) fn new(context: &Context, product: &Product) -> Self {
        // With the store, because the folder of outputs does not outlive `cargo clean`.
        let folder = store::folder(&context.env).map(|folder| folder.join("kernels-v1").join("times"));
        let mut name = context.crate_root.as_os_str().as_encoded_bytes().to_vec();
        if !product.is_ptx() {
            name.extend([0]);
            name.extend(product.name().bytes());
        }
        let name = Digest::of(&name);
        let file = folder
            .unwrap_or_else(|| context.own().join("times"))
            .join(name.prefix(16));
        let known = fs::read_to_string(&file)
            .unwrap_or_default()
            .lines()
            .filter_map(|line| {
                let (milliseconds, name) = line.split_once(' ')?;
                Some((name.to_owned(), milliseconds.parse().ok()?))
            })
            .collect();
        Self { file, known }
    }

    fn name(unit: &str, arch: Arch) -> String {
        format!("{arch} {unit}")
    }

    /// Milliseconds; from the size of the source where nothing is known.
    pub(super) fn expected(&self, unit: &Unit, arch: Arch) -> u64 {
        let size = || fs::metadata(&unit.path).map_or(0, |metadata| metadata.len() / 10);
        let name = Self::name(unit.name.as_str(), arch);
        self.known.get(&name).copied().unwrap_or_else(size)
    }

    pub(super) fn save(&self, measured: &[(String, Arch, Seconds)]) {
        let mut known = self.known.clone();
        for (unit, arch, took) in measured {
            known.insert(Self::name(unit, *arch), took.0);
        }
        if known != self.known {
            let text: String = known.iter().map(|(name, took)| format!("{took} {name}\n")).collect();
            let _ = disk::write_atomically(&self.file, text.as_bytes());
        }
    }
}
