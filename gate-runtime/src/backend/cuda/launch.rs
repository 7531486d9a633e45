//! One native call from host buffers to host buffers.

use std::time::{Duration, Instant};

use super::driver::{Driver, DriverError, Launch, LaunchParam, MAX_PARAMS};
use super::{Cuda, DevicePointer};
use crate::argument::{Arg, ArgDesc, Describe};
use crate::contain::contained;
use crate::contract::{Contract, Geometry, MAX_ARGS, Pass};
use crate::dispatch::Trace;
use crate::module::VerifiedImage;
use crate::reason::{Causes, Reason};
use crate::spec::CpuFn;

/// A native call that the contract accepted.
pub(crate) struct Call<'a> {
    pub(crate) contract: &'static Contract,
    pub(crate) cpu: CpuFn,
    pub(crate) image: &'a VerifiedImage,
    pub(crate) entry: &'a str,
    pub(crate) geometry: Geometry,
    /// Injected delay of loading.
    pub(crate) delay: Duration,
}

/// Buffers on the device, freed when the call ends however it ends.
struct Buffers<'d> {
    driver: &'d dyn Driver,
    pointers: [Option<DevicePointer>; MAX_ARGS],
}

impl Drop for Buffers<'_> {
    fn drop(&mut self) {
        for pointer in self.pointers.iter_mut().filter_map(Option::take) {
            self.driver.free(pointer);
        }
    }
}

impl Cuda {
    /// Runs the call, or says why it did not end well. Buffers that are read and written are what they were after any error;
    /// buffers that are only written may hold part of a result.
    pub(crate) fn run(&self, call: &Call<'_>, args: &mut [Arg<'_>], trace: &mut Trace) -> Result<(), Causes> {
        if self.is_lost() {
            return Err(Causes::of(Reason::DeviceLost));
        }
        contained(|| self.run_on_device(call, args, trace)).unwrap_or_else(|| {
            // Nobody knows what the driver has seen of the call.
            self.lose(u32::MAX);
            Err(Causes::of(Reason::NativePanicked))
        })
    }

    fn run_on_device(&self, call: &Call<'_>, args: &mut [Arg<'_>], trace: &mut Trace) -> Result<(), Causes> {
        let mut state = self.lock();
        let mut known = self.loaded(&state, call.image, call.entry);
        trace.cache_hit = known.is_some();
        if known.is_some() {
            self.count_hit();
        } else {
            drop(state);
            let found = self.load(call.image, call.entry, (call.contract, call.cpu), call.delay)?;
            trace.budget_exceeded = found.over_budget;
            trace.compile_ns = found.load_ns;
            state = self.lock();
            known = self.loaded(&state, call.image, call.entry);
        }
        // It may have been lost while this call waited, and a module is unloaded where it was replaced at that moment.
        if self.is_lost() {
            return Err(Causes::of(Reason::DeviceLost));
        }
        let function = known.ok_or(Reason::ModuleLoadFailed)?;
        state.sweep();

        let driver = state.driver.as_deref().ok_or(Reason::DeviceLost)?;
        let failed = |step: Reason| {
            move |error: DriverError| {
                if error.loses_device() {
                    self.lose(error.0);
                }
                let reason = error.reason(step);
                let causes = Causes::of(reason);
                if reason == step {
                    causes.then(error)
                } else {
                    causes.then(step).then(error)
                }
            }
        };
        let mut buffers = Buffers {
            driver,
            pointers: [None; MAX_ARGS],
        };
        let mut descs = [None; MAX_ARGS];
        timed(&mut trace.copy_in_ns, || {
            for ((arg, pointer), desc) in args.iter().zip(&mut buffers.pointers).zip(&mut descs) {
                *desc = Some(arg.describe());
                let (bytes, filled) = match arg {
                    Arg::Scalar(_) => continue,
                    Arg::Input(view, _) => (view.bytes(), true),
                    Arg::InOut(view, _) => (view.bytes(), true),
                    Arg::Output(view, _) => (view.bytes(), false),
                };
                let allocated = driver.allocate(bytes.len())?;
                *pointer = Some(allocated);
                if filled {
                    driver.copy_in(allocated, bytes)?;
                }
            }
            Ok(())
        })
        .map_err(failed(Reason::CopyInFailed))?;

        let mut params = [LaunchParam::default(); MAX_PARAMS];
        let count = fill_params(call.contract, args, &buffers.pointers, &mut params);
        let descs: [ArgDesc; MAX_ARGS] = descs.map(|desc| desc.unwrap_or(ArgDesc::NOTHING));
        let launch = Launch {
            function,
            geometry: call.geometry,
            params: &params[..count],
            args: &descs[..args.len()],
        };
        timed(&mut trace.launch_ns, || driver.launch(&launch)).map_err(failed(Reason::LaunchFailed))?;
        timed(&mut trace.sync_ns, || driver.synchronize()).map_err(failed(Reason::SyncFailed))?;
        timed(&mut trace.copy_out_ns, || copy_out(driver, args, &buffers.pointers))
            .map_err(failed(Reason::CopyOutFailed))?;
        Ok(())
    }
}

/// Measures a step, also one that fails.
fn timed<T>(nanoseconds: &mut u64, step: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = step();
    *nanoseconds = start.elapsed().as_nanos() as u64;
    result
}

/// Writes the parameters in the order of the entry and says how many there are.
fn fill_params(
    contract: &Contract,
    args: &[Arg<'_>],
    pointers: &[Option<DevicePointer>; MAX_ARGS],
    params: &mut [LaunchParam; MAX_PARAMS],
) -> usize {
    let mut count = 0;
    let mut push = |param: LaunchParam| {
        if let Some(place) = params.get_mut(count) {
            *place = param;
            count += 1;
        }
    };
    for ((param, arg), pointer) in contract.params().iter().zip(args).zip(pointers) {
        if param.passed() == Pass::Host {
            continue;
        }
        match (arg, pointer) {
            (Arg::Scalar(scalar), _) => push(LaunchParam {
                bytes: scalar.to_bytes(),
            }),
            (_, Some(pointer)) => {
                push(pointer.0.into());
                if param.passed() == Pass::Slice {
                    let desc = arg.describe();
                    push((desc.bytes as u64 / desc.dtype.size() as u64).into());
                }
            }
            // Every buffer of an accepted call was allocated just before.
            (_, None) => {}
        }
    }
    count
}

/// Copies results back. What the CPU function would read again in a fallback is replaced only when nothing can fail any
/// more.
fn copy_out(
    driver: &dyn Driver,
    args: &mut [Arg<'_>],
    pointers: &[Option<DevicePointer>; MAX_ARGS],
) -> Result<(), DriverError> {
    let mut staged: [Option<Vec<u8>>; MAX_ARGS] = [const { None }; MAX_ARGS];
    for ((arg, pointer), stage) in args.iter_mut().zip(pointers).zip(&mut staged) {
        let Some(pointer) = pointer else { continue };
        match arg {
            Arg::Output(view, _) => driver.copy_out(*pointer, view.bytes_mut())?,
            Arg::InOut(view, _) => {
                let mut bytes = vec![0; view.bytes().len()];
                driver.copy_out(*pointer, &mut bytes)?;
                *stage = Some(bytes);
            }
            Arg::Scalar(_) | Arg::Input(..) => {}
        }
    }
    for (arg, bytes) in args.iter_mut().zip(staged) {
        if let (Arg::InOut(view, _), Some(bytes)) = (arg, bytes) {
            view.bytes_mut().copy_from_slice(&bytes);
        }
    }
    Ok(())
}
