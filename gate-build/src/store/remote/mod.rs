//! The remote store, as a build sees it: a program that is asked over its standard input and output. This crate speaks
//! to no network itself.

mod program;
mod setting;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::program::Program;
pub(crate) use self::setting::Setting;
use super::Space;
use super::protocol::{Answer, Mode, Question};
use crate::channel::Receiver;
use crate::diagnostic::{Diagnostic, Id};
use crate::digest::Digest;

/// Most time that all threads of one build together wait for answers.
const PATIENCE: Duration = Duration::from_secs(300);

/// The remote store of one build.
pub(crate) struct Remote {
    setting: Setting,
    state: Mutex<State>,
    waited: AtomicU64,
    asked: AtomicU64,
    corrupt: AtomicU64,
    unavailable: AtomicU64,
    uploads: AtomicU64,
    /// What was written and is not confirmed yet.
    unconfirmed: Mutex<Vec<Receiver<Answer>>>,
}

enum State {
    /// Nothing was asked yet.
    Idle,
    Running(Arc<Program>),
    /// It is asked nothing any more.
    Gone,
}

/// How the remote store of a build fared.
#[derive(Debug)]
pub(crate) struct Fared {
    pub mode: Mode,
    /// `used`, `unused`, `unavailable`.
    pub state: &'static str,
    /// Why it was given up, or was not used at all.
    pub reason: Option<String>,
}

impl Remote {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            setting,
            state: Mutex::new(State::Idle),
            waited: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            corrupt: AtomicU64::new(0),
            unavailable: AtomicU64::new(0),
            uploads: AtomicU64::new(0),
            unconfirmed: Mutex::default(),
        }
    }

    /// It handed out something that is not what it should be.
    pub(crate) fn is_damaged(&self) {
        self.corrupt.fetch_add(1, Ordering::Relaxed);
    }

    /// What whoever builds should know.
    pub(crate) fn warning(&self) -> Option<Diagnostic> {
        if self.unavailable() > 0 {
            let reason = self.setting.reason().unwrap_or_default();
            let message = format!("the remote kernel store was not used: {reason}");
            return Some(Diagnostic::warning(Id::RemoteStore, message).help(
                "set `GATE_CACHE_MODE=off` to build \
                 without it",
            ));
        }
        let corrupt = self.corrupt();
        (corrupt > 0).then(|| {
            let entries = if corrupt == 1 { "entry" } else { "entries" };
            Diagnostic::warning(
                Id::RemoteStore,
                format!("ignored {corrupt} damaged {entries} in the remote kernel store"),
            )
            .help("a build with write access to the store replaces them")
        })
    }

    pub(crate) fn corrupt(&self) -> u64 {
        self.corrupt.load(Ordering::Relaxed)
    }

    pub(crate) fn unavailable(&self) -> u64 {
        self.unavailable.load(Ordering::Relaxed)
    }

    pub(crate) fn uploads(&self) -> u64 {
        self.uploads.load(Ordering::Relaxed)
    }

    /// An entry as the program hands it out; `None` when there is none or nobody answers.
    pub(crate) fn get(&self, space: Space, key: &Digest) -> Option<Vec<u8>> {
        let program = self.program()?;
        let began = Instant::now();
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = program
            .ask(&Question::Get(space, *key))
            .and_then(|answer| program.wait(&answer, self.setting.timeout));
        let waited = began.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        let waited = self.waited.fetch_add(waited, Ordering::Relaxed).saturating_add(waited);
        let answer = match answer {
            Ok(Answer::Hit(bytes)) => Some(bytes),
            Ok(Answer::Corrupt) => {
                self.is_damaged();
                None
            }
            Ok(Answer::Miss) => None,
            Ok(Answer::Kept) => {
                self.give_up("it confirmed an entry that was never sent");
                None
            }
            Ok(Answer::Failed(reason)) | Err(reason) => {
                self.give_up(&reason);
                None
            }
        };
        if u128::from(waited) > PATIENCE.as_millis() {
            self.give_up(&format!("this build already waited {} s for it", PATIENCE.as_secs()));
        }
        answer
    }

    /// Hands an entry on, without waiting until it is written.
    pub(crate) fn put(&self, space: Space, key: &Digest, bytes: &[u8]) {
        if self.setting.mode != Mode::ReadWrite {
            return;
        }
        let Some(program) = self.program().filter(|program| program.mode == Mode::ReadWrite) else {
            return;
        };
        self.asked.fetch_add(1, Ordering::Relaxed);
        match program.ask(&Question::Put(space, *key, bytes.to_vec())) {
            Ok(answer) => self.lock_unconfirmed().push(answer),
            Err(reason) => self.give_up(&reason),
        }
    }

    /// Waits until everything that was handed on is written, and says how the store fared.
    pub(crate) fn finish(&self) -> Fared {
        let unconfirmed = std::mem::take(&mut *self.lock_unconfirmed());
        let began = Instant::now();
        let running = match &*self.lock() {
            State::Running(program) => Some(Arc::clone(program)),
            State::Idle | State::Gone => None,
        };
        if let Some(program) = running {
            for answer in unconfirmed {
                let patience = self.setting.timeout.min(PATIENCE.saturating_sub(began.elapsed()));
                match program.wait(&answer, patience) {
                    Ok(Answer::Kept) => {
                        self.uploads.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(Answer::Failed(reason)) | Err(reason) => {
                        self.give_up(&reason);
                        break;
                    }
                    Ok(_) => {
                        self.give_up("it answered a request that was never sent");
                        break;
                    }
                }
            }
        }
        *self.lock() = State::Gone;
        let reason = self.setting.reason();
        let state = match (&reason, self.asked.load(Ordering::Relaxed)) {
            (Some(_), _) => "unavailable",
            (None, 0) => "unused",
            (None, _) => "used",
        };
        Fared {
            mode: self.setting.mode,
            state,
            reason,
        }
    }

    /// The program, started at the first question.
    fn program(&self) -> Option<Arc<Program>> {
        let mut state = self.lock();
        match &*state {
            State::Running(program) => return Some(Arc::clone(program)),
            State::Gone => return None,
            State::Idle => {}
        }
        let Some(file) = self.setting.program() else {
            // Set up for everybody, and this machine has no part in it: said in the report, and no warning.
            self.setting.note("`cargo-gate` is not on PATH");
            *state = State::Gone;
            return None;
        };
        match Program::start(&file, &self.setting) {
            Ok(program) => {
                let program = Arc::new(program);
                *state = State::Running(Arc::clone(&program));
                Some(program)
            }
            Err(reason) => {
                drop(state);
                self.give_up(&reason);
                None
            }
        }
    }

    /// Asks nothing any more. The first reason is the one that is told.
    fn give_up(&self, reason: &str) {
        self.unavailable.fetch_add(1, Ordering::Relaxed);
        self.setting.note(reason);
        *self.lock() = State::Gone;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_unconfirmed(&self) -> std::sync::MutexGuard<'_, Vec<Receiver<Answer>>> {
        self.unconfirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
