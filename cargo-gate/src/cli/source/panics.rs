//! `cargo gate source panics`: where library code panics, as a table, as a list of places, as JSON, or written to the inventory.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::{atomic, exit};
use gate_rust::facts::{PanicCounts, PanicKind, PanicSite};
use gate_rust::library::inventory;
use gate_rust::library::{FileSurvey, PackageSurvey, Survey};

#[derive(Debug, Args)]
pub(crate) struct PanicsArgs {
    /// Limit the table to these packages
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Workspace options")]
    pub(crate) packages: Vec<String>,
    /// List every place
    #[arg(long)]
    pub(crate) list: bool,
    /// Write the inventory file set in the policy
    #[arg(long)]
    pub(crate) write: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// What the command shows: the model of its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Panics {
    /// Members with a library, sorted by name.
    packages: Vec<PackageRow>,
    /// Source files that could not be read, with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<String>,
    /// The inventory that was written, relative to the workspace root.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<String>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PackageRow {
    /// Package name.
    name: String,
    /// Number of places in library code by kind.
    library: PanicCounts,
    /// The places, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<Vec<Place>>,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Place {
    /// Path relative to the workspace root.
    path: String,
    /// 1-based line.
    line: u32,
    /// 1-based column in characters.
    column: u32,
    /// How it panics.
    kind: PanicKind,
    /// Enclosing item inside the file.
    item: String,
}

pub(super) fn run(arguments: &PanicsArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let survey = workspace.library();
    for name in &arguments.packages {
        if survey.package(name).is_none() {
            return Err(
                Error::usage(format!("package `{name}` is not a workspace member with a library"))
                    .with_help("`cargo gate source panics` lists the packages"),
            );
        }
    }
    let mut panics = Panics::new(survey, &arguments.packages, arguments.list);
    if arguments.write {
        if let Some((path, error)) = survey.unreadable.first() {
            return Err(Error::tool(format!("cannot read `{path}`: {error}"))
                .with_help("make the file readable; the inventory would be incomplete"));
        }
        let policy = conversation.policy(&workspace)?;
        let path = policy.panic_inventory_path();
        let text = inventory::of(survey).to_text();
        atomic::write_tracked(&workspace.root().join(path), text.as_bytes())?;
        panics.written = Some(path.to_owned());
    }
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&panics)?,
        DataFormat::Human => panics.to_text(),
    };
    conversation.printer.data(&text)?;
    Ok(if panics.unreadable.is_empty() {
        exit::READY
    } else {
        exit::TOOL_FAILED
    })
}

impl Panics {
    fn new(survey: &Survey, packages: &[String], list: bool) -> Self {
        let wanted = |package: &&PackageSurvey| packages.is_empty() || packages.contains(&package.name);
        let row = |package: &PackageSurvey| PackageRow {
            name: package.name.clone(),
            library: package.panic_counts(),
            places: list.then(|| {
                let place = |(file, site): (&FileSurvey, &PanicSite)| Place {
                    path: file.path.clone(),
                    line: site.line,
                    column: site.column,
                    kind: site.kind,
                    item: site.item.clone(),
                };
                package.panics().map(place).collect()
            }),
        };
        let unreadable = survey.unreadable.iter();
        Self {
            packages: survey.packages.iter().filter(wanted).map(row).collect(),
            unreadable: unreadable.map(|(path, error)| format!("{path}: {error}")).collect(),
            written: None,
        }
    }

    /// One line per place where they are listed, then one row per package and one column per kind that occurs.
    fn to_text(&self) -> String {
        let mut text = String::new();
        for place in self.packages.iter().flat_map(|row| row.places.iter().flatten()) {
            let _ = write!(text, "{}:{}:{}: {}", place.path, place.line, place.column, place.kind);
            let _ = match place.item.as_str() {
                "" => writeln!(text),
                item => writeln!(text, " in {item}"),
            };
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text += &self.table();
        let quiet = self.packages.iter().filter(|row| row.library.is_empty()).count();
        let plural = if self.packages.len() == 1 { "y" } else { "ies" };
        let _ = writeln!(
            text,
            "{} librar{plural} read; {quiet} without places that panic",
            self.packages.len()
        );
        for file in &self.unreadable {
            let _ = writeln!(text, "not read: {file}");
        }
        if let Some(path) = &self.written {
            let _ = writeln!(text, "wrote {path}");
        }
        text
    }

    fn table(&self) -> String {
        let rows: Vec<&PackageRow> = self.packages.iter().filter(|row| !row.library.is_empty()).collect();
        let Some(first) = rows.iter().map(|row| row.name.chars().count()).max() else {
            return String::new();
        };
        let first = first.max("package".len());
        let occurs = |kind: &PanicKind| rows.iter().any(|row| row.library.contains_key(kind));
        let kinds: Vec<PanicKind> = PanicKind::ALL.into_iter().filter(occurs).collect();
        let mut text = format!("{:<first$}", "package");
        for kind in &kinds {
            let _ = write!(text, "  {kind:>6}");
        }
        text.push('\n');
        for row in rows {
            let _ = write!(text, "{:<first$}", row.name);
            for kind in &kinds {
                let width = kind.name().len().max(6);
                let count = row.library.get(kind).map_or("-".into(), u32::to_string);
                let _ = write!(text, "  {count:>width$}");
            }
            text.push('\n');
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_rust::testing::library;

    fn survey() -> Survey {
        library(&[
            ("src/lib.rs", "mod a;\nfn f(x: &[u8]) {\n    x[0];\n    todo![]\n}\n"),
            (
                "src/a.rs",
                "impl A { fn b(&self) { self.c.lock().unwrap(); } }\nstatic C: D = E;\n",
            ),
        ])
    }

    #[test]
    fn tables_for_people() {
        insta::assert_snapshot!(Panics::new(&survey(), &[], true).to_text(), @"
        src/a.rs:1:38: unwrap in A::b
        src/lib.rs:3:6: indexing in f
        src/lib.rs:4:5: todo in f

        package  unwrap    todo  indexing
        app           1       1         1

        1 library read; 0 without places that panic
        ");
        insta::assert_snapshot!(Panics::new(&library(&[("src/lib.rs", "")]), &[], true).to_text(), @"1 library read; 1 without places that panic");
    }

    #[test]
    fn json_for_machines() {
        let mut panics = Panics::new(&survey(), &["app".into()], true);
        panics.written = Some("panic_inventory.json".into());
        insta::assert_snapshot!(crate::cli::json(&panics).expect("JSON"), @r#"
        {
          "schema_version": 1,
          "packages": [
            {
              "name": "app",
              "library": {
                "unwrap": 1,
                "todo": 1,
                "indexing": 1
              },
              "places": [
                {
                  "path": "src/a.rs",
                  "line": 1,
                  "column": 38,
                  "kind": "unwrap",
                  "item": "A::b"
                },
                {
                  "path": "src/lib.rs",
                  "line": 3,
                  "column": 6,
                  "kind": "indexing",
                  "item": "f"
                },
                {
                  "path": "src/lib.rs",
                  "line": 4,
                  "column": 5,
                  "kind": "todo",
                  "item": "f"
                }
              ]
            }
          ],
          "written": "panic_inventory.json"
        }
        "#);
    }
}
