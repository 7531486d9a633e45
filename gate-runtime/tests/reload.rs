//! Replacing a module: what the device refuses, or computes wrong, never serves, and what serves goes on meanwhile.

use std::sync::Arc;

use gate_runtime::argument::{ArgDesc, Buffer, OwnedArg, Role};
use gate_runtime::backend::cuda::{
    Device as DeviceInfo, DevicePointer, Driver, DriverError, FunctionId, Launch, ModuleId, SimulatedDriver, Step,
};
use gate_runtime::{Contract, CpuFn, KernelSpec, Outcome, Reason, Runtime, Scalar, Shape, Status};
use support::{AXPY, DONE, Door, axpy_spec, call, device, leak, version};

#[test]
fn what_the_driver_refuses_does_not_serve_and_is_not_compiled_again() {
    let device = device().expect("the device opens");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
    let before = device.axpy.fingerprint();
    device.driver.fail(Step::Load, DriverError::INVALID_PTX, 0, 1);
    for _ in 0..3 {
        let refused = device.runtime.reload(version(1)).expect_err("the driver refuses it");
        assert_eq!(
            (refused.status(), refused.reason),
            (Status::CompileFailed, Reason::KeptLastKnownGood)
        );
        assert!(refused.message.contains("runtime_error_218"), "{refused}");
        let (dispatch, y) = call(&device.axpy);
        assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));
        assert!(dispatch.trace.cache_hit, "what served before still does");
    }
    assert_eq!(device.axpy.fingerprint(), before);
    assert_eq!(
        device.driver.compilations(),
        2,
        "once each, and the refused one not again"
    );
    assert_eq!(device.driver.live_modules(), 1);
    device.runtime.reload(version(2)).expect("other bytes");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
    device.runtime.flush().expect("memory can be written");
    assert_eq!(device.log.text().matches("\"kept_last_known_good\"").count(), 3);
}

#[test]
fn a_module_that_was_refused_is_not_compiled_at_each_call() {
    let device = device().expect("the device opens");
    device.driver.fail(Step::Load, DriverError::INVALID_PTX, 0, u32::MAX);
    for _ in 0..100 {
        let (dispatch, y) = call(&device.axpy);
        assert_eq!((dispatch.outcome.reason(), y), (Reason::NativeFailedFallback, DONE));
    }
    assert_eq!(device.driver.compilations(), 1);
    // What may go away is tried again.
    let device = support::device().expect("the device opens");
    device.driver.fail(Step::Load, DriverError::OUT_OF_MEMORY, 0, 3);
    let native = (0..4)
        .filter(|_| call(&device.axpy).0.outcome == Outcome::Native)
        .count();
    assert_eq!((native, device.driver.compilations()), (1, 4));
}

#[test]
fn the_module_before_is_unloaded_and_calls_find_the_new_one_compiled() {
    let device = device().expect("the device opens");
    let _ = call(&device.axpy);
    for number in 1..=5 {
        device.runtime.reload(version(number)).expect("the new module is valid");
        assert_eq!(device.driver.live_modules(), 1, "version {number}");
        let (dispatch, y) = call(&device.axpy);
        assert_eq!(
            (dispatch.outcome, y, dispatch.trace.cache_hit),
            (Outcome::Native, DONE, true)
        );
    }
    // The bytes that serve, once more.
    device.runtime.reload(version(5)).expect("the same module");
    assert!(call(&device.axpy).0.trace.cache_hit);
    assert_eq!((device.driver.live_modules(), device.driver.live_buffers()), (1, 0));
}

fn check() -> Vec<OwnedArg> {
    let line = |role, values: [f32; 2]| OwnedArg::Buffer(role, Buffer::F32(values.to_vec()), Shape::line(2));
    vec![
        OwnedArg::Scalar(Scalar::F32(3.0)),
        line(Role::Input, [1.0, 2.0]),
        line(Role::InOut, [5.0, 7.0]),
    ]
}

fn with_contract(contract: Contract, driver: &SimulatedDriver) -> (Runtime, gate_runtime::Kernel) {
    let opened = driver.clone();
    let runtime = Runtime::builder().driver(move || opened.open()).build().expect("valid");
    let spec = KernelSpec {
        contract: leak(contract),
        ..axpy_spec()
    };
    let kernel = runtime.register(spec).expect("the kernel is valid");
    (runtime, kernel)
}

#[test]
fn a_module_that_fails_its_self_check_does_not_serve() {
    let driver = SimulatedDriver::new();
    let (runtime, axpy) = with_contract(AXPY.self_check(check), &driver);
    assert_eq!(call(&axpy).0.outcome, Outcome::Native);
    let launches = driver.launches();
    runtime.reload(version(1)).expect("it computes what the CPU computes");
    assert_eq!(driver.launches(), launches + 1, "the self-check ran");
    driver.fail(Step::WrongOutput, DriverError(1), 0, 1);
    let refused = runtime.reload(version(2)).expect_err("it computes something else");
    assert!(
        refused.message.contains("`axpy_f32`: output_mismatch: 1 of 2 elements"),
        "{refused}"
    );
    let compilations = driver.compilations();
    let again = runtime.reload(version(2)).expect_err("it was wrong once");
    assert!(again.message.contains("output_mismatch"), "{again}");
    assert_eq!((driver.compilations(), driver.live_modules()), (compilations, 1));
    let (dispatch, y) = call(&axpy);
    assert_eq!(
        (dispatch.outcome, y, dispatch.trace.cache_hit),
        (Outcome::Native, DONE, true)
    );
    runtime.reload(version(3)).expect("other bytes");
}

#[test]
fn a_self_check_that_breaks_the_contract_or_panics_is_refused() {
    for (check, said) in [
        ((|| Vec::new()) as fn() -> Vec<OwnedArg>, "count_mismatch"),
        (|| panic!("a self-check"), "kernel_panicked"),
    ] {
        let driver = SimulatedDriver::new();
        let (runtime, axpy) = with_contract(AXPY.self_check(check), &driver);
        let refused = runtime.reload(version(1)).expect_err("there is no self-check");
        assert!(refused.message.contains(said), "{refused}");
        assert_eq!(call(&axpy).1, DONE);
    }
}

/// A device whose compiler waits at a door for texts of version 1, and panics for those of version 13.
struct Slow {
    driver: SimulatedDriver,
    door: Arc<Door>,
}

impl Driver for Slow {
    fn device(&self) -> &DeviceInfo {
        self.driver.device()
    }
    fn load(&self, text: &[u8]) -> Result<ModuleId, DriverError> {
        if text.ends_with(b"// version 1\n") {
            self.door.pass();
        }
        if text.ends_with(b"// version 13\n") {
            // Unwinds as a panic does, without the message of one.
            std::panic::resume_unwind(Box::new("a compiler that panics"));
        }
        self.driver.load(text)
    }
    fn unload(&self, module: ModuleId) {
        self.driver.unload(module);
    }
    fn function(&self, module: ModuleId, entry: &str) -> Result<FunctionId, DriverError> {
        self.driver.function(module, entry)
    }
    fn bind(&self, function: FunctionId, contract: &'static Contract, cpu: CpuFn) {
        self.driver.bind(function, contract, cpu);
    }
    fn allocate(&self, bytes: usize) -> Result<DevicePointer, DriverError> {
        self.driver.allocate(bytes)
    }
    fn free(&self, pointer: DevicePointer) {
        self.driver.free(pointer);
    }
    fn copy_in(&self, to: DevicePointer, from: &[u8]) -> Result<(), DriverError> {
        self.driver.copy_in(to, from)
    }
    fn launch(&self, launch: &Launch<'_>) -> Result<(), DriverError> {
        let _: &[ArgDesc] = launch.args;
        self.driver.launch(launch)
    }
    fn synchronize(&self) -> Result<(), DriverError> {
        self.driver.synchronize()
    }
    fn copy_out(&self, from: DevicePointer, to: &mut [u8]) -> Result<(), DriverError> {
        self.driver.copy_out(from, to)
    }
}

/// A runtime on such a device.
fn slow() -> (Runtime, gate_runtime::Kernel, SimulatedDriver, Arc<Door>) {
    let (driver, door) = (SimulatedDriver::new(), Arc::new(Door::new()));
    let (opened, held) = (driver.clone(), Arc::clone(&door));
    let builder = Runtime::builder().driver(move || {
        Ok(Box::new(Slow {
            driver: opened.clone(),
            door: Arc::clone(&held),
        }))
    });
    let runtime = builder.build().expect("valid");
    let axpy = runtime.register(axpy_spec()).expect("the kernel is valid");
    assert_eq!(call(&axpy).0.outcome, Outcome::Native);
    (runtime, axpy, driver, door)
}

#[test]
fn launches_go_on_while_a_module_is_compiled() {
    let (runtime, axpy, driver, door) = slow();
    std::thread::scope(|scope| {
        let reload = scope.spawn(|| runtime.reload(version(1)));
        door.wait_for_somebody();
        for _ in 0..10 {
            let (dispatch, y) = call(&axpy);
            assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));
        }
        door.open();
        assert_eq!(reload.join().expect("no panic"), Ok(()));
    });
    assert_eq!((call(&axpy).1, driver.live_modules()), (DONE, 1));
}

#[test]
fn a_compiler_that_panics_loses_the_device_and_not_the_module() {
    let (runtime, axpy, _, _) = slow();
    let refused = runtime.reload(version(13)).expect_err("the compiler panics");
    assert!(refused.message.contains("native_panicked"), "{refused}");
    assert!(runtime.is_device_lost(), "nobody knows what the driver has seen");
    assert_eq!(call(&axpy).1, DONE);
    runtime.reopen_device().expect("the device opens again");
    assert_eq!((call(&axpy).0.outcome, call(&axpy).1), (Outcome::Native, DONE));
}
