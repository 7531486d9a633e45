//! Contracts against the entries of the PTX, and CPU functions behind a runtime.

use gate_kernels::{KERNELS, MODULE};
use gate_runtime::argument::Role;
use gate_runtime::backend::cuda::SimulatedDriver;
use gate_runtime::{Arg, DType, ParamType, Pass, Provenance, Reason, Runtime, Shape, Status};

#[test]
fn every_contract_holds_together_and_every_kernel_has_one() {
    let mut names = Vec::new();
    for kernel in KERNELS {
        let contract = kernel.contract;
        assert_eq!(contract.validate(), Ok(()), "{}", contract.name());
        assert_eq!(kernel.variants.len(), 1);
        assert_eq!(kernel.variants[0].entry, contract.name());
        names.push(contract.name());
    }
    if matches!(MODULE.provenance, Provenance::Unavailable(_)) {
        return assert!(MODULE.images.is_empty());
    }
    assert_eq!(
        MODULE.images.iter().map(|image| image.arch).collect::<Vec<_>>(),
        [80, 90]
    );
    for image in MODULE.images {
        let mut entries: Vec<&str> = image.entries.iter().map(|entry| entry.name).collect();
        entries.sort_unstable();
        assert_eq!(entries, names, "sm_{}", image.arch);
    }
}

#[test]
fn every_entry_takes_what_its_contract_passes() {
    for image in MODULE.images {
        for entry in image.entries {
            let contract = KERNELS
                .iter()
                .find(|kernel| kernel.contract.name() == entry.name)
                .expect("a kernel")
                .contract;
            let mut params = entry.params.iter();
            for param in contract.params() {
                let what = format!("{} for sm_{}: {param:?}", entry.name, image.arch);
                let native = params.next().expect(&what);
                if param.dims() == Some(&[]) {
                    assert_eq!(native.size() as usize, param.dtype().size(), "{what}");
                    assert!(!matches!(native, ParamType::Pointer { .. }), "{what}");
                } else {
                    assert!(native.takes_pointer(), "{what}");
                }
                if param.passed() == Pass::Slice {
                    assert_eq!(params.next(), Some(&ParamType::U64), "{what}");
                }
            }
            assert_eq!(params.next(), None, "{}", entry.name);
        }
    }
}

#[test]
fn a_runtime_runs_them_without_a_device() {
    let runtime = Runtime::builder().cpu_only().build().expect("a runtime");
    for kernel in KERNELS {
        runtime.register(*kernel).expect("a kernel");
    }
    let mut out = [0.0_f32; 4];
    let shape = Shape::new(&[2, 2]).expect("rank 2");
    let mut args = [
        Arg::input(&[1.0_f32, 1.0, 0.0, f32::NEG_INFINITY]).shaped(shape),
        Arg::scalar(2_u64),
        Arg::output(&mut out).shaped(shape),
    ];
    assert_eq!(runtime.launch("softmax_f32", &mut args).status(), Status::Ok);
    assert_eq!(out, [0.5, 0.5, 1.0, 0.0]);
    // A stated length that is not that of the buffer is refused before anything runs.
    let mut args = [
        Arg::input(&[1.0_f32; 4]).shaped(shape),
        Arg::scalar(4_u64),
        Arg::output(&mut out).shaped(shape),
    ];
    assert_eq!(
        runtime.launch("softmax_f32", &mut args).status(),
        Status::InvalidArgument
    );
    assert_eq!(out, [0.5, 0.5, 1.0, 0.0]);
}

/// A native kernel would compute something with such a number; so the contract refuses it, not the CPU function alone.
#[test]
fn an_epsilon_that_is_no_epsilon_is_refused_by_the_contract() {
    let driver = SimulatedDriver::new();
    let opened = driver.clone();
    for builder in [
        Runtime::builder().cpu_only(),
        Runtime::builder().driver(move || opened.open()),
    ] {
        let runtime = builder.build().expect("a runtime");
        for kernel in KERNELS {
            runtime.register(*kernel).expect("a kernel");
        }
        for epsilon in [-1e-6_f32, f32::NAN, f32::INFINITY] {
            let mut out = [7.0_f32; 2];
            let shape = Shape::new(&[1, 2]).expect("rank 2");
            let mut args = [
                Arg::input(&[1.0_f32, 2.0]).shaped(shape),
                Arg::input(&[1.0_f32, 1.0]),
                Arg::scalar(2_u64),
                Arg::scalar(epsilon),
                Arg::output(&mut out).shaped(shape),
            ];
            let dispatch = runtime.launch("rms_norm_f32", &mut args);
            assert_eq!(dispatch.outcome.reason(), Reason::ScalarOutOfRange, "{epsilon}");
            assert_eq!(out, [7.0; 2]);
        }
    }
    assert_eq!(driver.launches(), 0, "the device is not asked");
}

/// Half precision and tolerances as well: nothing that a kernel takes as an allowance may be negative or no number.
#[test]
fn every_allowance_of_a_kernel_has_a_bound() {
    let mut bounded = 0;
    for kernel in KERNELS {
        let name = kernel.contract.name();
        let scalars = kernel.contract.params().iter();
        let numbers = scalars.filter(|param| {
            param.role() == Role::Scalar && matches!(param.dtype(), DType::F16 | DType::Bf16 | DType::F32 | DType::F64)
        });
        for number in numbers {
            // The factor of `axpy` may be any number.
            let expected = (!name.starts_with("axpy_")).then_some(0.0);
            assert_eq!(number.least(), expected, "{name}");
            bounded += usize::from(expected.is_some());
        }
    }
    assert_eq!(
        bounded,
        3 + 2 * 4,
        "an epsilon of `rms_norm`, two tolerances of `compare`"
    );
}
