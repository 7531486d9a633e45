//! Text of a policy file, or the reason why there is none, in words that say what to do.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use gate_base::error::{Error, Result};

/// Name of the policy file in the workspace root.
pub const FILE_NAME: &str = "gate.toml";

/// Size limit in bytes. The largest sensible file is a hundredth of it.
const MAX_BYTES: u64 = 1 << 20;

/// A usage error about a file.
pub(super) fn usage(path: &Path, message: impl Into<String>) -> Error {
    let mut error = Error::usage(message);
    error.path = Some(path.into());
    error
}

/// The text of a policy file; `None` if there is nothing at that path.
pub(super) fn read(path: &Path, shown: &str) -> Result<Option<String>> {
    let cannot = |error: &std::io::Error| {
        usage(path, format!("cannot read `{shown}`: {error}")).with_help("make the file readable by this user")
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // A link to nothing is not "no file": somebody meant to have a policy.
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(usage(
                path,
                format!("`{shown}` is a symbolic link to a file that does not exist"),
            )
            .with_help("repair the link, or remove it to use the defaults"));
        }
        Err(error) => return Err(cannot(&error)),
    };
    if metadata.is_dir() {
        return Err(usage(path, format!("`{shown}` is a directory"))
            .with_help(format!("rename the directory; `{FILE_NAME}` must be a file")));
    }
    // Opening a pipe would wait for a writer.
    if !metadata.is_file() {
        return Err(usage(path, format!("`{shown}` is not a regular file")).with_help("replace it with a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(
            usage(path, format!("`{shown}` is larger than 1 MiB")).with_help("move generated data into separate files")
        );
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|error| not_utf8(path, shown, &error))
}

fn not_utf8(path: &Path, shown: &str, error: &std::string::FromUtf8Error) -> Error {
    let bytes = error.as_bytes();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return usage(path, format!("`{shown}` is UTF-16; TOML is UTF-8")).with_help("save the file as UTF-8");
    }
    let offset = error.utf8_error().valid_up_to();
    let before = &bytes[..offset];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    usage(
        path,
        format!(
            "{shown}:{line}:{column}: byte 0x{:02x} at offset {offset} is not UTF-8",
            bytes[offset]
        ),
    )
    .with_help("save the file as UTF-8")
}
