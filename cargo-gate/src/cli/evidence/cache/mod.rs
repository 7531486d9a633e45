//! `cargo gate evidence cache`: the stores of evidence and of kernels.

mod gc;
mod size;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use clap::Subcommand;
use gate_build::store::{History, Local, Usage, Verified};
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use crate::cli::kernels::store::store_of_kernels;
use gate_base::error::Result;
use gate_base::exit;
use gate_evidence::store::{Damage, Stats, Store};
use gate_gpu::kernels::stored::hit_rate;
use size::size;

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Show the size of both stores and how often they saved a compilation
    Stats(FormatArgs),
    /// Read every entry of both stores and remove damaged ones
    Verify(FormatArgs),
    /// Remove entries that have not been used recently
    Gc(gc::GcArgs),
}

pub(super) fn run(command: &CacheCommand, conversation: &Conversation<'_>) -> Result<i32> {
    let gate_dir = conversation.workspace()?.gate_dir();
    let store = Store::new(&gate_dir);
    match command {
        CacheCommand::Stats(arguments) => stats(&store, arguments.message_format, conversation)?,
        CacheCommand::Verify(arguments) => verify(&store, arguments.message_format, conversation)?,
        CacheCommand::Gc(arguments) => gc::run(&store, &gate_dir, arguments, conversation)?,
    }
    Ok(exit::READY)
}

/// What `cargo gate evidence cache stats` says of both stores.
#[derive(Serialize)]
struct Report {
    /// Pairs of kernel and architecture that builds looked for, and what follows from that.
    #[serde(flatten)]
    counts: BTreeMap<&'static str, u64>,
    hit_rate: Option<f64>,
    builds: u64,
    since: Option<String>,
    entries: u64,
    bytes: u64,
    /// Files whose kernels stay: kernel locks of crates that were built, and manifests that were pinned.
    pins: Vec<String>,
    evidence: Stats,
}

impl Report {
    fn new(history: &History, usage: Usage, pins: Vec<String>, evidence: Stats) -> Self {
        Self {
            counts: history.total.named().into_iter().collect(),
            hit_rate: hit_rate(history.total.lookups, history.total.hits),
            builds: history.builds,
            since: history
                .since
                .and_then(|since| Timestamp::from_second(since.try_into().ok()?).ok())
                .map(|since| since.to_string()),
            entries: usage.entries,
            bytes: usage.bytes,
            pins,
            evidence,
        }
    }
}

fn stats(store: &Store, format: DataFormat, conversation: &Conversation<'_>) -> Result<()> {
    let evidence = store.stats()?;
    let kernels = store_of_kernels(conversation)?;
    let (history, usage) = kernels
        .as_ref()
        .map_or_else(Default::default, |local| (local.history(), local.usage()));
    if format == DataFormat::Json {
        let pins = kernels.as_ref().map_or_else(Vec::new, pins);
        let report = Report::new(&history, usage, pins, evidence);
        return conversation.printer.data(&crate::cli::json(&report)?);
    }
    let used = match (evidence.oldest.and_then(day), evidence.newest.and_then(day)) {
        (Some(oldest), Some(newest)) => format!("  last used  {oldest} to {newest}\n"),
        _ => String::new(),
    };
    let mut text = format!(
        "evidence\n  entries    {}\n  files      {}\n  size       {}\n{used}  store      {}\n",
        evidence.entries,
        evidence.blobs,
        size(evidence.bytes),
        store.root().display()
    );
    if let Some(local) = kernels.filter(|_| usage.entries > 0 || history.builds > 0) {
        text.push_str(&kernel_text(&history, usage, &local));
    }
    conversation.printer.data(&text)
}

fn pins(local: &Local) -> Vec<String> {
    let pins = local.pins().into_iter();
    pins.map(|pin| pin.holder.path().display().to_string()).collect()
}

fn kernel_text(history: &History, usage: Usage, local: &Local) -> String {
    let total = history.total;
    let rate = hit_rate(total.lookups, total.hits).map_or_else(String::new, |rate| format!(" ({:.1} %)", rate * 100.0));
    let since = history
        .since
        .and_then(|since| day(SystemTime::UNIX_EPOCH + Duration::from_secs(since)))
        .map_or_else(String::new, |since| format!(" since {since}"));
    let pins: String = pins(local)
        .iter()
        .map(|pin| format!("  pinned     by {pin}\n"))
        .collect();
    format!(
        "kernels\n  entries    {}\n  size       {}\n  builds     {}{since}\n  lookups    {}\n  hits       {}{rate}\n \
          remote     {} hits, {} entries written, {} failed requests\n  damaged    {}\n  evicted    {}\n{pins}  \
         store      {}\n",
        usage.entries,
        size(usage.bytes),
        history.builds,
        total.lookups,
        total.hits,
        total.remote_hits,
        total.uploads,
        total.remote_unavailable,
        total.corrupt,
        total.evicted,
        local.root().display()
    )
}

/// What `cargo gate evidence cache verify` found.
#[derive(Serialize)]
struct VerifyReport {
    checked: u64,
    bytes: u64,
    corrupt: Vec<String>,
    unreadable: Vec<String>,
    evidence: Damage,
}

fn verify(store: &Store, format: DataFormat, conversation: &Conversation<'_>) -> Result<()> {
    let kernels = store_of_kernels(conversation)?;
    let Verified {
        checked,
        bytes,
        corrupt,
        unreadable,
    } = kernels.map_or_else(Verified::default, |local| local.verify());
    let evidence = store.verify()?;
    let report = VerifyReport {
        checked,
        bytes,
        corrupt,
        unreadable,
        evidence,
    };
    if format == DataFormat::Json {
        return conversation.printer.data(&crate::cli::json(&report)?);
    }
    let mut text = String::new();
    for (what, places) in [
        ("kernels: damaged and removed", &report.corrupt),
        ("kernels: cannot be read", &report.unreadable),
        ("evidence: damaged and removed", &report.evidence.removed),
    ] {
        for place in places {
            text.push_str(&format!("{what}: {place}\n"));
        }
    }
    if report.checked > 0 {
        text.push_str(&format!(
            "kernels: {} entries ({}) read, {} damaged\n",
            report.checked,
            size(report.bytes),
            report.corrupt.len(),
        ));
    }
    text.push_str(&format!(
        "evidence: {} files read, {} damaged\n",
        report.evidence.checked,
        report.evidence.removed.len()
    ));
    conversation.printer.data(&text)
}

fn day(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}
