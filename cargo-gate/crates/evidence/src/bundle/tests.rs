use std::fs;
use std::path::{Path, PathBuf};

use std::collections::BTreeMap;

use super::*;
use crate::record::bundle::MANIFEST;
use crate::record::{Hashes, canonical};
use crate::run_dir::fixture;
use crate::verify::{Signers, Status};
use gate_base::digest::sha256_hex;
use gate_text::secrets::planted;

/// A run whose files are these as well, hashes and all.
fn run_with(gate: &Path, more: &[(&str, &[u8])]) -> PathBuf {
    let id = fixture::write_runs(gate, 1).remove(0);
    let directory = gate.join("runs").join(id);
    let path = directory.join("hashes.json");
    let mut hashes: Hashes = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (name, bytes) in more {
        fs::write(directory.join(name), bytes).unwrap();
        hashes.files.insert((*name).to_owned(), sha256_hex(bytes));
    }
    hashes.chain = hashes.expected_chain();
    fs::write(&path, canonical(&hashes).unwrap()).unwrap();
    // Away from the history, which has the line of the run as it was written.
    let alone = gate.join(directory.file_name().unwrap());
    fs::rename(&directory, &alone).unwrap();
    alone
}

#[derive(Debug, PartialEq)]
enum Verified {
    Judged(Status, Vec<String>),
    Refused(String),
}

fn verified(bytes: &[u8]) -> Verified {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.tar.gz");
    fs::write(&path, bytes).unwrap();
    match verify(&path, None, &Signers::default()) {
        Ok(verification) => {
            let problems = verification.problems.iter();
            let problems = problems.map(|problem| format!("{}: {}", problem.file, problem.message));
            Verified::Judged(verification.status, problems.collect())
        }
        Err(error) => Verified::Refused(error.message),
    }
}

#[test]
fn data_binaries_and_secrets_stay_behind() {
    let gate = tempfile::tempdir().unwrap();
    let token = planted::value("gitlab");
    let directory = run_with(
        gate.path(),
        &[
            ("suites/weights.bin", b"weights"),
            ("suites/blob.log", b"a\0b"),
            ("suites/leak.log", token.as_bytes()),
        ],
    );
    fs::write(directory.join("dataset.csv"), "1,2\n").unwrap();
    let bundle = make(&directory, &directory).unwrap();
    let excluded = bundle.manifest.excluded.iter();
    let why: Vec<(&str, Why)> = excluded
        .map(|excluded| (excluded.path.as_str(), excluded.why))
        .collect();
    assert_eq!(
        why,
        [
            ("dataset.csv", Why::NotOfTheRun),
            ("suites/blob.log", Why::Binary),
            ("suites/leak.log", Why::Secret),
            ("suites/weights.bin", Why::NoDocument),
        ]
    );
    let (_, files) = parse(&bundle.bytes).unwrap();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    insta::assert_debug_snapshot!(names);
    for bytes in files.values() {
        assert!(!String::from_utf8_lossy(bytes).contains(&token));
    }
    assert_eq!(verified(&bundle.bytes), Verified::Judged(Status::Verified, Vec::new()));
}

/// What `tar` makes of a bundle is as good as the bundle.
#[test]
fn an_unpacked_bundle_is_one() {
    let gate = tempfile::tempdir().unwrap();
    let directory = run_with(gate.path(), &[("suites/weights.bin", b"weights")]);
    let bundle = make(&directory, &directory).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let gzip = flate2::read::GzDecoder::new(bundle.bytes.as_slice());
    tar::Archive::new(gzip).unpack(elsewhere.path()).unwrap();
    let unpacked = elsewhere.path().join(directory.file_name().unwrap());
    let found = |path: &Path| {
        let found = crate::verify::verify(path, path.to_str(), None).unwrap();
        let problems: Vec<String> = found
            .problems
            .iter()
            .map(|problem| format!("{}: {}", problem.file, problem.message))
            .collect();
        (found.status, problems.join("\n"))
    };
    assert_eq!(found(&unpacked), (Status::Verified, String::new()));
    // Packed again it is the same bundle, with what stayed behind.
    assert_eq!(bundle.manifest.excluded.len(), 1);
    assert_eq!(make(&unpacked, &unpacked).unwrap().bytes, bundle.bytes);

    let own = fs::read(unpacked.join(MANIFEST)).unwrap();
    fs::write(
        unpacked.join(MANIFEST),
        String::from_utf8_lossy(&own).replace("no_document", "binary"),
    )
    .unwrap();
    assert_eq!(
        found(&unpacked).0,
        Status::Verified,
        "why something stayed behind is not part of the run"
    );
    fs::write(unpacked.join(MANIFEST), "{}").unwrap();
    insta::assert_snapshot!(found(&unpacked).1, @"
    bundle.json: the bundle has an invalid `bundle.json`: missing field `schema_version` at line 1 column 2
    suites/weights.bin: recorded but missing; 9 of the 10 recorded files exist
    ");
    fs::remove_file(unpacked.join(MANIFEST)).unwrap();
    insta::assert_snapshot!(found(&unpacked).1, @"suites/weights.bin: recorded but missing; 9 of the 10 recorded files exist");
    fs::write(unpacked.join(MANIFEST), &own).unwrap();
    fs::remove_file(unpacked.join("report.md")).unwrap();
    insta::assert_snapshot!(found(&unpacked).1, @"report.md: the bundle lists this file but does not contain it");

    // A run beside its history has all of its files, whatever a manifest says.
    let gate = tempfile::tempdir().unwrap();
    let id = fixture::write_runs(gate.path(), 1).remove(0);
    fs::write(gate.path().join("runs").join(&id).join(MANIFEST), &own).unwrap();
    let inside = crate::verify::verify(gate.path(), Some(&id), None).unwrap();
    assert_eq!(inside.status, Status::Tampered);
}

#[test]
fn the_same_run_makes_the_same_bytes() {
    let gate = tempfile::tempdir().unwrap();
    let directory = run_with(gate.path(), &[]);
    let bytes = make(&directory, &directory).unwrap().bytes;
    assert_eq!(make(&directory, &directory).unwrap().bytes, bytes);
    let moved = gate.path().join("elsewhere").join(directory.file_name().unwrap());
    fs::create_dir_all(moved.parent().unwrap()).unwrap();
    fs::rename(&directory, &moved).unwrap();
    assert_eq!(make(&moved, &moved).unwrap().bytes, bytes);
}

#[test]
fn an_edited_bundle_is_found() {
    let gate = tempfile::tempdir().unwrap();
    let directory = run_with(gate.path(), &[]);
    let bundle = make(&directory, &directory).unwrap();
    let (manifest, files) = parse(&bundle.bytes).unwrap();
    let packed = |manifest: &BundleManifest, files: &BTreeMap<String, Vec<u8>>| {
        verified(&super::write::archive(manifest, files).unwrap())
    };
    assert_eq!(
        packed(&manifest, &files),
        Verified::Judged(Status::Verified, Vec::new())
    );

    let mut edited = files.clone();
    edited.insert("report.md".into(), b"# READY\n".to_vec());
    insta::assert_debug_snapshot!("edited", packed(&manifest, &edited));
    // With a manifest that agrees, the hashes of the run still do not.
    let mut agreeing = manifest.clone();
    let bundled = Bundled {
        sha256: sha256_hex(b"# READY\n"),
        size: 8,
    };
    agreeing.files.insert("report.md".into(), bundled);
    insta::assert_debug_snapshot!("edited-with-manifest", packed(&agreeing, &edited));

    let mut less = files.clone();
    less.remove("suites/default.log");
    insta::assert_debug_snapshot!("removed", packed(&manifest, &less));
    let mut more = files.clone();
    more.insert("weights.bin".into(), b"1".to_vec());
    insta::assert_debug_snapshot!("added", packed(&manifest, &more));
    // What a run is verified by cannot stay behind.
    let mut hollow = manifest.clone();
    let decision = hollow.files.remove("decision.json").unwrap();
    hollow.excluded.push(Excluded {
        path: "decision.json".into(),
        why: Why::Binary,
        sha256: Some(decision.sha256),
    });
    let mut without = files.clone();
    without.remove("decision.json");
    assert!(!matches!(
        packed(&hollow, &without),
        Verified::Judged(Status::Verified, _)
    ));
    // What stayed behind is named with the hash that the run has for it.
    let mut pretended = manifest.clone();
    pretended.files.remove("suites/default.log");
    pretended.excluded.push(Excluded {
        path: "suites/default.log".into(),
        why: Why::Binary,
        sha256: Some("0".repeat(64)),
    });
    insta::assert_debug_snapshot!("pretended", packed(&pretended, &less));
}

#[test]
fn what_is_no_bundle_is_refused() {
    let gate = tempfile::tempdir().unwrap();
    let directory = run_with(gate.path(), &[]);
    let bundle = make(&directory, &directory).unwrap();
    for bytes in [
        b"".as_slice(),
        b"\x1f\x8b garbage",
        &bundle.bytes[..bundle.bytes.len() / 2],
    ] {
        assert!(matches!(verified(bytes), Verified::Refused(_)), "{bytes:?}");
    }
    let (manifest, mut files) = parse(&bundle.bytes).unwrap();
    files.insert("..".into(), Vec::new());
    assert!(super::write::archive(&manifest, &files).is_err());
    // A run that does not verify is not handed on.
    fs::write(directory.join("report.md"), "# READY\n").unwrap();
    let error = make(&directory, &directory).unwrap_err();
    assert!(error.message.contains("does not verify"), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_end_in_a_value(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &bytes).unwrap();
        let _ = parse(&gzip.finish().unwrap());
    }
}
