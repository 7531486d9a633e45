//! Checks in folders by area, one file each: `lockfile/tracked.rs` is `lockfile.tracked`, with its declaration beside its rule
//! and its page beside both.

mod ratchet;

pub mod api;
pub mod boundary;
pub mod changelog;
pub mod checklist;
pub mod ci;
pub mod claims;
pub mod config;
pub mod conformance;
pub mod decision_log;
pub mod docs;
pub mod environment;
pub mod evidence;
pub mod failure;
pub mod generated;
pub mod git;
pub mod history;
pub mod kernels;
pub mod known;
pub mod lockfile;
pub mod owners;
pub mod paths;
pub mod profile;
pub mod redaction;
pub mod register;
pub mod release;
pub mod run_stats;
pub mod runtime;
pub mod scope;
pub mod secrets;
pub mod stage;
pub mod status;
pub mod supply;
pub mod toolchain;
pub mod waiver;
pub mod warnings;

#[cfg(test)]
mod catalogue;
#[cfg(test)]
pub(crate) mod surveys;

use gate_base::digest::sha256_hex;
use gate_contract::{Check, CheckInfo};
use gate_policy::{Catalogue, Policy};

/// Every built-in check in the order of the catalogue: integrity, stage order, governance, profile policy, boundaries,
/// continuous integration, supply chain, documents, and last those that judge the evaluation itself.
pub const ALL: &[&Check] = &[
    &lockfile::tracked::CHECK,
    &lockfile::fresh::CHECK,
    &lockfile::sources::CHECK,
    &toolchain::pinned::CHECK,
    &toolchain::matches::CHECK,
    &toolchain::msrv::CHECK,
    &toolchain::policy::CHECK,
    &toolchain::floor::CHECK,
    &git::clean::CHECK,
    &config::sanity::CHECK,
    &environment::clean::CHECK,
    &stage::predecessor::CHECK,
    &stage::contract::CHECK,
    &history::consistent::CHECK,
    &register::criticals::CHECK,
    &owners::declared::CHECK,
    &waiver::authority::CHECK,
    &waiver::valid::CHECK,
    &known::findings::CHECK,
    &known::ratchet::CHECK,
    &profile::release::CHECK,
    &profile::tier::CHECK,
    &boundary::raw::CHECK,
    &boundary::safety::CHECK,
    &boundary::inventory::CHECK,
    &ci::locked::CHECK,
    &ci::gate_wired::CHECK,
    &ci::actions_pinned::CHECK,
    &ci::matrix::CHECK,
    &supply::advisories::CHECK,
    &supply::yanked::CHECK,
    &decision_log::valid::CHECK,
    &run_stats::valid::CHECK,
    &runtime::prod::CHECK,
    &evidence::age::CHECK,
    &warnings::reviewed::CHECK,
    &checklist::stage::CHECK,
    &docs::links::CHECK,
    &docs::commands::CHECK,
    &docs::sync::CHECK,
    &generated::declared::CHECK,
    &status::drift::CHECK,
    &failure::panics::CHECK,
    &failure::errors::CHECK,
    &scope::uses::CHECK,
    &kernels::locked::CHECK,
    &kernels::reproducible::CHECK,
    &kernels::budget::CHECK,
    &kernels::path::CHECK,
    &kernels::contract::CHECK,
    &kernels::fallback_coverage::CHECK,
    &kernels::semantics::CHECK,
    &kernels::representation::CHECK,
    &kernels::source_map::CHECK,
    &conformance::matrix::CHECK,
    &conformance::scope::CHECK,
    &conformance::coverage::CHECK,
    &claims::evidence::CHECK,
    &kernels::cache::CHECK,
    &api::deprecations::CHECK,
    &api::stability::CHECK,
    &release::manifest::CHECK,
    &release::migrations::CHECK,
    &changelog::current::CHECK,
    &secrets::tracked::CHECK,
    &paths::local::CHECK,
    &redaction::audit::CHECK,
];

/// What checks may know of each other, in the order of the catalogue.
pub fn infos() -> Vec<CheckInfo> {
    let policy = Policy::default();
    ALL.iter().map(|check| check.info(&policy)).collect()
}

/// What a policy may name.
pub fn catalogue() -> Catalogue {
    let known: Catalogue = ALL.iter().map(|check| (check.id, check.blocks_at)).collect();
    known
        .unwaivable(ALL.iter().filter(|check| !check.waivable).map(|check| check.id))
        .recordable(ALL.iter().filter(|check| check.recordable).map(|check| check.id))
}

/// SHA-256 of the checklist that this version of the tool judges by: one line `id version blocks_at` per built-in
/// check, in the order of the catalogue. Declared suites are part of the policy, which has a digest of its own.
pub fn catalogue_sha256() -> String {
    let line = |check: &&Check| format!("{} {} {}\n", check.id, check.version, check.blocks_at);
    sha256_hex(ALL.iter().map(line).collect::<String>().as_bytes())
}

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == id)
}
