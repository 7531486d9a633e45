//! Arguments of `cargo gate register`.

use clap::{Args, Subcommand};

use crate::policy::{ItemKind, Level, Severity};

use super::DataFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// Add an open item; the first one creates the file
    Add(RegisterAddArgs),
    /// Defer an item to a day
    Defer(RegisterDeferArgs),
    /// Close an item
    Close(RegisterCloseArgs),
    /// List what is not closed, the worst first
    List(RegisterListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RegisterAddArgs {
    /// What it is about, one line
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: String,
    /// How bad an issue is
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub(crate) severity: Option<Severity>,
    /// Whether something is wrong, or may go wrong
    #[arg(long, value_name = "KIND", value_enum, default_value_t = ItemKind::Issue)]
    pub(crate) kind: ItemKind,
    /// Its id [default: the next number behind the prefix of the last item]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Day on which it was found, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) opened: Option<jiff::civil::Date>,
    /// Id of the item that deals with it
    #[arg(long, value_name = "ID")]
    pub(crate) tracked_by: Option<String>,
    /// What must be true for it to be closed; may be given more than once
    #[arg(long, value_name = "TEXT")]
    pub(crate) acceptance: Vec<String>,
    /// How much a risk costs when it comes true
    #[arg(long, value_name = "LEVEL", value_enum, help_heading = "Risks")]
    pub(crate) impact: Option<Level>,
    /// How likely a risk is to come true
    #[arg(long, value_name = "LEVEL", value_enum, help_heading = "Risks")]
    pub(crate) probability: Option<Level>,
    /// What is done to keep a risk from coming true
    #[arg(long, value_name = "TEXT", help_heading = "Risks")]
    pub(crate) mitigation: Option<String>,
    /// What is done when a risk comes true
    #[arg(long, value_name = "TEXT", help_heading = "Risks")]
    pub(crate) fallback: Option<String>,
    /// Day by which a risk is looked at again, YYYY-MM-DD
    #[arg(long, value_name = "DATE", help_heading = "Risks")]
    pub(crate) review: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterDeferArgs {
    /// Id of the item
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Last day of the deferral, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) until: jiff::civil::Date,
    /// Why it is deferred
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// How it will be closed
    #[arg(long, value_name = "TEXT")]
    pub(crate) closure: String,
    /// Who answers for it [default: the owner that it has]
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterCloseArgs {
    /// Id of the item
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Commit that closed it: a hash, a branch or a tag [default: the commit that is checked out]
    #[arg(long, value_name = "REVISION")]
    pub(crate) commit: Option<String>,
    /// What closed it, in words: a release, or why nothing had to be done
    #[arg(long, value_name = "TEXT")]
    pub(crate) resolution: Option<String>,
    /// Day on which it was closed, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterListArgs {
    /// Show closed items as well
    #[arg(long)]
    pub(crate) all: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}
