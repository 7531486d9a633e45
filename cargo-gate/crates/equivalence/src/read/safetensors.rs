//! safetensors (<https://github.com/huggingface/safetensors>): the length of a JSON header, the header, and the elements.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::dtype::Dtype;
use crate::output::Tensor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Tensor>, String> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("byte 0: no length of a header")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let header = rest
        .get(..length)
        .ok_or_else(|| format!("byte 0: the header has {length} bytes, and the file {}", bytes.len()))?;
    let data = &rest[length..];
    let wrong = |what: String| format!("byte 8: {what}");
    let header: BTreeMap<String, Value> = serde_json::from_slice(header).map_err(|error| wrong(error.to_string()))?;
    let mut tensors = Vec::new();
    let mut places = Vec::new();
    for (name, entry) in header {
        if name == "__metadata__" {
            continue;
        }
        let wrong = |what: String| wrong(format!("tensor `{name}`: {what}"));
        let entry: Entry = serde_json::from_value(entry).map_err(|error| wrong(error.to_string()))?;
        let dtype = parse_type(&entry.dtype).ok_or_else(|| wrong(format!("unknown type `{}`", entry.dtype)))?;
        let (begin, end) = entry.data_offsets;
        let part = (begin <= end).then(|| data.get(begin..end)).flatten();
        let part = part.ok_or_else(|| {
            wrong(format!(
                "bytes {begin} to {end} are not in the {} of the file",
                data.len()
            ))
        })?;
        if dtype.bytes_of(&entry.shape) != Some(part.len()) {
            return Err(wrong(format!(
                "{} bytes are not {} {:?}",
                part.len(),
                dtype.name(),
                entry.shape
            )));
        }
        places.push((begin, end));
        tensors.push(Tensor {
            name,
            dtype,
            shape: entry.shape,
            data: part.to_vec(),
        });
    }
    places.sort_unstable();
    let mut next = 0;
    for (begin, end) in places {
        if begin != next {
            return Err(wrong(format!(
                "tensors overlap or leave a gap at byte {begin} of the data"
            )));
        }
        next = end;
    }
    if next != data.len() {
        return Err(wrong(format!(
            "{} bytes of the data are of no tensor",
            data.len() - next
        )));
    }
    Ok(tensors)
}

fn parse_type(name: &str) -> Option<Dtype> {
    Some(match name {
        "BOOL" => Dtype::Bool,
        "I8" => Dtype::I8,
        "U8" => Dtype::U8,
        "I16" => Dtype::I16,
        "U16" => Dtype::U16,
        "I32" => Dtype::I32,
        "U32" => Dtype::U32,
        "I64" => Dtype::I64,
        "U64" => Dtype::U64,
        "F16" => Dtype::F16,
        "BF16" => Dtype::Bf16,
        "F32" => Dtype::F32,
        "F64" => Dtype::F64,
        _ => return None,
    })
}
