//! What every subcommand says: exit code, stdout and stderr, one snapshot each.

#[path = "commands/advisories.rs"]
mod advisories;
#[path = "commands/applying.rs"]
mod applying;
#[path = "commands/composed.rs"]
mod composed;
#[path = "commands/data.rs"]
mod data;
#[path = "commands/documents.rs"]
mod documents;
#[path = "commands/fix.rs"]
mod fix;
#[path = "commands/governance.rs"]
mod governance;
#[path = "commands/groups.rs"]
mod groups;
#[path = "commands/imported.rs"]
mod imported;
#[path = "commands/incident.rs"]
mod incident;
#[path = "commands/init.rs"]
mod init;
#[path = "commands/kernel_sets.rs"]
mod kernel_sets;
#[path = "commands/kernels.rs"]
mod kernels;
#[path = "commands/merge.rs"]
mod merge;
#[path = "commands/progress.rs"]
mod progress;
#[path = "commands/promises.rs"]
mod promises;
#[path = "commands/ready.rs"]
mod ready;
#[path = "commands/ready_suite.rs"]
mod ready_suite;
#[path = "commands/runs.rs"]
mod runs;
#[cfg(unix)]
#[path = "commands/shards.rs"]
mod shards;
#[path = "commands/shells.rs"]
mod shells;
#[path = "commands/stages.rs"]
mod stages;
#[path = "commands/surfaces.rs"]
mod surfaces;
#[path = "commands/surroundings.rs"]
mod surroundings;
#[path = "commands/toolchain.rs"]
mod toolchain;
#[path = "commands/tree.rs"]
mod tree;

use gate_tests::gate;
use gate_tests::harness::Gate;

/// A workspace that is ready, before any run.
fn good() -> Gate {
    gate!().fixture("good").git_init()
}

/// A workspace with raw code where none belongs, and a test that fails.
fn bad() -> Gate {
    gate!().fixture("bad").git_init()
}
