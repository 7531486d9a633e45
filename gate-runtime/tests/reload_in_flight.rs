//! Replacing a module under calls that run, for several kernels, and around a device that is lost.

use std::cell::RefCell;
use std::sync::Arc;

use gate_runtime::argument::{Buffer, OwnedArg, Role};
use gate_runtime::backend::cuda::{DriverError, SimulatedDriver, Step};
use gate_runtime::{Arg, Geometry, Kernel, KernelSpec, Outcome, Reason, Runtime, Scalar, Shape, Variant};
use support::{
    AXPY, DONE, Door, SCALE, axpy_spec, call, device, image, leak, module, scale, variant, variants, version,
};

fn on(driver: &SimulatedDriver) -> Runtime {
    let opened = driver.clone();
    Runtime::builder().driver(move || opened.open()).build().expect("valid")
}

thread_local! {
    /// Where the call of this thread is held, and how often its geometry was asked for.
    static HELD: RefCell<Option<(Arc<Door>, u32)>> = const { RefCell::new(None) };
}

/// The guards ask for a geometry first; the second time the call has taken its module and is on its way to the device.
fn held(args: &[Arg<'_>]) -> Geometry {
    let door = HELD.with_borrow_mut(|held| {
        let (door, asked) = held.as_mut()?;
        *asked += 1;
        (*asked == 2).then(|| Arc::clone(door))
    });
    if let Some(door) = door {
        door.pass();
    }
    support::geometry(args)
}

#[test]
fn a_call_ends_with_the_module_that_it_began_with() {
    for back in [false, true] {
        let driver = SimulatedDriver::new();
        let runtime = on(&driver);
        let spec = KernelSpec {
            variants: variants(vec![Variant {
                geometry: held,
                ..variant(module(vec![image(80, (8, 0))]), "axpy_f32", 1)
            }]),
            ..axpy_spec()
        };
        let axpy = runtime.register(spec).expect("the kernel is valid");
        runtime.reload(version(1)).expect("the module is valid");
        let door = Arc::new(Door::new());
        // Nothing is asserted before the door is open: a test that fails must not wait for its own thread.
        let (reloads, live, in_flight) = std::thread::scope(|scope| {
            let in_flight = scope.spawn(|| {
                HELD.set(Some((Arc::clone(&door), 0)));
                call(&axpy)
            });
            door.wait_for_somebody();
            let there = runtime.reload(version(2));
            let live = driver.live_modules();
            let back = if back { runtime.reload(version(1)) } else { Ok(()) };
            door.open();
            ([there, back], live, in_flight.join().expect("no panic"))
        });
        assert_eq!(reloads, [Ok(()), Ok(())]);
        assert_eq!(live, 2, "the call had the first module still");
        let (dispatch, y) = in_flight;
        assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));
        assert!(dispatch.trace.cache_hit, "its module was not compiled again");
        let (dispatch, y) = call(&axpy);
        assert_eq!(
            (dispatch.outcome, y, dispatch.trace.cache_hit),
            (Outcome::Native, DONE, true),
            "back: {back}"
        );
        assert_eq!((driver.live_modules(), driver.compilations()), (1, 2), "back: {back}");
    }
}

fn axpy_check() -> Vec<OwnedArg> {
    let line = |role, values: [f32; 2]| OwnedArg::Buffer(role, Buffer::F32(values.to_vec()), Shape::line(2));
    vec![
        OwnedArg::Scalar(Scalar::F32(3.0)),
        line(Role::Input, [1.0, 2.0]),
        line(Role::InOut, [5.0, 7.0]),
    ]
}

fn scale_check() -> Vec<OwnedArg> {
    let row = |role| OwnedArg::Buffer(role, Buffer::F32(vec![1.0, 2.0]), support::matrix(1, 2));
    vec![row(Role::Input), row(Role::Output), OwnedArg::Scalar(Scalar::U32(2))]
}

/// Two kernels of one module, each with a self-check.
fn checked(driver: &SimulatedDriver) -> (Runtime, Kernel) {
    let runtime = on(driver);
    let module = module(vec![image(80, (8, 0))]);
    let axpy = KernelSpec {
        contract: leak(AXPY.self_check(axpy_check)),
        variants: variants(vec![variant(module, "axpy_f32", 1)]),
        ..axpy_spec()
    };
    let scale = KernelSpec {
        contract: leak(SCALE.self_check(scale_check)),
        cpu: scale,
        variants: variants(vec![variant(module, "scale_f32", 1)]),
    };
    let axpy = runtime.register(axpy).expect("the kernel is valid");
    runtime.register(scale).expect("the kernel is valid");
    (runtime, axpy)
}

#[test]
fn each_kernel_of_a_module_checks_its_replacement() {
    let driver = SimulatedDriver::new();
    let (runtime, _axpy) = checked(&driver);
    runtime.reload(version(1)).expect("both compute what the CPU computes");
    for (number, wrong) in [(2, "axpy_f32"), (3, "scale_f32")] {
        driver.set_wrong(wrong, true);
        let refused = runtime.reload(version(number)).expect_err("one of them is wrong");
        assert!(
            refused.message.contains(&format!("`{wrong}`: output_mismatch")),
            "{refused}"
        );
        driver.set_wrong(wrong, false);
    }
    assert_eq!(driver.live_modules(), 1);
}

#[test]
fn what_serves_stays_where_it_is_when_its_own_bytes_are_refused() {
    let driver = SimulatedDriver::new();
    let (runtime, axpy) = checked(&driver);
    runtime.reload(version(1)).expect("it computes what the CPU computes");
    driver.fail(Step::WrongOutput, DriverError(1), 0, 1);
    runtime
        .reload(version(1))
        .expect_err("this once it computes something else");
    let (dispatch, y) = call(&axpy);
    assert_eq!(
        (dispatch.outcome, y, dispatch.trace.cache_hit),
        (Outcome::Native, DONE, true)
    );
    assert_eq!((driver.live_modules(), driver.compilations()), (1, 1));
}

#[test]
fn nothing_is_compiled_on_a_lost_device() {
    let device = device().expect("the device opens");
    device.driver.fail(Step::Launch, DriverError::ILLEGAL_ADDRESS, 0, 1);
    assert_eq!(call(&device.axpy).1, DONE);
    assert!(device.runtime.is_device_lost());
    let compilations = device.driver.compilations();
    let refused = device.runtime.reload(version(1)).expect_err("there is no device");
    assert!(refused.message.contains("the device is lost"), "{refused}");
    assert_eq!(device.driver.compilations(), compilations);
    device.runtime.reopen_device().expect("the device opens again");
    device.runtime.reload(version(1)).expect("the module is valid");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
}

#[test]
fn a_device_that_is_opened_again_may_take_what_it_refused() {
    let device = device().expect("the device opens");
    device.driver.fail(Step::Load, DriverError::INVALID_PTX, 0, 1);
    for _ in 0..2 {
        assert_eq!(
            call(&device.axpy).0.outcome.reason(),
            Reason::NativeFailedFallback,
            "it is not compiled again"
        );
    }
    device.runtime.reopen_device().expect("the device opens again");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
}
