//! The header of a file of safetensors (<https://github.com/huggingface/safetensors>): which tensors it has, and which bytes each of them is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Longest header that the format allows, in bytes.
pub const LONGEST: u64 = 100_000_000;

/// A tensor as the header declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// The type of its elements, as the format writes it: `BF16`.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Where it begins, in bytes behind the header.
    pub begin: u64,
    /// Where it ends.
    pub end: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The tensors that a header declares, by name. `data` is how many bytes follow the header: tensors fill them without overlap and
/// without a gap.
///
/// # Errors
/// What is wrong, with the tensor where it is of one.
pub fn places(header: &[u8], data: u64) -> Result<Vec<Place>, String> {
    let header: BTreeMap<String, Value> = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let mut places = Vec::new();
    for (name, entry) in header {
        if name == "__metadata__" {
            continue;
        }
        let wrong = |what: String| format!("tensor `{name}`: {what}");
        let entry: Entry = serde_json::from_value(entry).map_err(|error| wrong(error.to_string()))?;
        let bits = bits(&entry.dtype).ok_or_else(|| wrong(format!("unknown type `{}`", entry.dtype)))?;
        let (begin, end) = entry.data_offsets;
        if begin > end || end > data {
            return Err(wrong(format!(
                "bytes {begin} to {end} are not in the {data} of the file"
            )));
        }
        let count = entry
            .shape
            .iter()
            .try_fold(1_u64, |all, length| all.checked_mul(*length));
        if count.and_then(|count| count.checked_mul(bits)) != (end - begin).checked_mul(8) {
            return Err(wrong(format!(
                "{} bytes are not {} {:?}",
                end - begin,
                entry.dtype.to_ascii_lowercase(),
                entry.shape
            )));
        }
        places.push(Place {
            name,
            dtype: entry.dtype,
            shape: entry.shape,
            begin,
            end,
        });
    }
    let mut order: Vec<(u64, u64)> = places.iter().map(|place| (place.begin, place.end)).collect();
    order.sort_unstable();
    let mut next = 0;
    for (begin, end) in order {
        if begin != next {
            return Err(format!("tensors overlap or leave a gap at byte {begin} of the data"));
        }
        next = end;
    }
    if next != data {
        return Err(format!("{} bytes of the data are of no tensor", data - next));
    }
    Ok(places)
}

/// Bits of an element of a type.
fn bits(name: &str) -> Option<u64> {
    Some(match name {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "I8" | "U8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}
