//! The run that a command line names, and whose signature on it counts.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::cli::arguments::AuthorityArgs;
use gate_base::error::{Error, Result};
use gate_evidence::run_dir::holds_run;
use gate_evidence::verify::{Signers, locate};
use gate_policy::authority::{self, Approvers};

use super::Conversation;

/// A run that was named: by its id or as `latest` in the workspace, or by its path, which needs no workspace.
pub(super) struct RunNamed {
    /// Its directory.
    pub(super) directory: PathBuf,
    /// The gate directory that it lies in; where there is none, its own directory.
    pub(super) gate_dir: PathBuf,
    /// What it was called, for commands that are printed.
    pub(super) name: String,
}

impl RunNamed {
    pub(super) fn find(name: &str, conversation: &Conversation<'_>) -> Result<Self> {
        let path = Path::new(name);
        let (directory, gate_dir) = if path.is_dir() {
            let real = path.canonicalize().map_err(|error| Error::io("read", path, &error))?;
            let runs = real.parent().filter(|parent| parent.ends_with("runs"));
            let gate_dir = runs.and_then(Path::parent);
            // A history beside the runs is what makes a directory that of a gate.
            let gate_dir = gate_dir.filter(|gate_dir| gate_dir.join("history.jsonl").is_file());
            let gate_dir = gate_dir.map_or_else(|| real.clone(), Path::to_path_buf);
            if gate_dir == real && !holds_run(&real) {
                return Err(no_run(name, path));
            }
            (real, gate_dir)
        } else if is_archive(path) {
            let help = format!(
                "unpack it and pass the directory inside, or verify the archive: `cargo gate verify {}`",
                quoted(name)
            );
            return Err(Error::usage(format!("`{name}` is an archive, not a run directory")).with_help(help));
        } else {
            let gate_dir = conversation.workspace()?.gate_dir();
            (locate(&gate_dir, name)?, gate_dir)
        };
        if !directory.is_dir() {
            return Err(Error::usage(format!("the directory of run `{name}` does not exist"))
                .with_help("cargo gate evidence history"));
        }
        Ok(Self {
            directory,
            gate_dir,
            name: quoted(name),
        })
    }
}

/// A directory in which no run lies. A bundle unpacks to a directory of its own, which is easily taken for the one above.
fn no_run(name: &str, path: &Path) -> Error {
    let entries = path.read_dir().into_iter().flatten().flatten();
    let mut inside: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| holds_run(path))
        .collect();
    inside.sort();
    let help = match inside.as_slice() {
        [] => "`cargo gate evidence history` lists the runs of a workspace".to_owned(),
        [run, ..] => format!("pass the run inside it: {}", quoted(&run.to_string_lossy())),
    };
    Error::usage(format!("there is no run in `{name}`")).with_help(help)
}

/// Whether a file is compressed as bundles are. `latest` is a file as well on some systems, and is none.
fn is_archive(path: &Path) -> bool {
    let mut start = [0; 2];
    File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && start == [0x1f, 0x8b]
}

/// A word of a command line that a shell would take apart, in quotation marks.
pub(super) fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || "-_./\\:+=@,~".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("\"{word}\"")
    }
}

impl AuthorityArgs {
    /// Those that the command line names, or else those of the policy of the workspace, if there is one here.
    pub(super) fn signers(&self, conversation: &Conversation<'_>) -> Result<Signers> {
        if !self.files.is_empty() {
            let keys = self.files.iter().map(|path| public_key(path));
            return Ok(Signers {
                // Who names keys by hand asks whether any of them signed.
                approvers: Approvers::new(keys.collect::<Result<_>>()?, 1),
                required_from: None,
            });
        }
        match conversation.workspace() {
            Ok(workspace) => match conversation.policy(&workspace) {
                Ok(policy) => Ok(Signers::of(&policy)),
                // Whether a run is whole does not depend on the policy of today.
                Err(error) => {
                    let message = format!("cannot read the authorities: {}", error.message);
                    let help = "correct gate.toml, or pass the key with `--authority <file>`";
                    conversation.printer.warning(&message, Some(help));
                    Ok(Signers::default())
                }
            },
            // A run that was handed on is looked at where no workspace is.
            Err(_) => Ok(Signers::default()),
        }
    }
}

fn public_key(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    match authority::check_public_key(line) {
        Ok(()) => Ok(line.trim().to_owned()),
        Err(reason) => Err(Error::usage(format!("`{}` {reason}", path.display()))
            .with_help("pass the file `id_ed25519.pub`; create a key with `ssh-keygen -t ed25519`")),
    }
}
