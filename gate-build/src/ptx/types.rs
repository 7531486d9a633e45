//! Types of kernel parameters, as `.entry` declares them, and their one-line form in `kernels.lock`.

use std::fmt;
use std::str::FromStr;

use crate::sorted::List as _;

/// A fundamental type of PTX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of PTX")]
pub enum Scalar {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F16,
    F16x2,
    F32,
    F64,
    B8,
    B16,
    B32,
    B64,
    B128,
}

impl Scalar {
    const ALL: [(Self, &'static str, u32); 17] = [
        (Self::U8, "u8", 1),
        (Self::U16, "u16", 2),
        (Self::U32, "u32", 4),
        (Self::U64, "u64", 8),
        (Self::S8, "s8", 1),
        (Self::S16, "s16", 2),
        (Self::S32, "s32", 4),
        (Self::S64, "s64", 8),
        (Self::F16, "f16", 2),
        (Self::F16x2, "f16x2", 4),
        (Self::F32, "f32", 4),
        (Self::F64, "f64", 8),
        (Self::B8, "b8", 1),
        (Self::B16, "b16", 2),
        (Self::B32, "b32", 4),
        (Self::B64, "b64", 8),
        (Self::B128, "b128", 16),
    ];

    /// The name without the dot: `u32`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Size, and natural alignment, in bytes.
    #[must_use]
    pub fn bytes(self) -> u32 {
        Self::ALL[self as usize].2
    }

    /// The type with this name (without the dot).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .seek(|(_, known, _)| *known == name)
            .map(|(ty, ..)| *ty)
    }
}

/// State space a pointer parameter is declared to point to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of PTX")]
pub enum Space {
    Const,
    Global,
    Local,
    Shared,
}

impl Space {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Const, "const"),
        (Self::Global, "global"),
        (Self::Local, "local"),
        (Self::Shared, "shared"),
    ];

    /// The name without the dot: `global`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The state space with this name (without the dot).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .seek(|(_, known)| *known == name)
            .map(|(space, _)| *space)
    }
}

/// A handle whose layout PTX does not reveal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of PTX")]
pub enum Opaque {
    TexRef,
    SamplerRef,
    SurfRef,
}

impl Opaque {
    const ALL: [(Self, &'static str); 3] = [
        (Self::TexRef, "texref"),
        (Self::SamplerRef, "samplerref"),
        (Self::SurfRef, "surfref"),
    ];

    /// The name without the dot: `texref`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The handle with this name (without the dot).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .seek(|(_, known)| *known == name)
            .map(|(opaque, _)| *opaque)
    }
}

/// Type of a kernel parameter.
///
/// Its text is PTX without the dots, the form in which it stands in `kernels.lock`: `u32`, `u64 ptr global align 16`,
/// `align 8 b8[24]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParamType {
    /// A number or plain bits.
    Scalar(Scalar),
    /// An integer that is annotated as a pointer (`.ptr`). What a compiler does not annotate is a [`ParamType::Scalar`].
    Pointer {
        /// The integer that holds it: `u64` or `b64` with 64-bit addresses.
        scalar: Scalar,
        /// Where it points; `None`: generic.
        space: Option<Space>,
        /// Alignment of what it points to, in bytes; 4 where PTX states none.
        align: Option<u32>,
    },
    /// A structure or array passed by value.
    Array {
        /// Type of the elements; `b8` for structures.
        element: Scalar,
        /// Number of elements.
        length: u32,
        /// Declared alignment of the parameter, in bytes; the natural one of the element where none is stated.
        align: Option<u32>,
    },
    /// A texture, sampler or surface reference.
    Opaque(Opaque),
}

impl ParamType {
    /// Size in the parameter buffer, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        match self {
            ParamType::Scalar(scalar) | ParamType::Pointer { scalar, .. } => scalar.bytes(),
            ParamType::Array { element, length, .. } => element.bytes().saturating_mul(*length),
            ParamType::Opaque(_) => 8,
        }
    }

    /// Alignment in the parameter buffer, in bytes.
    #[must_use]
    pub fn align(&self) -> u32 {
        match self {
            ParamType::Scalar(scalar) | ParamType::Pointer { scalar, .. } => scalar.bytes(),
            ParamType::Array { element, align, .. } => align.unwrap_or_else(|| element.bytes()),
            ParamType::Opaque(_) => 8,
        }
    }

    /// Whether an address fits: a pointer, or 64 bits without an annotation.
    #[must_use]
    pub fn may_hold_address(&self) -> bool {
        matches!(
            self,
            ParamType::Pointer { .. } | ParamType::Scalar(Scalar::U64 | Scalar::B64 | Scalar::S64)
        )
    }
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamType::Scalar(scalar) => f.write_str(scalar.name()),
            ParamType::Pointer { scalar, space, align } => {
                write!(f, "{} ptr", scalar.name())?;
                if let Some(space) = space {
                    write!(f, " {}", space.name())?;
                }
                align.map_or(Ok(()), |align| write!(f, " align {align}"))
            }
            ParamType::Array { element, length, align } => {
                if let Some(align) = align {
                    write!(f, "align {align} ")?;
                }
                write!(f, "{}[{length}]", element.name())
            }
            ParamType::Opaque(opaque) => f.write_str(opaque.name()),
        }
    }
}

/// Text that is no parameter type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAParamType(pub String);

impl fmt::Display for NotAParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a PTX parameter type", self.0)
    }
}

impl std::error::Error for NotAParamType {}

impl FromStr for ParamType {
    type Err = NotAParamType;

    fn from_str(text: &str) -> Result<Self, NotAParamType> {
        read(text).ok_or_else(|| NotAParamType(text.to_string()))
    }
}

fn read(text: &str) -> Option<ParamType> {
    let mut words = text.split(' ').peekable();
    let leading = align(&mut words)?;
    let word = words.next()?;
    let ty = if let Some((element, rest)) = word.split_once('[') {
        let length = rest.strip_suffix(']')?.parse().ok()?;
        ParamType::Array {
            element: Scalar::from_name(element)?,
            length,
            align: leading,
        }
    } else if leading.is_some() {
        return None;
    } else if let Some(opaque) = Opaque::from_name(word) {
        ParamType::Opaque(opaque)
    } else {
        let scalar = Scalar::from_name(word)?;
        if words.next_if_eq(&"ptr").is_some() {
            let space = words.peek().and_then(|word| Space::from_name(word));
            if space.is_some() {
                words.next();
            }
            ParamType::Pointer {
                scalar,
                space,
                align: align(&mut words)?,
            }
        } else {
            ParamType::Scalar(scalar)
        }
    };
    words.next().is_none().then_some(ty)
}

/// An optional `align N`; the outer `None` when the number is missing or not a power of two.
fn align<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Option<Option<u32>> {
    if words.next_if_eq(&"align").is_none() {
        return Some(None);
    }
    let align: u32 = words.next()?.parse().ok()?;
    align.is_power_of_two().then_some(Some(align))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_type_reads_back() {
        for text in [
            "u32",
            "f16x2",
            "u64 ptr",
            "u64 ptr align 1",
            "u64 ptr global align 16",
            "b64 ptr shared",
        ] {
            assert_eq!(text.parse::<ParamType>().map(|ty| ty.to_string()).as_deref(), Ok(text));
        }
        for text in ["align 8 b8[24]", "f32[4]", "texref", "b128"] {
            assert_eq!(text.parse::<ParamType>().map(|ty| ty.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "u31",
            "u32 ",
            "align 8 u32",
            "u64 ptr align 3",
            "u64 ptr heap",
            "b8[]",
            "b8[24",
            "u32 u32",
            "align",
        ] {
            assert_eq!(text.parse::<ParamType>(), Err(NotAParamType(text.to_string())));
        }
    }

    #[test]
    fn tables_are_in_the_order_of_their_enums() {
        for (index, (scalar, ..)) in Scalar::ALL.iter().enumerate() {
            assert_eq!(*scalar as usize, index);
        }
    }
}
