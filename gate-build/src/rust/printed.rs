//! What rustc prints for people, read.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Id, Place};
use crate::sorted::List as _;

/// The first `--> file:line:column`.
pub(super) fn place_of(text: &str) -> Option<Place> {
    let place = text.lines().seek_map(|line| line.trim_start().strip_prefix("--> "))?;
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Place {
        file: PathBuf::from(file),
        line: line.parse().ok()?,
        column: column.parse().ok(),
    })
}

/// The warnings in rustc's text, without the line that counts them.
pub(super) fn warnings_of(text: &str) -> Vec<Diagnostic> {
    const MOST: usize = 20;
    let lines: Vec<&str> = text.lines().list();
    let mut warnings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(message) = line.strip_prefix("warning: ") else {
            continue;
        };
        let place = lines.get(at + 1).and_then(|next| place_of(next));
        // Without a place it counts warnings, or is about the command line.
        if place.is_some() && warnings.len() < MOST {
            let mut warning = Diagnostic::warning(Id::CompilerWarning, message);
            warning.place = place.map(Box::new);
            warnings.push(warning);
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_warnings_are_read() {
        let text = "warning: unused variable: `x`\n  --> k/lib.rs:3:9\n   |\n\nerror[E0425]: cannot find value `y`\n --> C:\\k\\lib.rs:7:5\n\n\
                    warning: `kernels` (lib) generated 1 warning\n";
        let warnings: Vec<String> = warnings_of(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            ["warning[compiler_warning]: unused variable: `x`\n  --> k/lib.rs:3:9"]
        );
        let place = place_of(&text[text.find("error").unwrap()..]).unwrap();
        assert_eq!(
            (place.file, place.line, place.column),
            ("C:\\k\\lib.rs".into(), 7, Some(5))
        );
    }
}
