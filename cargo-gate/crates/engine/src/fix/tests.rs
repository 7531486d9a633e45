use gate_report::{Applicability, Location};

use super::*;

/// A file with these edits.
pub(super) fn changed(before: Option<&str>, edits: Vec<Edit>) -> Changed {
    Changed {
        before: before.map(str::to_owned),
        edits,
        after: String::new(),
    }
}

fn edits(change: &Change, text: &str) -> Option<Vec<Edit>> {
    let pieces = pieces(change, Some(text))?;
    Some(
        pieces
            .into_iter()
            .map(|(span, new)| edit("a.yml", Some(&Text::of(text.to_owned())), span, new))
            .collect(),
    )
}

fn one(change: &Change, text: &str) -> Option<(u64, u64, u32, u32)> {
    let edits = edits(change, text)?;
    assert_eq!(edits.len(), 1);
    Some((
        edits[0].byte_start,
        edits[0].byte_end,
        edits[0].line_start,
        edits[0].column_start,
    ))
}

#[test]
fn what_is_replaced_begins_once_on_its_line() {
    let text = "ä: 1\nrun: cargo test\nrun: cargo test; cargo test\n";
    let replace = |line, old: &str| Change::replace(&Location::line("a.yml", line), old, "x");
    assert_eq!(one(&replace(2, "cargo test"), text), Some((11, 21, 2, 6)));
    assert_eq!(one(&replace(3, "cargo test"), text), None, "which of the two is meant");
    assert_eq!(one(&replace(1, "cargo test"), text), None, "it begins on a later line");
    assert_eq!(one(&replace(9, "cargo test"), text), None);
    assert_eq!(one(&replace(1, " 1\nrun"), text), Some((3, 9, 1, 3)), "it may go on");
    let at = |column, old: &str| Change::replace(&Location::span("a.yml", 3, column, 1), old, "x");
    assert_eq!(one(&at(18, "cargo"), text), Some((39, 44, 3, 18)));
    assert_eq!(one(&at(17, "cargo"), text), None);
    assert_eq!(one(&at(6, ""), text), None);
}

#[test]
fn files_that_are_not_there_are_written() {
    let append = Change::Append {
        path: "new".into(),
        text: "a\n".into(),
    };
    assert_eq!(pieces(&append, None), Some(vec![(0..0, "a\n".to_owned())]));
    assert_eq!(pieces(&append, Some("b")), Some(vec![(1..1, "\na\n".to_owned())]));
    assert_eq!(pieces(&append, Some("b\r\n")), Some(vec![(3..3, "a\r\n".to_owned())]));
    assert_eq!(pieces(&Change::remove(&Location::line("new", 1)), None), None);
}

fn report(fixes: Vec<Fix>) -> gate_report::Report {
    let mut report = gate_report::testing::empty_report();
    report.checks = vec![CheckReport {
        id: "area.name".into(),
        summary: String::new(),
        dimension: gate_report::Dimension::Contract,
        group: None,
        outcome: gate_report::Outcome::Warn,
        reason: None,
        findings: fixes
            .into_iter()
            .map(|fix| Finding {
                fix: Some(fix),
                ..Finding::advice("x")
            })
            .collect(),
        evidence: None,
    }];
    report
}

fn fix_of(text: &str, spans: &[(Range<usize>, &str)]) -> Fix {
    Fix {
        title: "change it".into(),
        applicability: Applicability::MachineApplicable,
        edits: spans
            .iter()
            .map(|(span, new)| edit("a", Some(&Text::of(text.to_owned())), span.clone(), (*new).to_owned()))
            .collect(),
    }
}

/// The text that comes of these fixes, and why others were left.
fn outcome(text: &str, fixes: Vec<Fix>) -> (String, Vec<Option<&'static str>>) {
    let applied = applied(&report(fixes), &[], &|_| Some(text.as_bytes().to_vec()));
    let after = applied.files.get("a").map_or(text, |file| &file.after).to_owned();
    (after, applied.fixes.iter().map(|fix| fix.left).collect())
}

#[test]
fn edits_of_one_finding_are_applied_together_or_not_at_all() {
    let text = "one two three";
    let first = fix_of(text, &[(0..3, "1"), (8..13, "3")]);
    let second = fix_of(text, &[(4..7, "2"), (12..13, "E")]);
    let third = fix_of(text, &[(4..7, "zwei")]);
    let overlapping = Some("another fix changes the same place");
    assert_eq!(
        outcome(text, vec![first.clone(), second, third.clone()]),
        ("1 zwei 3".to_owned(), vec![None, overlapping, None])
    );
    assert_eq!(outcome(text, vec![third.clone(), third.clone()]).0, "one zwei three");
    let mut doubtful = third;
    doubtful.applicability = Applicability::MaybeIncorrect;
    assert_eq!(outcome(text, vec![doubtful]), (text.to_owned(), Vec::new()));
}

#[test]
fn a_file_that_changed_is_not_touched() {
    let fix = fix_of("one two", &[(0..3, "1")]);
    let changed = applied(&report(vec![fix.clone()]), &[], &|_| Some(b"one  two".to_vec()));
    assert_eq!(changed.files, BTreeMap::new());
    assert_eq!(changed.fixes[0].left, Some("the file changed since it was judged"));
    let gone = applied(&report(vec![fix]), &[], &|_| None);
    assert_eq!(gone.fixes[0].left, Some("the file changed since it was judged"));
}
