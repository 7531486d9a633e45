//! What a rule may ask of the workspace as it was read.

use std::borrow::Cow;

use crate::ci::{self, CiFiles};
use crate::suites::interference::{self, Interference};
use crate::surveys::above::Above;
use crate::surveys::document::{Document, Documents};
use crate::workspace::cargo::{CargoModel, Resolution};
use crate::workspace::config::CargoConfig;
use crate::workspace::environment::Environment;
use crate::workspace::files::{File, FileList};
use crate::workspace::git::{Git, Tag};
use crate::workspace::lockfile::Lockfile;
use crate::workspace::manifest::Manifest;
use crate::workspace::toolchain::{Rustc, ToolchainFile};

use super::{Context, Input};

impl<'a> Context<'a> {
    /// Members, targets, dependencies. Needs [`Input::Cargo`].
    pub fn cargo(&self) -> &'a CargoModel {
        self.needs(&[Input::Cargo]);
        self.workspace.cargo()
    }

    /// What resolving under `--locked` said. Needs [`Input::Cargo`].
    pub fn resolution(&self) -> &'a Resolution {
        self.needs(&[Input::Cargo]);
        self.workspace.resolution()
    }

    /// Manifests with positions, the root first. Needs [`Input::Manifests`].
    pub fn manifests(&self) -> &'a [Manifest] {
        self.needs(&[Input::Manifests]);
        self.workspace.manifests()
    }

    /// State of `Cargo.lock`. Needs [`Input::Lockfile`].
    pub fn lockfile(&self) -> &'a Lockfile {
        self.needs(&[Input::Lockfile]);
        self.workspace.lockfile()
    }

    /// Cargo's configuration. Needs [`Input::CargoConfig`].
    pub fn config(&self) -> &'a CargoConfig {
        self.needs(&[Input::CargoConfig]);
        self.workspace.config()
    }

    /// Environment variables that configure cargo. Needs [`Input::CargoEnvironment`].
    pub fn environment(&self) -> &'a Environment {
        self.needs(&[Input::CargoEnvironment]);
        self.workspace.environment()
    }

    /// Environment variables that change what suites find. Needs [`Input::SuiteVariables`].
    pub fn interference(&self) -> impl Iterator<Item = (&'static str, Interference)> + use<'a> {
        self.needs(&[Input::SuiteVariables]);
        interference::found(self.workspace.environment())
    }

    /// The toolchain file. Needs [`Input::ToolchainFile`].
    pub fn toolchain_file(&self) -> Option<&'a ToolchainFile> {
        self.needs(&[Input::ToolchainFile]);
        self.workspace.toolchain().file.as_ref()
    }

    /// The compiler that cargo would use. Needs [`Input::Toolchain`].
    pub fn rustc(&self) -> Result<&'a Rustc, &'a str> {
        self.needs(&[Input::Toolchain]);
        self.workspace.toolchain().rustc.as_ref().map_err(String::as_str)
    }

    /// Version control. Needs [`Input::GitHead`] or [`Input::GitStatus`].
    pub fn git(&self) -> Option<&'a Git> {
        self.needs(&[Input::GitHead, Input::GitStatus]);
        self.workspace.git()
    }

    /// Version control, for releases and what they were made of: what a tag names does not change. Needs
    /// [`Input::GitTags`].
    pub fn releases(&self) -> Option<&'a Git> {
        self.needs(&[Input::GitTags]);
        self.workspace.git()
    }

    /// Every tag of the repository; `None` without version control. Needs [`Input::GitTags`].
    pub fn tags(&self) -> Option<Result<Vec<Tag>, String>> {
        self.needs(&[Input::GitTags]);
        self.workspace.tags()
    }

    /// Why there is no version control although the workspace lies in a repository. Needs [`Input::GitHead`] or
    /// [`Input::GitStatus`].
    pub fn git_problem(&self) -> Option<&'a str> {
        self.needs(&[Input::GitHead, Input::GitStatus]);
        self.workspace.git_problem()
    }

    /// Names of all files. Needs [`Input::FileNames`] or [`Input::AllFiles`].
    pub fn files(&self) -> &'a FileList {
        self.needs(&[Input::FileNames, Input::AllFiles]);
        self.workspace.files()
    }

    /// Every `.rs` file. Needs [`Input::RustSources`].
    pub fn rust_sources(&self) -> impl Iterator<Item = &'a File> + use<'a> {
        self.needs(&[Input::RustSources]);
        self.workspace.files().iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// Continuous integration. Needs [`Input::CiFiles`] and [`Input::PolicyCi`] (which scripts belong to it).
    pub fn ci(&self) -> &'a CiFiles {
        self.needs_all(&[Input::CiFiles, Input::PolicyCi]);
        self.workspace.ci(self.policy.ci_scripts())
    }

    /// Whether there is any continuous integration to read; looks at names only. Needs what [`ci`](Self::ci) needs.
    pub fn has_ci(&self) -> bool {
        self.needs_all(&[Input::CiFiles, Input::PolicyCi]);
        ci::is_there(self.workspace.root(), self.workspace.files(), self.workspace.git())
            || !self.policy.ci_scripts().is_empty()
    }

    /// Every tracked Markdown file. Needs [`Input::Documents`].
    pub fn documents(&self) -> &'a Documents {
        self.needs(&[Input::Documents]);
        self.workspace.documents()
    }

    /// What documents name above the workspace. Needs [`Input::Documents`] and [`Input::DocumentsAbove`].
    pub fn above(&self) -> &'a Above {
        self.needs_all(&[Input::Documents, Input::DocumentsAbove]);
        self.workspace.above()
    }

    /// The tracked Markdown files that one of these globs matches; no other file is read. Needs [`Input::Documents`].
    ///
    /// # Errors
    /// The path of the first one that cannot be read.
    pub fn documents_matching(&self, globs: &[String]) -> Result<Vec<Document>, String> {
        self.needs(&[Input::Documents]);
        self.workspace.documents_matching(globs)
    }

    /// Path and text of the `CODEOWNERS` file, the path relative to the top of the repository, and where in the
    /// repository the workspace lies (empty at the top). Needs [`Input::CodeOwners`].
    pub fn code_owners(&self) -> Option<(&'static str, Vec<u8>, String)> {
        self.needs(&[Input::CodeOwners]);
        self.workspace.code_owners()
    }

    /// Bytes of a file. Needs [`Input::AllFiles`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn read(&self, path: &str) -> std::io::Result<Cow<'_, [u8]>> {
        self.needs(&[Input::AllFiles]);
        self.workspace.look(path)
    }
}
