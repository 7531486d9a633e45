//! The server: threads that read and compile, and the loop that answers.

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};

use lsp_server::{ErrorCode, Message, Response};

use super::background::Background;
use super::framing::{self, Incoming};
use super::session::{ABANDONED, Effect, Session};
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::process::cancel::Cancel;
use gate_gpu::kernels::check::Checked;
use gate_world::environment::Environment;
use gate_world::{Options, Workspace};

/// What the command line says.
#[derive(Debug, Clone)]
pub struct Setup {
    /// `--manifest-path`, absolute.
    pub manifest_path: Option<PathBuf>,
    /// `--target-dir`, absolute.
    pub target_dir: Option<PathBuf>,
    /// `--policy`, absolute.
    pub policy: Option<PathBuf>,
    /// `--offline`.
    pub offline: bool,
    /// Environment variables, read once.
    pub environment: Environment,
    /// This program, which compiles kernels in processes of its own; without it nothing is compiled.
    pub program: Option<PathBuf>,
}

enum Event {
    Incoming(Incoming),
    /// The stream has ended, and why where it should not have.
    Ended(Option<io::Error>),
    Compiled(Box<Checked>),
    /// Root and gate directory of the workspace.
    Opened(PathBuf, PathBuf),
    Interrupted,
}

/// Serves one client to its end and returns the exit code of the process: 0 after `shutdown` and `exit`, 1 where `exit` came without it or
/// the stream ended.
///
/// # Errors
/// The stream is no stream of the protocol, or answers cannot be written.
pub fn serve(setup: &Setup, from: impl BufRead + Send + 'static, to: &mut dyn Write, cancel: &Cancel) -> Result<i32> {
    let (events, inbox) = channel();
    let reader = events.clone();
    std::thread::spawn(move || read(from, &reader));
    let interrupted = events.clone();
    let _subscription = cancel.on_request(move || drop(interrupted.send(Event::Interrupted)));
    let done = events.clone();
    let background = setup.program.clone().map(|program| {
        Background::start(program, move |checked| {
            drop(done.send(Event::Compiled(Box::new(checked))));
        })
    });
    let mut session = Session::new(setup.policy.clone());
    for event in inbox {
        let effects = match event {
            Event::Incoming(Incoming::Malformed(malformed)) => {
                frame(to, malformed.answer().to_string().as_bytes()).map_err(|error| cannot_write(&error))?;
                Vec::new()
            }
            Event::Incoming(Incoming::Message(message)) => guarded(&mut session, message),
            Event::Compiled(checked) => session.compiled(*checked),
            Event::Opened(root, gate_dir) => session.opened(root, gate_dir),
            Event::Ended(None) => return Ok(ABANDONED),
            Event::Ended(Some(error)) => {
                return Err(Error::tool(format!("the client does not speak the protocol: {error}"))
                    .with_help("start `cargo gate lsp` from an editor; it speaks the Language Server Protocol on standard input and output"));
            }
            Event::Interrupted => return Ok(exit::INTERRUPTED),
        };
        for effect in effects {
            match effect {
                Effect::Send(message) => send(to, &message)?,
                Effect::Compile(job) => {
                    if let Some(background) = &background {
                        background.ask(job);
                    }
                }
                Effect::Forget(file) => {
                    if let Some(background) = &background {
                        background.forget(&file);
                    }
                }
                Effect::Open(root) => {
                    let (setup, events) = (setup.clone(), events.clone());
                    std::thread::spawn(move || open(&setup, root, &events));
                }
                Effect::Exit(code) => return Ok(code),
            }
        }
    }
    Ok(ABANDONED)
}

/// A message, and whatever it does to the session; a panic is answered like any other failure.
fn guarded(session: &mut Session, message: Message) -> Vec<Effect> {
    let id = match &message {
        Message::Request(request) => Some(request.id.clone()),
        Message::Response(_) | Message::Notification(_) => None,
    };
    catch_unwind(AssertUnwindSafe(|| session.handle(message))).unwrap_or_else(|_| {
        let answer = id.map(|id| {
            let what = "the server failed; its messages on standard error say where".to_owned();
            Effect::Send(Response::new_err(id, ErrorCode::InternalError as i32, what).into())
        });
        answer.into_iter().collect()
    })
}

fn read(mut from: impl BufRead, events: &Sender<Event>) {
    loop {
        let event = match framing::read(&mut from) {
            Ok(Some(incoming)) => Event::Incoming(incoming),
            Ok(None) => Event::Ended(None),
            Err(error) => Event::Ended(Some(error)),
        };
        let last = matches!(event, Event::Ended(_));
        if events.send(event).is_err() || last {
            return;
        }
    }
}

/// Where the workspace writes, which cargo knows. Without an answer of cargo, where it would by default.
fn open(setup: &Setup, root: PathBuf, events: &Sender<Event>) {
    let workspace = Workspace::open(Options {
        cwd: root.clone(),
        manifest_path: setup.manifest_path.clone(),
        target_dir: setup.target_dir.clone(),
        offline: setup.offline,
        environment: setup.environment.clone(),
    });
    let (root, gate_dir) = match workspace {
        Ok(workspace) => (workspace.root().to_owned(), workspace.gate_dir()),
        Err(_) => {
            let target = setup.target_dir.clone().unwrap_or_else(|| root.join("target"));
            (root, target.join("gate"))
        }
    };
    drop(events.send(Event::Opened(root, gate_dir)));
}

fn send(to: &mut dyn Write, message: &Message) -> Result<()> {
    let mut text = Vec::new();
    message.write(&mut text).map_err(|error| cannot_write(&error))?;
    to.write_all(&text)
        .and_then(|()| to.flush())
        .map_err(|error| cannot_write(&error))
}

fn frame(to: &mut dyn Write, body: &[u8]) -> io::Result<()> {
    write!(to, "Content-Length: {}\r\n\r\n", body.len())?;
    to.write_all(body)?;
    to.flush()
}

fn cannot_write(error: &io::Error) -> Error {
    Error::io("write to", Path::new("standard output"), error)
}
