//! The policy: `gate.toml`, validated and then typed, all errors collected with their positions.
//!
//! ```text
//! text ─► toml parser (recovers, spans) ─► walk (schema of `Policy`) ─► cross (rules between values)
//!                                                                             │ no errors
//!                                                     Policy ◄─ deserialize ◄─┘
//! ```
//!
//! A section is one file: its types with their documentation, which are the schema, what the file is read into and what
//! the rest of the tool sees; and its rules between values. One field of [`Policy`] registers it, and one line in `section`
//! lets checks declare to read it.
//!
//! Schema keywords of our own: `x-format` names a value syntax of `format`, `x-sane-min` and `x-sane-max` bound what is
//! usual (a number, or a duration for `x-format = "duration"`), `x-min` and `x-max` bound what is possible for
//! durations, `x-help` is the help line of a violation, `x-missing` that of a missing key, and `x-required` names keys that
//! may also stand in a file that the policy extends.
#![cfg_attr(
    not(feature = "schema"),
    allow(
        unused_imports,
        dead_code,
        reason = "attributes of the schema name types that only the schema knows"
    )
)]

pub mod address;
mod approvals;
pub mod authority;
mod bench;
mod boundary;
mod cache;
mod catalogue;
mod checklist;
mod ci;
mod claim;
mod conformance;
mod cross;
mod decisions;
pub mod describe;
mod deserialize;
mod docs;
mod drill;
mod edit;
mod equivalence;
mod exclusion;
mod extends;
mod failure;
mod faults;
mod format;
mod generated;
mod import;
mod inherit;
mod item;
mod kernels;
mod kinds;
mod known;
pub mod known_file;
mod known_findings;
pub mod limits;
mod load;
mod merge;
mod migration;
mod model;
mod notify;
mod objective;
mod parity;
mod parts;
pub mod pattern;
mod people;
mod position;
mod problem;
mod profile;
mod promotion;
mod rails;
mod read;
mod ready;
mod record;
pub mod register;
mod register_edit;
mod release;
mod results;
pub mod rule;
mod rules;
mod runtime;
mod scalar;
mod schema;
mod secrets;
pub mod section;
mod selector;
mod semantics;
mod slo;
mod stability;
mod stage;
mod suggest;
mod suite;
mod suites;
mod supply;
mod tables;
mod toolchain;
mod uses;
mod validate;
mod value;
mod waiver;
mod waiver_edit;
mod walk;
mod whole;
mod write;

#[cfg(test)]
mod tests;

pub use cache::{CacheMode, CachePolicy};
pub use catalogue::Catalogue;
pub use ci::CiPolicy;
pub use claim::{Claim, EvidenceClass};
pub use conformance::{ConformanceBackend, ConformancePolicy, ConformanceRow, DeferredOperator};
pub use decisions::DecisionPolicy;
pub use docs::DocsPolicy;
pub use edit::quoted;
pub use extends::{Place, Reader, bases, from_disk};
pub use failure::FailurePolicy;
pub use faults::{DrillFault, DrillPolicy, FaultKind, Guarantee, Invariant};
pub use format::rust_version;
pub use generated::GeneratedFiles;
pub use kernels::{KernelBudget, KernelPath, KernelPolicy, KernelScope};
pub use known::KINDS;
pub use known_file::with_known_section;
pub use known_findings::{KNOWN_FINDINGS, KnownEntry, KnownFindings, KnownPolicy, LONGEST_KNOWN_DAYS};
pub use load::{load, load_without_register};
pub use migration::MigrationPolicy;
pub use model::*;
pub use notify::{NotifyPolicy, Sink};
pub use objective::{Fairness, Objective, Prove, SloFormat, SloPolicy};
pub use parity::{AxisPolicy, Divergence, EquivalencePolicy, ExcludedCells, Reference};
pub use problem::{PolicyErrors, Problem};
pub use promotion::PromotionPolicy;
pub use read::FILE_NAME;
pub use register_edit::{Closing, Deferral, NewItem, NewRisk, Weight, append_item, close_item, defer_item, item_toml};
pub use release::{Approval, Deprecation, ReleaseArchive, ReleasePolicy, VersionFile};
pub use results::{CoverageFloor, ImportFormat, ImportLevel, ImportPolicy};
pub use runtime::{PRODUCTION_SUITES, RUNTIME_PACKAGE, RailsPolicy, RuntimePolicy};
#[cfg(feature = "schema")]
pub use schema::generate;
pub use schema::{SCHEMA_URL, prepare, schema_text};
pub use secrets::{PathsPolicy, SecretAllow, SecretsPolicy};
pub use section::Section;
pub use selector::Selector;
pub use semantics::{
    BackendSemantics, Comparison, Denormals, Fma, KnownDelta, NanRule, ReductionOrder, RepresentationException,
    RepresentationPolicy, Rounding, SemanticProperty, SortStability, SourceMapPolicy,
};
pub use stability::{StabilityClass, StabilityPolicy, Surface};
pub use suggest::similar;
pub use suite::{
    Added, BenchMode, BenchPolicy, BenchReference, Better, JsonPolicy, MetricPolicy, ProcessMetric, ReadyPolicy,
};
pub use supply::{AdvisoryAge, SupplyPolicy};
pub use toolchain::{Floor, FloorRelease, ToolchainPolicy};
pub use uses::UsesPolicy;
pub use validate::{validate, validate_at, validate_base};
pub use waiver::{Signatures, waiver_text};
pub use waiver_edit::{Attached, NewWaiver, append_waiver, attach_signature, numbered, waiver_draft, waiver_toml};
pub use write::{Existing, write_atomically};

// schemars' derive where schemas are generated, else one that derives nothing.
#[cfg(not(feature = "schema"))]
use gate_schema::JsonSchema;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
