//! Whether a run directory of machine learning may be deployed, judged from its bytes: documents are read strictly, files hashed
//! again, data compared again. A status that somebody wrote can make a run fail, and never pass.
//!
//! ```
//! use gate_ready::{Options, Status, validate};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! let report = validate(folder.path(), &Options::default())?;
//! assert_eq!(report.overall_status, Status::Fail);
//! for check in &report.checks {
//!     println!("{}: {}", check.name, check.message);
//! }
//! # Ok::<(), gate_base::error::Error>(())
//! ```

mod checks;
mod contamination;
mod directory;
mod documents;
mod identity;
mod inflate;
mod json;
mod layout;
mod locked;
mod paired;
mod report;
mod rows;
mod run;
mod said;
mod verdict;

use std::path::Path;

use gate_base::error::Result;

pub use contamination::{Kind, Match, Overlap, Shard, overlap};
pub use report::{CheckReport, Report, Status, Summary};
pub use run::Options;

/// Judges a run directory.
///
/// # Errors
/// It is not there or is not a directory (usage), or cannot be listed (tool). A check that cannot be carried out is `ERROR` in the report.
pub fn validate(directory: &Path, options: &Options) -> Result<Report> {
    let run = run::Run::open(directory, options)?;
    let checks = checks::all(&run);
    Ok(Report::new(checks::masked(&run.id()), run.layout.name(), checks))
}
