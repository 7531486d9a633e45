//! `.npy`, versions 1 to 3 (numpy, NEP 1): a dictionary that says what follows, and the elements.

use crate::dtype::Dtype;
use crate::output::Tensor;

const MAGIC: &[u8] = b"\x93NUMPY";

pub(super) fn read(bytes: &[u8]) -> Result<Tensor, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("byte 0: not the magic of `.npy`")?;
    let (length, begin) = match rest {
        [1, _, low, high, ..] => (usize::from(u16::from_le_bytes([*low, *high])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        _ => return Err("byte 6: not version 1, 2 or 3".to_owned()),
    };
    let end = begin + length;
    let header = bytes
        .get(begin..end)
        .ok_or_else(|| format!("byte {begin}: the header ends after {} bytes", bytes.len()))?;
    let header = std::str::from_utf8(header).map_err(|_| format!("byte {begin}: the header is not UTF-8"))?;
    let wrong = |what: &str| format!("byte {begin}: {what} in the header `{}`", header.trim_end());
    let field = |name: &str| {
        let rest = header.split_once(&format!("'{name}'"))?.1;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let description = field("descr").and_then(|rest| rest.strip_prefix('\'')?.split_once('\''));
    let description = description.ok_or_else(|| wrong("no simple `descr`"))?.0;
    let (big, dtype) = parse_type(description).ok_or_else(|| wrong("an unknown type"))?;
    let shape = field("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
    let shape = shape.ok_or_else(|| wrong("no `shape`"))?.0;
    let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty());
    let shape: Vec<usize> = lengths
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| wrong("a malformed `shape`"))?;
    let fortran = field("fortran_order").ok_or_else(|| wrong("no `fortran_order`"))?;
    if !fortran.starts_with("False") && shape.len() > 1 {
        return Err(wrong(
            "columns before rows: write the array with `numpy.ascontiguousarray`,",
        ));
    }
    let size = dtype.bytes_of(&shape).ok_or_else(|| wrong("too large a `shape`"))?;
    let mut data = bytes[end..].to_vec();
    if data.len() != size {
        return Err(format!(
            "byte {end}: {} bytes follow, and {} {shape:?} takes {size}",
            data.len(),
            dtype.name()
        ));
    }
    if big {
        data.chunks_exact_mut(dtype.size()).for_each(<[u8]>::reverse);
    }
    Ok(Tensor {
        name: "data".to_owned(),
        dtype,
        shape,
        data,
    })
}

/// `<f4`: whether the largest byte comes first, and the type.
fn parse_type(text: &str) -> Option<(bool, Dtype)> {
    let mut chars = text.chars();
    let order = chars.next()?;
    let dtype = match chars.as_str() {
        "b1" => Dtype::Bool,
        "i1" => Dtype::I8,
        "u1" => Dtype::U8,
        "i2" => Dtype::I16,
        "u2" => Dtype::U16,
        "i4" => Dtype::I32,
        "u4" => Dtype::U32,
        "i8" => Dtype::I64,
        "u8" => Dtype::U64,
        "f2" => Dtype::F16,
        "f4" => Dtype::F32,
        "f8" => Dtype::F64,
        _ => return None,
    };
    match order {
        '<' => Some((false, dtype)),
        '>' => Some((true, dtype)),
        '|' if dtype.size() == 1 => Some((false, dtype)),
        _ => None,
    }
}
