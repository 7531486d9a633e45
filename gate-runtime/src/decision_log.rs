//! The decision log: one JSON object per line, one line per dispatch, written by a thread of its own.
//!
//! A dispatch hands over a record of fixed size and never waits. Where the writer cannot follow, records are dropped and
//! counted, and the log says how many. Each line holds a digest of itself and of those before ([`link`]), and the last one is
//! `close`. [`SCHEMA`] describes every line; [`read`] reads them back and says where a log is wrong.

mod chain;
mod line;
pub mod read;
mod rotate;
mod writer;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::Catalog;
use crate::fault::Faults;
use crate::journal::Lanes;

pub use chain::link;
pub use line::SCHEMA_VERSION;
pub(crate) use writer::LogHandle;

/// JSON Schema of a line.
pub const SCHEMA: &str = include_str!("../schema/decision-log.schema.json");

/// Where a decision log goes, and how much memory and disk it may take.
pub struct DecisionLog {
    sink: Sink,
    ring: usize,
    audit: Duration,
}

enum Sink {
    File(PathBuf, rotate::Limits),
    Writer(Box<dyn Write + Send>),
}

impl DecisionLog {
    /// A file. At 64 MiB it becomes `NAME.1` and a new one is begun; the last four are kept. So is the file of an earlier run.
    /// The folder has to exist.
    #[must_use]
    pub fn to_file(path: impl Into<PathBuf>) -> DecisionLog {
        DecisionLog::of(Sink::File(path.into(), rotate::Limits::default()))
    }

    /// Anything that can be written, without rotation.
    #[must_use]
    pub fn to_writer(writer: impl Write + Send + 'static) -> DecisionLog {
        DecisionLog::of(Sink::Writer(Box::new(writer)))
    }

    fn of(sink: Sink) -> DecisionLog {
        DecisionLog {
            sink,
            ring: 4096,
            audit: Duration::from_secs(10),
        }
    }

    /// A file is rotated before it exceeds `bytes`, and `keep` older ones are kept. At least one line is written into each.
    #[must_use]
    pub fn rotate(mut self, bytes: u64, keep: u32) -> DecisionLog {
        if let Sink::File(_, limits) = &mut self.sink {
            *limits = rotate::Limits { bytes, keep };
        }
        self
    }

    /// Records that one thread can be ahead of the writer, rounded up to a power of two: 128 bytes each. 4096 without it.
    #[must_use]
    pub fn ring_records(mut self, records: usize) -> DecisionLog {
        self.ring = records;
        self
    }

    /// How often the writing thread audits every module: see [`Module::audit`](crate::module::Module::audit). Every ten
    /// seconds without it; zero means never.
    #[must_use]
    pub fn audit_every(mut self, interval: Duration) -> DecisionLog {
        self.audit = interval;
        self
    }

    pub(crate) fn ring(&self) -> usize {
        self.ring
    }

    pub(crate) fn start(
        self,
        run_id: &str,
        hardware: &str,
        epoch: Instant,
        faults: &Faults,
        lanes: Arc<Lanes>,
        catalog: Arc<Catalog>,
    ) -> io::Result<LogHandle> {
        let sink: Box<dyn rotate::Segments> = match self.sink {
            Sink::File(path, limits) => Box::new(rotate::RotatingFile::create(path, limits)?),
            Sink::Writer(writer) => Box::new(rotate::Unlimited::new(writer)),
        };
        let identity = writer::Identity::new(run_id, hardware, epoch, faults);
        writer::start(sink, identity, self.audit, lanes, catalog)
    }
}

/// The fields of a line that a repetition of the run changes: times and durations.
pub const TIMINGS: [&str; 7] = [
    "ts",
    "latency_ms",
    "copy_in_ms",
    "launch_ms",
    "sync_ms",
    "copy_out_ms",
    "compile_ms",
];
