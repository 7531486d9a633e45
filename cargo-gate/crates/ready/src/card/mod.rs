//! Directories of Hugging Face's hub: a card (`README.md` with metadata in YAML, <https://huggingface.co/docs/hub/repositories-cards>), and the
//! weights of a model or the files of a data set next to it.

mod results;
mod splits;

use serde_json::Value;

use crate::directory::Directory;
use crate::documents::{Document, METRICS, from_yaml};
use crate::json;

pub(crate) use splits::{Config, Split, data_files};

/// The card.
pub(crate) const PATH: &str = "README.md";
/// The configuration of a model.
pub(crate) const CONFIG: &str = "config.json";

/// What a card is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Model,
    DataSet,
}

/// What the card of a directory describes; `None` for a directory without a card.
pub(crate) fn kind(directory: &Directory) -> Option<Kind> {
    let has_weights = directory.entries.iter().any(|entry| is_weights(&entry.path));
    if directory.entry(CONFIG).is_some() && has_weights {
        return Some(Kind::Model);
    }
    let card = directory.document(PATH).ok()??;
    let metadata = metadata(&card)?;
    let has = |key: &&str| {
        let mut lines = metadata.lines();
        lines.any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    };
    if OF_DATA.iter().any(has) {
        return Some(Kind::DataSet);
    }
    let is_model = has_weights || directory.entry(CONFIG).is_some() || OF_MODEL.iter().any(has);
    Some(if is_model { Kind::Model } else { Kind::DataSet })
}

/// Keys that only the card of a data set has.
const OF_DATA: &[&str] = &[
    "dataset_info",
    "configs",
    "task_categories",
    "size_categories",
    "annotations_creators",
];
/// Keys that only the card of a model has.
const OF_MODEL: &[&str] = &["model-index", "base_model", "pipeline_tag", "library_name"];

/// The YAML of a card, with an empty line for the one that begins it, so that lines keep their numbers.
fn metadata(card: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(card);
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    (lines.next()?.trim_end() == "---").then_some(())?;
    let mut yaml = String::from("\n");
    for line in lines {
        if line.trim_end() == "---" {
            return Some(yaml);
        }
        yaml.push_str(line);
        yaml.push('\n');
    }
    None
}

/// Whether a file holds weights, by its name.
pub(crate) fn is_weights(path: &str) -> bool {
    const ENDS: &[&str] = &[
        "safetensors",
        "gguf",
        "onnx",
        "h5",
        "msgpack",
        "tflite",
        "keras",
        "ckpt",
        "pth",
        "pt",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    ENDS.contains(&end) || (end == "bin" && (name.contains("model") || name.starts_with("diffusion_")))
}

/// A card that was read.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) kind: Kind,
    /// Its metadata.
    pub(crate) metadata: Document,
    /// The configurations of a data set, with the files of each.
    pub(crate) configs: Vec<Config>,
}

impl Card {
    /// Reads the card of a directory.
    pub(crate) fn of(directory: &Directory) -> Option<Self> {
        let kind = kind(directory)?;
        let metadata = front(directory);
        let configs = match kind {
            Kind::Model => Vec::new(),
            Kind::DataSet => splits::configs(metadata.value().unwrap_or(&Value::Null), directory),
        };
        Some(Self {
            kind,
            metadata,
            configs,
        })
    }
}

/// The metadata of a card as a document.
fn front(directory: &Directory) -> Document {
    let card = match directory.document(PATH) {
        Ok(Some(card)) => card,
        Ok(None) => return Document::Missing,
        Err(why) => return Document::Broken(why),
    };
    if std::str::from_utf8(&card).is_err() {
        return Document::Broken("it is not UTF-8".into());
    }
    let Some(metadata) = metadata(&card) else {
        return Document::Broken("it does not begin with metadata in YAML between two lines of `---`".into());
    };
    match from_yaml(metadata.as_bytes()) {
        Ok(value) if value.is_object() => Document::Read(value),
        Ok(_) => Document::Broken("its metadata is not a mapping".into()),
        Err(why) => Document::Broken(why),
    }
}

/// The documents that a card stands for: its results, and the configuration of its model.
pub(crate) fn stand_in(directory: &Directory) -> Vec<(&'static str, Document)> {
    let mut documents = Vec::new();
    let results = front(directory).value().and_then(results::of);
    documents.extend(results.map(|results| (METRICS, Document::Read(results))));
    if let Ok(Some(bytes)) = directory.document(CONFIG) {
        let config = json::parse(&bytes).map_or_else(Document::Broken, Document::Read);
        documents.push(("config.yaml", config));
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_between_two_lines() {
        let read = |text: &str| metadata(text.as_bytes());
        assert_eq!(read("---\nlicense: mit\n---\n# A\n"), Some("\nlicense: mit\n".into()));
        assert_eq!(read("\u{feff}---\r\na: 1\r\n---\r\n"), Some("\na: 1\n".into()));
        assert_eq!(read("# A\n---\na: 1\n---\n"), None);
        assert_eq!(read("---\na: 1\n"), None);
    }

    #[test]
    fn weights_are_known_by_name() {
        for path in [
            "model.safetensors",
            "pytorch_model-00001-of-00002.bin",
            "a/model.gguf",
            "adapter_model.bin",
        ] {
            assert!(is_weights(path), "{path}");
        }
        for path in ["training_args.bin", "vocab.json", "model.md"] {
            assert!(!is_weights(path), "{path}");
        }
    }
}
