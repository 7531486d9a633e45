//! `cargo gate completions` and `cargo gate man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use gate_base::error::{Error, Result};
use gate_base::exit;

use super::Conversation;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell. bash: source the script in ~/.bashrc. zsh: save it as `_cargo-gate` in a directory of `$fpath`. fish:
    /// save it in ~/.config/fish/conf.d
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Directory for the pages, one per command
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
}

pub(super) fn completions(
    arguments: &CompletionsArgs,
    command: clap::Command,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    conversation.printer.data(script(arguments.shell, command))?;
    Ok(exit::READY)
}

/// The script of a shell: what clap makes of `cargo-gate`, and what brings it under `cargo gate`.
fn script(shell: Shell, mut command: clap::Command) -> String {
    let mut generated = |name: &str| {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, name, &mut script);
        String::from_utf8_lossy(&script).into_owned()
    };
    match shell {
        // clap_complete looks for the subcommands of `cargo-gate` under another name than it gives them.
        Shell::Bash => generated("cargo_gate") + include_str!("cargo.bash"),
        Shell::Zsh => {
            let script = generated("cargo_gate").replacen("#compdef cargo_gate", "#compdef cargo-gate cargo", 1);
            let functions = script.split("\nif [ \"$funcstack[1]\"").next().unwrap_or(&script);
            format!("{functions}\n{}", include_str!("cargo.zsh"))
        }
        Shell::Fish => generated("cargo-gate") + include_str!("cargo.fish"),
        _ => generated("cargo-gate"),
    }
}

pub(super) fn man(arguments: &ManArgs, command: clap::Command, conversation: &Conversation<'_>) -> Result<i32> {
    let directory = &arguments.directory;
    std::fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, &error))?;
    // The first help page leaves out what shells and editors call; the manual has a page for everything.
    let command = command.mut_subcommands(|command| command.hide(false));
    clap_mangen::generate_to(command, directory).map_err(|error| Error::io("write", directory, &error))?;
    let message = format!("the manual pages to {}", directory.display());
    conversation.printer.status("Wrote", &message);
    Ok(exit::READY)
}
