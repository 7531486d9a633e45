//! What a rule may look at: only what its check declared.

use std::marker::PhantomData;

use gate_policy::Section;

use super::declared::Declares;
use super::inputs::Inputs;

/// The inputs of an evaluation as a check may see them: each input in [`input`](super::input) adds the methods that hand it
/// out, for declarations `R` that name it.
#[derive(Clone, Copy)]
pub struct Context<'a, R> {
    pub(crate) inputs: Inputs<'a>,
    declaration: PhantomData<fn() -> R>,
}

impl<'a, R> Context<'a, R> {
    /// The view of a check that declares `R`.
    pub(crate) fn new(inputs: Inputs<'a>) -> Self {
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
        if let Some(attachments) = self.inputs.attachments {
            attachments.add(path, bytes);
        }
    }
}
