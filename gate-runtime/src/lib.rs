#![doc = include_str!("../README.md")]

pub mod argument;
pub mod backend;
mod catalog;
mod compare;
mod contain;
pub mod contract;
pub mod control;
mod counters;
pub mod decision_log;
pub mod dispatch;
pub mod executor;
pub mod fault;
#[cfg(feature = "ffi")]
pub mod ffi;
mod fields;
mod journal;
pub mod kernel;
#[cfg(loom)]
pub mod models;
pub mod module;
pub mod observe;
pub mod plan;
pub mod rails;
pub mod reason;
pub mod reload;
pub mod runtime;
pub mod shadow;
mod shared;
mod spec;
pub mod stats;
mod status;
mod sync;
pub mod window;

pub use argument::{Arg, DType, Scalar, Shape, View, ViewMut};
pub use contract::{Contract, Dim, Geometry, LaunchLimits, Param, Pass, Tolerance};
pub use control::{Control, ControlState, Mode, RailReason};
pub use dispatch::{Backend, Dispatch, Outcome};
pub use fault::Faults;
pub use kernel::{CpuFn, Kernel, KernelSpec, Variant};
pub use module::{Encoding, EntryImage, ModuleImage, ParamType, Provenance, PtxImage};
pub use reason::{Cause, Causes, Reason, ReasonKind};
pub use runtime::{Builder, Runtime};
pub use status::{ParseStatusError, Status, UnknownStatus};
