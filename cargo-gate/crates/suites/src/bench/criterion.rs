//! What criterion leaves in its directory: `<group>/<function>/<value>/new/` with `benchmark.json` (names), `sample.json`
//! (iterations and the total of each sample, in nanoseconds unless the benchmark brings a measurement of its own) and
//! `estimates.json`. So it is in criterion 0.3 to 0.8; directories beside `new` are baselines, and `change` compares with one.
//!
//! The directory is given to criterion by `CRITERION_HOME` and is empty before, so that no results of earlier runs are left in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::read::{Readings, per_iteration};

/// Directories below each other: group, function, value, and `new`.
const DEPTH: usize = 6;
/// A file larger than this is no sample of a benchmark.
const LARGEST: u64 = 64 << 20;

#[derive(Deserialize)]
struct Names {
    full_id: String,
    /// At most 100 characters of it; and where two functions of a binary have one id, a number that tells them apart.
    title: String,
}

#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// What one directory `new` has.
struct Benchmark {
    names: Names,
    samples: Vec<f64>,
}

/// Adds every benchmark below a directory, and returns the titles by which criterion prints them. A directory that does not
/// exist has none.
pub(super) fn read(home: &Path, readings: &mut Readings) -> BTreeSet<String> {
    let mut found = Vec::new();
    results(home, DEPTH, &mut found);
    found.sort();
    let mut by_id: BTreeMap<String, Vec<Benchmark>> = BTreeMap::new();
    for directory in &found {
        let part = |name: &str| text(&directory.join(name));
        match benchmark(part("benchmark.json"), part("sample.json")) {
            Ok(benchmark) => {
                // The directory was empty, so criterion compared with what another binary had left there a moment before.
                if directory.with_file_name("change").join("estimates.json").is_file() {
                    readings.twice(&benchmark.names.full_id);
                }
                by_id
                    .entry(benchmark.names.full_id.clone())
                    .or_default()
                    .push(benchmark);
            }
            Err(why) => {
                let shown = directory.strip_prefix(home).unwrap_or(directory).display().to_string();
                readings
                    .problems
                    .push(format!("criterion's `{}` {why}", shown.replace('\\', "/")));
            }
        }
    }
    let mut titles = BTreeSet::new();
    for (id, benchmarks) in by_id {
        let alone = benchmarks.len() == 1;
        for Benchmark { names, samples } in benchmarks {
            let name = if alone { id.clone() } else { names.title.clone() };
            readings.add(name, "ns", samples);
            titles.insert(names.title);
        }
    }
    titles
}

fn results(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if entry.file_name() == "new" && path.join("estimates.json").is_file() {
            found.push(path);
        } else if depth > 0 {
            results(&path, depth - 1, found);
        }
    }
}

fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(path)
        .ok()?
        .take(LARGEST)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn benchmark(names: Option<String>, sample: Option<String>) -> Result<Benchmark, String> {
    let names = names.ok_or("has no benchmark.json that can be read")?;
    let names = serde_json::from_str(&names).map_err(|error| format!("has no names: {error}"))?;
    let sample = sample.ok_or("has no sample.json that can be read")?;
    let sample: Sample = serde_json::from_str(&sample).map_err(|error| format!("has no samples: {error}"))?;
    let samples = per_iteration(&sample.times, &sample.iters).ok_or("has samples without iterations")?;
    Ok(Benchmark { names, samples })
}

#[cfg(test)]
mod tests;
