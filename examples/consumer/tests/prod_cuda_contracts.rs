//! Production suite: a disabled, failing or unwanted device gives the documented status. It needs no GPU: the code sets the
//! switches that operators set in the environment.

use gate_runtime::{Faults, Runtime, Status};

use gate_consumer::{launch, register};

/// The result of a call under a fault: status, chain of reasons, and output.
fn call(set: impl FnOnce(&mut Faults)) -> (Status, String, [f32; 2]) {
    let mut faults = Faults::NONE;
    set(&mut faults);
    let runtime = Runtime::builder()
        .faults(faults)
        .build()
        .expect("a runtime");
    let kernel = register(&runtime).expect("a contract that holds together");
    let mut y = [7.0; 2];
    let dispatch = launch(&kernel, 2.0, &[1.0, 2.0], &mut y);
    (dispatch.status(), dispatch.outcome.causes().to_string(), y)
}

#[test]
fn a_disabled_device_falls_back() {
    let (status, causes, y) = call(|faults| faults.disable = true);
    assert_eq!(
        (status, causes.as_str(), y),
        (Status::Ok, "disabled_by_env", [2.0, 4.0])
    );
}

#[test]
fn a_forced_fallback_is_one() {
    let (status, causes, y) = call(|faults| faults.force_fallback = true);
    assert_eq!(
        (status, causes.as_str(), y),
        (Status::Ok, "forced_fallback", [2.0, 4.0])
    );
}

#[test]
fn a_forced_error_is_reported_and_nothing_is_written() {
    let (status, causes, y) = call(|faults| faults.force_error = true);
    assert_eq!(
        (status, causes.as_str(), y),
        (Status::RuntimeFailed, "forced_error", [7.0; 2])
    );
}
