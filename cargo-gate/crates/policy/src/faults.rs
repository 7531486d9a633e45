//! Drills as the rest of the tool sees them: which system, which faults, and within what it must recover.

use std::time::Duration;

use crate::JsonSchema;
use gate_drill::history::Model;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::{Command, Period, SuiteName, Text, command, period};

/// How a drill is run and judged. The suite's own command starts the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrillPolicy {
    /// A command that runs once, before everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Vec<String>>,
    /// How many instances the system has.
    pub instances: u32,
    /// Succeeds once an instance answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<Vec<String>>,
    /// Asks an instance to end; without it, the system is asked by a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
    /// Writes the history.
    pub load: Vec<String>,
    /// Writes what is stored in the end.
    pub read: Vec<String>,
    /// Verifies what was acknowledged, next to the load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<Vec<String>>,
    /// Writes what counts as verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Vec<String>>,
    /// What of the history must be there in the end.
    pub model: Model,
    /// Acknowledged operations in a row that are steady state.
    pub operations: u32,
    /// Longest time of one of them, in milliseconds.
    pub within_ms: u64,
    /// How long the system may take to be ready, and to reach steady state after that.
    #[serde(with = "period")]
    pub start_within: Duration,
    /// How often each fault is repeated.
    pub repeats: u32,
    /// What holds all the time.
    pub invariants: Vec<Invariant>,
    /// What is done to the system.
    pub faults: Vec<DrillFault>,
    /// What is promised, and which faults show it.
    pub guarantees: Vec<Guarantee>,
}

/// What holds before, during and after a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Invariant {
    /// Its name.
    #[schemars(with = "SuiteName", extend("examples" = ["nothing-unverified"]))]
    pub name: String,
    /// A command that succeeds as long as it holds. It runs before, during and after each fault.
    #[serde(deserialize_with = "command")]
    #[schemars(with = "Command", extend("examples" = [["invariant", "{directory}"]]))]
    pub command: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A fault and what must come after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DrillFault {
    /// Its name.
    #[schemars(with = "SuiteName", extend("examples" = ["killed"]))]
    pub name: String,
    /// What happens.
    #[schemars(extend("examples" = ["kill"]))]
    pub kind: FaultKind,
    /// Which instance it happens to, from 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 9), extend("examples" = [1]))]
    pub instance: u32,
    /// How long it lasts before it is repaired.
    #[serde(default = "second", rename = "for", with = "period")]
    #[schemars(with = "Period", extend("x-min" = "1s", "x-max" = "1h", "examples" = ["5s"]))]
    pub lasts: Duration,
    /// Time after the repair within which steady state is reached again.
    #[serde(default = "ten_seconds", with = "period")]
    #[schemars(with = "Period", extend("x-min" = "1s", "x-max" = "1h", "x-sane-max" = "15m", "x-why" = "what may be away for that long needs no recovery", "examples" = ["30s"]))]
    pub recovery: Duration,
    /// Whether operations must be acknowledged while it lasts, as where the other instances go on.
    #[serde(default)]
    pub serves: bool,
    /// For `delay` and `slow-close`: how much later bytes, or the end of a connection, are passed on, in milliseconds.
    #[schemars(range(min = 1, max = 60_000), extend("examples" = [2000]))]
    pub latency_ms: Option<u32>,
    /// For `delay`: the most that is added at random, in milliseconds.
    #[schemars(range(min = 1, max = 60_000), extend("examples" = [500]))]
    pub jitter_ms: Option<u32>,
    /// For `crash-loop`: how often the system is killed and started again.
    #[schemars(range(min = 2, max = 100), extend("examples" = [5]))]
    pub times: Option<u32>,
    /// For `corrupt`: a bit is flipped in one of this many bytes of each direction.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [16]))]
    pub every: Option<u32>,
    /// For `back-pressure`: the most bytes that all connections together pass on in a second, both directions.
    #[schemars(range(min = 1, max = 1_000_000_000), extend("examples" = [20]))]
    pub bytes_per_second: Option<u32>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// What happens to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// An instance and all that it started are ended by force. Repair: it is started again, with the same data.
    Kill,
    /// The same, several times in a row.
    CrashLoop,
    /// An instance is stopped where it is. Repair: it goes on. On Unix only.
    Pause,
    /// Bytes of its connections are passed on later.
    Delay,
    /// Its connections are closed, and new ones too.
    Cut,
    /// Its connections stay open, and no byte arrives.
    BlackHole,
    /// The end of a connection is passed on later.
    SlowClose,
    /// Bits of what is sent are flipped.
    Corrupt,
    /// Few bytes of its connections are passed on, so that the load backs up.
    BackPressure,
    /// No byte can be written to a file, by anything that an instance started. Repair: they can be written, and what ended is
    /// started again. On Linux only.
    DiskFull,
    /// The verifier is stopped where it is. Repair: it goes on. On Unix only.
    VerificationDelay,
}

impl FaultKind {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Kill => "kill",
            FaultKind::CrashLoop => "crash-loop",
            FaultKind::Pause => "pause",
            FaultKind::Delay => "delay",
            FaultKind::Cut => "cut",
            FaultKind::BlackHole => "black-hole",
            FaultKind::SlowClose => "slow-close",
            FaultKind::Corrupt => "corrupt",
            FaultKind::BackPressure => "back-pressure",
            FaultKind::DiskFull => "disk-full",
            FaultKind::VerificationDelay => "verification-delay",
        }
    }
}

/// A promise about the system, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guarantee {
    /// Its name.
    #[schemars(with = "SuiteName", extend("examples" = ["durable"]))]
    pub name: String,
    /// The promise, one sentence.
    #[schemars(with = "Text<1000>", extend("examples" = ["what was acknowledged survives a crash"]))]
    pub text: String,
    /// Names of the faults that show it.
    #[schemars(with = "Vec<SuiteName>", length(min = 1), extend("examples" = [["killed"]]))]
    pub faults: Vec<String>,
}

fn one() -> u32 {
    1
}

fn second() -> Duration {
    Duration::from_secs(1)
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}
