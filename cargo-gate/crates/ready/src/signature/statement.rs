//! What is signed: a statement of in-toto with the predicate of model-signing.

use data_encoding::HEXLOWER_PERMISSIVE;
use gate_base::digest::sha256_hex;
use serde_json::Value;

use crate::directory::refused;
use crate::json::{self, text};

const PREDICATE: &str = "https://model_signing/signature/v1.0";
/// What model-signing leaves out unless it is told otherwise: it is no part of a model.
const GIT: &[&str] = &[".git", ".github", ".gitignore", ".gitattributes"];

/// The files that a statement lists, with the SHA-256 of each. `own` is the path of the signature, which cannot list itself.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn files(payload: &[u8], own: &str) -> Result<Vec<(String, String)>, String> {
    let statement = json::parse(payload).map_err(|why| format!("its statement cannot be read: {why}"))?;
    if text(&statement, &["predicateType"]) != Some(PREDICATE) {
        return Err(format!(
            "it is about `{}`, not about the files of a model",
            text(&statement, &["predicateType"]).unwrap_or("nothing")
        ));
    }
    let predicate = statement.get("predicate").unwrap_or(&Value::Null);
    let serialization = predicate.get("serialization").unwrap_or(&Value::Null);
    if text(serialization, &["method"]) != Some("files") || text(serialization, &["hash_type"]) != Some("sha256") {
        return Err("it does not list the SHA-256 of whole files".into());
    }
    let left_out = serialization.get("ignore_paths").and_then(Value::as_array);
    let left_out = left_out.into_iter().flatten().filter_map(Value::as_str);
    let mut other = left_out.filter(|path| !GIT.contains(path) && *path != own && !path.ends_with(&format!("/{own}")));
    if let Some(path) = other.next() {
        return Err(format!("it leaves out `{path}`"));
    }
    let resources = predicate.get("resources").and_then(Value::as_array);
    let mut listed = Vec::new();
    let mut all = Vec::new();
    for resource in resources.into_iter().flatten() {
        let (Some(name), Some(digest), Some("sha256")) = (
            text(resource, &["name"]),
            text(resource, &["digest"]),
            text(resource, &["algorithm"]),
        ) else {
            return Err("it lists a file without a SHA-256".into());
        };
        if let Some(why) = refused(name) {
            return Err(format!("it lists `{name}`: {why}"));
        }
        let bytes = HEXLOWER_PERMISSIVE.decode(digest.as_bytes()).ok();
        let bytes = bytes.filter(|bytes| bytes.len() == 32);
        all.extend(bytes.ok_or_else(|| format!("the SHA-256 of `{name}` is malformed"))?);
        listed.push((name.to_owned(), digest.to_owned()));
    }
    if listed.is_empty() {
        return Err("it lists no file".into());
    }
    let [subject] = statement
        .get("subject")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
    else {
        return Err("it does not have one subject".into());
    };
    if text(subject, &["digest", "sha256"]) != Some(sha256_hex(&all).as_str()) {
        return Err("the digest of its subject is not that of the files that it lists".into());
    }
    Ok(listed)
}
