//! Files outside of Cargo that repeat a version: JSON, TOML, or nothing but the version.

/// The version that a file states. The ending of its name says what it is; `pointer` is a JSON pointer into JSON and TOML.
///
/// # Errors
/// What is wrong with the file, continuing "`path` ".
pub fn version(path: &str, text: &str, pointer: Option<&str>) -> Result<String, String> {
    let text = text.trim_start_matches('\u{feff}');
    let Some(pointer) = pointer else {
        let text = text.trim();
        let plain = !text.is_empty() && !text.contains(char::is_whitespace);
        return plain
            .then(|| text.to_owned())
            .ok_or_else(|| "is not a single version, and no `pointer` says where it stands".into());
    };
    let lowercase = path.to_ascii_lowercase();
    let value: serde_json::Value = if lowercase.ends_with(".toml") {
        toml::from_str(text).map_err(|error| format!("is not TOML: {}", error.message()))?
    } else if lowercase.ends_with(".json") {
        serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?
    } else {
        return Err("is neither JSON nor TOML, so `pointer` means nothing".into());
    };
    match value.pointer(pointer) {
        Some(serde_json::Value::String(version)) => Ok(version.clone()),
        Some(_) => Err(format!("holds no string at `{pointer}`")),
        None => Err(format!("holds nothing at `{pointer}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_files() {
        let json = r#"{"version": "1.2.3", "engines": {"node": "20"}, "list": [1]}"#;
        for (path, text, pointer, expected) in [
            ("package.json", json, Some("/version"), Ok("1.2.3")),
            ("package.json", json, Some("/engines/node"), Ok("20")),
            (
                "package.json",
                json,
                Some("/list/0"),
                Err("holds no string at `/list/0`"),
            ),
            ("package.json", json, Some("/none"), Err("holds nothing at `/none`")),
            (
                "a.toml",
                "[project]\nversion = \"2.0.0\"\r\n",
                Some("/project/version"),
                Ok("2.0.0"),
            ),
            ("VERSION", "\u{feff}3.1.4\r\n", None, Ok("3.1.4")),
            (
                "VERSION",
                "3 4",
                None,
                Err("is not a single version, and no `pointer` says where it stands"),
            ),
            (
                "VERSION",
                "3",
                Some("/a"),
                Err("is neither JSON nor TOML, so `pointer` means nothing"),
            ),
        ] {
            let found = version(path, text, pointer);
            assert_eq!(
                found.as_deref(),
                expected.map_err(str::to_owned).as_ref().copied(),
                "{path}"
            );
        }
        assert!(version("a.json", "{", Some("/a")).is_err_and(|error| error.starts_with("is not JSON: ")));
        assert!(version("a.toml", "=", Some("/a")).is_err_and(|error| error.starts_with("is not TOML: ")));
    }
}
