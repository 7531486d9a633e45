//! `cargo gate kernels check`: what compilers say about kernel sources, without building their crates.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_gpu::kernels::check::{Asked, Checked, check};

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// CUDA sources and headers; compiled as the kernel lock of their crate says
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Directory that keeps the PTX
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) out: Option<PathBuf>,
    /// Let the PTX say which source line each of its lines was made from
    #[arg(long)]
    pub(crate) line_info: bool,
    /// Compile for the lowest of the locked architectures alone
    #[arg(long)]
    pub(crate) one_arch: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// What the command shows: the model of its JSON.
#[derive(Debug, Serialize)]
struct View {
    files: Vec<Checked>,
}

pub(super) fn run(arguments: &CheckArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let scratch;
    let out = match &arguments.out {
        Some(out) => std::path::absolute(out).map_err(|error| Error::io("find", out, &error))?,
        None => {
            scratch = tempfile::tempdir().map_err(|error| Error::io("create", std::env::temp_dir(), &error))?;
            scratch.path().to_owned()
        }
    };
    let variables: BTreeMap<_, _> = std::env::vars_os().collect();
    let mut view = View { files: Vec::new() };
    for (at, path) in arguments.files.iter().enumerate() {
        let file = std::path::absolute(path).map_err(|error| Error::io("find", path, &error))?;
        if !file.is_file() {
            return Err(Error::usage(format!("there is no file `{}`", path.display()))
                .with_help("name a CUDA source, such as `kernels/softmax.cu`"));
        }
        let out = out.join(at.to_string());
        let asked = Asked {
            out: &out,
            line_info: arguments.line_info,
            one_arch: arguments.one_arch,
        };
        let mut checked = check(&file.components().collect::<std::path::PathBuf>(), &asked, &variables);
        if arguments.out.is_none() {
            // They go away with the directory they are in.
            checked.images.clear();
        }
        view.files.push(checked);
    }
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&view)?,
        DataFormat::Human => view.to_text(),
    };
    conversation.printer.data(&text)?;
    Ok(
        if view
            .files
            .iter()
            .any(|file| file.messages.iter().any(|said| said.error))
        {
            exit::NOT_READY
        } else if view.files.iter().any(|file| file.unavailable.is_some()) {
            exit::TOOLCHAIN_MISSING
        } else {
            exit::READY
        },
    )
}

impl View {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            for said in &file.messages {
                let shown = said.file.strip_prefix(&file.directory).unwrap_or(&said.file);
                let place = match (said.line, said.column) {
                    (Some(line), Some(column)) => format!(":{line}:{column}"),
                    (Some(line), None) => format!(":{line}"),
                    _ => String::new(),
                };
                let word = if said.error { "error" } else { "warning" };
                let _ = writeln!(text, "{}{place}: {word}: {}", shown.display(), said.message);
            }
            let shown = file.file.strip_prefix(&file.directory).unwrap_or(&file.file).display();
            let errors = file.messages.iter().filter(|said| said.error).count();
            let _ = match (&file.unavailable, errors) {
                (_, 1) => writeln!(text, "{shown}: 1 error"),
                (_, 2..) => writeln!(text, "{shown}: {errors} errors"),
                (Some(why), 0) => writeln!(text, "{shown}: not compiled: {why}"),
                (None, 0) => writeln!(text, "{shown}: compiles"),
            };
        }
        text
    }
}
