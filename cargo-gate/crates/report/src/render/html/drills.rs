//! Drills as timelines: what was broken, when it was steady again, and what it served meanwhile.

use std::fmt::Write as _;

use super::super::measured::{drills, percent};
use super::markup::{Tone, mark, plain, prose, table};
use super::verdict::link;
use crate::{Drill, DrillRun, DrillStanding, Report};

/// Width of a timeline, and where its fault begins and is repaired.
const WIDTH: f64 = 240.0;
const BROKEN: f64 = 40.0;
const REPAIRED: f64 = 100.0;

/// The runs of each suite of drills.
pub(super) fn timelines(report: &Report) -> String {
    let mut out = String::new();
    for (check, drill) in drills(report) {
        let _ = writeln!(out, "<h3 class=\"part\">{}</h3>", link(report, check));
        out.push_str(&of_suite(check, drill));
    }
    if !out.is_empty() {
        out.push_str(
            "<p class=\"sub small\">A timeline begins in steady state, and the fault is grey. Its last part is the window that begins with the repair; it ends in steady \
             state where that was reached. Served are operations before the fault, during it and after the repair; writes are acknowledged and unknown ones.</p>\n",
        );
    }
    out
}

fn of_suite(check: &str, drill: &Drill) -> String {
    let rows: Vec<String> = drill.runs.iter().map(run).collect();
    let head = ["Fault", "Standing", "Timeline", "Served<#>", "Writes<#>", "Witness"];
    let mut out = table(&format!("Runs of {check}"), &head, &rows);
    out.push_str("<ul class=\"plain\">\n");
    for bound in &drill.bounds {
        let _ = writeln!(
            out,
            "<li>{}: {} clean; a probability of failure above {} is excluded at 95 %</li>",
            plain(&bound.fault),
            bound.clean,
            percent(bound.failure_below.0)
        );
    }
    for claim in &drill.claims {
        let _ = writeln!(out, "<li>{}</li>", prose(claim));
    }
    let _ = writeln!(out, "<li class=\"sub\">seed {}</li>\n</ul>", drill.seed);
    out
}

fn run(run: &DrillRun) -> String {
    let mut name = plain(&run.fault);
    if run.kind != "none" && run.kind != run.fault {
        let _ = write!(name, "<br/><span class=\"sub\">{}</span>", plain(&run.kind));
    }
    if run.kind != "none" && !run.repaired {
        name.push_str("<br/><span class=\"sub\">not repaired</span>");
    }
    let recovered = match (run.repaired, run.recovered_ms) {
        (true, Some(ms)) => format!("steady after {ms} ms of {} ms", run.window_ms),
        (true, None) => format!("not steady within {} ms", run.window_ms),
        (false, None) => "no recovery, as it must be".to_owned(),
        (false, Some(ms)) => format!("steady after {ms} ms without a repair"),
    };
    let (tone, word) = look(run.standing);
    let why = run
        .why
        .as_deref()
        .map(|why| format!("<br/><span class=\"sub\">{}</span>", prose(why)));
    let [before, during, after] = run.served;
    let line = match run.kind.as_str() {
        "none" => String::new(),
        _ => format!("{}<br/><span class=\"sub\">{recovered}</span>", line(run)),
    };
    format!(
        "<th scope=\"row\">{name}</th><td>{}{}</td><td class=\"keep\">{line}</td><td class=\"num\">{before}, {during}, {after}</td><td class=\"num\">{}, {}</td><td>{}</td>",
        mark(tone, word),
        why.unwrap_or_default(),
        run.acknowledged,
        run.unknown,
        run.witness.as_deref().map(prose).unwrap_or_default(),
    )
}

/// The line of one run, which the text below it says in numbers.
fn line(run: &DrillRun) -> String {
    let scale = |ms: u64| {
        let part = ms as f64 / run.window_ms.max(1) as f64;
        REPAIRED + part.min(1.0) * (WIDTH - REPAIRED)
    };
    let mut out = format!(
        "<svg class=\"bar\" viewBox=\"0 0 {WIDTH} 12\" width=\"{WIDTH}\" height=\"12\" aria-hidden=\"true\"><rect class=\"track\" width=\"{WIDTH}\" height=\"12\" \
         rx=\"3\"/><rect class=\"fill good\" width=\"{BROKEN}\" height=\"12\" rx=\"3\"/>"
    );
    let mut part = |tone: Tone, from: f64, to: f64| {
        let _ = write!(
            out,
            "<rect class=\"fill {}\" x=\"{from:.1}\" width=\"{:.1}\" height=\"12\"/>",
            tone.class(),
            (to - from).max(0.0)
        );
    };
    part(Tone::Idle, BROKEN, if run.repaired { REPAIRED } else { WIDTH });
    match (run.repaired, run.recovered_ms) {
        (true, Some(ms)) => {
            part(Tone::Warn, REPAIRED, scale(ms));
            part(Tone::Good, scale(ms), WIDTH);
        }
        (true, None) => part(Tone::Bad, REPAIRED, WIDTH),
        (false, Some(ms)) => part(Tone::Bad, scale(ms), WIDTH),
        (false, None) => {}
    }
    out.push_str("</svg>");
    out
}

fn look(standing: DrillStanding) -> (Tone, &'static str) {
    match standing {
        DrillStanding::Clean => (Tone::Good, "clean"),
        DrillStanding::Failed => (Tone::Bad, "failed"),
        DrillStanding::Vacuous => (Tone::Warn, "vacuous"),
        DrillStanding::Undecided => (Tone::Warn, "undecided"),
    }
}
