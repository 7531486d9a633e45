//! What a rule may look at: only what its check declared.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Mutex;

use jiff::Timestamp;

use crate::base::stage::Stage;
use crate::evidence::history::History;
use crate::policy::{Policy, Section};
use crate::report::CheckReport;
use crate::surveys::Surveys;

use super::Declared;

/// Everything that there is to read in one evaluation.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The workspace.
    pub workspace: &'a Surveys,
    /// The policy.
    pub policy: &'a Policy,
    /// Earlier runs.
    pub history: &'a History,
    /// When the evaluation started, never earlier than the last one.
    pub now: Timestamp,
    /// The stage under evaluation.
    pub stage: Stage,
    /// The checks that were judged before.
    pub outcomes: &'a [CheckReport],
    /// What became of each waiver, in the order of the policy.
    pub waiver_use: &'a [WaiverUse],
    /// Where a rule leaves files.
    pub attachments: Option<&'a Attachments>,
}

impl<'a> Inputs<'a> {
    /// Nothing was judged yet.
    pub fn new(workspace: &'a Surveys, policy: &'a Policy, history: &'a History, now: Timestamp, stage: Stage) -> Self {
        Self {
            workspace,
            policy,
            history,
            now,
            stage,
            outcomes: &[],
            waiver_use: &[],
            attachments: None,
        }
    }
}

/// What became of a waiver once every finding had met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaiverUse {
    /// Whether a finding needed it.
    pub used: bool,
    /// Whether its check was carried out over the whole workspace, so that a finding would have met it.
    pub judged: bool,
}

/// Files that a check leaves beside its findings: they become part of its evidence and lie in the run directory.
#[derive(Debug, Default)]
pub struct Attachments(Mutex<BTreeMap<String, Vec<u8>>>);

impl Attachments {
    /// What was attached, sorted by path.
    pub fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.0.into_inner().unwrap_or_default()
    }
}

/// The inputs of a check, as [`reads!`](crate::reads) lists them.
pub trait Reads: 'static {
    /// All of them.
    const INPUTS: &'static [Declared];
}

/// A check declares this input.
#[diagnostic::on_unimplemented(
    message = "the rule reads `{I}`, which its check does not declare",
    label = "add `{I}` to `reads!` at the top of the file"
)]
pub trait Declares<I> {}

/// The inputs of an evaluation as a check may see them: each input in [`input`](super::input) adds the methods that hand it
/// out, for declarations `R` that name it.
#[derive(Clone, Copy)]
pub struct Context<'a, R> {
    pub(super) inputs: Inputs<'a>,
    declaration: PhantomData<fn() -> R>,
}

impl<'a, R> Context<'a, R> {
    /// The view of a check that declares `R`.
    pub(super) fn new(inputs: Inputs<'a>) -> Self {
        Self {
            inputs,
            declaration: PhantomData,
        }
    }

    /// A section of the policy.
    pub fn section<S: Section>(&self) -> &'a S::Value
    where
        R: Declares<S>,
    {
        S::of(self.inputs.policy)
    }

    /// Leaves a file beside the findings, at `path` of the run directory, which has a directory of its own in front.
    /// Outside an evaluation it goes nowhere.
    pub fn attach(&self, path: &str, bytes: &[u8]) {
        if let Some(attachments) = self.inputs.attachments
            && let Ok(mut files) = attachments.0.lock()
        {
            files.insert(path.to_owned(), bytes.to_owned());
        }
    }
}
