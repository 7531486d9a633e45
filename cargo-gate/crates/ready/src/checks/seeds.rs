//! The seeds of a run: which are recorded, and whether they contradict each other.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::report::Status;
use crate::run::Run;

/// What a seed is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum For {
    /// The run as a whole: `seed`, at the top of a document.
    All,
    Training,
    Shuffling,
    Framework,
}

/// What must be repeatable. One seed for the whole run is for all of it.
pub(super) const KINDS: [&str; 3] = ["training", "shuffling", "the framework"];

const DOCUMENTS: [&str; 3] = ["config.yaml", "run_meta.json", "environment.json"];

fn kind(path: &[&str]) -> Option<For> {
    let (key, above) = path.split_last()?;
    let key = key.to_ascii_lowercase();
    let within = |names: &[&str]| {
        above
            .iter()
            .any(|above| names.contains(&above.to_ascii_lowercase().as_str()))
    };
    const DATA: &[&str] = &[
        "data",
        "dataset",
        "datasets",
        "dataloader",
        "shuffle",
        "sampler",
        "split",
    ];
    const FRAMEWORK: &[&str] = &[
        "torch",
        "pytorch",
        "numpy",
        "np",
        "tensorflow",
        "tf",
        "jax",
        "cuda",
        "framework",
        "python",
    ];
    const TRAINING: &[&str] = &["train", "training", "trainer", "model"];
    let of = |names: &[&str]| names.contains(&key.as_str());
    match key.strip_suffix("_seed") {
        Some(stem) if DATA.contains(&stem) => Some(For::Shuffling),
        Some(stem) if FRAMEWORK.contains(&stem) => Some(For::Framework),
        Some(stem) if TRAINING.contains(&stem) => Some(For::Training),
        Some("random" | "global") => Some(For::All),
        Some(_) => None,
        None if above.last().is_some_and(|above| *above == "seeds") => {
            if of(DATA) {
                Some(For::Shuffling)
            } else if of(FRAMEWORK) {
                Some(For::Framework)
            } else if of(TRAINING) {
                Some(For::Training)
            } else {
                None
            }
        }
        None if key == "seeds" => Some(For::All),
        // What scikit-learn calls it.
        None if key == "random_state" && above.is_empty() => Some(For::All),
        None if key != "seed" => None,
        None if within(DATA) => Some(For::Shuffling),
        None if within(FRAMEWORK) => Some(For::Framework),
        // `training.seed` is what trainers take for everything.
        None if above.is_empty() || within(TRAINING) => Some(For::All),
        None => None,
    }
}

/// Every seed of a document, with its path and its value.
fn seeds<'v>(value: &'v Value, path: &mut Vec<&'v str>, found: &mut Vec<(For, String, &'v Value)>) {
    let Value::Object(object) = value else { return };
    for (key, value) in object {
        path.push(key);
        match kind(path) {
            Some(kind) if !value.is_object() && !value.is_null() => found.push((kind, path.join("."), value)),
            _ => seeds(value, path, found),
        }
        path.pop();
    }
}

fn of<'v>(run: &'v Run<'_>) -> Vec<(&'static str, For, String, &'v Value)> {
    let mut all = Vec::new();
    let documents = DOCUMENTS
        .into_iter()
        .filter_map(|name| Some((name, run.documents.value(name)?)));
    let manifest = run
        .documents
        .value("manifest.json")
        .and_then(|manifest| manifest.get("config"));
    for (name, value) in documents.chain(manifest.map(|config| ("manifest.json", config))) {
        let mut found = Vec::new();
        seeds(value, &mut Vec::new(), &mut found);
        all.extend(found.into_iter().map(|(kind, path, value)| (name, kind, path, value)));
    }
    all
}

/// For what no seed is recorded.
pub(super) fn missing(run: &Run<'_>) -> Vec<&'static str> {
    let found: Vec<For> = of(run).into_iter().map(|(_, kind, ..)| kind).collect();
    if found.contains(&For::All) {
        return Vec::new();
    }
    KINDS
        .into_iter()
        .zip([For::Training, For::Shuffling, For::Framework])
        .filter(|(_, kind)| !found.contains(kind))
        .map(|(name, _)| name)
        .collect()
}

/// Two values for the same seed: the one that was used is not known.
pub(super) fn contradiction(run: &Run<'_>) -> Option<(Status, String)> {
    let mut known: BTreeMap<(For, String), (&str, String, &Value)> = BTreeMap::new();
    for (document, kind, path, value) in of(run) {
        // Frameworks have seeds of their own; there is one seed for everything.
        let key = match kind {
            For::All => (kind, String::new()),
            _ => (kind, path.clone()),
        };
        match known.get(&key) {
            Some((other, place, seed)) if *seed != value => {
                let (here, there) = if *place == path {
                    (document.to_owned(), (*other).to_owned())
                } else {
                    (format!("{document} (`{path}`)"), format!("{other} (`{place}`)"))
                };
                return Some((
                    Status::Fail,
                    format!("the seed is {seed} in {there} and {value} in {here}"),
                ));
            }
            Some(_) => {}
            None => _ = known.insert(key, (document, path, value)),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_say_what_a_seed_is_for() {
        for (path, wanted) in [
            (&["seed"][..], Some(For::All)),
            (&["training", "seed"], Some(For::All)),
            (&["random_seed"], Some(For::All)),
            (&["random_state"], Some(For::All)),
            (&["data_seed"], Some(For::Shuffling)),
            (&["data", "seed"], Some(For::Shuffling)),
            (&["seeds", "shuffle"], Some(For::Shuffling)),
            (&["seeds", "torch"], Some(For::Framework)),
            (&["numpy_seed"], Some(For::Framework)),
            (&["optuna", "seed"], None),
            (&["seeding"], None),
        ] {
            assert_eq!(kind(path), wanted, "{path:?}");
        }
    }
}
