//! What a consumer relies on, of all three crates at once.

use gate_consumer::{launch, module, register};
use gate_kernels::{KERNELS, sum};
use gate_runtime::{Arg, Provenance, Runtime, Status};

#[test]
fn a_kernel_of_ones_own_is_guarded() {
    let runtime = Runtime::builder().cpu_only().build().expect("a runtime");
    let kernel = register(&runtime).expect("a contract that holds together");
    let mut y = [0.0_f32; 3];
    assert_eq!(launch(&kernel, 2.0, &[1.0, 2.0, 3.0], &mut y).status(), Status::Ok);
    assert_eq!(y, [2.0, 4.0, 6.0]);
    // Lengths that differ are refused, and nothing is written.
    let refused = launch(&kernel, 3.0, &[1.0], &mut y);
    assert_ne!(refused.status(), Status::Ok);
    assert_eq!(y, [2.0, 4.0, 6.0]);
}

#[test]
fn the_kernels_of_the_gate_run_behind_a_runtime() {
    let runtime = Runtime::builder().cpu_only().build().expect("a runtime");
    for kernel in KERNELS {
        runtime.register(*kernel).expect("a contract that holds together");
    }
    let mut y = [1.0_f32, 2.0];
    let mut args = [Arg::scalar(2.0_f32), Arg::input(&[10.0_f32, 20.0]), Arg::in_out(&mut y)];
    assert_eq!(runtime.launch("axpy_f32", &mut args).status(), Status::Ok);
    assert_eq!(y, [21.0, 42.0]);
    assert_eq!(sum(&y).to_bits(), 63.0_f32.to_bits());
}

#[test]
fn what_the_build_says_of_its_kernels_is_true() {
    let module = module();
    assert_eq!(module.name, "kernels/scale.cu");
    match module.provenance {
        Provenance::Built => assert!(module.images[0].entries.iter().any(|entry| entry.name == "scale")),
        Provenance::Unavailable(reason) => {
            assert_eq!(reason, "no_compiler");
            assert!(module.images.is_empty());
        }
        other => panic!("there is no lock here, and the module says {other:?}"),
    }
}
