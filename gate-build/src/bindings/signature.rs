//! Rust signatures that a build script declares for kernels, and how an entry may contradict them.

use std::fmt;
use std::str::FromStr;

use crate::ptx::access::Access;
use crate::ptx::{Entry, ParamType, Scalar};
use crate::sorted::List as _;

/// A kernel with the Rust signature it is called by: `softmax_f32`, `fn(input: *const f32, output: *mut f32, rows: u32)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Symbol of the entry.
    pub kernel: String,
    /// Parameters in order.
    pub params: Vec<DeclaredParam>,
}

/// A parameter of a declared signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredParam {
    /// Its name, when one is given.
    pub name: Option<String>,
    /// Its type.
    pub ty: RustType,
}

/// A Rust type that can be a kernel parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RustType {
    /// `*const T`: the kernel may not write there.
    Const(String),
    /// `*mut T`.
    Mut(String),
    /// An integer, `bool` or `char`: its name and size in bytes.
    Integer(String, u32),
    /// `f16`, `f32` or `f64`: its name and size in bytes.
    Float(String, u32),
    /// `[T; N]` of numbers, for structures passed by value: size in bytes.
    Bytes(String, u32),
}

impl fmt::Display for RustType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RustType::Const(pointee) => write!(f, "*const {pointee}"),
            RustType::Mut(pointee) => write!(f, "*mut {pointee}"),
            RustType::Integer(name, _) | RustType::Float(name, _) | RustType::Bytes(name, _) => f.write_str(name),
        }
    }
}

/// Text that is no signature of a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotASignature {
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for NotASignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NotASignature {}

impl Declared {
    /// Reads a signature as Rust spells it: `fn(input: *const f32, output: *mut f32, rows: u32)`; names are optional. Types are
    /// integers, floats, `bool`, raw pointers to anything, and arrays of numbers for structures passed by value.
    ///
    /// # Errors
    /// The text is something else.
    pub fn new(kernel: impl Into<String>, signature: &str) -> Result<Self, NotASignature> {
        let kernel = kernel.into();
        let wrong = |detail: String| NotASignature {
            message: format!("kernel `{kernel}`: invalid signature `{signature}`: {detail}"),
        };
        let list = signature
            .trim()
            .strip_prefix("fn")
            .and_then(|rest| rest.trim_start().strip_prefix('('))
            .and_then(|rest| rest.trim_end().strip_suffix(')'))
            .ok_or_else(|| {
                wrong(
                    "write a Rust function type, such as `fn(input: *const f32, output: *mut f32, rows: \
                 u32)`"
                        .to_string(),
                )
            })?;
        let params = split(list)
            .map(|param| {
                // A path in a type has `::`, a name is followed by one colon.
                let colon = param
                    .find(':')
                    .filter(|at| !param[at + 1..].starts_with(':') && !param[..*at].contains(['*', '[']));
                let (name, ty) = match colon {
                    Some(at) => (Some(param[..at].trim().to_string()), &param[at + 1..]),
                    None => (None, param),
                };
                let ty = ty.trim().parse().map_err(|NotASignature { message }| wrong(message))?;
                Ok(DeclaredParam { name, ty })
            })
            .list_ok()?;
        Ok(Self { kernel, params })
    }
}

impl FromStr for RustType {
    type Err = NotASignature;

    fn from_str(text: &str) -> Result<Self, NotASignature> {
        let pointee = |rest: &str| rest.trim().to_string();
        if let Some(rest) = text.strip_prefix("*const ") {
            return Ok(RustType::Const(pointee(rest)));
        }
        if let Some(rest) = text.strip_prefix("*mut ") {
            return Ok(RustType::Mut(pointee(rest)));
        }
        let unknown = || NotASignature {
            message: format!("`{text}` is not a kernel parameter type"),
        };
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let (element, length) = inner.split_once(';').ok_or_else(unknown)?;
            let (_, bytes) = number(element.trim()).ok_or_else(unknown)?;
            let length: u32 = length.trim().parse().map_err(|_| unknown())?;
            return Ok(RustType::Bytes(
                text.to_string(),
                bytes.checked_mul(length).ok_or_else(unknown)?,
            ));
        }
        let (float, bytes) = number(text).ok_or_else(unknown)?;
        Ok(if float {
            RustType::Float(text.to_string(), bytes)
        } else {
            RustType::Integer(text.to_string(), bytes)
        })
    }
}

/// Whether a number is a float, and its size in bytes on a device with 64-bit addresses.
fn number(name: &str) -> Option<(bool, u32)> {
    Some(match name {
        "u8" | "i8" | "bool" => (false, 1),
        "u16" | "i16" => (false, 2),
        "u32" | "i32" | "char" => (false, 4),
        "u64" | "i64" | "usize" | "isize" => (false, 8),
        "u128" | "i128" => (false, 16),
        "f16" => (true, 2),
        "f32" => (true, 4),
        "f64" => (true, 8),
        _ => return None,
    })
}

/// Parameters between commas that stand outside of brackets; a trailing comma is allowed.
fn split(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let parts: Vec<&str> = list
        .split(move |c| {
            match c {
                '[' | '(' | '<' => depth += 1,
                ']' | ')' | '>' => depth -= 1,
                _ => {}
            }
            c == ',' && depth == 0
        })
        .map(str::trim)
        .list();
    let end = if parts.last().is_some_and(|last| last.is_empty()) {
        parts.len() - 1
    } else {
        parts.len()
    };
    parts.into_iter().take(end)
}

/// How an entry contradicts the signature that is declared for it; `None` when it does not. `accesses` is what the kernel does with its
/// parameters, from [`crate::ptx::access::accesses`]; a pointer that escapes is believed.
#[must_use]
pub fn disagreement(declared: &Declared, entry: &Entry, accesses: &[Access]) -> Option<String> {
    let kernel = &entry.name;
    let (expected, found) = (declared.params.len(), entry.params.len());
    if expected != found {
        return Some(format!(
            "kernel `{kernel}` takes {found} {}, but the signature declares {expected}",
            plural(found)
        ));
    }
    for (index, (declared, param)) in declared.params.iter().zip(&entry.params).enumerate() {
        let name = declared
            .name
            .as_ref()
            .map_or(String::new(), |name| format!(" (`{name}`)"));
        let subject = format!("kernel `{kernel}`, parameter {}{name}", index + 1);
        if !fits(&declared.ty, &param.ty) {
            let bytes = param.ty.bytes();
            return Some(format!(
                "{subject} is declared as `{}`, but the entry takes `{}` ({bytes} {})",
                declared.ty,
                param.ty,
                byte_word(bytes)
            ));
        }
        if let (
            RustType::Const(_),
            Some(Access {
                written_at: Some(line), ..
            }),
        ) = (&declared.ty, accesses.get(index))
        {
            return Some(format!(
                "{subject} is declared as `{}`, but the kernel writes to it on line {line} of its PTX",
                declared.ty
            ));
        }
    }
    None
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "parameter" } else { "parameters" }
}

fn byte_word(count: u32) -> &'static str {
    if count == 1 { "byte" } else { "bytes" }
}

/// Whether a value of the Rust type is what the entry takes. PTX tells floats from integers but not signs, and `b` types hold anything.
fn fits(declared: &RustType, ty: &ParamType) -> bool {
    use Scalar::{F16, F16x2, F32, F64, S8, S16, S32, S64, U8, U16, U32, U64};
    match declared {
        RustType::Const(_) | RustType::Mut(_) => ty.may_hold_address() && ty.bytes() == 8,
        RustType::Integer(_, bytes) => {
            *bytes == ty.bytes()
                && !matches!(ty, ParamType::Pointer { .. } | ParamType::Opaque(_))
                && !matches!(ty, ParamType::Scalar(F16 | F16x2 | F32 | F64)) | (*bytes == 2)
        }
        RustType::Float(_, bytes) => {
            *bytes == ty.bytes()
                && !matches!(ty, ParamType::Pointer { .. } | ParamType::Opaque(_))
                && !matches!(ty, ParamType::Scalar(U8 | U16 | U32 | U64 | S8 | S16 | S32 | S64)) | (*bytes == 2)
        }
        RustType::Bytes(_, bytes) => *bytes == ty.bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::Module;

    const TEXT: &str = "\
.version 8.0
.target sm_80
.address_size 64
.visible .entry axpy(.param .u64 a, .param .u64 .ptr .global .align 4 b, .param .f32 c, .param .u32 d, .param .align 8 .b8 e[24])
{
    ld.param.u64 %rd1, [a];
    st.global.f32 [%rd1], %f1;
    ret;
}
";

    fn check(signature: &str) -> Option<String> {
        let module = Module::parse(TEXT).unwrap();
        let entry = &module.entries[0];
        let declared = Declared::new("axpy", signature).unwrap();
        disagreement(&declared, entry, &crate::ptx::access::accesses(TEXT, entry))
    }

    #[test]
    fn the_real_signature_fits() {
        assert_eq!(check("fn(*mut f32, *const f32, f32, u32, [u64; 3])"), None);
        assert_eq!(
            check("fn(out: *mut my::Type, x: *mut [f32; 4], a: f32, n: i32, s: [u8; 24],)"),
            None
        );
    }

    #[test]
    fn arity_width_class_and_constness_are_told_apart() {
        for (signature, message) in [
            (
                "fn(*mut f32)",
                "kernel `axpy` takes 5 parameters, but the signature declares 1",
            ),
            (
                "fn(*mut f32, *const f32, f32, n: u64, [u8; 24])",
                "kernel `axpy`, parameter 4 (`n`) is declared as `u64`, but the entry takes `u32` (4 bytes)",
            ),
            (
                "fn(*mut f32, *const f32, u32, u32, [u8; 24])",
                "kernel `axpy`, parameter 3 is declared as `u32`, but the entry takes `f32` (4 bytes)",
            ),
            (
                "fn(*mut f32, u64, f32, u32, [u8; 24])",
                "kernel `axpy`, parameter 2 is declared as `u64`, but the entry takes `u64 ptr global align 4` (8 bytes)",
            ),
            (
                "fn(y: *const f32, *const f32, f32, u32, [u8; 24])",
                "kernel `axpy`, parameter 1 (`y`) is declared as `*const f32`, but the kernel writes to it on line 7 of its PTX",
            ),
            (
                "fn(*mut f32, *const f32, f32, u32, [u8; 16])",
                "kernel `axpy`, parameter 5 is declared as `[u8; 16]`, but the entry takes `align 8 b8[24]` (24 bytes)",
            ),
        ] {
            assert_eq!(check(signature).as_deref(), Some(message));
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "fn", "(u32)", "fn(u31)", "fn(&[f32])", "fn([f32])", "fn(u32,,u32)"] {
            assert!(Declared::new("k", text).is_err(), "{text}");
        }
        assert_eq!(Declared::new("k", "fn()").unwrap().params, []);
    }
}
