//! What is done to the data, the results and the settings of a run.

use std::fs;
use std::io::Write as _;

use serde_json::json;

use super::Edit;
use super::project::{EVAL, planted, rows, train};

/// The check that must find it, what it says, and what was done.
pub(super) const EDITS: &[(&str, &str, Edit)] = &[
    // The data.
    ("contamination_risk", "1 exact duplicates", |p| {
        p.write(
            "data/train.jsonl",
            &(train()
                + &rows(&EVAL[1..2])
                    .to_uppercase()
                    .replace("INPUT", "input")
                    .replace("OUTPUT", "output")),
        );
    }),
    ("contamination_risk", "1 evaluated questions with another answer", |p| {
        p.write("data/train.jsonl", &(train() + &rows(&[(EVAL[2].0, "Because a god paints it so every single evening, and has done it since the world began, or so they say")])));
    }),
    ("contamination_risk", "1 excerpts of evaluated texts", |p| {
        let story: String = (0..200_u32)
            .map(|at| format!("{:x} ", at.wrapping_mul(2_654_435_761)))
            .collect();
        p.write(
            "data/train.jsonl",
            &(train() + &rows(&[("", &format!("{story} {} {} {story}", EVAL[0].0, EVAL[0].1))])),
        );
    }),
    ("contamination_risk", "1 near-duplicates", |p| {
        p.write(
            "data/train.jsonl",
            &(train()
                + &rows(&[(
                    EVAL[1].0,
                    "Two heaps: one holds the lower half, the other the larger half",
                )])),
        );
    }),
    ("contamination_risk", "the evaluation data has no row with text", |p| {
        p.write("data/eval.jsonl", "");
    }),
    ("contamination_risk", "the training data has no rows", |p| {
        p.write("data/train.jsonl", "\n");
    }),
    ("contamination_risk", "the training data has no row with text", |p| {
        p.write("data/train.jsonl", "{\"tokens\":[1,2,3]}\n{\"tokens\":[4]}\n");
    }),
    ("contamination_risk", "the evaluation data has no row with text", |p| {
        p.write("data/eval.jsonl", "{\"tokens\":[1,2,3]}\n{\"tokens\":[4]}\n");
    }),
    (
        "contamination_risk",
        "`train.parquet` is named like a data set and cannot be read",
        |p| {
            p.write("runs/new/train.parquet", "PAR1");
            p.rehash("runs/new");
        },
    ),
    (
        "contamination_risk",
        "`train.json` is named like a data set and cannot be read",
        |p| {
            p.write(
                "runs/new/train.json",
                &json!([{"input": EVAL[0].0, "output": EVAL[0].1}]).to_string(),
            );
            p.rehash("runs/new");
        },
    ),
    ("contamination_risk", "1 exact duplicates", |p| {
        p.write("runs/new/train2.jsonl", &rows(&EVAL[..1]));
        p.rehash("runs/new");
    }),
    ("contamination_risk", "`data/eval.jsonl` is declared and missing", |p| {
        fs::remove_file(p.path("data/eval.jsonl")).expect("removed");
    }),
    ("contamination_risk", "`data/train.jsonl` row 2 cannot be read", |p| {
        p.write("data/train.jsonl", "{\"text\":\"a\"}\n{\"text\"\n");
    }),
    (
        "contamination_risk",
        "`../data/train.jsonl` is refused: it leads up",
        |p| p.edit("runs/new/config.yaml", "train: data", "train: ../data"),
    ),
    (
        "config_sanity",
        "`data/eval.jsonl` is both training and evaluation data",
        |p| p.edit("runs/new/config.yaml", "data/train.jsonl", "data/eval.jsonl"),
    ),
    // Privacy.
    (
        "privacy_safety",
        "the first payment_card in `data/train.jsonl` line 4",
        |p| {
            let card = ["4111", "1111", "1111", "1111"].concat();
            p.write("data/train.jsonl", &(train() + &rows(&[("Charge it", &card)])));
        },
    ),
    ("privacy_safety", "the first payment_card in `log.txt.gz` line 2", |p| {
        let card = ["4111", "1111", "1111", "1111"].concat();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(format!("fine\ncharged {card}\n").as_bytes())
            .expect("compressed");
        fs::write(p.path("runs/new/log.txt.gz"), gz.finish().expect("compressed")).expect("written");
        p.rehash("runs/new");
    }),
    (
        "privacy_safety",
        "the first payment_card in `data/train.jsonl` line 4",
        |p| {
            let card = ["4111", "1111", "1111", "1111"].concat();
            p.write(
                "data/train.jsonl",
                &(train() + &format!("{{\"text\":\"a\",\"card\":{card}}}\n")),
            );
        },
    ),
    ("privacy_safety", "in `runs/deep/log.txt` line 2", |p| {
        let token = planted();
        p.write("runs/new/runs/deep/log.txt", &format!("fine\ntoken {token}\n"));
    }),
    // Results.
    ("regression_risk", "`NaN` on line 1 is not JSON", |p| {
        p.edit("runs/new/eval/eval_results.json", "0.72", "NaN");
    }),
    (
        "regression_risk",
        "f1 is 85, outside 0 to 1: is it a percentage?",
        |p| p.edit("runs/new/eval/eval_results.json", "0.72", "85"),
    ),
    ("regression_risk", "eval_missing: `min_f1` requires f1", |p| {
        p.edit("runs/new/eval/eval_results.json", "\"f1\"", "\"f2x\"");
    }),
    ("regression_risk", "eval/eval_results.json has no metrics", |p| {
        p.write("runs/new/eval/eval_results.json", "{\"overall\":{}}");
    }),
    ("regression_risk", "the evaluation has no examples", |p| {
        p.edit(
            "runs/new/eval/eval_results.json",
            "\"num_examples\":3",
            "\"num_examples\":0",
        );
    }),
    ("regression_risk", "f1 is 0.4, min_f1 is 0.5", |p| {
        p.edit("runs/new/eval/eval_results.json", "0.72", "0.4");
    }),
    (
        "regression_risk",
        "f1 0.7 -> 0.6, -14.3 % (no samples: compared as numbers)",
        |p| p.edit("runs/new/eval/eval_results.json", "0.72", "0.6"),
    ),
    ("regression_risk", "eval_loss 0.4 -> 0.9", |p| {
        p.edit(
            "runs/new/eval/eval_results.json",
            "\"eval_loss\":0.4",
            "\"eval_loss\":0.9",
        );
    }),
    (
        "regression_risk",
        "`eval_loss` of the baseline is not in the results",
        |p| p.edit("runs/new/eval/eval_results.json", "\"eval_loss\"", "\"valid_loss\""),
    ),
    (
        "regression_risk",
        "f1 is 0.72 in the results, and the mean of its 20 items is 0.1000",
        |p| {
            p.write("runs/new/eval/items.jsonl", &items(20, 0.1));
            p.rehash("runs/new");
        },
    ),
    ("regression_risk", "`eval/items.jsonl` line 2 cannot be read", |p| {
        p.write("runs/new/eval/items.jsonl", "{\"f1\":0.72}\n{\"f1\"\n");
        p.rehash("runs/new");
    }),
    (
        "regression_risk",
        "`eval/eval_results.json` and `eval_results.json` have different metrics",
        |p| {
            p.write("runs/new/eval_results.json", "{\"overall\":{\"f1\":0.9}}");
            p.rehash("runs/new");
        },
    ),
    ("regression_risk", "drift 1 -> 3", |p| {
        for (run, drift) in [("runs/base", "1"), ("runs/new", "3")] {
            p.edit(
                &format!("{run}/eval/eval_results.json"),
                "\"eval_loss\"",
                &format!("\"drift\":{drift},\"eval_loss\""),
            );
        }
        p.edit(
            "runs/new/config.yaml",
            "seed: 42",
            "seed: 42\nmetrics: {drift: {direction: lower}}",
        );
    }),
    ("regression_risk", "reach 0.9 -> 0.5", |p| {
        for (run, reach) in [("runs/base", "0.9"), ("runs/new", "0.5")] {
            p.edit(
                &format!("{run}/eval/eval_results.json"),
                "\"eval_loss\"",
                &format!("\"reach\":{{\"value\":{reach},\"higher_is_better\":true}},\"eval_loss\""),
            );
        }
    }),
    ("regression_risk", "no_baseline: the run", |p| {
        fs::remove_dir_all(p.path("runs/base")).expect("removed");
    }),
    // Configuration.
    ("config_sanity", "learning_rate is -1, which is not possible", |p| {
        p.edit("runs/new/config.yaml", "2e-4", "-1");
    }),
    ("config_sanity", "learning_rate is \".nan\", not a number", |p| {
        p.edit("runs/new/config.yaml", "2e-4", ".nan");
    }),
    (
        "config_sanity",
        "the seed is 43 in config.yaml and 42 in run_meta.json",
        |p| p.edit("runs/new/config.yaml", "seed: 42", "seed: 43"),
    ),
    (
        "config_sanity",
        "the seed is 42 in config.yaml (`seed`) and 43 in config.yaml (`training.seed`)",
        |p| p.edit("runs/new/config.yaml", "training: {", "training: {seed: 43, "),
    ),
    (
        "config_sanity",
        "learning_rate is 0.0002 and lr is 0.0001: they are one setting",
        |p| {
            p.edit(
                "runs/new/config.yaml",
                "learning_rate: 2e-4",
                "learning_rate: 2e-4, lr: 1e-4",
            );
        },
    ),
    ("config_sanity", "fp16 and bf16 are both on", |p| {
        p.edit(
            "runs/new/config.yaml",
            "training: {",
            "training: {fp16: true, bf16: true, ",
        );
    }),
    (
        "contract_integrity",
        "Cannot read config.yaml: line 3: the key `seed` stands twice",
        |p| p.edit("runs/new/config.yaml", "seed: 42", "seed: 42\nseed: 42"),
    ),
    // Reproduction.
    (
        "reproducibility",
        "torch 2.6.0 ran, requirements.txt locks 2.5.1",
        |p| p.write("requirements.txt", "torch==2.5.1 --hash=sha256:00\n"),
    ),
];

/// A metric of so many items, all of the same value.
fn items(count: usize, f1: f64) -> String {
    (0..count)
        .map(|at| format!("{}\n", json!({"id": at, "f1": f1})))
        .collect()
}
