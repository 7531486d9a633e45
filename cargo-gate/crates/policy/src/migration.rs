//! `[[migration]]`: a history of events that moves from one version to the next.

use std::time::Duration;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::problem::Problem;
use super::rule::{self, Rule};
use super::rules::Rules;
use super::tables::{is_filled, tables, text};
use super::value::{Command, FilePath, Period, SuiteName, command, optional_command, period};

/// A history of events and how it moves from one version to the next. Commands are argument vectors that run in the workspace root without a
/// shell; a history goes in and comes out as NDJSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MigrationPolicy {
    /// Name of the migration.
    #[schemars(with = "SuiteName", extend("examples" = ["orders"]))]
    pub name: String,
    /// Version of the history before.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [1]))]
    pub from: u32,
    /// Version of the history afterwards.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [2]))]
    pub to: u32,
    /// File with the history, one JSON object on each line. The migration replaces it in one step and keeps the original next to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<FilePath>", extend("examples" = ["data/events.ndjson"]))]
    pub history: Option<String>,
    /// Command that prints the history of a database, always in the same order.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["./db/export"]]))]
    pub export: Option<Vec<String>>,
    /// Command that reads a history of version `from` and prints it in version `to`.
    #[serde(deserialize_with = "command")]
    #[schemars(with = "Command", extend("examples" = [["./db/up"]]))]
    pub migrate: Vec<String>,
    /// Command that reads a history of version `to` and prints it in version `from`. Without it there is no rollback.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["./db/down"]]))]
    pub inverse: Option<Vec<String>>,
    /// Command that reads a history and prints a JSON object with `id`, `subject` and `detail` for each violated invariant.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["./db/invariants"]]))]
    pub invariants: Option<Vec<String>>,
    /// Command that reads a history and prints the state that its events lead to, which must be the same in both versions.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["./db/replay"]]))]
    pub replay: Option<Vec<String>>,
    /// Command that stops everything that writes to the history. Running it twice has no further effect.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["./service", "pause"]]))]
    pub pause: Option<Vec<String>>,
    /// Command that starts again what `pause` stopped. Running it twice has no further effect.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["./service", "resume"]]))]
    pub resume: Option<Vec<String>>,
    /// Command that migrates a database in one transaction. It can read the migrated history.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["./db/switch"]]))]
    pub switch: Option<Vec<String>>,
    /// Command that undoes `switch` in one transaction. It can read the history to go back to.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["./db/switch-back"]]))]
    pub switch_back: Option<Vec<String>>,
    /// Time limit of each command: a number with `s`, `m` or `h`. Default: `10m`.
    #[serde(default = "ten_minutes", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1s", "x-max" = "24h", "x-sane-min" = "5s", "x-sane-max" = "2h",
        "x-why" = "writers wait while the history moves", "examples" = ["10m"]
    ))]
    pub timeout: Duration,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

fn ten_minutes() -> Duration {
    Duration::from_secs(600)
}

impl MigrationPolicy {
    /// Name and versions in one word.
    pub fn id(&self) -> String {
        format!("{}-{}-{}", self.name, self.from, self.to)
    }

    /// Every declared command, by its key.
    pub fn commands(&self) -> impl Iterator<Item = (&'static str, &Vec<String>)> {
        [
            ("migrate", Some(&self.migrate)),
            ("export", self.export.as_ref()),
            ("inverse", self.inverse.as_ref()),
            ("invariants", self.invariants.as_ref()),
            ("replay", self.replay.as_ref()),
            ("pause", self.pause.as_ref()),
            ("resume", self.resume.as_ref()),
            ("switch", self.switch.as_ref()),
            ("switch-back", self.switch_back.as_ref()),
        ]
        .into_iter()
        .filter_map(|(key, command)| Some((key, command?)))
    }
}

/// A migration has one history, a way back from its switch, and resumes what it pauses.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let names = tables(rules.file, &["migration"]).filter_map(|(migration, _)| text(migration, "name"));
    let help = "give each `[[migration]]` its own name";
    rules.duplicates(names, "migration", help, &mut problems);
    for (migration, span) in tables(rules.file, &["migration"]) {
        let has = |key| is_filled(migration, key);
        let mut say = |rule: &'static Rule, message: &str, help: &str| {
            problems.push(Problem::new(span.clone(), message).rule(rule).help(help));
        };
        match (has("history"), has("export")) {
            (false, false) => say(
                &rule::MISSING_KEY,
                "the migration has neither a file nor a database",
                "add `history = \"events.ndjson\"` or `export = [\"…\"]`",
            ),
            (true, true) => say(
                &rule::EXCLUDING_KEYS,
                "`history` and `export` cannot be set together",
                "keep `history` for a file, or `export` for a database",
            ),
            (true, false) if has("switch") || has("switch-back") => say(
                &rule::EXCLUDING_KEYS,
                "`switch` and `switch-back` are for databases, and `history` is a file",
                "remove them: the migration renames the file itself",
            ),
            (false, true) if !has("switch") || !has("switch-back") => say(
                &rule::MISSING_KEY,
                "a migration of a database needs `switch` and `switch-back`",
                "add both, each a transaction of its own",
            ),
            _ => {}
        }
        if has("pause") != has("resume") {
            say(
                &rule::MISSING_KEY,
                "`pause` and `resume` are set together or not at all",
                "add the other one, so that what is paused is resumed",
            );
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, validate};
    use super::*;

    #[test]
    fn a_migration_survives_its_journal() {
        let text = "version = 1\nstage.pilot.scope = \"one service\"\n\n[[migration]]\nname = \"orders\"\nfrom = 1\nto = 2\nhistory = \
                    \"events.ndjson\"\nmigrate = \"db/up --all\"\n";
        let policy = validate("gate.toml", text, &Catalogue::default()).expect("a valid policy");
        let migration = &policy.migrations[0];
        assert_eq!(migration.migrate, ["db/up", "--all"]);
        assert_eq!(
            (migration.timeout, migration.id().as_str()),
            (ten_minutes(), "orders-1-2")
        );
        let kept = serde_json::to_string(migration).expect("JSON");
        assert_eq!(
            &serde_json::from_str::<MigrationPolicy>(&kept).expect("a migration"),
            migration
        );
    }
}
