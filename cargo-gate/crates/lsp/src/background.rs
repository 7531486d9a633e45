//! Compilers in the background: one process at a time, each of which is ended when a newer question about the same file comes.
//!
//! The process is this program itself (`cargo gate kernels check`): a compiler that runs inside a process cannot be stopped, and one that crashes would
//! take the server with it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use gate_base::process::cancel::Cancel;
use gate_base::process::{self, ProcessSpec};
use gate_gpu::kernels::check::Checked;

/// How long compilers get for one file.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A file to be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The source.
    pub file: PathBuf,
    /// Directory for what is written.
    pub out: PathBuf,
}

/// A queue of files with the thread that takes from it.
#[derive(Debug)]
pub struct Background(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Job>,
    running: Option<(PathBuf, Cancel)>,
    ended: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Background {
    /// Starts the thread. `program` is what answers `kernels check`, and `done` gets each answer that is still wanted.
    pub fn start(program: PathBuf, done: impl Fn(Checked) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Some((job, cancel)) = next(&own) {
                let checked = compile(&program, &job, &cancel);
                own.state().running = None;
                // Drop an answer that is no longer wanted.
                if let Some(checked) = checked.filter(|_| !cancel.requested()) {
                    done(checked);
                }
            }
        });
        Self(shared)
    }

    /// Asks for a file; what was asked about it before is no longer wanted.
    pub fn ask(&self, job: Job) {
        let mut state = self.0.state();
        state.queue.retain(|waiting| waiting.file != job.file);
        if let Some((file, cancel)) = &state.running
            && *file == job.file
        {
            cancel.request();
        }
        state.queue.push_back(job);
        self.0.wake.notify_one();
    }

    /// Forgets a file.
    pub fn forget(&self, file: &Path) {
        let mut state = self.0.state();
        state.queue.retain(|waiting| waiting.file != file);
        if let Some((running, cancel)) = &state.running
            && running == file
        {
            cancel.request();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ended = true;
        state.queue.clear();
        if let Some((_, cancel)) = &state.running {
            cancel.request();
        }
        self.0.wake.notify_one();
    }
}

/// Waits for the next file; `None` when the queue has ended.
fn next(shared: &Shared) -> Option<(Job, Cancel)> {
    let mut state = shared.state();
    loop {
        if state.ended {
            return None;
        }
        if let Some(job) = state.queue.pop_front() {
            let cancel = Cancel::default();
            state.running = Some((job.file.clone(), cancel.clone()));
            return Some((job, cancel));
        }
        state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

fn compile(program: &Path, job: &Job, cancel: &Cancel) -> Option<Checked> {
    #[derive(Deserialize)]
    struct View {
        files: Vec<Checked>,
    }
    std::fs::create_dir_all(&job.out).ok()?;
    let spec = ProcessSpec {
        command: [
            program.as_os_str(),
            "kernels".as_ref(),
            "check".as_ref(),
            "--line-info".as_ref(),
        ]
        .into_iter()
        .chain(["--one-arch".as_ref(), "--message-format".as_ref(), "json".as_ref()])
        .chain(["--out".as_ref(), job.out.as_os_str(), job.file.as_os_str()])
        .map(std::ffi::OsStr::to_owned)
        .collect(),
        directory: job.file.parent()?.to_owned(),
        environment: Vec::new(),
        timeout: Some(TIMEOUT),
        split_stdout: true,
        input: None,
    };
    let mut text = String::new();
    process::run(&spec, &mut std::io::sink(), cancel, &mut |line| {
        text.push_str(line);
        text.push('\n');
    })
    .ok()?;
    serde_json::from_str::<View>(&text).ok()?.files.pop()
}

/// Directory for what is written about a file, below that of the gate: another one for each file.
pub fn out(gate_dir: &Path, file: &Path) -> PathBuf {
    let digest = gate_base::digest::Digest::of(file.as_os_str().as_encoded_bytes()).to_string();
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    gate_dir.join("lsp").join(format!(
        "{}-{}",
        name.unwrap_or_default(),
        digest.get(..12).unwrap_or(&digest)
    ))
}
