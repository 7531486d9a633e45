//! Why a dispatch ended as it did: a closed list of stable codes, and chains of them.

mod cause;
mod table;

pub use cause::{Cause, Causes, MAX_CAUSES, ParseCauseError};
pub use table::{ParseReasonError, REASONS_VERSION, Reason, ReasonKind};
