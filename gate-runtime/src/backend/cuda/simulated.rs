//! A driver without a device: it keeps "device" buffers on the host, runs the CPU function where a kernel is launched, and
//! fails where it is told to.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::driver::{DevicePointer, Driver, DriverError, FunctionId, Launch, ModuleId};
use super::{Device, OpenError};
use crate::argument::{Arg, ArgDesc, Buffer, DType, OwnedArg, Role, Scalar};
use crate::contract::{Contract, Pass};
use crate::spec::CpuFn;
use crate::status::Status;

/// A step of the driver that can be told to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Loading a module.
    Load,
    /// Finding an entry.
    Function,
    /// Allocating a buffer.
    Allocate,
    /// Copying to the device.
    CopyIn,
    /// Starting a kernel.
    Launch,
    /// Waiting for it.
    Synchronize,
    /// Copying from the device; half of the bytes arrive before it fails.
    CopyOut,
    /// Not a failure of the driver: the kernel's first output is wrong in one bit, and nothing says so.
    WrongOutput,
    /// Not a failure of the driver: the code around it panics when the kernel is started.
    Panic,
}

/// A simulated device. Clones are the same device.
#[derive(Debug, Clone)]
pub struct SimulatedDriver {
    device: Device,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    memory: HashMap<u64, Vec<u8>>,
    next: u64,
    modules: HashMap<u64, Vec<u8>>,
    functions: HashMap<u64, Function>,
    /// Entries that compute wrong outputs.
    wrong: HashSet<String>,
    failures: Vec<Failure>,
    launches: u64,
    compilations: u64,
    /// Bytes that may still be allocated.
    free_bytes: Option<usize>,
}

#[derive(Debug)]
struct Function {
    module: u64,
    entry: String,
    bound: Option<(&'static Contract, CpuFn)>,
}

#[derive(Debug)]
struct Failure {
    step: Step,
    skip: u32,
    times: u32,
    error: DriverError,
}

impl SimulatedDriver {
    /// A device for drills: `sm_90`, with the newest driver that this crate knows.
    #[must_use]
    pub fn new() -> SimulatedDriver {
        SimulatedDriver::of(Device {
            name: "simulated".to_owned(),
            arch: 90,
            driver_version: 13010,
        })
    }

    /// Another device.
    #[must_use]
    pub fn of(device: Device) -> SimulatedDriver {
        SimulatedDriver {
            device,
            state: Arc::default(),
        }
    }

    /// From now on `step` fails with `error`, after `skip` times that it does not, `times` times.
    pub fn fail(&self, step: Step, error: DriverError, skip: u32, times: u32) {
        self.lock().failures.push(Failure {
            step,
            skip,
            times,
            error,
        });
    }

    /// From now on each launch of this entry computes an output that is wrong in one bit, or a right one again.
    pub fn set_wrong(&self, entry: &str, wrong: bool) {
        let mut state = self.lock();
        if wrong {
            state.wrong.insert(entry.to_owned());
        } else {
            state.wrong.remove(entry);
        }
    }

    /// From now on no more than so many bytes can be allocated at once.
    pub fn limit_memory(&self, bytes: usize) {
        self.lock().free_bytes = Some(bytes);
    }

    /// Number of kernels that were started.
    #[must_use]
    pub fn launches(&self) -> u64 {
        self.lock().launches
    }

    /// Number of modules that are loaded now.
    #[must_use]
    pub fn live_modules(&self) -> usize {
        self.lock().modules.len()
    }

    /// Number of texts that were handed over to be compiled.
    #[must_use]
    pub fn compilations(&self) -> u64 {
        self.lock().compilations
    }

    /// Number of buffers that are allocated now. 0 between calls, or something leaks.
    #[must_use]
    pub fn live_buffers(&self) -> usize {
        self.lock().memory.len()
    }

    /// The device as [`Runtime`](crate::Runtime) opens it.
    ///
    /// # Errors
    /// None; the type is that of [`open`](super::open).
    pub fn open(&self) -> Result<Box<dyn Driver>, OpenError> {
        Ok(Box::new(self.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SimulatedDriver {
    fn default() -> SimulatedDriver {
        SimulatedDriver::new()
    }
}

impl State {
    fn id(&mut self) -> u64 {
        self.next += 256;
        self.next
    }

    /// Whether a fault is due in this step.
    fn due(&mut self, step: Step) -> Option<DriverError> {
        let failure = self
            .failures
            .iter_mut()
            .find(|failure| failure.step == step && failure.times > 0)?;
        if failure.skip > 0 {
            failure.skip -= 1;
            return None;
        }
        failure.times -= 1;
        Some(failure.error)
    }

    fn step(&mut self, step: Step) -> Result<(), DriverError> {
        self.due(step).map_or(Ok(()), Err)
    }
}

impl Driver for SimulatedDriver {
    fn device(&self) -> &Device {
        &self.device
    }

    fn load(&self, text: &[u8]) -> Result<ModuleId, DriverError> {
        let mut state = self.lock();
        state.compilations += 1;
        state.step(Step::Load)?;
        let id = state.id();
        state.modules.insert(id, text.to_vec());
        Ok(ModuleId(id))
    }

    fn unload(&self, module: ModuleId) {
        let mut state = self.lock();
        state.modules.remove(&module.0);
        state.functions.retain(|_, function| function.module != module.0);
    }

    fn function(&self, module: ModuleId, entry: &str) -> Result<FunctionId, DriverError> {
        let mut state = self.lock();
        state.step(Step::Function)?;
        let text = state.modules.get(&module.0).ok_or(DriverError::NOT_FOUND)?;
        let found = text.windows(entry.len()).any(|window| window == entry.as_bytes());
        if !found {
            return Err(DriverError::NOT_FOUND);
        }
        let id = state.id();
        let function = Function {
            module: module.0,
            entry: entry.to_owned(),
            bound: None,
        };
        state.functions.insert(id, function);
        Ok(FunctionId(id))
    }

    fn bind(&self, function: FunctionId, contract: &'static Contract, cpu: CpuFn) {
        if let Some(function) = self.lock().functions.get_mut(&function.0) {
            function.bound = Some((contract, cpu));
        }
    }

    fn allocate(&self, bytes: usize) -> Result<DevicePointer, DriverError> {
        let mut state = self.lock();
        state.step(Step::Allocate)?;
        let used: usize = state.memory.values().map(Vec::len).sum();
        if state.free_bytes.is_some_and(|limit| used + bytes > limit) {
            return Err(DriverError::OUT_OF_MEMORY);
        }
        let id = state.id();
        // Not zero: a kernel that leaves part of its output unwritten must not look right.
        state.memory.insert(id, vec![0xa5; bytes]);
        Ok(DevicePointer(id))
    }

    fn free(&self, pointer: DevicePointer) {
        self.lock().memory.remove(&pointer.0);
    }

    fn copy_in(&self, to: DevicePointer, from: &[u8]) -> Result<(), DriverError> {
        let mut state = self.lock();
        state.step(Step::CopyIn)?;
        match state.memory.get_mut(&to.0) {
            Some(buffer) if buffer.len() == from.len() => {
                buffer.copy_from_slice(from);
                Ok(())
            }
            _ => Err(DriverError::ILLEGAL_ADDRESS),
        }
    }

    fn launch(&self, launch: &Launch<'_>) -> Result<(), DriverError> {
        let mut state = self.lock();
        state.step(Step::Launch)?;
        let panics = state.due(Step::Panic).is_some();
        let once = state.due(Step::WrongOutput).is_some();
        let function = state.functions.get(&launch.function.0);
        let function = function.ok_or(DriverError::NOT_FOUND)?;
        let wrong = once || state.wrong.contains(&function.entry);
        let (contract, cpu) = function.bound.ok_or(DriverError::NOT_FOUND)?;
        state.launches += 1;
        if panics {
            // Unwinds as a panic does, without the message of one.
            std::panic::resume_unwind(Box::new("a simulated panic around the driver"));
        }
        simulate(&mut state.memory, contract, cpu, launch, wrong)
    }

    fn synchronize(&self) -> Result<(), DriverError> {
        self.lock().step(Step::Synchronize)
    }

    fn copy_out(&self, from: DevicePointer, to: &mut [u8]) -> Result<(), DriverError> {
        let mut state = self.lock();
        let due = state.due(Step::CopyOut);
        let buffer = state.memory.get(&from.0).ok_or(DriverError::ILLEGAL_ADDRESS)?;
        let arrived = if due.is_some() { to.len() / 2 } else { to.len() };
        if buffer.len() != to.len() {
            return Err(DriverError::ILLEGAL_ADDRESS);
        }
        to[..arrived].copy_from_slice(&buffer[..arrived]);
        due.map_or(Ok(()), Err)
    }
}

/// Runs the CPU function over "device" buffers. What the parameters say is believed, not what the call meant: a wrong
/// parameter shows as a wrong result or an illegal address, as on a device.
fn simulate(
    memory: &mut HashMap<u64, Vec<u8>>,
    contract: &'static Contract,
    cpu: CpuFn,
    launch: &Launch<'_>,
    wrong: bool,
) -> Result<(), DriverError> {
    let mut params = launch.params.iter();
    let mut args = Vec::new();
    for (param, desc) in contract.params().iter().zip(launch.args) {
        if param.passed() == Pass::Host {
            return Err(DriverError::NOT_FOUND);
        }
        let word = params.next().ok_or(DriverError::ILLEGAL_ADDRESS)?.bytes;
        if desc.role == Role::Scalar {
            args.push((0, OwnedArg::Scalar(scalar(desc.dtype, word)?)));
            continue;
        }
        let pointer = u64::from_ne_bytes(word);
        let bytes = memory.get(&pointer).ok_or(DriverError::ILLEGAL_ADDRESS)?;
        if param.passed() == Pass::Slice {
            let len = params.next().ok_or(DriverError::ILLEGAL_ADDRESS)?.bytes;
            if u64::from_ne_bytes(len) as usize * desc.dtype.size() != bytes.len() {
                return Err(DriverError::ILLEGAL_ADDRESS);
            }
        }
        args.push((pointer, buffer(desc, bytes)?));
    }
    let mut borrowed: Vec<Arg<'_>> = args.iter_mut().map(|(_, arg)| arg.as_arg()).collect();
    if cpu(&mut borrowed) != Status::Ok {
        return Err(DriverError::LAUNCH_FAILED);
    }
    drop(borrowed);
    let mut flip = wrong;
    for (pointer, mut arg) in args {
        if let Arg::Output(view, _) | Arg::InOut(view, _) = arg.as_arg() {
            let mut bytes = view.bytes().to_vec();
            if let (true, Some(byte)) = (std::mem::take(&mut flip), bytes.last_mut()) {
                *byte ^= 0x40;
            }
            memory.insert(pointer, bytes);
        }
    }
    Ok(())
}

fn buffer(desc: &ArgDesc, bytes: &[u8]) -> Result<OwnedArg, DriverError> {
    let buffer = Buffer::from_bytes(desc.dtype, bytes).ok_or(DriverError::ILLEGAL_ADDRESS)?;
    Ok(OwnedArg::Buffer(desc.role, buffer, desc.shape))
}

fn scalar(dtype: DType, word: [u8; 8]) -> Result<Scalar, DriverError> {
    Scalar::from_bytes(dtype, &word).ok_or(DriverError::NOT_FOUND)
}
