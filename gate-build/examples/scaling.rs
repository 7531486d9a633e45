//! How builds grow: with the number of jobs, and with the number of kernels.
//!
//! ```console
//! cargo build --release --package cargo-gate-build --examples
//! target/release/examples/scaling jobs
//! target/release/examples/scaling kernels
//! target/release/examples/scaling kernels -- real
//! ```
//!
//! `jobs` builds 64 kernels of 50 ms each (the fake compiler sleeps) with 1 to 8 jobs and prints the efficiency, the time of one job divided
//! by that of n jobs and by n; it fails below 0.85 for any n up to the number of cores. `kernels` generates so many kernels
//! (500, 1000 and 2000 unless numbers are given), each with a header of its own beside one for all, and builds them from nothing, from a
//! full store, when nothing changed, and when one source did, each number in a process of its own; it fails where the largest takes more
//! than 1.25 times what its number of kernels lets expect from the smallest, or 120 s, or 256 MiB. With `-- real` the compiler that is
//! found, or that `GATE_KERNEL_COMPILER` names, compiles them instead of the fake one; then the growth of CPU time is judged, which does not depend on
//! what else the machine does, and that no more than 512 MiB are taken.
#![expect(clippy::print_stdout, reason = "that is what benchmarks do")]

mod bench;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use bench::{Machine, write};

const ROUNDS: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["jobs"] => jobs(),
        ["kernels", rest @ ..] => {
            let real = rest.ends_with(&["--", "real"]);
            let numbers: Vec<usize> = rest.iter().map_while(|word| word.parse().ok()).collect();
            kernels(
                if numbers.is_empty() {
                    &[500, 1000, 2000]
                } else {
                    &numbers
                },
                real,
            )
        }
        ["one", number, real] => {
            one(number.parse().expect("it is a number"), *real == "real");
            ExitCode::SUCCESS
        }
        _ => {
            println!("usage: scaling jobs | scaling kernels [NUMBER…] [-- real]");
            ExitCode::FAILURE
        }
    }
}

/// The middle one of an odd number of times.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn jobs() -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let scratch = tempfile::tempdir().expect("a folder can be made");
    let root = scratch.path().join("crate");
    for number in 0..64 {
        write(
            &root.join("kernels").join(format!("k{number}.cu")),
            &format!("entry k{number}\n"),
        );
    }
    let time = |jobs: usize| {
        let machine = Machine {
            store: scratch.path().join("store"),
            simulated: Some(50),
            jobs,
            flags: Vec::new(),
        };
        median(
            (0..ROUNDS)
                .map(|_| {
                    let _ = fs::remove_dir_all(&machine.store);
                    let out = scratch.path().join("out");
                    let _ = fs::remove_dir_all(&out);
                    let build = machine.build(&root, &out);
                    assert_eq!(build.compiled, 64);
                    build.time
                })
                .collect(),
        )
    };
    let mut code = ExitCode::SUCCESS;
    let alone = time(1);
    println!("{cores} cores, 64 kernels of 50 ms each");
    for jobs in [1, 2, 4, 8] {
        let together = if jobs == 1 { alone } else { time(jobs) };
        let efficiency = alone.as_secs_f64() / together.as_secs_f64() / jobs as f64;
        println!(
            "{jobs} jobs: {:.3} s, efficiency {efficiency:.2}",
            together.as_secs_f64()
        );
        if jobs <= cores && efficiency < 0.85 {
            println!("  below 0.85");
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// What a build of so many kernels took, as `one` prints it.
struct Taken {
    cold: f64,
    cpu: f64,
    mebibytes: f64,
}

fn kernels(numbers: &[usize], real: bool) -> ExitCode {
    println!(
        "kernels     cold   CPU time  CPU per kernel   from the store   nothing changed   one edited   peak memory"
    );
    let program = std::env::current_exe().expect("a program has a path");
    let mut all: Vec<(usize, Taken)> = Vec::new();
    for &number in numbers {
        let mut command = Command::new(&program);
        command.args(["one", &number.to_string(), if real { "real" } else { "simulated" }]);
        let output = command.output().expect("this program can be started");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let values: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [cold, cpu, warm, unchanged, edited, mebibytes] = values[..] else {
            panic!("{text}")
        };
        let each = cpu * 1000.0 / number as f64;
        println!(
            "{number:7} {cold:7.2} s {cpu:8.2} s {each:12.2} ms {warm:14.3} s {unchanged:15.3} s {edited:10.3} s {mebibytes:9.1} MiB"
        );
        all.push((number, Taken { cold, cpu, mebibytes }));
    }
    let [(fewest, least), .., (most, largest)] = all.as_slice() else {
        return ExitCode::SUCCESS;
    };
    let times = if real {
        largest.cpu / least.cpu
    } else {
        largest.cold / least.cold
    };
    let growth = times / (*most as f64 / *fewest as f64);
    println!("growth against linear: {growth:.2}");
    let bounded = if real {
        largest.mebibytes <= 512.0
    } else {
        largest.cold <= 120.0 && largest.mebibytes <= 256.0
    };
    if growth <= 1.25 && bounded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Builds so many kernels in this process, and prints seconds and MiB.
fn one(number: usize, real: bool) {
    let scratch = tempfile::tempdir().expect("a folder can be made");
    let root = scratch.path().join("crate");
    generate(&root.join("kernels"), number, real);
    let machine = Machine {
        store: scratch.path().join("store"),
        simulated: (!real).then_some(0),
        jobs: 2,
        flags: Vec::new(),
    };
    let out = scratch.path().join("out");
    let before = cpu();
    let cold = machine.build(&root, &out);
    let cpu = cpu() - before;
    assert_eq!((cold.units, cold.compiled), (number, number));
    // Beside the outputs of the cold build, most of which are old enough afterwards for their times to be believed: what was
    // written within the last two seconds is known by its bytes alone.
    let warm = machine.build(&root, &scratch.path().join("other"));
    assert_eq!(warm.compiled, 0);
    machine.build(&root, &out);
    let unchanged = machine.build(&root, &out);
    let declaration = if real {
        "__device__ int edited;\n"
    } else {
        "#define EDITED 1\n"
    };
    generate_one(&root.join("kernels"), 0, real, declaration);
    let edited = machine.build(&root, &out);
    assert_eq!((edited.units, edited.compiled), (number, 1));
    println!(
        "{} {cpu} {} {} {} {}",
        cold.time.as_secs_f64(),
        warm.time.as_secs_f64(),
        unchanged.time.as_secs_f64(),
        edited.time.as_secs_f64(),
        peak()
    );
}

fn generate(folder: &Path, number: usize, real: bool) {
    write(&folder.join("all.cuh"), "#define ALL 1\n");
    for at in 0..number {
        write(&folder.join(format!("k{at}.cuh")), &format!("#define K{at} 1\n"));
        generate_one(folder, at, real, "");
    }
}

fn generate_one(folder: &Path, at: usize, real: bool, more: &str) {
    let declared = if real {
        format!(
            "extern \"C\" __global__ void k{at}(float *x, int n) {{ int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2.0f; }}\n"
        )
    } else {
        format!("entry k{at}\n")
    };
    let text = format!("#include \"all.cuh\"\n#include \"k{at}.cuh\"\n{declared}{more}");
    write(&folder.join(format!("k{at}.cu")), &text);
}

/// Seconds of CPU that this process and those it has waited for have taken; 0 where the system does not say.
fn cpu() -> f64 {
    // Field 2 is a name in parentheses; times are fields 14 to 17, in hundredths of a second on Linux.
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks = after
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|word| word.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The most memory this process has had, in MiB; 0 where the system does not say.
fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok())
        .map_or(0.0, |kibibytes| kibibytes / 1024.0)
}
