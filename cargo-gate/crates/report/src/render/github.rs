//! Workflow commands of GitHub Actions: findings become annotations beside the lines of a pull request.
//! Format: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.
//!
//! GitHub keeps ten annotations of each kind per step and drops the others without a word. So the most severe become
//! annotations, and the others lines of the log.

use super::ranking::{Ranked, ranked};
use super::{Weight, explained, place, text};
use crate::{Finding, Location, Report};
use gate_base::{exit, paths};

/// Annotations of each kind that GitHub keeps of one step.
const SHOWN: usize = 10;
/// Findings that are listed in the log once no annotation is left.
const LISTED: usize = 1_000;
/// Bytes of one message; what is longer no reader of an annotation gets to see.
const LONGEST: usize = 4_000;

/// Workflow commands for the findings that GitHub will show, most severe first, then the others as plain lines in a
/// group, and the verdict as the last command. `prefix` is the path of the workspace inside the repository, empty at
/// its root.
pub fn render(report: &Report, prefix: &str) -> String {
    let mut out = String::new();
    let quiet = report.decision.is_ready() || report.exit_code == exit::SHARD;
    let verdict = if quiet { "notice" } else { "error" };
    let mut used = [(verdict, 1_usize)].to_vec();
    let mut rest = Vec::new();
    // Known findings are as many as there were at adoption, and need nobody now: the verdict counts them.
    let known = |said: &Ranked<'_>| said.finding.is_some_and(|finding| finding.known.is_some());
    let nobody = |said: &Ranked<'_>| known(said) || said.check.is_elsewhere();
    for said in ranked(report).into_iter().filter(|said| !nobody(said)) {
        let level = level(&said);
        let count = match used.iter_mut().find(|(known, _)| *known == level) {
            Some((_, count)) => count,
            None => {
                used.push((level, 0));
                let last = used.len() - 1;
                &mut used[last].1
            }
        };
        if *count == SHOWN {
            rest.push(said);
            continue;
        }
        *count += 1;
        let location = said.finding.and_then(|finding| finding.locations.first());
        let title = match said.finding {
            Some(_) => said.check.id.clone(),
            None => format!("{}: {}", said.check.id, said.check.outcome.words()),
        };
        command(
            &mut out,
            level,
            location.map(|location| (prefix, location)),
            &title,
            &message(&said),
        );
    }
    unannotated(report, &rest, prefix, &mut out);
    command(
        &mut out,
        verdict,
        None,
        "cargo gate",
        &format!("{}: {}", report.verdict(), report.tally()),
    );
    out
}

fn level(said: &Ranked<'_>) -> &'static str {
    match said.weight {
        Weight::Blocks => "error",
        Weight::Warns => "warning",
        Weight::Covered => "notice",
    }
}

/// What GitHub would drop, as lines that no runner takes for commands.
fn unannotated(report: &Report, rest: &[Ranked<'_>], prefix: &str, out: &mut String) {
    if rest.is_empty() {
        return;
    }
    let more = text::count(rest.len() as u64, "finding");
    out.push_str(&format!(
        "::group::{more} without an annotation (GitHub shows {SHOWN} per level)\n"
    ));
    for said in rest.iter().take(LISTED) {
        let at = said
            .finding
            .and_then(|finding| finding.locations.first())
            .map(|location| {
                let path = paths::join(prefix, &location.path);
                let location = Location {
                    path,
                    ..location.clone()
                };
                format!(" {}:", place(&location))
            })
            .unwrap_or_default();
        let message = said.finding.map_or(&said.check.summary, |finding| &finding.message);
        let line = format!("{}[{}]:{at} {}", level(said), said.check.id, message);
        // The runner also takes `##[name]` for a command, anywhere in a line.
        out.push_str(&text::line(&line).replace("##[", "# #["));
        out.push('\n');
    }
    if rest.len() > LISTED {
        let report = match &report.run_dir {
            Some(directory) => format!("{directory}/report.md"),
            None => "the report".to_owned(),
        };
        out.push_str(&format!(
            "… and {} more; see {}\n",
            rest.len() - LISTED,
            text::line(&report)
        ));
    }
    out.push_str("::endgroup::\n");
}

fn message(said: &Ranked<'_>) -> String {
    match (said.finding, &said.check.reason) {
        (Some(finding), _) => of_finding(finding),
        (None, Some(reason)) => explained(&reason.message, None, reason.help.as_deref()),
        (None, None) => said.check.summary.clone(),
    }
}

fn of_finding(finding: &Finding) -> String {
    let blocks = || finding.blocks_at.map(|stage| format!("blocks at {stage}"));
    let message = match finding.covered().or_else(blocks) {
        Some(why) => format!("{} ({why})", finding.message),
        None => finding.message.clone(),
    };
    explained(&message, finding.detail.as_deref(), finding.help.as_deref())
}

fn command(out: &mut String, level: &str, location: Option<(&str, &Location)>, title: &str, message: &str) {
    let mut properties = Vec::new();
    if let Some((prefix, location)) = location {
        let path = paths::join(prefix, &location.path);
        properties.push(format!("file={}", property(&path)));
        if let Some(line) = location.line {
            properties.push(format!("line={line}"));
            if let Some(column) = location.column {
                properties.push(format!("col={column}"));
                if let Some(length) = location.length {
                    properties.push(format!("endColumn={}", column.saturating_add(length)));
                }
            }
        }
    }
    properties.push(format!("title={}", property(title)));
    let message = text::clipped(message, LONGEST);
    out.push_str(&format!("::{level} {}::{}\n", properties.join(","), data(&message)));
}

/// Escapes the text of a command. Control characters are made visible first: the log is shown in terminals, too.
fn data(text: &str) -> String {
    text::lines(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(&text::line(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples;
    use super::*;

    #[test]
    fn every_sample_reads_well() {
        for (name, report) in samples::all() {
            insta::assert_snapshot!(name, render(&report, ""));
        }
    }

    #[test]
    fn the_annotation_of_a_failing_test_says_why() {
        let text = render(&samples::failures(), "");
        let line = text.lines().find(|line| line.contains("title=suite.test.default"));
        insta::assert_snapshot!(line.expect("an annotation"), @"::error title=suite.test.default::1 of 3 tests failed: `demo parses_long` (blocks at pilot)%0Aassertion `left == right` failed: 12 digits%0A  left: 11%0A right: 12%0Ahelp: run `cargo test --locked parses_long`");
    }

    /// Lines that the runner takes for commands, by their name.
    fn commands(text: &str) -> Vec<&str> {
        text.lines()
            .filter_map(|line| line.trim_start().strip_prefix("::"))
            .map(|rest| rest.split([' ', ':']).next().unwrap_or_default())
            .collect()
    }

    #[test]
    fn foreign_text_forges_no_command() {
        let text = render(&samples::hostile(), "");
        assert_eq!(commands(&text).len(), text.lines().count(), "{text}");
        assert!(
            commands(&text)
                .iter()
                .all(|name| ["error", "warning", "notice"].contains(name)),
            "{text}"
        );
    }

    #[test]
    fn github_keeps_every_annotation_that_is_made() {
        let report = samples::many(30_000);
        let text = render(&report, "rust/app");
        for level in ["error", "warning", "notice"] {
            let made = commands(&text).iter().filter(|name| **name == level).count();
            assert!(made <= SHOWN, "{made} of {level}");
        }
        let last = text.lines().last().expect("a line");
        assert!(last.starts_with("::error title=cargo gate::NOT READY"), "{last}");
        let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("::error ")).collect();
        assert!(
            errors[0].starts_with("::error title=lockfile.fresh%3A inconclusive::"),
            "{}",
            errors[0]
        );
        // After the three checks without a judgement every check has a turn.
        assert!(
            errors[3].starts_with("::error file=rust/app/src/module"),
            "{}",
            errors[3]
        );
        let first_of = |id: &str| errors.iter().position(|line| line.contains(&format!("title={id}:")));
        for id in [
            "boundary.inventory",
            "boundary.safety",
            "lockfile.sources",
            "secrets.tree",
        ] {
            assert!(first_of(id).is_some_and(|at| at < 7), "{id}: {errors:#?}");
        }
        assert!(text.lines().count() <= LISTED + 3 * SHOWN + 3);
        assert!(
            text.contains("more; see target/gate/runs/20260301T120000Z-5d1a8b2c/report.md\n"),
            "what is left out is counted"
        );
        assert_eq!(text, render(&report, "rust/app"));
    }

    /// What the runner makes of an escaped text.
    fn unescaped(text: &str) -> String {
        text.replace("%2C", ",")
            .replace("%3A", ":")
            .replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%")
    }

    proptest! {
        #[test]
        fn escaped_text_comes_out_as_it_went_in(text in "[ -~äß%:,\n]{0,60}") {
            let message = data(&text);
            prop_assert!(!message.contains(['\n', '\r']));
            prop_assert_eq!(unescaped(&message), text::lines(&text).into_owned());
            let value = property(&text);
            prop_assert!(!value.contains(['\n', '\r', ':', ',']));
            prop_assert_eq!(unescaped(&value), text::line(&text).into_owned());
        }

        #[test]
        fn a_command_is_one_line_whatever_it_says(title in any::<String>(), path in any::<String>(), message in any::<String>()) {
            let mut out = String::new();
            command(&mut out, "error", Some(("", &Location::line(path, 3))), &title, &message);
            prop_assert_eq!(out.lines().count(), 1);
            let (head, _) = out["::error ".len()..].split_once("::").expect("properties and a message");
            let names: Vec<&str> = head.split(',').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
            prop_assert_eq!(names, ["file", "line", "title"]);
        }
    }
}
