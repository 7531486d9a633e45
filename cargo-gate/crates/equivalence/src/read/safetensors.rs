//! safetensors (<https://github.com/huggingface/safetensors>): the length of a JSON header, the header, and the elements.

use crate::dtype::Dtype;
use crate::output::Tensor;
use crate::safetensors::places;

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Tensor>, String> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("byte 0: no length of a header")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let header = rest
        .get(..length)
        .ok_or_else(|| format!("byte 0: the header has {length} bytes, and the file {}", bytes.len()))?;
    let data = &rest[length..];
    let wrong = |what: String| format!("byte 8: {what}");
    let places = places(header, data.len() as u64).map_err(wrong)?;
    let small = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    places
        .into_iter()
        .map(|place| {
            let dtype = parse_type(&place.dtype)
                .ok_or_else(|| wrong(format!("tensor `{}`: type `{}` is not read", place.name, place.dtype)))?;
            let part = data.get(small(place.begin)..small(place.end));
            Ok(Tensor {
                name: place.name,
                dtype,
                shape: place.shape.into_iter().map(small).collect(),
                data: part.unwrap_or_default().to_vec(),
            })
        })
        .collect()
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
