//! Times of commands from the document that hyperfine writes with `--export-json -`: one JSON object over many lines, whose braces
//! stand alone. Its fields are those of `src/benchmark/benchmark_result.rs` in hyperfine 1.20.

use serde::Deserialize;

/// More than this is no document of times.
const MOST_BYTES: usize = 16 << 20;

/// What there is of a document so far; none outside of one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Document {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Export {
    results: Vec<Command>,
}

/// What was measured of one command. Times are in seconds.
#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Command {
    #[serde(rename = "command")]
    pub(super) name: String,
    /// Mean time in user mode.
    pub(super) user: f64,
    /// Wall time of each run.
    pub(super) times: Vec<f64>,
    /// Of each run; nothing where a signal ended it.
    #[serde(default)]
    exit_codes: Vec<Option<i32>>,
}

impl Command {
    /// Whether every run succeeded.
    pub(super) fn succeeded(&self) -> bool {
        self.exit_codes.iter().all(|code| *code == Some(0))
    }
}

/// What a line was.
pub(super) enum Part {
    /// No part of a document.
    Other,
    /// One of its lines, but the last.
    Inside,
    /// The last one.
    End(Result<Vec<Command>, String>),
}

impl Document {
    /// Takes in a line as it was written.
    pub(super) fn line(&mut self, line: &str) -> Part {
        let line = line.trim_end();
        match &mut self.text {
            None if line == "{" => {
                self.text = Some(line.to_owned());
                Part::Inside
            }
            None => Part::Other,
            Some(text) => {
                text.push_str(line);
                if line != "}" && text.len() < MOST_BYTES {
                    return Part::Inside;
                }
                let export = serde_json::from_str::<Export>(&std::mem::take(text));
                self.text = None;
                Part::End(export.map(|export| export.results).map_err(|error| error.to_string()))
            }
        }
    }

    /// Whether the output ended within a document.
    pub(super) fn is_open(&self) -> bool {
        self.text.is_some()
    }
}
