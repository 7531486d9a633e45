//! `cargo gate source drift`: checkboxes of documents against the evidence at hand, and set from it.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::Result;
use gate_base::exit;
use gate_checks::status::checkboxes::{self, Drift, Evidence, Judged, Verdict};
use gate_surveys::document::Document;
use gate_text::markdown::place;

use super::documents::{STAGE, listed, outcomes, replace};

#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    /// Update the checkboxes from the evidence
    #[arg(long)]
    pub(crate) fix: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// A box as the command shows it: the model of its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct BoxRow {
    /// Path of the document.
    path: String,
    /// 1-based line of the box.
    line: u32,
    /// Its words.
    title: String,
    /// Whether it is ticked now.
    ticked: bool,
    /// Whether this command changed it.
    changed: bool,
    /// What is wrong with it: `ticked_early`, `not_ticked`, `open_part`, `no_evidence`, `no_fresh_evidence`,
    /// `unknown_check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Debug, Serialize)]
struct DriftView {
    boxes: Vec<BoxRow>,
}

pub(super) fn run(arguments: &DriftArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let opened = conversation.open()?;
    let documents = listed(&opened, "status", |docs| &docs.status)?;
    let outcomes = outcomes(&opened, conversation)?;
    let evidence = Evidence {
        outcomes: &outcomes,
        stage: STAGE,
        checks: &gate_checks::infos(),
        suites: &opened.policy.suites,
    };
    let mut boxes = Vec::new();
    for document in &documents {
        let judged = checkboxes::judge(&document.text, evidence);
        if !arguments.fix {
            boxes.extend(rows(document, &judged, &[]));
            continue;
        }
        let (text, changed) = checkboxes::corrected(&document.text, &judged);
        if changed.is_empty() {
            boxes.extend(rows(document, &judged, &[]));
            continue;
        }
        replace(&opened.workspace, document, &text)?;
        let after = checkboxes::judge(&text, evidence);
        boxes.extend(rows(
            &Document {
                text,
                ..document.clone()
            },
            &after,
            &changed,
        ));
    }
    let view = DriftView { boxes };
    let text = match arguments.message_format {
        DataFormat::Human => human(&view.boxes),
        DataFormat::Json => crate::cli::json(&view)?,
    };
    conversation.printer.data(&text)?;
    Ok(if view.boxes.iter().any(BoxRow::blocks) {
        exit::NOT_READY
    } else {
        exit::READY
    })
}

impl BoxRow {
    /// Whether it keeps the command from succeeding; a box that names no check is advice.
    fn blocks(&self) -> bool {
        self.drift.is_some_and(|drift| drift != "no_evidence")
    }
}

fn rows(document: &Document, judged: &[Judged], changed: &[usize]) -> Vec<BoxRow> {
    let row = |(position, one): (usize, &Judged)| {
        let (drift, message) = match described(judged, one) {
            Some((drift, message)) => (Some(drift), Some(message)),
            None => (None, None),
        };
        BoxRow {
            path: document.path.clone(),
            line: place(&document.path, &document.text, one.task.span.clone())
                .line
                .unwrap_or(1),
            title: one.task.title.clone(),
            ticked: one.task.ticked,
            changed: changed.contains(&position),
            drift,
            message,
        }
    };
    judged.iter().enumerate().map(row).collect()
}

fn described(all: &[Judged], one: &Judged) -> Option<(&'static str, String)> {
    let Some(first) = one.drift.first() else {
        // A tick that nothing at hand contradicts is not thereby shown.
        return match &one.verdict {
            Verdict::Unknown(why) if one.task.ticked => Some(("no_fresh_evidence", format!("ticked, but {why}"))),
            _ => None,
        };
    };
    Some(match first {
        Drift::Early(why) => ("ticked_early", format!("ticked, but {why}")),
        Drift::Late(why) => ("not_ticked", format!("not ticked, but {why}")),
        Drift::OpenPart(part) => {
            let part = &all[*part].task.title;
            ("open_part", format!("ticked, but its part \"{part}\" is not"))
        }
        Drift::NoEvidence => ("no_evidence", "ticked, but without a check".to_owned()),
        Drift::Unknown(_, message, help) => ("unknown_check", format!("{message}; {help}")),
    })
}

fn human(boxes: &[BoxRow]) -> String {
    let mut text = String::new();
    for one in boxes {
        let BoxRow { path, line, title, .. } = one;
        if one.changed {
            let mark = if one.ticked { "x" } else { " " };
            let _ = writeln!(text, "{path}:{line}: [{mark}] {title}: set from evidence");
        }
        if let Some(message) = &one.message {
            let _ = writeln!(text, "{path}:{line}: \"{title}\": {message}");
        }
    }
    let count = |keep: &dyn Fn(&&BoxRow) -> bool| boxes.iter().filter(keep).count();
    let drifting = count(&|one| one.blocks());
    let fixable = count(&|one| matches!(one.drift, Some("ticked_early" | "not_ticked" | "open_part")));
    let stale = count(&|one| one.drift == Some("no_fresh_evidence"));
    let ticked = count(&|one| one.ticked);
    let changed = count(&|one| one.changed);
    let _ = write!(text, "{} boxes, {ticked} ticked, {drifting} out of date", boxes.len());
    if changed > 0 {
        let _ = write!(text, ", {changed} set");
    }
    text.push_str(match (fixable, stale) {
        (0, 0) => "\n",
        (0, _) => "; next: cargo gate broad\n",
        _ => "; next: cargo gate source drift --fix\n",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_report::{CheckReport, Dimension, Outcome, Reason, SUITES_LEFT_OUT};

    #[test]
    fn boxes_for_people_and_for_programs() {
        let report = |id: &str, outcome, code: &str| CheckReport {
            id: id.into(),
            summary: String::new(),
            dimension: Dimension::Integrity,
            group: None,
            outcome,
            reason: (!code.is_empty()).then(|| Reason::new(code, "why")),
            findings: Vec::new(),
            evidence: None,
        };
        let outcomes = [
            report("lockfile.tracked", Outcome::Pass, ""),
            report("lockfile.fresh", Outcome::Error, "panic"),
            report(gate_suites::DEFAULT_ID, Outcome::NotRun, SUITES_LEFT_OUT),
        ];
        let evidence = Evidence {
            outcomes: &outcomes,
            stage: STAGE,
            checks: &gate_checks::infos(),
            suites: &[],
        };
        let text = "- [ ] a <!-- gate: lockfile.tracked -->\n- [x] b <!-- gate: lockfile.fresh -->\n\
                    - [x] c <!-- gate: suite.test.workspace -->\n- [x] d\n- [ ] e <!-- gate: x.y -->\n";
        let document = Document::new("ROADMAP.md", text);
        let before = rows(&document, &checkboxes::judge(text, evidence), &[]);
        insta::assert_snapshot!(human(&before), @r#"
        ROADMAP.md:1: "a": not ticked, but `lockfile.tracked` passes at controlled
        ROADMAP.md:2: "b": ticked, but `lockfile.fresh` ended in an error
        ROADMAP.md:3: "c": ticked, but `suite.test.workspace` has no fresh evidence
        ROADMAP.md:4: "d": ticked, but without a check
        ROADMAP.md:5: "e": unknown check `x.y`; `cargo gate status` lists the checks
        5 boxes, 3 ticked, 4 out of date; next: cargo gate source drift --fix
        "#);
        let (text, changed) = checkboxes::corrected(text, &checkboxes::judge(text, evidence));
        let after = rows(
            &Document::new("ROADMAP.md", &text),
            &checkboxes::judge(&text, evidence),
            &changed,
        );
        insta::assert_snapshot!(human(&after), @r#"
        ROADMAP.md:1: [x] a: set from evidence
        ROADMAP.md:2: [ ] b: set from evidence
        ROADMAP.md:3: "c": ticked, but `suite.test.workspace` has no fresh evidence
        ROADMAP.md:4: "d": ticked, but without a check
        ROADMAP.md:5: "e": unknown check `x.y`; `cargo gate status` lists the checks
        5 boxes, 3 ticked, 2 out of date, 2 set; next: cargo gate broad
        "#);
        insta::assert_snapshot!(crate::cli::json(&after[1]).expect("JSON"), @r#"
        {
          "schema_version": 1,
          "path": "ROADMAP.md",
          "line": 2,
          "title": "b",
          "ticked": false,
          "changed": true
        }
        "#);
    }
}
