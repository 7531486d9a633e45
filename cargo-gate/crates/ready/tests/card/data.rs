//! What is done to a data set with a card.

use crate::described::{Edit, card};
use crate::{CARD, HELD, LEARN};

pub(crate) const EDITS: &[Edit] = &[
    ("contract_integrity", "missing license", |d| {
        d.edit(CARD, "license: cc-by-4.0\n", "");
    }),
    (
        "contract_integrity",
        "names `data/gone-*.jsonl`, which matches no data file",
        |d| d.edit(CARD, "learn-*", "gone-*"),
    ),
    ("contract_integrity", "names `*.csv`, which matches no data file", |d| {
        d.edit(CARD, "data/held.csv", "'*.csv'");
    }),
    (
        "contract_integrity",
        "the train split of the configuration `default` has no path",
        |d| {
            d.edit(CARD, "    path: data/learn-*.jsonl\n", "");
        },
    ),
    (
        "contract_integrity",
        "`data/more/extra.jsonl` is data that no configuration of README.md names",
        |d| {
            d.write("data/more/extra.jsonl", "{\"text\": \"more\"}\n");
        },
    ),
    ("contract_integrity", "has no config_name", |d| {
        d.edit(CARD, "- config_name: default\n  data_files", "- data_files");
    }),
    ("contract_integrity", "duplicate configuration `default`", |d| {
        d.edit(
            CARD,
            "dataset_info:",
            "- config_name: default\n  data_files: data/held.csv\ndataset_info:",
        );
    }),
    ("contract_integrity", "configs is not a list", |d| {
        d.edit(
            CARD,
            "configs:\n- config_name: default\n  data_files:",
            "configs:\n  data_files:",
        );
    }),
    ("contract_integrity", "is in the splits train and test", |d| {
        d.edit(CARD, "data/held.csv", "data/learn-0.jsonl");
    }),
    ("contract_integrity", "has no data files", |d| {
        d.remove(LEARN);
        d.remove(HELD);
    }),
    (
        "contract_integrity",
        "the test split of the configuration `default` has no rows",
        |d| d.write(HELD, "question,answer\n"),
    ),
    (
        "contract_integrity",
        "the train split of the configuration `default` has no rows",
        |d| d.write(LEARN, "\n"),
    ),
    ("contract_integrity", "declared with 0 num_examples", |d| {
        d.edit(CARD, "num_examples: 1", "num_examples: 0");
    }),
    (
        "contract_integrity",
        "num_bytes of the test split of `default` is not a number",
        |d| d.edit(CARD, "num_bytes: 100", "num_bytes: many"),
    ),
    (
        "contract_integrity",
        "the train split of `default` has 2 rows, and 3 are declared",
        |d| d.edit(CARD, "num_examples: 2", "num_examples: 3"),
    ),
    (
        "contract_integrity",
        "dataset_size of `default` is 300, and its splits have 299 num_bytes",
        |d| d.edit(CARD, "num_bytes: 100", "num_bytes: 99"),
    ),
    (
        "contract_integrity",
        "the other split of `default` is declared and has no data file",
        |d| d.edit(CARD, "- name: test", "- name: other"),
    ),
    (
        "contract_integrity",
        "the test split of `default` has data files and is not declared",
        |d| {
            d.edit(CARD, "  - name: test\n    num_bytes: 100\n    num_examples: 1\n", "");
        },
    ),
    ("contract_integrity", "run `git lfs pull`", |d| {
        d.write(
            HELD,
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        );
    }),
    ("contamination_risk", "1 exact duplicates", |d| {
        d.write(
            HELD,
            "question,answer\nWho wrote the first program for an engine?,\"Ada Lovelace, in a note\"\n",
        );
    }),
    ("contamination_risk", "with another answer", |d| {
        d.write(
            HELD,
            "question,answer\nWho wrote the first program for an engine?,Nobody knows that now\n",
        );
    }),
    (
        "contamination_risk",
        "`data/held.parquet` is named like a data set and cannot be read",
        |d| {
            d.remove(HELD);
            d.write("data/held.parquet", "PAR1");
            d.edit(CARD, "data/held.csv", "data/held.parquet");
        },
    ),
    ("contamination_risk", "the training data has no rows", |d| {
        d.write(LEARN, "");
    }),
    ("contamination_risk", "the evaluation data has no row with text", |d| {
        d.write(HELD, "question,answer\n");
    }),
    ("privacy_safety", "payment", |d| {
        d.write(HELD, format!("question,answer\nWhich card is it?,{}\n", card()));
    }),
    ("hash_chain", "data/held.csv hash mismatch", |d| {
        d.record(&[CARD, LEARN, HELD]);
        d.edit(HELD, "Two", "Three");
    }),
    (
        "hash_chain",
        "`data/learn-1.jsonl` is data or weights that no hash vouches for",
        |d| {
            d.record(&[CARD, LEARN, HELD]);
            d.write("data/learn-1.jsonl", "{\"text\": \"more\"}\n");
        },
    ),
    ("hash_chain", "`../data/held.csv` in hashes.json is refused", |d| {
        d.record(&[CARD, LEARN, HELD]);
        d.edit("hashes.json", "data/held.csv", "../data/held.csv");
    }),
    ("hash_chain", "which hashes.json records, is missing", |d| {
        d.record(&[CARD, LEARN, HELD]);
        d.remove(HELD);
    }),
];

pub(crate) const WARNINGS: &[Edit] = &[
    ("contract_integrity", "has no task_categories", |d| {
        d.edit(CARD, "task_categories:\n- question-answering\n", "");
    }),
    (
        "contract_integrity",
        "is at `hf://datasets/a/b/c.jsonl`, which was not verified",
        |d| {
            d.edit(
                CARD,
                "    path: data/learn-*.jsonl\n",
                "    path: ['data/learn-*.jsonl', 'hf://datasets/a/b/c.jsonl']\n",
            );
        },
    ),
    ("hash_chain", "a card records no hash of any file", |_| {}),
];
