// Starts `cargo gate lsp` for the folder that is open. Everything else is the server's.
'use strict';

const { workspace } = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;

function activate(context) {
  const [command, ...args] = workspace.getConfiguration('cargo-gate').get('command');
  const folder = workspace.workspaceFolders && workspace.workspaceFolders[0];
  const server = { command, args, options: { cwd: folder && folder.uri.fsPath } };
  // Findings, and what can be done about them, stand in files of any kind.
  const documents = [{ scheme: 'file' }];
  client = new LanguageClient('cargo-gate', 'cargo gate', server, { documentSelector: documents });
  const started = client.start();
  // Before version 8 of the client `start` returns what ends it, afterwards a promise.
  if (started && typeof started.dispose === 'function') {
    context.subscriptions.push(started);
  }
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
