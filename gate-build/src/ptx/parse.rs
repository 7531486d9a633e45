//! The parser of [`Module`].

use super::cursor::Cursor;
use super::error::ParseError;
use super::model::{Entry, Isa, Linkage, Module, Param, Performance};
use super::types::{Opaque, ParamType, Scalar, Space};
use crate::arch::Arch;
use crate::sorted::Append as _;

impl Module {
    /// Reads a PTX text.
    ///
    /// Directives this version of the crate does not know are left behind as whole statements when they stand beside entries, since they cannot
    /// change what an entry takes; inside an entry's header they are an error.
    ///
    /// # Errors
    /// The text ends early, has no `.version` or `.target`, defines an entry twice, or is something else than PTX.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text);
        let mut header = Header::default();
        let mut entries: Vec<Entry> = Vec::new();
        let mut functions = Vec::new();
        let mut linkage = Linkage::Internal;
        while let Some(byte) = cursor.peek()? {
            let word = cursor.word()?;
            match word {
                ".visible" => linkage = Linkage::Visible,
                ".weak" => linkage = Linkage::Weak,
                ".extern" => linkage = Linkage::Extern,
                ".common" => linkage = Linkage::Common,
                ".entry" => {
                    let line = cursor.line(cursor.at());
                    if let Some(entry) = entry(&mut cursor, std::mem::replace(&mut linkage, Linkage::Internal), line)? {
                        if entries.iter().any(|other| other.name == entry.name) {
                            return Err(ParseError {
                                line,
                                message: format!("entry `{}` is defined twice", entry.name),
                            });
                        }
                        entries.push(entry);
                    }
                }
                ".func" => {
                    linkage = Linkage::Internal;
                    functions.append_all(function(&mut cursor)?);
                }
                "" if matches!(byte, b';' | b'@') => {
                    // `@@DWARF …` is the line-wise form of debug information.
                    cursor.skip_character();
                    if byte == b'@' {
                        cursor.skip_line();
                    }
                }
                "" => return Err(cursor.error(format!("expected a directive, found {}", cursor.found()))),
                _ if !word.starts_with('.') => {
                    return Err(cursor.error(format!("expected a directive, found `{word}`")));
                }
                _ => {
                    linkage = Linkage::Internal;
                    header.directive(&mut cursor, word)?;
                }
            }
        }
        let missing = |directive| ParseError {
            line: 1,
            message: format!("missing `{directive}`: the text is not a PTX module"),
        };
        Ok(Self {
            version: header.version.ok_or_else(|| missing(".version"))?,
            target: header.target.ok_or_else(|| missing(".target"))?,
            address_size: header.address_size.unwrap_or(32),
            entries,
            functions,
        })
    }
}

#[derive(Default)]
struct Header {
    version: Option<Isa>,
    target: Option<Arch>,
    address_size: Option<u8>,
}

impl Header {
    /// A directive that stands beside entries, after its first word.
    fn directive(&mut self, cursor: &mut Cursor<'_>, directive: &str) -> Result<(), ParseError> {
        match directive {
            ".version" => {
                let word = cursor.expect_word("a version")?;
                self.version = Some(word.parse().map_err(|message: String| cursor.error(message))?);
            }
            ".target" => {
                let word = cursor.expect_word("an architecture")?;
                let arch = Some(word)
                    .filter(|word| word.starts_with("sm_"))
                    .and_then(|word| word.parse().ok());
                self.target = Some(arch.ok_or_else(|| {
                    cursor.error(format!(
                        "expected an architecture such as `sm_80` or \
                         `sm_90a`, found `{word}`"
                    ))
                })?);
                while cursor.take(b',')? {
                    cursor.expect_word("a target option")?;
                }
            }
            ".address_size" => {
                let bits = cursor.number("32 or 64")?;
                let bits = u8::try_from(bits).ok().filter(|bits| matches!(bits, 32 | 64));
                self.address_size = Some(bits.ok_or_else(|| cursor.error("the address size must be 32 or 64"))?);
            }
            // These have no terminator: they end with their line.
            ".loc" | ".file" => cursor.skip_line(),
            ".section" => {
                cursor.expect_word("the name of a section")?;
                cursor.skip_statement("a section")?;
            }
            _ => cursor.skip_statement(&format!("`{directive}`"))?,
        }
        Ok(())
    }
}

/// A function after `.func`: its name when it has a body.
fn function(cursor: &mut Cursor<'_>) -> Result<Option<String>, ParseError> {
    while cursor.peek_word()?.starts_with('.') {
        cursor.word()?;
        skip_list(cursor, "an attribute")?;
    }
    skip_list(cursor, "a return value")?;
    let name = cursor.expect_word("the name of a function")?.to_string();
    loop {
        match cursor.peek()? {
            Some(b'{') => {
                cursor.block(&format!("function `{name}`"))?;
                return Ok(Some(name));
            }
            Some(b';') => {
                cursor.skip_character();
                return Ok(None);
            }
            Some(b'"') => cursor.string()?,
            Some(_) if cursor.word()?.is_empty() => cursor.skip_character(),
            Some(_) => {}
            None => return Err(cursor.error(format!("unexpected end of text inside the declaration of `{name}`"))),
        }
    }
}

/// Leaves an optional list in parentheses behind.
fn skip_list(cursor: &mut Cursor<'_>, what: &str) -> Result<(), ParseError> {
    if cursor.take(b'(')? {
        while !cursor.take(b')')? {
            if cursor.peek()?.is_none() {
                return Err(cursor.error(format!("unexpected end of text inside {what}")));
            }
            if cursor.word()?.is_empty() {
                cursor.skip_character();
            }
        }
    }
    Ok(())
}

/// An entry after `.entry`; `None` for a declaration without a body.
fn entry(cursor: &mut Cursor<'_>, linkage: Linkage, line: usize) -> Result<Option<Entry>, ParseError> {
    let name = cursor.expect_word("the name of an entry")?.to_string();
    let mut params = Vec::new();
    if cursor.take(b'(')? && !cursor.take(b')')? {
        loop {
            params.push(param(cursor)?);
            if !cursor.take(b',')? {
                break;
            }
        }
        cursor.expect(b')', &format!("after the parameters of `{name}`"))?;
    }
    let mut performance = Performance::default();
    loop {
        match cursor.peek()? {
            Some(b'{') => {
                let body = cursor.block(&format!("entry `{name}`"))?;
                return Ok(Some(Entry {
                    name,
                    linkage,
                    params,
                    performance,
                    line,
                    body,
                }));
            }
            Some(b';') => {
                cursor.skip_character();
                return Ok(None);
            }
            None => return Err(cursor.error(format!("unexpected end of text inside the header of entry `{name}`"))),
            Some(_) => directive(cursor, &mut performance, &name)?,
        }
    }
}

/// A directive between the parameters of an entry and its body.
fn directive(cursor: &mut Cursor<'_>, performance: &mut Performance, entry: &str) -> Result<(), ParseError> {
    let word = cursor.word()?;
    match word {
        ".maxntid" => performance.max_ntid = Some(extent(cursor)?),
        ".reqntid" => performance.req_ntid = Some(extent(cursor)?),
        ".reqnctapercluster" => performance.req_cluster = Some(extent(cursor)?),
        ".minnctapersm" => performance.min_blocks = Some(cursor.number("a number of blocks")?),
        ".maxnctapersm" => performance.max_blocks = Some(cursor.number("a number of blocks")?),
        ".maxnreg" => performance.max_registers = Some(cursor.number("a number of registers")?),
        ".maxclusterrank" => performance.max_cluster = Some(cursor.number("a number of blocks")?),
        ".explicitcluster" | ".blocksareclusters" | ".noreturn" => {}
        ".pragma" => cursor.skip_statement("`.pragma`")?,
        ".abi_preserve" | ".abi_preserve_control" => drop(cursor.number("a number of registers")?),
        // Between the header and the body some compilers place the position of the first line.
        ".loc" => cursor.skip_line(),
        "" => {
            return Err(cursor.error(format!(
                "expected the body of entry `{entry}`, found {}",
                cursor.found()
            )));
        }
        _ => {
            return Err(cursor.error(format!(
                "unsupported directive `{word}` in the header of entry `{entry}`"
            )));
        }
    }
    Ok(())
}

/// One to three numbers, the missing ones 1.
fn extent(cursor: &mut Cursor<'_>) -> Result<[u32; 3], ParseError> {
    let mut extent = [cursor.number("a number of threads")?, 1, 1];
    for dimension in &mut extent[1..] {
        if !cursor.take(b',')? {
            break;
        }
        *dimension = cursor.number("a number of threads")?;
    }
    Ok(extent)
}

/// A parameter: `.param .align 8 .b8 name[24]`, `.param .u64 .ptr .global .align 16 name`.
fn param(cursor: &mut Cursor<'_>) -> Result<Param, ParseError> {
    let mut kind: Option<ParamType> = None;
    let mut declared_align = None;
    if cursor.peek_word()? != ".param" {
        return Err(cursor.error(format!("expected `.param`, found {}", cursor.found())));
    }
    cursor.word()?;
    let name = loop {
        let word = cursor.expect_word("the type or name of a parameter")?;
        let Some(attribute) = word.strip_prefix('.') else {
            break word;
        };
        match attribute {
            "align" => {
                let bytes = cursor.number("an alignment")?;
                if !bytes.is_power_of_two() {
                    return Err(cursor.error(format!("invalid alignment {bytes}: expected a power of two")));
                }
                match &mut kind {
                    Some(ParamType::Pointer { align, .. }) => *align = Some(bytes),
                    _ => declared_align = Some(bytes),
                }
            }
            "ptr" => match kind {
                Some(ParamType::Scalar(scalar)) => {
                    kind = Some(ParamType::Pointer {
                        scalar,
                        space: None,
                        align: None,
                    });
                }
                _ => return Err(cursor.error("`.ptr` must follow the type of a parameter")),
            },
            _ => match (Space::from_name(attribute), &mut kind) {
                (Some(found), Some(ParamType::Pointer { space, .. })) => *space = Some(found),
                _ => {
                    kind = Some(
                        fundamental(attribute)
                            .ok_or_else(|| cursor.error(format!("`{word}` is not a parameter type")))?,
                    );
                }
            },
        }
    };
    let mut ty = kind.ok_or_else(|| cursor.error(format!("parameter `{name}` has no type")))?;
    let mut length: Option<u32> = None;
    while cursor.take(b'[')? {
        let extent = cursor.number("the length of an array")?;
        cursor.expect(b']', "after the length of an array")?;
        let product = length.unwrap_or(1).checked_mul(extent);
        length = Some(product.ok_or_else(|| cursor.error(format!("parameter `{name}` is larger than 4 GiB")))?);
    }
    match (&ty, length) {
        (ParamType::Scalar(element), Some(length)) => {
            ty = ParamType::Array {
                element: *element,
                length,
                align: declared_align,
            };
        }
        (_, Some(_)) => {
            return Err(cursor.error(format!("parameter `{name}` is an array of an unsupported type")));
        }
        // A scalar that is aligned more strictly than its type keeps that as an array of one element would.
        (ParamType::Scalar(element), None) if declared_align.is_some_and(|align| align != element.bytes()) => {
            ty = ParamType::Array {
                element: *element,
                length: 1,
                align: declared_align,
            };
        }
        _ => {}
    }
    Ok(Param {
        name: name.to_string(),
        ty,
    })
}

fn fundamental(name: &str) -> Option<ParamType> {
    Scalar::from_name(name)
        .map(ParamType::Scalar)
        .or_else(|| Opaque::from_name(name).map(ParamType::Opaque))
}
