//! Hand-built reports that every renderer is tried on.

mod measured;
mod parts;

use std::borrow::Cow;

use super::SourceProvider;
use crate::claim::{Kind, PackageKind, Relaxation, Standing};
use crate::group::Group;
use crate::{
    Artifact, Bound, CheckReport, Counts, Decision, Dimension, EvidenceRecord, Finding, KnownUse, Location,
    NotApplicable, Outcome, Reason, Report, TestStatus, UnblockStep, WaiverUse,
};
use gate_base::stage::Stage;
pub use measured::measured;
pub use parts::empty;
use parts::{ASSERTION, check, claims, evidence, finish, fix, suite_result};

/// Source files of the samples.
pub struct Files;

impl SourceProvider for Files {
    fn source(&self, path: &str) -> Option<Cow<'_, str>> {
        let text = match path {
            "Cargo.toml" => {
                "[package]\nname = \"demo\"\nversion = \"0.3.0\"\nedition = \"2024\"\n\n[dependencies]\n\
                 rand = \"*\"\nparser = { git = \"https://example.com/parser\", branch = \"main\" }\n"
            }
            "gate.toml" => "schema = 1\n\n[profile.release]\noverflow-checks = true\npanic = \"abort\"\n",
            "src/ffi.rs" => {
                "//! Calls into the allocator.\n\npub fn read(ptr: *const u8) -> u8 {\n    unsafe { *ptr }\n}\n\n\
                 // größer: ein Zeichen ist mehr als ein Byte\n/* ü */ unsafe fn raw() {}\n"
            }
            "src/config.rs" => "pub const KEY: &str = \"AKIAIOSFODNN7EXAMPLE\";\n",
            "src/\u{1b}[31mred\n.rs" => "unsafe { \u{1b}[2J\u{202e} }\n",
            _ => return None,
        };
        Some(Cow::Borrowed(text))
    }
}

/// Every sample with its name.
pub fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("empty", empty()),
        ("ready", ready()),
        ("failures", failures()),
        ("bounded", bounded()),
        ("unjudged", unjudged()),
        ("hostile", hostile()),
        ("measured", measured()),
    ]
}

/// Everything passes, most of it reused.
pub fn ready() -> Report {
    let mut suite = check(
        "suite.test.default",
        "The default test suite passes",
        Dimension::Correctness,
        Outcome::Pass,
    );
    suite.evidence = Some(EvidenceRecord {
        suite: Some(suite_result(0, TestStatus::Flaky)),
        reused: false,
        duration_ms: 4_230,
        ..evidence()
    });
    let checks = vec![
        check(
            "lockfile.tracked",
            "`Cargo.lock` is committed",
            Dimension::Reproducibility,
            Outcome::Pass,
        ),
        check(
            "lockfile.fresh",
            "`Cargo.lock` matches the manifests",
            Dimension::Reproducibility,
            Outcome::Pass,
        ),
        suite,
    ];
    finish(Report {
        claims: claims(&[]),
        kinds: [("cli", Kind::Tool), ("core", Kind::Library), ("parser", Kind::Library)]
            .map(|(package, kind)| PackageKind {
                package: package.into(),
                kind,
                declared: kind == Kind::Tool,
            })
            .into(),
        decision: Decision::Ready,
        exit_code: 0,
        checks,
        checklist: None,
        not_applicable: vec![NotApplicable {
            id: "profile.release".into(),
            reason: "gate.toml declares no requirements on profiles".into(),
        }],
        ..empty()
    })
}

/// Checks that fail and warn, with places that have lines of code, places that have none, and a long list.
pub fn failures() -> Report {
    let mut fresh = check(
        "lockfile.fresh",
        "`Cargo.lock` matches the manifests",
        Dimension::Reproducibility,
        Outcome::Fail,
    );
    fresh.findings.push(
        Finding::blocking(Stage::Pilot, "`Cargo.lock` does not match the manifests")
            .help("run `cargo update --workspace --offline` and commit `Cargo.lock`")
            .at(Location::file("Cargo.lock")),
    );
    let mut sources = check(
        "lockfile.sources",
        "Every dependency names a fixed source",
        Dimension::Integrity,
        Outcome::Fail,
    );
    sources.findings.push(
        Finding::blocking(Stage::Controlled, "dependency `parser` follows the branch `main`")
            .help("pin it: `rev = \"<commit>\"` instead of `branch = \"main\"`")
            .at(Location::span("Cargo.toml", 8, 1, 6))
            .package("demo"),
    );
    sources.findings.push(Finding {
        fix: Some(fix()),
        ..Finding::advice("dependency `rand` accepts every version")
            .help("write the version that `cargo tree -p rand` shows")
            .at(Location::line("Cargo.toml", 7))
            .package("demo")
    });
    let mut profile = check(
        "profile.release",
        "Cargo profiles meet the policy",
        Dimension::Control,
        Outcome::Fail,
    );
    profile.findings.push(
        Finding::blocking(Stage::Controlled, "`overflow-checks` is `false` in profile `release`")
            .help("add `overflow-checks = true` to `[profile.release]` in `Cargo.toml`")
            .at(Location::file("Cargo.toml"))
            .because(Some(Location::span("gate.toml", 4, 1, 15))),
    );
    let mut raw = check(
        "boundary.raw",
        "Raw authority stays in native crates",
        Dimension::Control,
        Outcome::Warn,
    );
    for (line, column) in [(4, 5), (8, 9), (99, 1), (100, 1), (101, 1)] {
        raw.findings.push(
            Finding::blocking(Stage::Broad, "`unsafe` in the portable crate `demo`")
                .help("move it to a native crate, or allow the file under `[[boundary.allow]]` in `gate.toml`")
                .at(Location::span("src/ffi.rs", line, column, 6))
                .package("demo"),
        );
    }
    let mut safety = check(
        "boundary.safety",
        "Every unsafe block says why it is sound",
        Dimension::Control,
        Outcome::Fail,
    );
    for line in 1..=42 {
        safety.findings.push(
            Finding::blocking(Stage::Controlled, "unsafe block without a `SAFETY` comment")
                .help("write `// SAFETY: …` above it")
                .at(Location::line("src/generated.rs", line)),
        );
    }
    let mut secrets = check(
        "secrets.tree",
        "No secret is in the tree",
        Dimension::Privacy,
        Outcome::Fail,
    );
    secrets.findings.push(
        Finding::blocking(Stage::Pilot, "access key of a cloud account: `AKIA…MPLE`")
            .help("revoke the key, then remove it from `src/config.rs`")
            .at(Location::span("src/config.rs", 1, 24, 20)),
    );
    let mut suite = check(
        "suite.test.default",
        "The default test suite passes",
        Dimension::Correctness,
        Outcome::Fail,
    );
    suite.findings.push(Finding {
        detail: Some(ASSERTION.into()),
        ..Finding::blocking(Stage::Pilot, "1 of 3 tests failed: `demo parses_long`")
            .help("run `cargo test --locked parses_long`")
    });
    suite.evidence = Some(EvidenceRecord {
        suite: Some(suite_result(101, TestStatus::Failed)),
        artifacts: vec![Artifact {
            path: "suites/suite.test.default.log".into(),
            sha256: "ab".repeat(32),
            size: 812,
        }],
        reused: false,
        ..evidence()
    });
    let checks = vec![
        check(
            "lockfile.tracked",
            "`Cargo.lock` is committed",
            Dimension::Reproducibility,
            Outcome::Pass,
        ),
        fresh,
        sources,
        profile,
        raw,
        safety,
        secrets,
        suite,
    ];
    finish(Report {
        stage: Stage::Controlled,
        checks,
        unblock: [
            ("lockfile.fresh", "cargo update --workspace --offline"),
            (
                "lockfile.sources",
                "pin `parser` with `rev = \"<commit>\"` in Cargo.toml",
            ),
            (
                "profile.release",
                "add `overflow-checks = true` to `[profile.release]` in Cargo.toml",
            ),
            (
                "boundary.safety",
                "write `// SAFETY: …` above each unsafe block in src/generated.rs",
            ),
            ("secrets.tree", "revoke the key and remove it from src/config.rs"),
            ("suite.test.default", "cargo test --locked"),
            ("suite.test.more", "cargo test --locked"),
        ]
        .map(|(check, action)| UnblockStep {
            check: check.into(),
            action: action.into(),
        })
        .to_vec(),
        ..empty()
    })
}

/// Ready for less than everything: a waiver, known findings and an exclusion at work.
pub fn bounded() -> Report {
    let mut raw = check(
        "boundary.raw",
        "Raw authority stays in native crates",
        Dimension::Control,
        Outcome::Pass,
    );
    for line in [4, 8] {
        let mut finding = Finding::blocking(Stage::Controlled, "`unsafe` in the portable crate `demo`")
            .at(Location::span("src/ffi.rs", line, 5, 6));
        finding.waived = Some(WaiverUse {
            owner: "core-team".into(),
            reason: "the allocator shim moves to its own crate".into(),
            expires: "2026-12-31".into(),
        });
        raw.findings.push(finding);
    }
    for line in [21, 34] {
        let mut finding = Finding::blocking(Stage::Pilot, "`unsafe` in the portable crate `old`").at(Location::span(
            "old/src/lib.rs",
            line,
            5,
            6,
        ));
        finding.known = Some(KnownUse {
            file: "known_findings.toml".into(),
            owner: "core-team".into(),
            until: "2026-11-30".into(),
        });
        raw.findings.push(finding);
    }
    let mut kernels = Finding::blocking(Stage::Controlled, "`asm!` in the portable crate `demo-gpu`")
        .at(Location::line("gpu/src/lib.rs", 12));
    kernels.excluded = Some("GPU kernels".into());
    raw.findings.push(kernels);
    finish(Report {
        stage: Stage::Broad,
        decision: Decision::ReadyWithBoundedScope,
        exit_code: 0,
        scope: Some("all services of the payments team".into()),
        bounds: vec![Bound {
            surface: "GPU kernels".into(),
            reason: "no device in CI before the second quarter, so that nothing about them is measured anywhere".into(),
            risk: "medium".into(),
        }],
        checks: vec![
            check(
                "lockfile.tracked",
                "`Cargo.lock` is committed",
                Dimension::Reproducibility,
                Outcome::Pass,
            ),
            raw,
        ],
        claims: claims(&[
            (Group::Performance, Standing::Missing, None),
            (Group::Resilience, Standing::Excluded, Some("medium")),
        ]),
        relaxed: vec![Relaxation {
            rule: "warnings do not block".into(),
            reason: "two of a dependency, fixed in its next release".into(),
        }],
        ..empty()
    })
}

/// Every way of not having a judgement, under strict mode.
pub fn unjudged() -> Report {
    let mut suite = check(
        "suite.test.default",
        "The default test suite passes",
        Dimension::Correctness,
        Outcome::NotRun,
    );
    suite.reason = Some(
        Reason::new("tool_missing", "`cargo-nextest` is not installed").help("cargo install --locked cargo-nextest"),
    );
    suite.evidence = None;
    let mut fresh = check(
        "lockfile.fresh",
        "`Cargo.lock` matches the manifests",
        Dimension::Reproducibility,
        Outcome::Inconclusive,
    );
    fresh.reason = Some(
        Reason::new(
            "offline",
            "the registry index is not on this machine and --offline forbids to fetch it",
        )
        .help("cargo fetch --locked"),
    );
    let mut raw = check(
        "boundary.raw",
        "Raw authority stays in native crates",
        Dimension::Control,
        Outcome::Error,
    );
    raw.reason = Some(Reason::new("panic", "the check panicked: index out of bounds"));
    let mut pinned = check(
        "toolchain.pinned",
        "The toolchain is pinned",
        Dimension::Reproducibility,
        Outcome::Warn,
    );
    pinned.findings.push(
        Finding::blocking(Stage::Controlled, "no file pins the toolchain")
            .help("add `rust-toolchain.toml` with `channel = \"1.95.0\"`"),
    );
    finish(Report {
        strict: true,
        exit_code: 3,
        checks: vec![fresh, pinned, raw, suite],
        confidence: None,
        unblock: vec![UnblockStep {
            check: "suite.test.default".into(),
            action: "cargo install --locked cargo-nextest".into(),
        }],
        run_dir: None,
        ..empty()
    })
}

/// Text of others that tries to act: terminal escapes, line ends, markup, workflow commands, great length.
pub fn hostile() -> Report {
    let mut raw = check(
        "boundary.raw",
        "Raw \u{1b}[2J | <script>alert(1)</script>",
        Dimension::Control,
        Outcome::Fail,
    );
    raw.findings.push(
        Finding::blocking(
            Stage::Pilot,
            "`\u{1b}[31mred\u{7}` | *bold* _it_ [x](javascript:alert) <script>alert(1)</script> & @someone \u{202e}txt.exe",
        )
        .help("first line\n::error file=x::forged\nREADY for broad: 99 passed")
        .at(Location::span("src/\u{1b}[31mred\n.rs", 1, 1, 6))
        .at(Location::line("a,b:c%/d|e`f.rs", 3)),
    );
    raw.findings
        .push(Finding::blocking(Stage::Pilot, "long ".repeat(60)).at(Location::file("x".repeat(200))));
    let mut waived = Finding::blocking(Stage::Pilot, "a ]]> b").at(Location::line("ü/ß.rs", 1));
    waived.waived = Some(WaiverUse {
        owner: "@team|<b>".into(),
        reason: "line one\nline two".into(),
        expires: "2026-12-31".into(),
    });
    raw.findings.push(waived);
    finish(Report {
        checks: vec![raw],
        confidence: None,
        unblock: vec![UnblockStep {
            check: "boundary.raw".into(),
            action: "rm -rf \u{1b}]0;title\u{7}\nREADY".into(),
        }],
        ..empty()
    })
}

/// So many findings of every weight, spread over four checks, and one check without a judgement.
pub fn many(findings: u32) -> Report {
    let mut report = unjudged();
    report.strict = false;
    report.stage = Stage::Controlled;
    report.run_dir.clone_from(&empty().run_dir);
    let mut checks: Vec<CheckReport> = [
        "boundary.inventory",
        "boundary.safety",
        "lockfile.sources",
        "secrets.tree",
    ]
    .map(|id| check(id, "Nothing of the kind", Dimension::Control, Outcome::Fail))
    .to_vec();
    for number in 0..findings {
        // Most of them belong to the second check.
        let check = match number % 10 {
            0 => 0,
            1 => 2,
            2 => 3,
            _ => 1,
        };
        let message = format!("thing {} that should not be there", number / 4);
        let mut finding = match number % 7 {
            0 => Finding::advice(message),
            1 => Finding::blocking(Stage::Broad, message),
            2..5 => Finding::blocking(Stage::Controlled, message),
            _ => Finding::blocking(Stage::Pilot, message),
        }
        .help("remove it, or say who needs it and why under `[[boundary.allow]]` in `gate.toml`")
        .at(Location::span(
            format!("src/module{}.rs", number % 97),
            number + 1,
            5,
            6,
        ));
        if number % 11 == 0 {
            finding.waived = Some(WaiverUse {
                owner: "core-team".into(),
                reason: "the allocator shim moves to its own crate".into(),
                expires: "2026-12-31".into(),
            });
        }
        checks[check].findings.push(finding);
    }
    checks.extend(std::mem::take(&mut report.checks));
    report.counts = Counts::default();
    finish(Report { checks, ..report })
}
