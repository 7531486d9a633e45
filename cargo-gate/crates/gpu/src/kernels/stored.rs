//! How often builds did not compile a kernel because a store had it.

use gate_build::{Disk, Env, Os};
use serde::Deserialize;

use gate_world::environment::Environment;

/// What `gate-build` needs of an environment to find its store.
pub fn cache_env(environment: &Environment) -> Env {
    let names = [
        "GATE_CACHE_DIR",
        "GATE_CACHE_SIZE",
        "GATE_CACHE_DAYS",
        "XDG_CACHE_HOME",
        "HOME",
        "LOCALAPPDATA",
    ];
    let variables = names
        .into_iter()
        .filter_map(|name| Some((name, environment.get(name)?.to_owned())));
    Env::new(Os::host(), variables, Disk)
}

/// Hits as a share of lookups, to four digits; `None` where nothing was looked for.
pub fn hit_rate(lookups: u64, hits: u64) -> Option<f64> {
    (lookups > 0).then(|| (hits as f64 / lookups as f64 * 10_000.0).round() / 10_000.0)
}

/// What a report says of a store: `build_report.json` of one build, what `cargo gate evidence cache stats --message-format json` prints, or what
/// the benchmark `cache_workflow` writes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Asked {
    /// Pairs of kernel and architecture that were looked for.
    pub lookups: u64,
    /// Pairs that nobody had to compile.
    pub hits: u64,
    /// How many times as long the same builds take without the store, where that was measured.
    pub speed_up: Option<f64>,
}

impl Asked {
    /// Reads a report.
    ///
    /// # Errors
    /// What is wrong with it, continuing "the report ".
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| format!("is not JSON: {error}"))?;
        // What one build asked stands below `cache`, and is null where it asked nothing.
        let asked = value.get("cache").unwrap_or(&value);
        if asked.is_null() {
            return Ok(Self {
                lookups: 0,
                hits: 0,
                speed_up: None,
            });
        }
        let asked = Self::deserialize(asked).map_err(|error| format!("has no `lookups` and `hits`: {error}"))?;
        if asked.hits > asked.lookups {
            return Err(format!("counts {} hits in {} lookups", asked.hits, asked.lookups));
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reports_of_all_kinds_are_read() {
        let asked = |text: &str| Asked::parse(text.as_bytes()).map(|asked| (asked.lookups, asked.hits));
        assert_eq!(
            asked(r#"{"lookups": 10, "hits": 9, "hit_rate": 0.9, "evidence": {}}"#),
            Ok((10, 9))
        );
        assert_eq!(
            asked(r#"{"schema": 1, "cache": {"lookups": 2, "hits": 0, "remote": null}}"#),
            Ok((2, 0))
        );
        assert_eq!(asked(r#"{"schema": 1, "cache": null}"#), Ok((0, 0)));
        assert_eq!(
            asked(r#"{"lookups": 1, "hits": 2}"#),
            Err("counts 2 hits in 1 lookups".to_owned())
        );
        assert!(asked("{}").unwrap_err().starts_with("has no `lookups`"));
        assert!(asked("[").unwrap_err().starts_with("is not JSON"));
        assert_eq!((hit_rate(0, 0), hit_rate(3, 2)), (None, Some(0.6667)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(text in "[\\[\\]{}\":,a-z0-9 .-]{0,60}") {
            let _ = Asked::parse(text.as_bytes());
        }
    }
}
