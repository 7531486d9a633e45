//! Ids of diagnostics: a closed list of stable codes.

use std::fmt;

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// What a diagnostic is about, as one of a closed list. Codes are frozen: scripts and dashboards may rely on them. New ones may
        /// be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Id {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Id {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Stable code: `compiler_crashed`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+),)+
                }
            }
        }
    };
}

ids! {
    /// The compiler does not accept the source
    SourceRefused = "source_refused",
    /// The compiler does not know the architecture, mostly because it is too old
    ArchUnsupported = "arch_unsupported",
    /// A flag of build.rs has no counterpart in the compiler, or one it does not know
    FlagUnsupported = "flag_unsupported",
    /// No compiler is there: an error where one was asked for, else a warning that nothing is built for the GPU
    CompilerMissing = "compiler_missing",
    /// The compiler is there and does not answer like one, or cannot be read, loaded or started
    CompilerUnusable = "compiler_unusable",
    /// The compiler crashed
    CompilerCrashed = "compiler_crashed",
    /// The system ended the compiler, mostly because memory ran out
    CompilerKilled = "compiler_killed",
    /// The compiler did not end within `GATE_KERNEL_TIMEOUT` and was stopped
    CompilerTimeout = "compiler_timeout",
    /// The compiler reports success and wrote something else than what was asked for
    CompilerOutput = "compiler_output",
    /// The compiler needs a C++ compiler for the host and has none that it supports
    HostCompiler = "host_compiler",
    /// The `core` library of the target cannot be had or compiled
    CoreLibrary = "core_library",
    /// A function of libdevice is used, and libdevice or the LLVM tools that link it are missing or refuse it
    Libdevice = "libdevice",
    /// A warning of the compiler, passed on
    CompilerWarning = "compiler_warning",
    /// PTX that was just compiled or locked cannot be understood
    PtxInvalid = "ptx_invalid",
    /// ptxas is there and does not answer like one, or does not accept the PTX
    PtxasFailed = "ptxas_failed",
    /// A kernel takes more of the hardware than its budget
    BudgetExceeded = "budget_exceeded",
    /// There is a budget for a kernel that nobody has
    BudgetUnknownKernel = "budget_unknown_kernel",
    /// Budgets were not compared, because there is no ptxas
    BudgetUnchecked = "budget_unchecked",
    /// `kernels.lock` is wanted and is not there
    LockMissing = "lock_missing",
    /// `kernels.lock` cannot be read or understood, or contradicts itself
    LockInvalid = "lock_invalid",
    /// `kernels.lock` has no PTX of a unit for an architecture
    LockIncomplete = "lock_incomplete",
    /// A source is missing or differs from the one that was locked
    SourceChanged = "source_changed",
    /// build.rs has other flags than those with which the locked PTX was compiled
    FlagsChanged = "flags_changed",
    /// A locked PTX file is missing or cannot be read
    PtxMissing = "ptx_missing",
    /// A locked PTX file differs from the one that was locked
    PtxChanged = "ptx_changed",
    /// A path of the lock leads out of the crate
    PathEscapes = "path_escapes",
    /// The entries of a PTX file are not those of the lock
    EntriesDiffer = "entries_differ",
    /// The compiler does not write again what is locked
    LockNotReproduced = "lock_not_reproduced",
    /// A companion in C or C++ was not compiled
    CompanionFailed = "companion_failed",
    /// The remote store was not used, or gave something that it should not
    RemoteStore = "remote_store",
    /// build.rs or a variable asks for something that cannot be
    Configuration = "configuration",
    /// A file or a folder could not be read or written
    FileAccess = "file_access",
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
