//! Kernels that compute the same bits on the CPU and, as PTX, on a GPU.
//!
//! | kernel | formula | types |
//! | --- | --- | --- |
//! | [`axpy`] | `y ← a·x + y` | `f16`, `bf16`, `f32`, `f64` |
//! | [`sum`], [`extremes`] | `Σ xᵢ`; smallest and largest | `f16`, `bf16`, `f32`, `f64` |
//! | [`segmented_sum`] | `Σ` over each segment | `f16`, `bf16`, `f32`, `f64` |
//! | [`inclusive_sum`], [`exclusive_sum`] | running sums | `u32`, `u64`, `f32`, `f64` |
//! | [`softmax`] | `e^(xᵢ − max) / Σ e^(xⱼ − max)` of rows | `f16`, `bf16`, `f32` |
//! | [`rms_norm`] | `wᵢ·xᵢ / √(mean x² + ε)` of rows | `f16`, `bf16`, `f32` |
//! | [`matmul`] | `C = A·B` | `f32` |
//! | [`histogram_u8`] | how often each byte occurs | `u8` |
//! | [`sort_keys`], [`stable_order`] | integers that sort like the numbers; the order itself | `i32`, `i64`, `f32`, `f64` |
//! | [`compare`] | largest absolute and relative error, distances in units in the last place, mismatches | `f16`, `bf16`, `f32`, `f64` |
//! | [`minhash`] | signature of a set of hashes | `u64` |
//! | [`bootstrap_means`] | means of resamples | `f64` |
//! | [`rank_counts`] | pairs in which the second is smaller, or equal | `f64` |
//!
//! A kernel refuses bad arguments with a [`gate_runtime::Status`] before it writes anything: after any status but
//! [`Ok`](gate_runtime::Status::Ok) its outputs are what they were. On the CPU it runs on the threads of the current
//! [rayon](https://docs.rs/rayon) pool and with the widest vectors of the machine; neither changes a bit of the result.

mod axpy;
mod bits;
mod body;
mod bootstrap;
mod compare;
mod cpu;
mod histogram;
mod keys;
mod matmul;
mod minhash;
mod rank;
mod reduce;
mod registry;
mod rms_norm;
mod scan;
mod softmax;

pub use axpy::axpy;
pub use body::element::{Bf16, Element, F16, Summand, Wide};
pub use body::keys::SortKey;
pub use bootstrap::bootstrap_means;
pub use compare::{Comparison, DISTANCES, compare};
pub use histogram::{BINS, histogram_u8};
pub use keys::{sort_keys, stable_order};
pub use matmul::matmul;
pub use minhash::{minhash, resemblance};
pub use rank::{RankCounts, rank_counts};
pub use reduce::{extremes, segmented_sum, sum};
pub use registry::{KERNELS, MODULE};
pub use rms_norm::rms_norm;
pub use scan::{exclusive_sum, inclusive_sum};
pub use softmax::softmax;
