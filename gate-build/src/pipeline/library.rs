//! One library of the objects of all units.

use std::fs;
use std::path::PathBuf;

use super::linked::Linked;
use super::subject::Build;
use crate::built::BuiltUnit;
use crate::compiler::{Compiler, Setting};
use crate::digest::Fields;
use crate::disk;
use crate::error::Error;
use crate::product::Linking;
use crate::sorted::List as _;
use crate::store::{self, Local, Space, Store as _};

/// A library, and what to tell cargo.
pub(super) struct Made {
    pub file: PathBuf,
    pub lines: Vec<String>,
}

/// Makes the library, or takes it from the store: it is the same for the same objects in the same order.
///
/// # Errors
/// What the linker says; the file cannot be written.
pub(super) fn make(
    build: &Build<'_>,
    name: &str,
    maker: &dyn Compiler,
    units: &[BuiltUnit],
    setting: &Setting,
    store: Option<&Local>,
) -> Result<Made, Error> {
    let context = build.context;
    let linked = Linked::of(&context.env);
    let file = context.out_dir.join(linked.library_file(name));
    let images: Vec<_> = units.iter().flat_map(|unit| &unit.images).list();
    let flags = link_flags(units);
    let mut fields = Fields::new("gate-build library 1");
    fields.add("version", env!("CARGO_PKG_VERSION"));
    fields.add("maker", maker.identity().digest.bytes());
    fields.add("host compiler", setting.host_compiler());
    for flag in &flags {
        fields.add("flag", flag);
    }
    for image in &images {
        fields.add("name", image.ptx.file_name().unwrap_or_default().as_encoded_bytes());
        fields.add("object", image.digest.bytes());
    }
    let key = fields.finish();
    let kept = store.and_then(|store| store.get(Space::Derived, &key, &|bytes| store::unsealed(bytes).is_some()));
    let bytes = match kept.and_then(|found| Some(store::unsealed(&found.bytes)?.to_vec())) {
        Some(bytes) => bytes,
        None => {
            let scratch = context.own().join("library");
            let _ = fs::remove_dir_all(&scratch);
            fs::create_dir_all(&scratch).map_err(Error::io("cannot create", &scratch))?;
            let objects: Vec<PathBuf> = images.iter().map(|image| image.ptx.clone()).list();
            let made = scratch.join(linked.library_file(name));
            maker
                .archive(&objects, &flags, &made, &scratch)
                .map_err(|problem| Error::Kernels(vec![problem]))?;
            let bytes = fs::read(&made).map_err(Error::io("cannot read", &made))?;
            let _ = fs::remove_dir_all(&scratch);
            if let Some(store) = store {
                let _ = store.put(Space::Derived, &key, &store::sealed(&bytes));
            }
            bytes
        }
    };
    disk::write_if_changed(&file, &bytes).map_err(Error::io("cannot write", &file))?;
    let is_relocatable = Linking::of(&flags).relocatable;
    let lines = linked.lines(
        name,
        &context.out_dir,
        setting.toolkit.as_deref(),
        &setting.given.flags,
        is_relocatable,
    );
    Ok(Made { file, lines })
}

/// The flags of a unit, of one with relocatable code where there is one, and the architectures of all.
fn link_flags(units: &[BuiltUnit]) -> Vec<String> {
    let images = units.iter().flat_map(|unit| &unit.images).list();
    let is_arch = |flag: &String| flag.starts_with("-gencode=");
    let chosen = images.iter().find(|image| Linking::of(&image.flags).relocatable);
    let mut flags = Vec::new();
    if let Some(image) = chosen.or(images.first()) {
        flags.clone_from(&image.flags);
        flags.retain(|flag| !is_arch(flag));
    }
    for image in images {
        for flag in &image.flags {
            if is_arch(flag) && !flags.contains(flag) {
                flags.push(flag.clone());
            }
        }
    }
    flags
}
