//! The JSON Schema of gate.toml, generated from [`super::raw`]: published for editors, and the rules of
//! [`super::walk`].

use std::sync::OnceLock;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Value, json};

use super::raw::{RawPolicy, RawRegister};

/// Where the schema of the latest release can be fetched; editors read it from the `#:schema` comment of a gate.toml.
pub const SCHEMA_URL: &str =
    "https://raw.githubusercontent.com/cargo-gate/cargo-gate/main/docs/schema/gate.schema.json";

/// The JSON Schema of gate.toml (draft 7, the one that TOML editors understand). The file
/// `docs/schema/gate.schema.json` is this value, pretty-printed, with a final line feed.
pub fn schema() -> Value {
    let mut schema = generated::<RawPolicy>();
    schema.insert("$id".into(), json!(SCHEMA_URL));
    schema.to_value()
}

/// The JSON Schema of a register.
fn register_schema() -> Value {
    generated::<RawRegister>().to_value()
}

fn generated<T: schemars::JsonSchema>() -> Schema {
    let generator = SchemaSettings::draft07()
        .for_deserialize()
        .with_transform(RecursiveTransform(without_null))
        .into_generator();
    generator.into_root_schema_for::<T>()
}

/// The text of `docs/schema/gate.schema.json`.
pub fn schema_text() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).expect("a JSON value serialises");
    text.push('\n');
    text
}

/// The text of `docs/schema/register.schema.json`.
pub fn register_schema_text() -> String {
    let mut text = serde_json::to_string_pretty(register()).expect("a JSON value serialises");
    text.push('\n');
    text
}

/// The schema, generated once.
pub(super) fn shared() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(schema)
}

/// Generates the schema, which takes a millisecond that a caller may have to spare.
pub fn prepare() {
    shared();
}

/// That of a register, generated once.
pub(super) fn register() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(register_schema)
}

/// TOML has no null: what is optional is absent.
fn without_null(schema: &mut Schema) {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            schema.insert("type".into(), kind);
        }
    }
    if let Some(branches) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        branches.retain(|branch| branch["type"] != "null");
        if let [branch] = branches.as_slice() {
            let branch = branch.clone();
            schema.remove("anyOf");
            match branch {
                // Siblings of `$ref` are ignored in draft 7, so a reference goes below `allOf`.
                Value::Object(keywords) if !keywords.contains_key("$ref") => {
                    for (keyword, value) in keywords {
                        if schema.get(&keyword).is_none() {
                            schema.insert(keyword, value);
                        }
                    }
                }
                reference => {
                    schema.insert("allOf".into(), json!([reference]));
                }
            }
        }
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `GATE_UPDATE_SCHEMA=1 cargo test -p cargo-gate schema` rewrites the committed file.
    #[test]
    fn committed_schema_is_the_generated_one() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema");
        for (name, text) in [
            ("gate.schema.json", schema_text()),
            ("register.schema.json", register_schema_text()),
        ] {
            let path = directory.join(name);
            if std::env::var_os("GATE_UPDATE_SCHEMA").is_some() {
                std::fs::create_dir_all(&directory).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
            assert!(
                committed == text,
                "docs/schema/{name} is stale; run `GATE_UPDATE_SCHEMA=1 cargo test -p cargo-gate schema`"
            );
        }
    }

    #[test]
    fn every_key_has_a_hover_text() {
        fn walk(at: &str, schema: &Value) {
            if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
                for (key, property) in properties {
                    assert!(
                        property["description"].is_string(),
                        "`{key}` of {at} has no doc comment"
                    );
                    walk(key, property);
                }
            }
        }
        for schema in [schema(), register_schema()] {
            walk("the top level", &schema);
            for (name, definition) in schema["definitions"].as_object().unwrap() {
                walk(name, definition);
            }
        }
    }

    #[test]
    fn schema_is_valid_and_judges_like_an_editor() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let good = json!({
            "version": 1,
            "stage": { "pilot": { "scope": "one service" } },
            "profile": { "release": { "panic": ["abort", "unwind"], "lto": "thin", "opt-level": 3 } },
            "suite": { "test": [{ "name": "all", "command": "cargo test" }] },
        });
        assert!(validator.is_valid(&good));
        for (pointer, value) in [
            ("/version", json!(2)),
            ("/stage/pilot", json!({})),
            ("/profile/release/panic", json!("abrot")),
            ("/suite/test/0/command", json!(1)),
            ("/suite/test/0", json!({ "name": "all" })),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            assert!(!validator.is_valid(&bad), "{pointer}");
        }
    }
}
