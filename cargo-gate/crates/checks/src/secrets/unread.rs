//! Files of which `secrets.tracked` did not search everything.

use gate_report::{Finding, Location};
use gate_text::secrets::survey::SecretSurvey;
use gate_text::secrets::{Unread, UnreadReason, place};

/// How many places one finding names.
const NAMED: usize = 5;

/// One piece of advice for each file. What tests and examples hold shares one: archives there are often broken on purpose, and
/// data in other formats, so that neither is worth a word.
pub(super) fn findings(survey: &SecretSurvey) -> Vec<Finding> {
    let mut findings: Vec<Finding> = survey
        .too_large
        .iter()
        .map(|path| Finding::advice(format!("`{path}` is too large to search for secrets")).at(Location::file(path)))
        .collect();
    let mut in_tests: Vec<(&str, Vec<&Unread>)> = Vec::new();
    for file in &survey.files {
        let is_test = place(&file.path).is_test;
        let worth = |unread: &&Unread| !is_test || is_news_in_tests(unread.reason);
        let unread: Vec<&Unread> = file.scan.unread.iter().filter(worth).collect();
        match (unread.is_empty(), is_test) {
            (true, _) => {}
            (false, true) => in_tests.push((&file.path, unread)),
            (false, false) => findings.push(one(&file.path, &unread)),
        }
    }
    match in_tests.as_slice() {
        [] => {}
        [(path, unread)] => findings.push(one(path, unread)),
        several => {
            let message = format!(
                "{} archives of tests and examples are searched for secrets only in part",
                several.len()
            );
            let places = several.iter().take(NAMED).map(|(path, _)| Location::file(*path));
            findings.push(places.fold(Finding::advice(message), Finding::at));
        }
    }
    findings
}

/// Whether a file of tests should have been read.
fn is_news_in_tests(reason: UnreadReason) -> bool {
    match reason {
        UnreadReason::Size
        | UnreadReason::Entries
        | UnreadReason::Depth
        | UnreadReason::Encrypted
        | UnreadReason::Method(_) => true,
        UnreadReason::Format(_) | UnreadReason::SameName | UnreadReason::Damaged => false,
    }
}

fn one(path: &str, unread: &[&Unread]) -> Finding {
    Finding::advice(message(path, unread)).at(Location::file(path))
}

fn message(path: &str, unread: &[&Unread]) -> String {
    let reasons: Vec<String> = unread.iter().map(ToString::to_string).collect();
    let how = if unread.iter().all(|unread| unread.is_whole()) {
        "is not searched for secrets"
    } else {
        "is searched for secrets only in part"
    };
    format!("`{path}` {how}: {}", reasons.join(", and "))
}

#[cfg(test)]
mod tests {
    use super::super::tracked::CHECK;
    use gate_contract::testing::World;

    /// A ZIP archive with one empty entry, compressed with bzip2.
    const ARCHIVE: &str = "PK\u{3}\u{4}\n\0\0\0\u{c}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u{1}\0\0\0aPK\u{1}\u{2}\n\0\n\0\0\0\
                           \u{c}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u{1}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0aPK\u{5}\u{6}\
                           \0\0\0\0\u{1}\0\u{1}\0/\0\0\0\u{1f}\0\0\0\0\0";

    #[test]
    fn what_is_not_read_is_advice() {
        let mut world = World::new();
        world.texts(&[
            ("data/a.tar.bz2", "BZh91AY&SY"),
            ("data/b.jar", "PK\u{3}\u{4} and no archive"),
            ("data/c.zip", ARCHIVE),
            ("data/picture.png", "\u{89}PNG\r\n\0"),
            ("data/d.txt", "PK is no archive"),
        ]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        data/a.tar.bz2: `data/a.tar.bz2` is not searched for secrets: it is in the format bzip2, which is not unpacked [advice]
        data/b.jar: `data/b.jar` is searched for secrets only in part: it is damaged [advice]
        data/c.zip: `data/c.zip` is searched for secrets only in part: the entry `a` is compressed with bzip2 [advice]
        ");
    }

    #[test]
    fn archives_of_tests_share_one_finding() {
        let mut world = World::new();
        world.texts(&[("tests/a.bz2", "BZh91AY&SY"), ("tests/b.zip", "PK\u{3}\u{4}")]);
        assert_eq!(world.text(&CHECK), "");
        world.texts(&[("tests/c.zip", ARCHIVE)]);
        insta::assert_snapshot!(world.text(&CHECK), @"tests/c.zip: `tests/c.zip` is searched for secrets only in part: the entry `a` is compressed with bzip2 [advice]");
        world.texts(&[("tests/c.zip", ARCHIVE), ("tests/d.zip", ARCHIVE)]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        tests/c.zip: 2 archives of tests and examples are searched for secrets only in part [advice]
          also: tests/d.zip
        ");
    }
}
