//! Settings of rails: what is documented is what holds, and what is out of range is refused.

use gate_runtime::rails::{FIELDS, Rails, Settings, Value};

#[test]
fn defaults_are_those_that_are_documented() {
    let defaults = Settings::default();
    for field in FIELDS {
        assert_eq!(defaults.get(field.name), Some(field.default), "{}", field.name);
    }
    assert!(Rails::new(defaults).is_ok());
    let named = |name: &str| FIELDS.iter().find(|field| field.name == name).unwrap().default;
    assert_eq!(named("auto_switch"), Value::Flag(true));
    assert_eq!(named("hard_rollback"), Value::Flag(true));
    assert_eq!(named("dwell"), Value::Count(4));
    assert_eq!(named("cooldown"), Value::Count(2));
    assert_eq!(named("consecutive"), Value::Count(2));
    assert_eq!(named("latency_rise"), Value::Ratio(0.08));
    assert_eq!(named("throughput_drop"), Value::Ratio(0.05));
    assert_eq!(named("pressure"), Value::Ratio(0.20));
    assert_eq!(named("pressure_events"), Value::Count(1));
}

#[test]
fn a_value_out_of_range_is_refused_with_its_field_and_range() {
    let mut settings = Settings::default();
    for (name, text, message) in [
        ("dwell", "0", "invalid value `0` for `dwell`: expected 1 to 10000"),
        (
            "latency_rise",
            "NaN",
            "invalid value `NaN` for `latency_rise`: expected above 0.0, up to 100.0",
        ),
        (
            "throughput_drop",
            "1.0",
            "invalid value `1.0` for `throughput_drop`: expected above 0.0, below 1.0",
        ),
        (
            "pressure",
            "-0.2",
            "invalid value `-0.2` for `pressure`: expected above 0.0, up to 1.0",
        ),
        (
            "strict",
            "yes",
            "invalid value `yes` for `strict`: expected true or false",
        ),
        ("dwel", "4", "unknown field `dwel`"),
    ] {
        assert_eq!(settings.set(name, text).unwrap_err().to_string(), message);
    }
    assert_eq!(settings, Settings::default(), "nothing was replaced");

    let all = Settings {
        dwell: 0,
        pressure: f64::INFINITY,
        min_samples: 65,
        ..settings
    };
    let refused = Rails::new(all).unwrap_err();
    let fields: Vec<&str> = refused.all().iter().map(|invalid| invalid.field.as_str()).collect();
    assert_eq!(fields, ["min_samples", "dwell", "pressure"]);
}

#[test]
fn every_field_can_be_set_and_has_bounds() {
    for field in FIELDS {
        let mut settings = Settings::default();
        let (good, bad) = match field.default {
            Value::Count(_) if field.name == "window_ms" => ("500", "99"),
            Value::Count(_) if field.name == "backoff" => ("3", "17"),
            Value::Flag(_) => ("false", "0"),
            Value::Count(_) => ("20", "4294967295"),
            Value::Ratio(_) => ("0.5", "1000.0"),
        };
        settings.set(field.name, good).unwrap();
        assert_eq!(settings.get(field.name).unwrap().to_string(), good, "{}", field.name);
        let refused = settings.set(field.name, bad).unwrap_err();
        assert_eq!((refused.field.as_str(), refused.range), (field.name, field.range));
    }
}

#[test]
fn the_guide_shows_every_field_as_it_is() {
    let guide = include_str!("../../docs/src/guide/rails.md");
    for field in FIELDS {
        let row = format!(
            "| `{}` | {} | {} | {} |\n",
            field.name, field.default, field.range, field.meaning
        );
        assert!(guide.contains(&row), "the guide lacks: {row}");
    }
}
