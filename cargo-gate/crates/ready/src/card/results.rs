//! The results that a model card declares under `model-index`, as metrics with a name each: what was measured, and on which data.

use serde_json::{Map, Value, json};

/// The results, in the shape of a document of results; `None` where the card declares none.
pub(super) fn of(metadata: &Value) -> Option<Value> {
    let models = metadata.get("model-index")?;
    let mut metrics = Map::new();
    for model in models.as_array().map_or(&[][..], Vec::as_slice) {
        for result in items(model, "results") {
            let on = data(result);
            for metric in items(result, "metrics") {
                let kind = ["type", "name"].into_iter().find_map(|key| metric.get(key)?.as_str());
                let name = format!("{}{on}", kind.unwrap_or("a metric without a type"));
                let value = metric.get("value").cloned().unwrap_or(Value::Null);
                let known = metrics.get(&name).map(|known: &Value| &known["value"]);
                if known.is_some_and(|known| *known != value) {
                    metrics.insert(format!("{name} (duplicate)"), json!({"value": "two values"}));
                    continue;
                }
                metrics.insert(name, json!({"value": value}));
            }
        }
    }
    Some(json!({"metrics": metrics}))
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The data that a result is of, as parts of the name of a metric. Words of a name decide how a metric is judged, so that a data set is a single word.
fn data(result: &Value) -> String {
    let Some(set) = result.get("dataset") else {
        return String::new();
    };
    let part = |key: &str| set.get(key).and_then(Value::as_str);
    let parts = [part("type").or_else(|| part("name")), part("config"), part("split")];
    let word = |part: &str| -> String { part.chars().filter(char::is_ascii_alphanumeric).collect() };
    parts
        .into_iter()
        .flatten()
        .map(|part| format!("/{}", word(part)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_has_the_name_of_its_data() {
        let metadata = json!({"model-index": [{"name": "m", "results": [
            {"dataset": {"type": "stanfordnlp/imdb", "split": "test"}, "metrics": [{"type": "accuracy", "value": 0.9}, {"type": "f1"}]},
            {"metrics": [{"type": "accuracy", "value": 0.8}, {"type": "accuracy", "value": 0.8}, {"type": "accuracy", "value": 0.7}]},
        ]}]});
        let wanted = json!({"metrics": {
            "accuracy/stanfordnlpimdb/test": {"value": 0.9},
            "f1/stanfordnlpimdb/test": {"value": null},
            "accuracy": {"value": 0.8},
            "accuracy (duplicate)": {"value": "two values"},
        }});
        assert_eq!(of(&metadata), Some(wanted));
        assert_eq!(of(&json!({"license": "mit"})), None);
    }
}
