//! Manifests with positions: what is declared, and on which line.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use gate_base::{Location, paths};

/// Keys of the tables of dependencies.
const DEPENDENCIES: [&str; 5] = [
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
];

/// One parsed `Cargo.toml`.
#[derive(Debug)]
pub struct Manifest {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// The text.
    pub text: String,
    /// Its contents without positions.
    pub table: toml::Table,
    spans: Places,
}

impl Manifest {
    /// Parses a manifest.
    ///
    /// # Errors
    /// It is not valid TOML.
    pub fn parse(path: impl Into<String>, text: impl Into<String>) -> Result<Self, toml::de::Error> {
        let text = text.into();
        let table = toml::from_str(&text)?;
        let spans = Places::of_table(DeTable::parse(&text)?.get_ref());
        Ok(Self {
            path: path.into(),
            table,
            spans,
            text,
        })
    }

    /// The value at a path of keys, without positions. A number indexes into an array.
    pub fn value(&self, keys: &[&str]) -> Option<&toml::Value> {
        let (first, rest) = keys.split_first()?;
        rest.iter().try_fold(self.table.get(*first)?, |value, key| match value {
            toml::Value::Table(table) => table.get(*key),
            toml::Value::Array(values) => values.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Names of the packages that any table of dependencies names, of every kind and platform; `root` is the manifest of the
    /// workspace, which gives what is inherited.
    pub fn dependency_names(&self, root: &Manifest) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let shared = root.value(&["workspace", "dependencies"]);
        let platforms = self.table.get("target").and_then(toml::Value::as_table);
        let tables = platforms.into_iter().flat_map(|platforms| platforms.values());
        for table in std::iter::once(&self.table).chain(tables.filter_map(toml::Value::as_table)) {
            for kind in DEPENDENCIES {
                let named = table.get(kind).and_then(toml::Value::as_table);
                for (key, dependency) in named.into_iter().flatten() {
                    let renamed = |dependency: &toml::Value| Some(dependency.get("package")?.as_str()?.to_owned());
                    let inherited = || renamed(shared?.get(key)?);
                    names.insert(renamed(dependency).or_else(inherited).unwrap_or_else(|| key.clone()));
                }
            }
        }
        names
    }

    /// Where the last of these keys is written: the key itself, not its value. For an element of an array, the element.
    pub fn locate(&self, keys: &[&str]) -> Option<Location> {
        self.find(keys).map(|(key, _)| self.location(key))
    }

    /// The bytes of the text that hold the value at a path of keys.
    pub fn value_span(&self, keys: &[&str]) -> Option<Range<usize>> {
        self.find(keys).map(|(_, value)| value)
    }

    /// The place of the longest leading part of these keys that is written down; the whole file where there is none.
    pub fn nearest(&self, keys: &[&str]) -> Location {
        (1..=keys.len())
            .rev()
            .find_map(|length| self.locate(&keys[..length]))
            .unwrap_or_else(|| Location::file(self.path.as_str()))
    }

    fn location(&self, span: Range<usize>) -> Location {
        paths::span_location(&self.path, &self.text, span)
    }

    /// Spans of key and value.
    fn find(&self, keys: &[&str]) -> Option<(Range<usize>, Range<usize>)> {
        let (last, leading) = keys.split_last()?;
        let within = leading
            .iter()
            .try_fold(&self.spans, |places, key| Some(&places.entry(key)?.within))?;
        let entry = within.entry(last)?;
        Some((entry.key.clone(), entry.value.clone()))
    }
}

/// Where the entries of a table or an array are written.
#[derive(Debug)]
enum Places {
    Table(BTreeMap<String, Place>),
    Array(Vec<Place>),
    Leaf,
}

/// Byte spans of one entry; the key of an array's element is the element.
#[derive(Debug)]
struct Place {
    key: Range<usize>,
    value: Range<usize>,
    within: Places,
}

impl Places {
    fn of_table(table: &DeTable<'_>) -> Self {
        let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
            (key.get_ref().to_string(), Place::new(key.span(), value))
        };
        Self::Table(table.iter().map(entry).collect())
    }

    fn entry(&self, key: &str) -> Option<&Place> {
        match self {
            Self::Table(entries) => entries.get(key),
            Self::Array(entries) => entries.get(key.parse::<usize>().ok()?),
            Self::Leaf => None,
        }
    }
}

impl Place {
    fn new(key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Self {
        Self {
            key,
            value: value.span(),
            within: match value.get_ref() {
                DeValue::Table(table) => Places::of_table(table),
                DeValue::Array(values) => {
                    Places::Array(values.iter().map(|value| Self::new(value.span(), value)).collect())
                }
                _ => Places::Leaf,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "[package]\nname = \"a\"\n\n[dependencies]\nr\u{e9}gex = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\n\n[dependencies.tokio]\nversion = \"*\"\n\n[[bin]]\nname = \"b\"\n";

    fn manifest() -> Manifest {
        Manifest::parse("Cargo.toml", TEXT.replace("r\u{e9}gex", "\"r\u{e9}gex\"")).expect("valid")
    }

    #[test]
    fn keys_and_values_have_places() {
        let manifest = manifest();
        let at = |line, column, length| Some(Location::span("Cargo.toml", line, column, length));
        assert_eq!(manifest.locate(&["package", "name"]), at(2, 1, 4));
        assert_eq!(manifest.locate(&["dependencies", "r\u{e9}gex"]), at(5, 1, 7));
        assert_eq!(manifest.locate(&["dependencies", "serde", "version"]), at(6, 11, 7));
        assert_eq!(
            manifest.locate(&["dependencies", "serde", "features", "0"]),
            at(6, 38, 8)
        );
        assert_eq!(manifest.locate(&["dependencies", "tokio", "version"]), at(9, 1, 7));
        assert_eq!(manifest.locate(&["bin", "0", "name"]), at(12, 1, 4));
        assert_eq!(manifest.locate(&["dependencies", "none"]), None);
        assert_eq!(manifest.locate(&["package", "name", "deeper"]), None);
        assert_eq!(
            manifest.nearest(&["package", "rust-version"]),
            Location::span("Cargo.toml", 1, 2, 7)
        );
        assert_eq!(manifest.nearest(&["workspace"]), Location::file("Cargo.toml"));
        let version = manifest.value(&["dependencies", "serde", "features", "0"]);
        assert_eq!(version.and_then(toml::Value::as_str), Some("derive"));
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics(text in "[\\[\\]a-c.=\"'\\n 1{},#\u{e9}]{0,60}", key in "[a-c]", other in "[a-c0]") {
            if let Ok(manifest) = Manifest::parse("Cargo.toml", text) {
                let keys = [key.as_str(), other.as_str()];
                manifest.locate(&keys);
                manifest.nearest(&keys);
                prop_assert_eq!(manifest.value(&keys).is_some(), manifest.value_span(&keys).is_some());
            }
        }
    }
}
