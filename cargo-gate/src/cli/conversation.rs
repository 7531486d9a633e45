//! What every subcommand gets.

use super::arguments::Global;
use super::printer::Printer;
use gate_base::process::cancel::Cancel;
use gate_world::environment::Environment;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

/// What every subcommand gets: the global arguments, the printer and the outside world.
pub(super) struct Conversation<'a> {
    pub(super) global: &'a Global,
    pub(super) printer: &'a Printer,
    pub(super) environment: Environment,
    pub(super) cancel: &'a Cancel,
    pub(super) arguments: &'a [OsString],
    /// Where the workspace is looked for, where that is not the current directory.
    pub(super) directory: Option<PathBuf>,
    /// When the command started.
    pub(super) began: Instant,
}
