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

mod archive;
mod card;
mod checks;
mod contamination;
mod croissant;
mod directory;
mod documents;
mod identity;
mod inflate;
mod json;
mod layout;
mod locked;
mod mlflow;
mod paired;
mod report;
mod rows;
mod run;
mod said;
mod signature;
mod sqlite;
mod stand_in;
mod verdict;

use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};

pub use contamination::{Kind, MOST, Match, Overlap, Part, Shard, overlap};
pub use report::{CheckReport, Report, Status, Summary};
pub use run::Options;

/// Judges a run directory.
///
/// # Errors
/// It is not there or is not a directory (usage), or cannot be listed (tool). A check that cannot be carried out is `ERROR` in the report.
pub fn validate(directory: &Path, options: &Options) -> Result<Report> {
    Ok(judge(directory, options)?.report)
}

/// A verdict, and what it rests on.
#[derive(Debug)]
pub struct Judged {
    /// The verdict.
    pub report: Report,
    /// Every path that was looked at, sorted: a directory stands for all that is in it, and that nothing is at a path counts too. The
    /// verdict is the same for as long as all of them are.
    pub seen: Vec<PathBuf>,
}

/// As [`validate`], with every path that the verdict rests on.
///
/// # Errors
/// As [`validate`].
pub fn judge(directory: &Path, options: &Options) -> Result<Judged> {
    let run = run::Run::open(directory, options)?;
    let checks = checks::all(&run);
    let report = Report::new(checks::masked(&run.id()), run.layout.name(), checks);
    Ok(Judged {
        report,
        seen: run.seen(),
    })
}

/// Reads public keys of those who may sign models.
///
/// # Errors
/// A file cannot be read (usage).
pub fn keys(paths: &[PathBuf]) -> Result<Vec<String>> {
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).map_err(|error| {
            Error::usage(format!("cannot read the key `{}`: {error}", path.display()))
                .with_help("name a public key in PEM, as `openssl ec -pubout` writes it")
        })
    };
    paths.iter().map(read).collect()
}

/// A part of the comparison of the data of a run. All parts together stand for the whole, as [`Options::parts`].
///
/// # Errors
/// As [`validate`]; the data cannot be compared (usage).
pub fn part(directory: &Path, options: &Options, shard: Shard) -> Result<Part> {
    let run = run::Run::open(directory, options)?;
    checks::part(&run, shard)
}
