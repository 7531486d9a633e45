//! Builds of crates with kernels, from the builder to what cargo gets.

mod clang;
mod companions;
mod cuda_builder;
mod diagnostics;
mod failures;
mod headers;
mod incremental;
mod locked;
mod parallel;
mod products;
mod remote;
mod rust_kernels;
mod stale;
mod store;
mod support;
mod targets;
