//! What is done to a model with a card.

use crate::described::{Edit, card};
use crate::{CARD, MODEL_CARD, tensors};

pub(crate) const EDITS: &[Edit] = &[
    ("contract_integrity", "Missing required files: README.md", |d| {
        d.remove(CARD);
    }),
    ("contract_integrity", "does not begin with metadata in YAML", |d| {
        d.write(CARD, "# Sentiment\n");
    }),
    ("contract_integrity", "its metadata is not a mapping", |d| {
        d.write(CARD, "---\n- a\n---\n");
    }),
    ("contract_integrity", "line 3: the key `license` stands twice", |d| {
        d.edit(CARD, "license: apache-2.0\n", "license: apache-2.0\nlicense: mit\n");
    }),
    ("contract_integrity", "Cannot read README.md: line 3", |d| {
        d.edit(CARD, "license: apache-2.0", "license: [");
    }),
    ("contract_integrity", "missing license", |d| {
        d.edit(CARD, "license: apache-2.0\n", "");
    }),
    ("contract_integrity", "license is unknown", |d| {
        d.edit(CARD, "apache-2.0", "unknown");
    }),
    (
        "contract_integrity",
        "base_model has `../base`, which is not the name of a repository",
        |d| {
            d.edit(CARD, "distilbert/distilbert-base-uncased", "../base");
        },
    ),
    ("contract_integrity", "datasets has no name of a repository", |d| {
        d.edit(CARD, "- stanfordnlp/imdb\n", "- 7\n");
    }),
    ("contract_integrity", "model-index is not a list", |d| {
        let start = MODEL_CARD.find("- name: sentiment").expect("a model");
        d.write(CARD, format!("{}  a: b\n---\n", &MODEL_CARD[..start]));
    }),
    ("contract_integrity", "has no results", |d| {
        d.edit(CARD, "  results:", "  other:");
    }),
    ("contract_integrity", "has no dataset with a type", |d| {
        d.edit(CARD, "    dataset:\n", "    data:\n");
    }),
    ("contract_integrity", "has no metrics", |d| {
        d.edit(CARD, "    metrics:", "    numbers:");
    }),
    ("contract_integrity", "has no weights", |d| {
        d.remove("model-00001-of-00002.safetensors");
        d.remove("model-00002-of-00002.safetensors");
    }),
    ("contract_integrity", "Cannot read config.json", |d| {
        d.write("config.json", "{\"a\": NaN}");
    }),
    ("contract_integrity", "Invalid config.json", |d| {
        d.write("config.json", "{}");
    }),
    (
        "contract_integrity",
        "the shard `model-00002-of-00002.safetensors`, which `model.safetensors.index.json` names, is missing",
        |d| {
            d.remove("model-00002-of-00002.safetensors");
        },
    ),
    (
        "contract_integrity",
        "which belongs to `model-00001-of-00002.safetensors`, is missing",
        |d| {
            d.remove("model-00002-of-00002.safetensors");
            d.remove("model.safetensors.index.json");
        },
    ),
    ("contract_integrity", "is a shard that no index names", |d| {
        d.remove("model.safetensors.index.json");
    }),
    ("contract_integrity", "does not have the tensor `b`", |d| {
        d.write("model-00002-of-00002.safetensors", tensors(&[("c", 4)]));
    }),
    ("contract_integrity", "has the tensor `c`, which", |d| {
        d.write("model-00002-of-00002.safetensors", tensors(&[("b", 4), ("c", 4)]));
    }),
    ("contract_integrity", "is refused: it leads up", |d| {
        d.edit("model.safetensors.index.json", "model-00002", "../model-00002");
    }),
    ("contract_integrity", "weight_map has no entries", |d| {
        d.write("model.safetensors.index.json", "{}");
    }),
    ("contract_integrity", "has no tensors", |d| {
        d.write("extra.safetensors", tensors(&[]));
    }),
    (
        "contract_integrity",
        "bytes 0 to 16 are not in the 12 of the file",
        |d| {
            let bytes = tensors(&[("b", 4)]);
            d.write("model-00002-of-00002.safetensors", &bytes[..bytes.len() - 4]);
        },
    ),
    ("contract_integrity", "4 bytes of the data are of no tensor", |d| {
        let mut bytes = tensors(&[("b", 4)]);
        bytes.extend([0; 4]);
        d.write("model-00002-of-00002.safetensors", bytes);
    }),
    ("contract_integrity", "overlap or leave a gap", |d| {
        let header = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#;
        d.write(
            "extra.safetensors",
            [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 6]].concat(),
        );
    }),
    ("contract_integrity", "its header has 1099511627776 bytes", |d| {
        d.write("extra.safetensors", [&(1_u64 << 40).to_le_bytes()[..], b"{}"].concat());
    }),
    ("contract_integrity", "too short for a header", |d| {
        d.write("extra.safetensors", "x");
    }),
    (
        "contract_integrity",
        "`model-00001-of-00002.safetensors` is a pointer of Git LFS and not the file: run `git lfs pull`",
        |d| {
            d.write(
                "model-00001-of-00002.safetensors",
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            );
        },
    ),
    (
        "regression_risk",
        "accuracy/stanfordnlpimdb/test is not a finite number",
        |d| d.edit(CARD, "0.931", ".nan"),
    ),
    (
        "regression_risk",
        "accuracy/stanfordnlpimdb/test is not a finite number",
        |d| d.edit(CARD, "      value: 0.931\n", ""),
    ),
    (
        "regression_risk",
        "accuracy/stanfordnlpimdb/test is not a finite number",
        |d| d.edit(CARD, "0.931", "93 %"),
    ),
    ("regression_risk", "is it a percentage?", |d| {
        d.edit(CARD, "0.931", "93.1");
    }),
    ("regression_risk", "outside 0 to 1", |d| d.edit(CARD, "0.931", "-0.1")),
    ("regression_risk", "(duplicate) is not a finite number", |d| {
        d.edit(CARD, "    - type: loss\n", "    - type: accuracy\n");
    }),
    (
        "regression_risk",
        "accuracy is 0.931 in README.md and 0.8 in eval_results.json",
        |d| {
            d.write("eval_results.json", r#"{"eval_accuracy": 0.8, "epoch": 3.0}"#);
        },
    ),
    ("regression_risk", "metrics has no metrics", |d| {
        let start = MODEL_CARD.find("- name: sentiment").expect("a model");
        d.write(
            CARD,
            format!(
                "{}[]\n---\n",
                MODEL_CARD[..start].replace("model-index:\n", "model-index: ")
            ),
        );
    }),
    ("config_sanity", "dropout is 1.5, which is not possible", |d| {
        d.edit("config.json", "0.1", "1.5");
    }),
    ("privacy_safety", "payment", |d| d.write("notes.md", card())),
    ("privacy_safety", "says passed false", |d| {
        d.write("redaction_audit.json", "{\"passed\": false}");
    }),
    ("contamination_risk", "`contamination.json` is empty", |d| {
        d.write("contamination.json", "{}");
    }),
    ("hash_chain", "is a signature", |d| d.write("model.sig", "signed")),
    (
        "hash_chain",
        "unlisted_file: no hash of the document `README.md`",
        |d| d.record(&["config.json"]),
    ),
    ("hash_chain", "unlisted_file: `more/model.safetensors`", |d| {
        d.record(&[CARD, "config.json"]);
        d.write("more/model.safetensors", tensors(&[("a", 1)]));
    }),
    ("hash_chain", "model-00001-of-00002.safetensors hash mismatch", |d| {
        d.record(&["model-00001-of-00002.safetensors"]);
        let mut bytes = tensors(&[("a", 6)]);
        *bytes.last_mut().expect("a byte") = 1;
        d.write("model-00001-of-00002.safetensors", bytes);
    }),
];

pub(crate) const WARNINGS: &[Edit] = &[
    ("contract_integrity", "no library_name and no pipeline_tag", |d| {
        d.edit(
            CARD,
            "library_name: transformers\npipeline_tag: text-classification\n",
            "",
        );
    }),
    ("contract_integrity", "does not name the training data", |d| {
        d.edit(CARD, "datasets:\n- stanfordnlp/imdb\n", "");
    }),
    ("contract_integrity", "no license_name", |d| {
        d.edit(CARD, "apache-2.0", "other");
    }),
    ("contract_integrity", "the model has no config.json", |d| {
        d.remove("config.json");
    }),
    (
        "contract_integrity",
        "total_size of `model.safetensors.index.json` is 41",
        |d| {
            d.edit("model.safetensors.index.json", "40", "41");
        },
    ),
    (
        "contract_integrity",
        "`pytorch_model.bin` is a pickle: loading it runs code that it holds",
        |d| {
            d.write("pytorch_model.bin", b"\x80\x02weights");
        },
    ),
    ("contract_integrity", "`training_args.bin` is a pickle", |d| {
        d.write("training_args.bin", b"PK\x03\x04");
    }),
    ("contract_integrity", "`model.pt` is a pickle", |d| {
        d.write("model.pt", "weights");
    }),
    ("contract_integrity", "`extra/model.pkl` is a pickle", |d| {
        d.write("extra/model.pkl", "weights");
    }),
    ("config_sanity", "auto_map: loading the model runs code", |d| {
        d.edit(
            "config.json",
            "\"model_type\"",
            "\"auto_map\": {\"AutoModel\": \"m.M\"}, \"model_type\"",
        );
    }),
    ("hash_chain", "a card records no hash of any file", |_| {}),
];
