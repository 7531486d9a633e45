use std::path::Path;

use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel, DiagnosticSpan};
use proptest::prelude::*;

use super::super::{NoSources, samples};
use super::*;

const ROOT: &str = if cfg!(windows) { "C:\\src\\demo" } else { "/src/demo" };

fn members() -> Vec<Member> {
    let member = |name: &str, directory: &str, source: &str| Member {
        name: name.into(),
        version: semver::Version::new(0, 3, 0),
        manifest: if directory.is_empty() {
            "Cargo.toml".into()
        } else {
            format!("{directory}/Cargo.toml")
        },
        directory: directory.into(),
        edition: "2024".into(),
        rust_version: None,
        publish: true,
        publishable: true,
        targets: vec![Target {
            name: name.into(),
            kind: vec!["lib".into()],
            source: source.into(),
            test: true,
        }],
    };
    vec![
        member("demo", "", "src/lib.rs"),
        member("demo-gpu", "gpu", "gpu/src/lib.rs"),
    ]
}

fn text(report: &Report) -> String {
    render(report, &samples::Files, &members(), Path::new(ROOT))
}

/// What a reader of cargo's messages makes of the report.
fn messages(text: &str) -> Vec<Message> {
    text.lines()
        .map(|line| {
            let message: Message = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(!matches!(message, Message::TextLine(_)), "{line}");
            message
        })
        .collect()
}

fn diagnostics(text: &str) -> Vec<Diagnostic> {
    let messages = messages(text).into_iter();
    messages
        .filter_map(|message| match message {
            Message::CompilerMessage(message) => Some(message.message),
            _ => None,
        })
        .collect()
}

/// The places that rust-analyzer shows, as it computes them: `file:line:column-line:column`, zero-based, in UTF-16.
fn shown(diagnostic: &Diagnostic) -> Vec<String> {
    let utf16 = |span: &DiagnosticSpan, column: usize| match span.text.first() {
        None => column - 1,
        Some(line) => line.text.chars().take(column - 1).map(char::len_utf16).sum(),
    };
    let primary = diagnostic.spans.iter().filter(|span| span.is_primary);
    primary
        .map(|span| {
            format!(
                "{}:{}:{}-{}:{}",
                span.file_name,
                span.line_start - 1,
                utf16(span, span.column_start),
                span.line_end - 1,
                utf16(span, span.column_end)
            )
        })
        .collect()
}

#[test]
fn every_sample_is_what_cargo_would_print() {
    for (name, report) in samples::all() {
        let text = text(&report);
        let read = messages(&text);
        let Some(Message::BuildFinished(finished)) = read.last() else {
            panic!("{name}: no build-finished at the end");
        };
        assert_eq!(finished.success, report.decision.is_ready(), "{name}");
        for message in &read[..read.len() - 1] {
            let Message::CompilerMessage(message) = message else {
                panic!("{name}: {message:?}");
            };
            let diagnostic = &message.message;
            let verdict = diagnostic.level == DiagnosticLevel::FailureNote;
            // Without a primary span rust-analyzer shows nothing.
            assert_eq!(shown(diagnostic).len(), usize::from(!verdict), "{name}: {diagnostic:?}");
            assert_eq!(diagnostic.code.is_none(), verdict, "{name}");
            assert!(diagnostic.rendered.is_some(), "{name}");
        }
    }
}

#[test]
fn messages_of_the_failures() {
    let mut text =
        text(&samples::failures()).replace(&serde_json::to_string(ROOT).expect("JSON").replace('"', ""), "[ROOT]");
    if cfg!(windows) {
        text = text.replace("///C:/src/demo", "//[ROOT]").replace("\\\\", "/");
    }
    let lines: Vec<&str> = text.lines().collect();
    let picked = |check: &str| *lines.iter().find(|line| line.contains(check)).expect("a message");
    let picked = [
        "::lockfile.sources",
        "::profile.release",
        "::boundary.raw",
        "::secrets.tree",
        "failure-note",
    ]
    .map(picked);
    let pretty = picked.map(|line| {
        let value: Value = serde_json::from_str(line).expect("JSON");
        serde_json::to_string_pretty(&value).expect("JSON")
    });
    insta::assert_snapshot!(pretty.join("\n"));
}

#[test]
fn spans_point_at_what_was_found() {
    let found = diagnostics(&text(&samples::failures()));
    let raw: Vec<&Diagnostic> = found
        .iter()
        .filter(|diagnostic| {
            diagnostic
                .code
                .as_ref()
                .is_some_and(|code| code.code == "cargo-gate::boundary.raw")
        })
        .collect();
    let source = samples::Files.source("src/ffi.rs").expect("a source");
    for diagnostic in &raw[..2] {
        let span = &diagnostic.spans[0];
        assert_eq!(&source[span.byte_start as usize..span.byte_end as usize], "unsafe");
        let line = &span.text[0];
        let highlighted: String = line
            .text
            .chars()
            .take(line.highlight_end - 1)
            .skip(line.highlight_start - 1)
            .collect();
        assert_eq!(highlighted, "unsafe");
    }
    // Behind an umlaut and in front of nothing.
    assert_eq!(shown(raw[1]), ["src/ffi.rs:7:8-7:14"]);
    assert_eq!(shown(raw[2]), ["src/ffi.rs:98:0-98:6"], "beyond the end of the file");
    assert_eq!(raw[0].level, DiagnosticLevel::Warning);
    let children: Vec<&str> = raw[0].children.iter().map(|child| child.message.as_str()).collect();
    assert_eq!(children[0], "blocks at broad");
}

#[test]
fn a_secret_is_not_quoted() {
    let text = text(&samples::failures());
    assert!(text.contains("secrets.tree"));
    assert!(!text.contains("AKIAIOSFODNN7EXAMPLE"), "{text}");
}

#[test]
fn what_has_no_place_stands_at_the_manifest_and_what_is_covered_nowhere() {
    let unjudged = diagnostics(&text(&samples::unjudged()));
    assert_eq!(shown(&unjudged[0]), ["Cargo.toml:0:0-0:9"]);
    assert_eq!(diagnostics(&text(&samples::bounded())), []);
    let found = diagnostics(&text(&samples::failures()));
    let missing = found
        .iter()
        .find(|it| it.message.contains("does not match the manifests"));
    let missing = missing.expect("a finding about `Cargo.lock`, which the sample lacks");
    assert_eq!(shown(missing), ["Cargo.toml:0:0-0:9"]);
    assert_eq!(missing.children[0].message, "at Cargo.lock");
}

#[test]
fn a_workspace_without_a_root_package_is_shown_at_its_first_member() {
    let mut members = members();
    members.remove(0);
    let text = render(&samples::failures(), &samples::Files, &members, Path::new(ROOT));
    let found = diagnostics(&text);
    let sources = found.iter().find(|it| it.message.contains("follows the branch"));
    let sources = sources.expect("a finding in the root manifest");
    assert_eq!(shown(sources), ["gpu/Cargo.toml:0:0-0:0"]);
    assert_eq!(sources.children[0].message, "at Cargo.toml:8:1");
}

#[test]
fn suites_that_were_left_out_have_no_place() {
    let mut report = samples::unjudged();
    let suite = report.checks.last_mut().expect("a suite");
    suite.reason = Some(crate::Reason::new(SUITES_LEFT_OUT, "suites were left out"));
    let found = diagnostics(&text(&report));
    let suite = found.iter().find(|it| {
        it.code
            .as_ref()
            .is_some_and(|code| code.code.ends_with("suite.test.default"))
    });
    let suite = suite.expect("it is said all the same");
    assert_eq!((suite.level, shown(suite).len()), (DiagnosticLevel::Note, 0));
}

#[test]
fn members_are_named_as_cargo_names_them() {
    let mut report = samples::failures();
    report.checks[1].findings[0].locations = vec![Location::line("gpu/src/lib.rs", 1)];
    report.checks.truncate(2);
    let text = text(&report);
    let Message::CompilerMessage(message) = &messages(&text)[0] else {
        panic!("{text}");
    };
    if cfg!(not(windows)) {
        assert_eq!(message.package_id.repr, "path+file:///src/demo/gpu#demo-gpu@0.3.0");
        assert_eq!(message.target.src_path, "/src/demo/gpu/src/lib.rs");
    }
    assert_eq!(message.target.name, "demo-gpu");
}

#[test]
fn thousands_of_findings_are_thousands_of_lines() {
    let report = samples::many(3_000);
    let text = render(&report, &NoSources, &members(), Path::new(ROOT));
    let covered = report
        .checks
        .iter()
        .flat_map(|check| &check.findings)
        .filter(|it| it.waived.is_some())
        .count();
    assert_eq!(messages(&text).len(), 3_000 - covered + 4 + 2);
}

proptest! {
    #[test]
    fn foreign_text_stays_inside_its_line(message in any::<String>(), path in any::<String>(), line in 0..9_u32, column in 0..90_u32, length in 0..90_u32) {
        let mut report = samples::hostile();
        let finding = &mut report.checks[0].findings[0];
        finding.message = message;
        finding.locations = vec![Location::span(path, line, column, length), Location::span("src/ffi.rs", line, column, length)];
        let read = diagnostics(&text(&report));
        prop_assert_eq!(read.len(), 3);
        for span in &read[0].spans {
            prop_assert!(span.line_start >= 1 && span.column_start >= 1 && span.column_start <= span.column_end);
        }
    }

    #[test]
    fn line_ends_of_windows_shift_nothing(before in "[a-zß]{0,9}", number in 0..4_u32) {
        struct One(String);
        impl SourceProvider for One {
            fn source(&self, _: &str) -> Option<Cow<'_, str>> {
                Some(Cow::Borrowed(&self.0))
            }
        }
        let source = One(format!("{}{before}unsafe\r\nlast", "x\r\n".repeat(number as usize)));
        let mut report = samples::hostile();
        let column = before.chars().count() as u32 + 1;
        report.checks[0].findings.truncate(1);
        report.checks[0].findings[0].locations = vec![Location::span("a.rs", number + 1, column, 6)];
        let text = render(&report, &source, &members(), Path::new(ROOT));
        let span = &diagnostics(&text)[0].spans[0];
        prop_assert_eq!(&source.0[span.byte_start as usize..span.byte_end as usize], "unsafe");
        prop_assert_eq!(&span.text[0].text, &format!("{before}unsafe"));
    }
}
