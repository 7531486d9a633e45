//! The real driver, through `cudarc`'s bindings. This file only translates: every decision is made by its callers, which are
//! tested with the simulated driver.
#![expect(
    unsafe_code,
    reason = "the CUDA driver is a C library; each call names what makes it sound"
)]

use std::collections::HashMap;
use std::ffi::{CString, c_uint, c_void};
use std::sync::{Mutex, PoisonError};

use cudarc::driver::sys::{self, CUresult};

use super::Device;
use super::driver::{DevicePointer, Driver, DriverError, FunctionId, Launch, MAX_PARAMS, ModuleId, OpenError};

/// The first device, in its primary context. Whatever is loaded or allocated lives in that context.
struct CudaDriver {
    device: Device,
    ordinal: sys::CUdevice,
    context: Address,
    /// Null until there is one.
    stream: Address,
    modules: Mutex<HashMap<u64, Address>>,
}

/// A handle of the driver: an address that only the driver looks behind.
#[derive(Debug, Clone, Copy)]
struct Address(usize);

impl Address {
    fn of<T>(pointer: *mut T) -> Address {
        Address(pointer.expose_provenance())
    }

    fn pointer<T>(self) -> *mut T {
        std::ptr::with_exposed_provenance_mut(self.0)
    }
}

fn check(result: CUresult) -> Result<(), DriverError> {
    match result as u32 {
        0 => Ok(()),
        number => Err(DriverError(number)),
    }
}

/// Opens the first device of the installed driver.
pub(super) fn open() -> Result<Box<dyn Driver>, OpenError> {
    // SAFETY: looks for the driver library by its well-known names and runs its initialisers, as any CUDA program does.
    if !unsafe { sys::is_culib_present() } {
        return Err(OpenError::NoDriver);
    }
    let absent = |error| OpenError::NoDevice(Some(error));
    let mut ordinal: sys::CUdevice = 0;
    let mut count = 0;
    let mut version = 0;
    let mut name = [0_u8; 256];
    let (mut major, mut minor) = (0, 0);
    let mut context: sys::CUcontext = std::ptr::null_mut();
    let mut stream: sys::CUstream = std::ptr::null_mut();
    use sys::CUdevice_attribute_enum as Attribute;
    // SAFETY: every pointer is to a live local of the type that the driver writes; `name` is as long as is said.
    unsafe {
        check(sys::cuInit(0)).map_err(absent)?;
        check(sys::cuDriverGetVersion(&raw mut version)).map_err(absent)?;
        check(sys::cuDeviceGetCount(&raw mut count)).map_err(absent)?;
        if count == 0 {
            return Err(OpenError::NoDevice(None));
        }
        check(sys::cuDeviceGet(&raw mut ordinal, 0)).map_err(absent)?;
        check(sys::cuDeviceGetName(
            name.as_mut_ptr().cast(),
            name.len() as i32,
            ordinal,
        ))
        .map_err(absent)?;
        let capability = Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
        check(sys::cuDeviceGetAttribute(&raw mut major, capability, ordinal)).map_err(absent)?;
        let capability = Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
        check(sys::cuDeviceGetAttribute(&raw mut minor, capability, ordinal)).map_err(absent)?;
        check(sys::cuDevicePrimaryCtxRetain(&raw mut context, ordinal)).map_err(absent)?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        // From here on the context is let go of also where a step fails.
        let mut driver = CudaDriver {
            device: Device {
                name: String::from_utf8_lossy(name).into_owned(),
                arch: (major * 10 + minor).unsigned_abs(),
                driver_version: version.unsigned_abs(),
            },
            ordinal,
            context: Address::of(context),
            stream: Address(0),
            modules: Mutex::default(),
        };
        check(sys::cuCtxSetCurrent(context)).map_err(absent)?;
        let flags = sys::CUstream_flags::CU_STREAM_NON_BLOCKING as c_uint;
        check(sys::cuStreamCreate(&raw mut stream, flags)).map_err(absent)?;
        driver.stream = Address::of(stream);
        Ok(Box::new(driver))
    }
}

impl CudaDriver {
    /// Makes the context current on this thread. Calls come from any thread.
    fn enter(&self) -> Result<(), DriverError> {
        // SAFETY: the context was retained when the device was opened and is released when this is dropped.
        check(unsafe { sys::cuCtxSetCurrent(self.context.pointer()) })
    }

    fn wait(&self) -> Result<(), DriverError> {
        // SAFETY: the stream lives as long as `self`.
        check(unsafe { sys::cuStreamSynchronize(self.stream.pointer()) })
    }
}

impl Driver for CudaDriver {
    fn device(&self) -> &Device {
        &self.device
    }

    fn load(&self, text: &[u8]) -> Result<ModuleId, DriverError> {
        self.enter()?;
        let text = CString::new(text).map_err(|_| DriverError::INVALID_PTX)?;
        let mut module: sys::CUmodule = std::ptr::null_mut();
        // SAFETY: `text` ends in a zero and lives until the call returns; `module` is a live local.
        check(unsafe { sys::cuModuleLoadData(&raw mut module, text.as_ptr().cast()) })?;
        let address = Address::of(module);
        let id = address.0 as u64;
        self.modules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, address);
        Ok(ModuleId(id))
    }

    fn unload(&self, module: ModuleId) {
        let known = self
            .modules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&module.0);
        if let (Some(address), true) = (known, self.enter().is_ok()) {
            // SAFETY: the module was loaded into this context and is taken out of the list, so it is unloaded once; callers promise
            // that nothing of it runs or will be launched.
            let _ = unsafe { sys::cuModuleUnload(address.pointer()) };
        }
    }

    fn function(&self, module: ModuleId, entry: &str) -> Result<FunctionId, DriverError> {
        self.enter()?;
        let modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        let module = modules.get(&module.0).ok_or(DriverError::NOT_FOUND)?;
        let entry = CString::new(entry).map_err(|_| DriverError::NOT_FOUND)?;
        let mut function: sys::CUfunction = std::ptr::null_mut();
        // SAFETY: the module was loaded into this context and stays while the list is locked; the name ends in a
        // zero; `function` is a live local.
        check(unsafe { sys::cuModuleGetFunction(&raw mut function, module.pointer(), entry.as_ptr()) })?;
        Ok(FunctionId(Address::of(function).0 as u64))
    }

    fn allocate(&self, bytes: usize) -> Result<DevicePointer, DriverError> {
        self.enter()?;
        let mut pointer: sys::CUdeviceptr = 0;
        // SAFETY: `pointer` is a live local.
        check(unsafe { sys::cuMemAlloc_v2(&raw mut pointer, bytes) })?;
        Ok(DevicePointer(pointer))
    }

    fn free(&self, pointer: DevicePointer) {
        if self.enter().is_ok() {
            // SAFETY: callers free each buffer once, and `cuMemFree` waits for what still uses it.
            let _ = unsafe { sys::cuMemFree_v2(pointer.0) };
        }
    }

    fn copy_in(&self, to: DevicePointer, from: &[u8]) -> Result<(), DriverError> {
        self.enter()?;
        // SAFETY: `from` is readable for its length and outlives the wait below; the driver checks the device side against
        // its own allocations.
        check(unsafe { sys::cuMemcpyHtoDAsync_v2(to.0, from.as_ptr().cast(), from.len(), self.stream.pointer()) })?;
        self.wait()
    }

    fn launch(&self, launch: &Launch<'_>) -> Result<(), DriverError> {
        self.enter()?;
        let mut words = [[0_u8; 8]; MAX_PARAMS];
        for (word, param) in words.iter_mut().zip(launch.params) {
            *word = param.bytes;
        }
        let mut pointers: [*mut c_void; MAX_PARAMS] = [std::ptr::null_mut(); MAX_PARAMS];
        for (pointer, word) in pointers.iter_mut().zip(&mut words) {
            *pointer = word.as_mut_ptr().cast();
        }
        let [grid_x, grid_y, grid_z] = launch.geometry.grid;
        let [block_x, block_y, block_z] = launch.geometry.block;
        let function = Address(launch.function.0 as usize);
        // SAFETY: the function belongs to a module that stays loaded. Number and sizes of its parameters were compared with
        // the contract's when the kernel was registered, and the driver reads as many bytes of each as the entry declares, at
        // most eight. What the kernel itself does with its buffers is its author's promise, which the contract bounds.
        check(unsafe {
            sys::cuLaunchKernel(
                function.pointer(),
                grid_x,
                grid_y,
                grid_z,
                block_x,
                block_y,
                block_z,
                launch.geometry.shared_bytes,
                self.stream.pointer(),
                pointers.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        })
    }

    fn synchronize(&self) -> Result<(), DriverError> {
        self.enter()?;
        self.wait()
    }

    fn copy_out(&self, from: DevicePointer, to: &mut [u8]) -> Result<(), DriverError> {
        self.enter()?;
        // SAFETY: `to` is writable for its length and borrowed until the wait below is over.
        check(unsafe { sys::cuMemcpyDtoHAsync_v2(to.as_mut_ptr().cast(), from.0, to.len(), self.stream.pointer()) })?;
        self.wait()
    }
}

impl Drop for CudaDriver {
    fn drop(&mut self) {
        let entered = self.enter().is_ok();
        let modules = self.modules.get_mut().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: nothing can be launched any more, because launching borrows `self`; each handle is released once. The context
        // was retained once, and is let go of also where it is of no use any more: one that is still held would be handed out
        // again as it is.
        unsafe {
            if entered {
                if self.stream.0 != 0 {
                    let _ = sys::cuStreamDestroy_v2(self.stream.pointer());
                }
                for module in modules.values() {
                    let _ = sys::cuModuleUnload(module.pointer());
                }
            }
            let _ = sys::cuDevicePrimaryCtxRelease_v2(self.ordinal);
        }
    }
}
