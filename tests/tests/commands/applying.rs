//! What is printed, without the checks that do not apply: they are all the others of the catalogue, so that each new check would change
//! every snapshot. `explain-topics` lists all checks, and one snapshot is enough.

use std::collections::BTreeSet;
use std::fs;

fn ids() -> BTreeSet<&'static str> {
    gate_checks::ALL.iter().map(|check| check.id).collect()
}

/// The text between two others.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

/// Any report, plan or status, in whatever format.
pub(super) fn applying(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let ids = ids();
    let of_check = |id: Option<&str>| id.is_some_and(|id| ids.contains(id));
    let mut out: Vec<String> = Vec::new();
    let (mut in_json, mut in_list) = (false, false);
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if line.starts_with("  \"not_applicable\": [") {
            in_json = true;
        } else if line.starts_with("  ]") {
            in_json = false;
        } else if line == "    {" {
            let end = lines[at..].iter().position(|line| line.starts_with("    }"));
            let end = end.map_or(lines.len(), |end| at + end + 1);
            let object = lines[at..end].join("\n");
            if (in_json || object.contains("\"evidence\": \"not_applicable\""))
                && of_check(between(&object, "\"id\": \"", "\""))
            {
                at = end;
                continue;
            }
        } else if line.contains("<testcase ")
            && lines
                .get(at)
                .is_some_and(|next| next.contains("message=\"does not apply here"))
            && of_check(between(line, "name=\"", "\""))
        {
            at += 2;
            continue;
        } else if line == "<thead><tr><th scope=\"col\">Check</th><th scope=\"col\">Why</th></tr></thead>" {
            // The table of a page that has nothing else.
            at += lines[at..]
                .iter()
                .position(|line| *line == "</table>")
                .unwrap_or_default();
        } else if line == "does not apply here:" {
            in_list = true;
        } else if line.is_empty() {
            in_list = false;
        } else if in_list {
            let id = line.split_whitespace().next();
            if !of_check(id) {
                // The column is as wide as the longest id.
                out.push(format!("  {}", line.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
            continue;
        } else if line.ends_with("| does not apply | does not apply | does not apply |")
            && of_check(between(line, "`", "`"))
        {
            continue;
        }
        out.push(uncounted(line));
    }
    // Suites of JUnit of which nothing is left.
    let mut kept: Vec<String> = Vec::new();
    for line in out {
        let is_empty =
            line.trim() == "</testsuite>" && kept.last().is_some_and(|last| last.contains("<testsuite name="));
        if is_empty {
            kept.pop();
        } else {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}

/// A line without the number of checks that do not apply.
fn uncounted(line: &str) -> String {
    let number = |line: &str, after: &str| {
        let (before, rest) = line.split_once(after)?;
        let kept = before.trim_end_matches(|c: char| c.is_ascii_digit());
        (kept.len() < before.len()).then(|| format!("{kept}[n]{after}{rest}"))
    };
    // The first line of JUnit counts those too, and has no number of them.
    let all = |line: &str| {
        let tests = between(line.strip_prefix("<testsuites ")?, " tests=\"", "\"")?;
        Some(line.replacen(&format!(" tests=\"{tests}\""), " tests=\"[n]\"", 1))
    };
    let tests = |line: &str| {
        let (tests, skipped) = (between(line, " tests=\"", "\"")?, between(line, " skipped=\"", "\"")?);
        let ran = tests.parse::<u32>().ok()?.checked_sub(skipped.parse().ok()?)?;
        let line = line.replacen(
            &format!(" tests=\"{tests}\""),
            &format!(" tests=\"{ran} and skipped ones\""),
            1,
        );
        Some(line.replacen(&format!(" skipped=\"{skipped}\""), " skipped=\"[n]\"", 1))
    };
    let hunk = |line: &str| {
        let rest = line.strip_prefix("@@ ")?;
        Some(format!("@@ {} [lines] @@", rest.split(',').next()?))
    };
    number(line, " not applicable")
        .or_else(|| number(line, " checks do not apply here"))
        .or_else(|| all(line))
        .or_else(|| tests(line))
        .or_else(|| hunk(line))
        .unwrap_or_else(|| line.to_owned())
}

/// A new check changes the snapshot of what `cargo gate explain` lists, and no other of these.
#[test]
fn one_snapshot_lists_all_checks() {
    let ids = ids();
    let directory = xtask::project_root().join("tests/tests/commands/snapshots");
    let mut all = Vec::new();
    for entry in fs::read_dir(&directory).expect("snapshots").flatten() {
        let text = fs::read_to_string(entry.path()).expect("a snapshot");
        let is_of_id = |c: char| c.is_ascii_lowercase() || c == '.' || c == '-';
        let words: BTreeSet<&str> = text.split(|c: char| !is_of_id(c)).collect();
        if words.intersection(&ids).count() * 3 > ids.len() * 2 {
            all.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    assert_eq!(all, ["commands__data__explain-topics.snap"]);
}
