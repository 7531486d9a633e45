//! What one build is about.

use std::path::PathBuf;
use std::time::SystemTime;

use super::choice::Choice;
use super::context::{Context, Mode};
use super::embed::{self, Missing, Parsed};
use super::listing::Listings;
use super::plan::Plan;
use crate::built::BuiltUnit;
use crate::error::Error;
use crate::kernels::Kernels;
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
        let store = store.map(|store| store as &dyn Store);
        embed::bindings(self.kernels, self.context, units, missing, parsed, store)
    }
}
