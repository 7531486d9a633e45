//! `[[suite.drill]]`: suites that break a running system on purpose, what is declared, and rules between the values.

mod rules;

use std::time::Duration;

use crate::JsonSchema;
use gate_drill::history::Model;
use serde::Deserialize;

use gate_base::stage::Stage;
use gate_report::Location;
use gate_report::group::Group;

use super::faults::{DrillFault, DrillPolicy, Guarantee, Invariant};
use super::suite::{SuiteKind, SuitePolicy};
use super::value::{
    Command, EnvName, FilePath, Glob, Period, Requirement, SuiteName, TimeLimit, command, half_an_hour,
    optional_command, period, pilot, yes,
};

pub(super) use rules::problems;

/// A running system that is broken on purpose, and must recover without losing what it acknowledged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DrillSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["store"]))]
    name: String,
    /// A command that runs once, before everything else.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["cargo", "build", "--release", "--locked"]]))]
    build: Option<Vec<String>>,
    /// Program and arguments of the system, which stays in the foreground. It listens on `{port}` of the loopback interface and
    /// keeps its data in `{directory}`, which is empty before the drill and kept over a crash. `{instance}` is the number of the
    /// instance, `{ports}` the ports of all, separated by commas; `{target}` is the target directory.
    #[serde(deserialize_with = "command")]
    #[schemars(with = "Command", extend("examples" = [["{target}/release/store", "--port", "{port}", "--data", "{directory}"]]))]
    start: Vec<String>,
    /// Number of instances, each with its own port and directory.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 9), extend("examples" = [3]))]
    instances: u32,
    /// A command that succeeds once the instance at `{port}` answers. Without it, an instance is ready when it accepts a
    /// connection.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["redis-cli", "-p", "{port}", "ping"]]))]
    ready: Option<Vec<String>>,
    /// A command that asks the instance at `{port}` to end. Without it, it is asked by a signal.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["redis-cli", "-p", "{port}", "shutdown"]]))]
    stop: Option<Vec<String>>,
    /// A command that uses the system at `{port}` or `{ports}`, and prints each operation as a line of JSON when it ends: `id`,
    /// `op` (`write` or `read`), `key`, `value`, `start` and `end` in milliseconds, `outcome` (`ok`, `fail` or `unknown`). It ends
    /// when the file `{until}` exists.
    #[serde(deserialize_with = "command")]
    #[schemars(with = "Command", extend("examples" = [["{target}/release/load", "--port", "{port}", "--until", "{until}"]]))]
    load: Vec<String>,
    /// A command that prints what is stored in the end: a line of JSON with `key` and `value` for each value.
    #[serde(deserialize_with = "command")]
    #[schemars(with = "Command", extend("examples" = [["{target}/release/dump", "--port", "{port}"]]))]
    read: Vec<String>,
    /// Program and arguments of what verifies what the system acknowledged. It runs next to the load, stays in the foreground, and
    /// is ended like the system. For faults of the kind `verification-delay`.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["{target}/release/verifier", "--port", "{port}"]]))]
    verify: Option<Vec<String>>,
    /// A command that prints everything that was verified so far, as `read` prints what is stored.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["{target}/release/dump", "--verified", "--port", "{port}"]]))]
    verified: Option<Vec<String>>,
    /// What of the history must be there in the end.
    #[serde(default)]
    model: Model,
    /// Acknowledged operations in a row that are steady state, before the fault and after recovery.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 100_000), extend("x-sane-min" = 5, "x-why" = "one operation may succeed by chance", "examples" = [50]))]
    operations: u32,
    /// Longest time of an operation of steady state, in milliseconds.
    #[serde(default = "thousand")]
    #[schemars(range(min = 1, max = 600_000), extend("x-sane-max" = 60_000, "x-why" = "an operation that may take a minute never looks slow", "examples" = [500]))]
    within_ms: u32,
    /// How long the system may take to be ready, and to reach steady state after that.
    #[serde(default = "half_a_minute", with = "period")]
    #[schemars(with = "Period", extend("x-min" = "1s", "x-max" = "1h", "x-sane-max" = "15m", "x-why" = "a system that may take that long to start never fails to", "examples" = ["1m"]))]
    start_within: Duration,
    /// How often each fault is repeated, each time from the start.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 1000), extend("examples" = [10]))]
    repeats: u32,
    /// What holds before, during and after each fault.
    #[serde(default)]
    invariant: Vec<Invariant>,
    /// What is done to the system.
    #[serde(default)]
    fault: Vec<DrillFault>,
    /// What is promised, and which faults show it.
    #[serde(default)]
    guarantee: Vec<Guarantee>,
    /// Whether the suite must pass. A suite that is not required only warns.
    #[serde(default = "yes")]
    required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    stage: Stage,
    /// Globs over the paths that the suite reads, relative to the workspace root. Default: every file.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>")]
    inputs: Vec<String>,
    /// Names of environment variables that the suite reads. If a value changes, the suite runs again.
    #[serde(default)]
    #[schemars(with = "Vec<EnvName>")]
    env: Vec<String>,
    /// What the suite requires of the machine: `program:<name>` on PATH, `env:<name>` set, `os:<linux|macos|windows>`.
    #[serde(default)]
    #[schemars(with = "Vec<Requirement>", extend("examples" = [["program:redis-server"]]))]
    requires: Vec<String>,
    /// Time limit of the build and of the final read: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour", with = "period")]
    #[schemars(with = "TimeLimit")]
    timeout: Duration,
    /// Working directory, relative to the workspace root.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["services/api"]))]
    directory: Option<String>,
    /// Group in which the suite runs. Default: `resilience`.
    #[schemars(extend("examples" = ["equivalence"]))]
    group: Option<Group>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

fn one() -> u32 {
    1
}

fn three() -> u32 {
    3
}

fn twenty() -> u32 {
    20
}

fn thousand() -> u32 {
    1000
}

fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

impl From<DrillSuite> for SuitePolicy {
    fn from(suite: DrillSuite) -> Self {
        let drill = DrillPolicy {
            build: suite.build,
            instances: suite.instances,
            ready: suite.ready,
            stop: suite.stop,
            load: suite.load,
            read: suite.read,
            verify: suite.verify,
            verified: suite.verified,
            model: suite.model,
            operations: suite.operations,
            within_ms: u64::from(suite.within_ms),
            start_within: suite.start_within,
            repeats: suite.repeats,
            invariants: suite.invariant,
            faults: suite.fault,
            guarantees: suite.guarantee,
        };
        Self {
            drill: Some(Box::new(drill)),
            required: suite.required,
            stage: suite.stage,
            inputs: suite.inputs,
            env: suite.env,
            requires: suite.requires,
            timeout: suite.timeout,
            directory: suite.directory,
            group: suite.group,
            location: Some(suite.location),
            ..Self::new(SuiteKind::Drill, suite.name, suite.start)
        }
    }
}

#[cfg(test)]
mod tests;
