//! The list of reasons is frozen, documented, and each is reached by a test.

use std::fmt::Write;
use std::path::Path;

use gate_runtime::reason::{REASONS_VERSION, ReasonKind};
use gate_runtime::{RailReason, Reason, Status};

/// Numbers, codes and statuses of version 1, spelled out a second time. A line may be added; whoever changes one raises
/// `REASONS_VERSION` and the schema versions of decision log and run stats.
const GOLDEN: &str = include_str!("reasons.golden");

#[test]
fn codes_are_frozen() {
    let mut found = format!("version {REASONS_VERSION}\n");
    for reason in Reason::ALL {
        let _ = writeln!(found, "{} {} {}", *reason as u8, reason.code(), reason.status());
    }
    assert_eq!(found, GOLDEN.replace("\r\n", "\n"));
}

#[test]
fn codes_are_unique_and_in_snake_case() {
    let mut codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
    for code in codes {
        assert!(
            code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{code}"
        );
    }
    for reason in Reason::ALL {
        assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        assert_eq!(Reason::from_number(*reason as u8), Some(*reason));
        assert_eq!(reason.is_fallback(), reason.kind() == ReasonKind::Fallback);
    }
}

#[test]
fn errors_have_no_status_of_success() {
    for reason in Reason::ALL {
        let ok = reason.status() == Status::Ok;
        let good = matches!(
            reason.kind(),
            ReasonKind::Native | ReasonKind::Fallback | ReasonKind::Event
        );
        assert!(good || !ok, "{reason}");
    }
}

fn heading(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Native => "Native: the work was done by the native backend",
        ReasonKind::Fallback => "Fallback: the work was done by the CPU function",
        ReasonKind::Device => "Device: what happened in the native backend",
        ReasonKind::Contract => "Contract: the call was refused",
        ReasonKind::Verify => "Verification: the kernel was not registered or not loaded",
        ReasonKind::Guard => "Guard: the launch was refused",
        ReasonKind::Failure => "Failure: the work was not done",
        ReasonKind::Event => "Events: not about one call",
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Reason codes\n\n\
         A reason code says why a kernel was dispatched as it was. `backend_reason` and `contract_reason` in a decision log hold these codes, and run stats \
         count them. The list is closed. Codes and numbers are frozen within its version; new ones may be added.\n\n",
    );
    let _ = writeln!(page, "This is version {REASONS_VERSION}.\n");
    page.push_str(
        "Causes are chained, the outermost first, and the first decides the status: \
         `native_failed_fallback;launch_failed;runtime_error_719` says that the CPU did the work, because the driver refused the launch with its \
         error 719. This page is generated from the source: `GATE_UPDATE_DOCS=1 cargo test -p cargo-gate-runtime --test reasons`.\n",
    );
    for kind in ReasonKind::ALL {
        let _ = writeln!(
            page,
            "\n## {}\n\n| code | number | status | meaning |\n| --- | --- | --- | --- |",
            heading(kind)
        );
        for reason in Reason::ALL.iter().filter(|reason| reason.kind() == kind) {
            let code = match reason {
                Reason::RuntimeError => "runtime_error_<n>",
                _ => reason.code(),
            };
            let status = reason.status();
            let _ = writeln!(
                page,
                "| `{code}` | {} | `{status}` | {} |",
                *reason as u8,
                reason.meaning()
            );
        }
    }
    page.push_str("\n## Rails\n\nWhy rails recommend a mode (`shadow_reason`) or rolled back (`rollback`, `rollback_reason`):\n\n");
    for reason in RailReason::ALL {
        let _ = writeln!(page, "- `{reason}`");
    }
    page
}

#[test]
fn the_reference_page_is_this_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference/reason-codes.md");
    if std::env::var_os("GATE_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).expect("the page exists");
    let (written, page) = (written.replace("\r\n", "\n"), page());
    let differs = written
        .lines()
        .zip(page.lines())
        .find(|(written, page)| written != page);
    assert_eq!(
        differs, None,
        "run `GATE_UPDATE_DOCS=1 cargo test -p cargo-gate-runtime --test reasons`"
    );
    assert_eq!(
        written.len(),
        page.len(),
        "run `GATE_UPDATE_DOCS=1 cargo test -p cargo-gate-runtime --test reasons`"
    );
}

#[test]
fn schemas_list_every_reason_of_rails() {
    for schema in [gate_runtime::decision_log::SCHEMA, gate_runtime::stats::SCHEMA] {
        for reason in RailReason::ALL {
            let quoted = format!("\"{reason}\"");
            assert!(schema.matches(&quoted).count() >= 2, "`{reason}` is missing");
        }
    }
}

/// Every code stands in a test of this crate that reaches it. A code that nothing reaches is a promise nobody keeps.
#[test]
fn every_reason_is_reached_by_a_suite() {
    let suites = [
        include_str!("prod_cuda_contracts.rs"),
        include_str!("prod_status_errors.rs"),
        include_str!("prod_decision_log.rs"),
    ];
    for reason in Reason::ALL {
        let (code, variant) = (reason.code(), format!("Reason::{reason:?}"));
        let named = suites
            .iter()
            .any(|suite| is_word(suite, code) || is_word(suite, &variant));
        assert!(named, "no suite reaches `{code}`");
    }
}

/// Whether `word` stands in `text` as a word of its own.
fn is_word(text: &str, word: &str) -> bool {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_none_or(|letter| !inside(letter));
        let after = text[at + word.len()..].chars().next();
        // The driver's number follows the code of its reason.
        before && after.is_none_or(|letter| !inside(letter) || word == "runtime_error")
    })
}
