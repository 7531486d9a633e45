//! Digests of the inputs that checks declare, each computed once per run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gate_base::digest::Digest;
use gate_contract::{Declared, InputState, Inputs};
use gate_suites::reach::{Reach, reach};
use gate_world::files::File;

/// Digests of all inputs of one evaluation.
pub struct InputDigests<'a> {
    inputs: Inputs<'a>,
    known: Mutex<BTreeMap<&'static str, Arc<OnceLock<InputState>>>>,
    outside: OnceLock<Option<(String, Option<Digest>)>>,
}

impl<'a> InputDigests<'a> {
    /// Nothing is computed before it is asked for.
    pub fn new(inputs: Inputs<'a>) -> Self {
        Self {
            inputs,
            known: Mutex::default(),
            outside: OnceLock::new(),
        }
    }

    /// What suites read beyond the workspace root, as a named part of their fingerprints: the files of the repository
    /// where a path dependency lies there, and something without a digest where one lies outside of it.
    pub fn outside_root(&self) -> Option<(String, Option<Digest>)> {
        let workspace = self.inputs.workspace;
        let state = || match reach(workspace) {
            Reach::Root => None,
            Reach::Repository(top) => {
                let files = workspace.files_around(&top).ok();
                let digest = files.and_then(|files| files.digest_of(|_| true));
                Some(("files of the repository".to_owned(), digest))
            }
            Reach::Elsewhere { path, .. } => Some((format!("`{path}` outside the repository"), None)),
        };
        self.outside.get_or_init(state).clone()
    }

    /// State of one input. Threads that ask for different inputs do not wait for each other.
    pub fn state(&self, input: &Declared) -> InputState {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(known.entry(input.name()).or_default());
        drop(known);
        *slot.get_or_init(|| input.state(&self.inputs))
    }

    /// Digest over the files that `keep` accepts; [`InputState::Volatile`] when one of them cannot be read.
    pub fn files(&self, keep: impl FnMut(&File) -> bool) -> InputState {
        let digest = self.inputs.workspace.files().digest_of(keep);
        digest.map_or(InputState::Volatile, InputState::Known)
    }
}
