use super::*;
use crate::{EvidenceFile, EvidenceResult};

fn evidence(store: &Store, name: &str, log: Option<&[u8]>) -> Evidence {
    let files = log.map(|log| EvidenceFile {
        path: format!("suites/{name}.log"),
        digest: store.put_bytes(log).unwrap(),
        size: log.len() as u64,
    });
    let evidence = Evidence {
        check: format!("suite.test.{name}"),
        fingerprint: Digest::of(name.as_bytes()),
        result: EvidenceResult::Findings(Vec::new()),
        suite: None,
        files: files.into_iter().collect(),
        recorded: "2026-11-21T10:15:00Z".into(),
        duration_ms: 7,
        commit: None,
        reads: Vec::new(),
    };
    store.put_evidence(&evidence).unwrap();
    evidence
}

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path());
    (dir, store)
}

fn age(path: &Path, days: u64) {
    let time = SystemTime::now() - Duration::from_secs(days * 86_400);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[test]
fn what_was_stored_is_found_again() {
    let (_dir, store) = store();
    assert_eq!(store.evidence(&Digest::of(b"unit")), None);
    let stored = evidence(&store, "unit", Some(b"ok. 3 passed"));
    assert_eq!(store.evidence(&stored.fingerprint), Some(stored.clone()));
    assert_eq!(store.bytes(&stored.files[0].digest).unwrap(), b"ok. 3 passed");
}

#[test]
fn a_finished_file_is_moved_in() {
    let (dir, store) = store();
    let log = dir.path().join("unit.log");
    fs::write(&log, "text").unwrap();
    let (digest, size) = store.put_file(&log).unwrap();
    assert_eq!((digest, size), (Digest::of(b"text"), 4));
    assert!(!log.exists());
    assert_eq!(store.bytes(&digest).unwrap(), b"text");
}

#[test]
fn every_flipped_byte_and_every_truncation_is_a_miss() {
    let (_dir, store) = store();
    let stored = evidence(&store, "unit", Some(b"log of the suite"));
    for path in [
        store.evidence_path(&stored.fingerprint),
        store.blob_path(&stored.files[0].digest),
    ] {
        let whole = fs::read(&path).unwrap();
        for position in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(
                store.evidence(&stored.fingerprint),
                None,
                "byte {position} of {}",
                path.display()
            );
            evidence(&store, "unit", Some(b"log of the suite"));
            fs::write(&path, &whole[..position]).unwrap();
            assert_eq!(
                store.evidence(&stored.fingerprint),
                None,
                "cut at {position} of {}",
                path.display()
            );
            evidence(&store, "unit", Some(b"log of the suite"));
        }
        assert_eq!(store.evidence(&stored.fingerprint).as_ref(), Some(&stored));
    }
}

#[test]
fn evidence_under_another_fingerprint_is_a_miss() {
    let (_dir, store) = store();
    let stored = evidence(&store, "unit", None);
    let other = Digest::of(b"other");
    let path = store.evidence_path(&other);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(store.evidence_path(&stored.fingerprint), &path).unwrap();
    assert_eq!(store.evidence(&other), None);
    assert!(store.evidence(&stored.fingerprint).is_some());
}

#[test]
fn a_missing_log_is_a_miss() {
    let (_dir, store) = store();
    let stored = evidence(&store, "unit", Some(b"log"));
    fs::remove_file(store.blob_path(&stored.files[0].digest)).unwrap();
    assert_eq!(store.evidence(&stored.fingerprint), None);
}

#[test]
fn writers_at_the_same_time_do_not_disturb_readers() {
    let (_dir, store) = store();
    let log = vec![b'x'; 100_000];
    let stored = evidence(&store, "unit", Some(&log));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    evidence(&store, "unit", Some(&log));
                    assert_eq!(store.evidence(&stored.fingerprint).as_ref(), Some(&stored));
                }
            });
        }
    });
    assert_eq!(store.stats().unwrap().entries, 1);
    assert_eq!(store.stats().unwrap().blobs, 1);
}

#[test]
fn use_is_stamped() {
    let (_dir, store) = store();
    let stored = evidence(&store, "unit", Some(b"log"));
    let path = store.evidence_path(&stored.fingerprint);
    age(&path, 40);
    store.evidence(&stored.fingerprint).unwrap();
    let report = store
        .gc(
            Retention {
                max_age: Some(TOUCH_INTERVAL),
                ..Retention::default()
            },
            SystemTime::now(),
        )
        .unwrap();
    assert_eq!((report.removed_entries, report.kept_entries), (0, 1));
}

#[test]
fn collection_takes_the_unused_first_and_keeps_shared_logs() {
    let (_dir, store) = store();
    let old = evidence(&store, "old", Some(b"shared"));
    let new = evidence(&store, "new", Some(b"shared"));
    let alone = evidence(&store, "alone", Some(b"its own log"));
    age(&store.evidence_path(&old.fingerprint), 40);
    age(&store.evidence_path(&alone.fingerprint), 50);
    let orphan = store.put_bytes(b"nobody names this").unwrap();
    let leftover = store.root().join("evidence/ab/.tmp-x");
    fs::create_dir_all(leftover.parent().unwrap()).unwrap();
    fs::write(&leftover, "half").unwrap();

    let month = Duration::from_secs(30 * 86_400);
    let retention = Retention {
        max_age: Some(month),
        ..Retention::default()
    };
    let before = store.stats().unwrap();
    let foreseen = store
        .gc(
            Retention {
                dry_run: true,
                ..retention
            },
            SystemTime::now(),
        )
        .unwrap();
    assert_eq!(store.stats().unwrap(), before);
    assert!(leftover.exists());
    let report = store.gc(retention, SystemTime::now()).unwrap();
    assert_eq!(foreseen.removed, report.removed);
    assert_eq!(foreseen.removed.len(), 5);
    assert_eq!(
        (report.removed_entries, report.removed_files, report.kept_entries),
        (2, 3, 1)
    );
    assert_eq!(report.kept_bytes, store.stats().unwrap().bytes);
    assert!(!leftover.exists());
    assert_eq!(store.bytes(&orphan), None);
    assert_eq!(store.evidence(&new.fingerprint), Some(new));
    assert_eq!(store.evidence(&old.fingerprint), None);
}

#[test]
fn a_byte_budget_is_kept_oldest_first() {
    let (_dir, store) = store();
    let names = ["a", "b", "c"];
    for (index, name) in names.iter().enumerate() {
        let stored = evidence(&store, name, None);
        age(&store.evidence_path(&stored.fingerprint), 10 - index as u64);
    }
    let total = store.stats().unwrap().bytes;
    let retention = Retention {
        max_bytes: Some(total - 1),
        ..Retention::default()
    };
    let report = store.gc(retention, SystemTime::now()).unwrap();
    assert_eq!(report.removed_entries, 1);
    assert_eq!(store.evidence(&Digest::of(b"a")), None);
    assert!(store.evidence(&Digest::of(b"c")).is_some());
}

#[test]
fn an_absent_store_is_empty() {
    let (_dir, store) = store();
    assert_eq!(store.stats().unwrap(), Stats::default());
    assert_eq!(
        store.gc(Retention::default(), SystemTime::now()).unwrap(),
        GcReport::default()
    );
}
