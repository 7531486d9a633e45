//! Production suite: bad input of every kind ends in the status and the reason that the tables say, and never in a panic.

use gate_runtime::argument::{ArgDesc, Role};
use gate_runtime::dispatch::Outputs;
use gate_runtime::module::Diagnostic;
use gate_runtime::{
    Arg, Contract, DType, Dim, Encoding, EntryImage, Geometry, KernelSpec, LaunchLimits, Param, ParamType, PtxImage,
    Reason, Runtime, Shape, Status, Variant,
};
use support::{AXPY, SCALE, axpy, axpy_spec, image, leak, matrix, module, scale, sha256, text, variant, variants};

/// Launches on a runtime with `axpy_f32` and `scale_f32`, on a simulated device and on the CPU alone: contracts hold on both.
fn launch(name: &str, args: &mut [Arg<'_>]) -> (Status, Reason) {
    let simulated = support::device().expect("the device opens").runtime;
    let cpu = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    cpu.register(axpy_spec()).expect("the kernel is valid");
    let mut results = Vec::new();
    for runtime in [simulated, cpu] {
        let module = module(vec![image(80, (8, 0))]);
        let scale = KernelSpec {
            contract: &SCALE,
            cpu: scale,
            variants: variants(vec![variant(module, "scale_f32", 0)]),
        };
        runtime.register(scale).expect("the kernel is valid");
        let dispatch = runtime.launch(name, args);
        if !dispatch.is_ok() {
            assert_eq!(dispatch.outputs, Outputs::Untouched, "{name}: {}", dispatch.outcome);
            let of_contract = dispatch.outcome.reason() != Reason::UnknownKernel;
            assert_eq!(dispatch.violation.is_some(), of_contract, "{name}: {args:?}");
        }
        results.push((dispatch.status(), dispatch.outcome.reason()));
    }
    let statuses = results.iter().map(|(status, _)| *status).collect::<Vec<_>>();
    assert_eq!(statuses[0], statuses[1], "a call is valid everywhere or nowhere");
    results[0]
}

#[test]
fn bad_arguments_are_invalid_arguments() {
    let (x, mut y) = ([1.0_f32, 2.0], [3.0_f32, 4.0]);
    let bytes = [0_u8; 8];
    let mut table: Vec<(&str, Reason, Vec<Arg<'_>>)> = Vec::new();
    let mut outputs: Vec<[f32; 2]> = vec![[7.0; 2]; 16];
    let mut next = outputs.iter_mut();
    let mut out = || next.next().expect("there are enough outputs").as_mut_slice();
    let a = || Arg::scalar(2.0_f32);
    let mut add = |name, reason, args| table.push((name, reason, args));
    add("nowhere", Reason::UnknownKernel, vec![]);
    add("", Reason::UnknownKernel, vec![]);
    add("axpy_f32", Reason::InputCountMismatch, vec![]);
    add("axpy_f32", Reason::InputCountMismatch, vec![Arg::in_out(out())]);
    add("axpy_f32", Reason::OutputCountMismatch, vec![a(), Arg::input(&x)]);
    add(
        "axpy_f32",
        Reason::OutputCountMismatch,
        vec![a(), Arg::input(&x), Arg::input(&x)],
    );
    add(
        "axpy_f32",
        Reason::InputCountMismatch,
        vec![a(), Arg::input(&x), Arg::in_out(out()), Arg::input(&x)],
    );
    add(
        "axpy_f32",
        Reason::ArgumentRoleMismatch,
        vec![a(), Arg::in_out(out()), Arg::input(&x)],
    );
    add(
        "axpy_f32",
        Reason::ArgumentRoleMismatch,
        vec![a(), Arg::input(&x), Arg::output(out())],
    );
    add(
        "axpy_f32",
        Reason::InputDtypeMismatch,
        vec![Arg::scalar(2.0_f64), Arg::input(&x), Arg::in_out(out())],
    );
    add(
        "axpy_f32",
        Reason::InputDtypeMismatch,
        vec![a(), Arg::input(&bytes), Arg::in_out(out())],
    );
    let mut doubles = [7.0_f64; 2];
    add(
        "axpy_f32",
        Reason::OutputDtypeMismatch,
        vec![a(), Arg::input(&x), Arg::in_out(&mut doubles)],
    );
    let two = Shape::line(2);
    add(
        "axpy_f32",
        Reason::OutputSizeMismatch,
        vec![a(), Arg::input(&x), Arg::in_out(&mut out()[..1]).shaped(two)],
    );
    add(
        "axpy_f32",
        Reason::OutputShapeMismatch,
        vec![a(), Arg::input(&x[..1]), Arg::in_out(out())],
    );
    add(
        "axpy_f32",
        Reason::InputShapeMismatch,
        vec![a(), Arg::input(&x).shaped(matrix(1, 2)), Arg::in_out(out())],
    );
    add(
        "axpy_f32",
        Reason::InputSizeMismatch,
        vec![a(), Arg::input(&x).shaped(Shape::line(3)), Arg::in_out(out())],
    );
    add(
        "axpy_f32",
        Reason::InputSizeMismatch,
        vec![a(), Arg::input(&x).shaped(Shape::line(usize::MAX)), Arg::in_out(out())],
    );
    add(
        "axpy_f32",
        Reason::ZeroSizeLaunch,
        vec![a(), Arg::input::<f32>(&[]), Arg::in_out(&mut out()[..0])],
    );
    fn scaled<'a>(x: &'a [f32], y: &'a mut [f32], columns: u32) -> Vec<Arg<'a>> {
        let shape = matrix(1, 2);
        vec![
            Arg::input(x).shaped(shape),
            Arg::output(y).shaped(shape),
            Arg::scalar(columns),
        ]
    }
    add("scale_f32", Reason::InputShapeMismatch, scaled(&x, out(), 1));
    add("scale_f32", Reason::InputShapeMismatch, scaled(&x, out(), u32::MAX));
    for (name, reason, mut args) in table {
        let result = launch(name, &mut args);
        assert_eq!(result, (Status::InvalidArgument, reason), "{name}: {args:?}");
    }
    assert!(
        outputs.iter().all(|output| *output == [7.0; 2]),
        "outputs are untouched"
    );

    let mut good = scaled(&x, &mut y, 2);
    assert_eq!(launch("scale_f32", &mut good), (Status::Ok, Reason::Native));
    assert_eq!(y, [2.0, 4.0]);
}

#[test]
fn a_scalar_below_its_bound_is_refused_on_every_backend() {
    static BOUNDED: Contract = Contract::new(
        "bounded",
        &[
            Param::scalar(DType::F32).at_least(0.0),
            Param::input(DType::F32, &[Dim::Same(0)]),
            Param::in_out(DType::F32, &[Dim::Same(0)]),
        ],
    );
    let simulated = support::device().expect("the device opens");
    let cpu = Runtime::builder().cpu_only().build().expect("valid");
    let spec = KernelSpec {
        contract: &BOUNDED,
        ..axpy_spec()
    };
    for runtime in [&simulated.runtime, &cpu] {
        let kernel = runtime.register(spec).expect("the contract holds together");
        for (a, allowed) in [
            (0.0_f32, true),
            (1e-6, true),
            (f32::MAX, true),
            (-0.5, false),
            (f32::NAN, false),
            (f32::INFINITY, false),
            (f32::NEG_INFINITY, false),
        ] {
            let mut y = [7.0_f32];
            let dispatch = kernel.launch(&mut [Arg::scalar(a), Arg::input(&[1.0_f32]), Arg::in_out(&mut y)]);
            assert_eq!(dispatch.is_ok(), allowed, "{a}: {}", dispatch.outcome);
            if !allowed {
                assert_eq!(
                    (dispatch.outcome.reason(), dispatch.outputs, y),
                    (Reason::ScalarOutOfRange, Outputs::Untouched, [7.0])
                );
                let said = dispatch.ok().expect_err("refused").to_string();
                assert!(
                    said.contains(&format!("argument 0: expected a finite number not below 0, given {a}")),
                    "{said}"
                );
            }
        }
    }
}

#[test]
fn an_empty_call_is_the_cpus_where_the_contract_allows_it() {
    let mut args = [
        Arg::input::<f32>(&[]).shaped(matrix(0, 2)),
        Arg::output::<f32>(&mut []).shaped(matrix(0, 2)),
        Arg::scalar(2_u32),
    ];
    assert_eq!(launch("scale_f32", &mut args), (Status::Ok, Reason::EmptyLaunch));
}

fn desc(role: Role, address: usize, elements: usize) -> ArgDesc {
    ArgDesc {
        role,
        dtype: DType::F32,
        shape: Shape::line(elements),
        address,
        bytes: 4 * elements,
        value: 0,
    }
}

#[test]
fn what_only_a_c_interface_can_pass_is_refused_as_well() {
    let scalar = ArgDesc {
        shape: Shape::SCALAR,
        bytes: 4,
        ..desc(Role::Scalar, 0, 1)
    };
    let check = |contract: &Contract, x: (usize, usize), y: (usize, usize)| {
        contract.check(&[scalar, desc(Role::Input, x.0, x.1), desc(Role::InOut, y.0, y.1)])
    };
    let base = 4096;
    assert_eq!(check(&AXPY, (base, 4), (base + 16, 4)), Ok(()));
    assert_eq!(check(&AXPY, (0, 4), (base, 4)), Err(Reason::InputUnavailable));
    assert_eq!(check(&AXPY, (base, 4), (0, 4)), Err(Reason::InputUnavailable));
    assert_eq!(
        check(&AXPY, (base + 1, 4), (2 * base, 4)),
        Err(Reason::MisalignedBuffer)
    );
    for shift in [0, 4, 12] {
        assert_eq!(
            check(&AXPY, (base, 4), (base + shift, 4)),
            Err(Reason::AliasedBuffers),
            "{shift}"
        );
        assert_eq!(
            check(&AXPY, (base + shift, 4), (base, 4)),
            Err(Reason::AliasedBuffers),
            "{shift}"
        );
    }
    assert_eq!(check(&AXPY.allow_aliases(), (base, 4), (base, 4)), Ok(()));
    assert_eq!(
        check(&AXPY, (usize::MAX - 3, 4), (base, 4)),
        Ok(()),
        "the end of a range does not overflow"
    );
    let limits = LaunchLimits {
        max_bytes: 31,
        ..LaunchLimits::USUAL
    };
    assert_eq!(
        check(&AXPY.limits(limits), (base, 4), (2 * base, 4)),
        Err(Reason::LaunchLimitExceeded)
    );
    assert_eq!(check(&AXPY.limits(limits), (base, 3), (2 * base, 3)), Ok(()));
    let wide = Contract::new(
        "wide",
        leak(vec![Param::in_out(DType::F32, &[Dim::MultipleOf(4)]).aligned(256)]),
    );
    assert_eq!(wide.check(&[desc(Role::InOut, base, 4)]), Ok(()));
    assert_eq!(
        wide.check(&[desc(Role::InOut, base + 16, 4)]),
        Err(Reason::MisalignedBuffer)
    );
    assert_eq!(
        wide.check(&[desc(Role::InOut, base, 6)]),
        Err(Reason::OutputShapeMismatch)
    );
}

#[test]
fn a_geometry_beyond_the_limits_is_refused_on_every_machine() {
    fn huge(_: &[Arg<'_>]) -> Geometry {
        Geometry::cover(1, 2048)
    }
    fn none(_: &[Arg<'_>]) -> Geometry {
        Geometry::cover(0, 32)
    }
    fn shared(_: &[Arg<'_>]) -> Geometry {
        Geometry {
            shared_bytes: 48 * 1024 + 1,
            ..Geometry::cover(1, 32)
        }
    }
    fn deep(_: &[Arg<'_>]) -> Geometry {
        Geometry {
            block: [1, 1, 65],
            ..Geometry::cover(1, 32)
        }
    }
    fn tall(_: &[Arg<'_>]) -> Geometry {
        Geometry {
            grid: [1, 65536, 1],
            ..Geometry::cover(1, 32)
        }
    }
    fn panics(_: &[Arg<'_>]) -> Geometry {
        panic!("a geometry function that divides by zero, say")
    }
    for (geometry, said) in [
        (
            huge as gate_runtime::kernel::GeometryFn,
            "expected 1 to 1024 threads in a block, given 2048",
        ),
        (none, "grid, dimension 0: expected 1 to 2147483647 blocks, given 0"),
        (
            shared,
            "expected at most 49152 bytes of shared memory in a block, given 49153",
        ),
        (deep, "block, dimension 2: expected at most 64 threads, given 65"),
        (tall, "grid, dimension 1: expected 1 to 65535 blocks, given 65536"),
        (
            panics,
            "expected a geometry, given a panic of the function that makes it",
        ),
    ] {
        for driver in [true, false] {
            let builder = Runtime::builder();
            let builder = if driver { builder } else { builder.cpu_only() };
            let runtime = builder.build().expect("the configuration is valid");
            let kernel = runtime.register(KernelSpec {
                variants: variants(vec![Variant {
                    geometry,
                    ..variant(module(vec![image(80, (8, 0))]), "axpy_f32", 0)
                }]),
                ..axpy_spec()
            });
            let (dispatch, y) = support::call(&kernel.expect("the kernel is valid"));
            assert_eq!(dispatch.outcome.reason(), Reason::LaunchLimitExceeded);
            assert_eq!((dispatch.status(), y), (Status::InvalidArgument, support::UNTOUCHED));
            let error = dispatch.ok().expect_err("it is beyond the limits").to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}

#[test]
fn a_cpu_function_that_fails_is_never_ok() {
    fn with(cpu: gate_runtime::CpuFn) -> (Status, String, Outputs) {
        let runtime = Runtime::builder()
            .cpu_only()
            .build()
            .expect("the configuration is valid");
        let kernel = runtime
            .register(KernelSpec { cpu, ..axpy_spec() })
            .expect("the kernel is valid");
        let (dispatch, _) = support::call(&kernel);
        assert!(
            support::call(&kernel).0.outcome == dispatch.outcome,
            "the process stays usable"
        );
        (
            dispatch.status(),
            dispatch.outcome.causes().to_string(),
            dispatch.outputs,
        )
    }
    let undefined = Outputs::Undefined;
    assert_eq!(
        with(|_| Status::InvalidArgument),
        (
            Status::InvalidArgument,
            "kernel_refused;not_requested".to_owned(),
            undefined
        )
    );
    for status in [Status::VerifyFailed, Status::CompileFailed, Status::RuntimeFailed] {
        static LAST: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(0);
        LAST.store(status.code(), std::sync::atomic::Ordering::Relaxed);
        let failing = |_: &mut [Arg<'_>]| {
            Status::from_code(LAST.load(std::sync::atomic::Ordering::Relaxed)).expect("it is the number of a status")
        };
        let expected = (
            Status::RuntimeFailed,
            "kernel_failed;not_requested".to_owned(),
            undefined,
        );
        assert_eq!(with(failing), expected);
    }
    let expected = (
        Status::RuntimeFailed,
        "kernel_panicked;not_requested".to_owned(),
        undefined,
    );
    assert_eq!(with(|_| panic!("out of bounds, say")), expected);
}

fn register(images: Vec<PtxImage>) -> Result<(), Diagnostic> {
    let runtime = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    let spec = KernelSpec {
        variants: variants(vec![variant(module(images), "axpy_f32", 0)]),
        ..axpy_spec()
    };
    runtime.register(spec).map(drop)
}

fn with_text(text: &str) -> PtxImage {
    PtxImage {
        ptx: leak(text.to_owned()).as_bytes(),
        sha256: sha256(text.as_bytes()),
        entries: &[],
        ..image(80, (8, 0))
    }
}

#[test]
fn modules_that_are_not_what_they_claim_fail_verification() {
    let good = text(80, (8, 0));
    let other_entries = leak(vec![EntryImage {
        name: "axpy_f32",
        params: &[ParamType::F32],
    }]);
    let missing_entry = leak(vec![EntryImage {
        name: "gone",
        params: &[],
    }]);
    let deflated = miniz_oxide::deflate::compress_to_vec(good.as_bytes(), 6);
    let deflate = |bytes: Vec<u8>| PtxImage {
        ptx: leak(bytes).as_slice(),
        encoding: Encoding::Deflate,
        ..image(80, (8, 0))
    };
    let mut damaged = deflated.clone();
    damaged[20] ^= 0xff;
    let table: Vec<(Reason, Vec<PtxImage>)> = vec![
        (Reason::EmptyModule, vec![]),
        (Reason::EmptyModule, vec![with_text("")]),
        (Reason::MalformedPtx, vec![with_text("not PTX at all")]),
        (Reason::MalformedPtx, vec![with_text(&good[..good.len() / 2])]),
        (
            Reason::DigestMismatch,
            vec![PtxImage {
                sha256: [0; 32],
                ..image(80, (8, 0))
            }],
        ),
        (
            Reason::DigestMismatch,
            vec![PtxImage {
                ptx: &good.as_bytes()[..40].to_vec().leak()[..],
                ..image(80, (8, 0))
            }],
        ),
        (
            Reason::DecodeFailed,
            vec![deflate(deflated[..deflated.len() / 2].to_vec())],
        ),
        (Reason::DecodeFailed, vec![deflate(vec![0xff; 10])]),
        (
            Reason::EntryMissing,
            vec![with_text(&good.replace("axpy_f32(", "axpy("))],
        ),
        (
            Reason::EntryMissing,
            vec![PtxImage {
                entries: missing_entry,
                ..image(80, (8, 0))
            }],
        ),
        (
            Reason::ParameterMismatch,
            vec![PtxImage {
                entries: other_entries,
                ..image(80, (8, 0))
            }],
        ),
        (
            Reason::ParameterMismatch,
            vec![with_text(&good.replace(".param .f32", ".param .f64"))],
        ),
        (
            Reason::ParameterMismatch,
            vec![with_text(
                &good.replace(".param .u64 axpy_f32_param_1", ".param .u32 n"),
            )],
        ),
        (Reason::IsaAboveFloor, vec![with_text(&text(80, (8, 1)))]),
        (Reason::TargetMismatch, vec![with_text(&text(90, (8, 0)))]),
        (
            Reason::EntryMissing,
            vec![
                image(80, (8, 0)),
                PtxImage {
                    arch: 90,
                    ..with_text(&text(90, (8, 0)).replace("axpy", "a"))
                },
            ],
        ),
    ];
    for (reason, images) in table {
        let diagnostic = register(images).expect_err(reason.code());
        assert_eq!(
            (diagnostic.status(), diagnostic.reason),
            (Status::VerifyFailed, reason),
            "{diagnostic}"
        );
        assert!(diagnostic.message.contains("kernels/test.cu"), "{diagnostic}");
    }
    let found = register(vec![deflate(damaged)]).expect_err("the bytes were changed");
    assert!([Reason::DecodeFailed, Reason::DigestMismatch].contains(&found.reason));
    assert_eq!(register(vec![deflate(deflated)]), Ok(()));
    assert_eq!(register(vec![image(80, (8, 0)), image(90, (8, 0))]), Ok(()));
}

#[test]
fn contracts_that_contradict_themselves_are_refused() {
    static F32: DType = DType::F32;
    let out = Param::output(F32, &[Dim::Same(0)]);
    let seventeen = vec![out; 17];
    let table: Vec<(&str, Vec<Param>)> = vec![
        ("", vec![out]),
        ("two words", vec![out]),
        ("nothing", vec![]),
        ("many", seventeen),
        ("no_output", vec![Param::input(F32, &[Dim::Any])]),
        ("alignment", vec![out.aligned(3)]),
        ("alignment", vec![out.aligned(0)]),
        ("symbol", vec![Param::output(F32, &[Dim::Same(8)])]),
        ("multiple", vec![Param::output(F32, &[Dim::MultipleOf(0)])]),
        ("rank", vec![Param::output(F32, &[Dim::Any; 7])]),
        ("unbound", vec![out, Param::scalar(DType::U32).states_dim(1)]),
        ("float", vec![out, Param::scalar(F32).states_dim(0)]),
        ("bound", vec![out, Param::scalar(DType::U32).at_least(0.0)]),
        ("bound", vec![out.at_least(0.0)]),
        ("bound", vec![out, Param::scalar(F32).at_least(f64::NAN)]),
        ("slice", vec![out, Param::scalar(F32).pass(gate_runtime::Pass::Slice)]),
    ];
    let runtime = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    for (name, params) in table {
        let contract = leak(Contract::new(name, leak(params).as_slice()));
        let spec = KernelSpec {
            contract,
            cpu: axpy,
            variants: &[],
        };
        let diagnostic = runtime.register(spec).expect_err(name);
        assert_eq!(
            (diagnostic.status(), diagnostic.reason),
            (Status::VerifyFailed, Reason::ContractInvalid),
            "{name}"
        );
    }
    runtime.register(axpy_spec()).expect("the kernel is valid");
    let diagnostic = runtime.register(axpy_spec()).expect_err("the name is taken");
    assert_eq!(
        (diagnostic.status(), diagnostic.reason),
        (Status::InvalidArgument, Reason::DuplicateKernel)
    );
}
