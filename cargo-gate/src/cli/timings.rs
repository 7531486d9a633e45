//! `--timings`: what each phase and each check cost.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gate_evidence::event::{Event, Observer};
use gate_report::Report;
use gate_report::render::text;

use super::printer::Printer;

/// A consumer of the engine's events that keeps the time.
pub(super) struct Timings {
    began: Instant,
    /// When the workspace and the policy had been read.
    opened: Instant,
    clock: Mutex<Clock>,
}

#[derive(Default)]
struct Clock {
    planned: Option<Instant>,
    /// When the last built-in check ended.
    checked: Option<Instant>,
    finished: Option<Instant>,
    judged: Option<Instant>,
    /// When everybody was told, if there was anybody.
    told: Option<Instant>,
    recorded: Option<Instant>,
    running: BTreeMap<String, (Instant, bool)>,
    /// What ran, by its id, and whether it was a suite.
    ran: BTreeMap<String, (Duration, bool)>,
}

impl Timings {
    /// Starts to keep the time of an evaluation; `began` is when the command started.
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            opened: Instant::now(),
            clock: Mutex::default(),
        }
    }

    fn clock(&self) -> std::sync::MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The verdict is known.
    pub(super) fn judged(&self) {
        self.clock().judged = Some(Instant::now());
    }

    /// Others were told about the run, if there is `anybody`.
    pub(super) fn told(&self, anybody: bool) {
        self.clock().told = anybody.then(Instant::now);
    }

    /// The run is on disk.
    pub(super) fn recorded(&self) {
        self.clock().recorded = Some(Instant::now());
    }

    /// Writes the table to stderr.
    pub(super) fn print(&self, report: &Report, printer: &Printer) {
        let shown = |time: Duration| {
            if printer.redactor().is_active() {
                "[time]".to_owned()
            } else {
                exact(time)
            }
        };
        printer.say(&self.table(report, shown));
    }

    fn table(&self, report: &Report, shown: impl Fn(Duration) -> String) -> String {
        let phases = self.phases();
        let mut rows: Vec<[String; 3]> = vec![["phase".into(), "time".into(), String::new()]];
        rows.extend(phases.map(|(name, time)| {
            [
                name.to_owned(),
                time.map_or_else(|| "-".to_owned(), &shown),
                String::new(),
            ]
        }));
        rows.push(Default::default());
        rows.push(["check".into(), "time".into(), "evidence".into()]);
        let clock = self.clock();
        let mut checks: Vec<_> = report
            .checks
            .iter()
            .map(|check| (clock.ran.get(&check.id).map(|(time, _)| *time), check))
            .collect();
        // Dearest first; what cost nothing stays in the order of the report.
        checks.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        for (time, check) in checks {
            let evidence = match (&check.evidence, time) {
                (Some(evidence), None) if evidence.reused => {
                    let cost = match evidence.duration_ms {
                        0 => "less than 1ms".to_owned(),
                        cost => shown(Duration::from_millis(cost)),
                    };
                    format!("reused, took {cost} when it was made")
                }
                (_, Some(_)) => "made in this run".to_owned(),
                _ => "none".to_owned(),
            };
            rows.push([check.id.clone(), time.map_or_else(|| "-".to_owned(), &shown), evidence]);
        }
        let widths = [0, 1].map(|column| rows.iter().map(|row| text::width(&row[column])).max().unwrap_or(0));
        let mut out = String::new();
        for [name, time, evidence] in &rows {
            let time = format!("{}{time}", " ".repeat(widths[1] - text::width(time)));
            let line = format!("{}  {time}  {evidence}", text::pad(&text::line(name), widths[0]));
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn phases(&self) -> [(&'static str, Option<Duration>); 7] {
        let clock = self.clock();
        let between = |from: Option<Instant>, to: Option<Instant>| Some(to?.saturating_duration_since(from?));
        let has_suites = clock.ran.values().any(|(_, suite)| *suite);
        let checked = clock.checked.or(clock.planned);
        let (checks, suites) = if has_suites {
            (between(clock.planned, checked), between(checked, clock.finished))
        } else {
            (between(clock.planned, clock.finished), None)
        };
        [
            ("read the workspace", between(Some(self.began), Some(self.opened))),
            ("plan", between(Some(self.opened), clock.planned)),
            ("checks", checks),
            ("suites", suites),
            ("verdict", between(clock.finished, clock.judged)),
            ("notify", between(clock.judged, clock.told)),
            ("write the run", between(clock.told.or(clock.judged), clock.recorded)),
        ]
    }
}

impl Observer for Timings {
    fn event(&self, event: &Event<'_>) {
        let now = Instant::now();
        let mut clock = self.clock();
        match *event {
            Event::Started { .. } => clock.planned = Some(now),
            Event::CheckStarted { id, long, .. } => {
                clock.running.insert(id.to_owned(), (now, long));
            }
            Event::CheckFinished { id, .. } => {
                if let Some((started, long)) = clock.running.remove(id) {
                    clock.ran.insert(id.to_owned(), (now - started, long));
                    if !long {
                        clock.checked = Some(now);
                    }
                }
            }
            Event::Finished => clock.finished = Some(now),
            Event::Output { .. } | Event::Tests { .. } | Event::Tick => {}
        }
    }
}

/// A duration in the unit that suits it: most checks take less than a millisecond.
fn exact(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.2}ms", time.as_secs_f64() * 1000.0)
    } else {
        text::duration(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_report::Outcome;
    use gate_report::render::samples;

    #[test]
    fn every_phase_and_every_check_has_a_row() {
        let timings = Timings::new(Instant::now());
        timings.event(&Event::Started { to_run: 1, reused: 2 });
        let id = "suite.test.default";
        timings.event(&Event::CheckStarted {
            id,
            long: true,
            expected: None,
        });
        timings.event(&Event::CheckFinished {
            id,
            outcome: Outcome::Pass,
            duration_ms: 4_230,
            reused: false,
        });
        timings.event(&Event::Finished);
        timings.judged();
        timings.recorded();
        insta::assert_snapshot!(timings.table(&samples::ready(), |_| "[time]".to_owned()), @"
        phase                 time
        read the workspace  [time]
        plan                [time]
        checks              [time]
        suites              [time]
        verdict             [time]
        notify                   -
        write the run       [time]

        check                 time  evidence
        suite.test.default  [time]  made in this run
        lockfile.tracked         -  reused, took [time] when it was made
        lockfile.fresh           -  reused, took [time] when it was made
        ");
    }

    #[test]
    fn short_times_are_not_rounded_away() {
        assert_eq!(exact(Duration::from_micros(1_234)), "1.23ms");
        assert_eq!(exact(Duration::from_micros(20)), "0.02ms");
        assert_eq!(exact(Duration::from_millis(1_234)), "1.23s");
    }
}
