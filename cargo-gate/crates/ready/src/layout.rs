//! What kind of directory it is, told by the files that lie in it.

use crate::card;
use crate::croissant;
use crate::directory::Directory;
use crate::mlflow;

/// A known layout of a run directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `manifest.json`, `decision.json` and a data set.
    Decided,
    /// `config.yaml`, `hashes.json`, `run_meta.json` and results of an evaluation.
    Hashed,
    /// A run of MLflow, recorded in a database or in files next to its artifacts.
    Mlflow,
    /// A data set that Croissant describes.
    Croissant,
    /// A model with its card, as on Hugging Face's hub.
    ModelCard,
    /// A data set with its card.
    DatasetCard,
}

impl Layout {
    /// The layout of a directory. One that has files of both is judged by the one of which more is there; where nothing is
    /// recognised, what is missing is told by the layout that every pipeline can write.
    pub(crate) fn of(directory: &Directory) -> Self {
        let there = |paths: &[&str]| paths.iter().filter(|path| directory.entry(path).is_some()).count();
        let hashed = there(Layout::Hashed.required());
        let decided = there(Layout::Decided.required()) * 2;
        // Hashes may have been added to a run of MLflow; what another pipeline wrote is judged as a run of that one.
        let foreign = ["config.yaml", "run_meta.json"]
            .iter()
            .any(|path| directory.entry(path).is_some());
        if decided == 0 && !foreign {
            if mlflow::is_run(directory) {
                return Layout::Mlflow;
            }
            if croissant::path(directory).is_some() {
                return Layout::Croissant;
            }
            match card::kind(directory) {
                Some(card::Kind::Model) => return Layout::ModelCard,
                Some(card::Kind::DataSet) => return Layout::DatasetCard,
                None => {}
            }
        }
        if hashed > decided {
            Layout::Hashed
        } else {
            Layout::Decided
        }
    }

    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Layout::Decided => "decided-run",
            Layout::Hashed => "hashed-run",
            Layout::Mlflow => "mlflow-run",
            Layout::Croissant => "croissant",
            Layout::ModelCard => "model-card",
            Layout::DatasetCard => "dataset-card",
        }
    }

    /// What must be there.
    pub(crate) fn required(self) -> &'static [&'static str] {
        match self {
            Layout::Decided => &["manifest.json", "decision.json"],
            Layout::Hashed => &["config.yaml", "hashes.json", "run_meta.json", "eval/eval_results.json"],
            Layout::Mlflow => &["meta.yaml"],
            Layout::Croissant => &["croissant.json"],
            Layout::ModelCard | Layout::DatasetCard => &[card::PATH],
        }
    }
}
