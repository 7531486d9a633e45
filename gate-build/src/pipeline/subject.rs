//! What one build is about.

use std::path::PathBuf;
use std::time::SystemTime;

use super::choice::Choice;
use super::constants;
use super::context::{Context, Mode};
use super::embed::{self, Missing, Parsed};
use super::listing::Listings;
use super::plan::Plan;
use crate::built::BuiltUnit;
use crate::error::Error;
use crate::kernels::Kernels;
use crate::product::Product;
use crate::sorted::List as _;
use crate::store::{Local, Store};
use crate::toolkit::Toolkit;
use crate::unit::UnitName;

/// One build in which something may have changed.
pub(super) struct Build<'a> {
    /// When it began, by the clock that dates files.
    pub began: SystemTime,
    pub kernels: &'a Kernels,
    pub context: &'a Context,
    pub mode: Mode,
    pub plan: &'a Plan,
    pub toolkit: &'a Toolkit,
    pub choice: &'a Choice,
    pub listings: &'a Listings,
}

impl Build<'_> {
    /// The `cfg` that says that there is something to use.
    pub(super) fn is_there(&self) -> String {
        match &self.kernels.product {
            Product::Library(name) => format!("cargo::rustc-cfg=gate_library={name:?}"),
            Product::Units(output) => format!("cargo::rustc-cfg=gate_kernels={:?}", output.as_str()),
        }
    }

    /// That the `cfg` may be there.
    pub(super) fn declares(&self) -> Vec<String> {
        let (name, value) = match &self.kernels.product {
            Product::Library(name) => ("gate_library", name.as_str()),
            Product::Units(output) => ("gate_kernels", output.as_str()),
        };
        vec![format!("cargo::rustc-check-cfg=cfg({name}, values({value:?}))")]
    }

    /// Writes the module that embeds these units; `missing` are those without PTX, and why; `parsed` is what is known of
    /// their PTX.
    ///
    /// # Errors
    /// As [`embed::bindings`].
    pub(super) fn bindings(
        &self,
        units: &[BuiltUnit],
        missing: Option<(Missing, &[UnitName])>,
        parsed: &Parsed,
        store: Option<&Local>,
    ) -> Result<PathBuf, Error> {
        let product = &self.kernels.product;
        let names: Vec<&UnitName> = self.plan.units.iter().map(|unit| &unit.name).list();
        let why = missing.map(|(why, _)| why.code());
        let constants = constants::write(product, self.context, units, why, &names)?;
        if !product.is_ptx() {
            return Ok(constants);
        }
        let store = store.map(|store| store as &dyn Store);
        embed::bindings(self.kernels, self.context, units, missing, parsed, store)
    }
}
