//! `[[suite.ready]]`: the directory of a training run, judged with the workspace that ships its model.

use crate::JsonSchema;
use serde::Deserialize;

use gate_base::stage::Stage;
use gate_report::Location;

use super::suite::{ReadyPolicy, SuiteKind, SuitePolicy};
use super::value::{FilePath, SuiteName, pilot, yes};

/// The directory of a training run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ReadySuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["ranker"]))]
    name: String,
    /// Directory of the run, relative to the workspace root. It may be a link to the latest run, or a database of MLflow.
    #[schemars(with = "FilePath", extend("examples" = ["runs/latest"]))]
    run: String,
    /// Run of a database of MLflow: its id, or a registered model.
    #[schemars(extend("examples" = ["models:/ranker@champion"]))]
    run_id: Option<String>,
    /// Training data besides what the run declares, relative to the workspace root.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["data/train.jsonl"]]))]
    train: Vec<String>,
    /// Evaluation data besides what the run declares, relative to the workspace root.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["data/eval.jsonl"]]))]
    eval: Vec<String>,
    /// Directory of the run to compare with, relative to the workspace root, or a registered model of the same database of MLflow.
    /// Default: the `baseline_run` of the run.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["runs/released"]))]
    baseline: Option<String>,
    /// Public keys in PEM of those who may sign the model, relative to the workspace root.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["keys/model.pem"]]))]
    model_keys: Vec<String>,
    /// Whether the suite must pass. A suite that is not required only warns.
    #[serde(default = "yes")]
    required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    stage: Stage,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

impl From<ReadySuite> for SuitePolicy {
    fn from(suite: ReadySuite) -> Self {
        let is_plain = !suite.run.contains(['*', '?', '[', ']', '{', '}', '!', '\\']);
        // The files of the workspace that it reads; what is read besides is kept with the evidence.
        let mut inputs = suite.model_keys.clone();
        if is_plain {
            inputs.extend([suite.run.clone(), format!("{}/**", suite.run)]);
        }
        let ready = ReadyPolicy {
            run: suite.run,
            run_id: suite.run_id,
            train: suite.train,
            eval: suite.eval,
            baseline: suite.baseline,
            model_keys: suite.model_keys,
        };
        Self {
            ready: Some(Box::new(ready)),
            required: suite.required,
            stage: suite.stage,
            inputs,
            location: Some(suite.location),
            ..Self::new(SuiteKind::Ready, suite.name, Vec::new())
        }
    }
}
