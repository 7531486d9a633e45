//! `cargo gate evidence cache gc`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use clap::Args;
use gate_build::store::{Bounds, Collection};
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use crate::cli::kernels::store::store_of_kernels;
use gate_base::error::Result;
use gate_evidence::lock::Lock;
use gate_evidence::store::{GcReport, Retention, Store};

use super::size;

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Keep entries used within this many days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub(crate) keep_days: u32,
    /// Shrink each store to this many MiB, removing the least recently used entries first
    #[arg(long, value_name = "MIB")]
    pub(crate) max_size: Option<u64>,
    /// List what would be removed without removing it
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// What `cargo gate evidence cache gc` did, or with `--dry-run` would do.
#[derive(Serialize)]
struct Report {
    dry_run: bool,
    evidence: GcReport,
    kernels: Kernels,
}

/// The same of the kernel store.
#[derive(Default, Serialize)]
struct Kernels {
    /// In the order in which they go.
    removed: Vec<Removed>,
    removed_bytes: u64,
    kept_entries: u64,
    kept_bytes: u64,
    /// Of the kept entries.
    pinned_entries: u64,
}

#[derive(Serialize)]
struct Removed {
    /// Below the store.
    place: String,
    bytes: u64,
    /// `age`, `size` or `abandoned`.
    cause: &'static str,
}

impl Kernels {
    fn of(collection: Collection) -> Self {
        let removed: Vec<Removed> = collection
            .evicted
            .into_iter()
            .map(|evicted| Removed {
                place: evicted.place,
                bytes: evicted.bytes,
                cause: evicted.cause.as_str(),
            })
            .collect();
        Self {
            removed_bytes: removed.iter().map(|removed| removed.bytes).sum(),
            removed,
            kept_entries: collection.kept,
            kept_bytes: collection.kept_bytes,
            pinned_entries: collection.pinned,
        }
    }
}

pub(super) fn run(store: &Store, gate_dir: &Path, arguments: &GcArgs, conversation: &Conversation<'_>) -> Result<()> {
    let age = Duration::from_secs(u64::from(arguments.keep_days) * 24 * 60 * 60);
    let bytes = arguments.max_size.map(|mib| mib.saturating_mul(1024 * 1024));
    let now = SystemTime::now();
    let mut evidence = GcReport::default();
    if gate_dir.is_dir() {
        let _lock = Lock::acquire(gate_dir, conversation.cancel, || {
            conversation
                .printer
                .status("Blocking", "waiting for file lock on the gate directory");
        })?;
        let retention = Retention {
            max_age: Some(age),
            max_bytes: bytes,
            dry_run: arguments.dry_run,
        };
        evidence = store.gc(retention, now)?;
    }
    let found = store_of_kernels(conversation)?.map(|local| {
        let usual = local.bounds();
        // The options replace what the environment says, in both directions.
        let bounds = Bounds {
            bytes: bytes.unwrap_or(usual.bytes),
            age: Some(age),
        };
        local.collect(&bounds, now, arguments.dry_run)
    });
    let report = Report {
        dry_run: arguments.dry_run,
        evidence,
        kernels: found.map_or_else(Kernels::default, Kernels::of),
    };
    match arguments.format.message_format {
        DataFormat::Json => conversation.printer.data(&crate::cli::json(&report)?),
        DataFormat::Human => conversation.printer.data(report.to_text()),
    }
}

impl Report {
    fn to_text(&self) -> String {
        let mut text = String::new();
        if self.dry_run {
            for removed in &self.evidence.removed {
                let _ = writeln!(text, "evidence  {}  {}", removed.place, size(removed.bytes));
            }
            for removed in &self.kernels.removed {
                let _ = writeln!(
                    text,
                    "kernels  {}  {}  {}",
                    removed.place,
                    size(removed.bytes),
                    removed.cause
                );
            }
        }
        let removed = if self.dry_run { "would remove" } else { "removed" };
        let evidence = &self.evidence;
        let _ = writeln!(
            text,
            "evidence: {removed} {} entries and {} files ({}), kept {} ({})",
            evidence.removed_entries,
            evidence.removed_files,
            size(evidence.removed_bytes),
            evidence.kept_entries,
            size(evidence.kept_bytes)
        );
        let kernels = &self.kernels;
        if kernels.kept_entries == 0 && kernels.removed.is_empty() {
            return text;
        }
        let _ = writeln!(
            text,
            "kernels: {removed} {} entries ({}), kept {} ({}), {} of them pinned",
            kernels.removed.len(),
            size(kernels.removed_bytes),
            kernels.kept_entries,
            size(kernels.kept_bytes),
            kernels.pinned_entries
        );
        text
    }
}
