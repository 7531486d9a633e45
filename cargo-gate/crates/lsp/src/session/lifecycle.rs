//! The beginning of a session: what client and server can do, and where the workspace is.

use std::path::PathBuf;

use lsp_server::Message;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CompletionOptions, DidChangeWatchedFilesRegistrationOptions,
    ExecuteCommandOptions, FileSystemWatcher, InitializeParams, InitializeResult, PositionEncodingKind, Registration,
    RegistrationParams, Save, ServerCapabilities, ServerInfo, TextDocumentSyncKind, TextDocumentSyncOptions, Uri,
};

use super::{Answer, Effect, Phase, Session, answer};
use crate::actions::EXPLAIN;
use crate::paths;

/// Files whose change is of interest although nobody has them open.
const WATCHED: [&str; 2] = ["**/gate/history.jsonl", "**/kernels.lock"];

impl Session {
    pub(super) fn initialize(&mut self, params: &InitializeParams, effects: &mut Vec<Effect>) -> Answer {
        self.phase = Phase::Running;
        self.watches = params
            .capabilities
            .workspace
            .as_ref()
            .and_then(|workspace| workspace.did_change_watched_files.as_ref())
            .is_some_and(|watch| watch.dynamic_registration == Some(true));
        self.shows = params
            .capabilities
            .window
            .as_ref()
            .and_then(|window| window.show_document.as_ref())
            .is_some_and(|shows| shows.support);
        self.root = root(params);
        let here = || std::env::current_dir().ok();
        if let Some(root) = self.root.clone().or_else(here) {
            effects.push(Effect::Open(root));
        }
        answer(InitializeResult {
            capabilities: capabilities(),
            server_info: Some(ServerInfo {
                name: "cargo-gate".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    /// Asks to be told about files, where the client can do that.
    pub(super) fn initialized(&self, effects: &mut Vec<Effect>) {
        if !self.watches {
            return;
        }
        let watchers = WATCHED.map(|glob| FileSystemWatcher {
            glob_pattern: glob.to_owned().into(),
            kind: None,
        });
        let options = DidChangeWatchedFilesRegistrationOptions {
            watchers: watchers.to_vec(),
        };
        let params = RegistrationParams {
            registrations: vec![Registration {
                id: "files".to_owned(),
                method: "workspace/didChangeWatchedFiles".to_owned(),
                register_options: serde_json::to_value(options).ok(),
            }],
        };
        let method = "client/registerCapability".to_owned();
        let request = lsp_server::Request::new("files".to_owned().into(), method, params);
        effects.push(Effect::Send(Message::Request(request)));
    }
}

/// The folder that the client has open; the first of several.
#[expect(deprecated, reason = "clients that know no workspace folders say it by these")]
fn root(params: &InitializeParams) -> Option<PathBuf> {
    let folders = params.workspace_folders_initialize_params.workspace_folders.clone();
    let first: Option<Uri> = serde_json::to_value(folders)
        .ok()
        .and_then(|folders| serde_json::from_value(folders.get(0)?.get("uri")?.clone()).ok());
    first
        .or_else(|| params.root_uri.clone())
        .and_then(|uri| paths::to_path(&uri))
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        // What every client can do; nothing is gained by another one for files of this size.
        position_encoding: Some(PositionEncodingKind::UTF16),
        text_document_sync: Some(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::Incremental),
                save: Some(Save::Bool(true)),
                ..TextDocumentSyncOptions::default()
            }
            .into(),
        ),
        hover_provider: Some(true.into()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(["\"", ".", "[", " "].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QuickFix]),
                ..CodeActionOptions::default()
            }
            .into(),
        ),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![EXPLAIN.to_owned()],
            ..ExecuteCommandOptions::default()
        }),
        definition_provider: Some(true.into()),
        inlay_hint_provider: Some(true.into()),
        ..ServerCapabilities::default()
    }
}
