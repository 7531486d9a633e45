//! Readers of outputs: bytes in, rows or tensors out. What is malformed is refused with its place.

mod csv;
mod jsonl;
mod npy;
mod safetensors;

use crate::dtype::Dtype;
use crate::output::{Output, Tensor};
use crate::rule::{Format, Rules};

/// Largest output that is read, in bytes.
pub const LARGEST: usize = 1 << 30;

/// Reads an output.
///
/// # Errors
/// Place and cause, such as `line 3: …`.
pub fn read(rules: &Rules, bytes: Vec<u8>) -> Result<Output, String> {
    if bytes.len() > LARGEST {
        return Err(format!(
            "{} bytes are more than the {LARGEST} that are read",
            bytes.len()
        ));
    }
    match rules.format {
        Format::Jsonl => jsonl::read(&bytes).map(Output::Rows),
        Format::Csv => csv::read(&bytes, &rules.null).map(Output::Rows),
        Format::Npy => npy::read(&bytes).map(|tensor| Output::Tensors(vec![tensor])),
        Format::Safetensors => safetensors::read(&bytes).map(Output::Tensors),
        Format::Bytes => Ok(Output::Tensors(vec![Tensor {
            name: "bytes".to_owned(),
            dtype: Dtype::U8,
            shape: vec![bytes.len()],
            data: bytes,
        }])),
    }
}

#[cfg(test)]
mod tests;
