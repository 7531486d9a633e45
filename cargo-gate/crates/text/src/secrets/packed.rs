//! Texts in compressed files: what `gzip` packed, and the entries of a ZIP archive. A `.tar` inside is read as one text. Nothing is
//! written, and nothing can ask for more memory than the limit.

use std::io::{Cursor, Read};

/// More than this is not unpacked.
const MAX_UNPACKED: u64 = 64 << 20;
/// Archives with more entries are read up to here.
const MAX_ENTRIES: usize = 10_000;

/// One text of a compressed file.
pub(super) struct Unpacked {
    /// Name of the entry, where it has one.
    pub(super) name: Option<String>,
    /// Its contents, without NULs.
    pub(super) bytes: Vec<u8>,
}

/// The texts of a compressed file; `None` for any other. What is damaged, encrypted or too large is read as far as it goes.
pub(super) fn unpack(bytes: &[u8]) -> Option<Vec<Unpacked>> {
    match bytes {
        [0x1f, 0x8b, 8, ..] => {
            let mut left = MAX_UNPACKED;
            let bytes = read(flate2::bufread::MultiGzDecoder::new(bytes), &mut left);
            Some(vec![Unpacked { name: None, bytes }])
        }
        [b'P', b'K', 3, 4, ..] => Some(entries(bytes)),
        _ => None,
    }
}

fn entries(bytes: &[u8]) -> Vec<Unpacked> {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        return Vec::new();
    };
    let mut left = MAX_UNPACKED;
    let count = archive.len().min(MAX_ENTRIES);
    (0..count)
        .filter_map(|position| {
            let entry = archive.by_index(position).ok()?;
            let name = Some(String::from_utf8_lossy(entry.name_raw()).into_owned());
            let bytes = read(entry, &mut left);
            Some(Unpacked { name, bytes })
        })
        .collect()
}

/// Reads up to what is left, and leaves out NULs: the headers of a `.tar` have them, and no text does.
fn read(reader: impl Read, left: &mut u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before an error is worth a look.
    let _ = reader.take(*left).read_to_end(&mut bytes);
    *left -= bytes.len() as u64;
    bytes.retain(|byte| *byte != 0);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::{planted, scan};

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(text).unwrap();
        gz.finish().unwrap()
    }

    #[test]
    fn secrets_in_compressed_files_are_found() {
        let token = planted::value("github_token");
        let text = format!("one\n{token}\n");
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("a/b.env", zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
        let zip = zip.finish().unwrap().into_inner();
        // The header of a tar, shortened: a name and NULs.
        let tar = [b"b.env".as_slice(), &[0; 507], text.as_bytes(), &[0; 500]].concat();
        for (packed, place) in [
            (gz(text.as_bytes()), "a GitHub personal access token, compressed"),
            (gz(&tar), "a GitHub personal access token, compressed"),
            (zip, "a GitHub personal access token, in the entry `a/b.env`"),
        ] {
            let hits = scan(&packed);
            let whats: Vec<&str> = hits.iter().map(|hit| hit.what.as_str()).collect();
            assert_eq!(whats, [place]);
            assert!(hits.iter().all(|hit| hit.line == 1 && hit.span == (0..packed.len())));
        }
        assert_eq!(scan(&gz(text.as_bytes())[..20]).len(), 0, "what is cut off is no error");
        assert_eq!(scan(b"PK\x03\x04 and no archive").len(), 0);
    }

    #[test]
    fn secrets_in_notebooks_are_found() {
        let token = planted::value("github_token");
        let lines: Vec<String> = planted::private_key("RSA PRIVATE KEY")
            .lines()
            .map(|line| format!("{line}\n"))
            .collect();
        let source = serde_json::to_string(&[vec![format!("token = '{token}'\n")], lines].concat()).unwrap();
        let notebook = format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": {source}}}]}}");
        let whats: Vec<String> = scan(notebook.as_bytes()).into_iter().map(|hit| hit.what).collect();
        assert_eq!(whats, ["a GitHub personal access token", "an RSA private key"]);
    }
}
