//! What the backend needs of a driver.

use std::fmt;

use crate::argument::ArgDesc;
use crate::contract::{Contract, Geometry, MAX_ARGS};
use crate::reason::{Cause, Reason};
use crate::spec::CpuFn;

use super::Device;

/// Most parameters of a native launch: an address and a length for each argument.
pub const MAX_PARAMS: usize = 2 * MAX_ARGS;

/// A module in a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModuleId(pub u64);

/// A function of a module in a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FunctionId(pub u64);

/// Address of a buffer on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DevicePointer(pub u64);

/// A number of the driver interface (`CUresult`). Never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DriverError(pub u32);

impl DriverError {
    /// `CUDA_ERROR_OUT_OF_MEMORY`.
    pub const OUT_OF_MEMORY: DriverError = DriverError(2);
    /// `CUDA_ERROR_DEINITIALIZED`.
    pub const DEINITIALIZED: DriverError = DriverError(4);
    /// `CUDA_ERROR_INVALID_PTX`.
    pub const INVALID_PTX: DriverError = DriverError(218);
    /// `CUDA_ERROR_NOT_FOUND`.
    pub const NOT_FOUND: DriverError = DriverError(500);
    /// `CUDA_ERROR_ILLEGAL_ADDRESS`.
    pub const ILLEGAL_ADDRESS: DriverError = DriverError(700);
    /// `CUDA_ERROR_LAUNCH_FAILED`.
    pub const LAUNCH_FAILED: DriverError = DriverError(719);

    /// Whether no later call in this context can succeed. The driver's documentation says of these that the context is left
    /// in an inconsistent state, or that the device is gone.
    #[must_use]
    pub const fn loses_device(self) -> bool {
        matches!(
            self.0,
            // deinitialised, context destroyed, hardware: uncorrectable ECC, NVLink, launch timeout, assert, exceptions of
            // the device, launch failed, unknown.
            4 | 46 | 201 | 214 | 220 | 700 | 702 | 709 | 710 | 714..=720 | 999
        )
    }

    /// Whether the driver refuses a module for what it is: it would refuse the same bytes again. The driver's documentation says so of
    /// invalid images, PTX and sources, of images without code for the device, of PTX versions that it does not support, and of
    /// names that are not found.
    #[must_use]
    pub const fn refuses_module(self) -> bool {
        matches!(self.0, 200 | 209 | 218 | 222 | 300 | 500)
    }

    /// The reason it is reported under, for a failure in `step`.
    #[must_use]
    pub(crate) const fn reason(self, step: Reason) -> Reason {
        match self {
            DriverError::OUT_OF_MEMORY => Reason::OutOfMemory,
            _ => step,
        }
    }
}

impl From<DriverError> for Cause {
    fn from(error: DriverError) -> Cause {
        Cause::driver(error.0)
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CUDA driver error {}", self.0)
    }
}

impl std::error::Error for DriverError {}

/// Why no device could be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The crate was built without its feature `cuda`.
    NotBuilt,
    /// The driver library is not installed, or lacks what is needed.
    NoDriver,
    /// There is a driver and no device, or the driver failed with this number.
    NoDevice(Option<DriverError>),
}

impl OpenError {
    /// The fallback reason it stands for.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            OpenError::NotBuilt => Reason::RuntimeNotBuilt,
            OpenError::NoDriver => Reason::NoDriver,
            OpenError::NoDevice(_) => Reason::NoDevice,
        }
    }
}

/// One parameter as the kernel gets it: up to eight bytes in the device's byte order, which is the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaunchParam {
    /// The bytes; those behind the parameter's size do not matter.
    pub bytes: [u8; 8],
}

impl From<u64> for LaunchParam {
    fn from(value: u64) -> LaunchParam {
        LaunchParam {
            bytes: value.to_ne_bytes(),
        }
    }
}

/// Everything about one launch.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// What to run.
    pub function: FunctionId,
    /// How it is cut into blocks.
    pub geometry: Geometry,
    /// Its parameters, in the order of the entry.
    pub params: &'a [LaunchParam],
    /// The arguments of the call. Real drivers have no use for them.
    pub args: &'a [ArgDesc],
}

/// A device behind its driver. Calls come from any thread. [`load`](Driver::load), [`function`](Driver::function) and
/// [`bind`](Driver::bind), one at a time, run next to the other calls, of which there is one at a time as well.
pub trait Driver: Send + Sync {
    /// What the device is.
    fn device(&self) -> &Device;

    /// Loads PTX text, which the driver compiles.
    ///
    /// # Errors
    /// The driver's number.
    fn load(&self, text: &[u8]) -> Result<ModuleId, DriverError>;

    /// Unloads a module, of which nothing runs and nothing will be launched. What goes wrong here shows in the next call.
    fn unload(&self, module: ModuleId);

    /// Finds an entry of a loaded module.
    ///
    /// # Errors
    /// The driver's number.
    fn function(&self, module: ModuleId, entry: &str) -> Result<FunctionId, DriverError>;

    /// Tells what a function stands for. Only a simulated driver has use for it.
    fn bind(&self, _function: FunctionId, _contract: &'static Contract, _cpu: CpuFn) {}

    /// Allocates a buffer; `bytes` is not 0.
    ///
    /// # Errors
    /// The driver's number.
    fn allocate(&self, bytes: usize) -> Result<DevicePointer, DriverError>;

    /// Frees a buffer. What goes wrong here shows in the next call.
    fn free(&self, pointer: DevicePointer);

    /// Copies to the device, and returns when `from` may be changed again.
    ///
    /// # Errors
    /// The driver's number.
    fn copy_in(&self, to: DevicePointer, from: &[u8]) -> Result<(), DriverError>;

    /// Starts a kernel.
    ///
    /// # Errors
    /// The driver's number.
    fn launch(&self, launch: &Launch<'_>) -> Result<(), DriverError>;

    /// Waits until everything that was started has ended.
    ///
    /// # Errors
    /// The driver's number.
    fn synchronize(&self) -> Result<(), DriverError>;

    /// Copies from the device, and returns when `to` is complete.
    ///
    /// # Errors
    /// The driver's number; `to` may be written in part.
    fn copy_out(&self, from: DevicePointer, to: &mut [u8]) -> Result<(), DriverError>;
}

/// Opens a device, at first and again after it was lost.
pub(crate) type Opener = dyn Fn() -> Result<Box<dyn Driver>, OpenError> + Send + Sync;
