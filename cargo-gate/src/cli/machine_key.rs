//! The secret of this machine, with which the gate marks what it keeps, so that only its own evidence counts.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_base::process::EVIDENCE_KEY;
use gate_base::{atomic, record};
use gate_world::environment::Environment;

/// A shorter secret could be guessed.
const SHORTEST: usize = 32;

/// Uses the secret for all records of this process. Where it can neither be read nor made, a new one is used for this process
/// alone, and nothing that was kept before counts; the message says why.
///
/// # Errors
/// The variable holds too short a secret (usage); the system has no random numbers (tool).
pub(super) fn load(environment: &Environment) -> Result<Option<String>> {
    if let Some(secret) = environment.text(EVIDENCE_KEY) {
        if secret.len() < SHORTEST {
            return Err(Error::usage(format!(
                "`{EVIDENCE_KEY}` holds {} characters, and at least {SHORTEST} are needed",
                secret.len()
            ))
            .with_help(format!("set `{EVIDENCE_KEY}` to the output of `openssl rand -hex 32`")));
        }
        record::use_key(blake3::derive_key("cargo-gate evidence key", secret.as_bytes()));
        return Ok(None);
    }
    let (key, problem) = match file(environment) {
        Some(path) => match kept(&path) {
            Ok(key) => (key, None),
            Err(error) => (
                random()?,
                Some(format!("{error}: evidence of earlier runs does not count")),
            ),
        },
        None => (
            random()?,
            Some(
                "there is no home directory for the key of this machine: evidence of earlier runs does not count"
                    .to_owned(),
            ),
        ),
    };
    record::use_key(key);
    Ok(problem)
}

/// Whether another process of this machine has the same secret: what only this one could read must not be left to others.
pub(super) fn is_kept(environment: &Environment) -> bool {
    let kept = || file(environment).is_some_and(|path| matches!(read(&path), Ok(Some(_))));
    environment.text(EVIDENCE_KEY).is_some() || kept()
}

/// Where the secret is kept: in the directory for the state of programs.
fn file(environment: &Environment) -> Option<PathBuf> {
    Some(environment.state_home()?.join("cargo-gate").join("evidence.key"))
}

/// The secret in a file, which is made if it is not there.
fn kept(path: &Path) -> Result<[u8; 32]> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let failed = |error: &std::io::Error| Error::io("write", path, error);
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    // Private to the user, as temporary files are, and never over a key that another process made meanwhile.
    let mut file = tempfile::Builder::new()
        .prefix(atomic::TEMPORARY_PREFIX)
        .tempfile_in(directory)
        .map_err(|error| failed(&error))?;
    let key = random()?;
    file.write_all(&key).map_err(|error| failed(&error))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(refused) => read(path)?.ok_or_else(|| failed(&refused.error)),
    }
}

fn read(path: &Path) -> Result<Option<[u8; 32]>> {
    match fs::read(path) {
        Ok(bytes) => match bytes.try_into() {
            Ok(key) => Ok(Some(key)),
            Err(_) => Err(Error::tool(format!("`{}` is damaged", path.display()))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, &error)),
    }
}

fn random() -> Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::tool(format!("the system has no random numbers: {error}")))?;
    Ok(key)
}
