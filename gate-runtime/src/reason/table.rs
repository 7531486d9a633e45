//! The closed list of reason codes.

use std::fmt;
use std::str::FromStr;

use crate::Status;

/// Version of the list of reasons. Adding a code leaves it; renaming, renumbering or removing one raises it, together with
/// the schema versions of the decision log and the run stats.
pub const REASONS_VERSION: u32 = 1;

/// What a [`Reason`] says something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonKind {
    /// The native backend did the work.
    Native,
    /// Another backend did the work instead of the native one; the output is complete.
    Fallback,
    /// What happened in the native backend: stands behind a fallback or an error.
    Device,
    /// A call that does not keep the kernel's contract; nothing ran and outputs are untouched.
    Contract,
    /// A module that is not what it claims to be; it was not loaded.
    Verify,
    /// A precondition that is checked again before every launch.
    Guard,
    /// The work failed; outputs are not to be used.
    Failure,
    /// Something that happened to the runtime rather than to one call.
    Event,
}

impl ReasonKind {
    /// Every kind, in the order of the reference page.
    pub const ALL: [ReasonKind; 8] = [
        ReasonKind::Native,
        ReasonKind::Fallback,
        ReasonKind::Device,
        ReasonKind::Contract,
        ReasonKind::Verify,
        ReasonKind::Guard,
        ReasonKind::Failure,
        ReasonKind::Event,
    ];

    /// Name of the kind in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ReasonKind::Native => "native",
            ReasonKind::Fallback => "fallback",
            ReasonKind::Device => "device",
            ReasonKind::Contract => "contract",
            ReasonKind::Verify => "verify",
            ReasonKind::Guard => "guard",
            ReasonKind::Failure => "failure",
            ReasonKind::Event => "event",
        }
    }
}

macro_rules! reasons {
    ($(#[doc = $meaning:literal] $name:ident = $number:literal, $code:literal, $kind:ident, $status:ident;)*) => {
        /// Why a dispatch ended as it did. Numbers and codes are frozen within [`REASONS_VERSION`]: logs store them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $meaning] $name = $number,)*
        }

        impl Reason {
            /// Every reason, in ascending order of its number.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// The stable code, in snake case. [`Reason::RuntimeError`] is written with the driver's number behind it,
            /// see [`Cause`](crate::reason::Cause).
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)* }
            }

            /// What the code means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$name => $meaning.trim_ascii(),)* }
            }

            /// What it says something about.
            #[must_use]
            pub const fn kind(self) -> ReasonKind {
                match self { $(Reason::$name => ReasonKind::$kind,)* }
            }

            /// The status of a call that ends in an error for this reason first.
            pub const fn status(self) -> Status {
                match self { $(Reason::$name => Status::$status,)* }
            }

            /// The reason with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Reason> {
                match number { $($number => Some(Reason::$name),)* _ => None }
            }

            /// The reason with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Reason> {
                match code { $($code => Some(Reason::$name),)* _ => None }
            }
        }
    };
}

reasons! {
    /// The native backend ran the kernel
    Native = 0, "native", Native, Ok;

    /// The configuration requests the CPU
    NotRequested = 10, "not_requested", Fallback, Ok;
    /// `GATE_CUDA_DISABLE` is set
    DisabledByEnv = 11, "disabled_by_env", Fallback, Ok;
    /// The crate was built without its feature `cuda`
    RuntimeNotBuilt = 12, "runtime_not_built", Fallback, Ok;
    /// The CUDA driver library is not installed or is too old
    NoDriver = 13, "no_driver", Fallback, Ok;
    /// The driver reports no device
    NoDevice = 14, "no_device", Fallback, Ok;
    /// `GATE_CUDA_FORCE_FALLBACK` is set
    ForcedFallback = 15, "forced_fallback", Fallback, Ok;
    /// The kernel has no native variant that this device can run; the next cause explains why
    NativeUnsupportedFallback = 16, "native_unsupported_fallback", Fallback, Ok;
    /// The native backend failed; the next cause explains where
    NativeFailedFallback = 17, "native_failed_fallback", Fallback, Ok;
    /// The rails or an operator keep this kernel in safe mode
    SafeMode = 18, "safe_mode", Fallback, Ok;
    /// The kernel is registered without a native variant
    NoNativeVariant = 19, "no_native_variant", Fallback, Ok;
    /// Kernels were switched off when the crate was built (`GATE_KERNELS=off`)
    KernelsOff = 20, "kernels_off", Fallback, Ok;
    /// No kernel compiler was found when the crate was built, and nothing was locked
    NoCompiler = 21, "no_compiler", Fallback, Ok;
    /// The build has no PTX for this module
    NativeUnavailable = 22, "native_unavailable", Fallback, Ok;

    /// A dimension is zero, which the contract allows but no device can launch
    EmptyLaunch = 23, "empty_launch", Fallback, Ok;

    /// The driver reported this number, which follows the code: `runtime_error_719`
    RuntimeError = 40, "runtime_error", Device, RuntimeFailed;
    /// No image was compiled for this architecture or an older one
    ArchUnsupported = 41, "arch_unsupported", Device, CompileFailed;
    /// The driver is too old for the PTX version of every image that would fit
    IsaUnsupported = 42, "isa_unsupported", Device, CompileFailed;
    /// The driver rejected the module, or the module has no entry of that name
    ModuleLoadFailed = 43, "module_load_failed", Device, CompileFailed;
    /// The device has no memory left for the buffers
    OutOfMemory = 44, "out_of_memory", Device, RuntimeFailed;
    /// Inputs could not be copied to the device
    CopyInFailed = 45, "copy_in_failed", Device, RuntimeFailed;
    /// The driver rejected the launch
    LaunchFailed = 46, "launch_failed", Device, RuntimeFailed;
    /// Waiting for the kernel failed
    SyncFailed = 47, "sync_failed", Device, RuntimeFailed;
    /// Outputs could not be copied back
    CopyOutFailed = 48, "copy_out_failed", Device, RuntimeFailed;
    /// The device context is lost after an earlier failure
    DeviceLost = 49, "device_lost", Device, RuntimeFailed;
    /// The native output differs from the reference by more than the kernel's tolerance
    OutputMismatch = 50, "output_mismatch", Device, RuntimeFailed;
    /// The code around the driver panicked; the panic was contained
    NativePanicked = 51, "native_panicked", Device, RuntimeFailed;

    /// No kernel is registered under this name
    UnknownKernel = 70, "unknown_kernel", Contract, InvalidArgument;
    /// The number of inputs and scalars differs from the contract
    InputCountMismatch = 71, "input_count_mismatch", Contract, InvalidArgument;
    /// The element type of an input or scalar differs from the contract
    InputDtypeMismatch = 72, "input_dtype_mismatch", Contract, InvalidArgument;
    /// The contract does not allow the rank or a dimension of an input
    InputShapeMismatch = 73, "input_shape_mismatch", Contract, InvalidArgument;
    /// The size of an input buffer does not match its shape
    InputSizeMismatch = 74, "input_size_mismatch", Contract, InvalidArgument;
    /// A buffer is missing: a null pointer was passed
    InputUnavailable = 75, "input_unavailable", Contract, InvalidArgument;
    /// The number of outputs differs from the contract
    OutputCountMismatch = 76, "output_count_mismatch", Contract, InvalidArgument;
    /// The element type of an output differs from the contract
    OutputDtypeMismatch = 77, "output_dtype_mismatch", Contract, InvalidArgument;
    /// The contract does not allow the rank or a dimension of an output
    OutputShapeMismatch = 78, "output_shape_mismatch", Contract, InvalidArgument;
    /// The size of an output buffer does not match its shape
    OutputSizeMismatch = 79, "output_size_mismatch", Contract, InvalidArgument;
    /// The order of inputs and outputs differs from the contract
    ArgumentRoleMismatch = 80, "argument_role_mismatch", Contract, InvalidArgument;
    /// A buffer does not have the alignment that the contract requires
    MisalignedBuffer = 81, "misaligned_buffer", Contract, InvalidArgument;
    /// An output overlaps another buffer of the call
    AliasedBuffers = 82, "aliased_buffers", Contract, InvalidArgument;
    /// A dimension is zero, which the contract does not allow
    ZeroSizeLaunch = 83, "zero_size_launch", Contract, InvalidArgument;
    /// Block, grid, shared memory or the bytes of all buffers exceed the contract's limits
    LaunchLimitExceeded = 84, "launch_limit_exceeded", Contract, InvalidArgument;
    /// A scalar is not finite, or below the least value that the contract allows
    ScalarOutOfRange = 85, "scalar_out_of_range", Contract, InvalidArgument;

    /// The module has no image, or an image has no text
    EmptyModule = 100, "empty_module", Verify, VerifyFailed;
    /// The SHA-256 of the text differs from the one recorded at build time
    DigestMismatch = 101, "digest_mismatch", Verify, VerifyFailed;
    /// The compressed text cannot be unpacked, or exceeds the size limit
    DecodeFailed = 102, "decode_failed", Verify, VerifyFailed;
    /// The text is not PTX
    MalformedPtx = 103, "malformed_ptx", Verify, VerifyFailed;
    /// The text has no entry of this name
    EntryMissing = 104, "entry_missing", Verify, VerifyFailed;
    /// The parameters of the entry differ from the manifest or the contract
    ParameterMismatch = 105, "parameter_mismatch", Verify, VerifyFailed;
    /// The PTX version of the text is newer than the module declares
    IsaAboveFloor = 106, "isa_above_floor", Verify, VerifyFailed;
    /// The text targets a different architecture than the module declares
    TargetMismatch = 107, "target_mismatch", Verify, VerifyFailed;
    /// The contract is inconsistent
    ContractInvalid = 108, "contract_invalid", Verify, VerifyFailed;
    /// A kernel of this name is already registered
    DuplicateKernel = 109, "duplicate_kernel", Verify, InvalidArgument;

    /// The loaded module differs from the verified one
    FingerprintMismatch = 120, "fingerprint_mismatch", Guard, RuntimeFailed;

    /// `GATE_CUDA_FORCE_ERROR` is set
    ForcedError = 130, "forced_error", Failure, RuntimeFailed;
    /// The native backend failed, and so did the CPU fallback; both causes follow
    CpuFallbackFailed = 131, "cpu_fallback_failed", Failure, RuntimeFailed;
    /// The CPU function rejected its arguments
    KernelRefused = 132, "kernel_refused", Failure, InvalidArgument;
    /// The CPU function returned a status other than `OK`
    KernelFailed = 133, "kernel_failed", Failure, RuntimeFailed;
    /// The CPU function panicked; the panic was contained
    KernelPanicked = 134, "kernel_panicked", Failure, RuntimeFailed;

    /// A reload failed, and the previously loaded module stays in use
    KeptLastKnownGood = 150, "kept_last_known_good", Event, CompileFailed;
    /// A module was replaced while the runtime kept running
    ModuleReloaded = 151, "module_reloaded", Event, Ok;
    /// The device was reopened after it was lost
    DeviceReopened = 152, "device_reopened", Event, Ok;
}

impl Reason {
    /// Whether an outcome may be `Fallback` with this reason first.
    #[must_use]
    pub const fn is_fallback(self) -> bool {
        matches!(self.kind(), ReasonKind::Fallback)
    }

    /// Whether a call that ends for this reason first left outputs as they were.
    #[must_use]
    pub const fn leaves_outputs_untouched(self) -> bool {
        matches!(
            self.kind(),
            ReasonKind::Contract | ReasonKind::Verify | ReasonKind::Guard
        ) || matches!(self, Reason::ForcedError)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Reason {
    type Err = ParseReasonError;

    fn from_str(code: &str) -> Result<Self, ParseReasonError> {
        Reason::from_code(code).ok_or(ParseReasonError)
    }
}

/// A text that is not the code of a [`Reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParseReasonError;

impl fmt::Display for ParseReasonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the code of a reason")
    }
}

impl std::error::Error for ParseReasonError {}
