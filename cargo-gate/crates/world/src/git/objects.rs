//! Contents of objects, from one process for the whole run: starting git takes longer than most of its answers.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use super::Program;

/// One answer of `git cat-file --batch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Object {
    /// `<id> <type> <size>`, and the contents behind it.
    There {
        /// `blob`, `commit`, `tag` or `tree`.
        kind: String,
        /// What it holds.
        contents: Vec<u8>,
    },
    /// `<question> missing`, or why it is not one object.
    Not,
}

/// `git cat-file --batch`, started when it is first asked.
#[derive(Debug, Default)]
pub(super) struct Objects(Mutex<Option<Process>>);

#[derive(Debug)]
struct Process {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    /// Asks for objects by id or by revision and path, neither with line breaks; the answers are in the same order.
    ///
    /// # Errors
    /// git cannot be run, or ended before it had answered everything.
    pub(super) fn ask(&self, program: &Program, questions: &[String]) -> Result<Vec<Object>, String> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: io::Error| format!("cannot run `{}`: {error}", program.path.display());
        let running = match process.take() {
            Some(running) => running,
            None => Process::start(program).map_err(failed)?,
        };
        // Put back only while nothing is left to read, so that no answer is ever taken for another.
        let (answers, running) = running.ask(questions).map_err(failed)?;
        *process = Some(running);
        Ok(answers)
    }
}

impl Process {
    fn start(program: &Program) -> io::Result<Self> {
        let mut child = program
            .command()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            questions,
            answers: BufReader::new(answers),
        })
    }

    fn ask(mut self, questions: &[String]) -> io::Result<(Vec<Object>, Self)> {
        let mut text = questions.join("\n");
        text.push('\n');
        let mut pipe = self.questions.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (answers, written) = std::thread::scope(|scope| {
            // On a thread of its own: git answers while it is asked, and neither may wait for the other.
            let writer = scope.spawn(|| pipe.write_all(text.as_bytes()).and_then(|()| pipe.flush()));
            let answers: io::Result<Vec<Object>> = questions.iter().map(|_| object(&mut self.answers)).collect();
            if answers.is_err() {
                // Nobody reads on, and git would wait for that, and the writer for git.
                let _ = self.child.kill();
            }
            (answers, writer.join())
        });
        let answers = answers?;
        written.map_err(|_| io::ErrorKind::BrokenPipe)??;
        self.questions = Some(pipe);
        Ok((answers, self))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends when nothing more can be asked.
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}

/// Reads one answer: a line, and contents behind it with a line break of their own.
fn object(answers: &mut BufReader<ChildStdout>) -> io::Result<Object> {
    let mut head = Vec::new();
    answers.read_until(b'\n', &mut head)?;
    if head.pop() != Some(b'\n') {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended too early"));
    }
    let Some((kind, size)) = there(&head) else {
        return Ok(Object::Not);
    };
    // Not allocated at once: it is git who says how much there is.
    let mut contents = Vec::new();
    answers.by_ref().take(size).read_to_end(&mut contents)?;
    let mut end = [0];
    answers.read_exact(&mut end)?;
    if end != *b"\n" {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its answer is malformed"));
    }
    Ok(Object::There { kind, contents })
}

/// Type and size in `<id> <type> <size>`; `None` in any other line.
fn there(head: &[u8]) -> Option<(String, u64)> {
    let head = std::str::from_utf8(head).ok()?;
    let mut words = head.rsplit(' ');
    let size = words.next()?.parse().ok()?;
    Some((words.next()?.to_owned(), size))
}

#[cfg(test)]
mod tests;
