//! As much of PTX as verification needs: version, target, and the parameters of each entry.
//!
//! The grammar is that of the PTX ISA manual, "directives": an entry is `.entry NAME ( PARAMS )`, a parameter is
//! `.param [.align N] .TYPE [.ptr [.SPACE] [.align N]] NAME [ '[' N ']' ]`.

use super::{ParamType, Space};

/// What a text says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// `.version`, major and minor.
    pub(super) isa: (u8, u8),
    /// Number of the first `.target sm_N`.
    pub(super) arch: u32,
    /// Entries in the order of the text.
    pub(super) entries: Vec<(String, Vec<ParamType>)>,
}

/// Reads a text, or says what is wrong with it.
pub(super) fn read(text: &[u8]) -> Result<Header, String> {
    let text = std::str::from_utf8(text).map_err(|_| "the text is not UTF-8".to_owned())?;
    let mut tokens = Tokens { text, at: 0 };
    let mut isa = None;
    let mut arch = None;
    let mut entries = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            ".version" if isa.is_none() => {
                let version = tokens.next().unwrap_or_default();
                let (major, minor) = version.split_once('.').unwrap_or_default();
                let number = |digits: &str| digits.parse::<u8>();
                let (Ok(major), Ok(minor)) = (number(major), number(minor)) else {
                    return Err(format!("invalid `.version {version}`"));
                };
                isa = Some((major, minor));
            }
            ".target" if arch.is_none() => {
                let target = tokens.next().unwrap_or_default();
                let number = target.strip_prefix("sm_").unwrap_or_default();
                let digits = number.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
                let Ok(number) = digits.parse() else {
                    return Err(format!("invalid `.target {target}`"));
                };
                arch = Some(number);
            }
            ".entry" => entries.push(entry(&mut tokens)?),
            _ => {}
        }
    }
    Ok(Header {
        isa: isa.ok_or("missing `.version`")?,
        arch: arch.ok_or("missing `.target`")?,
        entries,
    })
}

fn entry(tokens: &mut Tokens<'_>) -> Result<(String, Vec<ParamType>), String> {
    let name = tokens.next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'%');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(format!("`.entry {name}` has no name"));
    }
    let mut params = Vec::new();
    // An entry without parameters may do without parentheses.
    if tokens.peek() != Some("(") {
        return Ok((name.to_owned(), params));
    }
    tokens.next();
    let mut words: Vec<&str> = Vec::new();
    loop {
        match tokens.next() {
            Some(token @ ("," | ")")) => {
                if !words.is_empty() {
                    let index = params.len();
                    let param = parameter(&words).ok_or_else(|| {
                        format!(
                            "parameter {index} of `{name}` is not valid \
                         PTX"
                        )
                    })?;
                    params.push(param);
                    words.clear();
                }
                if token == ")" {
                    return Ok((name.to_owned(), params));
                }
            }
            Some("{" | "}" | ";") | None => return Err(format!("unterminated parameter list of `{name}`")),
            Some(word) => words.push(word),
        }
    }
}

fn parameter(words: &[&str]) -> Option<ParamType> {
    let mut words = words.iter().copied().peekable();
    if words.next() != Some(".param") {
        return None;
    }
    let mut align = None;
    if words.next_if_eq(&".align").is_some() {
        align = Some(words.next()?.parse::<u32>().ok()?);
    }
    let ty = scalar(words.next()?)?;
    let mut pointer = None;
    if words.next_if_eq(&".ptr").is_some() {
        let space = words.next_if(|word| space(word).is_some()).and_then(space);
        let align = match words.next_if_eq(&".align") {
            Some(_) => words.next()?.parse().ok()?,
            None => 0,
        };
        pointer = Some(ParamType::Pointer { space, align });
    }
    let _name = words.next()?;
    let array = match words.next() {
        None => None,
        Some("[") => Some(words.next()?.parse::<u32>().ok()?),
        Some(_) => return None,
    };
    match (pointer, array) {
        (Some(pointer), None) if ty.size() == 8 => Some(pointer),
        (Some(_), _) => None,
        (None, None) => Some(ty),
        (None, Some(count)) => Some(ParamType::Bytes {
            size: count.checked_mul(ty.size())?,
            align: align.unwrap_or(ty.size()),
        }),
    }
}

fn scalar(word: &str) -> Option<ParamType> {
    use ParamType as P;
    Some(match word {
        ".u8" => P::U8,
        ".u16" => P::U16,
        ".u32" => P::U32,
        ".u64" => P::U64,
        ".s8" => P::S8,
        ".s16" => P::S16,
        ".s32" => P::S32,
        ".s64" => P::S64,
        ".f16" => P::F16,
        ".f32" => P::F32,
        ".f64" => P::F64,
        ".b8" => P::B8,
        ".b16" => P::B16,
        ".b32" => P::B32,
        ".b64" => P::B64,
        ".pred" => P::Pred,
        _ => return None,
    })
}

fn space(word: &str) -> Option<Space> {
    Some(match word {
        ".global" => Space::Global,
        ".const" => Space::Const,
        ".shared" => Space::Shared,
        ".local" => Space::Local,
        _ => return None,
    })
}

/// Words and brackets, without comments and strings.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn peek(&self) -> Option<&'a str> {
        Tokens { ..*self }.next()
    }

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        loop {
            let rest = &bytes[self.at..];
            let first = *rest.first()?;
            let skipped = match first {
                b'/' if rest.starts_with(b"//") => find(rest, b"\n"),
                b'/' if rest.starts_with(b"/*") => find(&rest[2..], b"*/").saturating_add(2),
                b'"' => find(&rest[1..], b"\"").saturating_add(1),
                _ if first.is_ascii_whitespace() => 1,
                _ => break,
            };
            self.at = self.at.saturating_add(skipped).min(bytes.len());
        }
        let start = self.at;
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",()[]{};\"".contains(byte);
        let rest = &bytes[start..];
        let len = match rest.iter().position(ends) {
            Some(0) => 1,
            Some(len) => len,
            None => rest.len(),
        };
        self.at = start + len;
        // Every boundary is an ASCII byte, so the slice starts and ends between letters.
        self.text.get(start..self.at)
    }
}

/// Number of bytes up to and including the first `needle`; all of them where there is none.
fn find(bytes: &[u8], needle: &[u8]) -> usize {
    let found = bytes.windows(needle.len()).position(|window| window == needle);
    found.map_or(bytes.len(), |at| at + needle.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    const TEXT: &str = "//\n// Generated .entry nothing(\n/* .version 1.0 */\n.version 8.5\n.target sm_90a, debug\n.address_size 64\n\
        \t.file 1 \"a .entry in a string\"\n\
        .visible .entry axpy(\n\t.param .f32 axpy_param_0,\n\t.param .u64 .ptr .global .align 4 axpy_param_1,\n\
        \t.param .u64 axpy_param_2, .param .align 8 .b8 axpy_param_3[24]\n)\n.maxntid 256\n{ ret; }\n.entry empty { ret; }\n";

    #[test]
    fn entries_are_read_with_their_parameters() {
        let header = read(TEXT.as_bytes()).expect("the text is PTX");
        assert_eq!((header.isa, header.arch), ((8, 5), 90));
        let pointer = ParamType::Pointer {
            space: Some(Space::Global),
            align: 4,
        };
        let bytes = ParamType::Bytes { size: 24, align: 8 };
        assert_eq!(
            header.entries,
            [
                ("axpy".to_owned(), vec![ParamType::F32, pointer, ParamType::U64, bytes]),
                ("empty".to_owned(), vec![]),
            ]
        );
    }

    #[test]
    fn what_is_no_ptx_is_refused() {
        for (text, message) in [
            ("", "missing `.version`"),
            (".version 8", "invalid `.version 8`"),
            (".version 8.0\n.target compute_90", "invalid `.target compute_90`"),
            (
                ".version 8.0\n.target sm_80\n.entry f(.param .u64 a",
                "unterminated parameter list of `f`",
            ),
            (
                ".version 8.0\n.target sm_80\n.entry f(.u64 a)",
                "parameter 0 of `f` is not valid PTX",
            ),
            (".version 8.0\n.target sm_80\n.entry (", "`.entry (` has no name"),
        ] {
            assert_eq!(read(text.as_bytes()), Err(message.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_damage_is_read_without_a_panic(at in 0..TEXT.len(), byte in any::<u8>()) {
            let mut bytes = TEXT.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = read(&bytes);
            let _ = read(&bytes[..at]);
        }
    }
}
