//! Shadow verification: a fraction of native calls is computed again by the reference, and compared.
//!
//! Which calls of a kernel are sampled depends on their sequence numbers alone, so a run can be repeated. The comparison is
//! made on a thread of its own, behind the caller. It is counted where the call was made: at the switch that its kernel and
//! its tenant obey, so a mismatch is a breach of their runtime error rail and of no other. The digest of the call's inputs is
//! kept, by which the call can be found and repeated. Probes need no shadow: dispatch compares them itself, before the caller
//! gets the output.

mod sample;
mod verifier;

pub use crate::compare::{Agreement, Difference, Disagreement, Finding, compare, input_digest};
pub use sample::{Fraction, InvalidFraction, Sampler};
pub use verifier::{Mismatch, ShadowCounts, Verifier};
