//! The language server: `cargo gate lsp`, for editors that speak the Language Server Protocol 3.17.
//!
//! ```text
//! stdin ─► framing ─► session ─► stdout         session: one message in, messages out; reads files, starts nothing
//!                      │    ▲
//!                      ▼    │ results
//!                    background: compilers, one process at a time, ended when their answer is no longer wanted
//! ```
//!
//! Positions of the protocol count UTF-16 code units; [`text`] alone knows that. What is shown of a file is made of parts with
//! one owner each: errors of the policy, findings of the last run, the state of a kernel lock, and what compilers say.

pub mod actions;
pub mod background;
pub mod diagnostics;
pub mod findings;
pub mod framing;
pub mod gate_toml;
pub mod kernel;
pub mod paths;
pub mod serve;
pub mod session;
pub mod text;

#[cfg(test)]
mod tests;

pub use serve::{Setup, serve};
