//! Models and data sets with cards, as on Hugging Face's hub, and what is done to them. Each edit names the check that must find it.

#[path = "card/data.rs"]
mod data;
mod described;
#[path = "card/model.rs"]
mod model;
#[path = "card/signed.rs"]
mod signed;

use described::{Described, found};
use gate_ready::{Options, Status, validate};
use serde_json::{Value, json};

const CARD: &str = "README.md";

/// A file of safetensors with tensors of `F32`, each with as many elements as are said.
fn tensors(named: &[(&str, usize)]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for (name, count) in named {
        let begin = end;
        end += 4 * count;
        header.insert(
            (*name).to_owned(),
            json!({"dtype": "F32", "shape": [count], "data_offsets": [begin, end]}),
        );
    }
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + end, 0);
    bytes
}

const MODEL_CARD: &str = "---
license: apache-2.0
library_name: transformers
pipeline_tag: text-classification
base_model: distilbert/distilbert-base-uncased
datasets:
- stanfordnlp/imdb
model-index:
- name: sentiment
  results:
  - task:
      type: text-classification
    dataset:
      type: stanfordnlp/imdb
      name: IMDB
      split: test
    metrics:
    - type: accuracy
      value: 0.931
    - type: loss
      value: 0.21
---
# Sentiment
";

fn model() -> Described {
    let model = Described::new(&[
        (CARD, MODEL_CARD),
        (
            "config.json",
            r#"{"model_type": "distilbert", "attention_dropout": 0.1}"#,
        ),
        (
            "model.safetensors.index.json",
            r#"{"metadata": {"total_size": 40}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#,
        ),
    ]);
    model.write("model-00001-of-00002.safetensors", tensors(&[("a", 6)]));
    model.write("model-00002-of-00002.safetensors", tensors(&[("b", 4)]));
    model
}

const DATA_CARD: &str = "---
license: cc-by-4.0
task_categories:
- question-answering
configs:
- config_name: default
  data_files:
  - split: train
    path: data/learn-*.jsonl
  - split: test
    path: data/held.csv
dataset_info:
  config_name: default
  splits:
  - name: train
    num_bytes: 200
    num_examples: 2
  - name: test
    num_bytes: 100
    num_examples: 1
  dataset_size: 300
---
# Questions
";
const LEARN: &str = "data/learn-0.jsonl";
const HELD: &str = "data/held.csv";

fn questions() -> Described {
    Described::new(&[
        (CARD, DATA_CARD),
        (
            LEARN,
            "{\"question\": \"Which river flows through the old town of Bern?\", \"answer\": \"The Aare flows around it\"}\n\
             {\"question\": \"Who wrote the first program for an engine?\", \"answer\": \"Ada Lovelace, in a note\"}\n",
        ),
        (
            HELD,
            "question,answer\nHow many moons does the planet Mars have today?,Two small ones\n",
        ),
    ])
}

#[test]
fn a_good_model_says_what_its_card_does_not_record() {
    insta::assert_snapshot!(model().judged().human(true));
}

#[test]
fn a_good_data_set_says_what_its_card_does_not_record() {
    insta::assert_snapshot!(questions().judged().human(true));
}

#[test]
fn what_is_done_to_a_model_is_found() {
    found(model, model::EDITS, Status::Fail);
}

#[test]
fn what_is_done_to_a_data_set_is_found() {
    found(questions, data::EDITS, Status::Fail);
}

#[test]
fn what_is_no_proof_warns() {
    found(model, model::WARNINGS, Status::Warn);
    found(questions, data::WARNINGS, Status::Warn);
}

#[test]
fn a_model_is_compared_with_the_results_of_another_card() {
    let (old, new) = (model(), model());
    let against = |score: &str| {
        old.write(CARD, MODEL_CARD.replace("0.931", score));
        let options = Options {
            baseline: Some(old.path("")),
            ..Options::default()
        };
        let report = validate(&new.path(""), &options).expect("judged");
        let check = report.checks.into_iter().find(|check| check.name == "regression_risk");
        let check = check.expect("it is one of seven");
        (check.status, check.message)
    };
    assert_eq!(against("0.93").0, Status::Pass);
    let (status, message) = against("0.99");
    assert!(
        status == Status::Fail && message.contains("accuracy/stanfordnlpimdb/test 0.99 -> 0.931"),
        "{message}"
    );
    new.edit(CARD, "    - type: accuracy\n      value: 0.931\n", "");
    let (status, message) = against("0.93");
    assert!(
        status == Status::Fail && message.contains("is not in the results"),
        "{message}"
    );
}

#[test]
fn hashes_that_were_added_are_verified() {
    let model = model();
    model.record(&[
        CARD,
        "config.json",
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ]);
    model.tells("hash_chain", Status::Pass, "Hash chain verified successfully: 5 files");
}

#[test]
fn a_declared_split_is_data_whatever_its_name() {
    let data = questions();
    data.write("data/labels.csv", data.read(HELD));
    data.remove(HELD);
    data.edit(CARD, HELD, "data/labels.csv");
    data.tells("contamination_risk", Status::Pass, "2 training rows, 1 evaluated");
}

#[test]
fn a_split_of_names_is_compared_too() {
    let text = "{\"text\": \"Seven wizards quietly mix nine strange potions at dawn in the tower\"}\n";
    let data = Described::new(&[
        (CARD, "---\nlicense: mit\ntask_categories: [other]\n---\n"),
        ("data/train/0.jsonl", text),
        ("data/val/0.jsonl", text),
    ]);
    data.tells("contamination_risk", Status::Fail, "1 exact duplicates");
    assert_eq!(data.judged().layout, "dataset-card");
}

#[test]
fn a_card_next_to_a_description_in_croissant_is_judged_too() {
    let data = questions();
    data.write("croissant.json", "{}");
    assert_eq!(data.judged().layout, "croissant");
    data.edit(CARD, "license: cc-by-4.0\n", "");
    data.tells("contract_integrity", Status::Fail, "Invalid README.md: missing license");
}

#[test]
fn what_another_pipeline_wrote_is_no_card() {
    let model = model();
    model.write("run_meta.json", "{}");
    assert_eq!(model.judged().layout, "hashed-run");
    let notes = Described::new(&[(CARD, "# A run\n"), ("train.jsonl", "{}\n")]);
    assert_eq!(notes.judged().layout, "decided-run");
}
