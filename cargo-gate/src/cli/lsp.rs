//! `cargo gate lsp`: the language server.

use std::io::{BufReader, stdin, stdout};

use gate_base::error::{Error, Result};
use gate_lsp::{self, Setup};

use super::Conversation;

pub(super) fn run(conversation: &Conversation<'_>) -> Result<i32> {
    let global = conversation.global;
    let absolute =
        |path: &std::path::PathBuf| std::path::absolute(path).map_err(|error| Error::io("find", path, &error));
    let setup = Setup {
        manifest_path: global.manifest_path.as_ref().map(absolute).transpose()?,
        target_dir: global.target_dir.as_ref().map(absolute).transpose()?,
        policy: global.policy.as_ref().map(absolute).transpose()?,
        offline: global.offline || global.frozen,
        environment: conversation.environment.clone(),
        program: std::env::current_exe().ok(),
    };
    gate_lsp::serve(
        &setup,
        BufReader::new(stdin()),
        &mut stdout().lock(),
        conversation.cancel,
    )
}
