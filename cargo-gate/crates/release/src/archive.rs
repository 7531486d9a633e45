//! Archives that are the same bytes whenever and wherever they are made: entries sorted, one time, no owners.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read as _, Write as _};

use flate2::{Compression, GzBuilder};
use gate_base::error::{Error, Result};
use semver::Version;
use zip::write::SimpleFileOptions;

use crate::layout::package_archive;

/// An archive that unpacks to more than this is not compared entry by entry.
const MAX_UNPACKED: u64 = 2 << 30;

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) bytes: Vec<u8>,
    /// Whether it is a program.
    pub(crate) executable: bool,
}

/// Files by their paths in the archive.
pub(crate) type Contents = BTreeMap<String, Packed>;

/// The format that users of a target expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A tar archive, compressed by gzip.
    TarGz,
    /// A zip archive, for Windows.
    Zip,
}

impl Format {
    pub(crate) fn of_target(triple: &str) -> Self {
        if triple.contains("windows") {
            Self::Zip
        } else {
            Self::TarGz
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }
}

/// Packs files; `epoch` is the time of all of them, in seconds since 1970.
pub(crate) fn pack(format: Format, contents: &Contents, epoch: i64) -> Result<Vec<u8>> {
    let packed = match format {
        Format::TarGz => tar_gz(contents, epoch),
        Format::Zip => zipped(contents, epoch),
    };
    packed.map_err(|error| Error::tool(format!("cannot make the archive: {error}")))
}

fn tar_gz(contents: &Contents, epoch: i64) -> io::Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (path, file) in contents {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.bytes.len() as u64);
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        header.set_mtime(u64::try_from(epoch).unwrap_or_default());
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, path, file.bytes.as_slice())?;
    }
    tar.into_inner()?.finish()
}

fn zipped(contents: &Contents, epoch: i64) -> io::Result<Vec<u8>> {
    let time = jiff::Timestamp::from_second(epoch)
        .ok()
        .map(|time| time.to_zoned(jiff::tz::TimeZone::UTC))
        .and_then(|time| {
            let part = |number: i8| u8::try_from(number).ok();
            let year = u16::try_from(time.year()).ok()?;
            let (month, day) = (part(time.month())?, part(time.day())?);
            let (hour, minute, second) = (part(time.hour())?, part(time.minute())?, part(time.second())?);
            zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
        })
        // Earlier than 1980 the format has no times.
        .unwrap_or_default();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, file) in contents {
        let options = SimpleFileOptions::default()
            .last_modified_time(time)
            .unix_permissions(if file.executable { 0o755 } else { 0o644 });
        zip.start_file(path.as_str(), options)?;
        zip.write_all(&file.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Takes an archive apart by what its name says it is; `None` for anything else, and for one that cannot be read.
pub(crate) fn unpack(name: &str, bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    if name.ends_with(".tar.gz") || name.ends_with(".crate") {
        let gzip = flate2::read::GzDecoder::new(bytes).take(MAX_UNPACKED);
        let mut tar = tar::Archive::new(gzip);
        let entry = |entry: io::Result<tar::Entry<'_, _>>| {
            let mut entry = entry.ok()?;
            let path = entry.path().ok()?.to_string_lossy().replace('\\', "/");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).ok()?;
            Some((path, bytes))
        };
        return tar.entries().ok()?.map(entry).collect();
    }
    if name.ends_with(".zip") {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
        let count = zip.len();
        let entry = |at| {
            let mut file = zip.by_index(at).ok()?;
            let mut bytes = Vec::new();
            io::Read::by_ref(&mut file)
                .take(MAX_UNPACKED)
                .read_to_end(&mut bytes)
                .ok()?;
            Some((file.name().ok()?.into_owned(), bytes))
        };
        return (0..count).map(entry).collect();
    }
    None
}

/// The files of a package's archive by their paths in the package; `None` for an archive that cannot be read.
pub(crate) fn unpack_package(name: &str, version: &Version, bytes: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let below = format!("{name}-{version}/");
    let files = unpack(&package_archive(name, version), bytes)?.into_iter();
    let inside = |(path, bytes): (String, Vec<u8>)| Some((path.strip_prefix(&below)?.to_owned(), bytes));
    Some(files.filter_map(inside).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_holds_its_files_and_nothing_of_the_machine() {
        let file = |bytes: &[u8], executable| Packed {
            bytes: bytes.to_vec(),
            executable,
        };
        let contents = Contents::from([
            ("app-1.0.0/app".to_owned(), file(b"\x7fELF", true)),
            ("app-1.0.0/LICENSE".to_owned(), file(b"MIT", false)),
        ]);
        for (format, name) in [(Format::TarGz, "a.tar.gz"), (Format::Zip, "a.zip")] {
            let bytes = pack(format, &contents, 1_767_323_045).expect("an archive");
            assert_eq!(bytes, pack(format, &contents, 1_767_323_045).expect("an archive"));
            let unpacked = unpack(name, &bytes).expect("files");
            let expected: Vec<_> = contents
                .iter()
                .map(|(path, file)| (path.clone(), file.bytes.clone()))
                .collect();
            assert_eq!(unpacked, expected);
            assert_eq!(unpack(name, &bytes[..bytes.len() / 2]), None);
        }
        assert_eq!(unpack("a.json", b"{}"), None);
        assert_eq!(Format::of_target("x86_64-pc-windows-msvc"), Format::Zip);
    }
}
