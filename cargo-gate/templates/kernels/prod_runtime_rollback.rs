//! Production suite: persistent errors roll the kernel back to safe mode, with the reason.

use gate_runtime::rails::{KernelRails, Rails, Settings};
use gate_runtime::{Faults, Mode, RailReason, Runtime, Status};

use @CRATE@::{launch, register};

/// The smallest windows with a p95.
const CALLS: u32 = 20;

#[test]
fn errors_that_last_roll_back_and_say_so() {
    let settings = Settings {
        window_calls: CALLS,
        min_samples: CALLS,
        dwell: 1,
        cooldown: 0,
        // The duration of calls in this test is irrelevant.
        strict: true,
        ..Settings::default()
    };
    let rails = Rails::new(settings).expect("settings in range");
    let kernels = KernelRails::new(rails);
    let mut faults = Faults::NONE;
    faults.force_error = true;
    let runtime = Runtime::builder()
        .faults(faults)
        .build()
        .expect("a runtime");
    let kernel = kernels.guard(&register(&runtime).expect("a contract that holds together"));
    let governor = kernels.governor("scale");
    let mut y = [7.0; 2];
    for _ in 0..2 * CALLS {
        assert_eq!(
            launch(&kernel, 2.0, &[1.0, 2.0], &mut y).status(),
            Status::RuntimeFailed
        );
    }
    let state = governor.control().state();
    assert_eq!(
        (state.mode, state.rollback_reason),
        (Mode::Safe, RailReason::RuntimeError)
    );
    assert!(state.rollback_count >= 1);

    // In safe mode the CPU runs the kernel.
    runtime.inject(&Faults::NONE);
    assert_eq!(
        launch(&kernel, 2.0, &[1.0, 2.0], &mut y).status(),
        Status::Ok
    );
    assert_eq!(y, [2.0, 4.0]);
}
