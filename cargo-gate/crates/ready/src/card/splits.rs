//! Which files are which split of a data set: as its card declares under `configs`, or by their names
//! (<https://huggingface.co/docs/hub/datasets-data-files-configuration>).

use globset::GlobBuilder;
use serde_json::Value;

use crate::directory::Directory;

/// A configuration of a data set.
#[derive(Debug, PartialEq)]
pub(crate) struct Config {
    /// `config_name`.
    pub(crate) name: String,
    pub(crate) splits: Vec<Split>,
}

/// A split of a configuration.
#[derive(Debug, PartialEq)]
pub(crate) struct Split {
    pub(crate) name: String,
    /// What the card declares; nothing where names of files decide.
    pub(crate) patterns: Vec<Pattern>,
    /// Its files, sorted.
    pub(crate) files: Vec<String>,
}

/// A pattern of files.
#[derive(Debug, PartialEq)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    /// Whether it is of another machine.
    pub(crate) is_remote: bool,
    /// How many files match.
    pub(crate) matches: usize,
}

/// The configurations of a data set.
pub(super) fn configs(metadata: &Value, directory: &Directory) -> Vec<Config> {
    let files: Vec<&str> = data_files(directory).collect();
    let declared = metadata.get("configs").and_then(Value::as_array);
    let declared: Vec<Config> = declared
        .into_iter()
        .flatten()
        .filter_map(|config| {
            let text = |key: &str| config.get(key).and_then(Value::as_str);
            let root = text("data_dir").map_or(String::new(), |at| format!("{}/", at.trim_matches('/')));
            let splits = match config.get("data_files") {
                Some(files_of) => splits(files_of, &root, &files),
                None if root.is_empty() => return None,
                None => {
                    let below: Vec<&str> = files.iter().filter(|path| path.starts_with(&root)).copied().collect();
                    by_name(&below)
                }
            };
            Some(Config {
                name: text("config_name").unwrap_or_default().to_owned(),
                splits,
            })
        })
        .collect();
    if !declared.is_empty() {
        return declared;
    }
    vec![Config {
        name: "default".to_owned(),
        splits: by_name(&files),
    }]
}

/// Splits as they are declared: a pattern, a list of patterns, a list of splits with their patterns, or patterns by split.
fn splits(declared: &Value, root: &str, files: &[&str]) -> Vec<Split> {
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let mut splits = Vec::new();
    let mut add = |name: &str, patterns: Vec<String>| splits.push(split(name, patterns, root, files));
    match declared {
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                let name = item.get("split").and_then(Value::as_str).unwrap_or("train");
                add(name, item.get("path").map(texts).unwrap_or_default());
            }
        }
        Value::Object(object) => object.iter().for_each(|(name, value)| add(name, texts(value))),
        value => add("train", texts(value)),
    }
    splits
}

fn split(name: &str, patterns: Vec<String>, root: &str, files: &[&str]) -> Split {
    let mut found: Vec<String> = Vec::new();
    let patterns = patterns
        .into_iter()
        .map(|text| {
            let whole = format!("{root}{text}");
            // As fsspec has it: `*` stays within a directory.
            let glob = GlobBuilder::new(&whole).literal_separator(true).build();
            let matcher = glob.ok().map(|glob| glob.compile_matcher());
            let matching = files
                .iter()
                .filter(|path| matcher.as_ref().is_some_and(|matcher| matcher.is_match(path)));
            let before = found.len();
            found.extend(matching.map(|path| (*path).to_owned()));
            Pattern {
                is_remote: text.contains("://"),
                matches: found.len() - before,
                text,
            }
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    Split {
        name: name.to_owned(),
        patterns,
        files: found,
    }
}

/// Splits by the names of files, then of their directories; what has no such name is for training.
fn by_name(files: &[&str]) -> Vec<Split> {
    const SPLITS: &[(&str, &[&str])] = &[
        ("train", &["train", "training"]),
        ("validation", &["validation", "valid", "dev", "val"]),
        ("test", &["test", "testing", "eval", "evaluation"]),
    ];
    let named = |text: &str| {
        let words: Vec<String> = text
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .map(str::to_ascii_lowercase)
            .collect();
        let is = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
        SPLITS.iter().position(|(_, names)| is(names))
    };
    let mut found: [Vec<String>; 3] = Default::default();
    for path in files {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let at = named(name).or_else(|| named(above)).unwrap_or(0);
        found[at].push((*path).to_owned());
    }
    SPLITS
        .iter()
        .zip(found)
        .filter(|(_, files)| !files.is_empty())
        .map(|((name, _), files)| Split {
            name: (*name).to_owned(),
            patterns: Vec::new(),
            files,
        })
        .collect()
}

/// The files of a directory that are data.
pub(crate) fn data_files(directory: &Directory) -> impl Iterator<Item = &str> {
    let files = directory.entries.iter().filter(|entry| entry.is_file());
    files.map(|entry| entry.path.as_str()).filter(|path| is_data(path))
}

/// Whether a file holds data, by its name. Files about a data set, such as `dataset_infos.json`, do not.
fn is_data(path: &str) -> bool {
    const DATA: &[&str] = &[
        "jsonl", "ndjson", "json", "csv", "tsv", "parquet", "arrow", "txt", "xml", "zip", "tar", "tgz", "h5", "hdf5",
        "npy", "npz", "wav", "mp3", "flac", "ogg", "opus", "png", "jpg", "jpeg", "gif", "webp", "tif", "tiff", "mp4",
        "avi", "mkv", "pdf", "lance",
    ];
    const ABOUT: &[&str] = &[
        "dataset_infos.json",
        "dataset_info.json",
        "hashes.json",
        "croissant.json",
        "requirements.txt",
        "environment.json",
    ];
    let lower = path.to_ascii_lowercase();
    let plain = lower
        .strip_suffix(".gz")
        .or_else(|| lower.strip_suffix(".zst"))
        .unwrap_or(&lower);
    let is_hidden = path.split('/').any(|part| part.starts_with('.'));
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let is_licence = name.starts_with("license") || name.starts_with("readme");
    let end = plain.rsplit_once('.').map_or("", |(_, end)| end);
    DATA.contains(&end) && !is_hidden && !is_licence && !ABOUT.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILES: &[&str] = &[
        "data/train-00000-of-00001.jsonl",
        "data/sub/test.csv",
        "validation/a.jsonl",
        "b.jsonl",
    ];

    fn named(splits: &[Split]) -> Vec<(&str, usize)> {
        splits
            .iter()
            .map(|split| (split.name.as_str(), split.files.len()))
            .collect()
    }

    #[test]
    fn names_tell_the_split() {
        assert_eq!(named(&by_name(FILES)), [("train", 2), ("validation", 1), ("test", 1)]);
    }

    #[test]
    fn every_way_to_declare_splits() {
        for (declared, wanted) in [
            (json!("b.jsonl"), vec![("train", 1)]),
            (json!(["b.jsonl", "data/*.jsonl"]), vec![("train", 2)]),
            (json!([{"split": "test", "path": "data/**/*.csv"}]), vec![("test", 1)]),
            (
                json!({"test": "data/*.csv", "train": ["*.jsonl"]}),
                vec![("test", 0), ("train", 1)],
            ),
        ] {
            assert_eq!(named(&splits(&declared, "", FILES)), wanted, "{declared}");
        }
    }

    #[test]
    fn files_about_a_data_set_hold_no_data() {
        for path in ["a.jsonl.gz", "images/1.png", "a.json"] {
            assert!(is_data(path), "{path}");
        }
        for path in [
            "README.md",
            "LICENSE.txt",
            ".cache/a.json",
            "dataset_infos.json",
            "load.py",
        ] {
            assert!(!is_data(path), "{path}");
        }
    }
}
