//! Instruction counts from the lines that gungraun (once iai-callgrind) writes with `--output-format=json`, one for each benchmark.
//! The schemas are `summary.v6.schema.json` of its version 0.16 and `summary.v7.schema.json` of 0.20.

use serde::Deserialize;
use serde_json::Value;

/// One benchmark.
#[derive(Deserialize)]
struct Summary {
    version: String,
    module_path: String,
    #[serde(default)]
    id: Option<String>,
    profiles: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    tool: String,
    /// In version 6.
    #[serde(default)]
    summaries: Value,
    /// In version 7.
    #[serde(default)]
    data: Value,
}

/// Tools of Valgrind that count instructions; the first one that ran speaks.
const TOOLS: [&str; 2] = ["Callgrind", "Cachegrind"];

/// The name of the benchmark and its instructions, or what is wrong with the line.
pub(super) fn read(line: &str) -> Result<(String, f64), String> {
    let summary: Summary =
        serde_json::from_str(line).map_err(|error| format!("a line of gungraun is malformed: {error}"))?;
    let name = match &summary.id {
        Some(id) => format!("{} {id}", summary.module_path),
        None => summary.module_path.clone(),
    };
    let count: fn(&Profile) -> Option<&Value> = match summary.version.as_str() {
        "6" => sixth,
        "7" => |profile| profile.data.pointer("/total/metrics/Ir/values/new"),
        other => {
            return Err(format!(
                "`{name}` has version {other} of gungraun's summaries; 6 and 7 are read"
            ));
        }
    };
    let mut profiles = TOOLS
        .iter()
        .flat_map(|tool| summary.profiles.iter().filter(move |profile| profile.tool == *tool));
    let counted = profiles.next().and_then(count).and_then(Value::as_f64);
    match counted {
        Some(count) => Ok((name, count)),
        None => Err(format!(
            "`{name}` has no new instruction count of callgrind or cachegrind"
        )),
    }
}

/// The new count, alone or next to an old one.
fn sixth(profile: &Profile) -> Option<&Value> {
    let metrics = profile.summaries.pointer("/total/summary")?.get(&profile.tool)?;
    let metrics = metrics.pointer("/Ir/metrics")?;
    metrics.pointer("/Left/Int").or_else(|| metrics.pointer("/Both/0/Int"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sixth(metrics: &str) -> String {
        format!(
            "{{\"version\":\"6\",\"module_path\":\"b::g::f\",\"id\":\"long\",\"profiles\":[{{\"tool\":\"DHAT\",\"summaries\":{{}}}},\
             {{\"tool\":\"Callgrind\",\"summaries\":{{\"total\":{{\"summary\":{{\"Callgrind\":{{\"Ir\":{{\"metrics\":{metrics}}}}}}}}}}}}}]}}"
        )
    }

    #[test]
    fn each_version_has_its_place_for_the_count() {
        assert_eq!(
            read(&sixth("{\"Left\":{\"Int\":56}}")),
            Ok(("b::g::f long".into(), 56.0))
        );
        assert_eq!(
            read(&sixth("{\"Both\":[{\"Int\":57},{\"Int\":56}]}")),
            Ok(("b::g::f long".into(), 57.0))
        );
        let seventh = "{\"version\":\"7\",\"module_path\":\"b::g::f\",\"profiles\":[{\"tool\":\"Cachegrind\",\"data\":{\"parts\":[],\
                       \"total\":{\"metrics\":{\"Ir\":{\"values\":{\"new\":687,\"old\":600}}}}}}]}";
        assert_eq!(read(seventh), Ok(("b::g::f".into(), 687.0)));
    }

    #[test]
    fn what_counts_nothing_says_so() {
        let all = [
            sixth("{\"Right\":{\"Int\":56}}"),
            "{\"version\":\"5\",\"module_path\":\"b\",\"profiles\":[]}".to_owned(),
            "{\"version\":\"7\",\"module_path\":\"b\",\"profiles\":[{\"tool\":\"Memcheck\"}]}".to_owned(),
            "{\"version\":\"7\",\"profiles\":[]}".to_owned(),
        ];
        insta::assert_snapshot!(all.map(|line| read(&line).unwrap_err()).join("\n"), @"
        `b::g::f long` has no new instruction count of callgrind or cachegrind
        `b` has version 5 of gungraun's summaries; 6 and 7 are read
        `b` has no new instruction count of callgrind or cachegrind
        a line of gungraun is malformed: missing field `module_path` at line 1 column 29
        ");
    }
}
