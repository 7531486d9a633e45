//! Files of a data set: each pattern of the card matches some, each split has the rows that are declared, and no data is in no split.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::card::{Card, Config, PATH, Split};
use crate::checks::pointers;
use crate::rows::{Format, count};
use crate::run::Run;
use crate::verdict::{Problem, fail, warn};

pub(super) fn check(run: &Run<'_>, card: &Card) -> Vec<Problem> {
    let mut problems = Vec::new();
    let null = Value::Null;
    let metadata = card.metadata.value().unwrap_or(&null);
    let named = card.configs.iter().flat_map(|config| &config.splits);
    let files: BTreeSet<&str> = named.flat_map(|split| &split.files).map(String::as_str).collect();
    if files.is_empty() {
        problems.push(fail("the data set has no data files"));
    }
    let declared = metadata.get("configs");
    if declared.is_some_and(|configs| configs.as_array().is_none_or(Vec::is_empty)) {
        problems.push(fail(format!("Invalid {PATH}: configs is not a list with entries")));
    }
    let mut names = BTreeSet::new();
    for config in &card.configs {
        if config.name.is_empty() {
            problems.push(fail(format!("Invalid {PATH}: a configuration has no config_name")));
        } else if !names.insert(config.name.as_str()) {
            problems.push(fail(format!(
                "Invalid {PATH}: duplicate configuration `{}`",
                config.name
            )));
        }
        problems.extend(config.splits.iter().flat_map(|split| patterns(config, split)));
        problems.extend(overlap(config));
    }
    if declared.is_some() {
        let stray = crate::card::data_files(&run.directory).find(|path| !files.contains(path));
        problems.extend(stray.map(|path| fail(format!("`{path}` is data that no configuration of {PATH} names"))));
    }
    let mut rows = Rows {
        run,
        pointers: pointers::of(&run.directory),
        known: BTreeMap::new(),
    };
    for config in &card.configs {
        for split in &config.splits {
            problems.extend(empty(config, split, &mut rows));
        }
    }
    let infos = match metadata.get("dataset_info") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(infos)) => infos.iter().collect(),
        Some(info) => vec![info],
    };
    for info in &infos {
        problems.extend(described(info, card, infos.len(), &mut rows));
    }
    problems
}

/// Patterns that match nothing.
fn patterns(config: &Config, split: &Split) -> Vec<Problem> {
    let told = |what: String| format!("the {} split of the configuration `{}` {what}", split.name, config.name);
    let mut problems = Vec::new();
    for pattern in &split.patterns {
        if pattern.is_remote {
            problems.push(warn(told(format!("is at `{}`, which was not verified", pattern.text))));
        } else if pattern.matches == 0 {
            problems.push(fail(told(format!(
                "names `{}`, which matches no data file",
                pattern.text
            ))));
        }
    }
    if split.patterns.is_empty() && split.files.is_empty() {
        problems.push(fail(told("has no path".into())));
    }
    problems
}

/// A file of two splits, which are then not apart.
fn overlap(config: &Config) -> Option<Problem> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for split in &config.splits {
        for file in &split.files {
            if let Some(other) = known.insert(file, &split.name)
                && other != split.name
            {
                return Some(fail(format!("`{file}` is in the splits {other} and {}", split.name)));
            }
        }
    }
    None
}

/// Numbers of rows, each file counted once.
struct Rows<'r> {
    run: &'r Run<'r>,
    pointers: BTreeSet<&'r str>,
    known: BTreeMap<String, Option<u64>>,
}

impl Rows<'_> {
    /// The rows of a split; `None` where one of its files is in a format that is not read.
    fn of(&mut self, split: &Split) -> Option<u64> {
        let each = split.files.iter().map(|file| {
            if let Some(known) = self.known.get(file) {
                return *known;
            }
            let readable = Format::of(file).is_some() && !self.pointers.contains(file.as_str());
            let path = self.run.directory.root.join(file);
            // Why a file cannot be read, `privacy_safety` says.
            let rows = readable.then(|| count(&path).ok()).flatten();
            self.known.insert(file.clone(), rows);
            rows
        });
        each.sum()
    }
}

/// A split without rows.
fn empty(config: &Config, split: &Split, rows: &mut Rows<'_>) -> Option<Problem> {
    let none = !split.files.is_empty() && rows.of(split) == Some(0);
    none.then(|| {
        fail(format!(
            "the {} split of the configuration `{}` has no rows",
            split.name, config.name
        ))
    })
}

/// What `dataset_info` declares of splits. Its `num_bytes` are those of Arrow in memory, which no file has; their sum is `dataset_size`.
fn described(info: &Value, card: &Card, infos: usize, rows: &mut Rows<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = info.get("config_name").and_then(Value::as_str);
    let config = card
        .configs
        .iter()
        .find(|config| name.is_none_or(|name| name == config.name) || (infos == 1 && card.configs.len() == 1));
    let of = name.map_or(String::new(), |name| format!(" of `{name}`"));
    let Some(splits) = info.get("splits").and_then(Value::as_array) else {
        return Vec::new();
    };
    if config.is_none() {
        problems.push(fail(format!("dataset_info{of} is of no configuration")));
    }
    let mut sum = Some(0_u64);
    for split in splits {
        let name = split.get("name").and_then(Value::as_str).unwrap_or("without a name");
        let number = |key: &str| split.get(key).map(serde_json::Value::as_u64);
        for key in ["num_examples", "num_bytes"] {
            match number(key) {
                None | Some(Some(1..)) => {}
                Some(Some(0)) => problems.push(fail(format!("the {name} split{of} is declared with 0 {key}"))),
                Some(None) => problems.push(fail(format!("{key} of the {name} split{of} is not a number"))),
            }
        }
        sum = sum
            .zip(number("num_bytes").flatten())
            .and_then(|(sum, bytes)| sum.checked_add(bytes));
        let Some(config) = config else { continue };
        let Some(found) = config.splits.iter().find(|found| found.name == name) else {
            problems.push(fail(format!("the {name} split{of} is declared and has no data file")));
            continue;
        };
        if let (Some(Some(wanted)), Some(there)) = (number("num_examples"), rows.of(found))
            && wanted != there
        {
            problems.push(fail(format!(
                "the {name} split{of} has {there} rows, and {wanted} are declared"
            )));
        }
    }
    for found in config.map(|config| &config.splits).into_iter().flatten() {
        let is_declared = |split: &Value| split.get("name").and_then(Value::as_str) == Some(&found.name);
        if !splits.iter().any(is_declared) && !found.files.is_empty() {
            problems.push(fail(format!(
                "the {} split{of} has data files and is not declared in dataset_info",
                found.name
            )));
        }
    }
    let size = info.get("dataset_size").and_then(Value::as_u64);
    if let (Some(size), Some(sum)) = (size, sum)
        && size != sum
    {
        problems.push(fail(format!(
            "dataset_size{of} is {size}, and its splits have {sum} num_bytes"
        )));
    }
    problems
}
