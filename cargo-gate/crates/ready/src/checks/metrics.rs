//! Metrics of an evaluation: which are there, which way is better, and what values they can have.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::documents::first;

/// The metrics of results, by name; those that are not numbers apart.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Metrics {
    pub(super) numbers: BTreeMap<String, f64>,
    pub(super) broken: Vec<String>,
    /// Metrics that say themselves which way is better: whether lower is.
    pub(super) lower: BTreeMap<String, bool>,
}

impl Metrics {
    /// Reads the metrics of a document of results: below `overall` or `metrics`, or its own numbers.
    pub(super) fn of(results: &Value) -> Self {
        const COUNTS: &[&str] = &[
            "num_examples",
            "eval_duration_seconds",
            "seed",
            "epoch",
            "step",
            "schema_version",
        ];
        let mut metrics = Self::default();
        let source = first(results, &["overall", "metrics"]).unwrap_or(results);
        for (name, value) in source.as_object().into_iter().flatten() {
            match value {
                _ if COUNTS.contains(&name.as_str()) => {}
                Value::Number(number) => metrics.add(name, number),
                Value::Object(parts) => {
                    if let Some(Value::Number(number)) = first(value, &["value", "mean", "score"]) {
                        metrics.add(name, number);
                    } else if parts.get("value").is_some_and(|value| !value.is_object()) {
                        metrics.broken.push(format!("{name} is not a finite number"));
                    }
                    match direction(value) {
                        Ok(Some(lower)) => _ = metrics.lower.insert(name.clone(), lower),
                        Ok(None) => {}
                        Err(word) => metrics.broken.push(format!("{name} has the direction {word}")),
                    }
                }
                Value::Null => metrics.broken.push(format!("{name} is null")),
                Value::String(text)
                    if matches!(
                        text.to_ascii_lowercase().as_str(),
                        "nan" | "inf" | "-inf" | "infinity" | "-infinity"
                    ) =>
                {
                    metrics.broken.push(format!("{name} is {text}"));
                }
                _ => {}
            }
        }
        metrics
    }

    fn add(&mut self, name: &str, number: &serde_json::Number) {
        match number.as_f64() {
            Some(number) if number.is_finite() => _ = self.numbers.insert(name.to_owned(), number),
            _ => self.broken.push(format!("{name} is not a finite number")),
        }
    }
}

/// Whether a declaration says that lower is better: `direction`, or a switch.
///
/// # Errors
/// The word is not a direction.
pub(super) fn direction(declared: &Value) -> Result<Option<bool>, String> {
    let switch = |key: &str| declared.get(key).and_then(Value::as_bool);
    let higher = ["higher_is_better", "greater_is_better"].into_iter().find_map(switch);
    let lower = higher.map(|higher| !higher).or_else(|| switch("lower_is_better"));
    let word = match declared {
        Value::Object(_) => first(declared, &["direction", "goal"]),
        word => Some(word),
    };
    let Some(word) = word else { return Ok(lower) };
    match word.as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "lower" | "min" | "minimize" | "minimise" | "down" | "lower_is_better" => Ok(Some(true)),
        "higher" | "max" | "maximize" | "maximise" | "up" | "higher_is_better" => Ok(Some(false)),
        _ => Err(word.to_string()),
    }
}

/// Whether the metric of a whole can differ from the mean of its items.
pub(super) fn is_of_the_whole(name: &str) -> bool {
    const WHOLE: &[&str] = &[
        "auc",
        "auroc",
        "perplexity",
        "ppl",
        "bleu",
        "chrf",
        "rmse",
        "precision",
        "recall",
        "wer",
        "cer",
        "micro",
        "macro",
        "weighted",
        "kappa",
        "mcc",
        "pearson",
        "spearman",
        "r2",
        "iou",
        "map",
        "latency",
        "ms",
        "p50",
        "p90",
        "p95",
        "p99",
        "max",
        "min",
        "std",
        "median",
    ];
    parts(name).any(|part| WHOLE.contains(&part))
}

/// Whether a lower value is better, by the name of the metric.
pub(super) fn is_lower_better(name: &str) -> bool {
    const LOWER: &[&str] = &[
        "loss",
        "error",
        "wer",
        "cer",
        "perplexity",
        "ppl",
        "mae",
        "mse",
        "rmse",
        "latency",
        "ulp",
        "hallucination",
        "toxicity",
        "ms",
    ];
    parts(name).any(|part| LOWER.contains(&part))
}

/// Whether the metric is a share, from 0 to 1.
pub(super) fn is_share(name: &str) -> bool {
    const SHARES: &[&str] = &[
        "f1",
        "accuracy",
        "acc",
        "precision",
        "recall",
        "auc",
        "match",
        "em",
        "rate",
        "iou",
        "ndcg",
        "mrr",
    ];
    parts(name).any(|part| SHARES.contains(&part)) && !is_lower_better(name)
}

/// How far a mean may be from a number that was written: half of its last digit, and never more than half a percent.
pub(super) fn rounding(value: f64) -> f64 {
    let size = value.abs().max(1.0);
    let digits = value.to_string().split_once('.').map_or(0, |(_, digits)| digits.len());
    let half = 0.5 * 10_f64.powi(-i32::try_from(digits).unwrap_or(i32::MAX));
    half.clamp(1e-5 * size, 5e-3 * size)
}

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| !letter.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_tell_which_way_is_better() {
        for name in ["eval_loss", "wer", "latency_ms", "max_ulp"] {
            assert!(is_lower_better(name), "{name}");
        }
        for name in ["f1", "exact_match", "eval/accuracy", "pass_rate"] {
            assert!(is_share(name) && !is_lower_better(name), "{name}");
        }
        assert!(!is_share("bleu") && !is_share("rewarder"));
    }

    #[test]
    fn what_is_no_number_is_told() {
        let metrics =
            Metrics::of(&json!({"overall": {"f1": 0.7, "em": null, "auc": "NaN", "note": "fine"}, "num_examples": 5}));
        assert_eq!(
            metrics.numbers.into_iter().collect::<Vec<_>>(),
            [("f1".to_owned(), 0.7)]
        );
        assert_eq!(metrics.broken, ["em is null", "auc is NaN"]);
    }
}
