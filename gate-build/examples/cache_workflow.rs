//! How much of a day's builds the store saves: a scripted sequence of edits, cleans, branches and checkouts.
//!
//! ```console
//! cargo build --release --package cargo-gate-build --examples
//! target/release/examples/cache_workflow target/cache_workflow.json
//! target/release/examples/cache_workflow target/cache_workflow.json FOLDER -std=c++17
//! ```
//!
//! Without a folder of sources, eleven kernels are generated and compiled by the fake compiler, which takes 100 ms for each.
//! With one, its `*.cu` and `*.cuh` are compiled by the compiler that is found. Afterwards every build is done
//! again with an empty store; `speed_up` is the ratio of the times. `cargo gate` judges the report (`kernels.cache`) and the lines of
//! JSON in the output (`[[suite.bench]]`).
#![expect(clippy::print_stdout, reason = "that is what benchmarks do")]

mod bench;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bench::{Machine, write};

/// Sources of a checkout.
type Sources = Vec<(String, String)>;

fn generated() -> Sources {
    let mut sources: Sources = (0..11)
        .map(|number| {
            let include = if number < 10 { "#include \"shared.cuh\"\n" } else { "" };
            (format!("k{number:02}.cu"), format!("{include}entry k{number}\n"))
        })
        .collect();
    sources.push(("shared.cuh".to_owned(), "#define SHARED\n".to_owned()));
    sources
}

fn of_folder(folder: &Path) -> Sources {
    let mut sources: Sources = fs::read_dir(folder)
        .expect("the folder of sources can be read")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "cu" || end == "cuh"))
        .map(|path| {
            let name = path
                .file_name()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("a source can be read"))
        })
        .collect();
    sources.sort();
    sources
}

/// One step: what happens before the build, and where it is done.
struct Step {
    what: &'static str,
    /// Files that are written with this text behind their own.
    edits: Vec<(String, String)>,
    clean: bool,
    checkout: &'static str,
}

fn steps(sources: &Sources, simulated: bool) -> Vec<Step> {
    let units: Vec<&String> = sources
        .iter()
        .map(|(name, _)| name)
        .filter(|name| name.ends_with(".cu"))
        .collect();
    // The header that most units include.
    let users = |header: &str| {
        sources
            .iter()
            .filter(|(_, text)| text.contains(&format!("\"{header}\"")))
            .count()
    };
    let header = sources
        .iter()
        .map(|(name, _)| name)
        .filter(|name| name.ends_with(".cuh"))
        .max_by_key(|name| users(name))
        .expect("there is a shared header")
        .clone();
    let last = units.last().map_or(String::new(), |name| (*name).clone());
    let first = units.first().map_or(String::new(), |name| (*name).clone());
    let second = units.get(1).map_or(String::new(), |name| (*name).clone());
    let declare = |number: usize| {
        if simulated {
            format!("entry added{number}\n")
        } else {
            format!("extern \"C\" __global__ void added{number}(float *x) {{ x[0] = {number}; }}\n")
        }
    };
    let step = |what, edits: &[(String, String)], clean, checkout| Step {
        what,
        edits: edits.to_vec(),
        clean,
        checkout,
    };
    let one = [(first.clone(), declare(1))];
    let branch = [
        (first.clone(), declare(1)),
        (second.clone(), declare(2)),
        (last.clone(), declare(3)),
    ];
    let comment = [
        (first.clone(), declare(1)),
        (header.clone(), "// a comment\n".to_owned()),
    ];
    let shared = [
        (first.clone(), declare(1)),
        (
            header,
            if simulated {
                "entry shared\n".to_owned()
            } else {
                "static __device__ int added_everywhere(int x) { return x + 1; }\n".to_owned()
            },
        ),
    ];
    vec![
        step("a developer's first build of what CI has built", &[], true, "desk"),
        step("cargo clean", &[], true, "desk"),
        step("one kernel edited", &one, false, "desk"),
        step("a comment in the shared header", &comment, false, "desk"),
        step("the comment taken back", &one, false, "desk"),
        step("CI builds that commit", &one, true, "ci"),
        step("a branch with two more kernels edited", &branch, false, "desk"),
        step("back on the main branch", &one, false, "desk"),
        step("the branch again", &branch, false, "desk"),
        step("CI builds the branch", &branch, true, "ci"),
        step("a colleague builds the branch", &branch, true, "colleague"),
        step("a declaration in the shared header", &shared, false, "desk"),
        step("CI builds that", &shared, true, "ci"),
        step("a colleague builds that", &shared, true, "colleague"),
        step("cargo clean", &shared, true, "desk"),
        step("back on the branch", &branch, false, "desk"),
    ]
}

fn check_out(root: &Path, sources: &Sources, edits: &[(String, String)]) {
    for (name, text) in sources {
        let added: String = edits
            .iter()
            .filter(|(edited, _)| edited == name)
            .map(|(_, text)| text.as_str())
            .collect();
        write(&root.join("kernels").join(name), &format!("{text}{added}"));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let output = PathBuf::from(arguments.next().expect("name the file for the report"));
    let folder = arguments.next();
    let flags: Vec<String> = arguments.collect();
    let sources = folder
        .as_deref()
        .map_or_else(generated, |folder| of_folder(Path::new(folder)));
    let simulated = folder.is_none().then_some(100);
    let scratch = tempfile::tempdir().expect("a folder can be made");
    let at = |name: &str| scratch.path().join(name);
    let machine = |store: &str| Machine {
        store: at(store),
        simulated,
        jobs: 2,
        flags: flags.clone(),
    };

    let (shared, root) = (machine("store"), at("ci"));
    check_out(&root, &sources, &[]);
    let filled = shared.build(&root, &at("ci-out"));
    println!(
        "CI fills the store: {} of {} compiled, {:.2} s",
        filled.compiled,
        filled.units,
        filled.time.as_secs_f64()
    );

    let (mut lookups, mut hits) = (0, 0);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for step in steps(&sources, simulated.is_some()) {
        let (root, out) = (at(step.checkout), at(&format!("{}-out", step.checkout)));
        check_out(&root, &sources, &step.edits);
        if step.clean {
            let _ = fs::remove_dir_all(&out);
        }
        let build = shared.build(&root, &out);
        let _ = fs::remove_dir_all(at("empty-out"));
        let _ = fs::remove_dir_all(at("empty"));
        let alone = machine("empty").build(&root, &at("empty-out"));
        println!(
            "{:46} {:2} of {} compiled, {:.3} s, with an empty store {:.3} s",
            step.what,
            build.compiled,
            build.units,
            build.time.as_secs_f64(),
            alone.time.as_secs_f64()
        );
        lookups += build.units;
        hits += build.units - build.compiled;
        with.push(build.time);
        without.push(alone.time);
    }
    for (name, times) in [("with the store", &with), ("with an empty store", &without)] {
        let samples: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        let name = format!("workflow/{name}");
        println!(
            "{}",
            serde_json::json!({ "name": name, "unit": "ms", "samples": samples })
        );
    }
    let (with, without): (Duration, Duration) = (with.iter().sum(), without.iter().sum());
    let speed_up = without.as_secs_f64() / with.as_secs_f64();
    let rate = hits as f64 / lookups as f64;
    println!(
        "{}",
        serde_json::json!({ "name": "workflow/hit rate", "samples": [rate] })
    );
    let all = (hits as f64) / (lookups + filled.units) as f64;
    println!("{hits} hits in {lookups} lookups: {rate:.3}; with the build that filled the store: {all:.3}");
    println!(
        "{:.2} s instead of {:.2} s: {speed_up:.1} times as fast",
        with.as_secs_f64(),
        without.as_secs_f64()
    );
    let report = serde_json::json!({
        "lookups": lookups,
        "hits": hits,
        "hit_rate": (rate * 10_000.0).round() / 10_000.0,
        "speed_up": (speed_up * 100.0).round() / 100.0,
    });
    write(&output, &format!("{report:#}\n"));
}
