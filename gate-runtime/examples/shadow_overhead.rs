//! What rails and shadow verification cost a caller of softmax over 64 × 1024 numbers.
//!
//! ```console
//! cargo run --release --example shadow_overhead --package cargo-gate-runtime
//! ```
//!
//! Native calls run on the simulated device: the CPU function between two copies, with dispatch, guards and stats as on a
//! real one. Three runtimes take turns in short rounds: bare, with rails, with rails and a shadow fraction of 1 %. The
//! figures are medians over rounds of the ratio to the bare one in the same round. Where the system counts the time that a
//! thread had a processor (Linux), that ratio stands beside the one of elapsed time: other load on the machine does not
//! disturb it, and the thread that compares is not part of it.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use gate_runtime::backend::cuda::SimulatedDriver;
use gate_runtime::rails::{Governor, KernelRails, Rails, Settings};
use gate_runtime::shadow::{Fraction, Verifier};
use gate_runtime::{
    Arg, Contract, DType, Dim, Encoding, EntryImage, Geometry, Kernel, KernelSpec, ModuleImage, Outcome, Param,
    ParamType, Provenance, PtxImage, Runtime, Shape, Status, Tolerance, Variant, View, ViewMut,
};
use sha2::{Digest, Sha256};

const ROWS: usize = 64;
const COLUMNS: usize = 1024;
const ROUNDS: usize = 60;
const CALLS: usize = 200;

static SOFTMAX: Contract = Contract::new(
    "softmax_f32",
    &[
        Param::input(DType::F32, &[Dim::Same(0), Dim::Same(1)]),
        Param::output(DType::F32, &[Dim::Same(0), Dim::Same(1)]),
    ],
)
.tolerance(Tolerance::ulps(4));

const PTX: &str = "//\n.version 8.0\n.target sm_80\n.address_size 64\n\
                   .visible .entry softmax_f32(.param .u64 x, .param .u64 y)\n{\n\tret;\n}\n";

fn softmax(args: &mut [Arg<'_>]) -> Status {
    let [Arg::Input(View::F32(x), shape), Arg::Output(ViewMut::F32(y), _)] = args else {
        return Status::InvalidArgument;
    };
    let columns = shape.dims().last().copied().unwrap_or(1).max(1);
    for (x, y) in x.chunks_exact(columns).zip(y.chunks_exact_mut(columns)) {
        let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for (x, y) in x.iter().zip(y.iter_mut()) {
            *y = (x - largest).exp();
            sum += *y;
        }
        y.iter_mut().for_each(|y| *y /= sum);
    }
    Status::Ok
}

fn geometry(_: &[Arg<'_>]) -> Geometry {
    Geometry::cover(ROWS * COLUMNS, 256)
}

fn spec() -> KernelSpec {
    let params: &'static [ParamType] = &[ParamType::U64, ParamType::U64];
    let image = PtxImage {
        arch: 80,
        isa: (8, 0),
        ptx: PTX.as_bytes(),
        encoding: Encoding::Plain,
        sha256: Sha256::digest(PTX).into(),
        entries: Box::leak(Box::new([EntryImage {
            name: "softmax_f32",
            params,
        }])),
    };
    let module = ModuleImage {
        name: "softmax",
        images: Box::leak(Box::new([image])),
        provenance: Provenance::Built,
    };
    let variant = Variant {
        module: Box::leak(Box::new(module)),
        entry: "softmax_f32",
        geometry,
        score: 1,
    };
    KernelSpec {
        contract: &SOFTMAX,
        cpu: softmax,
        variants: Box::leak(Box::new([variant])),
    }
}

struct Subject {
    name: &'static str,
    kernel: Kernel,
    verifier: Option<Arc<Verifier>>,
    rails: Option<Arc<Governor>>,
}

fn subject(name: &'static str, with_rails: bool, fraction: f64) -> Result<Subject, Box<dyn Error>> {
    let driver = SimulatedDriver::new();
    let mut builder = Runtime::builder().driver(move || driver.open());
    let (mut verifier, mut rails) = (None, None);
    if with_rails {
        // Strict: a loaded machine must not roll the benchmark back.
        let settings = Rails::new(Settings {
            strict: true,
            ..Settings::default()
        })?;
        rails = Some(KernelRails::new(settings));
        if fraction > 0.0 {
            let shadow = Arc::new(Verifier::start(Fraction::new(fraction)?, 0)?);
            builder = builder.shadow(shadow.clone());
            verifier = Some(shadow);
        }
    }
    let kernel = builder
        .build()?
        .register(spec())
        .map_err(|diagnostic| diagnostic.to_string())?;
    let governor = rails.as_ref().map(|rails| rails.governor(kernel.name()));
    let kernel = rails.map_or_else(|| kernel.clone(), |rails| rails.guard(&kernel));
    Ok(Subject {
        name,
        kernel,
        verifier,
        rails: governor,
    })
}

/// Nanoseconds that this thread had a processor.
fn on_processor() -> Option<u64> {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    counted.split_whitespace().next()?.parse().ok()
}

/// Nanoseconds of a round: elapsed, and on a processor.
fn round(kernel: &Kernel, x: &[f32], y: &mut [f32]) -> Result<[f64; 2], Box<dyn Error>> {
    let shape = Shape::matrix(ROWS, COLUMNS);
    let before = on_processor();
    let start = Instant::now();
    for _ in 0..CALLS {
        let mut args = [Arg::input(x).shaped(shape), Arg::output(y).shaped(shape)];
        let dispatch = kernel.launch(black_box(&mut args));
        if dispatch.outcome != Outcome::Native {
            return Err(format!("not a native call: {}", dispatch.outcome).into());
        }
    }
    let elapsed = start.elapsed().as_nanos() as f64;
    let used = before
        .zip(on_processor())
        .map_or(f64::NAN, |(before, after)| (after - before) as f64);
    Ok([elapsed, used])
}

fn main() -> Result<(), Box<dyn Error>> {
    let subjects = [
        subject("bare", false, 0.0)?,
        subject("rails", true, 0.0)?,
        subject("rails and shadow 1 %", true, 0.01)?,
    ];
    let x: Vec<f32> = (0..ROWS * COLUMNS).map(|i| (i % 97) as f32 / 13.0).collect();
    let mut y = vec![0.0; x.len()];
    let mut ratios = vec![[Vec::new(), Vec::new()]; subjects.len()];
    let mut bare = Vec::new();
    for number in 0..ROUNDS {
        let mut times = vec![[0.0; 2]; subjects.len()];
        // Another one begins each round, so that none always runs on a machine that the one before has warmed up.
        for turn in 0..subjects.len() {
            let which = (turn + number) % subjects.len();
            if let (Some(subject), Some(time)) = (subjects.get(which), times.get_mut(which)) {
                *time = round(&subject.kernel, &x, &mut y)?;
            }
        }
        let first = times.first().copied().unwrap_or([1.0; 2]);
        bare.push(first[0] / CALLS as f64);
        for (ratios, time) in ratios.iter_mut().zip(times) {
            for kind in 0..2 {
                ratios[kind].push(time[kind] / first[kind]);
            }
        }
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let mut out = io::stdout().lock();
    writeln!(out, "a bare call takes {:.1} µs", median(&mut bare) / 1e3)?;
    for (subject, ratios) in subjects.iter().zip(&mut ratios) {
        let [elapsed, used] = ratios;
        let (elapsed, used) = (median(elapsed), median(used));
        write!(
            out,
            "{}: {elapsed:.4} of bare calls elapsed, {used:.4} on a processor",
            subject.name
        )?;
        if let Some(verifier) = &subject.verifier {
            verifier.settle();
            let counts = verifier.counts();
            write!(
                out,
                "; {} of {} calls compared, {} dropped",
                counts.matched,
                ROUNDS * CALLS,
                counts.dropped
            )?;
        }
        if let Some(rails) = &subject.rails {
            write!(
                out,
                "; {} windows, {} rollbacks",
                rails.state().windows,
                rails.state().rollback_count
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}
