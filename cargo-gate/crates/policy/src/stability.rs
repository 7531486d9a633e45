//! `[stability]`: what users may rely on, classes of public items and documents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::pattern;
use super::section::section;
use super::value::{Glob, Revision, SurfacePattern};

/// What may happen to a surface between two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StabilityClass {
    /// It stays as it was released, until the version says otherwise.
    Stable,
    /// It may change; changes are shown.
    Fluid,
    /// It is not for users.
    Internal,
}

impl StabilityClass {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            StabilityClass::Stable => "stable",
            StabilityClass::Fluid => "fluid",
            StabilityClass::Internal => "internal",
        }
    }
}

/// Which public items and documents stay as they were released.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StabilityPolicy {
    /// The last release: a tag, a branch or a commit; or a pattern over tags, which means the highest version that is
    /// an ancestor of the commit and not the commit itself.
    #[schemars(with = "Revision", extend("examples" = ["v*", "v1.4.0"]))]
    pub reference: String,
    /// Class of public items that no surface names.
    #[serde(default = "stable")]
    pub default: StabilityClass,
    /// Surfaces of another class. The last one that matches decides.
    #[serde(default, rename = "surface")]
    pub surfaces: Vec<Surface>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

fn stable() -> StabilityClass {
    StabilityClass::Stable
}

/// Items and files of one class.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Surface {
    /// What may happen to them.
    #[schemars(extend("examples" = ["fluid"]))]
    pub class: StabilityClass,
    /// Paths of items, beginning with the name of the library; each means what is below it too. `*` stands for any
    /// characters of a name.
    #[serde(default)]
    #[schemars(
        with = "Vec<SurfacePattern>",
        extend("examples" = [["my_crate::experimental", "my_crate::Client::raw_*"]])
    )]
    pub items: Vec<String>,
    /// Globs over source files, which mean the items that are defined there, and over tracked Markdown files.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["docs/format.md"]]))]
    pub paths: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
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
