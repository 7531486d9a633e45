//! `cargo gate schema`: the JSON Schema of `gate.toml`, for editors without a network.

use gate_base::error::Result;
use gate_base::exit;

use super::Conversation;

pub(super) fn run(conversation: &Conversation<'_>) -> Result<i32> {
    conversation.printer.data(gate_policy::schema_text())?;
    Ok(exit::READY)
}
