//! Workspaces as they are read.

mod cargo;
mod git;
mod names;

use std::fs;
use std::path::PathBuf;

use super::Workspace;
use super::files::FileKind;
use super::testing::{LOCK, MANIFEST, World};

fn names(workspace: &Workspace) -> Vec<&str> {
    workspace.files().iter().map(|file| file.path.as_str()).collect()
}

fn kind(workspace: &Workspace, path: &str) -> FileKind {
    workspace.files().get(path).expect("listed").kind
}
