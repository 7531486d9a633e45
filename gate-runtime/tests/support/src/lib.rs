//! Kernels, modules and runtimes that the suites share.

use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use gate_runtime::argument::Shape;
use gate_runtime::backend::cuda::SimulatedDriver;
use gate_runtime::decision_log::{DecisionLog, read};
use gate_runtime::module::{ModuleSource, SourceImage};
use gate_runtime::runtime::Builder;
use gate_runtime::{
    Arg, Contract, DType, Dim, Encoding, EntryImage, Geometry, Kernel, KernelSpec, ModuleImage, Param, ParamType,
    Provenance, PtxImage, Runtime, Scalar, Status, Variant, View, ViewMut,
};
use sha2::{Digest, Sha256};

/// `axpy_f32(a, x, y)`.
pub static AXPY: Contract = Contract::new(
    "axpy_f32",
    &[
        Param::scalar(DType::F32),
        Param::input(DType::F32, &[Dim::Same(0)]),
        Param::in_out(DType::F32, &[Dim::Same(0)]),
    ],
);

/// `scale_f32(x, y, columns)` of matrices, of which there may be nothing.
pub static SCALE: Contract = Contract::new(
    "scale_f32",
    &[
        Param::input(DType::F32, &[Dim::Same(0), Dim::Same(1)]),
        Param::output(DType::F32, &[Dim::Same(0), Dim::Same(1)]),
        Param::scalar(DType::U32).states_dim(1),
    ],
)
.allow_empty();

/// `y := a x + y`
pub fn axpy(args: &mut [Arg<'_>]) -> Status {
    let [
        Arg::Scalar(Scalar::F32(a)),
        Arg::Input(View::F32(x), _),
        Arg::InOut(ViewMut::F32(y), _),
    ] = args
    else {
        return Status::InvalidArgument;
    };
    for (y, x) in y.iter_mut().zip(*x) {
        *y += *a * *x;
    }
    Status::Ok
}

/// `y := 2 x`
pub fn scale(args: &mut [Arg<'_>]) -> Status {
    let [
        Arg::Input(View::F32(x), _),
        Arg::Output(ViewMut::F32(y), _),
        Arg::Scalar(_),
    ] = args
    else {
        return Status::InvalidArgument;
    };
    for (y, x) in y.iter_mut().zip(*x) {
        *y = 2.0 * *x;
    }
    Status::Ok
}

/// One thread for each element of the first input.
pub fn geometry(args: &[Arg<'_>]) -> Geometry {
    let elements = args.iter().find_map(|arg| match arg {
        Arg::Input(_, shape) => shape.elements(),
        _ => None,
    });
    Geometry::cover(elements.unwrap_or(0), 256)
}

/// What the entry `axpy_f32` takes.
pub const AXPY_PARAMS: &[ParamType] = &[ParamType::F32, ParamType::U64, ParamType::U64];
/// What the entry `scale_f32` takes.
pub const SCALE_PARAMS: &[ParamType] = &[ParamType::U64, ParamType::U64, ParamType::U32];

/// PTX that has both entries.
pub fn text(arch: u32, isa: (u8, u8)) -> String {
    format!(
        "//\n// written for tests\n//\n.version {}.{}\n.target sm_{arch}\n.address_size 64\n\n\
         .visible .entry axpy_f32(\n\t.param .f32 axpy_f32_param_0,\n\t.param .u64 axpy_f32_param_1,\n\
         \t.param .u64 axpy_f32_param_2\n)\n{{\n\tret;\n}}\n\
         .visible .entry scale_f32(.param .u64 a, .param .u64 b, .param .u32 c)\n{{\n\tret;\n}}\n",
        isa.0, isa.1
    )
}

/// What lives as long as the program.
pub fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// The digest that images carry.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// An image of `text(arch, isa)` that says the truth.
pub fn image(arch: u32, isa: (u8, u8)) -> PtxImage {
    let text = leak(text(arch, isa));
    PtxImage {
        arch,
        isa,
        ptx: text.as_bytes(),
        encoding: Encoding::Plain,
        sha256: sha256(text.as_bytes()),
        entries: &[
            EntryImage {
                name: "axpy_f32",
                params: AXPY_PARAMS,
            },
            EntryImage {
                name: "scale_f32",
                params: SCALE_PARAMS,
            },
        ],
    }
}

/// A module of these images.
pub fn module(images: Vec<PtxImage>) -> &'static ModuleImage {
    leak(ModuleImage {
        name: "kernels/test.cu",
        images: leak(images).as_slice(),
        provenance: Provenance::Built,
    })
}

/// An entry of a module, launched by [`geometry`].
pub fn variant(module: &'static ModuleImage, entry: &'static str, score: u32) -> Variant {
    Variant {
        module,
        entry,
        geometry,
        score,
    }
}

/// The variants of a kernel.
pub fn variants(list: Vec<Variant>) -> &'static [Variant] {
    leak(list).as_slice()
}

/// `axpy_f32` with a module that every simulated device can run.
pub fn axpy_spec() -> KernelSpec {
    let module = module(vec![image(80, (8, 0))]);
    KernelSpec {
        contract: &AXPY,
        cpu: axpy,
        variants: variants(vec![variant(module, "axpy_f32", 1)]),
    }
}

/// A log in memory.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Memory {
    /// All that was written.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8(bytes.clone());
        assert!(text.is_ok(), "the log is not UTF-8: {text:?}");
        text.unwrap_or_default()
    }

    /// The lines, all of which must be valid.
    pub fn lines(&self) -> Vec<read::Line> {
        let lines = read::read_open(self.text().as_bytes());
        assert!(lines.is_ok(), "the log is not valid: {lines:?}");
        lines.unwrap_or_default()
    }

    /// The decisions among the [`Memory::lines`].
    pub fn decisions(&self) -> Vec<read::Decision> {
        let decision = |line: read::Line| match line.event {
            read::Event::Decision(decision) => Some(*decision),
            _ => None,
        };
        self.lines().into_iter().filter_map(decision).collect()
    }
}

/// A builder with a fixed identity that logs into memory.
pub fn logged() -> (Builder, Memory) {
    let memory = Memory::default();
    let log = DecisionLog::to_writer(memory.clone());
    (Runtime::builder().run_id("test").decision_log(log), memory)
}

/// A runtime on a simulated device, with `axpy_f32`.
pub struct Device {
    /// The runtime.
    pub runtime: Runtime,
    /// The kernel, registered.
    pub axpy: Kernel,
    /// The driver below, for faults.
    pub driver: SimulatedDriver,
    /// What the runtime logs.
    pub log: Memory,
}

/// A version of the module: other bytes, the same kernels.
pub fn version(number: u32) -> ModuleSource {
    let ptx = format!("{}// version {number}\n", text(90, (8, 0))).into_bytes();
    ModuleSource {
        name: "kernels/test.cu".to_owned(),
        images: vec![SourceImage {
            arch: 90,
            isa: (8, 0),
            sha256: sha256(&ptx),
            ptx,
        }],
    }
}

/// A [`Device`] with nothing else configured.
///
/// # Errors
/// The kernel cannot be registered.
pub fn device() -> Result<Device, Box<dyn Error>> {
    device_with(|builder| builder)
}

/// A [`Device`] of which `configure` decides the rest.
///
/// # Errors
/// The configuration is refused, or the kernel cannot be registered.
pub fn device_with(configure: impl FnOnce(Builder) -> Builder) -> Result<Device, Box<dyn Error>> {
    let driver = SimulatedDriver::new();
    let opened = driver.clone();
    let (builder, log) = logged();
    let builder = configure(builder.driver(move || opened.open()));
    let runtime = builder.build()?;
    let axpy = runtime.register(axpy_spec())?;
    Ok(Device {
        runtime,
        axpy,
        driver,
        log,
    })
}

/// Calls `axpy_f32` with `a = 2`, `x = [1, 2, 3]` on `y = [10, 20, 30]`, and says what is in `y` then.
pub fn call(kernel: &Kernel) -> (gate_runtime::Dispatch, [f32; 3]) {
    let mut y = [10.0, 20.0, 30.0];
    let mut args = [
        Arg::scalar(2.0_f32),
        Arg::input(&[1.0_f32, 2.0, 3.0]),
        Arg::in_out(&mut y),
    ];
    let dispatch = kernel.launch(&mut args);
    (dispatch, y)
}

/// What [`call`] leaves in `y` when the work was done.
pub const DONE: [f32; 3] = [12.0, 24.0, 36.0];
/// What [`call`] leaves in `y` when the work was not done.
pub const UNTOUCHED: [f32; 3] = [10.0, 20.0, 30.0];

/// The shape of a matrix.
pub fn matrix(rows: usize, columns: usize) -> Shape {
    Shape::matrix(rows, columns)
}

/// Where a thread of a test waits until the test lets it go on.
#[derive(Default)]
pub struct Door(Mutex<(bool, bool)>, Condvar);

impl Door {
    /// A door that is closed.
    pub const fn new() -> Door {
        Door(Mutex::new((false, false)), Condvar::new())
    }

    /// Says that somebody waits, and waits until the door is open.
    pub fn pass(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        self.1.notify_all();
        while !state.1 {
            state = self.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until somebody waits, or has passed.
    pub fn wait_for_somebody(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.0 {
            state = self.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets everybody pass from now on.
    pub fn open(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.1.notify_all();
    }
}
