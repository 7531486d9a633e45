//! Rules for `[runtime.rails]` that a schema does not hold: `gate-runtime` itself says which values its rails take.

use gate_runtime::rails::{FIELDS, Settings, Value};
use toml::de::DeValue;

use super::problem::{Oddity, Problem};
use super::rule;
use super::rules::Rules;
use super::tables::table;

/// Values that the rails refuse. Whole numbers out of range are found by the walk, which knows their ranges from the schema.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let Some(rails) = table(rules.file, &["runtime", "rails"]) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let mut settings = Settings::default();
    for field in &FIELDS {
        let key = field.name.replace('_', "-");
        let Some(value) = rails.get(key.as_str()) else { continue };
        let Some(text) = number(value.get_ref()) else { continue };
        let refused = settings.set(field.name, &text).is_err();
        if refused && matches!(field.default, Value::Ratio(_)) {
            let message = format!("`{key}` is out of range: {text}");
            problems.push(
                Problem::new(value.span(), message)
                    .rule(&rule::OUT_OF_RANGE)
                    .help(format!("write a number: {}", field.range)),
            );
        }
    }
    if settings.min_samples > settings.window_calls {
        let span = rails
            .get("min-samples")
            .or_else(|| rails.get("window-calls"))
            .map_or(0..0, toml::Spanned::span);
        let message = format!(
            "`min-samples` is {}, but a window has only {} calls: p95 is never judged",
            settings.min_samples, settings.window_calls
        );
        problems.push(
            Problem::new(span, message)
                .rule(&rule::WINDOW_TOO_SMALL)
                .help("write a `min-samples` no larger than `window-calls`"),
        );
    }
    if settings.error_events > settings.window_calls {
        let span = rails
            .get("error-events")
            .or_else(|| rails.get("window-calls"))
            .map_or(0..0, toml::Spanned::span);
        let message = format!(
            "`error-events` is {}, but a window has only {} calls: the rail never trips",
            settings.error_events, settings.window_calls
        );
        problems.push(
            Problem::new(span, message)
                .rule(&rule::WINDOW_TOO_SMALL)
                .help("write an `error-events` no larger than `window-calls`"),
        );
    }
    problems
}

/// Values that are possible and take away what the rails are for.
pub(super) fn dangers(rules: &Rules<'_>) -> Vec<Oddity> {
    let rails = table(rules.file, &["runtime", "rails"]);
    let off = |key: &str| {
        let value = rails?.get(key)?;
        (value.get_ref().as_bool() == Some(false)).then(|| value.span())
    };
    let mut dangers = Vec::new();
    if let Some(span) = off("hard-rollback") {
        dangers.push(Oddity {
            message: "the rails roll back only on runtime errors, not on memory pressure, latency or throughput".into(),
            help: "remove `hard-rollback = false`".into(),
            span,
        });
    }
    if let Some(span) = off("auto-switch") {
        dangers.push(Oddity {
            message: "a kernel that was rolled back stays on its fallback until an operator re-arms its rails".into(),
            help: "remove `auto-switch = false`".into(),
            span,
        });
    }
    dangers
}

/// A number as `Settings::set` reads it.
fn number(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .map(|number| number.to_string()),
        DeValue::Float(float) => Some(float.as_str().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use gate_runtime::rails::{FIELDS, Rails, Settings, Value};
    use serde_json::json;

    use crate::{Catalogue, schema, validate};

    fn policy(rails: &str) -> String {
        format!("version = 1\n\n[stage.pilot]\nscope = \"x\"\n\n[runtime.rails]\n{rails}")
    }

    #[test]
    fn declared_rails_are_those_of_the_runtime() {
        let text = policy("dwell = 8\nlatency-rise = 0.5\npressure = 1\nstrict = true\n");
        let policy = validate("gate.toml", &text, &Catalogue::default()).expect("a policy");
        let rails = policy.runtime.and_then(|runtime| runtime.rails).expect("rails");
        let expected = Settings {
            dwell: 8,
            latency_rise: 0.5,
            pressure: 1.0,
            strict: true,
            ..Settings::default()
        };
        assert_eq!(rails.settings(), Ok(expected));
        assert_eq!(rails.location.line, Some(6));
        assert!(policy.dangers.is_empty());
    }

    #[test]
    fn rails_that_hold_nothing_are_a_danger() {
        let text = policy("hard-rollback = false\nauto-switch = false\n");
        let policy = validate("gate.toml", &text, &Catalogue::default()).expect("a policy");
        let lines: Vec<Option<u32>> = policy.dangers.iter().map(|danger| danger.location.line).collect();
        assert_eq!(lines, [Some(7), Some(8)]);
    }

    /// The schema is for editors; the runtime has the last word, so they must agree.
    #[test]
    fn the_schema_has_every_field_with_its_range() {
        let schema = schema::shared();
        let properties = schema["definitions"]["RailsPolicy"]["properties"]
            .as_object()
            .expect("rails");
        assert_eq!(properties.len(), FIELDS.len());
        for field in &FIELDS {
            let property = &properties[&field.name.replace('_', "-")];
            let Value::Count(_) = field.default else {
                assert!(property.is_object(), "{}", field.name);
                continue;
            };
            let bound = |key: &str| {
                property[key]
                    .as_f64()
                    .unwrap_or_else(|| panic!("{}: {property}", field.name)) as i64
            };
            let takes = |value: i64| {
                // What is compared with another field must not be in the way.
                let mut settings = Settings {
                    window_calls: 65_536,
                    min_samples: 20,
                    ..Settings::default()
                };
                settings.set(field.name, &value.to_string()).is_ok() && Rails::new(settings).is_ok()
            };
            let (least, most) = (bound("minimum"), bound("maximum"));
            assert!(
                takes(least) && takes(most) && !takes(least - 1) && !takes(most + 1),
                "{}",
                field.name
            );
            assert_ne!(property["examples"], json!([]), "{}", field.name);
        }
    }
}
