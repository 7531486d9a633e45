//! Names and the form of the files of a run directory.

use std::path::Path;

use serde::Serialize;

/// Version of the files of a run directory; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const DECISION: &str = "decision.json";
pub(crate) const ENVIRONMENT: &str = "environment.json";
pub(crate) const AUDIT: &str = "audit.jsonl";
pub(crate) const REPORT_JSON: &str = "report.json";
pub(crate) const REPORT_MARKDOWN: &str = "report.md";
pub(crate) const REPORT_HTML: &str = "report.html";
pub(crate) const REDACTION: &str = "redaction_audit.json";
pub(crate) const HASHES: &str = "hashes.json";
pub(crate) const SIGNATURE: &str = "decision.sig";
pub(crate) const LATEST: &str = "latest";

/// Whether anything of a run lies in a directory, however little is left of it.
pub fn holds_run(directory: &Path) -> bool {
    [MANIFEST, DECISION, HASHES]
        .iter()
        .any(|name| directory.join(name).exists())
}

/// The one form in which JSON files of a run directory are written: fields in the order of their types, two spaces of
/// indentation, a final line feed. Verification refuses every other form.
pub(crate) fn canonical<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Whether a path may appear inside a run directory: relative, plain names, nothing that a shell, another operating
/// system or the chain recipe would read differently.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    path.len() <= 255 && path.split('/').all(plain)
}
