//! `cargo gate` decides, from evidence, whether a Cargo workspace may enter the next rollout stage.
//!
//! Data goes one way: the world is read once into a [`gate_world::Workspace`], the policy is parsed and validated once
//! into a [`gate_policy::Policy`], the [engine](gate_engine) plans and runs [checks](gate_checks) and [suites](gate_suites), its
//! [verdict](gate_engine::verdict) alone applies waivers and stage rules, and the renderers of [`gate_report`] only read the
//! report model. This crate is the command line on top of them: [`cli`] words the conversation and `main` ends the process.

pub mod cli;
pub mod init;
