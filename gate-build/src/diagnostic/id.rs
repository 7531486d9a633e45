//! Ids of diagnostics: a closed list of stable codes.

use std::fmt;

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// What a diagnostic is about, as one of a closed list. Codes are frozen: scripts and dashboards may rely on them. New ones may
        /// be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The compiler rejected the source
    SourceRefused = "source_refused",
    /// The compiler does not support the architecture, usually because it is too old
    ArchUnsupported = "arch_unsupported",
    /// A flag in build.rs has no equivalent in the compiler, or the compiler does not recognize it
    FlagUnsupported = "flag_unsupported",
    /// No compiler found: an error if one was requested, else a warning that no GPU kernels are built
    CompilerMissing = "compiler_missing",
    /// The compiler that was asked for is not the kind of compiler that made the lock
    OtherCompiler = "other_compiler",
    /// The compiler was found but cannot be read, loaded or started, or does not print its version
    CompilerUnusable = "compiler_unusable",
    /// The compiler crashed
    CompilerCrashed = "compiler_crashed",
    /// The system killed the compiler, usually because memory ran out
    CompilerKilled = "compiler_killed",
    /// The compiler exceeded the time limit `GATE_KERNEL_TIMEOUT`
    CompilerTimeout = "compiler_timeout",
    /// The compiler reported success but wrote no PTX, or not what else was asked for
    CompilerOutput = "compiler_output",
    /// A static library of kernels could not be linked
    LibraryFailed = "library_failed",
    /// The compiler found no supported C++ compiler for the host
    HostCompiler = "host_compiler",
    /// The `core` library of the target is missing and cannot be compiled
    CoreLibrary = "core_library",
    /// A kernel uses libdevice, but libdevice or the LLVM tools that link it are missing or failed
    Libdevice = "libdevice",
    /// A warning from the compiler
    CompilerWarning = "compiler_warning",
    /// Compiled or locked PTX cannot be parsed
    PtxInvalid = "ptx_invalid",
    /// ptxas rejected the PTX, or its output cannot be parsed
    PtxasFailed = "ptxas_failed",
    /// A kernel exceeds its resource budget
    BudgetExceeded = "budget_exceeded",
    /// A budget is declared for a kernel that does not exist
    BudgetUnknownKernel = "budget_unknown_kernel",
    /// Budgets were not checked because ptxas was not found
    BudgetUnchecked = "budget_unchecked",
    /// `kernels.lock` is required but does not exist
    LockMissing = "lock_missing",
    /// `kernels.lock` cannot be read or parsed, or is inconsistent
    LockInvalid = "lock_invalid",
    /// `kernels.lock` has no PTX for a unit on an architecture
    LockIncomplete = "lock_incomplete",
    /// A source is missing or differs from the locked one
    SourceChanged = "source_changed",
    /// The flags in build.rs differ from those of the locked PTX
    FlagsChanged = "flags_changed",
    /// A locked PTX file is missing or cannot be read
    PtxMissing = "ptx_missing",
    /// A PTX file differs from the lock
    PtxChanged = "ptx_changed",
    /// A path in the lock points outside the crate
    PathEscapes = "path_escapes",
    /// The entries of a PTX file differ from the lock
    EntriesDiffer = "entries_differ",
    /// The compiler does not reproduce the locked PTX
    LockNotReproduced = "lock_not_reproduced",
    /// A companion in C or C++ failed to compile
    CompanionFailed = "companion_failed",
    /// The remote store was not used, or returned a damaged entry
    RemoteStore = "remote_store",
    /// build.rs or an environment variable has an invalid value
    Configuration = "configuration",
    /// A file or directory could not be read or written
    FileAccess = "file_access",
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
