//! Progress on stderr: a bar for a person at a terminal, a line now and then for a log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use gate_evidence::event::{Event, Expected, Observer, TestCount};
use gate_report::Outcome;
use gate_report::render::human::Detail;
use gate_report::render::text;

use super::printer::Printer;

/// Lines shown of the log of a suite that did not pass.
const TAIL: usize = 30;

/// How often a log is told what still runs: CI systems end jobs that are silent for minutes.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Units of the bar for each check: a suite moves it while it runs.
const UNITS: u64 = 1000;

/// How cargo says that it waits for another cargo. Whether it had to is no part of why a suite failed; the log has it.
const WAITING: &str = "Blocking waiting for file lock on ";

/// Time since the progress began.
type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

/// A consumer of the engine's events that talks to the user.
pub struct Progress<'a> {
    printer: &'a Printer,
    bar: Option<ProgressBar>,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    done: u64,
    total: u64,
    running: BTreeMap<String, Running>,
    /// When a log got its last line.
    said: Duration,
}

struct Running {
    long: bool,
    since: Duration,
    expected: Option<Expected>,
    tests: TestCount,
    /// What cargo does before tests run.
    building: Option<String>,
    tail: VecDeque<String>,
}

impl<'a> Progress<'a> {
    /// Progress through this printer; silent when the printer is quiet.
    pub fn new(printer: &'a Printer) -> Self {
        let began = Instant::now();
        // Draws to stderr.
        let bar = (printer.is_interactive() && printer.detail() > Detail::Quiet).then(|| ProgressBar::new(0));
        Self::with(printer, bar, Box::new(move || began.elapsed()))
    }

    fn with(printer: &'a Printer, bar: Option<ProgressBar>, clock: Clock) -> Self {
        let style = || {
            ProgressStyle::with_template("{prefix:>12.green.bold} [{bar:27}] {wide_msg}")
                .expect("the template is a constant")
                .progress_chars("=> ")
        };
        Self {
            printer,
            bar: bar.map(|bar| bar.with_style(style()).with_prefix("Checking")),
            clock,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes without tearing the bar.
    fn aside(&self, write: impl FnOnce(&Printer)) {
        match &self.bar {
            Some(bar) => bar.suspend(|| write(self.printer)),
            None => write(self.printer),
        }
    }

    fn started(&self, id: &str, long: bool, expected: Option<Expected>) {
        let now = (self.clock)();
        let mut state = self.lock();
        let running = Running {
            long,
            since: now,
            expected,
            tests: TestCount::default(),
            building: None,
            tail: VecDeque::new(),
        };
        state.running.insert(id.to_owned(), running);
        self.draw(&state, now);
        if long && self.bar.is_none() {
            state.said = now;
            drop(state);
            self.printer.status("Running", id);
        }
    }

    fn output(&self, id: &str, line: &str) {
        if let Some(running) = self.lock().running.get_mut(id) {
            // The log may hold anything, styles and cursor movements included.
            let plain = anstream::adapter::strip_str(line).to_string();
            running.building = building(&plain).or(running.building.take());
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
        let now = (self.clock)();
        let mut state = self.lock();
        let Some(ended) = state.running.remove(id) else {
            return;
        };
        state.done += 1;
        self.draw(&state, now);
        if !ended.long {
            return;
        }
        state.said = now;
        drop(state);
        let passed = matches!(outcome, Outcome::Pass | Outcome::Warn);
        self.aside(|printer| {
            let took = text::duration(duration_ms);
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

    /// Moves the bar, or tells a log what still runs.
    fn tick(&self) {
        let now = (self.clock)();
        let mut state = self.lock();
        self.draw(&state, now);
        if self.bar.is_some() || now.saturating_sub(state.said) < HEARTBEAT {
            return;
        }
        state.said = now;
        let long = state.running.iter().filter(|(_, running)| running.long);
        let lines: Vec<String> = long.map(|(id, running)| running.words(id, now)).collect();
        drop(state);
        for line in lines {
            self.printer.status("Running", &line);
        }
    }

    fn draw(&self, state: &State, now: Duration) {
        let Some(bar) = &self.bar else { return };
        let words: Vec<String> = state
            .running
            .iter()
            .map(|(id, running)| running.words(id, now))
            .collect();
        let part: u64 = state.running.values().map(|running| running.part(now)).sum();
        bar.set_length(state.total * UNITS);
        bar.set_position(state.done * UNITS + part);
        let message = format!("{}/{} {}", state.done, state.total, words.join("; "));
        bar.set_message(text::line(&message).into_owned());
    }
}

impl Running {
    /// `suite.test.unit: 42 of 120 tests, 1 failed, 13s of about 20s`
    fn words(&self, id: &str, now: Duration) -> String {
        if !self.long {
            return id.to_owned();
        }
        let mut words = format!("{id}: ");
        let TestCount { done, failed, .. } = self.tests;
        match (&self.building, self.all_tests()) {
            (Some(building), 0) => words += &format!("{building}, "),
            (None, 0) => {}
            (_, all) => words += &format!("{done} of {}, ", text::count(all, "test")),
        }
        if failed > 0 {
            words += &format!("{failed} failed, ");
        }
        let elapsed = now.saturating_sub(self.since);
        words += &whole(elapsed);
        match self.expected.map(|expected| expected.duration) {
            Some(expected) if elapsed <= expected => words += &format!(" of about {}", whole(expected)),
            Some(expected) => words += &format!(" (usually {})", whole(expected)),
            None => {}
        }
        words
    }

    /// Tests that are known of; 0 until the first one runs.
    fn all_tests(&self) -> u64 {
        match (self.tests.announced, self.expected) {
            (0, _) => 0,
            (announced, expected) => announced.max(expected.map_or(0, |expected| expected.tests)),
        }
    }

    /// How far it is, in [`UNITS`], as far as anybody knows. It is never done before it has ended.
    fn part(&self, now: Duration) -> u64 {
        let elapsed = now.saturating_sub(self.since).as_secs_f64();
        let by_time = self
            .expected
            .map_or(0.0, |expected| elapsed / expected.duration.as_secs_f64().max(0.001));
        let by_tests = match self.all_tests() {
            0 => 0.0,
            all => self.tests.done as f64 / all as f64,
        };
        (by_time.max(by_tests).min(0.95) * UNITS as f64) as u64
    }
}

/// What a line of cargo says about building: `compiling serde v1.0.229`.
fn building(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(rest) = line.strip_prefix("Blocking ") {
        return Some(rest.to_owned());
    }
    let (verb, rest) = line.split_once(' ')?;
    if ![
        "Compiling",
        "Checking",
        "Building",
        "Downloading",
        "Downloaded",
        "Documenting",
    ]
    .contains(&verb)
    {
        return None;
    }
    let package: Vec<&str> = rest.split(' ').take(2).collect();
    Some(format!("{} {}", verb.to_lowercase(), package.join(" ")))
}

/// A duration in whole seconds: `13s`, `2m 05s`.
fn whole(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => text::duration(seconds * 1000),
    }
}

impl Observer for Progress<'_> {
    fn event(&self, event: &Event<'_>) {
        match *event {
            Event::Started { to_run, .. } => self.lock().total = to_run as u64,
            Event::CheckStarted { id, long, expected } => self.started(id, long, expected),
            Event::Output { id, line } => self.output(id, line),
            Event::Tests { id, tests } => {
                if let Some(running) = self.lock().running.get_mut(id) {
                    running.tests = tests;
                }
            }
            Event::Tick => self.tick(),
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
mod tests;
