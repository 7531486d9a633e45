//! What users may rely on: classes of public items and documents.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::pattern;
use super::raw::RawStability;
pub use super::raw::StabilityClass;
use super::section::section;

/// Classes of public items and documents.
#[derive(Debug, Clone, Serialize)]
pub struct StabilityPolicy {
    /// A tag, a branch, a commit, or a pattern over tags.
    pub reference: String,
    /// Class of items that no surface names.
    pub default: StabilityClass,
    /// Surfaces in the order of the file.
    pub surfaces: Vec<Surface>,
    /// Where `[stability]` is declared.
    pub location: Location,
}

/// Items and files of one class.
#[derive(Debug, Clone, Serialize)]
pub struct Surface {
    /// What may happen to them.
    pub class: StabilityClass,
    /// Patterns over paths of items.
    pub items: Vec<String>,
    /// Globs over files.
    pub paths: Vec<String>,
    /// Where it is declared.
    pub location: Location,
}

impl StabilityPolicy {
    /// A policy that calls everything stable.
    pub fn strict(reference: &str) -> Self {
        Self {
            reference: reference.to_owned(),
            default: StabilityClass::Stable,
            surfaces: Vec::new(),
            location: Location::file("gate.toml"),
        }
    }

    /// The surface that decides about an item: the last one that matches.
    pub fn of_item(&self, item: &str, file: &str) -> Option<&Surface> {
        self.surfaces
            .iter()
            .rev()
            .find(|surface| surface.covers_item(item, file))
    }

    /// The surface that decides about a document; `None` for one that nobody declared.
    pub fn of_document(&self, path: &str) -> Option<&Surface> {
        self.surfaces.iter().rev().find(|surface| surface.covers_path(path))
    }
}

impl Surface {
    /// Whether it covers an item that is defined in this file.
    pub fn covers_item(&self, item: &str, file: &str) -> bool {
        self.items.iter().any(|pattern| is_below(pattern, item)) || self.covers_path(file)
    }

    /// Whether it covers a file.
    pub fn covers_path(&self, path: &str) -> bool {
        self.paths.iter().any(|glob| pattern::path_matches(glob, path))
    }
}

/// Whether an item is what a pattern means, or stands below it.
fn is_below(pattern: &str, item: &str) -> bool {
    let mut item = item.split("::");
    pattern
        .split("::")
        .all(|own| item.next().is_some_and(|name| pattern::matches(own, name)))
}

pub(super) fn convert(raw: Spanned<RawStability>, at: &impl Fn(Range<usize>) -> Location) -> StabilityPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let surfaces = raw.surface.into_iter().map(|surface| {
        let location = at(surface.span());
        let surface = surface.into_inner();
        Surface {
            class: surface.class,
            items: surface.items,
            paths: surface.paths,
            location,
        }
    });
    StabilityPolicy {
        reference: raw.reference,
        default: raw.default,
        surfaces: surfaces.collect(),
        location,
    }
}

section!(StabilityPolicy, "stability", stability: Option<StabilityPolicy>);

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn a_pattern_means_what_is_below_it() {
        for (pattern, item) in [
            ("a::b", "a::b"),
            ("a::b", "a::b::C::d"),
            ("a::*::raw_*", "a::C::raw_parts"),
            ("a", "a::b"),
        ] {
            assert!(is_below(pattern, item), "{pattern} {item}");
        }
        for (pattern, item) in [("a::b", "a::bc"), ("a::b::c", "a::b"), ("b", "a::b")] {
            assert!(!is_below(pattern, item), "{pattern} {item}");
        }
    }
}
