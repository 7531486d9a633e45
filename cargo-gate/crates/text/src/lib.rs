//! Readers of text: secrets and paths of machines, and Markdown. Bytes in, facts out.
pub mod markdown;
pub mod secrets;
