//! A data set that Croissant describes, version 1.0 or 1.1 (<https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html>): which
//! files it has, where they are, and what is recorded of each.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::directory::{Directory, refused};
use crate::documents::Document;
use crate::json;

/// What a Croissant document says of itself, in its context and in `conformsTo`.
pub(crate) const NAMESPACE: &str = "mlcommons.org/croissant/";

/// The path of the description in a directory. `metadata.json` is one only where it names the namespace: others use that name too.
pub(crate) fn path(directory: &Directory) -> Option<&'static str> {
    if directory.entry("croissant.json").is_some() {
        return Some("croissant.json");
    }
    let bytes = directory.document("metadata.json").ok()??;
    memchr::memmem::find(&bytes, NAMESPACE.as_bytes()).map(|_| "metadata.json")
}

/// A data set as it is described.
#[derive(Debug)]
pub(crate) struct Croissant {
    /// Path of the description.
    pub(crate) path: &'static str,
    /// The description.
    pub(crate) document: Document,
    /// Its `distribution`, in order.
    pub(crate) resources: Vec<Resource>,
    /// Where the resource of an id is among them.
    ids: BTreeMap<String, usize>,
}

/// Whether a resource is a file or a set of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `FileObject`, with its `contentUrl`.
    File(Option<String>),
    /// `FileSet`, with its patterns.
    Set {
        includes: Vec<String>,
        excludes: Vec<String>,
    },
    /// Any other type, which the specification does not have.
    Unknown(String),
}

/// What a data set is made of.
#[derive(Debug)]
pub(crate) struct Resource {
    /// `@id`; empty where it has none.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) sha256: Option<String>,
    pub(crate) md5: Option<String>,
    /// `contentSize`.
    pub(crate) size: Option<String>,
    /// Ids of what it is contained in.
    pub(crate) within: Vec<String>,
    /// Whether its container lists files, and does not hold them.
    pub(crate) is_listed: bool,
    pub(crate) has_format: bool,
    /// The file of the directory that it is.
    pub(crate) file: Option<String>,
}

impl Croissant {
    /// Reads the description of a directory; `None` where it has none.
    pub(crate) fn of(directory: &Directory) -> Option<Self> {
        let path = path(directory)?;
        let document = match directory.document(path) {
            Ok(bytes) => json::parse(&bytes.unwrap_or_default()).map_or_else(Document::Broken, Document::Read),
            Err(why) => Document::Broken(why),
        };
        let distribution = document.value().and_then(|value| term(value, "distribution"));
        let resources: Vec<Resource> = distribution
            .map(list)
            .unwrap_or_default()
            .iter()
            .map(|value| Resource::of(value, directory))
            .collect();
        let ids = resources.iter().enumerate().rev();
        Some(Self {
            path,
            document,
            ids: ids.map(|(at, resource)| (resource.id.clone(), at)).collect(),
            resources,
        })
    }

    /// The resource with this id.
    pub(crate) fn resource(&self, id: &str) -> Option<&Resource> {
        self.ids.get(id).map(|at| &self.resources[*at])
    }
}

impl Resource {
    fn of(value: &Value, directory: &Directory) -> Self {
        let texts = |name: &str| -> Vec<String> {
            let values = term(value, name).map(list).unwrap_or_default();
            values
                .iter()
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect()
        };
        let text = |name: &str| texts(name).into_iter().next();
        let kind = value.get("@type").and_then(Value::as_str).unwrap_or_default();
        let kind = match bare(kind) {
            "FileObject" => Kind::File(text("contentUrl")),
            "FileSet" => Kind::Set {
                includes: texts("includes"),
                excludes: texts("excludes"),
            },
            _ => Kind::Unknown(kind.to_owned()),
        };
        let containers = term(value, "containedIn").map(list).unwrap_or_default();
        let mut within = Vec::new();
        for container in containers {
            let source = ["fileObject", "fileSet"]
                .into_iter()
                .find_map(|name| term(container, name));
            within.push(id(source.unwrap_or(container)).unwrap_or_default().to_owned());
        }
        let lists = |container: &Value| {
            let steps = term(container, "transform").map(list).unwrap_or_default();
            steps.iter().any(|step| term(step, "readLines").is_some())
        };
        let mut resource = Self {
            id: id(value).unwrap_or_default().to_owned(),
            kind,
            sha256: text("sha256"),
            md5: text("md5"),
            size: term(value, "contentSize").map(|size| size.as_str().map_or_else(|| size.to_string(), str::to_owned)),
            is_listed: containers.iter().any(lists),
            has_format: !texts("encodingFormat").is_empty(),
            within,
            file: None,
        };
        resource.file = resource.found(text("name"), directory);
        resource
    }

    /// The file that it is: the one at its relative path, or the copy of a remote one under its id, its name or the end of its address.
    fn found(&self, name: Option<String>, directory: &Directory) -> Option<String> {
        let Kind::File(Some(url)) = &self.kind else { return None };
        if !self.within.is_empty() {
            return None;
        }
        let is_file =
            |path: &str| refused(path).is_none() && directory.entry(path).is_some_and(crate::directory::Entry::is_file);
        if !is_remote(url) {
            return is_file(url).then(|| url.clone());
        }
        let end = url.split(['?', '#']).next()?.rsplit('/').next()?.to_owned();
        let names = [Some(self.id.clone()), name, Some(end)];
        names.into_iter().flatten().find(|name| is_file(name))
    }

    /// What it is called in reports.
    pub(crate) fn called(&self) -> &str {
        match (&self.file, &self.kind) {
            (Some(file), _) => file,
            (None, Kind::File(Some(url))) if self.id.is_empty() || !is_remote(url) => url,
            _ if self.id.is_empty() => "without an id",
            _ => &self.id,
        }
    }

    /// Whether its address is one of another machine.
    pub(crate) fn is_remote(&self) -> bool {
        matches!(&self.kind, Kind::File(Some(url)) if is_remote(url))
    }
}

/// Whether an address begins with a scheme. Drives of Windows are one letter, and a `file:` is of this machine.
fn is_remote(url: &str) -> bool {
    let Some((scheme, _)) = url.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme && !scheme.eq_ignore_ascii_case("file")
}

/// A name of a vocabulary without what says which vocabulary it is of.
pub(crate) fn bare(name: &str) -> &str {
    const BEFORE: &[&str] = &[
        "http://mlcommons.org/croissant/",
        "https://schema.org/",
        "http://schema.org/",
        "http://purl.org/dc/terms/",
        "schema:",
        "sc:",
        "cr:",
        "dct:",
    ];
    BEFORE
        .iter()
        .find_map(|before| name.strip_prefix(before))
        .unwrap_or(name)
}

/// The value of a property, however its name is written; nothing for null.
pub(crate) fn term<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let mut entries = value.as_object()?.iter();
    let (_, value) = entries.find(|(key, _)| bare(key) == name)?;
    (!value.is_null()).then_some(value)
}

/// One value or several.
pub(crate) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

/// The id of a node, or of what a reference leads to.
pub(crate) fn id(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("@id")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_other_machines() {
        for url in [
            "https://a.org/b.csv",
            "s3://a/b",
            "git+https://a.org/b",
            "hf://datasets/a",
        ] {
            assert!(is_remote(url), "{url}");
        }
        for url in ["data/a.csv", "c:/a.csv", "file:///etc/passwd", "../a:b.csv", "a.csv"] {
            assert!(!is_remote(url), "{url}");
        }
    }

    #[test]
    fn a_property_has_several_spellings() {
        let value = serde_json::json!({"sc:name": "a", "http://mlcommons.org/croissant/recordSet": [], "url": null});
        assert_eq!(term(&value, "name"), Some(&"a".into()));
        assert!(term(&value, "recordSet").is_some() && term(&value, "url").is_none());
    }
}
