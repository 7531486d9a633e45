//! `[supply]`: what the supply chain must show.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::Serialize;
use toml::Spanned;

use crate::base::stage::Stage;
use crate::report::Location;

use super::raw::RawSupply;
use super::section::section;
use super::value::{Converted, duration};

/// What the supply chain must show.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SupplyPolicy {
    /// Path of the advisory database as it is written: absolute, or relative to the workspace root.
    pub advisory_db: Option<String>,
    /// How old the newest advisory may be, where the policy says so.
    pub max_age: BTreeMap<Stage, Duration>,
    /// Where it is declared.
    pub location: Option<Location>,
}

pub(super) fn convert(raw: Spanned<RawSupply>, at: &impl Fn(Range<usize>) -> Location) -> Converted<SupplyPolicy> {
    let span = raw.span();
    let raw = raw.into_inner();
    let limits = [
        (Stage::Pilot, raw.max_age.pilot),
        (Stage::Controlled, raw.max_age.controlled),
        (Stage::Broad, raw.max_age.broad),
    ];
    let mut max_age = BTreeMap::new();
    for (stage, limit) in limits {
        if let Some(limit) = limit {
            max_age.insert(stage, duration(&limit, &span)?);
        }
    }
    Ok(SupplyPolicy {
        advisory_db: raw.advisory_db,
        max_age,
        location: Some(at(span)),
    })
}

section!(SupplyPolicy, "supply", supply: Option<SupplyPolicy>);
