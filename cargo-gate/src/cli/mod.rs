//! The command line: arguments and wording, one file per subcommand, no logic.

pub mod doctor;
pub mod explain;
pub mod printer;
pub mod progress;
