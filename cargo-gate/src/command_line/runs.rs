//! Arguments of the commands about runs that were: `verify`, `ready`, `sign` and `bundle`.

use std::path::PathBuf;

use clap::Args;

use super::DataFormat;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Run id, `latest`, the path of a run directory, or that of a bundle [default: the whole history]
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Chain hash that the history must contain, kept from an earlier report
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// Whose signatures count.
#[derive(Debug, Args)]
pub(crate) struct AuthorityArgs {
    /// Public key whose signature counts, as in `id_ed25519.pub`; may be given more than once [default: `authorities` of
    /// `[decisions]` in gate.toml]
    #[arg(long = "authority", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReadyArgs {
    /// Run id, `latest`, or the path of a run directory
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// Write `redaction_audit.json` for a run that has none, first
    #[arg(long)]
    pub(crate) audit: bool,
    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Run id, `latest`, or the path of a run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Private Ed25519 key in the form of OpenSSH, without a passphrase
    #[arg(long, value_name = "FILE", required_unless_present_any = ["text", "attach"])]
    pub(crate) key: Option<PathBuf>,
    /// Print the text to sign instead, for `ssh-keygen -Y sign -n cargo-gate`
    #[arg(long, conflicts_with = "key")]
    pub(crate) text: bool,
    /// Take a signature that was made elsewhere; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "text"])]
    pub(crate) attach: Option<PathBuf>,
    /// Replace a signature that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    /// Run id, `latest`, or the path of a run directory
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// File to write: a gzip-compressed tar archive
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}
