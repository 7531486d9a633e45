//! `cargo gate kernels pin|unpin|serve`: the store of kernels, which belongs to the user and needs no workspace.

use std::fmt::Write as _;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Args;
use gate_build::store::Local;

use crate::cli::Conversation;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_gpu::kernels::stored::cache_env;
use gate_gpu::remote;

#[derive(Debug, Args)]
pub(crate) struct PinArgs {
    /// Files in which the SHA-256 of PTX stand: kernel locks, kernel sets of runs, the registry of promotions
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// The kernel store, bounded as the environment says; nothing where there is no folder for one.
pub(in crate::cli) fn store_of_kernels(conversation: &Conversation<'_>) -> Result<Option<Local>> {
    Local::of(&cache_env(&conversation.environment)).map_err(|error| match error {
        gate_build::Error::Configuration { message, help, .. } => Error::usage(message).with_help(help),
        other => Error::usage(other.to_string()),
    })
}

/// The kernel store, which has to be there, and the files with absolute paths.
fn named(arguments: &PinArgs, conversation: &Conversation<'_>) -> Result<(Local, Vec<PathBuf>)> {
    let local = store_of_kernels(conversation)?.ok_or_else(|| {
        Error::usage("there is no folder for a kernel store").with_help("set `GATE_CACHE_DIR` to a folder")
    })?;
    let files = arguments.files.iter().map(|file| {
        std::path::absolute(file)
            .map(|file| file.components().collect())
            .map_err(|error| Error::io("find", file, &error))
    });
    Ok((local, files.collect::<Result<_>>()?))
}

pub(super) fn pin(arguments: &PinArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let (local, files) = named(arguments, conversation)?;
    let mut text = String::new();
    for (file, shown) in files.iter().zip(&arguments.files) {
        let bytes = std::fs::read(file).map_err(|error| Error::io("read", shown, &error))?;
        let pin = local
            .pin(file, &String::from_utf8_lossy(&bytes))
            .map_err(|error| Error::io("pin", shown, &error))?;
        let shown = shown.display();
        if pin.held.is_empty() {
            let _ = local.unpin(file);
            return Err(
                Error::usage(format!("`{shown}` names no PTX that the kernel store holds"))
                    .with_help("build the kernels first; a pin keeps what is there"),
            );
        }
        let _ = writeln!(text, "{shown}: {} kernel images pinned", pin.held.len());
    }
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

pub(super) fn unpin(arguments: &PinArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let (local, files) = named(arguments, conversation)?;
    for (file, shown) in files.iter().zip(&arguments.files) {
        if !local.unpin(file).map_err(|error| Error::io("unpin", shown, &error))? {
            return Err(Error::usage(format!("`{}` is not pinned", shown.display()))
                .with_help("`cargo gate evidence cache stats` lists the pins"));
        }
    }
    Ok(exit::READY)
}

/// Answers a build until it asks no more. Standard output belongs to the protocol.
pub(super) fn serve(conversation: &Conversation<'_>) -> Result<i32> {
    let opened = remote::open(&conversation.environment);
    let without_feature = opened.as_ref().is_err_and(|reason| reason == remote::WITHOUT_FEATURE);
    let mut questions = BufReader::new(std::io::stdin());
    remote::serve(opened, &mut questions, &mut std::io::stdout())
        .map_err(|error| Error::tool(format!("cannot serve the build: {error}")))?;
    if without_feature {
        return Err(Error::without_feature("remote"));
    }
    Ok(exit::READY)
}
