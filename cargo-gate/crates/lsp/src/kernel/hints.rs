//! What PTX shows about the speed of a kernel, as diagnostics.

use std::collections::BTreeMap;
use std::path::Path;

use gate_build::ptx::Module;
use lsp_types::{Diagnostic, DiagnosticSeverity};

use super::jump;
use crate::diagnostics::diagnostic;
use crate::text::Text;
use gate_gpu::kernels::hints::{Hint, Rule, of_entry};

/// Code of every hint; which rule it is stands in its message.
pub const CODE: &str = "perf-hint";

/// Hints about a PTX text, at its lines.
pub fn of_ptx(text: &Text) -> Vec<Diagnostic> {
    hints(text.as_str())
        .iter()
        .map(|hint| {
            let range = text.whole_line(u32::try_from(hint.line).unwrap_or(u32::MAX));
            diagnostic(range, DiagnosticSeverity::Hint, CODE, message(hint))
        })
        .collect()
}

/// Hints about a source, at the lines that the PTX was made from, one for all instances of a template. A hint whose line is not of this source is
/// left to the source it is of.
pub fn of_source(directory: &Path, source: &Path, text: &Text, ptx: &str) -> Vec<Diagnostic> {
    let mut found: BTreeMap<(u32, Rule), Vec<Hint>> = BTreeMap::new();
    for hint in hints(ptx) {
        let line = u32::try_from(hint.line).unwrap_or(u32::MAX);
        let places = jump::to_source(directory, ptx, line);
        if let Some(place) = places.iter().find(|place| place.path == source) {
            found.entry((place.first, hint.rule)).or_default().push(hint);
        }
    }
    found
        .into_iter()
        .filter_map(|((line, _), hints)| {
            let first = message(hints.first()?);
            let message = match hints.len() - 1 {
                0 => first,
                more => format!("{first}, and so in {more} more"),
            };
            let range = text.whole_line(line);
            Some(diagnostic(range, DiagnosticSeverity::Hint, CODE, message))
        })
        .collect()
}

fn hints(ptx: &str) -> Vec<Hint> {
    let Ok(module) = Module::parse(ptx) else {
        return Vec::new();
    };
    module.entries.iter().flat_map(|entry| of_entry(ptx, entry)).collect()
}

fn message(hint: &Hint) -> String {
    format!("{}: {} ({})", hint.entry, hint.message, hint.rule.id())
}
