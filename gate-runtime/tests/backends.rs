//! What reaches a native kernel: every element type, both ways of passing buffers, compressed images, several threads.

use std::time::Duration;

use gate_runtime::argument::{Element, View, ViewMut};
use gate_runtime::backend::cuda::{DriverError, SimulatedDriver, Step};
use gate_runtime::decision_log::DecisionLog;
use gate_runtime::{
    Arg, Contract, DType, Dim, Encoding, Kernel, KernelSpec, Outcome, Param, Pass, PtxImage, Runtime, Scalar, Status,
};
use support::{DONE, Memory, axpy_spec, call, device, image, leak, logged, module, sha256, variant, variants};

/// `y := x`, byte by byte, for buffers of any type; a scalar of the same type is added to the first element's bits.
fn copy(args: &mut [Arg<'_>]) -> Status {
    let [Arg::Input(x, _), Arg::Output(y, _), Arg::Scalar(s)] = args else {
        return Status::InvalidArgument;
    };
    let bytes = s.to_bytes();
    y.bytes_mut().copy_from_slice(x.bytes());
    for (byte, add) in y.bytes_mut().iter_mut().zip(&bytes[..s.dtype().size()]) {
        *byte ^= add;
    }
    Status::Ok
}

/// PTX with one entry `copy` of these parameters.
fn text(params: &str) -> String {
    format!(".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry copy({params}) {{ ret; }}\n")
}

fn copy_kernel(runtime: &Runtime, dtype: DType, pass: Pass, params: &str) -> Kernel {
    let buffer = |param: Param| param.pass(pass);
    let contract = leak(Contract::new(
        leak(format!("copy_{dtype}")).as_str(),
        leak(vec![
            buffer(Param::input(dtype, &[Dim::Same(0)])),
            buffer(Param::output(dtype, &[Dim::Same(0)])),
            Param::scalar(dtype),
        ]),
    ));
    let text = leak(text(params));
    let image = PtxImage {
        ptx: text.as_bytes(),
        sha256: sha256(text.as_bytes()),
        entries: &[],
        ..image(80, (8, 0))
    };
    let spec = KernelSpec {
        contract,
        cpu: copy,
        variants: variants(vec![variant(module(vec![image]), "copy", 0)]),
    };
    runtime.register(spec).expect("the kernel is valid")
}

/// Copies on a simulated device and compares with the CPU function.
fn both_ways<T: Element + Default + PartialEq + std::fmt::Debug>(pass: Pass, values: [T; 3], ptx: &str) {
    let driver = SimulatedDriver::new();
    let runtime = Runtime::builder().driver(move || driver.open()).build().expect("valid");
    let params = match pass {
        Pass::Slice => format!(".param .u64 a, .param .u64 n, .param .u64 b, .param .u64 m, .param {ptx} s"),
        _ => format!(".param .u64 a, .param .u64 .ptr .global .align 4 b, .param {ptx} s"),
    };
    let kernel = copy_kernel(&runtime, values[0].scalar().dtype(), pass, &params);
    let (mut native, mut cpu) = ([T::default(); 3], [T::default(); 3]);
    let mut args = [Arg::input(&values), Arg::output(&mut native), Arg::scalar(values[2])];
    assert_eq!(kernel.launch(&mut args).outcome, Outcome::Native, "{pass:?} {ptx}");
    let mut args = [Arg::input(&values), Arg::output(&mut cpu), Arg::scalar(values[2])];
    assert_eq!(kernel.cpu()(&mut args), Status::Ok);
    assert_eq!(native, cpu);
    assert_eq!(native[1..], values[1..]);
    assert_ne!(native[0], values[0], "the scalar arrived");
}

#[test]
fn every_element_type_reaches_the_device_and_comes_back() {
    for pass in [Pass::Plain, Pass::Slice] {
        both_ways(pass, [1_u8, 2, 3], ".u8");
        both_ways(pass, [1_u16, 2, 3], ".u16");
        both_ways(pass, [1_u32, 2, 3], ".u32");
        both_ways(pass, [1_u64, 2, 3], ".u64");
        both_ways(pass, [-1_i8, 2, 3], ".u8");
        both_ways(pass, [-1_i16, 2, 3], ".b16");
        both_ways(pass, [-1_i32, 2, 3], ".s32");
        both_ways(pass, [-1_i64, 2, 3], ".b64");
        both_ways(pass, [1.5_f32, 2.5, 1.25], ".f32");
        both_ways(pass, [1.5_f64, 2.5, 1.25], ".f64");
    }
}

#[test]
fn half_precision_goes_by_its_bits() {
    let device = device().expect("the device opens");
    for (dtype, param) in [(DType::F16, ".param .align 2 .b8 s[2]"), (DType::Bf16, ".param .b16 s")] {
        let params = format!(".param .u64 a, .param .u64 b, {param}");
        let kernel = copy_kernel(&device.runtime, dtype, Pass::Plain, &params);
        let (x, mut y) = ([0x3c00_u16, 0x4000], [0_u16; 2]);
        let line = gate_runtime::Shape::line(2);
        let (input, output, scalar) = match dtype {
            DType::F16 => (View::F16(&x), ViewMut::F16(&mut y), Scalar::F16(0x00ff)),
            _ => (View::Bf16(&x), ViewMut::Bf16(&mut y), Scalar::Bf16(0x00ff)),
        };
        let mut args = [Arg::Input(input, line), Arg::Output(output, line), Arg::Scalar(scalar)];
        assert_eq!(kernel.launch(&mut args).outcome, Outcome::Native);
        assert_eq!(y, [0x3cff, 0x4000]);
    }
}

#[test]
fn a_compressed_image_is_unpacked_for_the_driver() {
    let text = support::text(80, (8, 0));
    let packed = leak(miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 9));
    let image = PtxImage {
        ptx: packed.as_slice(),
        encoding: Encoding::Deflate,
        ..image(80, (8, 0))
    };
    let driver = SimulatedDriver::new();
    let runtime = Runtime::builder().driver(move || driver.open()).build().expect("valid");
    let kernel = runtime.register(KernelSpec {
        variants: variants(vec![variant(module(vec![image]), "axpy_f32", 0)]),
        ..axpy_spec()
    });
    let (dispatch, y) = call(&kernel.expect("the kernel is valid"));
    assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));
}

#[test]
fn threads_share_a_device_without_mixing_their_calls() {
    let device = device().expect("the device opens");
    device.driver.fail(Step::CopyOut, DriverError(1), 50, 20);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let (dispatch, y) = call(&device.axpy);
                    assert!(dispatch.is_ok());
                    assert_eq!(y, DONE);
                }
            });
        }
    });
    let stats = device.runtime.stats();
    assert_eq!(
        (stats.calls.native, stats.calls.fallback, stats.compile.count),
        (380, 20, 1)
    );
    assert_eq!(device.driver.live_buffers(), 0);
}

#[test]
fn the_writer_audits_modules() {
    let log = Memory::default();
    let driver = SimulatedDriver::new();
    let runtime = Runtime::builder()
        .driver(move || driver.open())
        .decision_log(DecisionLog::to_writer(log.clone()).audit_every(Duration::from_nanos(1)))
        .build()
        .expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    assert_eq!(call(&kernel).0.outcome, Outcome::Native);
    kernel.modules()[0].corrupt_silently(3);
    // Two rounds: the first may have begun before the change.
    runtime.flush().expect("memory can be written");
    runtime.flush().expect("memory can be written");
    assert_eq!(call(&kernel).0.outcome.to_string(), "error (fingerprint_mismatch)");
    assert!(log.text().contains("\"event\":\"event\""), "{}", log.text());
    assert!(
        log.text()
            .contains("\"reason\":\"fingerprint_mismatch\",\"subject\":\"kernels/test.cu\"")
    );
}

#[test]
fn a_kernel_may_launch_another() {
    static INNER: std::sync::OnceLock<Kernel> = std::sync::OnceLock::new();
    fn outer(args: &mut [Arg<'_>]) -> Status {
        match INNER.get() {
            Some(inner) => inner.launch(args).status(),
            None => Status::RuntimeFailed,
        }
    }
    let (builder, log) = logged();
    let runtime = builder.cpu_only().build().expect("the configuration is valid");
    let inner = runtime.register(axpy_spec()).expect("the kernel is valid");
    assert!(INNER.set(inner).is_ok());
    let spec = KernelSpec {
        contract: leak(Contract::new("outer", support::AXPY.params())),
        cpu: outer,
        variants: &[],
    };
    let (dispatch, y) = call(&runtime.register(spec).expect("the kernel is valid"));
    assert!(dispatch.is_ok());
    assert_eq!(y, DONE);
    runtime.flush().expect("memory can be written");
    let names: Vec<String> = log.decisions().into_iter().map(|decision| decision.kernel).collect();
    assert_eq!(names, ["axpy_f32", "outer"], "in the order in which they ended");
}
