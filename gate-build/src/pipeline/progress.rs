//! What is done so far, for a program that waits for a build: cargo shows nothing of a build script before it ends.

use std::fs::File;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::task::Done;
use crate::arch::Arch;
use crate::diagnostic::Diagnostic;
use crate::env::Env;
use crate::unit::Unit;

/// The variable that names a file which gets a line for each unit.
pub(super) const VARIABLE: &str = "GATE_KERNELS_PROGRESS";

pub(super) struct Progress {
    file: Option<Mutex<File>>,
    all: usize,
    done: AtomicUsize,
}

impl Progress {
    pub(super) fn new(env: &Env, all: usize) -> Self {
        let file = env
            .variable(VARIABLE)
            .and_then(|file| File::options().append(true).create(true).open(file).ok());
        Self {
            file: file.map(Mutex::new),
            all,
            done: AtomicUsize::new(0),
        }
    }

    pub(super) fn ended(&self, unit: &Unit, arch: Arch, result: &Result<Done, Diagnostic>) {
        let Some(file) = &self.file else { return };
        let number = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let how = match result {
            Ok(done) if done.compiled => format!("compiled in {}.{} s", done.took.0 / 1000, done.took.0 % 1000 / 100),
            Ok(_) => "reused".to_owned(),
            Err(_) => "failed".to_owned(),
        };
        let line = format!("{number}/{} {} {arch} {how}\n", self.all, unit.name);
        if let Ok(mut file) = file.lock() {
            // Who waits sees less then.
            let _ = file.write_all(line.as_bytes());
        }
    }
}
