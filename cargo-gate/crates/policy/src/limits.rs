//! The thresholds of gate.toml: beyond what each is refused or warned about, and why. The schema holds them.

use serde_json::{Map, Value};

use super::known_findings::KNOWN_FINDINGS;
use super::schema;

/// A threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// Its key, with the tables that hold it.
    pub key: String,
    /// What is refused when the file is read, in words; empty where nothing is.
    pub refused: String,
    /// What is warned about, in words; empty where nothing is.
    pub unusual: String,
    /// Why a value beyond that has no effect, or hardly any.
    pub why: String,
}

impl Threshold {
    /// Its bounds and the reason, for people.
    pub fn sentence(&self) -> String {
        let part = |what: &str, bounds: &str| (!bounds.is_empty()).then(|| format!("{what} {bounds}"));
        let parts = [part("refused", &self.refused), part("unusual", &self.unusual)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let mut text = format!("{}: {}.", parts.join("; "), self.why);
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        text
    }
}

/// Every threshold, in the order of the documentation.
pub fn thresholds() -> Vec<Threshold> {
    let mut found = Vec::new();
    collect(schema::shared(), "", &mut found);
    collect(schema::known(), KNOWN_FINDINGS, &mut found);
    found
}

/// What of one key is a threshold.
pub(super) fn of(key: &str, schema: &Map<String, Value>) -> Option<Threshold> {
    let why = schema.get("x-why")?.as_str()?;
    let is = |keyword, format| schema.get(keyword).is_some_and(|found| found == format);
    let (low, high) = if is("x-format", "duration") {
        (["x-min", "shorter than"], ["x-max", "longer than"])
    } else if is("format", "date") {
        (["x-min", "earlier than"], ["x-max", "later than"])
    } else {
        (["minimum", "below"], ["maximum", "above"])
    };
    let bounds = |low: [&str; 2], high: [&str; 2]| {
        let bound = |[name, words]: [&str; 2]| {
            let value = schema.get(name)?;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some(format!("{words} {}", value.strip_suffix(".0").unwrap_or(&value)))
        };
        let both: Vec<String> = [bound(low), bound(high)].into_iter().flatten().collect();
        both.join(", ")
    };
    Some(Threshold {
        key: key.to_owned(),
        refused: bounds(low, high),
        unusual: bounds(["x-sane-min", low[1]], ["x-sane-max", high[1]]),
        why: why.to_owned(),
    })
}

fn collect(schema: &'static Value, path: &str, found: &mut Vec<Threshold>) {
    let Value::Object(object) = schema else { return };
    found.extend(of(path, object));
    let target = object.get("$ref").and_then(Value::as_str);
    if let Some(target) = target.and_then(|target| schema::shared().pointer(target.trim_start_matches('#'))) {
        collect(target, path, found);
    }
    for alternatives in ["allOf", "anyOf", "oneOf"] {
        for below in object.get(alternatives).and_then(Value::as_array).into_iter().flatten() {
            collect(below, path, found);
        }
    }
    if let Some(items) = object.get("items") {
        collect(items, path, found);
    }
    for (name, below) in object
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let key = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        collect(below, &key, found);
    }
    if let Some(below) = object.get("additionalProperties").filter(|below| below.is_object()) {
        collect(below, &format!("{path}.<name>"), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers and durations that bound no finding: too large or too small a value makes nothing pass.
    const NO_THRESHOLDS: [&str; 16] = [
        "timeout",
        "rounds",
        "major",
        "parameter",
        "from",
        "to",
        "version",
        // What a drill does to a system. A fault that nothing noticed passes nothing.
        "instances",
        "instance",
        "repeats",
        "for",
        "latency-ms",
        "jitter-ms",
        "times",
        "every",
        "bytes-per-second",
    ];

    #[test]
    fn every_number_with_a_bound_has_a_reason_or_is_no_threshold() {
        let mut missing = Vec::new();
        let definitions = schema::shared()["definitions"].as_object().expect("definitions");
        for (name, definition) in definitions.iter().filter(|(name, _)| *name != "RailsPolicy") {
            for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                let bounded = ["minimum", "maximum", "x-max", "x-sane-max", "x-sane-min"];
                let bounded = bounded.iter().any(|bound| property.get(bound).is_some());
                if bounded && property.get("x-why").is_none() && !NO_THRESHOLDS.contains(&key.as_str()) {
                    missing.push(format!("{name}.{key}"));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_threshold_is_told_with_its_bounds() {
        let all = thresholds();
        let of = |key: &str| {
            let found = all.iter().find(|threshold| threshold.key == key).expect("a threshold");
            (found.refused.clone(), found.unusual.clone())
        };
        assert_eq!(
            of("suite.bench.max-pairs"),
            ("below 14, above 60".into(), String::new())
        );
        assert_eq!(
            of("suite.slo.objective.target-percent"),
            ("below 50, above 99.999999".into(), "below 90".into())
        );
        assert_eq!(
            of("stage.broad.max-age"),
            (
                "shorter than 1h, longer than 365d".into(),
                "shorter than 1d, longer than 90d".into()
            )
        );
    }
}
