//! `reproducibility`: what the run was made with is recorded, and agrees with what was locked.

use gate_base::error::Result;
use serde_json::{Map, Value};

use super::seeds;
use crate::documents::{Document, first};
use crate::layout::Layout;
use crate::locked;
use crate::report::Status;
use crate::run::Run;
use crate::verdict::Verdict;

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    if run.layout == Layout::Mlflow {
        return Ok(super::mlflow::reproducibility(run));
    }
    if let (Some(croissant), Document::Missing) = (&run.croissant, run.documents.get("environment.json")) {
        return Ok(super::croissant::reproducibility(croissant));
    }
    let environment = match run.documents.get("environment.json") {
        Document::Broken(why) => return Ok(Verdict::fail(format!("Cannot read environment: {why}"))),
        Document::Missing if run.layout == Layout::DatasetCard => {
            return Ok(Verdict::skipped(
                "the card of a data set records no training, and environment.json is missing",
            ));
        }
        Document::Missing => {
            let tracked = run
                .documents
                .value("manifest.json")
                .and_then(|manifest| manifest.get("version"));
            return Ok(match tracked {
                Some(version) => {
                    Verdict::warn("Version tracked but no full environment capture").with("version", version.clone())
                }
                None => Verdict::warn("No reproducibility artifacts found")
                    .with("suggestion", "Add environment.json with seed and versions"),
            });
        }
        Document::Read(environment) => environment,
    };
    let missing = seeds::missing(run);
    let has_seed = missing.len() < seeds::KINDS.len();
    let versions = first(environment, &["versions", "dependencies", "packages"])
        .and_then(Value::as_object)
        .filter(|versions| !versions.is_empty());
    let mut problems = Vec::new();
    if !has_seed || versions.is_none() {
        problems.push((Status::Warn, "Partial reproducibility artifacts".to_owned()));
    }
    if has_seed && !missing.is_empty() {
        problems.push((Status::Warn, format!("no seed is recorded for {}", missing.join(", "))));
    }
    problems.extend(machine(environment));
    problems.extend(device(environment));
    let mut lock = Value::Null;
    if let (Some(versions), Some((name, locked))) = (versions, locked::of(run)) {
        let locked = match locked {
            Ok(locked) => locked,
            Err(why) => return Ok(Verdict::fail(format!("Cannot read {name}: {why}"))),
        };
        problems.extend(differences(versions, &locked, &name));
        problems.extend(
            locked
                .open
                .map(|open| (Status::Warn, format!("{name} is no lock: {open}"))),
        );
        lock = name.into();
    }
    Ok(Verdict::of(&problems, "", "Reproducibility artifacts present")
        .with("has_seed", has_seed)
        .with("seeds_missing", missing)
        .with("has_versions", versions.is_some())
        .with("lock", lock))
}

/// A run on a GPU names the driver and the version of CUDA.
fn device(environment: &Value) -> Option<(Status, String)> {
    let gpu = first(environment, &["gpu", "device", "accelerator"])?.as_str()?;
    let none = matches!(gpu.to_ascii_lowercase().as_str(), "" | "none" | "cpu" | "n/a");
    let recorded = |keys: &[&str]| first(environment, keys).is_some_and(|value| !value.is_null());
    let complete =
        none || (recorded(&["cuda", "cuda_version"]) && recorded(&["driver", "driver_version", "cuda_driver"]));
    (!complete).then(|| {
        (
            Status::Warn,
            format!("it ran on {gpu}, and the driver and the version of CUDA are not recorded"),
        )
    })
}

/// The system, the architecture and the Python that a run had.
fn machine(environment: &Value) -> Option<(Status, String)> {
    let recorded = |keys: &[&str]| first(environment, keys).is_some_and(|value| !value.is_null());
    let platform = recorded(&["platform"]);
    let python = recorded(&["python", "python_version"])
        || first(environment, &["versions", "dependencies", "packages"])
            .is_some_and(|versions| versions.get("python").is_some());
    let missing: Vec<&str> = [
        ("the system", platform || recorded(&["os", "system"])),
        (
            "the architecture",
            platform || recorded(&["arch", "architecture", "machine"]),
        ),
        ("the version of Python", python),
    ]
    .into_iter()
    .filter(|(_, recorded)| !recorded)
    .map(|(what, _)| what)
    .collect();
    (!missing.is_empty()).then(|| {
        (
            Status::Warn,
            format!("environment.json does not record {}", missing.join(", ")),
        )
    })
}

fn differences(versions: &Map<String, Value>, lock: &locked::Lock, name: &str) -> Vec<(Status, String)> {
    /// Entries that are recorded with the packages but are not packages.
    const NOT_PACKAGES: &[&str] = &[
        "python",
        "cuda",
        "cudnn",
        "nccl",
        "driver",
        "cuda-driver",
        "rocm",
        "os",
        "gcc",
        "glibc",
    ];
    let mut problems = Vec::new();
    let mut outside = Vec::new();
    for (package, version) in versions {
        let Some(version) = version.as_str() else { continue };
        let normal = locked::normalized(package);
        match lock.versions.get(&normal) {
            Some(wanted) if wanted.iter().any(|wanted| locked::is_same(version, wanted)) => {}
            Some(wanted) => {
                let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
                let wanted = wanted.join(" or ");
                problems.push((Status::Fail, format!("{package} {version} ran, {name} locks {wanted}")));
            }
            None if NOT_PACKAGES.contains(&normal.as_str()) => {}
            None => outside.push(package.as_str()),
        }
    }
    if let Some(first) = outside.first() {
        problems.push((
            Status::Warn,
            format!(
                "{} packages that ran are not in {name}, the first `{first}`",
                outside.len()
            ),
        ));
    }
    problems
}
