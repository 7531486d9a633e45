//! The frozen contract, spelled out a second time: whoever changes it has to change it here as well, and then the
//! schema version of every manifest that stores a status.

use gate_runtime::{Status, UnknownStatus};

const GOLDEN: [(i32, &str, Status); 5] = [
    (0, "OK", Status::Ok),
    (1, "INVALID_ARGUMENT", Status::InvalidArgument),
    (2, "VERIFY_FAILED", Status::VerifyFailed),
    (3, "COMPILE_FAILED", Status::CompileFailed),
    (4, "RUNTIME_FAILED", Status::RuntimeFailed),
];

#[test]
fn numbers_and_names_are_frozen() {
    assert_eq!(GOLDEN.map(|(_, _, status)| status), Status::ALL);
    for (code, name, status) in GOLDEN {
        assert_eq!(status.code(), code);
        assert_eq!(i32::from(status), code);
        assert_eq!(Status::try_from(code), Ok(status));
        assert_eq!(Status::from_code(code), Some(status));
        assert_eq!(status.to_string(), name);
        assert_eq!(Status::name_of(code), name);
        assert_eq!(name.parse(), Ok(status));
        assert_eq!(status.is_ok(), code == 0);
    }
}

#[test]
fn any_other_number_is_unknown() {
    let known = 0..GOLDEN.len() as i32;
    let codes = (-300..300).chain([i32::MIN, i32::MAX, 0x0100_0000]);
    for code in codes.filter(|code| !known.contains(code)) {
        assert_eq!(Status::from_code(code), None, "{code}");
        assert_eq!(Status::name_of(code), "UNKNOWN", "{code}");
        let unknown: UnknownStatus = Status::try_from(code).expect_err("no status has this number");
        assert_eq!(unknown.to_string(), "UNKNOWN");
        assert_eq!(unknown.code(), code);
    }
}

#[test]
fn other_words_are_no_status() {
    for word in ["", "ok", "OK ", "UNKNOWN", "0", "INVALID-ARGUMENT"] {
        let parsed: Result<Status, _> = word.parse();
        assert!(parsed.is_err(), "{word:?}");
    }
}

#[test]
fn names_align_in_columns() {
    assert_eq!(format!("[{:<8}]", Status::Ok), "[OK      ]");
}
