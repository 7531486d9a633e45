//! What a run hands over to be written.

use gate_report::MaskedReport;
use gate_text::secrets::Masked;

use super::{AuditStep, EnvironmentRecord};

/// Everything a run leaves behind.
#[derive(Debug)]
pub struct RunRecord<'a> {
    /// Id from [`crate::run_dir::Runs::new_id`].
    pub run_id: &'a str,
    /// The report. Its `chain` is `None`: it becomes known when the run has been written, and the report is one of the
    /// files it covers.
    pub report: &'a MaskedReport,
    /// The same report, rendered as JSON.
    pub json: &'a Masked<'a>,
    /// The same report, rendered as Markdown.
    pub markdown: &'a Masked<'a>,
    /// The same report as a page of HTML.
    pub html: &'a Masked<'a>,
    /// The command line as argument vector; paths of the user's machine are redacted when it is written.
    pub command: &'a [String],
    /// Digest of the checklist, of the catalogue of built-in checks.
    pub catalogue_sha256: &'a str,
    /// The machine.
    pub environment: &'a EnvironmentRecord,
    /// The steps of the run in order.
    pub audit: &'a [AuditStep],
    /// Logs and other evidence.
    pub files: &'a [RunFile],
}

/// A file of evidence that is kept in the run directory.
#[derive(Debug, Clone)]
pub struct RunFile {
    /// Path inside the run directory, `/`-separated: `suites/<name>.log`.
    pub path: String,
    /// Id of the check that produced it.
    pub check: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}
