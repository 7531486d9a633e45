//! The files of a workspace by themselves: all that is known of it before cargo has answered.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::Options;
use super::contents::Contents;
use super::files::{File, FileList};
use super::git::Git;

/// What to do with the files of a workspace while cargo is asked; the second argument says whether it still is. Only an
/// answer for the workspace that cargo names is kept.
pub trait Background<T>: FnOnce(&Listed<'_>, &(dyn Fn() -> bool + Sync)) -> T + Send {}

impl<T, F: FnOnce(&Listed<'_>, &(dyn Fn() -> bool + Sync)) -> T + Send> Background<T> for F {}

/// The files of a workspace and where they lie.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// Directory of the root manifest, absolute.
    pub root: &'a Path,
    /// As [`Workspace::files`](super::Workspace::files).
    pub files: &'a FileList,
    /// Version control; `None` outside a git work tree or without git.
    pub git: Option<&'a Git>,
    /// How the workspace is found and read.
    pub options: &'a Options,
    /// As [`Workspace::gate_dir`](super::Workspace::gate_dir).
    pub gate_dir: PathBuf,
    pub(super) contents: &'a Contents,
}

impl<'a> Listed<'a> {
    /// What a file held when its digest was taken, if that is kept.
    pub fn kept(&self, file: &File) -> Option<&'a [u8]> {
        self.contents.of(file)
    }

    /// The bytes of a file: what is kept, else what it holds now.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn look(&self, file: &File) -> io::Result<Cow<'a, [u8]>> {
        self.contents.look(self.root, file)
    }

    /// As [`look`](Self::look), for callers that keep the bytes.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn read(&self, file: &File) -> io::Result<Vec<u8>> {
        self.look(file).map(Cow::into_owned)
    }
}
