//! `cargo gate release migrate compare`: whether everything of an old version has somewhere to go in a new one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_govern::migration::{Judged, Map, Surface, judge};
use gate_report::render::human::Detail;

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The old version: a kernel lock, a JSON Schema or a TOML file
    #[arg(value_name = "OLD")]
    pub(crate) from: PathBuf,
    /// The new version, of the same kind
    #[arg(value_name = "NEW")]
    pub(crate) to: PathBuf,
    /// File with transforms for elements that differ
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Also fail if a change cannot be reversed
    #[arg(long)]
    pub(crate) reversible: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// What the command shows: the model of its JSON.
#[derive(Debug, Serialize)]
struct View<'a> {
    from: &'a str,
    to: &'a str,
    #[serde(flatten)]
    judged: Judged,
}

pub(super) fn run(arguments: &CompareArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let (from, to) = (shown(&arguments.from), shown(&arguments.to));
    let surface = |path: &Path, name: &str| {
        Surface::of(name, &read(path)?).map_err(|error| {
            let line = error.line.map_or_else(String::new, |line| format!(":{line}"));
            Error::usage(format!("{name}{line}: {}", error.message))
                .with_help("pass kernel locks, JSON Schemas or TOML files")
        })
    };
    let (old, new) = (surface(&arguments.from, &from)?, surface(&arguments.to, &to)?);
    let map_name = arguments.map.as_deref().map(shown).unwrap_or_default();
    let map = match &arguments.map {
        None => Map::default(),
        Some(path) => Map::parse(&read(path)?).map_err(|error| {
            Error::usage(format!("{map_name}:{}: {}", error.line, error.message))
                .with_help("write `from`, and `to` or `drop`; see the guide on migration")
        })?,
    };
    if conversation.printer.detail() == Detail::Verbose {
        conversation.printer.status("Reading", &format!("{from} and {to}"));
    }
    let judged = judge(&old, &new, &map);
    let failed = !judged.losses.is_empty() || (arguments.reversible && !judged.reversible);
    let view = View {
        from: &from,
        to: &to,
        judged,
    };
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&view)?,
        DataFormat::Human => view.to_text(&map_name),
    };
    conversation.printer.data(&text)?;
    Ok(if failed { exit::NOT_READY } else { exit::READY })
}

impl View<'_> {
    fn to_text(&self, map: &str) -> String {
        let mut text = String::new();
        for loss in &self.judged.losses {
            let place = loss.line.map_or_else(String::new, |line| format!("{map}:{line}: "));
            let _ = writeln!(text, "{place}{} ({})", loss.message, loss.code);
        }
        for why in &self.judged.irreversible {
            let _ = writeln!(text, "no way back for {}: {} ({})", why.source, why.note, why.reason);
        }
        let Judged {
            elements,
            kept,
            moved,
            dropped,
            ..
        } = self.judged;
        let _ = writeln!(
            text,
            "{} to {}: {elements} elements, {kept} kept, {moved} moved, {dropped} dropped, {} lost",
            self.from,
            self.to,
            self.judged.losses.len()
        );
        let _ = writeln!(text, "reversible: {}", self.judged.reversible);
        text
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::usage(format!("cannot read `{}`: {error}", shown(path))).with_help("pass an existing file")
    })?;
    String::from_utf8(bytes)
        .map_err(|_| Error::usage(format!("`{}` is not UTF-8", shown(path))).with_help("save the file as UTF-8"))
}
