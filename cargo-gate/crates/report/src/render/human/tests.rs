use super::super::samples::{self, Files};
use super::*;

fn plain(report: &Report, width: usize) -> String {
    render(
        report,
        &Files,
        &Options {
            width,
            ..Options::default()
        },
    )
}

#[test]
fn every_sample_reads_well() {
    for (name, report) in samples::all() {
        insta::assert_snapshot!(format!("{name}_80"), plain(&report, 80));
    }
}

#[test]
fn wide_terminals_get_longer_lines() {
    insta::assert_snapshot!("failures_120", plain(&samples::failures(), 120));
    insta::assert_snapshot!("bounded_120", plain(&samples::bounded(), 120));
}

#[test]
fn verbose_shows_everything() {
    let options = Options {
        detail: Detail::Verbose,
        width: 80,
        styled: false,
    };
    insta::assert_snapshot!("ready_verbose", render(&samples::ready(), &Files, &options));
    let text = render(&samples::failures(), &Files, &options);
    assert_eq!(text.matches("[boundary.safety]: unsafe block").count(), 42);
    assert!(!text.contains("more finding"));
}

#[test]
fn quiet_is_the_verdict_alone() {
    let options = Options {
        detail: Detail::Quiet,
        ..Options::default()
    };
    insta::assert_snapshot!(
        render(&samples::failures(), &Files, &options),
        @"NOT READY for controlled: 6 failed, 1 warning, 1 passed in 0.04s (7 reused); next: cargo update --workspace --offline"
    );
}

#[test]
fn styles_add_nothing_but_styles() {
    for (name, report) in samples::all() {
        let options = Options {
            styled: true,
            width: 80,
            ..Options::default()
        };
        let styled = render(&report, &Files, &options);
        assert_eq!(
            anstream::adapter::strip_str(&styled).to_string(),
            plain(&report, 80),
            "{name}"
        );
        // The library that lays out the snippets takes brighter colours on Windows.
        if name == "unjudged" && cfg!(not(windows)) {
            insta::assert_snapshot!("unjudged_styled", styled.replace('\u{1b}', "␛"));
        }
    }
}

#[test]
fn foreign_text_cannot_act() {
    let text = plain(&samples::hostile(), 80);
    assert!(!text.chars().any(|c| c != '\n' && c.is_control()));
    assert!(!text.contains('\u{202e}'));
    let verdicts = text
        .lines()
        .filter(|line| line.contains("READY for"))
        .filter(|line| !line.starts_with(' '));
    assert_eq!(verdicts.count(), 1);
}

#[test]
fn a_secret_is_never_quoted_from_its_file() {
    let text = plain(&samples::failures(), 120);
    assert!(text.contains("src/config.rs:1:24"));
    assert!(!text.contains("IOSFODNN7EXA"));
}

/// What two workspaces of a repository share is shown by the first one, and counted by the second.
#[test]
fn what_another_workspace_has_shown_is_counted() {
    use crate::Location;
    let report = |directory: &str| {
        let mut report = samples::failures();
        report.checks.truncate(1);
        let check = &mut report.checks[0];
        check.outcome = Outcome::Warn;
        let up = "../".repeat(directory.matches('/').count() + 1);
        check.findings = vec![
            Finding::advice("an action is not pinned").at(Location::line(format!("{up}.github/workflows/ci.yml"), 3)),
            Finding::advice("the lockfile is stale").at(Location::file("Cargo.lock")),
            Finding::advice("nothing is declared"),
            Finding::blocking(Stage::Pilot, "no tests"),
        ];
        report
    };
    let (first, second) = (report("back"), report("web/app"));
    let mut shown = Shown::default();
    shown.add(&first, "back");
    let said = |detail| {
        let options = Options {
            detail,
            ..Options::default()
        };
        let text = after(&second, &Files, &options, (&shown, "web/app"));
        let wanted = ["not pinned", "is stale", "nothing is declared", "no tests"];
        (wanted.map(|wanted| text.contains(wanted)), text)
    };
    let (seen, text) = said(Detail::Normal);
    assert_eq!(seen, [false, true, false, true], "{text}");
    let note = format!("note: 2 warnings are as in `back` ({}); -v", first.checks[0].id);
    assert!(text.contains(&note), "{text}");
    assert_eq!(said(Detail::Verbose).0, [true; 4]);
}
