//! The databases were written by SQLite 3.40 and by MLflow 3.17; both are in `tests/data`.

use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// Pages of 512 bytes, in a table of three levels: 900 rows whose texts run over up to 15 pages, a column that was added later, and
/// names that have to be quoted.
const TYPES: &[u8] = include_bytes!("../../tests/data/types.db.gz");

fn bytes() -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(TYPES).read_to_end(&mut bytes).expect("gzip");
    bytes
}

fn written(bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("types.db");
    std::fs::write(&path, bytes).expect("written");
    (directory, path)
}

/// Reads every table that is known to be there.
fn all(path: &Path) -> Result<usize, String> {
    let database = Database::open(path)?;
    let mut rows = 0;
    for table in ["all kinds", "empty"] {
        database.rows(table, ["id", "a,b", "c", "d\"\"x", "whole", "later", "a"], &mut |_| {
            rows += 1;
        })?;
    }
    database.unchanged()?;
    Ok(rows)
}

#[test]
fn every_kind_of_value_is_read_as_sqlite_wrote_it() {
    let (_directory, path) = written(&bytes());
    let database = Database::open(&path).expect("it is a database");
    let mut number = 0_i64;
    let columns = ["id", "a,b", "C", "d\"\"x", "WHOLE", "later", "no such column"];
    let there = database.rows("All Kinds", columns, &mut |[
        id,
        text,
        real,
        blob,
        whole,
        later,
        none,
    ]| {
        number += 1;
        // Deleted again.
        number += i64::from(number == 100);
        assert_eq!(none, Cell::Null);
        if number == 901 {
            assert_eq!((id, text, real.number()), (Cell::Integer(5000), Cell::Null, Some(2.0)));
            assert_eq!(
                (blob, whole, later),
                (Cell::Blob(&[0xff]), Cell::Integer(7), Cell::Text("it is later"))
            );
            return;
        }
        assert_eq!((id, later), (Cell::Integer(number * 3), Cell::Null));
        let more = if number % 100 == 0 { number * 4 } else { 0 };
        let wanted = format!("grün {number}{}", "é".repeat(usize::try_from(more).expect("small")));
        assert_eq!(text, Cell::Text(&wanted));
        assert_eq!(
            real.number(),
            Some(f64::from(i32::try_from(number).expect("small")) * 0.5)
        );
        let zeros = vec![0; usize::try_from(number % 7).expect("small")];
        assert_eq!(blob, Cell::Blob(&zeros));
        let wholes = [
            0,
            1,
            -1,
            300,
            -70_000,
            8_388_607,
            -2_147_483_648,
            140_737_488_355_327,
            i64::MIN,
            i64::MAX,
        ];
        assert_eq!(
            whole.integer(),
            wholes.get(usize::try_from(number % 10).expect("small")).copied()
        );
    });
    assert_eq!((there, number), (Ok(true), 901));
    assert_eq!(database.rows("empty", ["a"], &mut |_| panic!("a row")), Ok(true));
    assert_eq!(database.rows("missing", ["a"], &mut |_| panic!("a row")), Ok(false));
    let refused = |table: &str| {
        database
            .rows(table, ["a"], &mut |_| panic!("a row"))
            .expect_err("refused")
    };
    assert_eq!(refused("plain"), "its table `plain`: it has no rowid");
    assert_eq!(refused("made"), "its table `made`: it has generated columns");
}

#[test]
fn half_a_transaction_is_refused() {
    let (_directory, path) = written(&bytes());
    assert_eq!(all(&path), Ok(900));
    let [journal, log] = journals(&path);
    // A journal that was ended is left with zeros in front.
    std::fs::write(&journal, [0; 512]).expect("written");
    std::fs::write(&log, "").expect("written");
    assert_eq!(all(&path), Ok(900));
    std::fs::write(&log, "frames").expect("written");
    let why = all(&path).expect_err("changes are missing");
    assert!(
        why.contains("`types.db-wal`") && why.contains("wal_checkpoint"),
        "{why}"
    );
    std::fs::remove_file(&log).expect("removed");
    std::fs::write(&journal, [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]).expect("written");
    let why = all(&path).expect_err("changes are not finished");
    assert!(why.contains("`types.db-journal`"), "{why}");
}

#[test]
fn a_change_while_it_is_read_is_noticed() {
    let (_directory, path) = written(&bytes());
    let database = Database::open(&path).expect("it is a database");
    assert_eq!(database.unchanged(), Ok(()));
    let mut later = bytes();
    later[27] += 1;
    std::fs::write(&path, &later).expect("written");
    assert!(database.unchanged().is_err());
}

#[test]
fn what_is_no_database_is_said() {
    for (edit, wanted) in [
        ((0, b'X'), "it is not a database of SQLite"),
        ((16, 3), "its pages have 768 bytes"),
        ((19, 3), "it is of a later format"),
        ((59, 2), "its texts are not UTF-8"),
    ] {
        let mut bytes = bytes();
        bytes[edit.0] = edit.1;
        let (_directory, path) = written(&bytes);
        assert_eq!(all(&path), Err(wanted.to_owned()));
    }
    let (_directory, path) = written(b"SQLite format 3\0");
    assert_eq!(all(&path), Err("it is not a database of SQLite".to_owned()));
    let whole = bytes();
    let (_directory, path) = written(&whole[..whole.len() / 2]);
    assert!(all(&path).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A damaged database ends in an error or in rows, and soon.
    #[test]
    fn damage_neither_panics_nor_runs_on(
        edits in proptest::collection::vec((0_usize..141_824, any::<u8>()), 1..24),
        pages in proptest::collection::vec((0_usize..277, 0_usize..277), 0..4),
    ) {
        let mut bytes = bytes();
        for (to, from) in pages {
            bytes.copy_within(from * 512..(from + 1) * 512, to * 512);
        }
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        let (_directory, path) = written(&bytes);
        let _ = all(&path);
    }
}
