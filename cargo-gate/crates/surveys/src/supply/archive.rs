//! Files of a database out of a `.tar.gz` or `.zip`, read in memory: nothing of an archive is ever written to disk, and
//! none can ask for more memory than the limits here.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Cursor, Read};

use super::contents::{Contents, Entry, Skipped};

/// An archive larger than this is not read.
pub const MAX_ARCHIVE: u64 = 64 << 20;
/// An archive that unpacks to more than this is refused; the public database is a fiftieth of it.
pub(super) const MAX_UNPACKED: u64 = 128 << 20;
/// An advisory larger than this is skipped; usual ones are a thousandth of it.
pub(super) const MAX_FILE: u64 = 1 << 20;
/// An archive with more entries than this is refused.
const MAX_ENTRIES: usize = 200_000;

/// Reads the advisories of an archive.
///
/// # Errors
/// Why the archive as a whole cannot be believed: it is neither of the two kinds, it is damaged or cut off, or it asks
/// for more than the limits.
pub fn read(bytes: &[u8]) -> Result<Contents, String> {
    match bytes {
        [0x1f, 0x8b, ..] => tar(bytes),
        [b'P', b'K', ..] => zip(bytes),
        _ => Err("it is neither a .tar.gz nor a .zip".into()),
    }
}

/// What the path of an entry is.
enum Kind {
    /// An advisory, by its path from the top of the database.
    Advisory(String),
    /// Something that has no place in an archive, and why.
    Refused(&'static str),
    /// Not an advisory.
    Other,
}

fn kind(path: &[u8]) -> Kind {
    let Ok(path) = std::str::from_utf8(path) else {
        return Kind::Refused("its name is not UTF-8");
    };
    let absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    if absolute || path.contains('\\') || path.split('/').any(|part| part == "..") {
        return Kind::Refused("its path points outside the archive");
    }
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    // Hosting services put everything below one directory.
    match parts.as_slice() {
        [collection, package, file] | [_, collection, package, file]
            if matches!(*collection, "crates" | "rust") && file.ends_with(".md") =>
        {
            Kind::Advisory(format!("{collection}/{package}/{file}"))
        }
        _ => Kind::Other,
    }
}

/// Collects entries within the limits.
#[derive(Default)]
struct Collector {
    contents: Contents,
    seen: BTreeSet<String>,
    count: usize,
    unpacked: u64,
}

impl Collector {
    /// Counts an entry, and decides what it is.
    fn advisory(&mut self, path: &[u8], is_file: bool) -> Result<Option<String>, String> {
        self.count += 1;
        if self.count > MAX_ENTRIES {
            return Err(format!("it has more than {MAX_ENTRIES} entries"));
        }
        match kind(path) {
            Kind::Advisory(path) if !is_file => self.skip(&path, "it is not a regular file"),
            Kind::Advisory(path) if !self.seen.insert(path.clone()) => self.skip(&path, "it appears twice"),
            Kind::Advisory(path) => return Ok(Some(path)),
            Kind::Refused(why) => self.skip(&String::from_utf8_lossy(path), why),
            Kind::Other => {}
        }
        Ok(None)
    }

    fn skip(&mut self, path: &str, why: impl Into<String>) {
        self.contents.skipped.push(Skipped::new(path, why));
    }

    fn take(&mut self, path: String, reader: impl Read) -> Result<(), String> {
        let mut bytes = Vec::new();
        let read = reader.take(MAX_FILE + 1).read_to_end(&mut bytes);
        self.unpacked += bytes.len() as u64;
        if self.unpacked > MAX_UNPACKED {
            return Err(too_much());
        }
        match read {
            Err(error) => return Err(format!("`{path}` cannot be unpacked: {error}")),
            Ok(_) if bytes.len() as u64 > MAX_FILE => self.skip(&path, too_large()),
            Ok(_) => self.contents.entries.push(Entry { path, bytes }),
        }
        Ok(())
    }
}

pub(super) fn too_large() -> String {
    format!("it is larger than {} KiB", MAX_FILE >> 10)
}

fn too_much() -> String {
    format!("it unpacks to more than {} MiB", MAX_UNPACKED >> 20)
}

fn tar(bytes: &[u8]) -> Result<Contents, String> {
    let damaged = |error: io::Error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            "it is truncated".to_owned()
        } else {
            format!("it is damaged: {error}")
        }
    };
    let limit = Limit {
        // Entries are small, and each call of the decoder costs as much as unpacking kilobytes.
        inner: BufReader::with_capacity(1 << 18, flate2::bufread::MultiGzDecoder::new(bytes)),
        left: MAX_UNPACKED,
    };
    let mut archive = tar::Archive::new(limit);
    let mut collector = Collector::default();
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let is_directory = entry.header().entry_type().is_dir();
        let is_file = entry.header().entry_type().is_file();
        let path = entry.path_bytes().into_owned();
        if let Some(path) = collector.advisory(&path, is_file)?
            && !is_directory
        {
            collector.take(path, entry)?;
        }
    }
    // The checksum of gzip stands at its end.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(collector.contents)
}

/// A reader that ends in an error once it has given more than its limit.
struct Limit<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(too_much()))?;
        Ok(read)
    }
}

fn zip(bytes: &[u8]) -> Result<Contents, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("it is damaged: {error}"))?;
    let mut collector = Collector::default();
    for position in 0..archive.len() {
        let entry = match archive.by_index(position) {
            Ok(entry) => entry,
            // Encrypted, or packed by a method that this tool does not know.
            Err(error) => {
                collector.skip(&format!("entry {position}"), format!("it cannot be unpacked: {error}"));
                continue;
            }
        };
        let path = entry.name_raw().to_vec();
        if entry.is_dir() {
            continue;
        }
        if let Some(path) = collector.advisory(&path, entry.is_file() && !entry.is_symlink())? {
            collector.take(path, entry)?;
        }
    }
    Ok(collector.contents)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// A `.tar.gz` with these entries.
    fn tar_gz(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(gz);
        for (path, bytes) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            // By hand: the builder refuses the paths that are tested here.
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    /// A `.zip` with these entries.
    fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, bytes) in entries {
            writer
                .start_file(*path, zip::write::SimpleFileOptions::default())
                .unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn told(result: Result<Contents, String>) -> String {
        match result {
            Err(why) => format!("error: {why}"),
            Ok(contents) => {
                let entries = contents
                    .entries
                    .iter()
                    .map(|entry| format!("{} {}", entry.path, entry.bytes.len()));
                let skipped = contents
                    .skipped
                    .iter()
                    .map(|one| format!("- {}: {}", one.path, one.why));
                entries.chain(skipped).collect::<Vec<_>>().join("\n")
            }
        }
    }

    const ODD: &[(&str, &[u8])] = &[
        ("./crates/a/RUSTSEC-2020-0001.md", b"one"),
        ("top/crates/b/RUSTSEC-2020-0002.md", b"two"),
        ("rust/std/CVE-1.md", b"std"),
        ("crates/a/RUSTSEC-2020-0001.md", b"again"),
        ("../crates/c/RUSTSEC-2020-0003.md", b"out"),
        ("/crates/d/RUSTSEC-2020-0004.md", b"out"),
        ("crates\\e\\RUSTSEC-2020-0005.md", b"out"),
        ("README.md", b"readme"),
        ("a/b/crates/f/RUSTSEC-2020-0006.md", b"too deep"),
    ];

    #[test]
    fn only_advisories_inside_are_taken() {
        insta::assert_snapshot!(told(read(&tar_gz(ODD))), @r#"
        crates/a/RUSTSEC-2020-0001.md 3
        crates/b/RUSTSEC-2020-0002.md 3
        rust/std/CVE-1.md 3
        - crates/a/RUSTSEC-2020-0001.md: it appears twice
        - ../crates/c/RUSTSEC-2020-0003.md: its path points outside the archive
        - /crates/d/RUSTSEC-2020-0004.md: its path points outside the archive
        - crates\e\RUSTSEC-2020-0005.md: its path points outside the archive
        "#);
        insta::assert_snapshot!(told(read(&zip_of(ODD))), @r#"
        crates/a/RUSTSEC-2020-0001.md 3
        crates/b/RUSTSEC-2020-0002.md 3
        rust/std/CVE-1.md 3
        - crates/a/RUSTSEC-2020-0001.md: it appears twice
        - ../crates/c/RUSTSEC-2020-0003.md: its path points outside the archive
        - /crates/d/RUSTSEC-2020-0004.md: its path points outside the archive
        - crates\e\RUSTSEC-2020-0005.md: its path points outside the archive
        "#);
    }

    #[test]
    fn links_and_large_files_are_left_out() {
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(gz);
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder
            .append_link(&mut header, "crates/a/RUSTSEC-2020-0001.md", "/etc/passwd")
            .unwrap();
        let linked = builder.into_inner().unwrap().finish().unwrap();
        insta::assert_snapshot!(told(read(&linked)), @"- crates/a/RUSTSEC-2020-0001.md: it is not a regular file");
        let large = vec![b'x'; MAX_FILE as usize + 1];
        let entries: &[(&str, &[u8])] = &[("crates/a/RUSTSEC-2020-0001.md", &large)];
        insta::assert_snapshot!(told(read(&tar_gz(entries))), @"- crates/a/RUSTSEC-2020-0001.md: it is larger than 1024 KiB");
        insta::assert_snapshot!(told(read(&zip_of(entries))), @"- crates/a/RUSTSEC-2020-0001.md: it is larger than 1024 KiB");
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_refused() {
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(gz);
        let mut header = tar::Header::new_gnu();
        header.set_size(MAX_UNPACKED + 1);
        header.set_path("crates/a/RUSTSEC-2020-0001.md").unwrap();
        header.set_cksum();
        builder.append(&header, io::repeat(0).take(MAX_UNPACKED + 1)).unwrap();
        let bomb = builder.into_inner().unwrap().finish().unwrap();
        assert!(bomb.len() < 2 << 20);
        insta::assert_snapshot!(told(read(&bomb)), @"error: it is damaged: it unpacks to more than 128 MiB");
        let piece = vec![0; MAX_FILE as usize];
        let names: Vec<String> = (0..129)
            .map(|number| format!("crates/a/RUSTSEC-2020-{number:04}.md"))
            .collect();
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), piece.as_slice())).collect();
        insta::assert_snapshot!(told(read(&zip_of(&entries))), @"error: it unpacks to more than 128 MiB");
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let whole = tar_gz(ODD);
        let mut silent = Vec::new();
        for length in 2..whole.len() {
            if read(&whole[..length]).is_ok() {
                silent.push(length);
            }
        }
        assert_eq!(silent, [0; 0]);
        let whole = zip_of(ODD);
        assert!((2..whole.len()).all(|length| read(&whole[..length]).is_err()));
        insta::assert_snapshot!(told(read(b"hello")), @"error: it is neither a .tar.gz nor a .zip");
        insta::assert_snapshot!(told(read(b"")), @"error: it is neither a .tar.gz nor a .zip");
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(kind in 0..3, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut all = [&b"PK\x03\x04"[..], &b"\x1f\x8b\x08\0"[..], &b""[..]][kind as usize].to_vec();
            all.extend(bytes);
            let _ = read(&all);
        }

        #[test]
        fn any_damage_is_fine(zipped in any::<bool>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = if zipped { zip_of(ODD) } else { tar_gz(ODD) };
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(contents) = read(&bytes) {
                prop_assert!(contents.entries.iter().all(|entry| !entry.path.contains("..")));
            }
        }
    }
}
