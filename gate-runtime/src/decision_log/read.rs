//! Reads a decision log back and says where it is wrong.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::Value;

use super::TIMINGS;
use super::chain::{cut, link};
use super::line::SCHEMA_VERSION;
use crate::control::{ControlState, Mode, RailReason};
use crate::dispatch::{Backend, Outcome, Outputs};
use crate::fields::Fields;
pub use crate::fields::ReadError;
use crate::reason::{Causes, Reason, ReasonKind};
use crate::status::Status;

/// Longest line that is read. Lines of this crate are some kilobytes long.
const MAX_LINE: u64 = 1 << 20;

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Place in the log, from 0.
    pub seq: u64,
    /// Identity of the run.
    pub run_id: String,
    /// When it happened, in microseconds since the Unix epoch.
    pub ts: u64,
    /// What it says.
    pub event: Event,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The log begins.
    Open {
        /// Label of the device, or of the processor where there is none.
        hw: String,
        /// Variables of the faults that are injected.
        faults: Vec<String>,
    },
    /// A kernel was dispatched.
    Decision(Box<Decision>),
    /// Something else happened.
    Other {
        /// Its reason.
        reason: Reason,
        /// What it happened to.
        subject: String,
        /// What there is to say about it.
        message: String,
    },
    /// Something is missing here.
    Dropped {
        /// Records that the writer could not follow.
        records: u64,
        /// Events beyond those that could wait.
        events: u64,
        /// Lines that could not be written.
        unwritten: u64,
    },
    /// A new file begins.
    Rotated {
        /// The `chain` of the last line of the file before.
        previous: String,
    },
    /// The log ends as it should.
    Close,
}

/// A dispatch.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the schema, which describes them")]
pub struct Decision {
    pub lane: u64,
    pub call: u64,
    pub kernel: String,
    pub kernel_candidates: Vec<String>,
    pub score: u64,
    pub workload: String,
    pub hw: String,
    pub backend: Backend,
    pub outcome: Outcome,
    pub outputs: Outputs,
    pub control: ControlState,
    pub guard_miss: u64,
    pub fallback: u64,
    pub cache_hit: bool,
    pub budget_exceeded: bool,
    pub contract_reason: Option<Reason>,
    pub graph_breaks: u64,
    pub break_first: String,
    pub break_counts: BTreeMap<String, u64>,
    pub compilability: f64,
    pub fingerprint: u64,
    pub latency_ms: f64,
}

/// A log, line by line. After an error it ends.
pub struct Reader<R> {
    input: R,
    line: usize,
    previous: Option<Previous>,
    ended: bool,
}

struct Previous {
    seq: u64,
    chain: String,
    run_id: String,
    /// Fallbacks and guard misses; `None` at the begin of a later file, where only the earlier ones explain them.
    totals: Option<(u64, u64)>,
    closed: bool,
}

/// Reads a whole log, from `open` to `close`; of a log in several files, the last one alone or all of them in their order.
///
/// # Errors
/// The first line that is wrong, or an end that is missing: the log was cut off, or its run did not end.
pub fn read(input: impl BufRead) -> Result<Vec<Line>, ReadError> {
    let mut reader = Reader::new(input);
    let lines = reader.by_ref().collect::<Result<Vec<Line>, ReadError>>()?;
    if reader.is_complete() {
        Ok(lines)
    } else {
        Err(reader.error("is missing: the log does not end in `close`, so it is cut off or still being written"))
    }
}

/// Reads a log that need not have ended: of a run that goes on, or one file of several. The first line is `open`, or `rotated` in
/// a later file.
///
/// # Errors
/// The first line that is wrong.
pub fn read_open(input: impl BufRead) -> Result<Vec<Line>, ReadError> {
    Reader::new(input).collect()
}

impl<R: BufRead> Reader<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Reader<R> {
        Reader {
            input,
            line: 0,
            previous: None,
            ended: false,
        }
    }

    /// Whether the latest line was `close`: at the end of the input, that nothing was cut off.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.previous.as_ref().is_some_and(|previous| previous.closed)
    }

    fn error(&self, problem: impl Into<String>) -> ReadError {
        ReadError {
            line: self.line,
            field: String::new(),
            problem: problem.into(),
        }
    }

    fn next_line(&mut self) -> Result<Option<Line>, ReadError> {
        self.line += 1;
        let mut text = Vec::new();
        let read = (&mut self.input as &mut dyn BufRead)
            .take_line(&mut text)
            .map_err(|error| self.error(format!("cannot be read: {error}")))?;
        if read == 0 {
            return if self.line == 1 {
                Err(self.error("the log is empty"))
            } else {
                Ok(None)
            };
        }
        if text.pop() != Some(b'\n') {
            return Err(self.error("does not end in a line feed: the line is truncated or too long"));
        }
        let text = text.strip_suffix(b"\r").unwrap_or(&text);
        let value: Value = serde_json::from_slice(text).map_err(|error| self.error(format!("is not JSON: {error}")))?;
        let fields = Fields::of(&value, self.line)?;
        let line = line(&fields)?;
        let linked = self.linked(text, &line, &fields);
        self.follows(&line, &fields, fields.text("chain")?)?;
        linked?;
        Ok(Some(line))
    }

    /// Whether the line is what was written, behind the line that was written before it.
    fn linked(&self, text: &[u8], line: &Line, fields: &Fields<'_>) -> Result<(), ReadError> {
        let previous = match (&self.previous, &line.event) {
            (_, Event::Rotated { previous }) => previous,
            (Some(previous), _) => &previous.chain,
            (None, _) => "",
        };
        if let (Some(before), Event::Rotated { previous }) = (&self.previous, &line.event)
            && before.chain != *previous
        {
            return Err(fields.wrong(
                "previous",
                "is not the `chain` of the line before: the end of a file is missing",
            ));
        }
        let found = std::str::from_utf8(text).ok().and_then(cut);
        if found.is_some_and(|(text, digits)| link(previous, text) == digits) {
            Ok(())
        } else {
            Err(fields.wrong("chain", "does not match: the line was changed, or one before it was"))
        }
    }

    /// Whether the line may stand behind the one before it.
    fn follows(&mut self, line: &Line, fields: &Fields<'_>, chain: &str) -> Result<(), ReadError> {
        let mut totals = None;
        match &self.previous {
            None => match line.event {
                Event::Open { .. } if line.seq == 0 => totals = Some((0, 0)),
                Event::Open { .. } => return Err(fields.wrong("seq", "is not 0 in the first line")),
                Event::Rotated { .. } => {}
                _ => return Err(fields.wrong("event", "is neither `open` nor `rotated` in the first line")),
            },
            Some(previous) => {
                if previous.closed {
                    return Err(fields.wrong("event", "follows `close`"));
                }
                if matches!(line.event, Event::Open { .. }) {
                    return Err(fields.wrong("event", "is `open` after the first line"));
                }
                if line.run_id != previous.run_id {
                    return Err(fields.wrong("run_id", "differs from the line before"));
                }
                if Some(line.seq) != previous.seq.checked_add(1) {
                    let problem = format!("is {} after {}: lines are missing or repeated", line.seq, previous.seq);
                    return Err(fields.wrong("seq", problem));
                }
                totals = previous.totals;
            }
        }
        match &line.event {
            Event::Decision(decision) => {
                if let Some((fallback, guard_miss)) = totals {
                    let fell_back = matches!(decision.outcome, Outcome::Fallback(_));
                    let missed = decision.outcome.reason().kind() == ReasonKind::Guard;
                    for (field, have, before, one) in [
                        ("fallback", decision.fallback, fallback, fell_back),
                        ("guard_miss", decision.guard_miss, guard_miss, missed),
                    ] {
                        let expected = before.saturating_add(one.into());
                        if have != expected {
                            let problem = format!("is {have}, but the lines before add up to {expected}");
                            return Err(fields.wrong(field, problem));
                        }
                    }
                }
                totals = Some((decision.fallback, decision.guard_miss));
            }
            Event::Close => {
                let lines = fields.number("lines")?;
                if lines != line.seq {
                    let problem = format!("is {lines}, but {} lines were written before", line.seq);
                    return Err(fields.wrong("lines", problem));
                }
            }
            Event::Dropped { .. } => totals = Some((fields.number("fallback")?, fields.number("guard_miss")?)),
            _ => {}
        }
        self.previous = Some(Previous {
            seq: line.seq,
            chain: chain.to_owned(),
            run_id: line.run_id.clone(),
            totals,
            closed: line.event == Event::Close,
        });
        Ok(())
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_line().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Reading one line of bounded length.
trait TakeLine {
    fn take_line(self, text: &mut Vec<u8>) -> std::io::Result<usize>;
}

impl TakeLine for &mut dyn BufRead {
    fn take_line(self, text: &mut Vec<u8>) -> std::io::Result<usize> {
        use std::io::Read;
        self.take(MAX_LINE).read_until(b'\n', text)
    }
}

fn line(fields: &Fields<'_>) -> Result<Line, ReadError> {
    let version = fields.number("schema_version")?;
    if version != u64::from(SCHEMA_VERSION) {
        return Err(fields.wrong(
            "schema_version",
            format!("is {version}, but this reader supports {SCHEMA_VERSION}"),
        ));
    }
    let event = match fields.text("event")? {
        "open" => Event::Open {
            hw: fields.name("hw")?.to_owned(),
            faults: fields.texts("faults")?,
        },
        "decision" => Event::Decision(Box::new(decision(fields)?)),
        "event" => Event::Other {
            reason: fields.word("reason", "the code of a reason", Reason::from_code)?,
            subject: fields.text("subject")?.to_owned(),
            message: fields.text("message")?.to_owned(),
        },
        "dropped" => Event::Dropped {
            records: fields.number("records")?,
            events: fields.number("events")?,
            unwritten: fields.number("unwritten")?,
        },
        "rotated" => Event::Rotated {
            previous: fields.text("previous")?.to_owned(),
        },
        "close" => Event::Close,
        other => return Err(fields.wrong("event", format!("is {other:?}, which this version does not support"))),
    };
    Ok(Line {
        seq: fields.number("seq")?,
        run_id: fields.name("run_id")?.to_owned(),
        ts: fields.number("ts")?,
        event,
    })
}

fn decision(fields: &Fields<'_>) -> Result<Decision, ReadError> {
    let outcome = outcome(fields)?;
    let candidates = fields.texts("kernel_candidates")?;
    if candidates.is_empty() {
        return Err(fields.wrong("kernel_candidates", "is empty"));
    }
    for field in ["spec_plans", "spec_hit", "spec_miss", "spec_bucket", "spec_conf"] {
        fields.absent(field)?;
    }
    for field in &TIMINGS[1..] {
        fields.amount(field)?;
    }
    for field in [
        "requested",
        "available",
        "fallback_to_cpu",
        "graph_replayed",
        "compared",
    ] {
        fields.flag(field)?;
    }
    let decision = Decision {
        lane: fields.number("lane")?,
        call: fields.number("call")?,
        kernel: fields.name("kernel")?.to_owned(),
        kernel_candidates: candidates,
        score: fields.number("score")?,
        workload: fields.name("workload")?.to_owned(),
        hw: fields.name("hw")?.to_owned(),
        backend: fields.word("backend", "a backend", |name| {
            [Backend::Cpu, Backend::Cuda]
                .into_iter()
                .find(|backend| backend.name() == name)
        })?,
        outcome,
        outputs: fields.word("outputs", "a state of outputs", |name| {
            let all = [Outputs::Complete, Outputs::Untouched, Outputs::Undefined];
            all.into_iter().find(|outputs| super::line::outputs(*outputs) == name)
        })?,
        control: control(fields)?,
        guard_miss: fields.number("guard_miss")?,
        fallback: fields.number("fallback")?,
        cache_hit: fields.flag("cache_hit")?,
        budget_exceeded: fields.flag("budget_exceeded")?,
        contract_reason: contract(fields)?,
        graph_breaks: fields.number("graph_breaks")?,
        break_first: fields.text("break_first")?.to_owned(),
        break_counts: fields.counts("break_counts")?.into_iter().collect(),
        compilability: fields.amount("compilability")?,
        fingerprint: fields.fingerprint("fp")?,
        latency_ms: fields.amount("latency_ms")?,
    };
    if decision.outcome.is_ok() != (decision.outputs == Outputs::Complete) {
        return Err(fields.wrong(
            "outputs",
            "contradicts `outcome`: outputs are complete unless there was an error",
        ));
    }
    let counted = decision
        .break_counts
        .values()
        .try_fold(0_u64, |sum, count| sum.checked_add(*count));
    if counted != Some(decision.graph_breaks) {
        return Err(fields.wrong("graph_breaks", "is not the sum of `break_counts`"));
    }
    if (decision.graph_breaks == 0) != decision.break_first.is_empty() {
        return Err(fields.wrong("break_first", "contradicts `graph_breaks`"));
    }
    if decision.compilability > 1.0 {
        return Err(fields.wrong("compilability", "is more than 1"));
    }
    Ok(decision)
}

fn outcome(fields: &Fields<'_>) -> Result<Outcome, ReadError> {
    let what = "a chain of reason codes";
    let causes: Causes = fields.word("backend_reason", what, |text| text.parse().ok())?;
    let contradiction = |problem: &str| Err(fields.wrong("backend_reason", problem));
    let outcome = match fields.text("outcome")? {
        "native" if causes == Causes::of(Reason::Native) => Outcome::Native,
        "native" => return contradiction("contradicts `outcome`: it is not `native`"),
        "fallback" if causes.first().is_fallback() => Outcome::Fallback(causes),
        "fallback" => return contradiction("does not begin with a fallback reason"),
        "error" if causes.first().status() != Status::Ok => Outcome::Error(causes),
        "error" => return contradiction("does not begin with the reason of an error"),
        other => return Err(fields.wrong("outcome", format!("is {other:?}, which is not an outcome"))),
    };
    let status = fields.text("status")?;
    if status != outcome.status().name() {
        let problem = format!("is {status:?}, but the outcome requires {}", outcome.status());
        return Err(fields.wrong("status", problem));
    }
    Ok(outcome)
}

fn control(fields: &Fields<'_>) -> Result<ControlState, ReadError> {
    let count = fields.number("rollback_count")?;
    let pressure = fields.amount("pressure")? * 1000.0;
    if pressure > f64::from(u16::MAX) {
        return Err(fields.wrong("pressure", "is more than 65.535"));
    }
    Ok(ControlState {
        mode: fields.word("mode", "a mode", Mode::from_name)?,
        shadow_mode: fields.word("shadow_mode", "a mode", Mode::from_name)?,
        shadow_reason: fields.word("shadow_reason", "a reason of rails", RailReason::from_code)?,
        rollback_reason: fields.word("rollback", "a reason of rails", RailReason::from_code)?,
        rollback_count: u32::try_from(count).map_err(|_| fields.wrong("rollback_count", "is too large"))?,
        pressure_permille: pressure.round() as u16,
    })
}

/// The violation, if there is one.
fn contract(fields: &Fields<'_>) -> Result<Option<Reason>, ReadError> {
    let reason = fields.text("contract_reason")?;
    match (fields.text("contract")?, reason) {
        ("ok", "ok") => Ok(None),
        ("violated", code) => {
            let violation = |reason: &Reason| matches!(reason.kind(), ReasonKind::Contract | ReasonKind::Guard);
            let reason = Reason::from_code(code).filter(violation);
            let known =
                reason.ok_or_else(|| fields.wrong("contract_reason", format!("is {code:?}, which is not a violation")));
            known.map(Some)
        }
        _ => Err(fields.wrong("contract", "is neither `ok` nor `violated` with its reason")),
    }
}

/// A line without what differs between two runs with the same inputs: times, durations, the identity of the run, and the links that cover
/// them.
///
/// # Errors
/// The line is no JSON object.
pub fn normalise(line: &str) -> Result<String, ReadError> {
    let wrong = |problem: String| ReadError {
        line: 1,
        field: String::new(),
        problem,
    };
    let mut value: Value = serde_json::from_str(line).map_err(|error| wrong(format!("is not JSON: {error}")))?;
    let object = value
        .as_object_mut()
        .ok_or_else(|| wrong("is not a JSON object".to_owned()))?;
    for field in TIMINGS.iter().chain(&["run_id", "chain", "previous"]) {
        if let Some(value) = object.get_mut(*field) {
            *value = Value::Null;
        }
    }
    Ok(value.to_string())
}
