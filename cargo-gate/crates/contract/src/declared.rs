//! How a check declares what it reads.

use gate_base::digest::{Digest, DigestBuilder};
use gate_policy::{Policy, Section};
use gate_world::files::File;

use super::inputs::Inputs;

/// The inputs of a check, as [`reads!`](crate::reads) lists them.
pub trait Reads: 'static {
    /// All of them.
    const INPUTS: &'static [Declared];
}

impl Reads for () {
    const INPUTS: &'static [Declared] = &[];
}

/// A check declares this input.
#[diagnostic::on_unimplemented(
    message = "the rule reads `{I}`, which its check does not declare",
    label = "add `{I}` to `reads!` at the top of the file"
)]
pub trait Declares<I> {}

/// A part of the world that a check reads. Each has a digest, and the fingerprint of a check is made of them.
pub trait Input: 'static {
    /// Name in plans and on documentation pages.
    const NAME: &'static str;

    /// Digest over everything that the accessors of this input hand out.
    fn state(inputs: &Inputs<'_>) -> InputState;

    /// Whether it may depend on the text of the file at this path. A test takes away or empties every file that no input
    /// of a check covers, and the check must say the same. (What cargo makes of manifests does not depend on their text.)
    fn covers(_path: &str, _policy: &Policy) -> bool {
        false
    }
}

/// A section of the policy is an input: its digest is over what [`section`](crate::Context::section) hands out.
impl<S: Section> Input for S {
    const NAME: &'static str = S::NAME;

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<S>(|digest| {
            digest.part(&S::bytes(inputs.policy));
        })
    }
}

/// State of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputState {
    /// It has this digest.
    Known(Digest),
    /// It has no digest that could vouch for it (the history with its clock, a file that cannot be read): evidence
    /// over it is never reused.
    Volatile,
}

/// An input that a check declares.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    name: &'static str,
    state: fn(&Inputs<'_>) -> InputState,
    covers: fn(&str, &Policy) -> bool,
}

impl Declared {
    /// The declaration of an input.
    pub const fn of<I: Input>() -> Self {
        Self {
            name: I::NAME,
            state: I::state,
            covers: I::covers,
        }
    }

    /// Name in plans and on documentation pages.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Digest over everything that a rule gets from it.
    pub fn state(&self, inputs: &Inputs<'_>) -> InputState {
        (self.state)(inputs)
    }

    /// Whether it may depend on the file at this path.
    pub fn covers(&self, path: &str, policy: &Policy) -> bool {
        (self.covers)(path, policy)
    }
}

impl PartialEq for Declared {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A digest of an input over what `add` adds.
pub(super) fn known<I: Input>(add: impl FnOnce(&mut DigestBuilder)) -> InputState {
    let mut digest = DigestBuilder::new(I::NAME);
    add(&mut digest);
    InputState::Known(digest.finish())
}

/// Digest over the files that `keep` accepts; [`InputState::Volatile`] when one of them cannot be read.
pub(super) fn files(inputs: &Inputs<'_>, keep: impl FnMut(&File) -> bool) -> InputState {
    let digest = inputs.workspace.files().digest_of(keep);
    digest.map_or(InputState::Volatile, InputState::Known)
}
