//! `contamination_risk`: the data of both sides are compared now, whatever a document says of them.

use std::path::PathBuf;

use gate_base::error::Result;
use serde_json::{Value, json};

use crate::contamination::{Kind, Overlap, index, scan};
use crate::run::{DataSet, Run};
use crate::verdict::Verdict;

/// From this share of 3-grams on, two texts are one with an edit.
const EDITED: f64 = 0.9;

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let data = run.data();
    if let Some((path, why)) = data.refused.first() {
        return Ok(Verdict::fail(format!("the data set `{path}` is refused: {why}")));
    }
    let gone = data.train.iter().chain(&data.eval).find(|set| set.path.is_none());
    if let Some(set) = gone {
        return Ok(Verdict::fail(format!(
            "the data set `{}` is declared and missing",
            set.name
        )));
    }
    if let Some(written) = authored(run) {
        return Ok(Verdict::fail("Contamination check failed").with("check", written));
    }
    let missing = match (data.train.is_empty(), data.eval.is_empty()) {
        (true, true) => Some("no training and no evaluation data"),
        (true, false) => Some("no training data"),
        (false, true) => Some("no evaluation data"),
        (false, false) => None,
    };
    if let Some(missing) = missing {
        return Ok(Verdict::skipped(format!(
            "{missing}: name it in the configuration, or with `--train` and `--eval`"
        )));
    }
    let (train, eval) = (side(data.train), side(data.eval));
    let same = train
        .iter()
        .find(|(_, path)| eval.iter().any(|(_, other)| canonical(path) == canonical(other)));
    if let Some((name, _)) = same {
        return Ok(Verdict::fail(format!("`{name}` is both training and evaluation data")));
    }
    let indexed = match index(&eval) {
        Ok(indexed) => indexed,
        Err(why) => return Ok(Verdict::fail(why)),
    };
    if indexed.len() == 0 {
        return Ok(Verdict::fail("the evaluation data has no row with text"));
    }
    let overlap = match scan(&indexed, &train) {
        Ok(overlap) => overlap,
        Err(why) => return Ok(Verdict::fail(why)),
    };
    if overlap.train_rows == 0 {
        return Ok(Verdict::fail("the training data has no rows"));
    }
    Ok(judged(&overlap, indexed.len(), &train, &eval))
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
    sets.into_iter().filter_map(|set| Some((set.name, set.path?))).collect()
}

fn canonical(path: &std::path::Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// A check of the run's own pipeline that says contaminated; one that says clean proves nothing.
fn authored(run: &Run<'_>) -> Option<String> {
    let decision = run.documents.value("decision.json")?;
    let failed = |value: &Value| {
        let status = match value {
            Value::Object(_) => crate::documents::first(value, &["status", "passed"]).unwrap_or(value),
            value => value,
        };
        match status {
            Value::Bool(passed) => !passed,
            Value::String(status) => matches!(status.to_ascii_uppercase().as_str(), "FAIL" | "FAILED"),
            _ => false,
        }
    };
    let checks = decision.get("checks").and_then(Value::as_object).into_iter().flatten();
    let top = decision.as_object().into_iter().flatten();
    checks
        .chain(top)
        .find(|(name, value)| name.to_ascii_lowercase().contains("contamination") && failed(value))
        .map(|(name, _)| name.clone())
}
