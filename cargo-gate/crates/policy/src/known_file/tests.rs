use proptest::prelude::*;

use super::*;
use gate_base::stage::Stage;

fn catalogue() -> Catalogue {
    Catalogue::default()
        .with("boundary.raw", Stage::Pilot)
        .with("boundary.safety", Stage::Controlled)
        .with("secrets.tracked", Stage::Pilot)
        .recordable(["boundary.raw", "boundary.safety"])
}

fn read(text: &str) -> Result<KnownFindings, String> {
    parse(KNOWN_FINDINGS, text, &catalogue()).map_err(|errors| errors.render(false))
}

const HEAD: &str = "version = 1\nrecorded = 2026-11-23\nuntil = 2027-02-21\n";

#[test]
fn a_line_is_a_message_with_its_count_and_its_place() {
    let text = format!("{HEAD}[finding.\"boundary.raw\".\"src/lib.rs\"]\n\"unsafe block in `f`\" = 2\n\"b\" = 1\n");
    for text in [text.clone(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
        let known = read(&text).unwrap();
        assert_eq!(known.until, jiff::civil::date(2027, 2, 21));
        assert_eq!(known.total(), 3);
        let entry = known.entries.last().unwrap();
        assert_eq!(entry.key(), ("boundary.raw", "src/lib.rs", "unsafe block in `f`"));
        assert_eq!((entry.count, entry.location.line), (2, Some(5)));
        assert_eq!(KnownFindings::earlier(text.as_bytes()), Some(known));
    }
    assert!(read(HEAD).unwrap().entries.is_empty());
}

#[test]
fn edits_by_hand_that_make_no_sense_are_refused() {
    let raw = "[finding.\"boundary.raw\".\"src/lib.rs\"]\n";
    let refused = [
        format!("{HEAD}owner = \"a\"\n"),
        format!("{HEAD}{raw}\"a\" = 1\n\"a\" = 2\n"),
        format!("{HEAD}{raw}\"a\" = 0\n"),
        format!("{HEAD}{raw}\"a\" = \"2\"\n"),
        format!("{HEAD}[finding.\"boundary.row\".\"src/lib.rs\"]\n\"a\" = 1\n"),
        format!("{HEAD}[finding.\"secrets.tracked\".\"src/lib.rs\"]\n\"a\" = 1\n"),
        "version = 1\nrecorded = 2026-11-23\n".into(),
        HEAD.replace("2027-02-21", "2026-11-22"),
        HEAD.replace("2027-02-21", "2027-05-23"),
        HEAD.replace("2027-02-21", "\"soon\""),
    ];
    let told: Vec<String> = refused.iter().map(|text| read(text).expect_err(text)).collect();
    insta::assert_snapshot!(told.join("\n---\n"));
    // The last day that is allowed.
    assert!(read(&HEAD.replace("2027-02-21", "2027-05-22")).is_ok());
}

#[test]
fn the_section_is_appended_and_the_file_is_read_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let policy = with_known_section("version = 1\nstage.pilot.scope = \"x\"\n", "team \"a\"");
    std::fs::write(root.join("gate.toml"), &policy).unwrap();
    let load = || crate::load(root, None, &catalogue());
    insta::assert_snapshot!(
        load().unwrap_err().to_string(),
        @"there is no `known_findings.toml`, which `[known]` in line 5 of gate.toml requires"
    );
    std::fs::write(root.join(KNOWN_FINDINGS), HEAD).unwrap();
    assert_eq!(load().unwrap().known.unwrap().owner, "team \"a\"");
    #[cfg(unix)]
    {
        std::fs::rename(root.join(KNOWN_FINDINGS), root.join("elsewhere.toml")).unwrap();
        std::os::unix::fs::symlink("elsewhere.toml", root.join(KNOWN_FINDINGS)).unwrap();
        assert_eq!(
            load().unwrap_err().to_string(),
            "`known_findings.toml` is a symbolic link"
        );
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        entries in proptest::collection::btree_map(
            ("boundary\\.(raw|safety)", "\\PC{1,30}", any::<String>()),
            1_u32..1000,
            0..8,
        ),
        days in 0_i32..=LONGEST_KNOWN_DAYS,
    ) {
        let recorded = jiff::civil::date(2026, 11, 23);
        let known = KnownFindings {
            recorded,
            until: recorded.checked_add(jiff::Span::new().days(days)).unwrap(),
            entries: entries
                .into_iter()
                .map(|((check, path, message), count)| KnownEntry {
                    check, path, message, count, location: Location::file(KNOWN_FINDINGS),
                })
                .collect(),
        };
        let mut again = read(&known.to_text()).map_err(TestCaseError::fail)?;
        for entry in &mut again.entries {
            prop_assert!(entry.location.line.is_some());
            entry.location = Location::file(KNOWN_FINDINGS);
        }
        prop_assert_eq!(again, known);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), at in 0_usize..200, insert in "[\\[\\]\"=.\\n0-9a-z]{0,6}") {
        let _ = read(&text);
        let mut near = format!("{HEAD}[finding.\"boundary.raw\".\"src/lib.rs\"]\n\"a\" = 1\n");
        let at = at.min(near.len());
        near.insert_str(at, &insert);
        if let Ok(known) = read(&near) {
            prop_assert_eq!(read(&known.to_text()).unwrap().total(), known.total());
        }
        let _ = KnownFindings::earlier(near.as_bytes());
    }
}
