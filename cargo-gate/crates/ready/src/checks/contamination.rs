//! `contamination_risk`: the data of both sides are compared now, whatever a document says of them.

use std::path::PathBuf;

use gate_base::error::{Error, Result};
use serde_json::{Value, json};

use super::privacy::is_empty;
use super::search::masked;
use crate::contamination::{Kind, Overlap, Part, Shard, index, merged, scan, scan_shard};
use crate::layout::Layout;
use crate::report::Status;
use crate::run::{DataSet, Run};
use crate::said::{self, Said};
use crate::verdict::Verdict;

/// From this share of 3-grams on, two texts are one with an edit.
const EDITED: f64 = 0.9;

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let Sides { train, eval, stray } = match sides(run) {
        Ok(sides) => sides,
        Err(verdict) => return Ok(verdict),
    };
    let (indexed, without) = match index(&eval) {
        Ok(indexed) => indexed,
        Err(why) => return Ok(Verdict::fail(why)),
    };
    if indexed.len() == 0 {
        return Ok(Verdict::fail("the evaluation data has no row with text").with("eval_rows_without_text", without));
    }
    let overlap = if run.options.parts.is_empty() {
        scan(&indexed, &train)
    } else {
        merged(&run.options.parts, &train, &eval, indexed.len())?
    };
    let overlap = match overlap {
        Ok(overlap) => overlap,
        Err(why) => return Ok(Verdict::fail(why)),
    };
    if overlap.train_rows == 0 {
        return Ok(Verdict::fail("the training data has no rows"));
    }
    if overlap.train_rows_without_text == overlap.train_rows {
        return Ok(Verdict::fail("the training data has no row with text")
            .with("train_rows_without_text", overlap.train_rows_without_text));
    }
    let verdict = judged(&overlap, indexed.len(), &train, &eval)
        .with("train_rows_without_text", overlap.train_rows_without_text)
        .with("eval_rows_without_text", without);
    if verdict.status >= Status::Warn {
        return Ok(verdict);
    }
    let items = indexed.len() as u64 + without;
    let alone = stray
        .first()
        .map(|path| format!("`{path}` is on neither side of the data: name it in the configuration"));
    Ok(match silent(&overlap, items, without).or(alone) {
        Some(message) => Verdict {
            status: Status::Warn,
            message,
            ..verdict
        },
        None => verdict,
    })
}

/// Both sides of the data of a run, which can be compared.
struct Sides {
    train: Vec<(String, PathBuf)>,
    eval: Vec<(String, PathBuf)>,
    /// Files with rows that are on neither.
    stray: Vec<String>,
}

/// The sides, or why there is nothing to compare.
fn sides(run: &Run<'_>) -> std::result::Result<Sides, Verdict> {
    let data = run.data();
    if let Some((path, why)) = data.refused.first() {
        return Err(Verdict::fail(format!("the data set `{path}` is refused: {why}")));
    }
    let gone = data.train.iter().chain(&data.eval).find(|set| set.path.is_none());
    if let Some(set) = gone {
        return Err(Verdict::fail(format!(
            "the data set `{}` is declared and missing",
            set.name
        )));
    }
    if let Some(path) = data.unreadable.first() {
        return Err(Verdict::fail(format!(
            "`{path}` is named like a data set and cannot be read: use .jsonl, .ndjson, .csv or .tsv, plain or as .gz or .zst"
        ))
        .with("unreadable", data.unreadable));
    }
    if let Some(written) = authored(run) {
        return Err(Verdict::fail(format!("Contamination check failed: {written}")).with("check", written));
    }
    if data.train.is_empty() && run.layout == Layout::Decided {
        return Err(Verdict::fail("the run has no data set, such as `dataset.jsonl`"));
    }
    let missing = match (data.train.is_empty(), data.eval.is_empty()) {
        (true, true) => Some("no training and no evaluation data"),
        (true, false) => Some("no training data"),
        (false, true) => Some("no evaluation data"),
        (false, false) => None,
    };
    if let Some(missing) = missing {
        return Err(Verdict::skipped(format!(
            "{missing}: name it in the configuration, or with `--train` and `--eval`"
        )));
    }
    let sides = Sides {
        train: side(data.train),
        eval: side(data.eval),
        stray: data.stray,
    };
    let same = sides
        .train
        .iter()
        .find(|(_, path)| sides.eval.iter().any(|(_, other)| canonical(path) == canonical(other)));
    if let Some((name, _)) = same {
        return Err(Verdict::fail(format!("`{name}` is both training and evaluation data")));
    }
    Ok(sides)
}

/// A part of the comparison, for a machine that has the whole verdict made elsewhere.
pub(crate) fn part(run: &Run<'_>, shard: Shard) -> Result<Part> {
    let why = |why: String| Error::usage(why).with_help("correct the data of the run, then compare its parts again");
    let Sides { train, eval, .. } = sides(run).map_err(|verdict| why(verdict.message))?;
    let compare = || {
        let (indexed, _) = index(&eval)?;
        scan_shard(&indexed, &train, shard)
    };
    Part::of(shard, &train, &eval, compare)?.map_err(why)
}

/// Rows that nothing could be compared with.
fn silent(overlap: &Overlap, items: u64, without: u64) -> Option<String> {
    let count = |side: &str, without: u64, of: u64| (without > 0).then(|| format!("{without} of {of} {side} rows"));
    let parts: Vec<String> = [
        count("training", overlap.train_rows_without_text, overlap.train_rows),
        count("evaluated", without, items),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("No contamination detected, and {} have no text", parts.join(" and ")))
}

fn judged(overlap: &Overlap, items: usize, train: &[(String, PathBuf)], eval: &[(String, PathBuf)]) -> Verdict {
    let certain = overlap.count(Kind::Exact) + overlap.count(Kind::Excerpt) + overlap.count(Kind::Prompt);
    let near = overlap.count(Kind::Near);
    let rows = format!("{} training rows, {items} evaluated", overlap.train_rows);
    let verdict = if certain > 0 || overlap.nearest >= EDITED {
        let parts: Vec<String> = Kind::ALL
            .into_iter()
            .filter(|kind| overlap.count(*kind) > 0)
            .map(|kind| format!("{} {}", overlap.count(kind), words(kind)))
            .collect();
        Verdict::fail(format!(
            "Contamination check failed: {}: {} of {items} evaluated rows are affected",
            parts.join(", "),
            overlap.items.len()
        ))
    } else if near > 0 {
        Verdict::warn(format!(
            "{near} near-duplicates, the nearest with {:.2} of its 3-grams: {rows}",
            overlap.nearest
        ))
    } else {
        Verdict::pass(format!("No contamination detected: {rows}"))
    };
    let named: Vec<Value> = overlap
        .named
        .iter()
        .map(|found| {
            json!({
                "train": format!("{}:{}", train[found.train as usize].0, found.train_row),
                "eval": format!("{}:{}", eval[found.eval as usize].0, found.eval_row),
                "kind": found.kind.name(),
                "share": (found.share * 1000.0).round() / 1000.0,
            })
        })
        .collect();
    let counts: serde_json::Map<String, Value> = Kind::ALL
        .into_iter()
        .map(|kind| (kind.name().to_owned(), overlap.count(kind).into()))
        .collect();
    verdict
        .with("counts", counts)
        .with("train_rows", overlap.train_rows)
        .with("eval_rows", items)
        .with("affected_eval_rows", overlap.items.len())
        .with("matches", named)
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Exact => "exact duplicates",
        Kind::Near => "near-duplicates",
        Kind::Excerpt => "excerpts of evaluated texts",
        Kind::Prompt => "evaluated questions with another answer",
    }
}

fn side(sets: Vec<DataSet>) -> Vec<(String, PathBuf)> {
    // A part of the comparison carries the names to another machine.
    let named = |set: DataSet| Some((masked(&set.name), set.path?));
    sets.into_iter().filter_map(named).collect()
}

fn canonical(path: &std::path::Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// What the run's own pipeline says of contamination, where that is no success. One that says clean proves nothing.
fn authored(run: &Run<'_>) -> Option<String> {
    let about = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("contamination") || name.contains("leakage")
    };
    let bad = |name: &str, value: &Value| {
        said::under(name, value)
            .into_iter()
            .find(|one| one.said == Said::Bad)
            .map(|one| format!("`{name}` is {}", one.word))
    };
    if let Some(decision) = run.documents.value("decision.json") {
        let checks = decision.get("checks").and_then(Value::as_object).into_iter().flatten();
        let top = decision.as_object().into_iter().flatten();
        let failed = checks
            .chain(top)
            .filter(|(name, _)| about(name))
            .find_map(|(name, value)| bad(name, value));
        if failed.is_some() {
            return failed;
        }
    }
    let report = run.documents.value("contamination.json")?;
    if is_empty(report) {
        return Some("`contamination.json` is empty".to_owned());
    }
    let word = report
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| about(name) && value.is_string())
        .find_map(|(name, value)| bad(name, value));
    word.or_else(|| {
        let failed = said::within(report).into_iter().find(|one| one.said == Said::Bad)?;
        Some(format!("`{}` of `contamination.json` is {}", failed.key, failed.word))
    })
}
