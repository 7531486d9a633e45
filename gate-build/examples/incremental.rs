//! How long it takes to build all kernels, one of them, and none: as lines of JSON that `[[suite.bench]]` of `gate.toml` judges.
//!
//! ```console
//! cargo build --release --package cargo-gate-build --examples
//! target/release/examples/incremental
//! ```
//!
//! Twenty kernels of one header are compiled by the fake compiler, which takes 50 ms for each, by two jobs.
#![expect(clippy::print_stdout, reason = "that is what benchmarks do")]

mod bench;

use std::fs;
use std::time::Duration;

use bench::{Machine, write};

const KERNELS: usize = 20;
const ROUNDS: usize = 5;

fn main() {
    let scratch = tempfile::tempdir().expect("a folder can be made");
    let root = scratch.path().join("crate");
    let out = scratch.path().join("out");
    let kernel = |number: usize| root.join("kernels").join(format!("k{number:02}.cu"));
    write(&root.join("kernels").join("shared.cuh"), "#define SHARED\n");
    let mut times: [Vec<Duration>; 3] = Default::default();
    for round in 0..ROUNDS {
        // Nothing of the round before helps: the store and the sources are new.
        let machine = Machine {
            store: scratch.path().join(format!("store{round}")),
            simulated: Some(50),
            jobs: 2,
            flags: Vec::new(),
        };
        let _ = fs::remove_dir_all(&out);
        for number in 0..KERNELS {
            write(
                &kernel(number),
                &format!("#include \"shared.cuh\"\nentry k{number}of{round}\n"),
            );
        }
        let full = machine.build(&root, &out);
        assert_eq!(
            (full.units, full.compiled),
            (KERNELS, KERNELS),
            "everything is compiled"
        );
        write(&kernel(7), &format!("#include \"shared.cuh\"\nentry changed{round}\n"));
        let one = machine.build(&root, &out);
        assert_eq!(one.compiled, 1, "what changed is compiled");
        let _ = fs::remove_dir_all(&out);
        let cached = machine.build(&root, &out);
        assert_eq!(cached.compiled, 0, "the store has everything");
        for (times, build) in times.iter_mut().zip([full, one, cached]) {
            times.push(build.time);
        }
    }
    for (name, times) in ["incremental/all", "incremental/one of twenty", "incremental/cached"]
        .iter()
        .zip(&times)
    {
        let samples: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        println!(
            "{}",
            serde_json::json!({ "name": name, "unit": "ms", "samples": samples })
        );
    }
}
