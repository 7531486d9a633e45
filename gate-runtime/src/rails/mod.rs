//! Rails: the rule that takes a kernel off its native backend while it misbehaves, and brings it back.
//!
//! The [`Controller`] is a pure function. It is fed one [`Window`](crate::window::Window) after another and answers
//! each with a [`Step`]; no clock, no thread and no random number takes part, so the same windows give the same steps
//! on every machine. What a service recorded can therefore be [replayed](replay()).
//!
//! | phase | who computes what the caller gets |
//! | --- | --- |
//! | [`Phase::Native`] | the native backend; a fraction of its calls may be compared with the reference, behind the caller |
//! | [`Phase::Safe`] | the reference; the native backend is left alone |
//! | [`Phase::Probe`] | the native backend, if the reference agrees with it before the caller gets it; else the reference |
//!
//! Dispatch itself compares what a probe computes: there is no probe whose output reaches a caller without a comparison. A program
//! that feeds a [`Governor`] by hand has to do so itself; a probe that nobody compares ends in [`Phase::Safe`], and an operator
//! begins the next one.
//!
//! Four rails look at each window, and the first in this order with enough evidence acts: runtime error, pressure, latency,
//! throughput. Errors and pressure need `consecutive` breached windows in a row; latency and throughput are judged by a
//! sequential test (CUSUM, Page 1954) over at least as many. Acting is of two kinds:
//!
//! - a **rollback** goes to [`Phase::Safe`] at once, whatever dwell and cooldown say. For runtime errors and for
//!   outputs that differ from the reference no setting prevents it. For the other rails `hard_rollback` does;
//! - a **switch** follows the recommendation when the phase has lasted long enough and no cooldown runs. It leads
//!   back to native, and away from it on pressure, latency and throughput where `hard_rollback` is off.
//!
//! The rest in safe lasts `dwell` windows at first, and twice as long each time the kernel has to leave native again. An operator
//! ends it with [`Governor::rearm`].
//!
//! `strict` forbids what depends on measured time: rollbacks and switches because of latency or throughput.
//!
//! ```
//! use gate_runtime::rails::{Controller, Phase, Rails, Settings};
//! use gate_runtime::window::Window;
//!
//! let rails = Rails::new(Settings::default())?;
//! let mut controller = Controller::new(rails);
//! let failing = Window { calls: 64, native: 64, errors: 1, ..Window::default() };
//! assert_eq!(controller.step(&failing).phase, Phase::Native); // once is no pattern
//! assert_eq!(controller.step(&failing).phase, Phase::Safe);
//! assert_eq!(controller.state().rollback_count, 1);
//! # Ok::<(), gate_runtime::rails::InvalidRails>(())
//! ```

mod controller;
mod governor;
mod judge;
mod kernels;
mod observed;
mod policy;
mod replay;
mod sequential;
mod settings;

pub use crate::control::phase::Phase;
pub use controller::{Action, Controller, Recommendation, State, Step};
pub use governor::{Governor, WindowObserver};
pub use judge::{Baseline, Judgement, Rail, Unjudged, Verdict};
pub use kernels::KernelRails;
pub use policy::PolicyError;
pub use replay::{ReplayError, replay};
pub use settings::{FIELDS, Field, InvalidRail, InvalidRails, Rails, Settings, Value};
