//! The program that builds ask: questions from one stream, answers to another.

use std::io::{self, BufRead, Write};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;

use gate_build::store::LARGEST;
use gate_build::store::protocol::{self, Answer, Mode, Question};

use super::{Failure, Opened};

/// Questions that are answered at the same time.
const THREADS: usize = 8;

/// Questions that wait; more stay in the pipe.
const QUEUE: usize = 64;

/// Answers every question of a build until there are no more.
///
/// # Errors
/// A stream cannot be read or written, or holds something else than the protocol.
pub fn serve(
    opened: Result<Opened, String>,
    questions: &mut impl BufRead,
    answers: &mut (impl Write + Send),
) -> io::Result<()> {
    let opened = match opened {
        Ok(opened) if opened.mode != Mode::Off => opened,
        Ok(_) => return protocol::greet(answers, Mode::Off, "`GATE_CACHE_MODE` is `off`"),
        Err(reason) => return protocol::greet(answers, Mode::Off, &reason),
    };
    protocol::greet(answers, opened.mode, "")?;
    let answers = Mutex::new(answers);
    let (sender, receiver) = mpsc::sync_channel::<(u64, Question)>(QUEUE);
    let receiver = Mutex::new(receiver);
    let mut failed = OnceLock::new();
    let served: io::Result<()> = thread::scope(|scope| {
        let work = || {
            loop {
                let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((number, question)) = next else { return };
                // Nobody listens any more: the rest is only taken out of the queue, which would fill up otherwise.
                if failed.get().is_some() {
                    continue;
                }
                let answer = answered(&opened, &question);
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = protocol::answer(&mut **answers, number, &answer) {
                    let _ = failed.set(error);
                }
            }
        };
        for _ in 0..THREADS {
            scope.spawn(work);
        }
        let sender = sender;
        while let Some(asked) = protocol::question(questions)? {
            if sender.send(asked).is_err() {
                break;
            }
        }
        Ok(())
    });
    served.and_then(|()| failed.take().map_or(Ok(()), Err))
}

fn answered(opened: &Opened, question: &Question) -> Answer {
    let failed = |reason: String| Answer::Failed(opened.clean(&reason));
    match question {
        Question::Get(space, key) => match opened.remote.get(&space.place(key)) {
            Ok(Some(bytes)) if space.admits(key, &bytes) => Answer::Hit(bytes),
            Ok(Some(_)) | Err(Failure::TooLarge) => Answer::Corrupt,
            Ok(None) => Answer::Miss,
            Err(Failure::Unavailable(reason)) => failed(reason),
        },
        Question::Put(..) if opened.mode != Mode::ReadWrite => failed("the store is read only here".to_owned()),
        Question::Put(space, key, bytes) => {
            if bytes.len() as u64 > LARGEST || !space.admits(key, bytes) {
                return failed("the build wrote something that is no entry".to_owned());
            }
            match opened.remote.put(&space.place(key), bytes) {
                Ok(()) => Answer::Kept,
                Err(Failure::Unavailable(reason)) => failed(reason),
                Err(Failure::TooLarge) => failed("the entry is too large".to_owned()),
            }
        }
    }
}
