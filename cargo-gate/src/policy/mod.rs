//! The policy: `gate.toml`, raw and then validated, all errors collected with their positions.
//!
//! ```text
//! text ─► toml parser (recovers, spans) ─► walk (schema made from raw) ─► cross (rules between values)
//!                                                                             │ no errors
//!                                                         Policy ◄─ convert ◄─┘
//! ```

mod catalogue;
mod convert;
mod cross;
mod format;
pub mod init;
mod known;
mod load;
mod model;
mod position;
mod problem;
mod raw;
mod scalar;
mod schema;
mod secrets;
mod slice;
mod suggest;
mod validate;
mod waiver;
mod walk;
mod write;

#[cfg(test)]
mod tests;

pub use catalogue::Catalogue;
pub use load::{FILE_NAME, load};
pub use model::*;
pub use problem::{PolicyErrors, Problem};
pub use schema::{SCHEMA_URL, schema, schema_text};
pub use secrets::{PathsPolicy, SecretAllow, SecretsPolicy};
pub use validate::validate;
pub use waiver::{NewWaiver, append_waiver, waiver_toml};
