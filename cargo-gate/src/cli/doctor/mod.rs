//! `cargo gate doctor`.

mod tools;

use std::path::Path;

use gate_build::{Env, Toolkit};

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use gate_base::error::Result;
use gate_base::exit;
use gate_gpu::kernels::has_kernels;
use gate_report::render::human::Detail;
use gate_world::toolchain::ToolchainFile;

use self::tools::Wanted;

pub(super) fn run(arguments: &FormatArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let wanted = match conversation.workspace() {
        Ok(workspace) => Wanted {
            channel: workspace
                .toolchain()
                .file
                .as_ref()
                .and_then(|file: &ToolchainFile| file.channel.clone()),
            kernels: has_kernels(&workspace) || conversation.printer.detail() == Detail::Verbose,
            lockfile: Some(workspace.lockfile().exists),
        },
        // Doctor is for the day on which nothing else works.
        Err(_) => Wanted {
            kernels: true,
            ..Wanted::default()
        },
    };
    let toolkit = Toolkit::discover(&Env::of_process());
    let run = |program: &str, arguments: &[&str]| {
        // The compilers of kernels are where a build script would find them, which need not be on the PATH.
        let found = match program {
            "nvcc" => toolkit.nvcc.as_deref()?,
            "ptxas" => toolkit.ptxas.as_deref()?,
            "clang" => toolkit.clang.as_deref()?,
            other => Path::new(other),
        };
        tools::run_command(found, arguments)
    };
    let diagnosis = tools::probe(&wanted, &run);
    let text = match arguments.message_format {
        DataFormat::Human => tools::render(&diagnosis),
        DataFormat::Json => crate::cli::json(&diagnosis)?,
    };
    conversation.printer.data(&text)?;
    Ok(if diagnosis.toolchain_missing() {
        exit::TOOLCHAIN_MISSING
    } else {
        exit::READY
    })
}
