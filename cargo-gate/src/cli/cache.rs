//! `cargo gate cache stats|gc`.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::error::Result;
use crate::evidence::lock::Lock;
use crate::evidence::store::{Retention, Store};
use crate::exit;

use super::Conversation;
use crate::command_line::{CacheCommand, DataFormat, GcArgs};

pub(super) fn run(command: &CacheCommand, conversation: &Conversation<'_>) -> Result<i32> {
    let gate_dir = conversation.workspace()?.gate_dir();
    let store = Store::new(&gate_dir);
    match command {
        CacheCommand::Stats(arguments) => {
            let stats = store.stats()?;
            let text = match arguments.message_format {
                DataFormat::Json => super::json(&stats)?,
                DataFormat::Human => {
                    let used = match (stats.oldest.and_then(day), stats.newest.and_then(day)) {
                        (Some(oldest), Some(newest)) => format!("last used {oldest} to {newest}\n"),
                        _ => String::new(),
                    };
                    format!(
                        "evidence  {}\nfiles     {}\nsize      {}\n{used}store     {}\n",
                        stats.entries,
                        stats.blobs,
                        size(stats.bytes),
                        store.root().display()
                    )
                }
            };
            conversation.printer.data(&text)?;
        }
        CacheCommand::Gc(arguments) => gc(&store, &gate_dir, arguments, conversation)?,
    }
    Ok(exit::READY)
}

fn gc(store: &Store, gate_dir: &std::path::Path, arguments: &GcArgs, conversation: &Conversation<'_>) -> Result<()> {
    if !gate_dir.is_dir() {
        return conversation
            .printer
            .data("nothing to remove: there is no evidence yet\n");
    }
    let _lock = Lock::acquire(gate_dir, conversation.cancel, || {
        conversation
            .printer
            .status("Blocking", "waiting for file lock on the gate directory");
    })?;
    let retention = Retention {
        max_age: Some(Duration::from_secs(u64::from(arguments.keep_days) * 24 * 60 * 60)),
        max_bytes: arguments.max_size.map(|mib| mib.saturating_mul(1024 * 1024)),
    };
    let report = store.gc(retention, SystemTime::now())?;
    conversation.printer.data(&format!(
        "removed {} pieces of evidence and {} files ({}), kept {} ({})\n",
        report.removed_entries,
        report.removed_files,
        size(report.removed_bytes),
        report.kept_entries,
        size(report.kept_bytes)
    ))
}

fn day(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

fn size(bytes: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match STEPS.iter().find(|(step, _)| bytes >= *step) {
        Some((step, unit)) => format!("{:.1} {unit}", bytes as f64 / *step as f64),
        None => format!("{bytes} B"),
    }
}
