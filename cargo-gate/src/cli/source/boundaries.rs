//! `cargo gate source boundaries`: the raw boundaries of the workspace as a table, as JSON, or written to the inventory.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::atomic;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_policy::{Policy, Tier};
use gate_rust::boundary::dependencies::DependencySurvey;
use gate_rust::boundary::site::Kind;
use gate_rust::boundary::survey::{Survey, Tally};
use gate_surveys::Surveys;
use gate_surveys::boundary_inventory;

#[derive(Debug, Args)]
pub(crate) struct BoundariesArgs {
    /// Limit the table to these packages
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Workspace options")]
    pub(crate) packages: Vec<String>,
    /// Include the packages in the lockfile
    #[arg(long)]
    pub(crate) dependencies: bool,
    /// Write the inventory file set in the policy
    #[arg(long)]
    pub(crate) write: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// What the command shows: the model of its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Boundaries {
    /// Number of source files that were looked at.
    pub files: u32,
    /// Every member, sorted by name.
    pub packages: Vec<PackageRow>,
    /// Dependencies, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<Vec<DependencyRow>>,
    /// Source files that could not be read, with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// The inventory that was written, relative to the workspace root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PackageRow {
    /// Package name.
    pub name: String,
    /// Its tier; absent where nothing is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Its counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct DependencyRow {
    /// Package name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its counts; absent when its sources could not be read.
    #[serde(flatten)]
    pub tally: Option<Tally>,
    /// Why its sources could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

pub(super) fn run(arguments: &BoundariesArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let policy = conversation.policy(&workspace)?;
    let boundaries = collect(arguments, &workspace, &policy)?;
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&boundaries)?,
        DataFormat::Human => boundaries.to_text(),
    };
    conversation.printer.data(&text)?;
    Ok(if boundaries.unreadable.is_empty() {
        exit::READY
    } else {
        exit::TOOL_FAILED
    })
}

fn collect(arguments: &BoundariesArgs, workspace: &Surveys, policy: &Policy) -> Result<Boundaries> {
    let survey = workspace.boundaries();
    let dependencies = arguments.dependencies.then(|| {
        // The cache lies in the gate directory; without it everything is read again.
        let _ = workspace.create_gate_dir();
        gate_rust::boundary::dependencies::survey(&workspace.cargo().dependencies, &workspace.gate_dir())
    });
    let mut boundaries = Boundaries::new(survey, policy, dependencies);
    if arguments.write {
        if let Some((path, error)) = survey.unreadable.first() {
            return Err(Error::tool(format!("cannot read `{path}`: {error}"))
                .with_help("make the file readable; the inventory would be incomplete"));
        }
        let path = policy.inventory_path();
        let authorities = gate_surveys::authority::Authorities::new(&policy.tiers, &policy.boundary);
        let text = boundary_inventory::of(survey, &authorities).to_text();
        atomic::write_tracked(&workspace.root().join(path), text.as_bytes())?;
        boundaries.written = Some(path.to_owned());
    }
    if !arguments.packages.is_empty() {
        for name in &arguments.packages {
            if !boundaries.packages.iter().any(|row| row.name == *name) {
                return Err(
                    Error::usage(format!("package `{name}` is not a member of the workspace"))
                        .with_help("`cargo gate source boundaries` lists the packages"),
                );
            }
        }
        boundaries.packages.retain(|row| arguments.packages.contains(&row.name));
    }
    Ok(boundaries)
}

impl Boundaries {
    /// The model of a survey.
    pub(super) fn new(survey: &Survey, policy: &Policy, dependencies: Option<Vec<DependencySurvey>>) -> Self {
        let authorities = gate_surveys::authority::Authorities::new(&policy.tiers, &policy.boundary);
        Self {
            files: survey.files,
            packages: survey
                .packages
                .iter()
                .map(|package| PackageRow {
                    name: package.name.clone(),
                    tier: policy.tiers.as_ref().map(|_| authorities.tier(&package.name)),
                    tally: package.tally(),
                })
                .collect(),
            dependencies: dependencies.map(|all| all.into_iter().map(DependencyRow::from).collect()),
            unreadable: survey
                .unreadable
                .iter()
                .map(|(path, error)| format!("{path}: {error}"))
                .collect(),
            written: None,
        }
    }

    /// The tables for people: one row per package with boundaries, one column per kind that occurs.
    pub(super) fn to_text(&self) -> String {
        let rows: Vec<(String, &Tally)> = self.packages.iter().map(|row| (row.name.clone(), &row.tally)).collect();
        let mut text = table("package", &rows);
        let safe = rows.iter().filter(|(_, tally)| is_empty(tally)).count();
        let _ = writeln!(
            text,
            "{} in {} read; {safe} without raw boundaries",
            plural(self.files as usize, "file"),
            plural(rows.len(), "package")
        );
        if let Some(dependencies) = &self.dependencies {
            let rows: Vec<(String, &Tally)> = dependencies
                .iter()
                .filter_map(|row| Some((format!("{} {}", row.name, row.version), row.tally.as_ref()?)))
                .collect();
            let safe = rows.iter().filter(|(_, tally)| is_empty(tally)).count();
            text.push('\n');
            text += &table("dependency", &rows);
            let read = if rows.len() == 1 {
                "1 dependency".to_owned()
            } else {
                format!("{} dependencies", rows.len())
            };
            let _ = writeln!(text, "{read} read; {safe} without raw boundaries");
            for row in dependencies {
                if let Some(error) = &row.error {
                    let _ = writeln!(text, "not read: {} {}: {error}", row.name, row.version);
                }
            }
        }
        for file in &self.unreadable {
            let _ = writeln!(text, "not read: {file}");
        }
        if let Some(path) = &self.written {
            let _ = writeln!(text, "wrote {path}");
        }
        text
    }
}

impl From<DependencySurvey> for DependencyRow {
    fn from(survey: DependencySurvey) -> Self {
        let (tally, error) = match survey.tally {
            Ok(tally) => (Some(tally), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            name: survey.name,
            version: survey.version,
            tally,
            error,
        }
    }
}

fn is_empty(tally: &Tally) -> bool {
    tally.code.is_empty() && tally.test.is_empty()
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Heading of a column.
fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::UnsafeBlock => "blocks",
        Kind::UnsafeFn => "fns",
        Kind::UnsafeImpl => "impls",
        Kind::UnsafeTrait => "traits",
        Kind::ExternBlock => "extern",
        Kind::Asm => "asm",
        Kind::Transmute => "transmute",
        Kind::UnsafeAttribute => "attributes",
        Kind::UnsafeToken => "in macros",
    }
}

fn table(first: &str, rows: &[(String, &Tally)]) -> String {
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| rows.iter().any(|(_, tally)| tally.code.contains_key(kind)))
        .collect();
    let mut cells: Vec<Vec<String>> = Vec::new();
    let mut header = vec![first.to_owned()];
    header.extend(kinds.iter().map(|kind| heading(*kind).to_owned()));
    header.extend(["with SAFETY", "without", "in tests"].map(str::to_owned));
    cells.push(header);
    for (name, tally) in rows.iter().filter(|(_, tally)| !is_empty(tally)) {
        let count = |kind: &Kind| tally.code.get(kind).copied().unwrap_or(0);
        let mut row = vec![name.clone()];
        row.extend(kinds.iter().map(|kind| count(kind).to_string()));
        let blocks = count(&Kind::UnsafeBlock);
        row.push((blocks - tally.undocumented_blocks).to_string());
        row.push(tally.undocumented_blocks.to_string());
        row.push(tally.test.values().sum::<u32>().to_string());
        cells.push(row);
    }
    if cells.len() == 1 {
        return String::new();
    }
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..cells[0].len()).map(width).collect();
    let mut text = String::new();
    for row in &cells {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = if cell == "0" { "-" } else { cell };
            let _ = if column == 0 {
                write!(line, "{cell:<width$}")
            } else {
                write!(line, "  {cell:>width$}")
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::boundary_policy as policy;
    use gate_rust::testing::survey;

    fn boundaries() -> Boundaries {
        let survey = survey(&[
            (
                "src/lib.rs",
                "fn f() { unsafe {} }\nfn g() {\n    // SAFETY: x\n    unsafe { asm!(\"\") }\n}\nextern \"C\" { fn c(); }\n",
            ),
            ("tests/t.rs", "fn t() { unsafe {} }"),
        ]);
        let mut tally = Tally::default();
        tally.code.insert(Kind::Transmute, 12);
        let dependencies = vec![
            DependencySurvey {
                name: "dep".into(),
                version: "1.2.3".into(),
                tally: Ok(tally),
            },
            DependencySurvey {
                name: "gone".into(),
                version: "0.1.0".into(),
                tally: Err("cannot read `/x`: not found".into()),
            },
        ];
        let mut boundaries = Boundaries::new(&survey, &policy(Tier::Native), Some(dependencies));
        boundaries.written = Some("boundary_inventory.json".into());
        boundaries
    }

    #[test]
    fn tables_for_people() {
        insta::assert_snapshot!(boundaries().to_text(), @"
        package  blocks  extern  asm  with SAFETY  without  in tests
        app           2       1    1            1        1         1

        2 files in 1 package read; 0 without raw boundaries

        dependency  transmute  with SAFETY  without  in tests
        dep 1.2.3          12            -        -         -

        1 dependency read; 0 without raw boundaries
        not read: gone 0.1.0: cannot read `/x`: not found
        wrote boundary_inventory.json
        ");
    }

    #[test]
    fn json_for_machines() {
        insta::assert_snapshot!(crate::cli::json(&boundaries()).expect("JSON"));
    }
}
