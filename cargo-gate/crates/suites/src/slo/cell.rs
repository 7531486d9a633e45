//! What was measured: events of a series in a time.

use jiff::Timestamp;

/// What is counted together: a measurement of a workload and a tenant. A name that was not given is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// Name of the measurement.
    pub measurement: String,
    /// Workload.
    pub workload: String,
    /// Tenant.
    pub tenant: String,
}

/// Events of a series in a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The series.
    pub series: Series,
    /// When it began; `None` where only its end is known.
    pub from: Option<Timestamp>,
    /// When it ended; `None` where it is the time at which it was read.
    pub to: Option<Timestamp>,
    /// What happened.
    pub events: Events,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Events {
    /// So many of so many were good.
    Counted {
        /// Good events.
        good: u64,
        /// All events.
        total: u64,
    },
    /// One number for each.
    Samples(Vec<f64>),
    /// Work of a tenant in a queue.
    Queue {
        /// Asked for.
        demand: u64,
        /// Done.
        served: u64,
        /// How long each waited, in a unit of the measurement.
        waits: Vec<f64>,
    },
}

/// What was read of one source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Events that were counted for their time.
    pub cells: Vec<Cell>,
    /// Counters, which count since they began.
    pub counters: Vec<Counter>,
    /// What cannot be believed.
    pub problems: Vec<Problem>,
}

/// One value of a counter.
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// Name of the metric.
    pub name: String,
    /// Labels, sorted by name.
    pub labels: Vec<(String, String)>,
    /// Its value.
    pub value: f64,
    /// When it was read; `None` where it is now.
    pub at: Option<Timestamp>,
    /// Whether it counted from 0 after everything that was read before, so that its first value is an increase.
    pub from_zero: bool,
    /// 1-based line.
    pub line: usize,
}

impl Counter {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Name and labels as one text, the same for the same series.
    pub fn key(&self) -> String {
        let labels = self.labels.iter().map(|(name, value)| format!("{name}={value:?}"));
        format!("{}{{{}}}", self.name, labels.collect::<Vec<_>>().join(","))
    }
}

/// What cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// 1-based line.
    pub line: usize,
    /// What is wrong, as the end of a sentence that begins with the line.
    pub message: String,
}

impl Reading {
    /// Adds what cannot be believed.
    pub fn problem(&mut self, line: usize, message: impl Into<String>) {
        let message = message.into();
        self.problems.push(Problem { line, message });
    }
}
