//! Waivers as text: what `cargo gate govern waiver add` appends to the policy file.

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use toml::de::DeTable;

use gate_base::error::{Error, Result};

use super::authority::{NAMESPACE, blocks, one_line, signer};
use super::catalogue::Catalogue;
use super::edit;
use super::edit::quoted;
use super::extends::{Place, from_disk};
use super::model::{Policy, WaiverPolicy};
use super::position::PolicyFile;
use super::read::read;
use super::tables::elements;
use super::validate::validate_at;
use super::waiver::{Signatures, Waiver, approvals, waiver_text};
use super::write::{Existing, write_atomically};

/// A waiver to be added.
#[derive(Debug, Clone)]
pub struct NewWaiver {
    /// Id of the check whose finding is permitted.
    pub check: String,
    /// Glob over the path of the finding's first location.
    pub path: Option<String>,
    /// Package the finding is about.
    pub package: Option<String>,
    /// Text that the finding's message contains.
    pub contains: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why it is acceptable.
    pub reason: String,
    /// Last day on which it holds.
    pub expires: Date,
}

/// The waiver as TOML, ending with a line feed.
pub fn waiver_toml(waiver: &NewWaiver) -> String {
    let mut text = String::from("[[waiver]]\n");
    let pairs = [
        ("check", Some(&waiver.check)),
        ("path", waiver.path.as_ref()),
        ("package", waiver.package.as_ref()),
        ("contains", waiver.contains.as_ref()),
        ("owner", Some(&waiver.owner)),
        ("reason", Some(&waiver.reason)),
    ];
    for (key, value) in pairs {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
    let _ = writeln!(text, "expires = {}", waiver.expires);
    text
}

/// A waiver to be filled in, as TOML. Its `expires` is no date, so the policy is refused until somebody writes one.
pub fn waiver_draft(check: &str, path: Option<&str>, package: Option<&str>) -> String {
    let mut text = format!("[[waiver]]\ncheck = {}\n", quoted(check));
    for (key, value) in [("path", path), ("package", package)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
    text + "owner = \"\" # a team or a person\nreason = \"\" # why it is acceptable until then\nexpires = \"YYYY-MM-DD\" # its last day, without quotes\n"
}

/// Appends a waiver to the policy file at `path`, keeping every byte that is there and the line endings it has. The
/// result is validated before anything is written.
///
/// # Errors
/// Usage errors: there is no policy file, it has errors of its own, or the waiver would be one. Tool errors: the file
/// cannot be written.
pub fn append_waiver(path: &Path, waiver: &NewWaiver, catalogue: &Catalogue) -> Result<()> {
    let shown = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(before) = read(path, &shown)? else {
        return Err(Error::usage(format!("policy file `{}` does not exist", path.display()))
            .with_help("create it with `cargo gate init`"));
    };
    validate_edited(path, &before, catalogue)?;
    let after = appended(&before, waiver);
    validate_edited(path, &after, catalogue)?;
    write_atomically(path, &after, Existing::Replace)
}

/// Validates what the file at `path` would hold, with what it extends.
fn validate_edited(path: &Path, text: &str, catalogue: &Catalogue) -> Result<Policy> {
    let shown = path.file_name().unwrap_or_default().to_string_lossy();
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let root = file.parent().unwrap_or(&file);
    let place = Place { root, file: &file };
    Ok(validate_at(
        PolicyFile::new(shown, text),
        place,
        &mut from_disk,
        catalogue,
    )?)
}

fn appended(before: &str, waiver: &NewWaiver) -> String {
    edit::with_table(before, &waiver_toml(waiver))
}

/// What attaching a signature came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The names of the keys that made it.
    pub by: String,
    /// How many approvals of how many the waiver has now: `1 of 2 approvals`.
    pub progress: String,
    /// Whether the waiver lacks approvals still.
    pub lacks: bool,
    /// Whether the file was written; `false` where the same keys had signed the waiver before.
    pub written: bool,
}

/// Adds a signature to the waiver with this number, counted from 1 in the order of the file. It must be one over the text of
/// the waiver, made with a key that the policy names. Signatures over an earlier text of the waiver are dropped.
///
/// # Errors
/// Usage errors: there is no policy file or no such waiver, the signature does not count, or the file has errors.
/// Tool errors: the file cannot be written.
pub fn attach_signature(path: &Path, number: usize, signature: &str, catalogue: &Catalogue) -> Result<Attached> {
    let shown = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(before) = read(path, &shown)? else {
        return Err(Error::usage(format!("policy file `{}` does not exist", path.display())));
    };
    let policy = validate_edited(path, &before, catalogue)?;
    let waiver = numbered(&policy, number)?;
    if waiver.location.path != *shown {
        let line = waiver.location.line.unwrap_or_default();
        return Err(Error::usage(format!(
            "waiver {number} is declared in line {line} of {}, which {shown} extends",
            waiver.location.path
        ))
        .with_help("add `signature = \"<signature on one line>\"` there by hand"));
    }
    // Entries of a base come first.
    let inherited = policy.waivers.iter().filter(|waiver| waiver.location.path != *shown);
    let at = number - 1 - inherited.count();
    let approvers = policy
        .waiver_rules
        .as_ref()
        .map(WaiverPolicy::approvers)
        .unwrap_or_default();
    if approvers.keys().is_empty() {
        return Err(
            Error::usage("the policy lists no keys: a signature would have no effect")
                .with_help("add `[waivers]` with `keys = [\"ssh-ed25519 …\"]`"),
        );
    }
    let refused = |reason: String| {
        Error::usage(format!("the signature {reason}")).with_help(format!(
            "create one with `cargo gate govern waiver text {number} | ssh-keygen -Y sign -n {NAMESPACE} -f <key>`"
        ))
    };
    let by = approvals(waiver, &[signature.to_owned()], &approvers)
        .map_err(refused)?
        .names();
    let (lines, added) = together(waiver, signature).map_err(refused)?;
    let now = approvals(waiver, &lines, &approvers).map_err(refused)?;
    let attached = Attached {
        by,
        progress: now.progress(),
        lacks: !now.are_enough(),
        written: added,
    };
    if !added {
        return Ok(attached);
    }
    let line_end = if before.contains("\r\n") { "\r\n" } else { "\n" };
    let value = match &lines[..] {
        [line] => quoted(line),
        lines => {
            let lines: String = lines
                .iter()
                .map(|line| format!("    {},{line_end}", quoted(line)))
                .collect();
            format!("[{line_end}{lines}]")
        }
    };
    let (mark, body) = match before.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", before.as_str()),
    };
    let by_hand = || {
        Error::usage(format!(
            "waiver {number} is not written as a separate `[[waiver]]` table"
        ))
        .with_help(format!("add `signature = {value}` by hand"))
    };
    let file = DeTable::parse(body).map_err(|_| by_hand())?;
    let after = elements(file.get_ref(), &["waiver"])
        .get(at)
        .and_then(|waiver| edit::with_keys(body, waiver, "expires", &[("signature", value.clone())]))
        .map(|after| format!("{mark}{after}"))
        .ok_or_else(by_hand)?;
    let signed = validate_edited(path, &after, catalogue).map_err(|_| by_hand())?;
    let written = signed
        .waivers
        .get(number - 1)
        .and_then(|waiver| waiver.signature.as_ref());
    if written.map(Signatures::all) != Some(&lines[..]) {
        return Err(by_hand());
    }
    write_atomically(path, &after, Existing::Replace)?;
    Ok(attached)
}

/// The signatures of a waiver together with another, each on one line and each key once, and whether that adds one.
fn together(waiver: &Waiver, signature: &str) -> std::result::Result<(Vec<String>, bool), String> {
    let text = waiver_text(waiver);
    let mut keys = Vec::new();
    let mut lines = Vec::new();
    let before = waiver.signature.as_ref().map(Signatures::all).unwrap_or_default();
    for block in before.iter().filter_map(|before| blocks(before).ok()).flatten() {
        if let Ok(key) = signer(&text, block)
            && !keys.contains(&key)
        {
            keys.push(key);
            lines.push(one_line(block)?);
        }
    }
    let mut added = false;
    for block in blocks(signature)? {
        let key = signer(&text, block)?;
        if !keys.contains(&key) {
            added = true;
            keys.push(key);
            lines.push(one_line(block)?);
        }
    }
    Ok((lines, added))
}

/// The waiver with this number, counted from 1.
///
/// # Errors
/// There is none.
pub fn numbered(policy: &Policy, number: usize) -> Result<&Waiver> {
    let all = policy.waivers.len();
    let waiver = number.checked_sub(1).and_then(|at| policy.waivers.get(at));
    waiver.ok_or_else(|| {
        Error::usage(format!("there is no waiver {number}: the policy has {all}"))
            .with_help("`cargo gate govern waiver list` shows their numbers")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate;
    use gate_base::stage::Stage;

    fn catalogue() -> Catalogue {
        Catalogue::default().with("boundary.raw", Stage::Controlled)
    }

    fn waiver() -> NewWaiver {
        NewWaiver {
            check: "boundary.raw".into(),
            path: Some("src/ffi/**".into()),
            package: None,
            contains: None,
            owner: "platform-team".into(),
            reason: "a \"quoted\" \\ reason".into(),
            expires: jiff::civil::date(2030, 1, 31),
        }
    }

    const POLICY: &str = "# ours\nversion = 1\nstage.pilot.scope = \"x\" # keep";

    #[test]
    fn appending_keeps_every_byte() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gate.toml");
        std::fs::write(&path, POLICY).unwrap();
        append_waiver(&path, &waiver(), &catalogue()).unwrap();
        append_waiver(&path, &NewWaiver { path: None, ..waiver() }, &catalogue()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        insta::assert_snapshot!(text);
        assert!(text.starts_with(POLICY));
        let policy = validate("gate.toml", &text, &catalogue()).unwrap();
        assert_eq!(policy.waivers.len(), 2);
        assert_eq!(policy.waivers[0].reason, waiver().reason);
        assert_eq!(policy.waivers[0].expires, waiver().expires);
        assert_eq!(
            std::fs::read_dir(directory.path()).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn line_endings_are_those_of_the_file() {
        let text = appended(&format!("{POLICY}\r\n").replace("1\n", "1\r\n"), &waiver());
        assert_eq!(text.matches("\r\n").count(), text.matches('\n').count() - 1, "{text:?}");
    }

    #[test]
    fn nothing_is_written_when_the_waiver_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gate.toml");
        let error = append_waiver(&path, &waiver(), &catalogue()).unwrap_err();
        assert_eq!(error.help.as_deref(), Some("create it with `cargo gate init`"));
        assert!(!path.exists());

        std::fs::write(&path, POLICY).unwrap();
        let unknown = NewWaiver {
            check: "boundary.row".into(),
            ..waiver()
        };
        let blank = NewWaiver {
            owner: "  ".into(),
            ..waiver()
        };
        for wrong in [unknown, blank] {
            let error = append_waiver(&path, &wrong, &catalogue()).unwrap_err();
            assert_eq!(error.exit_code(), gate_base::exit::USAGE);
        }
        // An array of inline tables cannot be continued with a header.
        let inline = format!("{POLICY}\nwaiver = []\n");
        std::fs::write(&path, &inline).unwrap();
        append_waiver(&path, &waiver(), &catalogue()).unwrap_err();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), inline);
    }
}
