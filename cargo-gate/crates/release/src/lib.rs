//! Releases: what was judged is built twice, compared, listed, attested, signed, and published in order.
//!
//! A release is a row of [steps](step::Step), each recorded in a [journal](journal::Journal) below the gate directory. It rests on
//! the [decision](decided::Decided) of a run over this very content, and what it hands out can be [verified](verify::verify) without
//! the workspace.

mod archive;
mod artifacts;
mod attached;
mod auditable;
mod bill;
mod cargo;
mod checkout;
pub mod compare;
pub mod decided;
pub mod dsse;
mod files;
pub mod journal;
mod layout;
mod licences;
mod modules;
pub mod named;
mod order;
mod preconditions;
pub mod predicate;
mod proof;
mod publish;
mod published;
mod receipt;
mod registry;
mod remap;
mod run;
mod statement;
pub mod step;
pub mod stop;
mod target;
pub mod verify;

pub use proof::{Maker, Produced, made_by_suite, produced};
pub use receipt::Receipt;
pub use run::{Done, Release, before_run};
pub use statement::DECISION_PREDICATE;

// schemars' derive where schemas are generated, else one that derives nothing.
#[cfg(not(feature = "schema"))]
use gate_schema::JsonSchema;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
