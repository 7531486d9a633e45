//! A decision log whose disk fails now and then: what is lost is told where it was lost, and all else can be read.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, channel};

use gate_runtime::Runtime;
use gate_runtime::decision_log::DecisionLog;
use gate_runtime::decision_log::read::Event;
use support::{Memory, axpy_spec, call};

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Whole,
    /// A part of it is written, and the next write fails.
    Part,
    Nothing,
}

/// A disk that does with its writes what it was told to, from the second on when all calls were made.
struct Disk {
    memory: Memory,
    fates: Vec<Fate>,
    writes: usize,
    called: Receiver<()>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.writes == 1 {
            // The records of all calls are there now, and are gone through in one round.
            let _ = self.called.recv();
        }
        let fate = self.fates.get(self.writes).copied().unwrap_or(Fate::Whole);
        self.writes += 1;
        match fate {
            Fate::Whole => self.memory.write(bytes),
            Fate::Part => self.memory.write(&bytes[..bytes.len() / 2]),
            Fate::Nothing => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes five calls that fall back, the first of which is write 1, and gives what was logged: decisions as their running total of
/// fallbacks, and losses.
fn logged(fates: &[Fate]) -> Vec<Result<u64, u64>> {
    let memory = Memory::default();
    let (call_made, called) = channel();
    let disk = Disk {
        memory: memory.clone(),
        fates: fates.to_vec(),
        writes: 0,
        called,
    };
    let runtime = Runtime::builder()
        .cpu_only()
        .decision_log(DecisionLog::to_writer(disk))
        .build()
        .expect("the first line is written");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    for _ in 0..5 {
        let _ = call(&kernel);
    }
    call_made.send(()).expect("the log waits");
    // Says that there was an error.
    let _ = runtime.flush();
    runtime.flush().expect("the disk has room again");
    let lines = memory.lines().into_iter();
    lines
        .filter_map(|line| match line.event {
            Event::Decision(decision) => Some(Ok(decision.fallback)),
            Event::Dropped { unwritten, .. } => Some(Err(unwritten)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_line_that_is_lost_between_others_is_told_in_its_place() {
    use Fate::{Nothing, Whole};
    assert_eq!(
        logged(&[Whole, Whole, Nothing, Whole]),
        [Ok(1), Err(1), Ok(3), Ok(4), Ok(5)]
    );
    // The second time it is the line that would tell.
    assert_eq!(
        logged(&[Whole, Whole, Nothing, Nothing, Whole]),
        [Ok(1), Err(2), Ok(4), Ok(5)]
    );
}

#[test]
fn a_line_that_is_torn_is_completed() {
    use Fate::{Nothing, Part, Whole};
    assert_eq!(
        logged(&[Whole, Whole, Part, Nothing, Whole]),
        [Ok(1), Ok(2), Ok(3), Ok(4), Ok(5)]
    );
}
