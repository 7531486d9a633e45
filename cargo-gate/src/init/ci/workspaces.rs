//! The workspaces that a job is for: one, or a matrix over the directories of several.

use super::commands::yaml;
use crate::init::InitFacts;

/// How a service writes the matrix of a job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Github,
    Gitlab,
}

/// A job of the matrix.
#[derive(Clone)]
pub(super) struct Row<'a> {
    pub(super) facts: &'a InitFacts,
    /// What its artifacts and caches are called, unlike those of any other workspace.
    name: String,
    /// The suite that it runs, where each has its own job.
    suite: String,
}

/// Something in which jobs of the matrix may differ.
pub(super) struct Column {
    key: &'static str,
    of: fn(&Row<'_>) -> String,
}

/// Directory of the workspace; `.` for the top.
pub(super) const DIRECTORY: Column = Column {
    key: "directory",
    of: |row| match row.facts.directory.as_str() {
        "" => ".".into(),
        directory => directory.into(),
    },
};
/// Name of the workspace.
pub(super) const NAME: Column = Column {
    key: "name",
    of: |row| row.name.clone(),
};
/// `--locked` where there is a lockfile to hold to.
pub(super) const LOCKED: Column = Column {
    key: "locked",
    of: |row| flag(row.facts.lockfile, "--locked"),
};
/// `--workspace` where there are several packages.
pub(super) const ALL: Column = Column {
    key: "packages",
    of: |row| flag(row.facts.members.len() > 1, "--workspace"),
};
/// The suite of benchmarks.
pub(super) const SUITE: Column = Column {
    key: "suite",
    of: |row| row.suite.clone(),
};
/// The version of Rust that is pinned, or `latest`.
pub(super) const RUST: Column = Column {
    key: "rust",
    of: |row| {
        let version = |channel: &&str| channel.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let channel = row.facts.toolchain.as_deref().filter(version);
        channel.unwrap_or("latest").into()
    },
};

fn flag(is_given: bool, flag: &str) -> String {
    if is_given { flag.into() } else { String::new() }
}

/// The workspaces that have a job.
#[derive(Clone)]
pub(super) struct Workspaces<'a> {
    service: Service,
    rows: Vec<Row<'a>>,
}

impl<'a> Workspaces<'a> {
    pub(super) fn new(service: Service, workspaces: &[&'a InitFacts]) -> Self {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for facts in workspaces {
            // `a/b` and `a-b` have one name.
            let (mut name, mut number) = (facts.gate_name(), 1);
            while rows.iter().any(|row| row.name == name) {
                number += 1;
                name = format!("{}-{number}", facts.gate_name());
            }
            let suite = String::new();
            rows.push(Row { facts, name, suite });
        }
        Self { service, rows }
    }

    /// Those of them that a job is for; `None` where it is for no workspace.
    pub(super) fn only(&self, has: impl Fn(&InitFacts) -> bool) -> Option<Self> {
        let mut some = self.clone();
        some.rows.retain(|row| has(row.facts));
        (!some.rows.is_empty()).then_some(some)
    }

    /// The only one.
    pub(super) fn single(&self) -> Option<&'a InitFacts> {
        match self.rows.as_slice() {
            [row] => Some(row.facts),
            _ => None,
        }
    }

    /// Whether this holds for one of them.
    pub(super) fn any(&self, has: impl Fn(&InitFacts) -> bool) -> bool {
        self.rows.iter().any(|row| has(row.facts))
    }

    /// The same with a job for each suite that is compared; a workspace that is alone compares all in one.
    pub(super) fn with_suites(&self) -> Self {
        if self.single().is_some() {
            return self.clone();
        }
        let with = |row: &Row<'a>, suite: &String| Row {
            suite: suite.clone(),
            ..row.clone()
        };
        let rows = self.rows.iter();
        Self {
            rows: rows
                .flat_map(|row| row.facts.compared.iter().map(move |suite| with(row, suite)))
                .collect(),
            ..*self
        }
    }

    /// What all of them have, as it is; and else how a job names the value of its own.
    pub(super) fn value(&self, column: &Column) -> String {
        match (self.common(column), self.service) {
            (Some(common), _) => common,
            (None, Service::Github) => format!("${{{{ matrix.{} }}}}", column.key),
            (None, Service::Gitlab) => format!("${}", column.key.to_ascii_uppercase()),
        }
    }

    /// The value that all of them have.
    pub(super) fn common(&self, column: &Column) -> Option<String> {
        let mut values = self.rows.iter().map(column.of);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }

    /// A path of the workspace as seen from the top of the repository, as a scalar of YAML.
    pub(super) fn path(&self, path: &str) -> String {
        match self.rows.first().filter(|_| self.common(&DIRECTORY).is_some()) {
            Some(row) => yaml(&row.facts.path_below_top(path)),
            None => format!("{}/{path}", self.value(&DIRECTORY)),
        }
    }

    /// The rows of the matrix with their values in these columns, as far as these differ; each a mapping on one line.
    pub(super) fn rows(&self, columns: &[&Column]) -> Vec<String> {
        let differing: Vec<&&Column> = columns.iter().filter(|column| self.common(column).is_none()).collect();
        let row = |row: &Row<'_>| {
            let value = |column: &&&Column| {
                let key = match self.service {
                    Service::Github => column.key.to_owned(),
                    Service::Gitlab => column.key.to_ascii_uppercase(),
                };
                format!("{key}: {}", yaml(&(column.of)(row)))
            };
            let values: Vec<String> = differing.iter().map(value).collect();
            format!("{{{}}}", values.join(", "))
        };
        self.rows.iter().map(row).collect()
    }

    /// The directories, as a list on one line.
    pub(super) fn directories(&self) -> String {
        let directories: Vec<String> = self.rows.iter().map(|row| yaml(&(DIRECTORY.of)(row))).collect();
        format!("[{}]", directories.join(", "))
    }

    /// A command, with `--locked` where there is a lockfile to hold to.
    pub(super) fn held(&self, command: &str) -> String {
        with(command, &self.value(&LOCKED))
    }

    /// The command that runs the gate.
    pub(super) fn gate(&self, stage: &str) -> String {
        self.held(&format!("cargo gate {stage}"))
    }

    /// The release build, which waits for the gate.
    pub(super) fn build(&self) -> String {
        self.held("cargo build --workspace --release")
    }

    /// Measuring, without judging.
    pub(super) fn bench(&self) -> String {
        self.held("cargo bench --workspace")
    }

    /// Publishing waits for the build.
    pub(super) fn publish(&self) -> String {
        self.held(&with("cargo publish", &self.value(&ALL)))
    }

    /// The commands that compare suites, of [`Self::with_suites`].
    pub(super) fn compare(&self) -> Vec<String> {
        let suites = match self.single() {
            Some(facts) => facts.compared.clone(),
            None => vec![self.value(&SUITE)],
        };
        suites.iter().map(|suite| format!("cargo gate suite {suite}")).collect()
    }
}

fn with(command: &str, argument: &str) -> String {
    let space = if argument.is_empty() { "" } else { " " };
    format!("{command}{space}{argument}")
}
