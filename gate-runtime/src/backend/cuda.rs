//! The CUDA backend. Its logic — which image, loading, copying, launching, waiting, what each failure means — works
//! against the trait [`Driver`]; the real driver is one thin implementation of it, the simulated one another.

#[cfg(feature = "cuda")]
mod cudarc;
mod device;
mod driver;
mod launch;
mod modules;
mod simulated;

pub use device::{Device, isa_of_driver};
pub use driver::{
    DevicePointer, Driver, DriverError, FunctionId, Launch, LaunchParam, MAX_PARAMS, ModuleId, OpenError,
};
pub use simulated::{SimulatedDriver, Step};

pub(crate) use device::choose;
pub(crate) use driver::Opener;
pub(crate) use launch::Call;
pub(crate) use modules::Cuda;

/// Opens the first device of the installed driver.
///
/// # Errors
/// [`OpenError::NotBuilt`] without the feature `cuda`; else what is missing.
pub fn open() -> Result<Box<dyn Driver>, OpenError> {
    #[cfg(feature = "cuda")]
    return cudarc::open();
    #[cfg(not(feature = "cuda"))]
    Err(OpenError::NotBuilt)
}
