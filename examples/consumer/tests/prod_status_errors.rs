//! Production suite: invalid input gives the documented status and reason, never a panic, and writes no output.

use gate_runtime::{Arg, Kernel, Reason, Runtime, Status};

use gate_consumer::{launch, register};

fn kernel() -> Kernel {
    let runtime = Runtime::builder().cpu_only().build().expect("a runtime");
    register(&runtime).expect("a contract that holds together")
}

#[test]
fn arguments_that_the_contract_does_not_name_are_refused() {
    let kernel = kernel();
    let doubles = [1.0_f64, 2.0];
    for mut args in [vec![], vec![Arg::scalar(2.0_f32), Arg::input(&doubles)]] {
        let dispatch = kernel.launch(&mut args);
        assert_eq!(
            dispatch.status(),
            Status::InvalidArgument,
            "{}",
            dispatch.outcome
        );
    }
}

#[test]
fn lengths_that_differ_are_refused_and_nothing_is_written() {
    let kernel = kernel();
    for x in [&[][..], &[1.0], &[1.0, 2.0, 3.0]] {
        let mut y = [7.0; 2];
        let dispatch = launch(&kernel, 2.0, x, &mut y);
        assert_eq!(
            dispatch.status(),
            Status::InvalidArgument,
            "{}",
            dispatch.outcome
        );
        assert_eq!(y, [7.0; 2]);
    }
}

#[test]
fn a_kernel_that_nobody_registered_is_an_error() {
    let runtime = Runtime::builder().cpu_only().build().expect("a runtime");
    let dispatch = runtime.launch("nowhere", &mut []);
    assert_eq!(dispatch.status(), Status::InvalidArgument);
    assert_eq!(dispatch.outcome.reason(), Reason::UnknownKernel);
}
