//! What a crate includes: the generated module, and PTX made smaller.

use std::fs;
use std::path::PathBuf;

use super::context::Context;
use crate::bindings::{self, EmbeddedImage, EmbeddedUnit, Encoding, Origin, Part};
use crate::built::{BuiltImage, BuiltUnit, Provenance};
use crate::diagnostic::{Diagnostic, Id};
use crate::digest::Fields;
use crate::disk;
use crate::error::Error;
use crate::kernels::Kernels;
use crate::ptx::Module;
use crate::schedule::{self, Permits};
use crate::sorted::{List as _, Map};
use crate::store::{self, Space, Store};
use crate::unit::UnitName;

/// DEFLATE level: the default of zlib, from which on more time gains little on PTX.
const LEVEL: u8 = 6;

/// Why there is no PTX, as `gate-runtime` names it.
#[derive(Clone, Copy)]
pub(super) enum Missing {
    NoCompiler,
    Off,
}

impl Missing {
    pub(super) fn code(self) -> &'static str {
        match self {
            Missing::NoCompiler => "no_compiler",
            Missing::Off => "kernels_off",
        }
    }
}

/// What PTX declares, by the file that it is in.
pub(super) type Parsed = Map<PathBuf, Module>;

/// Writes `kernels.rs`; `parsed` is what is known of the PTX of `units`.
///
/// # Errors
/// A file cannot be read or written, or what a compiler wrote is no PTX after all.
pub(super) fn bindings(
    kernels: &Kernels,
    context: &Context,
    units: &[BuiltUnit],
    missing: Option<(Missing, &[UnitName])>,
    parsed: &Parsed,
    store: Option<&dyn Store>,
) -> Result<PathBuf, Error> {
    let file = context.out_dir.join("kernels.rs");
    let maker = Maker {
        kernels,
        context,
        parsed,
        store,
    };
    let parts = maker.parts(units, missing)?;
    let text = bindings::assemble(&parts, &kernels.declared);
    if kernels.compress {
        // The module names files that have to be there, whether or not it was known.
        for image in units.iter().flat_map(|unit| &unit.images) {
            compressed(image, store)?;
        }
    }
    disk::write_if_changed(&file, text.as_bytes()).map_err(Error::io("cannot write", &file))?;
    Ok(file)
}

/// Makes the parts of a module.
struct Maker<'a> {
    kernels: &'a Kernels,
    context: &'a Context,
    parsed: &'a Parsed,
    store: Option<&'a dyn Store>,
}

impl Maker<'_> {
    /// What each unit gives to the module, sorted by their names.
    fn parts(&self, units: &[BuiltUnit], missing: Option<(Missing, &[UnitName])>) -> Result<Vec<Part>, Error> {
        let unavailable: Vec<EmbeddedUnit> = missing
            .into_iter()
            .flat_map(|(why, names)| names.iter().map(move |name| (why, name)))
            .map(|(why, name)| EmbeddedUnit {
                name: name.clone(),
                origin: Origin::Unavailable(why.code().to_owned()),
                images: Vec::new(),
            })
            .list();
        let mut all: Vec<(&UnitName, Result<&BuiltUnit, &EmbeddedUnit>)> = units
            .iter()
            .map(|unit| (&unit.name, Ok(unit)))
            .chain(unavailable.iter().map(|unit| (&unit.name, Err(unit))))
            .list();
        crate::sorted::sort_by(&mut all, |(a, _), (b, _)| a.cmp(b));
        let modules = bindings::modules(&all.iter().map(|(name, _)| *name).list());
        let all = all.into_iter().zip(modules).list();
        let ran = schedule::run(
            &self.context.env,
            &Permits::default(),
            all,
            |((_, unit), module)| match unit {
                Ok(unit) => self.part(unit, module),
                Err(unit) => Ok(Part::of(unit, module, &self.kernels.declared)),
            },
        );
        ran.into_iter().map(|ran| ran.result).list_ok()
    }

    /// What a unit gives to the module: known, where nothing but other units has changed.
    fn part(&self, unit: &BuiltUnit, module: String) -> Result<Part, Error> {
        let mut fields = fields("gate-build part of bindings 1", self.kernels, self.context);
        fields.add("module", &module);
        add_unit(&mut fields, unit);
        let key = fields.finish();
        let known = self
            .store
            .and_then(|store| store.get(Space::Derived, &key, &|bytes| store::unsealed(bytes).is_some()))
            .and_then(|found| {
                Part::of_kept(
                    std::str::from_utf8(store::unsealed(&found.bytes)?).ok()?,
                    module.clone(),
                )
            });
        if let Some(part) = known {
            return Ok(part);
        }
        let part = Part::of(&self.embedded_unit(unit)?, module, &self.kernels.declared);
        if let (Some(store), Some(kept)) = (self.store, part.to_kept()) {
            let _ = store.put(Space::Derived, &key, &store::sealed(kept.as_bytes()));
        }
        Ok(part)
    }

    fn embedded_unit(&self, unit: &BuiltUnit) -> Result<EmbeddedUnit, Error> {
        let mut images = Vec::new();
        for image in &unit.images {
            let text = fs::read_to_string(&image.ptx).map_err(Error::io("cannot read", &image.ptx))?;
            let module = match self.parsed.get(&image.ptx) {
                Some(module) => Ok(module.clone()),
                None => Module::parse(&text),
            };
            let module = module.map_err(|error| {
                Error::Kernels(vec![
                    Diagnostic::error(
                        Id::PtxInvalid,
                        format!("cannot parse the PTX for {}: {error}", image.arch),
                    )
                    .unit(unit.name.as_str())
                    .help(
                        "report this with the file; until then, choose another compiler with \
                         `GATE_KERNEL_COMPILER`",
                    ),
                ])
            })?;
            let (file, encoding) = if self.kernels.compress {
                (compressed(image, self.store)?, Encoding::Deflate)
            } else {
                (image.ptx.clone(), Encoding::Plain)
            };
            images.push(EmbeddedImage {
                file,
                encoding,
                digest: image.digest,
                text,
                module,
            });
        }
        let locked = unit.images.iter().any(|image| image.provenance == Provenance::Locked);
        Ok(EmbeddedUnit {
            name: unit.name.clone(),
            origin: if locked { Origin::Locked } else { Origin::Built },
            images,
        })
    }
}

/// What decides about the text of every unit.
fn fields(purpose: &str, kernels: &Kernels, context: &Context) -> Fields {
    let mut fields = Fields::new(purpose);
    fields.add("version", env!("CARGO_PKG_VERSION"));
    // The module names files below it.
    fields.add("out", context.out_dir.as_os_str().as_encoded_bytes());
    fields.add("compress", if kernels.compress { "yes" } else { "no" });
    for declared in &kernels.declared {
        fields.add("declared", format!("{declared:?}"));
    }
    fields
}

fn add_unit(fields: &mut Fields, unit: &BuiltUnit) {
    fields.add("unit", unit.name.as_str());
    for image in &unit.images {
        fields.add("arch", image.arch.to_string());
        fields.add("file", image.ptx.as_os_str().as_encoded_bytes());
        fields.add("digest", image.digest.bytes());
        fields.add("provenance", format!("{:?}", image.provenance));
    }
}

/// Files beside the PTX that the module names.
pub(super) fn compressed_files(kernels: &Kernels, units: &[BuiltUnit]) -> Vec<PathBuf> {
    let images = units.iter().flat_map(|unit| &unit.images);
    images
        .filter(|_| kernels.compress)
        .map(|image| image.ptx.with_extension("ptx.deflate"))
        .list()
}

#[cfg(feature = "compress")]
fn deflate(text: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(miniz_oxide::deflate::compress_to_vec(text, LEVEL))
}

#[cfg(not(feature = "compress"))]
fn deflate(_: &[u8]) -> Result<Vec<u8>, Error> {
    Err(crate::kernels::without_compression())
}

/// The PTX of an image as a raw DEFLATE stream, beside the text.
fn compressed(image: &BuiltImage, store: Option<&dyn Store>) -> Result<PathBuf, Error> {
    let file = image.ptx.with_extension("ptx.deflate");
    let mut fields = Fields::new("gate-build deflate 1");
    fields.add("level", [LEVEL]).add("ptx", image.digest.bytes());
    let key = fields.finish();
    let stored = store.and_then(|store| store.get(Space::Derived, &key, &|bytes| store::unsealed(bytes).is_some()));
    let bytes = match stored.and_then(|found| Some(store::unsealed(&found.bytes)?.to_vec())) {
        Some(bytes) => bytes,
        None => {
            let text = fs::read(&image.ptx).map_err(Error::io("cannot read", &image.ptx))?;
            let bytes = deflate(&text)?;
            if let Some(store) = store {
                let _ = store.put(Space::Derived, &key, &store::sealed(&bytes));
            }
            bytes
        }
    };
    disk::write_if_changed(&file, &bytes).map_err(Error::io("cannot write", &file))?;
    Ok(file)
}
