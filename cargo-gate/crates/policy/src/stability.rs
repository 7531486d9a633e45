//! `[stability]`: what users may rely on, classes of public items and documents.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::pattern;
use super::value::{Glob, Revision, SurfacePattern};

/// How a surface may change between two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StabilityClass {
    /// It only changes as the version number allows.
    Stable,
    /// It may change; changes are reported.
    Fluid,
    /// It is not for users.
    Internal,
}

/// Stability of public items and documents between releases.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StabilityPolicy {
    /// The last release: a tag, a branch or a commit; or a tag pattern, which selects the highest version that is a
    /// proper ancestor of the commit.
    #[schemars(with = "Revision", extend("examples" = ["v*", "v1.4.0"]))]
    pub reference: String,
    /// Class of public items that no surface matches.
    #[serde(default = "stable")]
    pub default: StabilityClass,
    /// Surfaces of another class. The last match applies.
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
    /// How they may change.
    #[schemars(extend("examples" = ["fluid"]))]
    pub class: StabilityClass,
    /// Paths of items, starting with the name of the library; each includes the items below it. `*` matches any
    /// characters of a name.
    #[serde(default)]
    #[schemars(
        with = "Vec<SurfacePattern>",
        extend("examples" = [["my_crate::experimental", "my_crate::Client::raw_*"]])
    )]
    pub items: Vec<String>,
    /// Globs over source files, which select the items defined there, and over tracked Markdown files.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["docs/format.md"]]))]
    pub paths: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl StabilityPolicy {
    /// The class of an item: that of the last surface that matches. `item` is its path and `file` where it is defined, each
    /// `None` where a tool does not tell; then the strictest class counts that the item may have.
    pub fn class_of_item(&self, item: Option<&str>, file: Option<&str>) -> StabilityClass {
        let mut strictest = StabilityClass::Internal;
        for surface in self.surfaces.iter().rev() {
            let below = |item: &str| surface.items.iter().any(|pattern| is_below(pattern, item));
            if item.is_some_and(below) || file.is_some_and(|file| surface.covers_path(file)) {
                return strictest.min(surface.class);
            }
            if item.is_none() && !surface.items.is_empty() || file.is_none() && !surface.paths.is_empty() {
                strictest = strictest.min(surface.class);
            }
        }
        strictest.min(self.default)
    }

    /// The surface that decides about a document; `None` for one that nobody declared.
    pub fn of_document(&self, path: &str) -> Option<&Surface> {
        self.surfaces.iter().rev().find(|surface| surface.covers_path(path))
    }
}

impl Surface {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_surface_decides_and_what_is_not_told_counts_as_the_strictest() {
        use StabilityClass::{Fluid, Internal, Stable};
        let surface = |class, items: &[&str], paths: &[&str]| Surface {
            class,
            items: items.iter().map(ToString::to_string).collect(),
            paths: paths.iter().map(ToString::to_string).collect(),
            location: Location::file("gate.toml"),
        };
        let policy = |default, surfaces| StabilityPolicy {
            reference: "v*".into(),
            default,
            surfaces,
            location: Location::file("gate.toml"),
        };
        let by_item = policy(
            Stable,
            vec![
                surface(Fluid, &["a::soft"], &["src/soft/**"]),
                surface(Internal, &["a::soft::inner"], &[]),
            ],
        );
        let class = |item, file| by_item.class_of_item(item, file);
        assert_eq!(class(Some("a::f"), Some("src/lib.rs")), Stable);
        assert_eq!(class(Some("a::soft::f"), Some("src/lib.rs")), Fluid);
        assert_eq!(class(Some("a::soft::inner::f"), Some("src/soft/x.rs")), Internal);
        assert_eq!(class(Some("a::f"), Some("src/soft/x.rs")), Fluid);
        assert_eq!(class(None, Some("src/soft/x.rs")), Fluid);
        assert_eq!(class(None, Some("src/lib.rs")), Stable);
        assert_eq!(class(None, None), Stable);

        let core = policy(Fluid, vec![surface(Stable, &["a::core"], &[])]);
        assert_eq!(core.class_of_item(Some("a::f"), Some("src/lib.rs")), Fluid);
        assert_eq!(core.class_of_item(None, Some("src/lib.rs")), Stable);
        assert_eq!(policy(Internal, Vec::new()).class_of_item(None, None), Internal);
    }

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
