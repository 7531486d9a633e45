//! Evidence: the content-addressed store, run directories, the hash chain over them, and their verification.

pub mod age;
pub mod attested;
pub mod bundle;
pub mod event;
pub mod expected;
pub mod history;
pub mod lock;
pub mod merge;
mod model;
mod own;
pub mod readiness;
pub mod record;
pub mod run_dir;
pub mod signature;
pub mod store;
pub mod terms;
pub mod verify;

pub use model::{Evidence, EvidenceFile, EvidenceResult, Read};
