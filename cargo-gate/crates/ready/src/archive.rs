//! What ZIP and tar archives hold, without unpacking them: the names of their files, and the hashes of some.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _};
use std::path::Path;

use gate_base::digest::Sha256;

use crate::inflate;

/// Most files of an archive.
const MEMBERS: usize = 1_000_000;
/// Most bytes that are unpacked to hash what an archive holds.
const UNPACKED: u64 = 64 << 30;

/// The files of an archive: each name, with the SHA-256 of those that were wanted.
pub(crate) type Members = BTreeMap<String, Option<String>>;

/// Reads an archive; `None` for a file in another format than ZIP, tar and tar in gzip, by its first bytes.
///
/// # Errors
/// It is damaged, or too large, or two of its files have one name; why, as the end of a sentence.
pub(crate) fn members(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Option<Members>, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let mut head = [0; 4];
    let read = file.read(&mut head).map_err(|error| error.to_string())?;
    file.rewind().map_err(|error| error.to_string())?;
    let head = &head[..read];
    let file = BufReader::with_capacity(1 << 18, file);
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        zipped(file, wanted).map(Some)
    } else if head.starts_with(b"\x1f\x8b") {
        tarred(inflate::gzip(file), wanted)
    } else {
        tarred(Box::new(file), wanted)
    }
}

fn zipped(file: BufReader<File>, wanted: &dyn Fn(&str) -> bool) -> Result<Members, String> {
    let mut archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
    if archive.has_duplicate_names() {
        return Err("two of its files have one name".into());
    }
    if archive.len() > MEMBERS {
        return Err(format!("it holds more than {MEMBERS} files"));
    }
    let mut members = Members::new();
    let mut left = UNPACKED;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|error| error.to_string())?;
        if entry.is_dir() {
            continue;
        }
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let hash = wanted(&name).then(|| hashed(entry, &mut left)).transpose();
        members.insert(name, hash.map_err(|error| error.to_string())?);
    }
    Ok(members)
}

fn tarred(mut reader: Box<dyn BufRead + Send>, wanted: &dyn Fn(&str) -> bool) -> Result<Option<Members>, String> {
    let failed = |error: io::Error| error.to_string();
    let mut head = Vec::new();
    reader.by_ref().take(512).read_to_end(&mut head).map_err(failed)?;
    if head.get(257..262) != Some(b"ustar") {
        return Ok(None);
    }
    let mut archive = tar::Archive::new(io::Cursor::new(head).chain(reader));
    let mut members = Members::new();
    let mut left = UNPACKED;
    for entry in archive.entries().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let hash = wanted(&name)
            .then(|| hashed(entry, &mut left))
            .transpose()
            .map_err(failed)?;
        if members.insert(name, hash).is_some() {
            return Err("two of its files have one name".into());
        }
        if members.len() > MEMBERS {
            return Err(format!("it holds more than {MEMBERS} files"));
        }
    }
    Ok(Some(members))
}

/// SHA-256 of what a reader gives, as long as it stays below what is left to read.
fn hashed(reader: impl Read, left: &mut u64) -> io::Result<String> {
    let mut digest = Sha256::default();
    let mut reader = reader.take(left.saturating_add(1));
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = reader.read(&mut piece)?;
        if read == 0 {
            return Ok(digest.to_hex());
        }
        digest.update(&piece[..read]);
        *left = left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(format!("it holds more than {} GiB", UNPACKED >> 30)))?;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use gate_base::digest::sha256_hex;

    use super::*;

    fn zip(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .expect("started");
            zip.write_all(text.as_bytes()).expect("written");
        }
        zip.finish().expect("finished").into_inner()
    }

    fn tar(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, text) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, text.as_bytes()).expect("written");
        }
        tar.into_inner().expect("finished")
    }

    fn read(bytes: &[u8]) -> Result<Option<Members>, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("archive");
        std::fs::write(&path, bytes).expect("written");
        members(&path, &|name| name == "b/c.txt")
    }

    #[test]
    fn names_and_hashes() {
        let files = [("a.txt", "one"), ("b/c.txt", "two")];
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&tar(&files)).expect("compressed");
        let wanted: Members = [("a.txt".into(), None), ("b/c.txt".into(), Some(sha256_hex(b"two")))].into();
        for bytes in [zip(&files), tar(&files), packed.finish().expect("compressed")] {
            assert_eq!(read(&bytes), Ok(Some(wanted.clone())));
        }
    }

    #[test]
    fn what_is_no_archive_or_damaged() {
        assert_eq!(read(b"id,text\n"), Ok(None));
        assert_eq!(read(b""), Ok(None));
        assert!(read(&zip(&[("a.txt", "one")])[..30]).is_err());
        assert!(read(&tar(&[("a.txt", "one")])[..515]).is_err());
        let twice = tar(&[("a.txt", "one"), ("a.txt", "two")]);
        assert_eq!(read(&twice), Err("two of its files have one name".into()));
    }
}
