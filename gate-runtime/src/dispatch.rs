//! What a launch ended in.

use std::fmt;

use crate::contract::Violation;
use crate::{Causes, Reason, Status};

/// What executes a kernel. Numbers are frozen: programs in C use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Backend {
    /// The registered Rust function.
    Cpu = 0,
    /// A CUDA device, through its driver.
    Cuda = 1,
}

impl Backend {
    /// Name in logs: `cpu`, `cuda`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Cpu => "cpu",
            Backend::Cuda => "cuda",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The three ways in which a launch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an error leaves outputs that are not to be used"]
pub enum Outcome {
    /// The native backend did the work; outputs are complete.
    Native,
    /// The CPU function did the work; outputs are complete. The first cause is of kind
    /// [`Fallback`](crate::ReasonKind::Fallback).
    Fallback(Causes),
    /// The work was not done.
    Error(Causes),
}

impl Outcome {
    /// The status of the call: `OK` for the first two.
    pub const fn status(&self) -> Status {
        match self {
            Outcome::Native | Outcome::Fallback(_) => Status::Ok,
            Outcome::Error(causes) => causes.first().status(),
        }
    }

    /// The outermost reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Outcome::Native => Reason::Native,
            Outcome::Fallback(causes) | Outcome::Error(causes) => causes.first(),
        }
    }

    /// The whole chain; [`Reason::Native`] alone for the first.
    #[must_use]
    pub fn causes(&self) -> Causes {
        match self {
            Outcome::Native => Causes::of(Reason::Native),
            Outcome::Fallback(causes) | Outcome::Error(causes) => *causes,
        }
    }

    /// `native`, `fallback` or `error`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Outcome::Native => "native",
            Outcome::Fallback(_) => "fallback",
            Outcome::Error(_) => "error",
        }
    }

    /// Whether the work was done.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        !matches!(self, Outcome::Error(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Native => f.write_str("native"),
            Outcome::Fallback(causes) => write!(f, "fallback ({causes})"),
            Outcome::Error(causes) => write!(f, "error ({causes})"),
        }
    }
}

/// What a launch left in its output buffers. Numbers are frozen: programs in C use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outputs {
    /// The result.
    Complete = 0,
    /// What was there before the call.
    Untouched = 1,
    /// Neither: part of the work was done before it failed.
    Undefined = 2,
}

/// What happened on the way, in the words of the native backend. Durations are 0 for what did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trace {
    /// The native backend was asked for by configuration and mode.
    pub requested: bool,
    /// The native backend was there.
    pub available: bool,
    /// The CPU function was called.
    pub fallback_to_cpu: bool,
    /// The launch came from a recorded graph. Always `false`: this version records none.
    pub graph_replayed: bool,
    /// The module was loaded already. `false` where none was needed.
    pub cache_hit: bool,
    /// Loading the module took longer than the budget.
    pub budget_exceeded: bool,
    /// The native output was compared with the CPU function's before the caller got it: the call was a probe.
    pub compared: bool,
    /// Copying inputs to the device, in nanoseconds.
    pub copy_in_ns: u64,
    /// Handing the kernel to the driver, in nanoseconds. The call is asynchronous: the kernel itself runs while it is waited for.
    pub launch_ns: u64,
    /// Waiting for it, in nanoseconds.
    pub sync_ns: u64,
    /// Copying outputs back, in nanoseconds.
    pub copy_out_ns: u64,
    /// Loading the module, in nanoseconds; 0 for a hit.
    pub compile_ns: u64,
}

/// The result of a launch.
#[derive(Debug, Clone, Copy)]
#[must_use = "an error leaves outputs that are not to be used"]
pub struct Dispatch {
    /// How it ended.
    pub outcome: Outcome,
    /// What executed the kernel, or was to execute it when the call failed.
    pub backend: Backend,
    /// What is in the output buffers now.
    pub outputs: Outputs,
    /// From call to return, in nanoseconds.
    pub latency_ns: u64,
    /// What happened on the way.
    pub trace: Trace,
    /// Which argument the contract refused, what it expects, and what was given.
    pub violation: Option<Violation>,
}

impl Dispatch {
    /// The status of the call.
    pub const fn status(&self) -> Status {
        self.outcome.status()
    }

    /// Whether the work was done.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.outcome.is_ok()
    }

    /// The call as a `Result`, for `?`.
    ///
    /// # Errors
    /// The causes of [`Outcome::Error`].
    pub const fn ok(&self) -> Result<(), LaunchError> {
        match self.outcome {
            Outcome::Error(causes) => Err(LaunchError {
                causes,
                outputs: self.outputs,
                violation: self.violation,
            }),
            _ => Ok(()),
        }
    }
}

/// A launch that failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaunchError {
    /// Why, the outermost first.
    pub causes: Causes,
    /// What is in the output buffers now.
    pub outputs: Outputs,
    /// Which argument the contract refused, what it expects, and what was given.
    pub violation: Option<Violation>,
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.causes.first();
        write!(f, "{}: {}", reason.status(), reason.meaning())?;
        if let Some(violation) = &self.violation {
            write!(f, ": {violation}")?;
        }
        write!(f, " ({})", self.causes)
    }
}

impl std::error::Error for LaunchError {}
