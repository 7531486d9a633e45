//! `cargo gate explain` about the dispatches of a run: from decision logs and run stats, or from what a run directory keeps
//! of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gate_runtime::Reason;
use gate_runtime::control::RailReason;
use gate_runtime::stats::{self, RunStats};

use crate::cli::printer::STRONG;
use gate_base::error::{Error, Result};
use gate_gpu::dispatches::{Group, Summary, reason};
use gate_report::render::text;

/// What a file that a run of kernels wrote says: a decision log, or run stats.
///
/// # Errors
/// The file is neither (usage).
pub(super) fn file(path: &str, bytes: &[u8]) -> Result<String> {
    if let Some(read) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| stats::read::read(text).ok())
    {
        return Ok(stats_text(path, &read));
    }
    let summary = Summary::of(path, bytes);
    if summary.run_id.is_empty() {
        let problem = summary.problem.unwrap_or_else(|| "it is empty".to_owned());
        return Err(
            Error::usage(format!("`{path}` is neither a decision log nor run stats: {problem}"))
                .with_help("pass a file written by `gate-runtime`"),
        );
    }
    Ok(summary_text(&summary))
}

/// What is kept of a record in a run directory.
///
/// # Errors
/// The artifact cannot be understood (tool).
pub(super) fn artifact(path: &str, bytes: &[u8]) -> Result<String> {
    if let Ok(summary) = serde_json::from_slice::<Summary>(bytes) {
        return Ok(summary_text(&summary));
    }
    let read = std::str::from_utf8(bytes)
        .map_err(|error| error.to_string())
        .and_then(|text| stats::read::read(text).map_err(|error| error.to_string()));
    match read {
        Ok(read) => Ok(stats_text(path, &read)),
        Err(problem) => Err(Error::tool(format!("cannot parse `{path}` of the run: {problem}"))
            .with_help("`cargo gate verify` shows whether it was altered")),
    }
}

fn heading(out: &mut String, title: &str) {
    let _ = writeln!(out, "{STRONG}{title}{STRONG:#}");
}

fn summary_text(summary: &Summary) -> String {
    let mut out = String::new();
    let title = format!(
        "dispatches by `{}`: {} in run {} on {}",
        text::line(&summary.path),
        summary.dispatches,
        text::line(&summary.run_id),
        text::line(&summary.hw),
    );
    heading(&mut out, &title);
    if !summary.faults.is_empty() {
        let _ = writeln!(
            out,
            "  faults were injected: {}",
            text::line(&summary.faults.join(", "))
        );
    }
    match (&summary.problem, summary.complete) {
        (Some(problem), _) => {
            let _ = writeln!(out, "  the rest of the log is not counted: {}", text::line(problem));
        }
        (None, false) => {
            let _ = writeln!(out, "  the log does not end in `close`: the run was interrupted");
        }
        (None, true) => {}
    }
    if summary.dropped > 0 {
        let dropped = text::count(summary.dropped, "line");
        let _ = writeln!(out, "  {dropped} dropped");
    }
    let mut kernels: BTreeMap<(&str, &str), Vec<&Group>> = BTreeMap::new();
    for group in &summary.groups {
        kernels
            .entry((&group.kernel, &group.fingerprint))
            .or_default()
            .push(group);
    }
    for ((kernel, fingerprint), groups) in kernels {
        let _ = writeln!(out, "  {}, fingerprint {}", text::line(kernel), text::line(fingerprint));
        for group in groups {
            let _ = writeln!(out, "    {}", group_text(group, &summary.hw));
        }
    }
    list(
        &mut out,
        "missed guards",
        summary.groups.iter().filter(|group| group.missed_guard()).map(|group| {
            format!(
                "{}: {}, {} from line {}",
                text::line(&group.kernel),
                text::line(&group.reasons.join("; ")),
                times(group.calls),
                group.first_line
            )
        }),
    );
    list(
        &mut out,
        "rails",
        summary.rails.iter().map(|step| {
            let what = if step.tripped() {
                format!("{} tripped", rail(&step.rollback))
            } else {
                format!("recommended by {}", text::line(&step.recommends))
            };
            format!(
                "line {}: {} went from {} to {}: {what} (rollback {})",
                step.line,
                text::line(&step.kernel),
                text::line(&step.from),
                text::line(&step.to),
                step.rollbacks
            )
        }),
    );
    if !summary.events.is_empty() {
        list(
            &mut out,
            "events",
            summary.events.iter().map(|event| {
                let (subject, message) = (text::line(&event.subject), text::line(&event.message));
                format!("line {}: {subject}: {}: {message}", event.line, meaning(&event.reason))
            }),
        );
    }
    if summary.left_out > 0 {
        let _ = writeln!(out, "… and {} more in the log", summary.left_out);
    }
    out
}

fn group_text(group: &Group, hw: &str) -> String {
    let verb = match group.outcome.as_str() {
        "native" => "ran natively on",
        "fallback" => "fell back to",
        _ => "ended in an error on",
    };
    let place = if group.hw == hw {
        String::new()
    } else {
        format!(" of {}", text::line(&group.hw))
    };
    let mut said = format!(
        "{} {verb} {}{place}, from line {}",
        group.calls,
        text::line(&group.backend),
        group.first_line
    );
    if group.outputs != "complete" {
        let _ = write!(said, ", outputs {}", text::line(&group.outputs));
    }
    for code in &group.reasons {
        let _ = write!(said, "\n      {}", meaning(code));
    }
    said
}

fn stats_text(path: &str, stats: &RunStats) -> String {
    let mut out = String::new();
    let title = format!(
        "dispatches by `{}`: {} in run {} on {}",
        text::line(path),
        stats.calls.total,
        text::line(&stats.run_id),
        text::line(&stats.hw),
    );
    heading(&mut out, &title);
    for kernel in stats.kernels.iter().filter(|kernel| kernel.calls.total > 0) {
        let calls = &kernel.calls;
        let _ = writeln!(
            out,
            "  {}, fingerprint {:016x}: {} ran natively, {} fell back, {} ended in an error",
            text::line(&kernel.kernel),
            kernel.fingerprint,
            calls.native,
            calls.fallback,
            calls.error
        );
        if calls.guard_miss + calls.contract_violation > 0 {
            let _ = writeln!(
                out,
                "    {} missed a guard, {} violated the contract",
                calls.guard_miss, calls.contract_violation
            );
        }
    }
    list(
        &mut out,
        "why",
        stats
            .reasons
            .iter()
            .map(|(code, count)| format!("{}: {}", times(*count), meaning(code))),
    );
    let control = &stats.control;
    let rails = (control.rollback_count > 0).then(|| {
        format!(
            "{} tripped last (rollback {}); the runtime is in {} mode",
            rail(control.rollback_reason.code()),
            control.rollback_count,
            control.mode
        )
    });
    list(&mut out, "rails", rails.into_iter());
    if stats.silent_mismatch_count > 0 {
        let _ = writeln!(
            out,
            "{} reported `OK` for a wrong output",
            times(stats.silent_mismatch_count)
        );
    }
    out
}

fn list(out: &mut String, title: &str, entries: impl Iterator<Item = String>) {
    heading(out, &format!("{title}:"));
    let mut none = true;
    for entry in entries {
        none = false;
        let _ = writeln!(out, "  {entry}");
    }
    if none {
        let _ = writeln!(out, "  none");
    }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// A code with what it means.
fn meaning(code: &str) -> String {
    let shown = text::line(code);
    match reason(code).map(Reason::meaning) {
        Some(meaning) => format!("{shown}: {}", lower(meaning)),
        None => shown.into_owned(),
    }
}

/// A sentence in the middle of another one: its first word begins small, unless it is a name.
fn lower(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) if chars.as_str().starts_with(|second: char| !second.is_uppercase()) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => sentence.to_owned(),
    }
}

fn rail(code: &str) -> String {
    let name = match RailReason::from_code(code) {
        Some(RailReason::RuntimeError) => "the runtime error rail",
        Some(RailReason::Pressure) => "the pressure rail",
        Some(RailReason::Latency) => "the latency rail",
        Some(RailReason::Throughput) => "the throughput rail",
        Some(RailReason::OutputMismatch) => "the comparison with the reference",
        Some(RailReason::Operator) => "an operator's request",
        _ => return text::line(code).into_owned(),
    };
    format!("{name} ({code})")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = include_str!("../../../../tests/fixtures/decision-log.valid/clean/decision_log.jsonl");
    const STATS: &str = include_str!("../../../../tests/fixtures/run-stats.valid/clean/run_stats.json");

    /// The lines with links that fit them, as if they had been written so.
    fn linked(text: &str) -> String {
        let mut previous = String::new();
        let line = |line: &str| {
            let (body, _) = line.split_once(",\"chain\":").expect("every line has a link");
            previous = gate_runtime::decision_log::link(&previous, body);
            format!("{body},\"chain\":\"{previous}\"}}\n")
        };
        text.lines().map(line).collect()
    }

    fn plain(styled: &str) -> String {
        anstream::adapter::strip_str(styled).to_string()
    }

    #[test]
    fn a_log_says_what_ran_and_why() {
        let said = file("log.jsonl", LOG.as_bytes()).expect("a log");
        insta::assert_snapshot!(plain(&said), @"
        dispatches by `log.jsonl`: 3 in run example on cpu:x86_64
          axpy_f32, fingerprint ac4ba727ee57498a
            2 fell back to cpu, from line 2
              no_native_variant: the kernel is registered without a native variant
            1 ended in an error on cpu, from line 4, outputs untouched
              output_shape_mismatch: the contract does not allow the rank or a dimension of an output
        missed guards:
          axpy_f32: output_shape_mismatch, once from line 4
        rails:
          none
        ");
        let kept = artifact("dispatches/1.json", &Summary::of("log.jsonl", LOG.as_bytes()).to_json()).expect("kept");
        assert_eq!(kept, said, "a run keeps all that explains it");
    }

    /// A log whose second call was refused by a guard, and whose third one saw a rail that had tripped.
    #[test]
    fn a_log_says_which_guard_missed_and_which_rail_tripped() {
        let mut lines: Vec<String> = LOG.lines().map(str::to_owned).collect();
        lines[3] = lines[3]
            .replace("\"output_shape_mismatch\",\"outputs\"", "\"fingerprint_mismatch\",\"outputs\"")
            .replace("\"status\":\"INVALID_ARGUMENT\"", "\"status\":\"RUNTIME_FAILED\"")
            .replace("\"contract\":\"violated\",\"contract_reason\":\"output_shape_mismatch\"", "\"contract\":\"ok\",\"contract_reason\":\"ok\"")
            .replace("\"guard_miss\":0", "\"guard_miss\":1")
            .replace("\"mode\":\"native\",\"shadow_mode\":\"native\",\"shadow_reason\":\"NONE\",\"rollback\":\"NONE\",\"rollback_count\":0",
                     "\"mode\":\"safe\",\"shadow_mode\":\"safe\",\"shadow_reason\":\"LATENCY\",\"rollback\":\"LATENCY\",\"rollback_count\":1");
        let said = file("log.jsonl", linked(&lines.join("\n")).as_bytes()).expect("a log");
        insta::assert_snapshot!(plain(&said), @"
        dispatches by `log.jsonl`: 3 in run example on cpu:x86_64
          axpy_f32, fingerprint ac4ba727ee57498a
            2 fell back to cpu, from line 2
              no_native_variant: the kernel is registered without a native variant
            1 ended in an error on cpu, from line 4, outputs untouched
              fingerprint_mismatch: the loaded module differs from the verified one
        missed guards:
          axpy_f32: fingerprint_mismatch, once from line 4
        rails:
          line 4: axpy_f32 went from native to safe: the latency rail (LATENCY) tripped (rollback 1)
        ");
    }

    #[test]
    fn a_log_that_is_cut_off_is_explained_as_far_as_it_goes() {
        let half = &LOG[..LOG.len() - 40];
        let said = plain(&file("log.jsonl", half.as_bytes()).expect("a log"));
        assert!(said.contains("the rest of the log is not counted: line 5"), "{said}");
        assert!(said.contains("2 fell back to cpu, from line 2"), "{said}");
    }

    #[test]
    fn stats_say_what_ran_and_why() {
        insta::assert_snapshot!(plain(&file("stats.json", STATS.as_bytes()).expect("stats")), @"
        dispatches by `stats.json`: 3 in run example on cpu:x86_64
          axpy_f32, fingerprint ac4ba727ee57498a: 0 ran natively, 2 fell back, 1 ended in an error
            0 missed a guard, 1 violated the contract
        why:
          2 times: no_native_variant: the kernel is registered without a native variant
          once: output_shape_mismatch: the contract does not allow the rank or a dimension of an output
        rails:
          none
        ");
    }

    #[test]
    fn another_file_is_refused() {
        for text in ["", "{}\n", "no json", "\u{feff}{\"event\":\"open\"}\n"] {
            let error = file("notes.txt", text.as_bytes()).expect_err("no record");
            assert!(
                error
                    .message
                    .starts_with("`notes.txt` is neither a decision log nor run stats"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn foreign_names_do_not_act_on_the_terminal() {
        let text = linked(&LOG.replace("axpy_f32", "axpy\\u001b[31m"));
        let said = file("log.jsonl", text.as_bytes()).map_or_else(|error| error.message, |said| plain(&said));
        assert!(!said.contains('\u{1b}'), "{said}");
    }
}
