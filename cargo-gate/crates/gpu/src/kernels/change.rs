//! What differs between two kernel locks.

use std::collections::{BTreeMap, BTreeSet};

use gate_build::lock::{KernelLock, LockedImage};
use gate_build::resources::Limit;
use serde::Serialize;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// Name of the unit.
    pub unit: String,
    /// The architecture.
    pub arch: String,
    /// The entry it is about; absent where it is about the whole image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What it is about: `image`, `sources`, `compiler`, `flags`, `isa`, `code`, `entry`, `params`, `launch-bounds`, or a resource such as
    /// `registers`.
    pub what: String,
    /// How it was; absent where it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// How it is; absent where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The images of a lock by unit and architecture.
fn images(lock: &KernelLock) -> BTreeMap<(String, String), &LockedImage> {
    let images = lock.units.iter().flat_map(|(unit, locked)| {
        let key = move |arch: &gate_build::Arch| (unit.to_string(), arch.to_string());
        locked.images.iter().map(move |(arch, image)| (key(arch), image))
    });
    images.collect()
}

/// What differs, sorted by unit, architecture and entry.
pub fn changes(before: &KernelLock, after: &KernelLock) -> Vec<Change> {
    let (before, after) = (images(before), images(after));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut all = Vec::new();
    for key in keys {
        let (unit, arch) = key;
        let mut add = |entry: Option<&str>, what: &str, before: Option<String>, after: Option<String>| {
            if before != after {
                all.push(Change {
                    unit: unit.clone(),
                    arch: arch.clone(),
                    entry: entry.map(str::to_owned),
                    what: what.to_owned(),
                    before,
                    after,
                });
            }
        };
        match (before.get(key), after.get(key)) {
            (Some(before), Some(after)) => compare(before, after, &mut add),
            (before, after) => {
                let named = |image: Option<&&LockedImage>| image.map(|image| image.compiler.to_string());
                add(None, "image", named(before), named(after));
            }
        }
    }
    all
}

type Add<'a> = dyn FnMut(Option<&str>, &str, Option<String>, Option<String>) + 'a;

fn compare(before: &LockedImage, after: &LockedImage, add: &mut Add<'_>) {
    let paths: BTreeSet<&String> = before.sources.keys().chain(after.sources.keys()).collect();
    for path in paths {
        let (old, new) = (before.sources.get(path), after.sources.get(path));
        if old != new {
            let short = |digest: &gate_build::Digest| format!("{path} {}", &digest.to_string()[..12]);
            add(None, "sources", old.map(short), new.map(short));
        }
    }
    let mut image = |what: &str, old: String, new: String| add(None, what, Some(old), Some(new));
    image("compiler", before.compiler.to_string(), after.compiler.to_string());
    image("flags", before.flags.join(" "), after.flags.join(" "));
    image("isa", before.isa.to_string(), after.isa.to_string());
    let code = |image: &LockedImage| image.normalised_digest.to_string()[..12].to_owned();
    image("code", code(before), code(after));
    let names: BTreeSet<&String> = before.entries.keys().chain(after.entries.keys()).collect();
    for name in names {
        let params = |image: &LockedImage| {
            let entry = image.entries.get(name)?;
            Some(
                entry
                    .params
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        };
        let (Some(old), Some(new)) = (before.entries.get(name), after.entries.get(name)) else {
            let whole = |image| params(image).map(|params| format!("({params})"));
            add(Some(name), "entry", whole(before), whole(after));
            continue;
        };
        add(Some(name), "params", params(before), params(after));
        let bounds =
            |threads: Option<u64>| Some(threads.map_or_else(|| "none".to_owned(), |threads| threads.to_string()));
        add(
            Some(name),
            "launch-bounds",
            bounds(old.performance.max_threads()),
            bounds(new.performance.max_threads()),
        );
        for limit in Limit::ALL {
            let of = |usage: Option<gate_build::resources::Usage>| usage.map(|usage| limit.of(&usage).to_string());
            add(Some(name), limit.name(), of(old.usage), of(new.usage));
        }
    }
}
