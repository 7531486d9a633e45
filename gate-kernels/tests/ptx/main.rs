//! Runs the PTX of every entry without a GPU, and compares it bit by bit with the CPU function.
//!
//! `machine` is an interpreter for the part of PTX that the lock holds: 256 threads of a block in turn, barriers, shared and global
//! memory. It refuses what a GPU would do silently: an access outside of a buffer, two threads that use one word without a
//! barrier between them, threads that wait at different barriers, an instruction it does not know. What it does not show: the
//! translation from PTX to machine code, and speed.

mod cases;
mod levels;
mod machine;
mod memory;
mod program;
mod value;
mod vectors;

use gate_kernels::KERNELS;
use gate_runtime::argument::{Buffer, OwnedArg};
use gate_runtime::{Arg, KernelSpec, Pass};
use program::{Entry, Program};
use vectors::on_cpu;

fn programs() -> Vec<(&'static str, Program)> {
    ["sm_80", "sm_90"]
        .map(|arch| {
            let file = format!("{}/ptx/device/lib.rs.{arch}.ptx", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&file).expect(&file);
            (arch, Program::parse(&text))
        })
        .into()
}

/// Runs an entry in the interpreter and gives the arguments as it leaves them.
fn native(kernel: &KernelSpec, entry: &Entry, args: &[OwnedArg]) -> Result<Vec<OwnedArg>, String> {
    let mut borrowed = args.to_vec();
    let borrowed: Vec<Arg<'_>> = borrowed.iter_mut().map(OwnedArg::as_arg).collect();
    let geometry = (kernel.variants[0].geometry)(&borrowed);
    assert_eq!((geometry.block, geometry.shared_bytes), ([256, 1, 1], 0));
    assert!(geometry.grid[0] > 0, "the launch is refused");
    let mut global = memory::Global::default();
    let mut words = Vec::new();
    let mut buffers = Vec::new();
    for (param, arg) in kernel.contract.params().iter().zip(args) {
        match arg {
            OwnedArg::Scalar(scalar) => words.push(u64::from_le_bytes(scalar.to_bytes())),
            OwnedArg::Buffer(role, buffer, _) => {
                let view = buffer.view();
                let bytes = view.bytes();
                words.push(global.add(bytes, role.is_written()));
                if param.passed() == Pass::Slice {
                    words.push((bytes.len() / buffer.dtype().size()) as u64);
                }
                buffers.push(buffer.dtype());
            }
        }
    }
    for block in 0..geometry.grid[0] {
        machine::run(entry, &words, block, &mut global).map_err(|problem| format!("block {block}: {problem}"))?;
    }
    let mut results = global.into_bytes().into_iter();
    let mut after = args.to_vec();
    for arg in &mut after {
        if let OwnedArg::Buffer(_, buffer, _) = arg {
            let bytes = results.next().expect("a buffer");
            *buffer = Buffer::from_bytes(buffer.dtype(), &bytes).expect("whole elements");
        }
    }
    Ok(after)
}

fn kernel(name: &str) -> &'static KernelSpec {
    KERNELS
        .iter()
        .find(|kernel| kernel.contract.name() == name)
        .expect(name)
}

/// Where an entry gives something else than the CPU function; `None` when the bits are the same.
fn difference(kernel: &KernelSpec, entry: &Entry, case: &[OwnedArg]) -> Option<String> {
    let native = match native(kernel, entry, case) {
        Ok(native) => native,
        Err(problem) => return Some(problem),
    };
    vectors::difference(&on_cpu(kernel, case), &native)
}

fn check(name: &str) {
    let kernel = kernel(name);
    let cases = cases::of(kernel.contract);
    assert!(cases.len() > 3, "{name} has hardly a case");
    let mut checked: Vec<Entry> = Vec::new();
    for (arch, program) in programs() {
        let entry = &program.entries[name];
        // Most entries are the same instructions for every architecture.
        if checked.contains(entry) {
            continue;
        }
        for (at, case) in cases.iter().enumerate() {
            if let Some(difference) = difference(kernel, entry, case) {
                panic!("{name} for {arch}, case {at}: {difference}");
            }
        }
        checked.push(entry.clone());
    }
}

/// An entry with one instruction changed.
fn changed(name: &str, which: usize, from: &str, to: &str) -> Entry {
    let (_, program) = programs().remove(0);
    let mut entry = program.entries[name].clone();
    let of_name = entry
        .instructions
        .iter_mut()
        .filter(|instruction| instruction.name == from);
    of_name
        .skip(which)
        .take(1)
        .for_each(|instruction| instruction.name = to.to_owned());
    assert_ne!(entry, program.entries[name]);
    entry
}

fn differences(name: &str, entry: &Entry) -> Vec<String> {
    let kernel = kernel(name);
    let cases = cases::of(kernel.contract);
    cases
        .iter()
        .filter_map(|case| difference(kernel, entry, case))
        .collect()
}

#[test]
fn a_wrong_operation_is_found() {
    for (name, from, to) in [
        ("softmax_f32", "mul.rn", "add.rn"),
        ("sum_f64", "add.rn", "sub.rn"),
        ("matmul_f32", "fma.rn", "fma.rn.unknown"),
        ("minhash_u64", "red.min", "red.add"),
    ] {
        assert!(!differences(name, &changed(name, 0, from, to)).is_empty(), "{name}");
    }
}

#[test]
fn a_missing_barrier_is_found() {
    // Each barrier of a reduction, but the first, which nothing precedes, and the last, behind which one thread is alone.
    let (_, program) = programs().remove(0);
    for name in ["sum_f32", "scan_total_u32"] {
        let barriers = program.entries[name]
            .instructions
            .iter()
            .filter(|instruction| instruction.name == "bar.sync")
            .count();
        for which in 1..barriers - 1 {
            let mut entry = program.entries[name].clone();
            let mut seen = 0;
            for instruction in &mut entry.instructions {
                if instruction.name == "bar.sync" {
                    if seen == which {
                        // Never: a guard by a register that no instruction writes, and whose lowest bit is 1.
                        instruction.guard = Some((entry.registers, false));
                    }
                    seen += 1;
                }
            }
            entry.registers += 1;
            let found = differences(name, &entry);
            let known = found.iter().any(|problem| problem.contains("without a barrier"));
            assert!(known, "{name}, barrier {which}: {found:?}");
        }
    }
}

#[test]
fn an_access_outside_of_a_buffer_is_found() {
    let found = differences("axpy_f32", &changed("axpy_f32", 0, "setp.lt", "setp.le"));
    assert!(
        found.iter().any(|problem| problem.contains("of an array of")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|problem| problem.contains("thread 256 reads")),
        "{found:?}"
    );
}

/// The CPU functions give what every file of `conformance` says: what they gave where it was written, or what a device gave. A line
/// is an entry, the number of its cases, and the digest of all their outputs. `GATE_CONFORMANCE=write` writes the file of the CPU.
#[test]
fn conformance_vectors_are_met() {
    let folder = format!("{}/conformance", env!("CARGO_MANIFEST_DIR"));
    let mut found = String::new();
    for kernel in KERNELS {
        let mut digest = vectors::Digest::default();
        for case in &cases::of(kernel.contract) {
            digest.add(&on_cpu(kernel, case));
        }
        found.push_str(&digest.line(kernel.contract.name()));
    }
    if std::env::var_os("GATE_CONFORMANCE").is_some_and(|value| value == "write") {
        let text = format!("# What the CPU functions give.\n{found}");
        std::fs::write(format!("{folder}/cpu.txt"), text).expect("a folder to write to");
    }
    let files = std::fs::read_dir(&folder).expect("the folder with the vectors");
    let mut names: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    names.sort();
    assert!(names.iter().any(|name| name.ends_with("cpu.txt")), "{names:?}");
    for name in names {
        let text = std::fs::read_to_string(&name).expect("text");
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines, found.lines().collect::<Vec<_>>(), "{}", name.display());
    }
}

macro_rules! entries {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        #[test]
        fn no_entry_is_left_out() {
            let mut named = vec![$(stringify!($name)),*];
            named.sort_unstable();
            let names: Vec<&str> = KERNELS.iter().map(|kernel| kernel.contract.name()).collect();
            assert_eq!(named, names);
        }
    };
}

entries! {
    axpy_bf16 axpy_f16 axpy_f32 axpy_f64
    sum_bf16 sum_f16 sum_f32 sum_f64
    extremes_bf16 extremes_f16 extremes_f32 extremes_f64
    segmented_sum_bf16 segmented_sum_f16 segmented_sum_f32 segmented_sum_f64
    compare_bf16 compare_f16 compare_f32 compare_f64
    softmax_bf16 softmax_f16 softmax_f32
    rms_norm_bf16 rms_norm_f16 rms_norm_f32
    scan_total_u32 scan_total_u64 scan_total_f32 scan_total_f64
    scan_write_u32 scan_write_u64 scan_write_f32 scan_write_f64
    sort_keys_i32 sort_keys_i64 sort_keys_f32 sort_keys_f64
    histogram_u8 minhash_u64 bootstrap_mean_f64 rank_counts_f64 matmul_f32
}
