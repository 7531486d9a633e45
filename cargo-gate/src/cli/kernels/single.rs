//! `cargo gate kernels compile`: one source to a PTX file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use gate_build::{Context, DiagnosticId, Kernels, UnitName};

use crate::cli::Conversation;
use gate_base::error::{Error, ErrorKind, Result};
use gate_base::{atomic, exit};
use gate_gpu::kernels::check::{compiler_env, crate_of};

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// CUDA source, Rust source, or directory of a crate of Rust kernels
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Optimization level
    #[arg(
        short = 'O',
        long = "opt-level",
        value_name = "LEVEL",
        default_value_t = 3,
        value_parser = clap::value_parser!(u8).range(0..=3)
    )]
    pub(crate) level: u8,
    /// Architecture to compile for
    #[arg(long, value_name = "ARCH", default_value = "sm_80")]
    pub(crate) arch: String,
    /// PTX file to write [default: the name of the source with `.ptx`, in the working directory]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Directory with headers
    #[arg(long, short = 'I', value_name = "DIRECTORY")]
    pub(crate) include: Vec<PathBuf>,
    /// Flag for the CUDA compiler in the syntax of nvcc: `--flag=-DX=1`
    #[arg(long = "flag", value_name = "FLAG", allow_hyphen_values = true)]
    pub(crate) flags: Vec<String>,
    /// CUDA compiler to use: `nvrtc`, `nvcc` or `clang`
    #[arg(long, value_name = "COMPILER")]
    pub(crate) compiler: Option<String>,
    /// Include source line information in the PTX
    #[arg(long)]
    pub(crate) line_info: bool,
}

pub(super) fn run(arguments: &CompileArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .map(|path| path.components().collect::<PathBuf>())
            .map_err(|error| Error::io("find", path, &error))
    };
    let file = absolute(&arguments.file)?;
    let shown = arguments.file.display();
    let is_rust = file.is_dir() || file.extension().is_some_and(|extension| extension == "rs");
    let is_there = if file.is_dir() {
        file.join("Cargo.toml").is_file()
    } else {
        file.is_file()
    };
    if !is_there {
        return Err(Error::usage(format!("kernel source `{shown}` does not exist"))
            .with_help("pass a CUDA source such as `kernels/softmax.cu`, a `.rs` file, or a crate directory"));
    }
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => PathBuf::from(file.file_stem().unwrap_or(file.as_os_str())).with_extension("ptx"),
    };
    if absolute(&out)? == file {
        return Err(Error::usage(format!("`{shown}` is the source file")).with_help("pass another file to `--out`"));
    }

    let root = crate_of(&file).or_else(|| file.parent()).unwrap_or(&file);
    let unit = UnitName::of(root, &file).to_string();
    let mut kernels = Kernels::new().arch([arguments.arch.as_str()]).optimize(arguments.level);
    kernels = if is_rust {
        kernels.rust(unit)
    } else {
        kernels.cuda(unit)
    };
    for flag in &arguments.flags {
        kernels = kernels.flag(flag);
    }
    if arguments.line_info {
        kernels = kernels.flag("-lineinfo");
    }
    for folder in &arguments.include {
        kernels = kernels.include(absolute(folder)?);
    }
    let variables: BTreeMap<_, _> = std::env::vars_os().collect();
    let env = match &arguments.compiler {
        Some(compiler) => compiler_env(&variables, [("GATE_KERNEL_COMPILER", compiler.as_str())]),
        None => compiler_env(&variables, []),
    };
    let scratch = tempfile::tempdir().map_err(|error| Error::io("create", std::env::temp_dir(), &error))?;
    let built = match kernels.compile_in(&Context::new(root, scratch.path(), env)) {
        Ok((built, _)) => built,
        Err(error) => return refused(&error, conversation),
    };
    let image = built.units.first().and_then(|unit| unit.images.first());
    let image = image.ok_or_else(|| Error::tool(format!("`{shown}` produced no PTX")))?;
    let ptx = std::fs::read(&image.ptx).map_err(|error| Error::io("read", &image.ptx, &error))?;
    atomic::write_tracked(&absolute(&out)?, &ptx)?;
    let by = image.compiler.as_ref().map(ToString::to_string).unwrap_or_default();
    let entries = String::from_utf8_lossy(&ptx).matches(".entry ").count();
    let kernels = if entries == 1 { "kernel" } else { "kernels" };
    conversation.printer.data(format!(
        "{}: {entries} {kernels} for {} by {by} at level {}\n",
        out.display(),
        image.arch,
        arguments.level
    ))?;
    Ok(exit::READY)
}

/// Errors of the source are an answer; what keeps from compiling is an error of the command.
fn refused(error: &gate_build::Error, conversation: &Conversation<'_>) -> Result<i32> {
    if error.id() == DiagnosticId::SourceRefused {
        conversation.printer.say(&format!("{error}\n"));
        return Ok(exit::NOT_READY);
    }
    let kind = match (error.id(), error) {
        (DiagnosticId::CompilerMissing, _) => ErrorKind::ToolchainMissing,
        (_, gate_build::Error::Configuration { .. }) => ErrorKind::Usage,
        _ => ErrorKind::Tool,
    };
    let (message, help) = match (error, error.diagnostics()) {
        (gate_build::Error::Configuration { message, help, .. }, _) => (message.clone(), Some(help.clone())),
        (_, [one]) if one.output.is_empty() => (one.message.clone(), one.help.clone()),
        _ => (error.to_string(), None),
    };
    let failed = Error::new(kind, message);
    Err(match help {
        Some(help) => failed.with_help(help),
        None => failed,
    })
}
