//! The text of a line.

use std::fmt::Write;

use super::chain::{BEFORE, BEHIND, link};
use crate::catalog::Registered;
use crate::dispatch::{Backend, Outcome, Outputs};
use crate::journal::Entry;
use crate::plan::Plan;
use crate::reason::{Causes, Reason, ReasonKind};

/// Version of the lines. Within one, fields are only added.
pub const SCHEMA_VERSION: u32 = 2;

/// What every line begins with.
pub(super) struct Head<'a> {
    pub(super) run_id: &'a str,
    pub(super) seq: u64,
    /// Microseconds since the Unix epoch.
    pub(super) ts: u64,
    /// The link of the line before.
    pub(super) previous: &'a str,
}

/// Running totals of the log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) fallback: u64,
    pub(super) guard_miss: u64,
}

/// An object under construction.
pub(super) struct Object<'l, 'h>(&'l mut String, &'h str);

impl<'l, 'h> Object<'l, 'h> {
    pub(super) fn begin(line: &'l mut String, head: &Head<'h>, event: &str) -> Object<'l, 'h> {
        line.clear();
        line.push('{');
        let mut object = Object(line, head.previous);
        object.number("schema_version", SCHEMA_VERSION.into());
        object.text("event", event);
        object.text("run_id", head.run_id);
        object.number("seq", head.seq);
        object.number("ts", head.ts);
        object
    }

    fn key(&mut self, key: &str) {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    pub(super) fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        self.0.push_str(itoa::Buffer::new().format(value));
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        quote(self.0, value);
    }

    pub(super) fn texts<'t>(&mut self, key: &str, values: impl Iterator<Item = &'t str>) {
        self.key(key);
        self.0.push('[');
        for (i, value) in values.enumerate() {
            if i > 0 {
                self.0.push(',');
            }
            quote(self.0, value);
        }
        self.0.push(']');
    }

    fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.0.push_str(if value { "true" } else { "false" });
    }

    /// Nanoseconds as milliseconds, exactly.
    fn millis(&mut self, key: &str, nanoseconds: u64) {
        self.key(key);
        let (whole, rest) = (nanoseconds / 1_000_000, nanoseconds % 1_000_000);
        self.0.push_str(itoa::Buffer::new().format(whole));
        self.0.push('.');
        // A one before the digits keeps their leading zeros.
        self.0.push_str(&itoa::Buffer::new().format(1_000_000 + rest)[1..]);
    }

    fn causes(&mut self, key: &str, causes: &Causes) {
        self.key(key);
        self.0.push('"');
        for (i, cause) in causes.iter().enumerate() {
            if i > 0 {
                self.0.push(';');
            }
            self.0.push_str(cause.reason().code());
            if let Some(number) = cause.number() {
                self.0.push('_');
                self.0.push_str(itoa::Buffer::new().format(number));
            }
        }
        self.0.push('"');
    }

    fn display(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key);
        self.raw(format_args!("\"{value}\""));
    }

    fn raw(&mut self, value: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(value);
    }

    pub(super) fn end(self) {
        let digits = link(self.1, self.0);
        for part in [BEFORE, &digits, BEHIND, "\n"] {
            self.0.push_str(part);
        }
    }
}

/// A JSON string (RFC 8259, section 7).
fn quote(line: &mut String, text: &str) {
    line.push('"');
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        line.push_str(text);
        line.push('"');
        return;
    }
    for letter in text.chars() {
        match letter {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            control if control < ' ' => {
                let _ = write!(line, "\\u{:04x}", u32::from(control));
            }
            other => line.push(other),
        }
    }
    line.push('"');
}

/// The labels of what executes kernels.
pub(super) struct Hardware<'a> {
    pub(super) cpu: &'a str,
    pub(super) native: &'a str,
}

/// A dispatch with everything that its numbers stand for.
pub(super) struct Dispatched<'a> {
    pub(super) lane: u32,
    pub(super) entry: &'a Entry,
    pub(super) kernel: &'a Registered,
    pub(super) plan: &'a Plan,
    /// What [`graph`] makes of the plan.
    pub(super) graph: &'a str,
    pub(super) hardware: Hardware<'a>,
    pub(super) totals: Totals,
}

/// The line of a dispatch.
pub(super) fn decision(line: &mut String, head: &Head<'_>, dispatched: &Dispatched<'_>) {
    let Dispatched {
        lane,
        entry,
        kernel,
        plan,
        graph,
        hardware,
        totals,
    } = dispatched;
    let mut object = Object::begin(line, head, "decision");
    let reason = entry.outcome.reason();
    let control = &entry.control;
    let on_native = matches!(entry.outcome, Outcome::Native);
    object.number("lane", (*lane).into());
    object.number("call", entry.call);
    object.text("kernel", kernel.spec.contract.name());
    object.texts("kernel_candidates", candidates(kernel));
    let best = kernel.native.as_ref().map_or(0, |native| native.variant.score);
    object.number("score", if on_native { best.into() } else { 0 });
    object.text("workload", plan.name());
    let hw = match entry.backend {
        Backend::Cpu => hardware.cpu,
        Backend::Cuda => hardware.native,
    };
    object.text("hw", hw);
    object.text("backend", entry.backend.name());
    object.text("outcome", entry.outcome.name());
    object.text("status", entry.outcome.status().name());
    object.causes("backend_reason", &entry.outcome.causes());
    object.text("outputs", outputs(entry.outputs));
    object.text("mode", control.mode.name());
    object.text("shadow_mode", control.shadow_mode.name());
    object.text("shadow_reason", control.shadow_reason.code());
    object.text("rollback", control.rollback_reason.code());
    object.number("rollback_count", control.rollback_count.into());
    object.key("pressure");
    let pressure = control.pressure_permille;
    match pressure {
        0 => object.0.push_str("0.000"),
        _ => object.raw(format_args!("{}.{:03}", pressure / 1000, pressure % 1000)),
    }
    object.number("guard_miss", totals.guard_miss);
    object.number("fallback", totals.fallback);
    object.flag("cache_hit", entry.trace.cache_hit);
    object.flag("budget_exceeded", entry.trace.budget_exceeded);
    let kept = !matches!(reason.kind(), ReasonKind::Contract | ReasonKind::Guard);
    object.text("contract", if kept { "ok" } else { "violated" });
    object.text("contract_reason", if kept { "ok" } else { reason.code() });
    object.0.push_str(graph);
    object.display("fp", format_args!("{:016x}", entry.fingerprint));
    object.flag("requested", entry.trace.requested);
    object.flag("available", entry.trace.available);
    object.flag("fallback_to_cpu", entry.trace.fallback_to_cpu);
    object.flag("graph_replayed", entry.trace.graph_replayed);
    object.flag("compared", entry.trace.compared);
    object.millis("latency_ms", entry.latency_ns);
    object.millis("compile_ms", entry.trace.compile_ns);
    object.millis("copy_in_ms", entry.trace.copy_in_ns);
    object.millis("launch_ms", entry.trace.launch_ns);
    object.millis("sync_ms", entry.trace.sync_ns);
    object.millis("copy_out_ms", entry.trace.copy_out_ns);
    object.end();
}

/// The fields about a plan, each with a comma before it. They are the same in every line of it.
pub(super) fn graph(plan: &Plan) -> String {
    let mut fields = String::new();
    let mut object = Object(&mut fields, "");
    let breaks = plan.breaks();
    object.number("graph_breaks", breaks.len() as u64);
    match breaks.first() {
        Some((kernel, reason)) => object.display("break_first", format_args!("{kernel}:{reason}")),
        None => object.text("break_first", ""),
    }
    object.key("break_counts");
    object.0.push('{');
    for (code, count) in plan.break_counts() {
        object.number(code, count as u64);
    }
    object.0.push('}');
    object.key("compilability");
    let compilability = plan.compilability();
    object.raw(format_args!("{compilability}"));
    fields
}

/// Native symbols, the preferred first, and the CPU function behind them.
fn candidates(kernel: &Registered) -> impl Iterator<Item = &str> {
    let native = kernel.candidates.iter().map(|candidate| candidate.symbol.as_str());
    native.chain(std::iter::once("cpu"))
}

pub(super) const fn outputs(outputs: Outputs) -> &'static str {
    match outputs {
        Outputs::Complete => "complete",
        Outputs::Untouched => "untouched",
        Outputs::Undefined => "undefined",
    }
}

/// The line of something that is not a dispatch.
pub(super) fn module_event(line: &mut String, head: &Head<'_>, reason: Reason, subject: &str, message: &str) {
    let mut object = Object::begin(line, head, "event");
    object.text("reason", reason.code());
    object.text("subject", subject);
    object.text("message", message);
    object.end();
}
