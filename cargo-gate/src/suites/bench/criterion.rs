//! What criterion leaves in its directory: `<group>/<function>/<value>/new/` with `benchmark.json` (names), `sample.json`
//! (iterations and total times in nanoseconds of each sample) and `estimates.json`.
//!
//! The directory is given to criterion by `CRITERION_HOME` and is empty before, so that results of earlier runs are none.

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
}

#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Adds every benchmark below a directory, and says whether there is one. A directory that does not exist has none.
pub(super) fn read(home: &Path, readings: &mut Readings) -> bool {
    let mut found = Vec::new();
    results(home, DEPTH, &mut found);
    found.sort();
    for directory in &found {
        let part = |name: &str| text(&directory.join(name));
        match benchmark(part("benchmark.json"), part("sample.json")) {
            Ok((name, samples)) => readings.add(name, "ns", samples),
            Err(why) => {
                let shown = directory.strip_prefix(home).unwrap_or(directory).display().to_string();
                readings
                    .problems
                    .push(format!("criterion's `{}` {why}", shown.replace('\\', "/")));
            }
        }
    }
    !found.is_empty()
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

fn benchmark(names: Option<String>, sample: Option<String>) -> Result<(String, Vec<f64>), String> {
    let names = names.ok_or("has no benchmark.json that can be read")?;
    let names: Names = serde_json::from_str(&names).map_err(|error| format!("has no names: {error}"))?;
    let sample = sample.ok_or("has no sample.json that can be read")?;
    let sample: Sample = serde_json::from_str(&sample).map_err(|error| format!("has no samples: {error}"))?;
    let samples = per_iteration(&sample.times, &sample.iters).ok_or("has samples without iterations")?;
    Ok((names.full_id, samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files in the layout of criterion, shortened.
    #[test]
    fn the_directory_of_criterion_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let names = r#"{"group_id":"fib","function_id":"recursive","value_str":"20","throughput":null,
            "full_id":"fib/recursive/20","directory_name":"fib/recursive/20","title":"fib/recursive/20"}"#;
        write("fib/recursive/20/new/benchmark.json", names);
        write(
            "fib/recursive/20/new/sample.json",
            r#"{"sampling_mode":"Linear","iters":[2.0,4.0],"times":[50.0,104.0]}"#,
        );
        write("fib/recursive/20/new/estimates.json", "{}");
        write("fib/recursive/20/base/estimates.json", "{}");
        write("fib/report/index.html", "");
        write("torn/new/estimates.json", "{}");
        write("torn/new/benchmark.json", names);
        write("torn/new/sample.json", "{\"iters\":[1.0],\"times\":[");
        let mut readings = Readings::default();
        assert!(read(directory.path(), &mut readings));
        assert_eq!(readings.benchmarks["fib/recursive/20"].samples, [25.0, 26.0]);
        assert_eq!(readings.problems.len(), 1);
        assert!(readings.problems[0].starts_with("criterion's `torn/new` has no samples"));
        assert!(!read(&directory.path().join("nowhere"), &mut readings));
    }
}
