//! What a check declares, and what its rule may look at. Checks stand above this room; engine and verdict know checks only
//! through it.
//!
//! A rule gets a [`Context`] that carries what its check declared as a type: `reads!` names inputs and sections of the
//! policy, and only for those does the context have an accessor. What a check does not declare does not compile.

mod check;
mod context;
mod declared;
mod info;
pub mod input;
mod inputs;
pub mod stage_contract;

#[cfg(feature = "testing")]
pub mod testing;

pub use check::{Applies, Check, Fixes, Judge, Judgement, OtherStage, Rule};
pub use context::Context;
pub use declared::{Declared, Declares, Input, InputState, Reads};
pub use info::{CheckInfo, Phase};
pub use inputs::{Attachments, EntryUse, Inputs, WaiverUse};

/// Declares what the rule of a check reads, once in the file of a check: [inputs](input) and [sections of the
/// policy](gate_policy::Section). Gives the file a type `Declaration` and a `Context` that hands out just these.
#[macro_export]
macro_rules! reads {
    ($($input:ty),+ $(,)?) => {
        /// What the rule reads.
        #[derive(Debug, Clone, Copy)]
        struct Declaration;

        impl $crate::Reads for Declaration {
            const INPUTS: &'static [$crate::Declared] = &[$($crate::Declared::of::<$input>()),+];
        }

        $(impl $crate::Declares<$input> for Declaration {})+

        #[allow(dead_code, reason = "a rule of closures names no type")]
        type Context<'a> = $crate::Context<'a, Declaration>;
    };
}
