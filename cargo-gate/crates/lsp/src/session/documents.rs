//! Documents as the client opens, changes, saves and closes them, and what follows for their diagnostics.

use std::path::{Path, PathBuf};

use lsp_server::Notification;
use lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    TextDocumentContentChangeEvent,
};

use super::{ABANDONED, Document, Effect, Phase, Session, params, read};
use crate::background::{self, Job};
use crate::diagnostics::Part;
use crate::text::Text;
use crate::{gate_toml, kernel, paths};
use gate_gpu::kernels::check::crate_of;

impl Session {
    pub(super) fn notification(&mut self, note: Notification, effects: &mut Vec<Effect>) {
        if note.method == "exit" {
            effects.push(Effect::Exit(if self.phase == Phase::ShutDown { 0 } else { ABANDONED }));
            return;
        }
        if self.phase != Phase::Running {
            return;
        }
        // What a notification cannot be understood by, nobody waits for an answer to.
        match note.method.as_str() {
            "initialized" => self.initialized(effects),
            "textDocument/didOpen" => drop(params(note.params).map(|params| self.did_open(params, effects))),
            "textDocument/didChange" => drop(params(note.params).map(|params| self.did_change(params))),
            "textDocument/didSave" => drop(params(note.params).map(|params| self.did_save(&params, effects))),
            "textDocument/didClose" => drop(params(note.params).map(|params| self.did_close(&params, effects))),
            "workspace/didChangeWatchedFiles" => self.files_changed(),
            _ => {}
        }
    }

    fn did_open(&mut self, params: DidOpenTextDocumentParams, effects: &mut Vec<Effect>) {
        let opened = params.text_document;
        let Some(path) = paths::to_path(&opened.uri) else {
            return;
        };
        let document = Document {
            uri: opened.uri,
            version: opened.version,
            text: Text::new(opened.text),
        };
        self.documents.insert(path.clone(), document);
        self.judge(&path);
        self.read_findings(false);
        self.compile(&path, effects);
    }

    fn did_change(&mut self, params: DidChangeTextDocumentParams) {
        let Some(path) = paths::to_path(&params.text_document.text_document_identifier.uri) else {
            return;
        };
        let Some(document) = self.documents.get_mut(&path) else {
            return;
        };
        document.version = params.text_document.version;
        for change in params.content_changes {
            document.text = match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    document.text.changed(Some(&part.range), &part.text)
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    document.text.changed(None, &whole.text)
                }
            };
        }
        self.judge(&path);
    }

    fn did_save(&mut self, params: &DidSaveTextDocumentParams, effects: &mut Vec<Effect>) {
        let Some(path) = paths::to_path(&params.text_document.uri) else {
            return;
        };
        self.read_findings(false);
        self.compile(&path, effects);
        // A header that is saved changes what the sources say that include it.
        if kernel::is_source(&path) {
            let others: Vec<PathBuf> = self
                .compiled
                .iter()
                .filter(|(other, checked)| **other != path && Some(checked.directory.as_path()) == crate_of(&path))
                .map(|(other, _)| other.clone())
                .collect();
            for other in others {
                self.compile(&other, effects);
            }
        }
    }

    fn did_close(&mut self, params: &DidCloseTextDocumentParams, effects: &mut Vec<Effect>) {
        let Some(path) = paths::to_path(&params.text_document.uri) else {
            return;
        };
        for part in [Part::Policy, Part::Lock, Part::Compiler, Part::Hints] {
            self.board.set(&path, part, Vec::new());
        }
        // Told under the URI that the client knows it by.
        self.publish(effects);
        self.documents.remove(&path);
        self.compiled.remove(&path);
        effects.push(Effect::Forget(path));
    }

    fn files_changed(&mut self) {
        self.read_findings(false);
        let open: Vec<PathBuf> = self.documents.keys().cloned().collect();
        for path in open {
            if kernel::is_lock(&path) || kernel::is_source(&path) {
                self.judge(&path);
            }
        }
    }

    /// What can be said about an open document from its text.
    fn judge(&mut self, path: &Path) {
        let Some(document) = self.documents.get(path) else {
            return;
        };
        let text = &document.text;
        if gate_toml::is_policy(path, self.policy.as_deref()) {
            let found = gate_toml::problems::diagnostics(text, path, &mut self.reader());
            self.board.set(path, Part::Policy, found);
            if gate_toml::is_base(path) {
                self.judge_policies();
            }
        } else if kernel::is_lock(path) {
            let directory = path.parent().unwrap_or(path);
            let documents = &self.documents;
            let found = kernel::lock::of_lock(directory, text, &mut |file| {
                let path: PathBuf = directory.join(file).components().collect();
                match documents.get(&path) {
                    Some(open) => Ok(open.text.as_str().as_bytes().to_vec()),
                    None => std::fs::read(path),
                }
            });
            self.board.set(path, Part::Lock, found);
        } else if kernel::is_source(path) {
            let found = crate_of(path).map(|directory| kernel::lock::of_source(directory, path, text));
            self.board.set(path, Part::Lock, found.unwrap_or_default());
        } else if kernel::is_ptx(path) {
            let found = kernel::hints::of_ptx(text);
            self.board.set(path, Part::Hints, found);
        }
    }

    /// What is in a base changes what can be said of the open policies that extend it.
    fn judge_policies(&mut self) {
        let policies = self.documents.keys().filter(|path| !gate_toml::is_base(path));
        let policies: Vec<PathBuf> = policies
            .filter(|path| gate_toml::is_policy(path, self.policy.as_deref()))
            .cloned()
            .collect();
        for path in policies {
            self.judge(&path);
        }
    }

    /// Has a source compiled, as it is on disk: compilers read files, and so do the sources that include it.
    pub(super) fn compile(&mut self, path: &Path, effects: &mut Vec<Effect>) {
        let Some(gate_dir) = &self.gate_dir else {
            return;
        };
        if kernel::is_source(path) && path.is_file() {
            effects.push(Effect::Compile(Job {
                file: path.to_owned(),
                out: background::out(gate_dir, path),
            }));
        }
    }

    /// What the PTX of a source shows, at the lines it was made from.
    pub(super) fn hints(&mut self, path: &Path) {
        let Some((document, checked)) = self.documents.get(path).zip(self.compiled.get(path)) else {
            return;
        };
        let found = checked.images.first().and_then(|image| {
            let ptx = read(&image.ptx)?;
            Some(kernel::hints::of_source(&checked.directory, path, &document.text, &ptx))
        });
        self.board.set(path, Part::Hints, found.unwrap_or_default());
    }
}
