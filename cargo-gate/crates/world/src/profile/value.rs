//! Normal forms of profile values: what cargo takes for the same thing is written the same way.

use gate_base::profile::ProfileValue;

/// The normal form of `value` for `key`; `None` when cargo accepts no such value.
///
/// | key | normal form |
/// | --- | --- |
/// | `overflow-checks`, `debug-assertions`, `incremental` | a boolean |
/// | `codegen-units` | a positive integer |
/// | `opt-level` | `0` to `3`, `"s"`, `"z"` |
/// | `debug` | `"none"`, `"line-directives-only"`, `"line-tables-only"`, `"limited"`, `"full"` |
/// | `strip` | `"none"`, `"debuginfo"`, `"symbols"` |
/// | `lto` | `false` (each crate by itself), `"off"`, `"thin"`, `"fat"` |
/// | `panic` | `"unwind"`, `"abort"`, `"immediate-abort"` |
pub fn normalize(key: &str, value: &ProfileValue) -> Option<ProfileValue> {
    use ProfileValue::{Bool, Integer, Text};
    let word = |word: &str| Some(Text(word.to_owned()));
    match (key, value) {
        ("overflow-checks" | "debug-assertions" | "incremental", Bool(_)) => Some(value.clone()),
        ("codegen-units", Integer(1..=0xffff_ffff)) => Some(value.clone()),
        ("opt-level", Integer(0..=3)) => Some(value.clone()),
        ("opt-level", Text(text)) if matches!(text.as_str(), "s" | "z") => Some(value.clone()),
        ("debug", Bool(false) | Integer(0)) => word("none"),
        ("debug", Integer(1)) => word("limited"),
        ("debug", Bool(true) | Integer(2)) => word("full"),
        ("debug", Text(text)) => ["none", "line-directives-only", "line-tables-only", "limited", "full"]
            .contains(&text.as_str())
            .then(|| value.clone()),
        ("strip", Bool(false)) => word("none"),
        ("strip", Bool(true)) => word("symbols"),
        ("strip", Text(text)) => ["none", "debuginfo", "symbols"]
            .contains(&text.as_str())
            .then(|| value.clone()),
        ("lto", Bool(false)) => Some(value.clone()),
        ("lto", Bool(true)) => word("fat"),
        ("lto", Text(text)) => match text.as_str() {
            "off" | "n" | "no" | "none" => word("off"),
            // What cargo hands to rustc unread: `-C lto=<text>`.
            "fat" | "y" | "yes" | "on" => word("fat"),
            "thin" => word("thin"),
            _ => None,
        },
        ("panic", Text(text)) => ["unwind", "abort", "immediate-abort"]
            .contains(&text.as_str())
            .then(|| value.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_meaning_has_one_form() {
        let text = |word: &str| ProfileValue::Text(word.into());
        let same = |key: &str, values: &[ProfileValue], form: &ProfileValue| {
            for value in values {
                assert_eq!(normalize(key, value).as_ref(), Some(form), "{key} = {value}");
            }
        };
        same(
            "debug",
            &[ProfileValue::Bool(true), ProfileValue::Integer(2), text("full")],
            &text("full"),
        );
        same(
            "debug",
            &[ProfileValue::Bool(false), ProfileValue::Integer(0), text("none")],
            &text("none"),
        );
        same("strip", &[ProfileValue::Bool(true), text("symbols")], &text("symbols"));
        same("lto", &[ProfileValue::Bool(true), text("fat")], &text("fat"));
        same("lto", &[text("off"), text("no")], &text("off"));
        same("lto", &[ProfileValue::Bool(false)], &ProfileValue::Bool(false));
    }

    #[test]
    fn what_cargo_refuses_has_no_form() {
        for (key, value) in [
            ("opt-level", ProfileValue::Integer(4)),
            ("opt-level", ProfileValue::Text("3".into())),
            ("overflow-checks", ProfileValue::Integer(1)),
            ("lto", ProfileValue::Text("true".into())),
            ("codegen-units", ProfileValue::Integer(0)),
            ("panic", ProfileValue::Text("stop".into())),
        ] {
            assert_eq!(normalize(key, &value), None, "{key} = {value}");
        }
    }
}
