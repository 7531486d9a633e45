//! Numbers in registers: 64 bits, of which an instruction uses as many as its type has.

/// Type in the name of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Predicate,
    /// Bits or an unsigned integer.
    Unsigned(u32),
    Signed(u32),
    F32,
    F64,
}

impl Type {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "pred" => Type::Predicate,
            "f32" => Type::F32,
            "f64" => Type::F64,
            _ => {
                let width = name
                    .get(1..)?
                    .parse()
                    .ok()
                    .filter(|width| [8, 16, 32, 64].contains(width))?;
                match name.as_bytes()[0] {
                    b's' => Type::Signed(width),
                    b'u' | b'b' => Type::Unsigned(width),
                    _ => return None,
                }
            }
        })
    }

    pub(crate) fn width(self) -> u32 {
        match self {
            Type::Predicate => 1,
            Type::Unsigned(width) | Type::Signed(width) => width,
            Type::F32 => 32,
            Type::F64 => 64,
        }
    }

    /// The lower bits.
    pub(crate) fn cut(self, value: u64) -> u64 {
        match self.width() {
            64 => value,
            width => value & ((1 << width) - 1),
        }
    }

    /// The value with its sign.
    pub(crate) fn signed(self, value: u64) -> i64 {
        let unused = 64 - self.width();
        ((value << unused) as i64) >> unused
    }

    /// `a op b` for a comparison; of floating point, `u` at the end of the name means or unordered.
    pub(crate) fn compare(self, op: &str, a: u64, b: u64) -> Option<bool> {
        use std::cmp::Ordering;
        let order = match self {
            Type::F32 => f32::from_bits(a as u32).partial_cmp(&f32::from_bits(b as u32)),
            Type::F64 => f64::from_bits(a).partial_cmp(&f64::from_bits(b)),
            Type::Signed(_) => Some(self.signed(a).cmp(&self.signed(b))),
            Type::Unsigned(_) | Type::Predicate => Some(self.cut(a).cmp(&self.cut(b))),
        };
        match op {
            "nan" => return Some(order.is_none()),
            "num" => return Some(order.is_some()),
            _ => {}
        }
        let is_float = matches!(self, Type::F32 | Type::F64);
        let (op, unordered) = match op.strip_suffix('u') {
            Some(op) if is_float && op.len() == 2 => (op, true),
            _ => (op, false),
        };
        let Some(order) = order else {
            return Some(unordered);
        };
        Some(match op {
            "eq" => order == Ordering::Equal,
            "ne" => order != Ordering::Equal,
            "lt" => order == Ordering::Less,
            "le" => order != Ordering::Greater,
            "gt" => order == Ordering::Greater,
            "ge" => order != Ordering::Less,
            _ => return None,
        })
    }
}

/// Up to 8 bytes as a number, lowest first.
pub(crate) fn from_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// An operation of two numbers, `None` where there is none of this name.
pub(crate) fn binary(op: &str, ty: Type, a: u64, b: u64) -> Option<u64> {
    let float32 = |f: fn(f32, f32) -> f32| u64::from(f(f32::from_bits(a as u32), f32::from_bits(b as u32)).to_bits());
    let float64 = |f: fn(f64, f64) -> f64| f(f64::from_bits(a), f64::from_bits(b)).to_bits();
    let (x, y) = (ty.signed(a), ty.signed(b));
    Some(match (op, ty) {
        ("add.rn", Type::F32) => float32(|a, b| a + b),
        ("sub.rn", Type::F32) => float32(|a, b| a - b),
        ("mul.rn", Type::F32) => float32(|a, b| a * b),
        ("div.rn", Type::F32) => float32(|a, b| a / b),
        ("add.rn", Type::F64) => float64(|a, b| a + b),
        ("sub.rn", Type::F64) => float64(|a, b| a - b),
        ("mul.rn", Type::F64) => float64(|a, b| a * b),
        ("div.rn", Type::F64) => float64(|a, b| a / b),
        (_, Type::F32 | Type::F64) => return None,
        ("add", _) => a.wrapping_add(b),
        ("sub", _) => a.wrapping_sub(b),
        ("mul.lo", _) => a.wrapping_mul(b),
        ("mul.hi", Type::Unsigned(64)) => ((u128::from(a) * u128::from(b)) >> 64) as u64,
        ("div", Type::Unsigned(_)) => ty.cut(a).checked_div(ty.cut(b))?,
        ("rem", Type::Unsigned(_)) => ty.cut(a).checked_rem(ty.cut(b))?,
        ("and", _) => a & b,
        ("or", _) => a | b,
        ("xor", _) => a ^ b,
        ("min", Type::Signed(_)) => x.min(y) as u64,
        ("max", Type::Signed(_)) => x.max(y) as u64,
        ("min", _) => ty.cut(a).min(ty.cut(b)),
        ("max", _) => ty.cut(a).max(ty.cut(b)),
        // A shift by more than the width gives what is left then; the amount has 32 bits.
        ("shl", _) => a.checked_shl(b as u32).filter(|_| (b as u32) < ty.width()).unwrap_or(0),
        ("shr", Type::Signed(_)) => (x >> (b as u32).min(63)) as u64,
        ("shr", _) => ty.cut(a).checked_shr(b as u32).unwrap_or(0),
        _ => return None,
    })
}

/// An operation of one number, `None` where there is none of this name.
pub(crate) fn unary(op: &str, ty: Type, a: u64) -> Option<u64> {
    let float32 = |f: fn(f32) -> f32| u64::from(f(f32::from_bits(a as u32)).to_bits());
    let float64 = |f: fn(f64) -> f64| f(f64::from_bits(a)).to_bits();
    Some(match (op, ty) {
        ("mov", _) => a,
        ("abs", Type::F32) => float32(f32::abs),
        ("abs", Type::F64) => float64(f64::abs),
        ("neg", Type::F32) => float32(|a| -a),
        ("neg", Type::F64) => float64(|a| -a),
        ("rcp.rn", Type::F32) => float32(|a| 1.0 / a),
        ("sqrt.rn", Type::F32) => float32(f32::sqrt),
        ("abs", Type::Signed(_)) => ty.signed(a).wrapping_abs() as u64,
        ("neg", Type::Signed(_)) => ty.signed(a).wrapping_neg() as u64,
        ("not", _) => !a,
        ("clz", _) => u64::from(ty.cut(a).leading_zeros() - (64 - ty.width())),
        _ => return None,
    })
}

/// A conversion, `None` for one that is not known.
pub(crate) fn convert(rounding: &str, to: Type, from: Type, a: u64) -> Option<u64> {
    Some(match (rounding, to, from) {
        ("", Type::F64, Type::F32) => f64::from(f32::from_bits(a as u32)).to_bits(),
        ("rn", Type::F32, Type::Unsigned(_)) => u64::from((from.cut(a) as f32).to_bits()),
        ("rn", Type::F64, Type::Unsigned(_)) => (from.cut(a) as f64).to_bits(),
        ("", Type::Unsigned(_) | Type::Signed(_), Type::Unsigned(_)) => to.cut(from.cut(a)),
        ("", Type::Unsigned(_) | Type::Signed(_), Type::Signed(_)) => to.cut(from.signed(a) as u64),
        _ => return None,
    })
}
