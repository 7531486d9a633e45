//! Data sets as rows of text: JSON lines and CSV, plain or compressed, streamed in batches of bounded size.

mod batch;
mod fields;

pub(crate) use batch::{Batch, Format, Rows, count, has_rows, headers};
pub(crate) use fields::Text;
