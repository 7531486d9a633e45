//! Shadow verification: a fraction of native calls is computed again by the reference, and compared.
//!
//! Which calls are sampled depends on their sequence numbers alone, so a run can be repeated. The comparison is made on
//! a thread of its own, behind the caller; while rails probe, before the caller gets the output. A mismatch is a breach
//! of the runtime error rail, and the digest of the call's inputs is kept, by which the call can be found and repeated.

mod compare;
mod sample;
mod verifier;

pub use compare::{Agreement, Difference, Disagreement, compare, input_digest};
pub use sample::{Fraction, InvalidFraction, Sampler};
pub use verifier::{Mismatch, ShadowCounts, Verifier};
