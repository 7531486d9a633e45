//! A history of events moves from one version to the next, or back: preflight, dry run, pause, cutover, verification, rollback if that
//! failed, resume.
//!
//! `machine` is the order of the steps, as types; `declared` begins them, `live` takes them on a real history, which `home` reads and switches and `commands`
//! transform; `journal` is what a kill leaves, from which [`recover`] goes on.

mod commands;
mod declared;
mod drift;
mod history;
mod home;
mod journal;
mod live;
mod machine;
mod recovery;
mod rehearsal;
mod reports;

pub use self::declared::Migration;
pub use self::drift::{Drift, Violation};
pub use self::history::Content;
pub use self::journal::{OpenMigration, open_migrations};
pub use self::machine::{Outcome, Step};
pub use self::recovery::recover;
pub use self::reports::{Direction, DryRun, Move, Preflight, Problem, Refused, Verdict};
#[cfg(feature = "schema")]
pub use self::reports::{cutover_schema, dry_run_schema};
