//! The kernel behind a runtime, on the backend of this machine.

use gate_runtime::{Provenance, Runtime, Status};

use @CRATE@::{MODULE, launch, register};

#[test]
fn every_element_is_scaled() {
    let runtime = Runtime::builder().build().expect("a runtime");
    let kernel = register(&runtime).expect("a contract that the module keeps");
    let x: Vec<f32> = (0..1000_u16).map(f32::from).collect();
    let mut y = vec![0.0; x.len()];
    let dispatch = launch(&kernel, 0.5, &x, &mut y);
    assert_eq!(dispatch.status(), Status::Ok, "{dispatch:?}");
    assert!(x.iter().zip(&y).all(|(x, y)| *y == 0.5 * *x));
}

#[test]
fn lengths_that_differ_are_refused_and_nothing_is_written() {
    let runtime = Runtime::builder().build().expect("a runtime");
    let kernel = register(&runtime).expect("a contract that the module keeps");
    let mut y = [7.0; 3];
    assert_eq!(
        launch(&kernel, 2.0, &[1.0], &mut y).status(),
        Status::InvalidArgument
    );
    assert_eq!(y, [7.0; 3]);
}

#[test]
fn the_module_is_built_or_says_why_not() {
    match MODULE.provenance {
        Provenance::Unavailable(reason) => assert!(!reason.is_empty() && MODULE.images.is_empty()),
        _ => assert!(
            MODULE.images[0]
                .entries
                .iter()
                .any(|entry| entry.name == "scale")
        ),
    }
}
