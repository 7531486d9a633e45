//! A decision log in the size of its variety: dispatches that are alike are counted.

use std::collections::BTreeMap;

use gate_runtime::control::{ControlState, Mode, RailReason};
use gate_runtime::decision_log::read::{self, Decision, Reader};
use gate_runtime::dispatch::Outputs;
use gate_runtime::{Outcome, Reason, ReasonKind};
use serde::{Deserialize, Serialize};

use gate_base::digest::sha256_hex;

/// Most entries of one list. A log of more kinds is counted to its end, and says what was left out.
const MOST: usize = 1000;

/// What a decision log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of this model; within one it only grows.
    pub schema_version: u32,
    /// Where the log was read.
    pub path: String,
    /// SHA-256 of the log.
    pub sha256: String,
    /// Identity of the run that wrote it; empty where no line could be read.
    pub run_id: String,
    /// Label of the device, or of the processor where there was none.
    pub hw: String,
    /// Variables of faults that were injected.
    pub faults: Vec<String>,
    /// Whether the log ends as it should.
    pub complete: bool,
    /// What is wrong with the first line that could not be read; what follows it is not part of the summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Dispatches that were read.
    pub dispatches: u64,
    /// Lines that the log says are missing.
    pub dropped: u64,
    /// Dispatches that are alike, in the order of kernel, then of the first of them.
    pub groups: Vec<Group>,
    /// Every change of what rails decided, in the order of the log.
    pub rails: Vec<RailStep>,
    /// What else happened, in the order of the log.
    pub events: Vec<Event>,
    /// Entries beyond the longest list.
    pub left_out: u64,
}

/// Dispatches of one kernel that ended alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The kernel.
    pub kernel: String,
    /// Label of the device or processor.
    pub hw: String,
    /// Backend that ran: `cpu`, `cuda`.
    pub backend: String,
    /// `native`, `fallback` or `error`.
    pub outcome: String,
    /// The chain of reasons, outermost first, each by its stable code.
    pub reasons: Vec<String>,
    /// Fingerprint of the kernel as 16 hexadecimal digits.
    pub fingerprint: String,
    /// What outputs hold: `complete`, `untouched`, `undefined`.
    pub outputs: String,
    /// How many.
    pub calls: u64,
    /// 1-based line of the first of them.
    pub first_line: u64,
}

/// A change of what rails decided, as a dispatch saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RailStep {
    /// 1-based line of the first dispatch that saw it.
    pub line: u64,
    /// The kernel of that dispatch.
    pub kernel: String,
    /// Mode before: `native`, `safe`.
    pub from: String,
    /// Mode after.
    pub to: String,
    /// Code of the rail that tripped last; `NONE` before the first rollback.
    pub rollback: String,
    /// Code of why the controller recommends what it does.
    pub recommends: String,
    /// Rollbacks so far.
    pub rollbacks: u32,
}

/// Something that happened beside the dispatches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// 1-based line.
    pub line: u64,
    /// Its stable code.
    pub reason: String,
    /// What it happened to.
    pub subject: String,
    /// What there is to say about it.
    pub message: String,
}

impl Summary {
    /// Reads a log. What cannot be read becomes [`problem`](Self::problem).
    pub fn of(path: &str, bytes: &[u8]) -> Self {
        let mut builder = Builder {
            summary: Summary {
                schema_version: 1,
                path: path.to_owned(),
                sha256: sha256_hex(bytes),
                run_id: String::new(),
                hw: String::new(),
                faults: Vec::new(),
                complete: false,
                problem: None,
                dispatches: 0,
                dropped: 0,
                groups: Vec::new(),
                rails: Vec::new(),
                events: Vec::new(),
                left_out: 0,
            },
            groups: BTreeMap::new(),
            control: BTreeMap::new(),
        };
        for (number, line) in (1_u64..).zip(Reader::new(bytes)) {
            match line {
                Ok(line) => builder.line(number, line),
                Err(error) => builder.summary.problem = Some(error.to_string()),
            }
        }
        builder.finish()
    }

    /// The bytes that lie in a run directory.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

impl Group {
    /// Whether a precondition of the launch did not hold.
    pub fn missed_guard(&self) -> bool {
        let kinds = self.reasons.iter().filter_map(|code| reason(code)).map(Reason::kind);
        kinds
            .into_iter()
            .any(|kind| matches!(kind, ReasonKind::Guard | ReasonKind::Contract | ReasonKind::Verify))
    }
}

/// The reason of a code, with or without the driver's number behind it.
pub fn reason(code: &str) -> Option<Reason> {
    code.parse::<gate_runtime::Cause>()
        .ok()
        .map(gate_runtime::Cause::reason)
}

type Key = (
    String,
    String,
    &'static str,
    &'static str,
    Vec<String>,
    u64,
    &'static str,
);

struct Builder {
    summary: Summary,
    /// Calls and first line.
    groups: BTreeMap<Key, (u64, u64)>,
    control: BTreeMap<String, ControlState>,
}

impl Builder {
    fn line(&mut self, number: u64, line: read::Line) {
        if self.summary.run_id.is_empty() {
            self.summary.run_id = line.run_id;
        }
        self.summary.complete = matches!(line.event, read::Event::Close);
        match line.event {
            read::Event::Open { hw, faults } => {
                self.summary.hw = hw;
                self.summary.faults = faults;
            }
            read::Event::Decision(decision) => self.decision(number, &decision),
            read::Event::Other {
                reason,
                subject,
                message,
            } => {
                if self.summary.events.len() < MOST {
                    self.summary.events.push(Event {
                        line: number,
                        reason: reason.code().to_owned(),
                        subject,
                        message,
                    });
                } else {
                    self.summary.left_out += 1;
                }
            }
            read::Event::Dropped {
                records,
                events,
                unwritten,
            } => {
                let lost = records.saturating_add(events).saturating_add(unwritten);
                self.summary.dropped = self.summary.dropped.saturating_add(lost);
            }
            _ => {}
        }
    }

    fn decision(&mut self, number: u64, decision: &Decision) {
        self.summary.dispatches += 1;
        self.rails(number, decision);
        let reasons = match &decision.outcome {
            Outcome::Native => Vec::new(),
            Outcome::Fallback(causes) | Outcome::Error(causes) => {
                causes.iter().map(|cause| cause.to_string()).collect()
            }
        };
        let outputs = match decision.outputs {
            Outputs::Complete => "complete",
            Outputs::Untouched => "untouched",
            Outputs::Undefined => "undefined",
        };
        let key = (
            decision.kernel.clone(),
            decision.hw.clone(),
            decision.backend.name(),
            decision.outcome.name(),
            reasons,
            decision.fingerprint,
            outputs,
        );
        if self.groups.len() >= MOST && !self.groups.contains_key(&key) {
            self.summary.left_out += 1;
            return;
        }
        self.groups.entry(key).or_insert((0, number)).0 += 1;
    }

    /// Rails of a kernel act between its calls, so the first call that sees another state is where they acted.
    fn rails(&mut self, number: u64, decision: &Decision) {
        let now = decision.control;
        let before = self
            .control
            .insert(decision.kernel.clone(), now)
            .unwrap_or(ControlState::INITIAL);
        let same = before.mode == now.mode
            && before.rollback_count == now.rollback_count
            && before.rollback_reason == now.rollback_reason;
        if same {
            return;
        }
        if self.summary.rails.len() >= MOST {
            self.summary.left_out += 1;
            return;
        }
        self.summary.rails.push(RailStep {
            line: number,
            kernel: decision.kernel.clone(),
            from: before.mode.name().to_owned(),
            to: now.mode.name().to_owned(),
            rollback: now.rollback_reason.code().to_owned(),
            recommends: now.shadow_reason.code().to_owned(),
            rollbacks: now.rollback_count,
        });
    }

    fn finish(mut self) -> Summary {
        let groups = self.groups.into_iter().map(
            |((kernel, hw, backend, outcome, reasons, fingerprint, outputs), (calls, first_line))| Group {
                kernel,
                hw,
                backend: backend.to_owned(),
                outcome: outcome.to_owned(),
                reasons,
                fingerprint: format!("{fingerprint:016x}"),
                outputs: outputs.to_owned(),
                calls,
                first_line,
            },
        );
        self.summary.groups = groups.collect();
        self.summary
            .groups
            .sort_by(|a, b| (&a.kernel, a.first_line).cmp(&(&b.kernel, b.first_line)));
        self.summary
    }
}

impl RailStep {
    /// Whether a rail took the kernel off its native backend here.
    pub fn tripped(&self) -> bool {
        self.to == Mode::Safe.name() && self.rollback != RailReason::None.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOG: &str = include_str!("../../../../../tests/fixtures/decision-log.valid/clean/decision_log.jsonl");

    #[test]
    fn alike_dispatches_are_counted() {
        let summary = Summary::of("log.jsonl", LOG.as_bytes());
        assert_eq!(
            (summary.dispatches, summary.groups.len(), summary.complete),
            (3, 2, true)
        );
        assert_eq!(summary.groups[0].calls, 2);
        assert!(!summary.groups[0].missed_guard() && summary.groups[1].missed_guard());
        let back: Summary = serde_json::from_slice(&summary.to_json()).expect("its own bytes");
        assert_eq!(back, summary);
    }

    proptest! {
        /// Whatever a log is cut to or spoilt with, there is a summary of what came before.
        #[test]
        fn foreign_bytes_end_in_a_summary(at in 0..LOG.len(), byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = LOG.as_bytes().to_vec();
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            let summary = Summary::of("log.jsonl", &bytes);
            let counted: u64 = summary.groups.iter().map(|group| group.calls).sum();
            prop_assert_eq!(counted, summary.dispatches);
            prop_assert!(summary.problem.is_some() || cut || summary.complete);
        }
    }
}
