//! The JSON Schema of the report, published as `docs/schema/report.schema.json`.

use super::Report;

/// JSON Schema (draft 2020-12) of the report, indented, with a line end after it.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Report);
    let mut out = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::report::render::samples;

    /// Set `CARGO_GATE_BLESS=1` to write the file anew after the model grew.
    #[test]
    fn published_schema_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/report.schema.json");
        if std::env::var_os("CARGO_GATE_BLESS").is_some() {
            std::fs::write(&path, schema()).expect("docs/schema is writable");
        }
        let published = std::fs::read_to_string(&path).expect("docs/schema/report.schema.json is committed");
        assert_eq!(
            published.replace("\r\n", "\n"),
            schema(),
            "run this test with CARGO_GATE_BLESS=1"
        );
    }

    #[test]
    fn samples_meet_the_schema() {
        let schema = serde_json::from_str(&schema()).expect("the schema is JSON");
        let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
        for (name, report) in samples::all() {
            let mut value = serde_json::to_value(&report).expect("a report is JSON");
            validator
                .validate(&value)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            value["decision"] = "MAYBE".into();
            assert!(
                !validator.is_valid(&value),
                "{name}: the schema lets everything through"
            );
        }
    }
}
