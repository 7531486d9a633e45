//! `cargo gate` decides, from evidence, whether a Cargo workspace may enter the next rollout stage.
//!
//! Data goes one way: the world is read once into a [`workspace::Workspace`], the policy is parsed and validated once
//! into a [`policy::Policy`], the [`engine`] plans and runs [`checks`] and [`suites`], the [`verdict`] alone applies
//! waivers and stage rules, and the renderers of [`report`] only read the report model.
//!
//! The library neither prints nor exits; [`cli`] words the conversation and `main` ends the process.

pub use gate_base as base;
pub use gate_checks as checks;
pub use gate_ci as ci;
pub mod cli;
pub use gate_contract as contract;
pub use gate_engine as engine;
pub use gate_evidence as evidence;
pub use gate_govern::closeout;
pub use gate_gpu::dispatches;
pub use gate_report::group;
pub mod init;
pub use gate_base::process;
pub use gate_engine::verdict;
pub use gate_govern::migration;
pub use gate_govern::promotion;
pub use gate_gpu::kernels;
pub use gate_gpu::remote;
#[cfg(feature = "lsp")]
pub use gate_lsp as lsp;
pub use gate_policy as policy;
pub use gate_report as report;
pub use gate_report::redact;
pub use gate_report::rollout;
pub use gate_rust as rust;
pub use gate_suites as suites;
pub use gate_surveys as surveys;
pub use gate_surveys::stability;
pub use gate_surveys::supply;
pub use gate_text::markdown;
pub use gate_text::secrets;
pub use gate_world as workspace;
