//! One client: what it has opened, what it was told, and what it asks. A message goes in and effects come out; nothing here starts a
//! process or a thread.

mod documents;
mod lifecycle;
mod questions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lsp_server::{ErrorCode, Message, Notification, Request, Response};
use lsp_types::{Diagnostic, DiagnosticSeverity, PublishDiagnosticsParams, Uri};
use serde::de::DeserializeOwned;

use super::background::Job;
use super::diagnostics::{Board, Part, diagnostic};
use super::text::Text;
use super::{findings, kernel, paths};
use gate_gpu::kernels::check::Checked;
use gate_report::Report;

/// Largest file that is read for the sake of a position.
const MAX_FILE: u64 = 8 << 20;

/// Exit code after `exit` without `shutdown` before it, as the protocol has it, and where the client went away.
pub const ABANDONED: i32 = 1;

/// What a message leads to.
#[derive(Debug)]
pub enum Effect {
    /// A message for the client.
    Send(Message),
    /// A source is to be compiled.
    Compile(Job),
    /// What was asked about a source is no longer wanted.
    Forget(PathBuf),
    /// The workspace at this directory is to be looked at, for [`Session::opened`].
    Open(PathBuf),
    /// The server ends with this code.
    Exit(i32),
}

/// Where the session is between `initialize` and `exit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Running,
    ShutDown,
}

/// A document that the client has open: its text counts, not the one on disk.
#[derive(Debug)]
struct Document {
    /// As the client wrote it.
    uri: Uri,
    version: i32,
    text: Text,
}

/// One client.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    policy: Option<PathBuf>,
    root: Option<PathBuf>,
    gate_dir: Option<PathBuf>,
    documents: BTreeMap<PathBuf, Document>,
    board: Board,
    /// What compilers said last about each source.
    compiled: BTreeMap<PathBuf, Checked>,
    /// The last run, whose findings are shown.
    report: Option<Report>,
    /// Whether the client shows documents that it is asked to show.
    shows: bool,
    /// Length and time of the history when findings were read.
    history: Option<(u64, std::time::SystemTime)>,
    watches: bool,
}

/// An answer, or the code and message of a refusal.
type Answer = Result<serde_json::Value, (ErrorCode, String)>;

impl Session {
    /// A client that has said nothing yet. `policy` is the file that `--policy` names.
    pub fn new(policy: Option<PathBuf>) -> Self {
        Self {
            phase: Phase::Waiting,
            policy,
            root: None,
            gate_dir: None,
            documents: BTreeMap::new(),
            board: Board::default(),
            compiled: BTreeMap::new(),
            report: None,
            shows: false,
            history: None,
            watches: false,
        }
    }

    /// Takes a message.
    pub fn handle(&mut self, message: Message) -> Vec<Effect> {
        let mut effects = Vec::new();
        match message {
            Message::Request(request) => {
                let id = request.id.clone();
                let response = match self.request(request, &mut effects) {
                    Ok(result) => Response::new_ok(id, result),
                    Err((code, message)) => Response::new_err(id, code as i32, message),
                };
                effects.push(Effect::Send(response.into()));
            }
            Message::Notification(notification) => self.notification(notification, &mut effects),
            // Answers to `client/registerCapability`: a client that refuses does not watch.
            Message::Response(_) => {}
        }
        self.publish(&mut effects);
        effects
    }

    fn request(&mut self, request: Request, effects: &mut Vec<Effect>) -> Answer {
        match (self.phase, request.method.as_str()) {
            (Phase::Waiting, "initialize") => return self.initialize(&params(request.params)?, effects),
            (Phase::Waiting, _) => {
                return Err((
                    ErrorCode::ServerNotInitialized,
                    "`initialize` must be the first request".to_owned(),
                ));
            }
            (Phase::ShutDown, _) => {
                return Err((ErrorCode::InvalidRequest, "the server is shut down".to_owned()));
            }
            (Phase::Running, _) => {}
        }
        match request.method.as_str() {
            "initialize" => Err((
                ErrorCode::InvalidRequest,
                "the server is already initialized".to_owned(),
            )),
            "shutdown" => {
                self.phase = Phase::ShutDown;
                Ok(serde_json::Value::Null)
            }
            "textDocument/hover" => self.hover(&params(request.params)?),
            "textDocument/completion" => self.completion(&params(request.params)?),
            "textDocument/codeAction" => self.code_action(&params(request.params)?),
            "workspace/executeCommand" => self.execute(&params(request.params)?, effects),
            "textDocument/definition" => self.definition(&params(request.params)?),
            "textDocument/inlayHint" => self.inlay_hint(&params(request.params)?),
            method => Err((ErrorCode::MethodNotFound, format!("unknown method `{method}`"))),
        }
    }

    /// What reads the files that a policy extends: as the client has them open, or else from the disk.
    fn reader(&self) -> impl FnMut(&Path, &str) -> gate_base::error::Result<Option<String>> + use<'_> {
        |path, called| match self.documents.get(path) {
            Some(open) => Ok(Some(open.text.as_str().to_owned())),
            None => gate_policy::from_disk(path, called),
        }
    }

    /// Says what changed about any file.
    fn publish(&mut self, effects: &mut Vec<Effect>) {
        for (path, diagnostics) in self.board.changed() {
            let document = self.documents.get(&path);
            let Some(uri) = document.map(|open| open.uri.clone()).or_else(|| paths::to_uri(&path)) else {
                continue;
            };
            let params = PublishDiagnosticsParams {
                uri,
                version: document.map(|open| open.version),
                diagnostics,
            };
            let method = "textDocument/publishDiagnostics".to_owned();
            effects.push(Effect::Send(Notification::new(method, params).into()));
        }
    }

    /// Takes where the workspace is and where it writes.
    pub fn opened(&mut self, root: PathBuf, gate_dir: PathBuf) -> Vec<Effect> {
        self.root = Some(root);
        self.gate_dir = Some(gate_dir);
        let mut effects = Vec::new();
        self.read_findings(true);
        let sources: Vec<PathBuf> = self
            .documents
            .keys()
            .filter(|path| kernel::is_source(path))
            .cloned()
            .collect();
        for path in sources {
            self.compile(&path, &mut effects);
        }
        self.publish(&mut effects);
        effects
    }

    /// Takes what compilers said.
    pub fn compiled(&mut self, checked: Checked) -> Vec<Effect> {
        let file = checked.file.clone();
        let mut effects = Vec::new();
        if self.phase == Phase::Running && self.documents.contains_key(&file) {
            let said = match (&checked.unavailable, &self.gate_dir) {
                (Some(_), Some(gate_dir)) => {
                    let target = gate_dir.parent().unwrap_or(gate_dir);
                    gate_gpu::kernels::check::last_build(&checked.directory, &file, target)
                }
                _ => checked.messages.clone(),
            };
            let shown = said
                .iter()
                .map(|said| self.of_compiler(&file, &checked, said))
                .collect();
            self.board.set(&file, Part::Compiler, shown);
            self.compiled.insert(file.clone(), checked);
            self.hints(&file);
        }
        self.publish(&mut effects);
        effects
    }

    /// What a compiler said, in the file that the client asked about: what it said about another one stands at the top.
    fn of_compiler(&self, file: &Path, checked: &Checked, said: &gate_gpu::kernels::check::Said) -> Diagnostic {
        let severity = if said.error {
            DiagnosticSeverity::Error
        } else {
            DiagnosticSeverity::Warning
        };
        let empty = Text::new("");
        let text = self.documents.get(file).map_or(&empty, |open| &open.text);
        let (range, message) = if said.file == file {
            let range = match (said.line, said.column) {
                (Some(line), Some(column)) => {
                    let line_range = text.whole_line(line);
                    let mut range = text.span(line, column, 1);
                    range.end = range.end.max(line_range.end);
                    range
                }
                (line, None) => text.whole_line(line.unwrap_or(1)),
                (None, Some(_)) => text.whole_line(1),
            };
            (range, said.message.clone())
        } else {
            let shown = paths::relative(&checked.directory, &said.file);
            let shown = shown.unwrap_or_else(|| said.file.display().to_string());
            let line = said.line.map_or_else(String::new, |line| format!(":{line}"));
            (text.whole_line(1), format!("{shown}{line}: {}", said.message))
        };
        diagnostic(range, severity, "kernel", message)
    }

    /// The findings of the last run, where there is a newer one, or `always`.
    fn read_findings(&mut self, always: bool) {
        let (Some(root), Some(gate_dir)) = (&self.root, &self.gate_dir) else {
            return;
        };
        let metadata = std::fs::metadata(gate_dir.join("history.jsonl")).ok();
        let stamp = metadata.and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?)));
        if stamp == self.history && !always {
            return;
        }
        self.history = stamp;
        self.report = findings::last_report(gate_dir);
        let found = self.report.as_ref().map(|report| {
            findings::diagnostics(root, report, &mut |path| match self.documents.get(path) {
                Some(open) => Some(open.text.clone()),
                None => read(path).map(Text::new),
            })
        });
        self.board.set_all(Part::Findings, found.unwrap_or_default());
    }
}

/// The text of a file on disk, invalid UTF-8 replaced; `None` where it cannot be read or is too large.
fn read(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return None;
    }
    Some(String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned())
}

fn params<P: DeserializeOwned>(value: serde_json::Value) -> Result<P, (ErrorCode, String)> {
    serde_json::from_value(value).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn answer(value: impl serde::Serialize) -> Answer {
    serde_json::to_value(value).map_err(|error| (ErrorCode::InternalError, error.to_string()))
}
