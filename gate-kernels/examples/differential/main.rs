//! Runs every kernel on a CUDA device over every length that is special to it and over numbers of all kinds, and compares what it
//! gives with the CPU function, bit by bit. What the device gave can be saved: the tests hold CPU functions to such files on machines
//! that have no device.
//!
//! ```text
//! cargo run --release --package cargo-gate-kernels --features cuda --example differential -- --save gate-kernels/conformance
//! ```
//!
//! Ends with 0 when the device ran every case and all bits are the same, with 1 when they are not or a case did not run, and with 3 when
//! nothing ran because there is no device: that is no result. `--simulated` runs the program on a simulated device, which calls the
//! CPU functions: it shows that the program works, and nothing about a GPU. Nothing can be saved then.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints its findings")]

#[path = "../../tests/ptx/cases.rs"]
mod cases;
#[path = "../../tests/ptx/vectors.rs"]
mod vectors;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gate_kernels::KERNELS;
use gate_runtime::argument::OwnedArg;
use gate_runtime::backend::cuda::SimulatedDriver;
use gate_runtime::{Arg, Kernel, KernelSpec, Outcome, Reason, Runtime};
use vectors::Digest;

/// Nothing was shown.
const NOT_RUN: u8 = 3;

struct Options {
    simulated: bool,
    save: Option<PathBuf>,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        simulated: false,
        save: None,
    };
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--simulated") => options.simulated = true,
            Some("--save") => options.save = Some(arguments.next().ok_or("--save needs a directory")?.into()),
            _ => return Err(format!("unknown argument {}", argument.display())),
        }
    }
    if options.simulated && options.save.is_some() {
        return Err("results of a simulated device are not saved".to_owned());
    }
    Ok(options)
}

/// What became of the cases of one kernel.
#[derive(Default)]
struct Tally {
    ran: usize,
    /// Cases without elements, which are not launched on any device.
    empty: usize,
    problems: Vec<String>,
    digest: Digest,
}

fn run(kernel: &Kernel, spec: &KernelSpec) -> Tally {
    let mut tally = Tally::default();
    for (number, case) in cases::of(spec.contract).iter().enumerate() {
        let mut args = case.to_vec();
        let mut borrowed: Vec<Arg<'_>> = args.iter_mut().map(OwnedArg::as_arg).collect();
        let dispatch = kernel.launch(&mut borrowed);
        match dispatch.outcome {
            Outcome::Native => tally.ran += 1,
            Outcome::Fallback(causes) if causes.first() == Reason::EmptyLaunch => tally.empty += 1,
            other => tally.problems.push(format!("case {number} did not run: {other}")),
        }
        if let Some(difference) = vectors::difference(&vectors::on_cpu(spec, case), &args) {
            tally.problems.push(format!("case {number}, {difference}"));
        }
        tally.digest.add(&args);
    }
    tally
}

fn save(folder: &Path, device: &str, lines: &str) -> std::io::Result<PathBuf> {
    let name: String = device
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let path = folder.join(format!("{name}.txt"));
    std::fs::write(&path, format!("# What {device} gave.\n{lines}"))?;
    Ok(path)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let builder = Runtime::builder();
    let builder = if options.simulated {
        builder.driver(|| Ok(Box::new(SimulatedDriver::new())))
    } else {
        builder
    };
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(causes) = runtime.unavailable() {
        println!("not run: {causes}: {}", causes.first().meaning());
        return ExitCode::from(NOT_RUN);
    }
    let (mut ran, mut empty, mut wrong) = (0, 0, 0);
    let mut lines = String::new();
    for spec in KERNELS {
        let name = spec.contract.name();
        let kernel = match runtime.register(*spec) {
            Ok(kernel) => kernel,
            Err(problem) => {
                println!("{name}: {problem}");
                wrong += 1;
                continue;
            }
        };
        let tally = run(&kernel, spec);
        ran += tally.ran;
        empty += tally.empty;
        for problem in &tally.problems {
            println!("{name}: {problem}");
        }
        wrong += usize::from(!tally.problems.is_empty());
        lines.push_str(&tally.digest.line(name));
    }
    let device = runtime.stats().hw;
    println!(
        "{device}: {} kernels, {ran} cases ran, {empty} without elements",
        KERNELS.len()
    );
    if wrong > 0 || ran == 0 {
        println!("{wrong} kernels differ from their CPU functions or did not run");
        return ExitCode::FAILURE;
    }
    println!("every bit is that of the CPU functions");
    if options.simulated {
        println!("the device was simulated; this shows nothing about a GPU");
    }
    match options.save.map(|folder| save(&folder, &device, &lines)) {
        None => ExitCode::SUCCESS,
        Some(Ok(path)) => {
            println!("saved as {}", path.display());
            ExitCode::SUCCESS
        }
        Some(Err(problem)) => {
            eprintln!("cannot save the vectors: {problem}");
            ExitCode::FAILURE
        }
    }
}
