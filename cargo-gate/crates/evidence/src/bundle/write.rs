//! Making a bundle.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::{Compression, GzBuilder};

use crate::record::{
    HASHES, Hashes, MANIFEST as RUN_MANIFEST, Manifest, REDACTION, SIGNATURE, canonical, is_plain_path,
};
use crate::verify::{ProblemKind, Signers, verify_signed};
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_report::Tool;

use super::rule;
use crate::record::bundle::{BundleManifest, Bundled, Excluded, MANIFEST, NEEDED, SCHEMA_VERSION, Why};

/// Files that are no line of `hashes.json`: itself, and what may be added to a run later.
const ASIDE: [&str; 3] = [HASHES, REDACTION, SIGNATURE];

/// A bundle that was made.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// What is in it.
    pub manifest: BundleManifest,
    /// The archive.
    pub bytes: Vec<u8>,
}

/// Makes the bundle of a run directory. `gate_dir` is where the run lies, or the run directory itself.
///
/// # Errors
/// The run does not verify, or a file that is needed may not be handed on (usage); I/O errors.
pub fn make(gate_dir: &Path, directory: &Path) -> Result<Bundle> {
    let hashes = verified(gate_dir, directory)?;
    // An unpacked bundle is packed as what it was: what stayed behind then is not there to be looked at now.
    let earlier = (gate_dir == directory)
        .then(|| BundleManifest::unpacked(directory))
        .flatten();
    let (files, excluded) = sorted_out(directory, &hashes, earlier)?;
    let manifest: Manifest = serde_json::from_slice(&read(directory, RUN_MANIFEST)?)
        .map_err(|error| Error::tool(format!("`{RUN_MANIFEST}` cannot be understood: {error}")))?;
    let manifest = BundleManifest {
        schema_version: SCHEMA_VERSION,
        run_id: manifest.run_id,
        chain: hashes.chain,
        tool: Tool {
            name: "cargo-gate".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        files: files
            .iter()
            .map(|(name, bytes)| {
                let bundled = Bundled {
                    sha256: sha256_hex(bytes),
                    size: bytes.len() as u64,
                };
                (name.clone(), bundled)
            })
            .collect(),
        excluded,
    };
    let bytes = archive(&manifest, &files).map_err(|error| Error::tool(format!("cannot make the archive: {error}")))?;
    Ok(Bundle { manifest, bytes })
}

fn read(directory: &Path, name: &str) -> Result<Vec<u8>> {
    let path = directory.join(name);
    fs::read(&path).map_err(|error| Error::io("read", &path, &error))
}

/// Contents of files by their paths in the run directory.
type Files = BTreeMap<String, Vec<u8>>;

/// What goes in, and what stays behind.
fn sorted_out(directory: &Path, hashes: &Hashes, earlier: Option<BundleManifest>) -> Result<(Files, Vec<Excluded>)> {
    let mut files = Files::new();
    let mut excluded = Vec::new();
    let of_the_run = hashes.files.keys().map(String::as_str).chain(ASIDE);
    for name in of_the_run.filter(|name| is_plain_path(name)) {
        if !directory.join(name).is_file() || files.contains_key(name) {
            continue;
        }
        let bytes = read(directory, name)?;
        let Some(why) = rule::why_not(name, &bytes) else {
            files.insert(name.to_owned(), bytes);
            continue;
        };
        if NEEDED.contains(&name) {
            let message = format!("`{name}` of the run {}, so no bundle is made", why.words());
            return Err(Error::usage(message).with_help("revoke what it shows, and run `cargo gate pilot` again"));
        }
        excluded.push(Excluded {
            path: name.to_owned(),
            why,
            sha256: hashes.files.get(name).cloned(),
        });
    }
    let is_own = |path: &String| earlier.is_some() && path == MANIFEST;
    let strangers = strangers(directory, hashes)?.into_iter().filter(|path| !is_own(path));
    excluded.extend(strangers.map(|path| Excluded {
        path,
        why: Why::NotOfTheRun,
        sha256: None,
    }));
    let left = earlier.into_iter().flat_map(|earlier| earlier.excluded);
    excluded.extend(left.filter(|excluded| !directory.join(&excluded.path).exists()));
    excluded.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, excluded))
}

/// The hashes of a run that verifies. What lies in its directory and is no part of it does no harm: it stays behind.
fn verified(gate_dir: &Path, directory: &Path) -> Result<Hashes> {
    let verification = verify_signed(gate_dir, directory.to_str(), None, &Signers::default())?;
    let harmless = |kind| matches!(kind, ProblemKind::UnlistedFile | ProblemKind::NoAudit);
    if let Some(problem) = verification.problems.iter().find(|problem| !harmless(problem.kind)) {
        return Err(Error::usage(format!(
            "the run does not verify, so no bundle is made: `{}`: {}",
            problem.file, problem.message
        ))
        .with_help(format!(
            "`cargo gate verify {}` says what is wrong",
            directory.display()
        )));
    }
    serde_json::from_slice(&read(directory, HASHES)?)
        .map_err(|error| Error::tool(format!("`{HASHES}` cannot be understood: {error}")))
}

/// Files of the directory that are no part of the run.
fn strangers(directory: &Path, hashes: &Hashes) -> Result<Vec<String>> {
    let known = |name: &str| hashes.files.contains_key(name) || ASIDE.contains(&name);
    let mut open = vec![String::new()];
    let mut found = Vec::new();
    while let Some(below) = open.pop() {
        let path = directory.join(&below);
        for entry in fs::read_dir(&path).map_err(|error| Error::io("read", &path, &error))? {
            let entry = entry.map_err(|error| Error::io("read", &path, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            let kind = entry.file_type().map_err(|error| Error::io("read", &path, &error))?;
            if kind.is_dir() {
                open.push(name);
            } else if !known(&name) {
                found.push(name);
            }
        }
    }
    Ok(found)
}

/// The archive: the same files make the same bytes, whenever and by whomever they are packed.
pub(super) fn archive(manifest: &BundleManifest, files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let mut tar = tar::Builder::new(gzip);
    let own = canonical(manifest)?;
    let files = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    for (name, bytes) in std::iter::once((MANIFEST, own.as_slice())).chain(files) {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{}/{name}", manifest.run_id), bytes)?;
    }
    let mut gzip = tar.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}
