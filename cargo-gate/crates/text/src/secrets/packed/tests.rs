use std::io::{Cursor, Write as _};

use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use super::super::{automaton, planted, scan, scan_all};
use super::scan_within;
use super::unpacker::{MAX_ENTRIES, MAX_EXPECTED};
use crate::secrets::Unread;

fn gz(content: &[u8]) -> Vec<u8> {
    let mut gz = GzBuilder::new().write(Vec::new(), Compression::fast());
    gz.write_all(content).unwrap();
    gz.finish().unwrap()
}

fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    zip_with(&[(name, content)], "")
}

fn zip_with(entries: &[(&str, &[u8])], comment: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.set_comment(comment).unwrap();
    zip.finish().unwrap().into_inner()
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

/// What is found in bytes, by words for each secret.
fn found(bytes: &[u8]) -> Vec<String> {
    let hits = scan(bytes);
    assert!(hits.iter().all(|hit| hit.line == 1 && hit.span == (0..bytes.len())));
    let what = |what: &str| what.replace("a GitHub personal access token, ", "");
    hits.iter().map(|hit| what(&hit.what)).collect()
}

/// What of the bytes is not searched, in words.
fn unread(bytes: &[u8]) -> Vec<String> {
    scan_all(bytes).unread.iter().map(Unread::to_string).collect()
}

fn token() -> String {
    planted::value("github_token")
}

#[test]
fn secrets_in_compressed_files_are_found() {
    let text = format!("one\n{}\n", token());
    let text = text.as_bytes();
    // Not quite a tar: a name and NULs.
    let nuls = [b"b.env".as_slice(), &[0; 507], text, &[0; 500]].concat();
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(token().encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    for packed in [gz(text), gz(&nuls), gz(&utf16), gz(&gz(text))] {
        assert_eq!(found(&packed), ["compressed"]);
    }
    assert_eq!(found(&zip("a/b.env", text)), ["in the entry `a/b.env`"]);
    assert_eq!(found(&tar(&[("a/b.env", text)])), ["in the entry `a/b.env`"]);
    assert_eq!(found(b"PK\x03\x04 and no archive"), [""; 0]);
}

#[test]
fn archives_in_archives_are_unpacked() {
    let text = token();
    let text = text.as_bytes();
    for (packed, place) in [
        (gz(&tar(&[("b.env", text)])), "in the entry `b.env`"),
        (gz(&zip("b.env", text)), "in the entry `b.env`"),
        (
            zip("a.tar.gz", &gz(&tar(&[("b.env", text)]))),
            "in the entry `b.env` of `a.tar.gz`",
        ),
        (
            tar(&[("a.zip", &zip("b.env", text))]),
            "in the entry `b.env` of `a.zip`",
        ),
        (gz(&gz(&gz(&gz(text)))), "compressed"),
    ] {
        assert_eq!(found(&packed), [place]);
        assert_eq!(unread(&packed), [""; 0]);
    }
    let deep = zip("a", &gz(&gz(&gz(&gz(text)))));
    assert_eq!(found(&deep), [""; 0]);
    assert_eq!(unread(&deep), ["the entry `a` is nested more than three levels deep"]);
}

#[test]
fn what_follows_a_stream_is_searched() {
    let text = token();
    let text = text.as_bytes();
    for second in [gz(text), [&[0; 700], gz(text).as_slice()].concat(), text.to_vec()] {
        let packed = [gz(b"first").as_slice(), second.as_slice()].concat();
        assert_eq!(found(&packed), ["compressed"]);
        assert_eq!(unread(&packed), [""; 0]);
    }
    let twice = [tar(&[("a", b"first")]), tar(&[("b", text)])].concat();
    assert_eq!(found(&twice), ["in the entry `b`"]);
}

#[test]
fn names_and_comments_are_searched() {
    let name = token();
    assert_eq!(found(&zip(&format!("a/{name}"), b"")), ["in the name of an entry"]);
    assert_eq!(found(&zip_with(&[], &name)), ["in a comment of the archive"]);
    assert_eq!(found(&tar(&[(&name, b"")])), ["in the name of an entry"]);
    // Longer than the header of a tar has space for.
    let long = format!("{}/{name}", "directory/".repeat(20));
    assert!(found(&tar(&[(&long, b"")])).contains(&"in the name of an entry".to_owned()));
    for builder in [
        GzBuilder::new().filename(name.as_str()),
        GzBuilder::new().comment(name.as_str()),
    ] {
        let packed = builder.write(Vec::new(), Compression::fast()).finish().unwrap();
        assert_eq!(found(&packed), ["in the header of the compressed file"]);
    }
}

#[test]
fn names_of_entries_show_no_secret() {
    let name = token();
    let packed = zip(&name, planted::value("gitlab").as_bytes());
    let whats: Vec<String> = scan(&packed).into_iter().map(|hit| hit.what).collect();
    assert_eq!(whats.len(), 2);
    assert!(!whats.concat().contains(&name), "{whats:?}");
    assert!(whats[1].contains("in the entry `[redacted github_token]`"), "{whats:?}");
}

#[test]
fn an_archive_behind_a_program_is_unpacked() {
    let archive = zip("a", token().as_bytes());
    for before in [b"#!/bin/sh\nexit\n".as_slice(), b"\x7fELF\0\0\0\0"] {
        assert_eq!(found(&[before, &archive].concat()), ["in the entry `a`"]);
    }
    let script = format!("#!/bin/sh\n# {}\n", token());
    let packed = [script.as_bytes(), &zip("a", b"text")].concat();
    assert_eq!(found(&packed), ["before the archive"]);
    // The signature of an end, and no archive.
    assert_eq!(scan(format!("{} PK\x05\x06", token()).as_bytes()).len(), 1);
}

#[test]
fn what_stops_the_reading_is_said() {
    let text = token();
    let text = text.as_bytes();
    let cut = gz(&text.repeat(100));
    assert_eq!(unread(&cut[..40]), ["it is damaged"]);
    assert_eq!(unread(b"PK\x03\x04 and no archive"), ["it is damaged"]);
    let cut = tar(&[("a", &[b'x'; 4000])]);
    assert_eq!(unread(&cut[..1024]), ["it is damaged"]);

    // The method is at these places of the local header and of the directory, and the flags two bytes earlier.
    let change = |at: usize, value: u8| {
        let mut archive = zip("a", text);
        let directory = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
        (archive[at], archive[directory + at + 2]) = (value, value);
        archive
    };
    for (archive, reason) in [
        (change(8, 12), "the entry `a` is compressed with bzip2"),
        (change(8, 93), "the entry `a` is compressed with Zstandard"),
        (change(8, 77), "the entry `a` is compressed with method 77"),
        (change(6, 1), "the entry `a` is encrypted"),
    ] {
        assert_eq!(unread(&archive), [reason]);
    }
    for (begin, name) in [
        (b"BZh91AY&SY".as_slice(), "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a\x07\0", "RAR"),
    ] {
        assert_eq!(
            unread(begin),
            [format!("it is in the format {name}, which is not unpacked")]
        );
        assert!(scan_all(begin).unread[0].is_whole());
        let inside = format!("the entry `a` is in the format {name}, which is not unpacked");
        assert_eq!(unread(&zip("a", begin)), [inside]);
        let large = [begin, &[b'x'; MAX_EXPECTED]].concat();
        assert_eq!(unread(&large), [""; 0], "data");
    }
    for no_archive in [
        b"BZh9 is no archive".as_slice(),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"7z",
    ] {
        assert_eq!(unread(no_archive), [""; 0]);
    }
}

/// As [`scan_all`] with smaller budgets.
fn scan_little(bytes: &[u8], size: u64, entries: usize) -> (usize, Vec<String>) {
    let found = scan_within(bytes, &|text| automaton::scan_strict(text).hits, size, entries).unwrap();
    (found.hits.len(), found.unread.iter().map(Unread::to_string).collect())
}

#[test]
fn one_budget_holds_for_everything_nested() {
    let text = token();
    let text = text.as_bytes();
    let two = zip_with(&[("a", &gz(&[b'x'; 500])), ("b", text)], "");
    assert_eq!(scan_little(&two, 10_000, 10), (1, vec![]));
    assert_eq!(
        scan_little(&two, 500, 10),
        (0, vec!["it unpacks to more than 64 MiB".to_owned()])
    );
    // Two entries, and one in the first.
    assert_eq!(scan_little(&two, 10_000, 3), (1, vec![]));
    assert_eq!(
        scan_little(&two, 10_000, 2),
        (0, vec!["it has more than 10,000 entries".to_owned()])
    );
    // A directory that would not fit into memory is not read at all.
    let trap = [b"PK\x03\x04".as_slice(), &b"PK\x01\x02".repeat(4 * MAX_ENTRIES + 1)].concat();
    assert_eq!(unread(&trap), ["it has more than 10,000 entries"]);
}

#[test]
fn secrets_in_notebooks_are_found() {
    let token = token();
    let lines: Vec<String> = planted::private_key("RSA PRIVATE KEY")
        .lines()
        .map(|line| format!("{line}\n"))
        .collect();
    let source = serde_json::to_string(&[vec![format!("token = '{token}'\n")], lines].concat()).unwrap();
    let notebook = format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": {source}}}]}}");
    let whats: Vec<String> = scan(notebook.as_bytes()).into_iter().map(|hit| hit.what).collect();
    assert_eq!(whats, ["a GitHub personal access token", "an RSA private key"]);
}

/// Archives in archives.
fn archives() -> impl Strategy<Value = Vec<u8>> {
    let leaf = proptest::collection::vec(any::<u8>(), 0..200);
    leaf.prop_recursive(5, 16, 3, |inner| {
        let entries = proptest::collection::vec(("[a-z]{1,9}", inner.clone()), 0..3);
        prop_oneof![
            inner.clone().prop_map(|content| gz(&content)),
            (inner.clone(), inner).prop_map(|(first, second)| [gz(&first), second].concat()),
            entries.prop_map(|entries| {
                let entries: Vec<(&str, &[u8])> = entries
                    .iter()
                    .map(|(name, content)| (name.as_str(), content.as_slice()))
                    .collect();
                tar(&entries)
            }),
            (
                "[a-z]{1,9}",
                any::<bool>(),
                proptest::collection::vec(any::<u8>(), 0..90)
            )
                .prop_map(|(name, twice, content)| {
                    let archive = zip(&name, &content);
                    if twice { zip(&name, &archive) } else { archive }
                }),
        ]
    })
}

proptest! {
    /// Any archive with bytes changed and an end cut off is searched without a panic, within the budgets.
    #[test]
    fn no_archive_panics(
        mut archive in archives(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
        size in 0_u64..600,
        entries in 0_usize..6,
    ) {
        for (at, byte) in changes {
            if !archive.is_empty() {
                let at = at.index(archive.len());
                archive[at] = byte;
            }
        }
        if cuts && !archive.is_empty() {
            archive.truncate(cut.index(archive.len()));
        }
        let seen = std::cell::Cell::new(0);
        let scan = |text: &[u8]| {
            seen.set(seen.get() + text.len());
            Vec::new()
        };
        if let Some(found) = scan_within(&archive, &scan, size, entries) {
            prop_assert!(found.unread.len() <= 16);
            // Contents once, and every name and comment of the directory.
            prop_assert!(seen.get() <= 8 * (archive.len() + 600) + 64 * 1024, "{} of {}", seen.get(), archive.len());
        }
        scan_all(&archive);
    }
}
