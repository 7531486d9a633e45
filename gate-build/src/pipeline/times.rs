//! How long units took to compile.

use std::fs;
use std::path::{Path, PathBuf};

use super::context::Context;
use crate::arch::Arch;
use crate::compiler::plain;
use crate::digest::Digest;
use crate::disk;
use crate::product::Product;
use crate::sorted::{Append as _, Map, Set};
use crate::store::{self, Seconds};
use crate::unit::Unit;

/// How long units took before, for the order of the next build.
pub(super) struct Times {
    file: PathBuf,
    known: Map<String, u64>,
}

impl Times {
    pub(super) fn new(context: &Context, product: &Product) -> Self {
        // With the store, because the folder of outputs does not outlive `cargo clean`.
        let folder = store::folder(&context.env).map(|folder| folder.join("kernels-v1").join("times"));
        let mut name = context.crate_root.as_os_str().as_encoded_bytes().to_vec();
        if !product.is_ptx() {
            name.append_all([0]);
            name.append_all(product.name().bytes());
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

    /// Milliseconds; where nothing is known, from the size of the source and of the headers that it names.
    pub(super) fn expected(&self, unit: &Unit, arch: Arch) -> u64 {
        let size = || size(&unit.path, &mut Set::new()) / 10;
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

/// Bytes of a file and of those next to it that it includes, each once: kernels are often templates in headers, and sources that name one. A folder is as
/// large as its entry.
fn size(file: &Path, seen: &mut Set<PathBuf>) -> u64 {
    const MOST: usize = 200;
    if seen.len() == MOST || !seen.insert(file.to_path_buf()) {
        return 0;
    }
    let Ok(bytes) = fs::read(file) else {
        return fs::metadata(file).map_or(0, |metadata| metadata.len());
    };
    let text = String::from_utf8_lossy(&bytes);
    let named = text.lines().filter_map(|line| line.trim_start().strip_prefix('#'));
    let named = named.filter_map(|line| {
        line.trim_start()
            .strip_prefix("include")?
            .trim_start()
            .strip_prefix('"')
    });
    let named = named.filter_map(|line| Some(plain(&file.parent()?.join(line.split_once('"')?.0))));
    let headers: Set<PathBuf> = named.filter(|header| header.is_file()).collect();
    bytes.len() as u64 + headers.iter().map(|header| size(header, seen)).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_source_of_a_large_template_is_large() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            file
        };
        let template = format!("#include \"common.cuh\"\n#include \"a.cuh\"\n{}", " ".repeat(1000));
        write("a.cuh", &template);
        let common = format!("# include \"a.cuh\"\n{}", " ".repeat(500));
        write("common.cuh", &common);
        let source = "#include \"../a.cuh\"\n#include <vector>\n#include \"none.h\"\n";
        let small = write("k/small.cu", source);
        let all = source.len() + template.len() + common.len();
        assert_eq!(size(&small, &mut Set::new()), all as u64);
        let long = write("k/long.cu", &" ".repeat(800));
        assert_eq!(size(&long, &mut Set::new()), 800);
    }
}
