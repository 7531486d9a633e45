//! From calls to windows.

use super::{Window, p95};

/// What became of a call, as far as rails care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The native backend computed it.
    Native,
    /// The native backend computed it, and how long it took is not known: other work was mixed with it.
    NativeUntimed,
    /// The native backend was asked and failed, whoever computed it in the end.
    NativeFailed,
    /// The native backend was not asked.
    Reference,
}

/// Whether a call met memory pressure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Pressure {
    /// It did not.
    #[default]
    None,
    /// An allocation had to wait, to evict, or to be repeated.
    Pressured,
    /// An allocation was refused.
    Refused,
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sample {
    /// What became of it.
    pub outcome: Outcome,
    /// How long the native backend took, in nanoseconds; counted for [`Outcome::Native`] alone.
    pub latency_ns: u64,
    /// Work done, in the unit of the kernel's choice; counted for [`Outcome::Native`] alone.
    pub work: u64,
    /// Whether it met memory pressure.
    pub pressure: Pressure,
}

impl Sample {
    /// A call that the native backend computed.
    #[must_use]
    pub const fn native(latency_ns: u64, work: u64) -> Sample {
        Sample {
            outcome: Outcome::Native,
            latency_ns,
            work,
            pressure: Pressure::None,
        }
    }

    /// A call that the native backend failed.
    #[must_use]
    pub const fn failed() -> Sample {
        Sample {
            outcome: Outcome::NativeFailed,
            latency_ns: 0,
            work: 0,
            pressure: Pressure::None,
        }
    }

    /// A call that the reference computed, the native backend not being asked.
    #[must_use]
    pub const fn reference() -> Sample {
        Sample {
            outcome: Outcome::Reference,
            latency_ns: 0,
            work: 0,
            pressure: Pressure::None,
        }
    }
}

/// Collects calls into windows. It allocates when it is made and not again.
#[derive(Debug, Clone)]
pub struct Recorder {
    size: u64,
    open: Window,
    latencies: Vec<u64>,
}

impl Recorder {
    /// A recorder whose windows have this many calls, at least one.
    #[must_use]
    pub fn new(window_calls: u32) -> Recorder {
        let size = window_calls.max(1);
        Recorder {
            size: u64::from(size),
            open: Window::default(),
            latencies: Vec::with_capacity(size as usize),
        }
    }

    /// Counts a call; the one that fills the window returns it.
    pub fn record(&mut self, sample: &Sample) -> Option<Window> {
        let open = &mut self.open;
        open.calls += 1;
        match sample.outcome {
            Outcome::Native => {
                open.native += 1;
                open.work = open.work.saturating_add(sample.work);
                open.busy_ns = open.busy_ns.saturating_add(sample.latency_ns);
                self.latencies.push(sample.latency_ns);
            }
            Outcome::NativeUntimed => open.native += 1,
            Outcome::NativeFailed => {
                open.native += 1;
                open.errors += 1;
            }
            Outcome::Reference => {}
        }
        match sample.pressure {
            Pressure::None => {}
            Pressure::Pressured => open.pressured += 1,
            Pressure::Refused => {
                open.pressured += 1;
                open.pressure_events += 1;
            }
        }
        (open.calls >= self.size).then(|| self.close())
    }

    /// Counts comparisons of native outputs with the reference in the window that is open.
    pub fn compared(&mut self, agreed: u64, differed: u64) {
        self.open.checked = self.open.checked.saturating_add(agreed).saturating_add(differed);
        self.open.mismatches = self.open.mismatches.saturating_add(differed);
    }

    /// Closes the window before it is full, and opens the next.
    pub fn close(&mut self) -> Window {
        let samples = self.latencies.len() as u64;
        let window = Window {
            samples,
            p95_ns: p95(&mut self.latencies).unwrap_or(0),
            ..self.open
        };
        self.latencies.clear();
        self.open = Window::default();
        window
    }

    /// Calls in the window that is open.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.open.calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_has_all_its_calls_and_the_next_is_empty() {
        let mut recorder = Recorder::new(20);
        for latency in 1..=17 {
            assert_eq!(recorder.record(&Sample::native(latency, 2)), None);
        }
        assert_eq!(recorder.record(&Sample::failed()), None);
        assert_eq!(
            recorder.record(&Sample {
                pressure: Pressure::Refused,
                ..Sample::reference()
            }),
            None
        );
        recorder.compared(1, 1);
        let window = recorder
            .record(&Sample {
                pressure: Pressure::Pressured,
                ..Sample::native(18, 2)
            })
            .unwrap();
        let expected = Window {
            calls: 20,
            native: 19,
            errors: 1,
            checked: 2,
            mismatches: 1,
            pressured: 2,
            pressure_events: 1,
            samples: 18,
            p95_ns: 18,
            work: 36,
            busy_ns: 171,
        };
        assert_eq!(window, expected);
        assert_eq!(recorder.pending(), 0);
        assert_eq!(recorder.close(), Window::default());
    }
}
