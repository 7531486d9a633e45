//! `reproducibility`: what the run was made with is recorded, and agrees with what was locked.

use gate_base::error::Result;
use serde_json::{Map, Value};

use crate::documents::{Document, first};
use crate::locked;
use crate::report::Status;
use crate::run::Run;
use crate::verdict::Verdict;

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let environment = match run.documents.get("environment.json") {
        Document::Broken(why) => return Ok(Verdict::fail(format!("Cannot read environment: {why}"))),
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
    let seeded = |value: &Value| first(value, &["seed", "random_seed", "seeds"]).is_some_and(|seed| !seed.is_null());
    let has_seed = ["environment.json", "run_meta.json", "config.yaml"]
        .into_iter()
        .filter_map(|path| run.documents.value(path))
        .any(seeded);
    let versions = first(environment, &["versions", "dependencies", "packages"])
        .and_then(Value::as_object)
        .filter(|versions| !versions.is_empty());
    let mut problems = Vec::new();
    if !has_seed || versions.is_none() {
        problems.push((Status::Warn, "Partial reproducibility artifacts".to_owned()));
    }
    problems.extend(device(environment));
    let mut lock = Value::Null;
    if let (Some(versions), Some((name, locked))) = (versions, locked::of(run)) {
        let locked = match locked {
            Ok(locked) => locked,
            Err(why) => return Ok(Verdict::fail(format!("Cannot read {name}: {why}"))),
        };
        problems.extend(differences(versions, &locked, &name));
        lock = name.into();
    }
    Ok(Verdict::of(&problems, "", "Reproducibility artifacts present")
        .with("has_seed", has_seed)
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

fn differences(versions: &Map<String, Value>, locked: &locked::Versions, name: &str) -> Vec<(Status, String)> {
    let differs = |(package, version): (&String, &Value)| {
        let version = version.as_str()?;
        let wanted = locked.get(&locked::normalized(package))?;
        (wanted != version).then(|| (Status::Fail, format!("{package} {version} ran, {name} locks {wanted}")))
    };
    versions.iter().filter_map(differs).collect()
}
