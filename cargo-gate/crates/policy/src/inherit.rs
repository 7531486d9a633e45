//! Paths of a base: they start at the base's own directory, or at the workspace root with `${workspace}/` in front. What
//! reads the policy gets them from the workspace root, as in a policy without a base.

use std::borrow::Cow;
use std::path::{Component, Path};

use globset::Glob;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use gate_base::paths;

use super::problem::{Problem, shown};
use super::schema;
use super::{format, rule};

/// What stands in front of a path from the workspace root.
const WORKSPACE: &str = "${workspace}/";

/// Turns every path of a base into one from the workspace root.
pub(super) fn resolve(file: &mut DeTable<'_>, directory: &Path, root: &Path) -> Vec<Problem> {
    let mut resolver = Resolver {
        schema: schema::shared(),
        directory,
        root,
        problems: Vec::new(),
    };
    resolver.table(schema::shared(), file);
    resolver.problems
}

struct Resolver<'a> {
    schema: &'a Value,
    directory: &'a Path,
    root: &'a Path,
    problems: Vec<Problem>,
}

/// What kind of path a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Path,
    Glob,
}

impl<'a> Resolver<'a> {
    /// The schemas that a schema stands for.
    fn views(&self, schema: &'a Value) -> Vec<&'a Value> {
        let mut views = Vec::new();
        let mut open = vec![schema];
        while let Some(schema) = open.pop() {
            views.push(schema);
            let target = schema.get("$ref").and_then(Value::as_str);
            open.extend(target.and_then(|target| self.schema.pointer(target.trim_start_matches('#'))));
            for of_several in ["allOf", "anyOf", "oneOf"] {
                open.extend(schema.get(of_several).and_then(Value::as_array).into_iter().flatten());
            }
        }
        views
    }

    fn table(&mut self, schema: &'a Value, table: &mut DeTable<'_>) {
        let views = self.views(schema);
        for (key, value) in table.iter_mut() {
            let key: &str = key.get_ref();
            let below = views.iter().find_map(|view| {
                view.get("properties")?
                    .get(key)
                    .or_else(|| view.get("additionalProperties"))
            });
            if let Some(below) = below {
                let span = value.span();
                self.value(below, value.get_mut(), &span, key);
            }
        }
    }

    fn value(&mut self, schema: &'a Value, value: &mut DeValue<'_>, span: &std::ops::Range<usize>, key: &str) {
        match value {
            DeValue::Table(table) => self.table(schema, table),
            DeValue::Array(items) => {
                let views = self.views(schema);
                if let Some(schema) = views.iter().find_map(|view| view.get("items")) {
                    for item in items.iter_mut() {
                        let span = item.span();
                        self.value(schema, item.get_mut(), &span, key);
                    }
                }
            }
            DeValue::String(text) => {
                let views = self.views(schema);
                let kind = views.iter().find_map(|view| match view.get("x-format")?.as_str()? {
                    "path" => Some(Kind::Path),
                    "glob" => Some(Kind::Glob),
                    _ => None,
                });
                if let Some(kind) = kind {
                    self.text(kind, text, span, key);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, kind: Kind, text: &mut Cow<'_, str>, span: &std::ops::Range<usize>, key: &str) {
        if let Some(below) = text.strip_prefix(WORKSPACE) {
            *text = Cow::Owned(below.to_owned());
            return;
        }
        let found = match kind {
            // What is malformed is told with everything else that is.
            _ if format::check("base", text).is_err() => return,
            Kind::Path => self.path(text),
            Kind::Glob => self.glob(text),
        };
        match found {
            Some(resolved) => *text = Cow::Owned(resolved),
            None => {
                let from_root = paths::relative(self.root, &paths::normalize(&self.directory.join(text.as_ref())));
                let message = format!(
                    "`{key}` points outside the workspace: it is `{}` from there",
                    shown(&from_root)
                );
                self.problems.push(Problem::new(span.clone(), message).rule(&rule::PATH_OF_A_BASE).help(format!(
                    "write `{WORKSPACE}{}` for the path in each workspace that extends this file, or move the value to the \
                     workspace's gate.toml",
                    shown(text.trim_start_matches("../"))
                )));
            }
        }
    }

    /// A path from the workspace root; `None` where it leads out.
    fn path(&self, text: &str) -> Option<String> {
        let path = paths::normalize(&self.directory.join(text));
        let below = path.strip_prefix(self.root).ok()?;
        (!below.as_os_str().is_empty()).then(|| slashes(below))
    }

    /// A glob from the workspace root; `None` where it matches nothing of the workspace.
    fn glob(&self, text: &str) -> Option<String> {
        let (mut rest, mut directory) = (text, self.directory);
        while let Some(below) = rest.strip_prefix("../") {
            (rest, directory) = (below, directory.parent()?);
        }
        if let Ok(down) = directory.strip_prefix(self.root) {
            // The base lies in the workspace.
            let down: Vec<String> = down.components().map(|part| globset::escape(&spelled(part))).collect();
            return paths::join_below(&down.join("/"), rest);
        }
        let up = self.root.strip_prefix(directory).ok()?;
        for directory in up.components() {
            if rest.starts_with("**/") || rest == "**" {
                return Some(rest.to_owned());
            }
            let (first, below) = rest.split_once('/')?;
            let matches = Glob::new(first).ok()?.compile_matcher().is_match(spelled(directory));
            if !matches {
                return None;
            }
            rest = below;
        }
        Some(rest.to_owned())
    }
}

fn spelled(part: Component<'_>) -> String {
    part.as_os_str().to_string_lossy().into_owned()
}

fn slashes(path: &Path) -> String {
    let parts: Vec<String> = path.components().map(spelled).collect();
    parts.join("/")
}
