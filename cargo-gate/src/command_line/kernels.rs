//! Arguments of `cargo gate kernels`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DataFormat, FormatArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum KernelsCommand {
    /// Compile the kernels of packages whose build scripts use gate-build
    Build(KernelsBuildArgs),
    /// Show what compilers say about kernel sources, without building their crates
    Check(KernelsCheckArgs),
    /// Compile one kernel source, or a crate of Rust kernels, to a PTX file
    Compile(KernelsCompileArgs),
    /// Compile the kernels and write their locks anew
    Lock(KernelsBuildArgs),
    /// Compare kernel locks with the sources and PTX files beside them
    Verify(KernelsVerifyArgs),
    /// Show entries, parameters, resources and instruction mix
    Inspect(KernelsInspectArgs),
    /// Show what changed in kernel locks since a commit
    Diff(KernelsDiffArgs),
}

#[derive(Debug, Args)]
pub(crate) struct KernelsBuildArgs {
    /// Limit the command to these packages
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Workspace options")]
    pub(crate) packages: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct KernelsCheckArgs {
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

#[derive(Debug, Args)]
pub(crate) struct KernelsCompileArgs {
    /// CUDA source, Rust source, or directory of a crate of Rust kernels
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// How much to optimise
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
    /// Flag for the compiler of CUDA sources, as nvcc spells it: `--flag=-DX=1`
    #[arg(long = "flag", value_name = "FLAG", allow_hyphen_values = true)]
    pub(crate) flags: Vec<String>,
    /// The only compiler of CUDA sources to try: `nvrtc`, `nvcc` or `clang`
    #[arg(long, value_name = "COMPILER")]
    pub(crate) compiler: Option<String>,
    /// Let the PTX say which source line each of its lines was made from
    #[arg(long)]
    pub(crate) line_info: bool,
}

#[derive(Debug, Args)]
pub(crate) struct KernelsVerifyArgs {
    /// Compile the locked kernels anew as well, in an empty directory, and compare the PTX
    #[arg(long)]
    pub(crate) rebuild: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KernelsInspectArgs {
    /// PTX files to show instead of the locked kernels
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Show this kernel alone
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct KernelsDiffArgs {
    /// Commit, branch or tag to compare with
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    pub(crate) against: String,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}
