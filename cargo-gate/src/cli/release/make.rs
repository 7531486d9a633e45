//! `cargo gate release` without a subcommand.

use std::path::PathBuf;

use clap::Args;
use semver::Version;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use crate::cli::evidence::sign::private_key;
use crate::cli::govern::promote::run::sound_history;
use crate::cli::reports::display_below;
use crate::cli::run_named::quoted;
use crate::cli::stage::judge_quietly;
use gate_base::digest::sha256_hex;
use gate_base::error::Result;
use gate_base::exit;
use gate_base::stage::Stage;
use gate_policy::authority::PrivateKey;
use gate_release::decided::Decided;
use gate_release::stop::{Reason, Stop};
use gate_release::{Done, Receipt, Release, before_run};

#[derive(Debug, Args)]
pub(super) struct MakeArgs {
    /// Do everything but the upload
    #[arg(long)]
    dry_run: bool,
    /// Let a dry run rest on the decision for this stage, instead of `stage` under `[release]`
    #[arg(long, value_name = "STAGE", requires = "dry_run")]
    stage: Option<Stage>,
    /// Refuse any other version than this
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Hand out the files of this directory too, which were built elsewhere; checksums and statements cover them
    #[arg(long, value_name = "DIR")]
    attach: Option<PathBuf>,
    /// Continue an interrupted release of this commit
    #[arg(long)]
    resume: bool,
    /// Private Ed25519 key in OpenSSH format, without a passphrase, of an authority under `[decisions]`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    message_format: DataFormat,
}

/// What the command shows: the model of its JSON.
#[derive(Debug, Serialize)]
struct View<'a> {
    released: bool,
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    signed: bool,
    /// Why there is no release.
    reasons: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<&'a Receipt>,
}

pub(super) fn run(arguments: &MakeArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let key = arguments.key.as_deref().map(|path| {
        let help = "make a key for releases alone, and let the machine that releases keep it secret";
        private_key(path, help)
    });
    match release(arguments, key.transpose()?.as_ref(), conversation) {
        Ok(code) => Ok(code),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Refused(reasons)) => refused(arguments, &reasons, conversation),
    }
}

fn release(
    arguments: &MakeArgs,
    key: Option<&PrivateKey>,
    conversation: &Conversation<'_>,
) -> gate_release::stop::Result<i32> {
    let workspace = conversation.workspace()?;
    let mut policy = conversation.policy(&workspace)?;
    let declared = policy.release.clone().unwrap_or_default().stage();
    if let Some(stage) = arguments.stage.filter(|stage| *stage != declared) {
        let about = format!("on the decision for {stage}; what is published rests on that for {declared}");
        conversation.printer.status("Resting", &about);
        policy.release.get_or_insert_default().stage = Some(stage);
    }
    before_run(&workspace, &policy, arguments.version.as_ref(), arguments.dry_run)?;
    let stage = policy.release.clone().unwrap_or_default().stage();
    let (lock, history) = sound_history(&workspace, conversation)?;
    let found = Decided::find(&history, &workspace, &policy, stage, None)?;
    let head = workspace.git().and_then(|git| git.head.clone());
    let permits = |decided: &Decided| {
        let entry = &decided.entry;
        entry.decision.is_ready() && entry.commit == head && !entry.dirty
    };
    let (_lock, workspace, decided) = match found.filter(permits) {
        Some(decided) => (lock, workspace, decided),
        None => {
            conversation
                .printer
                .status("Judging", &format!("the content for {stage}"));
            drop(lock);
            judge_quietly(stage, workspace, conversation)?;
            let workspace = conversation.workspace()?;
            let (lock, history) = sound_history(&workspace, conversation)?;
            let decided = Decided::find(&history, &workspace, &policy, stage, None)?
                .ok_or_else(|| Stop::refused("no run judged the current content", format!("`cargo gate {stage}`")))?;
            (lock, workspace, decided)
        }
    };
    let say = |verb: &str, what: &str| conversation.printer.status(verb, what);
    let done = Release {
        workspace: &workspace,
        policy: &policy,
        decided: &decided,
        version: arguments.version.as_ref(),
        attach: arguments.attach.as_deref(),
        key,
        dry_run: arguments.dry_run,
        resume: arguments.resume,
        cancel: conversation.cancel,
        say: &say,
    }
    .run()?;
    show(
        arguments,
        &done,
        &display_below(&done.directory, &workspace),
        conversation,
    )?;
    Ok(exit::READY)
}

fn show(arguments: &MakeArgs, done: &Done, directory: &str, conversation: &Conversation<'_>) -> Result<()> {
    let receipt = &done.receipt;
    match arguments.message_format {
        DataFormat::Json => conversation.printer.data(&crate::cli::json(&View {
            released: !arguments.dry_run,
            dry_run: arguments.dry_run,
            directory: Some(directory.to_owned()),
            signed: done.signed,
            reasons: Vec::new(),
            receipt: Some(receipt),
        })?),
        DataFormat::Human => {
            let verb = if arguments.dry_run { "Prepared" } else { "Released" };
            conversation
                .printer
                .status(verb, &format!("{} {}", receipt.name, receipt.version));
            let mut text = String::new();
            for file in &receipt.files {
                text += &format!("{}  {:>10}  {}\n", file.sha256, file.size, file.path);
            }
            let bytes = std::fs::read(done.directory.join("receipt.json")).unwrap_or_default();
            text += &format!("receipt sha256 {}\n", sha256_hex(&bytes));
            text += &format!("next: cargo gate verify {}\n", quoted(directory));
            conversation.printer.data(&text)
        }
    }
}

fn refused(arguments: &MakeArgs, reasons: &[Reason], conversation: &Conversation<'_>) -> Result<i32> {
    if arguments.message_format == DataFormat::Json {
        conversation.printer.data(&crate::cli::json(&View {
            released: false,
            dry_run: arguments.dry_run,
            directory: None,
            signed: false,
            reasons: reasons.iter().map(|reason| reason.message.clone()).collect(),
            receipt: None,
        })?)?;
    }
    for reason in reasons {
        let message = format!("not released: {}", reason.message);
        conversation.printer.warning(&message, Some(&reason.help));
    }
    Ok(exit::NOT_READY)
}
