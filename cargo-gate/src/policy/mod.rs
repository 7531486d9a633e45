//! The policy: `gate.toml`, raw and then validated, all errors collected with their positions.
//!
//! ```text
//! text ─► toml parser (recovers, spans) ─► walk (schema made from raw) ─► cross (rules between values)
//!                                                                             │ no errors
//!                                                         Policy ◄─ convert ◄─┘
//! ```

pub mod authority;
mod bench;
mod boundary;
mod cache;
mod catalogue;
mod checklist;
mod ci;
mod claim;
mod conformance;
mod convert;
mod cross;
mod decisions;
pub mod describe;
mod docs;
mod edit;
mod failure;
mod format;
mod generated;
pub mod init;
mod item;
mod kernels;
mod known;
mod load;
mod model;
mod notify;
mod parts;
pub mod pattern;
mod people;
mod position;
mod problem;
mod profile;
mod rails;
mod raw;
mod read;
mod record;
pub mod register;
mod register_edit;
mod release;
pub mod rule;
mod rules;
mod runtime;
mod scalar;
mod schema;
mod secrets;
pub(crate) mod section;
mod semantics;
mod slo;
mod stability;
mod suggest;
mod suite;
mod supply;
mod toolchain;
mod uses;
mod validate;
mod value;
mod waiver;
mod waiver_edit;
mod walk;
mod write;

#[cfg(test)]
mod tests;

pub use bench::{BenchMode, BenchPolicy, BenchReference, MetricPolicy, Noise};
pub use cache::CachePolicy;
pub use catalogue::Catalogue;
pub use ci::CiPolicy;
pub use claim::{Claim, EvidenceClass};
pub use conformance::{ConformanceBackend, ConformancePolicy, ConformanceRow, DeferredOperator};
pub use decisions::DecisionPolicy;
pub use docs::DocsPolicy;
pub use failure::FailurePolicy;
pub(crate) use format::rust_version;
pub use generated::GeneratedFiles;
pub use kernels::{KernelBudget, KernelPath, KernelPolicy, KernelScope};
#[cfg(feature = "lsp")]
pub(crate) use known::KINDS;
pub use load::{load, load_without_register};
pub use model::*;
pub use notify::{NotifyPolicy, Sink};
pub use problem::{PolicyErrors, Problem};
pub use read::FILE_NAME;
pub use register_edit::{Closing, Deferral, NewItem, NewRisk, Weight, append_item, close_item, defer_item, item_toml};
pub use release::{Approval, Deprecation, ReleasePolicy, VersionFile};
pub use runtime::{PRODUCTION_SUITES, RUNTIME_PACKAGE, RailsPolicy, RuntimePolicy};
pub use schema::{SCHEMA_URL, compiled_in, prepare, register_schema_text, schema, schema_text};
pub use secrets::{PathsPolicy, SecretAllow, SecretsPolicy};
pub use section::Section;
pub use semantics::{
    BackendSemantics, Comparison, Denormals, Fma, KnownDelta, NanRule, ReductionOrder, RepresentationException,
    RepresentationPolicy, Rounding, SemanticProperty, SortStability, SourceMapPolicy,
};
pub use slo::{Objective, SloPolicy};
pub use stability::{StabilityClass, StabilityPolicy, Surface};
pub(crate) use suggest::similar;
pub use supply::SupplyPolicy;
pub use toolchain::{Floor, FloorRelease, ToolchainPolicy};
pub use uses::UsesPolicy;
pub use validate::validate;
pub use waiver::waiver_text;
pub use waiver_edit::{NewWaiver, append_waiver, attach_signature, numbered, waiver_toml};
pub(crate) use write::{Existing, write_atomically};
