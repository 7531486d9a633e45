//! The thread that writes.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::chain::cut;
use super::line::{self, Dispatched, Hardware, Head, Object, Totals};
use super::rotate::Segments;
use crate::backend::cpu;
use crate::catalog::{Catalog, Registered};
use crate::dispatch::Outcome;
use crate::fault::Faults;
use crate::journal::{Drops, Lanes};
use crate::plan::Plan;
use crate::reason::{REASONS_VERSION, Reason, ReasonKind};
use crate::sync::unpoisoned;

/// How long the writer rests when there was nothing to do, and when there was.
const IDLE: Duration = Duration::from_millis(20);
const BUSY: Duration = Duration::from_millis(1);

/// How long the end of a runtime waits for the writer.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Most records of one thread in one round, so that no thread waits for another one's burst.
const ROUND: usize = 1 << 14;

/// Most events that wait to be written.
const EVENTS: usize = 1024;

/// What every line and the first one say.
pub(super) struct Identity {
    run_id: String,
    cpu: String,
    native: String,
    epoch: Instant,
    /// Microseconds since the Unix epoch at `epoch`.
    epoch_us: u64,
    faults: Vec<&'static str>,
}

impl Identity {
    pub(super) fn new(run_id: &str, hardware: &str, epoch: Instant, faults: &Faults) -> Identity {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Identity {
            run_id: run_id.to_owned(),
            cpu: cpu::label(),
            native: hardware.to_owned(),
            epoch,
            epoch_us: (since.saturating_sub(epoch.elapsed())).as_micros() as u64,
            faults: faults.active().collect(),
        }
    }

    fn at(&self, nanoseconds: u64) -> u64 {
        self.epoch_us + nanoseconds / 1000
    }

    fn now(&self) -> u64 {
        self.at(self.epoch.elapsed().as_nanos() as u64)
    }
}

/// Counts of the log itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LogCounts {
    pub(crate) written: u64,
    pub(crate) rotations: u64,
    pub(crate) failed: u64,
}

/// What is asked of the writer.
#[derive(Default)]
struct Requests {
    asked: u64,
    done: u64,
    stop: bool,
    stopped: bool,
    events: VecDeque<(Reason, String, String)>,
    lost_events: u64,
    error: Option<io::Error>,
    counts: LogCounts,
}

/// How a runtime and the thread that writes its log talk to each other.
#[derive(Default)]
struct Mailbox {
    requests: Mutex<Requests>,
    done: Condvar,
}

impl Mailbox {
    fn requests(&self) -> MutexGuard<'_, Requests> {
        unpoisoned(self.requests.lock())
    }
}

/// The log of a runtime. It is written to its end when this is dropped.
pub(crate) struct LogHandle {
    mailbox: Arc<Mailbox>,
    lanes: Arc<Lanes>,
    thread: Option<JoinHandle<()>>,
}

impl LogHandle {
    /// Queues a line that is not a dispatch. With more than a thousand waiting it is counted as lost instead.
    pub(crate) fn event(&self, reason: Reason, subject: &str, message: &str) {
        let mut requests = self.mailbox.requests();
        if requests.events.len() < EVENTS {
            requests
                .events
                .push_back((reason, subject.to_owned(), message.to_owned()));
        } else {
            requests.lost_events += 1;
        }
        drop(requests);
        self.lanes.reader.wake();
    }

    /// Waits until everything before is written.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let mut requests = self.mailbox.requests();
        requests.asked += 1;
        let mine = requests.asked;
        self.lanes.reader.wake();
        while requests.done < mine && !requests.stopped {
            requests = unpoisoned(self.mailbox.done.wait(requests));
        }
        match requests.error.take() {
            Some(error) => Err(error),
            None if requests.done < mine => Err(io::Error::other("the decision log writer has stopped")),
            None => Ok(()),
        }
    }

    pub(crate) fn counts(&self) -> LogCounts {
        self.mailbox.requests().counts
    }
}

impl Drop for LogHandle {
    fn drop(&mut self) {
        let mut requests = self.mailbox.requests();
        requests.stop = true;
        self.lanes.reader.wake();
        // A disk that hangs must not keep a program from ending.
        let ended = self
            .mailbox
            .done
            .wait_timeout_while(requests, CLOSE_TIMEOUT, |requests| !requests.stopped);
        let stopped = unpoisoned(ended).0.stopped;
        if let (Some(thread), true) = (self.thread.take(), stopped) {
            // A writer that panicked has nothing left to write.
            let _ = thread.join();
        }
    }
}

/// Writes the first line and starts the thread.
pub(super) fn start(
    sink: Box<dyn Segments>,
    identity: Identity,
    audit: Duration,
    lanes: Arc<Lanes>,
    catalog: Arc<Catalog>,
) -> io::Result<LogHandle> {
    let mailbox = Arc::new(Mailbox::default());
    let mut writer = Writer {
        sink,
        identity: Arc::new(identity),
        audit,
        audited: Instant::now(),
        lanes: Arc::clone(&lanes),
        catalog,
        mailbox: Arc::clone(&mailbox),
        known: HashMap::new(),
        line: String::new(),
        seq: 0,
        chain: String::new(),
        totals: Totals::default(),
        reported: Drops::default(),
        counts: LogCounts::default(),
        unwritten: 0,
        begin: false,
        lost_events: 0,
        error: None,
    };
    writer.open();
    if let Some(error) = writer.error.take() {
        return Err(error);
    }
    let thread = std::thread::Builder::new()
        .name("gate-decision-log".to_owned())
        .spawn(move || writer.run())?;
    lanes.reader.is(thread.thread().clone());
    Ok(LogHandle {
        mailbox,
        lanes,
        thread: Some(thread),
    })
}

/// A kernel, a plan, and the plan's fields as text.
type Known = (Arc<Registered>, Arc<Plan>, Arc<str>);

struct Writer {
    sink: Box<dyn Segments>,
    identity: Arc<Identity>,
    audit: Duration,
    audited: Instant,
    lanes: Arc<Lanes>,
    catalog: Arc<Catalog>,
    mailbox: Arc<Mailbox>,
    known: HashMap<(u32, u32), Known>,
    line: String,
    seq: u64,
    /// The link of the line that was written last.
    chain: String,
    totals: Totals,
    /// Drops that the log has told of.
    reported: Drops,
    counts: LogCounts,
    /// Lines that could not be written and that the log has not told of.
    unwritten: u64,
    /// The file lacks its first line.
    begin: bool,
    /// Events that were lost and not told of.
    lost_events: u64,
    error: Option<io::Error>,
}

/// Ends every wait for the writer, also when it panics.
struct StopOnDrop(Arc<Mailbox>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.requests().stopped = true;
        self.0.done.notify_all();
    }
}

impl Writer {
    fn run(mut self) {
        let _stop = StopOnDrop(Arc::clone(&self.mailbox));
        loop {
            self.lanes.reader.awake();
            let (asked, stop, events, lost) = {
                let mut requests = self.mailbox.requests();
                let events = std::mem::take(&mut requests.events);
                (
                    requests.asked,
                    requests.stop,
                    events,
                    std::mem::take(&mut requests.lost_events),
                )
            };
            // What was asked for before this round is complete after it.
            let mut wrote = self.drain(asked > self.mailbox.requests().done || stop);
            for (reason, subject, message) in events {
                self.write(
                    |line, head| line::module_event(line, head, reason, &subject, &message),
                    None,
                );
                wrote = true;
            }
            self.report_drops(lost);
            self.audit();
            if stop {
                self.close();
            }
            let flushed = self.sink.flush();
            self.note(flushed);
            let mut requests = self.mailbox.requests();
            requests.counts = self.counts;
            if requests.error.is_none() {
                requests.error = self.error.take();
            }
            requests.done = asked;
            drop(requests);
            self.mailbox.done.notify_all();
            if stop {
                return;
            }
            std::thread::park_timeout(if wrote { BUSY } else { IDLE });
        }
    }

    /// Writes what the lanes hold: a round of it, or all that was there when it was asked for.
    fn drain(&mut self, all: bool) -> bool {
        let mut wrote = false;
        for kernel in self.catalog.all() {
            kernel.shards.sweep();
        }
        for lane in self.lanes.all() {
            let round = if all { lane.ring.capacity() } else { ROUND };
            for _ in 0..round {
                let Some(record) = lane.ring.pop() else { break };
                wrote = true;
                self.decision(lane.number, &record);
            }
        }
        wrote
    }

    fn decision(&mut self, lane: u32, record: &crate::journal::Record) {
        let found = record
            .entry()
            .and_then(|entry| Some((entry, self.known(entry.kernel, entry.plan)?)));
        let Some((entry, (kernel, plan, graph))) = found else {
            // No dispatch makes such a record; were there one, the log would say that a line is missing.
            self.unwritten += 1;
            return;
        };
        // Before this one is counted: the line that tells has the totals of what stands before it.
        let told = self.tell_unwritten();
        self.totals.fallback += u64::from(matches!(entry.outcome, Outcome::Fallback(_)));
        self.totals.guard_miss += u64::from(entry.outcome.reason().kind() == ReasonKind::Guard);
        if !told {
            self.unwritten += 1;
            return;
        }
        let totals = self.totals;
        let identity = Arc::clone(&self.identity);
        let dispatched = Dispatched {
            lane,
            entry: &entry,
            kernel: &kernel,
            plan: &plan,
            graph: &graph,
            hardware: Hardware {
                cpu: &identity.cpu,
                native: &identity.native,
            },
            totals,
        };
        let at = Some(entry.started);
        self.write(|line, head| line::decision(line, head, &dispatched), at);
    }

    /// What numbers stand for. What is registered stays, so it is looked up once.
    fn known(&mut self, kernel: u32, plan: u32) -> Option<Known> {
        if let Some(known) = self.known.get(&(kernel, plan)) {
            return Some(known.clone());
        }
        let (kernel_of, plan_of) = (self.catalog.kernel(kernel)?, self.catalog.plan(plan)?);
        let graph = Arc::from(line::graph(&plan_of));
        let known = (kernel_of, plan_of, graph);
        self.known.insert((kernel, plan), known.clone());
        Some(known)
    }

    fn open(&mut self) {
        let identity = Arc::clone(&self.identity);
        self.write(
            |line, head| {
                let mut object = Object::begin(line, head, "open");
                object.text("version", env!("CARGO_PKG_VERSION"));
                object.number("reasons_version", REASONS_VERSION.into());
                object.text("cpu", &identity.cpu);
                object.text("hw", &identity.native);
                object.texts("faults", identity.faults.iter().copied());
                object.end();
            },
            Some(0),
        );
    }

    /// Says how many records and events were lost since it was said last, and how many lines could not be written. Whether there
    /// is nothing left to say.
    fn report_drops(&mut self, lost_events: u64) -> bool {
        self.lost_events += lost_events;
        let lost_events = self.lost_events;
        let drops = self.lanes.drops();
        let new = drops.since(&self.reported);
        if new.records == 0 && lost_events == 0 && self.unwritten == 0 {
            return true;
        }
        let mut totals = self.totals;
        totals.fallback += new.fallbacks;
        totals.guard_miss += new.guard_misses;
        let unwritten = self.unwritten;
        let told = self.write_line(
            |line, head| {
                let mut object = Object::begin(line, head, "dropped");
                object.number("records", new.records);
                object.number("events", lost_events);
                object.number("unwritten", unwritten);
                object.number("records_total", drops.records);
                object.number("fallback", totals.fallback);
                object.number("guard_miss", totals.guard_miss);
                object.end();
            },
            None,
        );
        // Else it is said again; that line itself is no loss.
        if told {
            self.totals = totals;
            self.reported = drops;
            self.unwritten = 0;
            self.lost_events = 0;
        }
        told
    }

    /// Whether the log says of every line so far that it is missing.
    fn tell_unwritten(&mut self) -> bool {
        self.unwritten == 0 || self.report_drops(0)
    }

    fn close(&mut self) {
        let drops = self.lanes.drops();
        self.write(
            |line, head| {
                let mut object = Object::begin(line, head, "close");
                // As many as stand before it, also where this line begins a file.
                object.number("lines", head.seq);
                object.number("records_dropped", drops.records);
                object.end();
            },
            None,
        );
    }

    fn audit(&mut self) {
        if self.audit.is_zero() || self.audited.elapsed() < self.audit {
            return;
        }
        for module in self.catalog.modules() {
            if let Err(diagnostic) = module.audit() {
                let (name, message) = (module.name(), diagnostic.to_string());
                self.write(
                    |line, head| line::module_event(line, head, Reason::FingerprintMismatch, &name, &message),
                    None,
                );
            }
        }
        self.audited = Instant::now();
    }

    /// Writes one line. It counts as lost where it cannot be written, or where the loss of the one before it cannot be told: what
    /// is missing is said in its place.
    fn write(&mut self, fill: impl Fn(&mut String, &Head<'_>), at: Option<u64>) {
        if !self.tell_unwritten() || !self.write_line(fill, at) {
            self.unwritten += 1;
        }
    }

    /// Writes one line, into a new file where the old one is full. `at` is when it happened, in nanoseconds since the epoch of
    /// the runtime; now without it. Whether the line was written.
    fn write_line(&mut self, fill: impl Fn(&mut String, &Head<'_>), at: Option<u64>) -> bool {
        let ts = at.map_or_else(|| self.identity.now(), |at| self.identity.at(at));
        self.line_with(&fill, ts);
        if self.sink.is_full(self.line.len()) {
            let rotated = self.sink.rotate();
            if rotated.is_ok() {
                self.counts.rotations += 1;
                self.begin = true;
            }
            self.note(rotated);
        }
        if self.begin {
            let rotations = self.counts.rotations;
            let begin = |line: &mut String, head: &Head<'_>| {
                let mut object = Object::begin(line, head, "rotated");
                object.number("rotations", rotations);
                object.text("previous", head.previous);
                object.end();
            };
            self.line_with(&begin, ts);
            // No other line may be the first of a file.
            if !self.put() {
                return false;
            }
            self.begin = false;
            self.line_with(&fill, ts);
        }
        self.put()
    }

    fn line_with(&mut self, fill: &impl Fn(&mut String, &Head<'_>), ts: u64) {
        let head = Head {
            run_id: &self.identity.run_id,
            seq: self.seq,
            ts,
            previous: &self.chain,
        };
        fill(&mut self.line, &head);
    }

    fn put(&mut self) -> bool {
        let written = self.sink.write(&self.line);
        let whole = written.is_ok();
        if whole {
            self.seq += 1;
            if let Some((_, link)) = self.line.strip_suffix('\n').and_then(cut) {
                link.clone_into(&mut self.chain);
            }
            self.counts.written += 1;
        } else {
            self.counts.failed += 1;
        }
        self.note(written);
        whole
    }

    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }
}
