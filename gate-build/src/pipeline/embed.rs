//! What a crate includes: the generated module, and PTX made smaller.

use std::fs;
use std::path::PathBuf;

use super::context::Context;
use crate::bindings::{self, EmbeddedImage, EmbeddedUnit, Encoding, Origin};
use crate::built::{BuiltImage, BuiltUnit, Provenance};
use crate::diagnostic::{Diagnostic, Id};
use crate::digest::{Digest, Fields};
use crate::disk;
use crate::error::Error;
use crate::kernels::Kernels;
use crate::ptx::Module;
use crate::resources::Ptxas;
use crate::schedule::{self, Permits};
use crate::store::{self, Space, Store};
use crate::unit::UnitName;

/// DEFLATE level: the default of zlib, from which on more time gains little on PTX.
const LEVEL: u8 = 6;

/// Why there is no PTX, as `gate-runtime` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    NoCompiler,
    Off,
}

impl Missing {
    fn code(self) -> &'static str {
        match self {
            Missing::NoCompiler => "no_compiler",
            Missing::Off => "kernels_off",
        }
    }
}

/// Writes `kernels.rs`.
///
/// # Errors
/// A file cannot be read or written, or what a compiler wrote is no PTX after all.
pub(super) fn bindings(
    kernels: &Kernels,
    context: &Context,
    units: &[BuiltUnit],
    missing: Option<(Missing, &[UnitName])>,
    store: Option<&dyn Store>,
) -> Result<PathBuf, Error> {
    let file = context.out_dir.join("kernels.rs");
    let key = key(kernels, context, units, missing);
    // Reading megabytes of PTX for its entries takes a while in a build script that cargo does not optimise.
    let known = store
        .and_then(|store| store.get(Space::Derived, &key, &|bytes| store::unsealed(bytes).is_some()))
        .and_then(|found| String::from_utf8(store::unsealed(&found.bytes)?.to_vec()).ok())
        .filter(|text| text.starts_with("// ") && text.ends_with(&end(&key)));
    let text = match known {
        Some(text) => text,
        None => {
            let mut embedded = Vec::new();
            let units: Vec<&BuiltUnit> = units.iter().collect();
            let read = schedule::run(&context.env, &Permits::default(), units, |unit| {
                embedded_unit(kernels, unit, store)
            });
            for ran in read {
                embedded.push(ran.result?);
            }
            if let Some((why, names)) = missing {
                embedded.extend(names.iter().map(|name| EmbeddedUnit {
                    name: name.clone(),
                    origin: Origin::Unavailable(why.code().to_owned()),
                    images: Vec::new(),
                }));
            }
            let mut text = bindings::generate(&embedded, &kernels.declared);
            text.push_str(&end(&key));
            if let Some(store) = store {
                let _ = store.put(Space::Derived, &key, &store::sealed(text.as_bytes()));
            }
            text
        }
    };
    if kernels.compress {
        // The module names files that have to be there, whether or not it was known.
        for image in units.iter().flat_map(|unit| &unit.images) {
            compressed(image, store)?;
        }
    }
    disk::write_if_changed(&file, text.as_bytes()).map_err(Error::io("cannot write", &file))?;
    Ok(file)
}

/// Last line of the module: it was written whole, and for this.
fn end(key: &Digest) -> String {
    format!("// {key}\n")
}

fn key(kernels: &Kernels, context: &Context, units: &[BuiltUnit], missing: Option<(Missing, &[UnitName])>) -> Digest {
    let mut fields = Fields::new("gate-build bindings 1");
    fields.add("version", env!("CARGO_PKG_VERSION"));
    // The module names files below it.
    fields.add("out", context.out_dir.as_os_str().as_encoded_bytes());
    fields.add("compress", if kernels.compress { "yes" } else { "no" });
    for declared in &kernels.declared {
        fields.add("declared", format!("{declared:?}"));
    }
    for unit in units {
        fields.add("unit", unit.name.as_str());
        for image in &unit.images {
            fields.add("arch", image.arch.to_string());
            fields.add("digest", image.digest.bytes());
            fields.add("provenance", format!("{:?}", image.provenance));
        }
    }
    if let Some((why, names)) = missing {
        fields.add("missing", why.code());
        for name in names {
            fields.add("unit", name.as_str());
        }
    }
    fields.finish()
}

fn embedded_unit(kernels: &Kernels, unit: &BuiltUnit, store: Option<&dyn Store>) -> Result<EmbeddedUnit, Error> {
    let mut images = Vec::new();
    for image in &unit.images {
        let text = fs::read_to_string(&image.ptx).map_err(Error::io("cannot read", &image.ptx))?;
        let module = Module::parse(&text).map_err(|error| {
            Error::Kernels(vec![
                Diagnostic::error(
                    Id::PtxInvalid,
                    format!("the PTX for {} cannot be understood: {error}", image.arch),
                )
                .unit(unit.name.as_str())
                .help("report it with the file; `GATE_KERNEL_COMPILER` chooses another compiler meanwhile"),
            ])
        })?;
        let (file, encoding) = if kernels.compress {
            (compressed(image, store)?, Encoding::Deflate)
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

/// Files beside the PTX that the module names.
pub(super) fn compressed_files(kernels: &Kernels, units: &[BuiltUnit]) -> Vec<PathBuf> {
    let images = units.iter().flat_map(|unit| &unit.images);
    images
        .filter(|_| kernels.compress)
        .map(|image| image.ptx.with_extension("ptx.deflate"))
        .collect()
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
            let bytes = miniz_oxide::deflate::compress_to_vec(&text, LEVEL);
            if let Some(store) = store {
                let _ = store.put(Space::Derived, &key, &store::sealed(&bytes));
            }
            bytes
        }
    };
    disk::write_if_changed(&file, &bytes).map_err(Error::io("cannot write", &file))?;
    Ok(file)
}

/// Compares what kernels take of the hardware with their budgets. Returns warnings about what could not be compared.
///
/// # Errors
/// A budget is exceeded, names a kernel that nobody has, or ptxas refuses the text.
pub(super) fn budgets(
    kernels: &Kernels,
    units: &[BuiltUnit],
    ptxas: Option<&(Ptxas, PathBuf)>,
) -> Result<Vec<Diagnostic>, Error> {
    if kernels.budgets.is_empty() {
        return Ok(Vec::new());
    }
    let Some((ptxas, cache)) = ptxas else {
        return Ok(vec![
            Diagnostic::warning(Id::BudgetUnchecked, "budgets were not compared: there is no ptxas")
                .help("install a CUDA toolkit; `cargo gate` compares them with the lock"),
        ]);
    };
    let mut problems = Vec::new();
    let mut found = std::collections::BTreeSet::new();
    for unit in units {
        for image in &unit.images {
            let text = fs::read_to_string(&image.ptx).map_err(Error::io("cannot read", &image.ptx))?;
            // A text that declares none of them needs no ptxas.
            if !kernels
                .budgets
                .keys()
                .any(|kernel| text.contains(&format!(".entry {kernel}")))
            {
                continue;
            }
            let facts = ptxas.examine(&text, Some(cache)).map_err(|error| {
                Error::Kernels(vec![
                    Diagnostic::error(Id::PtxasFailed, error.to_string()).unit(unit.name.as_str()),
                ])
            })?;
            for (kernel, budget) in &kernels.budgets {
                let Some(usage) = facts.usages.get(kernel) else {
                    continue;
                };
                found.insert(kernel);
                problems.extend(budget.exceeded_by(usage).into_iter().map(|excess| {
                    Diagnostic::error(
                        Id::BudgetExceeded,
                        format!("kernel `{kernel}` for {} exceeds its budget: {excess}", image.arch),
                    )
                    .unit(unit.name.as_str())
                    .help("make the kernel take less, or raise its `.budget(…)` in build.rs")
                }));
            }
        }
    }
    for kernel in kernels.budgets.keys().filter(|kernel| !found.contains(kernel)) {
        problems.push(
            Diagnostic::error(
                Id::BudgetUnknownKernel,
                format!("there is a budget for `{kernel}`, and no kernel of that name"),
            )
            .help("correct `.budget(…)` in build.rs; C++ kernels have the name that stands in the PTX"),
        );
    }
    if problems.is_empty() {
        Ok(Vec::new())
    } else {
        Err(Error::Kernels(problems))
    }
}
