//! Progress on stderr: a bar for a person at a terminal, a line per long check for a log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::evidence::event::{Event, Observer};
use crate::report::Outcome;
use crate::report::render::human::Detail;
use crate::report::render::text;

use super::printer::Printer;

/// Lines shown of the log of a suite that did not pass.
const TAIL: usize = 30;

/// How cargo says that it waits for another cargo. Whether it had to is no part of why a suite failed; the log has it.
const WAITING: &str = "Blocking waiting for file lock on ";

/// A consumer of the engine's events that talks to the user.
pub struct Progress<'a> {
    printer: &'a Printer,
    bar: Option<ProgressBar>,
    running: Mutex<BTreeMap<String, Running>>,
}

#[derive(Default)]
struct Running {
    long: bool,
    tail: VecDeque<String>,
}

impl<'a> Progress<'a> {
    /// Progress through this printer; silent when the printer is quiet.
    pub fn new(printer: &'a Printer) -> Self {
        let bar = (printer.is_interactive() && printer.detail() > Detail::Quiet).then(|| {
            // Draws to stderr.
            let style = ProgressStyle::with_template("{prefix:>12.green.bold} [{bar:27}] {pos}/{len} {wide_msg}")
                .expect("the template is a constant")
                .progress_chars("=> ");
            ProgressBar::new(0).with_style(style).with_prefix("Checking")
        });
        Self {
            printer,
            bar,
            running: Mutex::default(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes without tearing the bar.
    fn aside(&self, write: impl FnOnce(&Printer)) {
        match &self.bar {
            Some(bar) => bar.suspend(|| write(self.printer)),
            None => write(self.printer),
        }
    }

    fn started(&self, id: &str, long: bool) {
        let mut running = self.lock();
        running.insert(
            id.to_owned(),
            Running {
                long,
                ..Running::default()
            },
        );
        self.name_running(&running);
        drop(running);
        if long && self.bar.is_none() {
            self.printer.status("Running", id);
        }
    }

    fn output(&self, id: &str, line: &str) {
        if let Some(running) = self.lock().get_mut(id) {
            // The log may hold anything, styles and cursor movements included.
            let plain = anstream::adapter::strip_str(line).to_string();
            if plain.trim_start().starts_with(WAITING) {
                return;
            }
            if running.tail.len() == TAIL {
                running.tail.pop_front();
            }
            running.tail.push_back(text::line(&plain).into_owned());
        }
    }

    fn finished(&self, id: &str, outcome: Outcome, duration_ms: u64) {
        let mut all = self.lock();
        let Some(ended) = all.remove(id) else {
            return;
        };
        self.name_running(&all);
        drop(all);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        if !ended.long {
            return;
        }
        let passed = matches!(outcome, Outcome::Pass | Outcome::Warn);
        self.aside(|printer| {
            let took = text::duration(Duration::from_millis(duration_ms).as_millis() as u64);
            printer.status("Finished", &format!("{id} in {took}: {}", outcome.words()));
            if !passed && !ended.tail.is_empty() && printer.detail() > Detail::Quiet {
                let lines: Vec<String> = ended.tail.into_iter().map(|line| format!("    | {line}\n")).collect();
                let head = format!(
                    "    last {} of {}:\n",
                    text::count(lines.len() as u64, "line"),
                    text::line(id)
                );
                printer.say(&format!("{head}{}", lines.concat()));
            }
        });
    }

    fn name_running(&self, running: &BTreeMap<String, Running>) {
        if let Some(bar) = &self.bar {
            let names: Vec<&str> = running.keys().map(String::as_str).collect();
            bar.set_message(text::line(&names.join(", ")).into_owned());
        }
    }
}

impl Observer for Progress<'_> {
    fn event(&self, event: &Event<'_>) {
        match *event {
            Event::Started { to_run, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_length(to_run as u64);
                }
            }
            Event::CheckStarted { id, long } => self.started(id, long),
            Event::Output { id, line } => self.output(id, line),
            Event::CheckFinished { reused: true, .. } => {}
            Event::CheckFinished {
                id,
                outcome,
                duration_ms,
                ..
            } => self.finished(id, outcome, duration_ms),
            Event::Finished => {
                if let Some(bar) = &self.bar {
                    bar.finish_and_clear();
                }
            }
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        // An error may end the run before its last event.
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::printer::tests::Shared;
    use super::*;

    fn play(detail: Detail) -> String {
        let err = Shared::default();
        let printer = Printer::over(std::io::sink(), err.clone(), detail);
        let progress = Progress::new(&printer);
        progress.event(&Event::Started { to_run: 2, reused: 1 });
        progress.event(&Event::CheckStarted {
            id: "lockfile.fresh",
            long: false,
        });
        progress.event(&Event::CheckStarted {
            id: "suite.test.default",
            long: true,
        });
        for number in 1..=32 {
            if number == 20 {
                progress.event(&Event::Output {
                    id: "suite.test.default",
                    line: "\u{1b}[1m    Blocking\u{1b}[0m waiting for file lock on package cache",
                });
            }
            progress.event(&Event::Output {
                id: "suite.test.default",
                line: &format!("\u{1b}[32mtest {number}\u{1b}[0m"),
            });
        }
        let end = |id, outcome, duration_ms, reused| Event::CheckFinished {
            id,
            outcome,
            duration_ms,
            reused,
        };
        progress.event(&end("lockfile.fresh", Outcome::Fail, 3, false));
        progress.event(&end("boundary.raw", Outcome::Pass, 3, true));
        progress.event(&end("suite.test.default", Outcome::Fail, 12_340, false));
        progress.event(&Event::Finished);
        err.text()
    }

    #[test]
    fn a_log_gets_a_line_per_long_check_and_the_tail_of_what_failed() {
        let text = play(Detail::Normal);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3 + TAIL);
        insta::assert_snapshot!([&lines[..5], &lines[lines.len() - 1..]].concat().join("\n"), @r"
             Running suite.test.default
            Finished suite.test.default in 12.34s: fail
            last 30 lines of suite.test.default:
            | test 3
            | test 4
            | test 32
        ");
    }

    #[test]
    fn quiet_is_quiet() {
        assert_eq!(play(Detail::Quiet), "");
    }

    #[test]
    fn threads_may_talk_at_once() {
        let err = Shared::default();
        let printer = Printer::over(std::io::sink(), err.clone(), Detail::Normal);
        let progress = Progress::new(&printer);
        let ids: Vec<String> = (0..8).map(|number| format!("suite.test.s{number}")).collect();
        std::thread::scope(|scope| {
            for id in &ids {
                let progress = &progress;
                scope.spawn(move || {
                    progress.event(&Event::CheckStarted { id, long: true });
                    progress.event(&Event::Output { id, line: id });
                    progress.event(&Event::CheckFinished {
                        id,
                        outcome: Outcome::Fail,
                        duration_ms: 1,
                        reused: false,
                    });
                });
            }
        });
        let text = err.text();
        for id in &ids {
            assert!(text.contains(&format!("last 1 line of {id}:\n    | {id}\n")), "{text}");
        }
    }
}
