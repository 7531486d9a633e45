//! The program that serves the remote store, for as long as one build asks it.

use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::setting::Setting;
use crate::channel::{Missing, Receiver, Sender, channel};
use crate::sorted::Map;
use crate::store::protocol::{self, Answer, Mode, Question};

/// A program that was started and has said what it is. It ends with this value.
pub(super) struct Program {
    child: Mutex<Child>,
    /// To the thread that writes: a full pipe must not hold up who asks.
    questions: Sender<Vec<u8>>,
    next: AtomicU64,
    waiting: Arc<Mutex<Waiting>>,
    pub(super) mode: Mode,
}

#[derive(Default)]
struct Waiting {
    answers: Map<u64, Sender<Answer>>,
    /// Why no answer comes any more.
    over: Option<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Program {
    /// Starts it and waits until it says that it serves.
    ///
    /// # Errors
    /// In words, why it does not.
    pub(super) fn start(file: &Path, setting: &Setting) -> Result<Self, String> {
        let mut child = Command::new(file)
            .args(["kernels", "serve"])
            .env_clear()
            .envs(setting.variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start `{}`: {error}", file.display()))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (questions, to_write) = channel::<Vec<u8>>();
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let (greeted, greeting) = channel();
        // Neither thread is joined: both end when the program does, and it ends with this value.
        let write: Box<dyn FnOnce() + Send> = Box::new(move || {
            let Some(mut input) = input else { return };
            while let Some(bytes) = to_write.next() {
                if input.write_all(&bytes).and_then(|()| input.flush()).is_err() {
                    return;
                }
            }
        });
        thread::spawn(write);
        let answers = Arc::clone(&waiting);
        let read: Box<dyn FnOnce() + Send> = Box::new(move || {
            let Some(output) = output else { return };
            let mut output = BufReader::new(output);
            greeted.send(protocol::greeting(&mut output));
            let over = loop {
                match protocol::answered(&mut output) {
                    Ok(Some((number, answer))) => {
                        if let Some(sender) = lock(&answers).answers.remove(&number) {
                            // Nobody waits any more for what came too late.
                            sender.send(answer);
                        }
                    }
                    Ok(None) => break "its server process exited".to_owned(),
                    Err(error) => break format!("its server process sent {error}"),
                }
            };
            let mut waiting = lock(&answers);
            waiting.over = Some(over);
            waiting.answers = Map::new();
        });
        thread::spawn(read);
        let mut program = Self {
            child: Mutex::new(child),
            questions,
            next: AtomicU64::new(0),
            waiting,
            mode: Mode::Off,
        };
        let shown = file.display();
        match greeting.receive(setting.timeout) {
            Ok(Ok((Mode::Off, reason))) => Err(reason),
            Ok(Ok((mode, _))) => {
                program.mode = mode;
                Ok(program)
            }
            Ok(Err(error)) => Err(format!("`{shown} kernels serve` does not provide a store: {error}")),
            Err(_) => Err(format!(
                "`{shown} kernels serve` did not respond within {} s",
                setting.timeout.as_secs()
            )),
        }
    }

    /// Asks, and returns where the answer will come.
    ///
    /// # Errors
    /// In words, why none will.
    pub(super) fn ask(&self, question: &Question) -> Result<Receiver<Answer>, String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = channel();
        {
            let mut waiting = lock(&self.waiting);
            if let Some(over) = &waiting.over {
                return Err(over.clone());
            }
            waiting.answers.insert(number, sender);
        }
        if !self.questions.send(protocol::question_bytes(number, question)) {
            return Err("its server process stopped reading".to_owned());
        }
        Ok(receiver)
    }

    /// The answer.
    ///
    /// # Errors
    /// In words, why there is none.
    pub(super) fn wait(&self, answer: &Receiver<Answer>, patience: Duration) -> Result<Answer, String> {
        answer.receive(patience).map_err(|error| match error {
            Missing::Late => format!("it did not respond within {} s", patience.as_secs()),
            Missing::Over => lock(&self.waiting).over.clone().unwrap_or_default(),
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has answered all that counts; whatever it still does is for nobody.
        let mut child = lock(&self.child);
        let _ = child.kill();
        let _ = child.wait();
    }
}
