//! Exit codes, a documented contract: "not ready" is never mixed up with "the tool could not tell".

/// The stage may be entered: every check passed or only warned.
pub const READY: i32 = 0;
/// The stage may not be entered: at least one check blocks it.
pub const NOT_READY: i32 = 1;
/// The command line or `gate.toml` is wrong; nothing was run.
pub const USAGE: i32 = 2;
/// The tool itself could not carry out a check or write its results.
pub const TOOL_FAILED: i32 = 3;
/// A toolchain that the command cannot do without (cargo, rustc) is missing.
pub const TOOLCHAIN_MISSING: i32 = 4;
/// One shard of a run that several machines share: nothing in it blocks, and a merge of all shards decides.
pub const SHARD: i32 = 5;
/// Interrupted by Ctrl-C or a termination request; what was stored is sound.
pub const INTERRUPTED: i32 = 130;

/// One exit code with what it means and what to do about it; the source of `cargo gate explain exit-code`.
#[derive(Debug, Clone, Copy)]
pub struct ExitCode {
    /// Number handed to the operating system.
    pub code: i32,
    /// Short name used in reports.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What the reader can do next.
    pub remedy: &'static str,
}

/// Every exit code of the tool, in ascending order.
pub const ALL: &[ExitCode] = &[
    ExitCode {
        code: READY,
        name: "ready",
        meaning: "the stage may be entered: every check passed or only warned",
        remedy: "nothing to do; warnings are listed in the report and block under `--strict`",
    },
    ExitCode {
        code: NOT_READY,
        name: "not-ready",
        meaning: "the stage may not be entered: at least one check blocks it",
        remedy: "follow the list under \"what would unblock it\" in the report",
    },
    ExitCode {
        code: USAGE,
        name: "usage",
        meaning: "the command line or gate.toml is invalid; nothing was run",
        remedy: "fix what the message points at; `cargo gate --help` lists the flags",
    },
    ExitCode {
        code: TOOL_FAILED,
        name: "tool-failed",
        meaning: "the tool itself could not carry out a check or write its results",
        remedy: "read the error under the check; `cargo gate doctor` shows what is missing",
    },
    ExitCode {
        code: TOOLCHAIN_MISSING,
        name: "toolchain-missing",
        meaning: "a required program of the toolchain (cargo or rustc) is missing",
        remedy: "install the toolchain that `cargo gate doctor` names",
    },
    ExitCode {
        code: SHARD,
        name: "shard",
        meaning: "`--partition`: nothing in this shard of the suites blocks, and the other shards are not known",
        remedy: "`cargo gate evidence merge` with the runs of all shards decides",
    },
    ExitCode {
        code: INTERRUPTED,
        name: "interrupted",
        meaning: "interrupted by Ctrl-C or a termination request; stored evidence is intact",
        remedy: "run the same command again: completed evidence is reused",
    },
];
