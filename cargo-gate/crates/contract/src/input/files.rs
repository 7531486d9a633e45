//! Files of the workspace, and what lies around it.

use std::borrow::Cow;
use std::io;

use crate::{Context, Declares, Inputs};
use gate_ci::{self, CiFiles as Ci};
use gate_policy::{CiPolicy, Policy};
use gate_surveys::document::{self, Document, Documents as All};
use gate_surveys::outside_root::OutsideRoot;
use gate_world::files::{FileKind, FileList};

use crate::declared::{Input, InputState, files, known};

/// Names of all files.
pub struct FileNames;

impl Input for FileNames {
    const NAME: &'static str = "file names";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            digest.digest(&inputs.workspace.files().names_digest());
        })
    }
}

impl<'a, R: Declares<FileNames>> Context<'a, R> {
    /// Names of all files.
    pub fn files(&self) -> &'a FileList {
        self.inputs.workspace.files()
    }
}

/// Contents of all files.
pub struct AllFiles;

impl Input for AllFiles {
    const NAME: &'static str = "files";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let files = inputs.workspace.files();
        if files.iter().any(|file| file.kind == FileKind::Unreadable) {
            return InputState::Volatile;
        }
        known::<Self>(|digest| {
            digest.digest(&files.content_digest());
        })
    }

    fn covers(_: &str, _: &Policy) -> bool {
        true
    }
}

impl<R: Declares<AllFiles>> Context<'_, R> {
    /// Digest over the paths and contents of all files.
    pub fn content(&self) -> String {
        self.inputs.workspace.files().content_digest().to_hex()
    }

    /// Bytes of a file.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn read(&self, path: &str) -> io::Result<Cow<'_, [u8]>> {
        self.inputs.workspace.look(path)
    }
}

/// Every `.rs` file: path and contents.
pub struct RustSources;

impl Input for RustSources {
    const NAME: &'static str = "Rust sources";

    fn state(inputs: &Inputs<'_>) -> InputState {
        files(inputs, |file| file.path.ends_with(".rs"))
    }

    fn covers(path: &str, _: &Policy) -> bool {
        path.ends_with(".rs")
    }
}

/// CI files, and the scripts that they call.
pub struct CiFiles;

impl Input for CiFiles {
    const NAME: &'static str = "CI files";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let (workspace, scripts) = (inputs.workspace, inputs.policy.ci_scripts());
        if gate_ci::is_within(workspace.root(), workspace.git()) {
            return files(inputs, |file| {
                gate_ci::may_read(&file.path) || scripts.contains(&file.path)
            });
        }
        // Above the workspace there are no digests: there it is what was read.
        let read = workspace.ci(scripts).digest;
        read.map_or(InputState::Volatile, InputState::Known)
    }

    fn covers(path: &str, policy: &Policy) -> bool {
        gate_ci::may_read(path) || policy.ci_scripts().iter().any(|script| script == path)
    }
}

impl<'a, R: Declares<CiFiles> + Declares<CiPolicy>> Context<'a, R> {
    /// Continuous integration; `[ci]` says which scripts belong to it.
    pub fn ci(&self) -> &'a Ci {
        self.inputs.workspace.ci(self.inputs.policy.ci_scripts())
    }

    /// Whether there is any continuous integration to read; looks at names only.
    pub fn has_ci(&self) -> bool {
        let workspace = self.inputs.workspace;
        gate_ci::is_there(workspace.root(), workspace.files(), workspace.git())
            || !self.inputs.policy.ci_scripts().is_empty()
    }
}

/// Every tracked Markdown file, and every `.gitignore`: path and contents.
pub struct Documents;

impl Input for Documents {
    const NAME: &'static str = "documents";

    fn state(inputs: &Inputs<'_>) -> InputState {
        files(inputs, |file| {
            inputs.workspace.is_document(file) || document::is_ignore_file(file)
        })
    }

    fn covers(path: &str, _: &Policy) -> bool {
        path.ends_with(".md") || path.ends_with(".gitignore")
    }
}

impl<'a, R: Declares<Documents>> Context<'a, R> {
    /// Every tracked Markdown file.
    pub fn documents(&self) -> &'a All {
        self.inputs.workspace.documents()
    }

    /// The tracked Markdown files that one of these globs matches; no other file is read.
    ///
    /// # Errors
    /// The path of the first one that cannot be read.
    pub fn documents_matching(&self, globs: &[String]) -> Result<Vec<Document>, String> {
        self.inputs.workspace.documents_matching(globs)
    }
}

/// What documents name above the workspace, in the repository that holds it.
pub struct DocumentsOutsideRoot;

impl Input for DocumentsOutsideRoot {
    const NAME: &'static str = "what documents name above the workspace";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            digest.digest(&inputs.workspace.outside_root().digest());
        })
    }
}

impl<'a, R: Declares<DocumentsOutsideRoot> + Declares<Documents>> Context<'a, R> {
    /// What documents name above the workspace.
    pub fn outside_root(&self) -> &'a OutsideRoot {
        self.inputs.workspace.outside_root()
    }
}

/// The `CODEOWNERS` file of the repository.
pub struct CodeOwners;

impl Input for CodeOwners {
    const NAME: &'static str = "`CODEOWNERS`";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            if let Some((path, text, below)) = inputs.workspace.code_owners() {
                digest.part(path.as_bytes()).part(&text).part(below.as_bytes());
            }
        })
    }

    fn covers(path: &str, _: &Policy) -> bool {
        path.ends_with("CODEOWNERS")
    }
}

impl<R: Declares<CodeOwners>> Context<'_, R> {
    /// Path and text of the `CODEOWNERS` file, the path relative to the top of the repository, and where in the
    /// repository the workspace lies (empty at the top).
    pub fn code_owners(&self) -> Option<(&'static str, Vec<u8>, String)> {
        self.inputs.workspace.code_owners()
    }
}
