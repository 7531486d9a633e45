//! The dependency tables of a manifest, in the order in which they are judged.

use gate_world::manifest::Manifest;

/// What kind of table an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[dependencies]`.
    Normal,
    /// `[dev-dependencies]`.
    Development,
    /// `[build-dependencies]`.
    Build,
    /// `[workspace.dependencies]`.
    Workspace,
    /// `[patch.<source>]`.
    Patch,
    /// `[replace]`.
    Replace,
}

/// One entry of a dependency table.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) kind: Kind,
    /// Where it stands: the keys from the root of the manifest down to the entry.
    pub(crate) keys: Vec<String>,
    /// The name it has here.
    pub(crate) name: &'a str,
    /// Whether it stands below `[target.<cfg>]`.
    pub(crate) target: bool,
    value: &'a toml::Value,
}

impl<'a> Entry<'a> {
    /// A text field of the entry; `None` when the entry is just a version.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.as_table()?.get(key)?.as_str()
    }

    /// Whether a boolean field is set.
    pub(crate) fn flag(&self, key: &str) -> bool {
        let field = self.value.as_table().and_then(|table| table.get(key));
        field.and_then(toml::Value::as_bool) == Some(true)
    }

    /// The version requirement.
    pub(crate) fn version(&self) -> Option<&'a str> {
        self.value.as_str().or_else(|| self.text("version"))
    }

    /// Name of the package, which a renamed dependency gives apart.
    pub(crate) fn package(&self) -> &'a str {
        self.text("package").unwrap_or(self.name)
    }

    /// How a message calls it.
    pub(crate) fn what(&self) -> String {
        let kind = match self.kind {
            Kind::Normal => "dependency",
            Kind::Development => "dev-dependency",
            Kind::Build => "build-dependency",
            Kind::Workspace => "workspace dependency",
            Kind::Patch => "patch of",
            Kind::Replace => "replacement of",
        };
        format!("{kind} `{}`", self.name)
    }
}

/// Both spellings that cargo reads; the second one only before edition 2024.
const TABLES: [(&str, Kind); 5] = [
    ("dependencies", Kind::Normal),
    ("dev-dependencies", Kind::Development),
    ("dev_dependencies", Kind::Development),
    ("build-dependencies", Kind::Build),
    ("build_dependencies", Kind::Build),
];

/// Every entry of every dependency table. Tables that cargo reads in the root only are skipped elsewhere.
pub(crate) fn entries(manifest: &Manifest, is_root: bool) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    let root = &manifest.table;
    for (name, kind) in TABLES {
        collect(&mut found, root.get(name), &[name], kind);
    }
    for (cfg, table) in root.get("target").and_then(toml::Value::as_table).into_iter().flatten() {
        for (name, kind) in TABLES {
            collect(&mut found, table.get(name), &["target", cfg, name], kind);
        }
    }
    if is_root {
        let shared = root.get("workspace").and_then(|table| table.get("dependencies"));
        collect(&mut found, shared, &["workspace", "dependencies"], Kind::Workspace);
        for (source, table) in root.get("patch").and_then(toml::Value::as_table).into_iter().flatten() {
            collect(&mut found, Some(table), &["patch", source], Kind::Patch);
        }
        collect(&mut found, root.get("replace"), &["replace"], Kind::Replace);
    }
    found
}

fn collect<'a>(found: &mut Vec<Entry<'a>>, table: Option<&'a toml::Value>, path: &[&str], kind: Kind) {
    for (name, value) in table.and_then(toml::Value::as_table).into_iter().flatten() {
        found.push(Entry {
            kind,
            keys: path.iter().copied().chain([name.as_str()]).map(str::to_owned).collect(),
            name,
            target: path.first() == Some(&"target"),
            value,
        });
    }
}
