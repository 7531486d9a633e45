//! PTX of rustc without what depends on where its library lies.

use crate::sorted::Map;

/// Hashes in the order in which they appeared.
#[derive(Default)]
struct Seen {
    constants: Map<String, usize>,
    crates: Map<String, usize>,
}

/// Numbers crates and anonymous constants in the order in which they appear. In rustc's symbols (`_RNv…Cs8h2_4core…`) a crate
/// has a hash beside its name, and so have anonymous constants (`anon_$_<hash>_$_7`); both are made from folders. The text is
/// the same otherwise; names of entries are not touched, unless they are mangled themselves.
pub(crate) fn canonical(text: &str) -> String {
    let mut seen = Seen::default();
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, symbol, after)) = next_symbol(rest) {
        result.push_str(before);
        push_symbol(&mut result, symbol, &mut seen);
        rest = after;
    }
    result.push_str(rest);
    result
}

fn is_symbol(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$'
}

/// The next symbol, with what is before and after it.
fn next_symbol(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_at(text.find(is_symbol)?);
    let (symbol, after) = rest.split_at(rest.find(|c| !is_symbol(c)).unwrap_or(rest.len()));
    Some((before, symbol, after))
}

fn push_symbol(result: &mut String, symbol: &str, seen: &mut Seen) {
    if let Some((hash, name)) = symbol.strip_prefix("anon_$_").and_then(|rest| rest.split_once("_$_"))
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        result.push_str("anon_$_");
        result.push_str(&number(&mut seen.constants, hash));
        result.push_str("_$_");
        result.push_str(name);
        return;
    }
    let mut rest = symbol;
    if symbol.starts_with("_R") {
        // `Cs<base 62>_` before the length of a crate's name.
        while let Some((before, after)) = rest.split_once("Cs") {
            result.push_str(before);
            result.push_str("Cs");
            rest = after;
            if let Some((hash, name)) = after.split_once('_')
                && !hash.is_empty()
                && hash.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && name.starts_with(|c: char| c.is_ascii_digit())
            {
                result.push_str(&number(&mut seen.crates, hash));
                result.push('_');
                rest = name;
            }
        }
    }
    result.push_str(rest);
}

fn number(seen: &mut Map<String, usize>, hash: &str) -> String {
    let next = seen.len();
    seen.get_or_insert_with(hash.to_owned(), || next).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_become_numbers() {
        let text = ".func _RNvNtCsby7Xz2y7qhS_4core9panicking\ncall _RNvCsZ9_3lib1f, (_RNvNtCsby7Xz2y7qhS_4core9panicking);\n\
                    mov anon_$_91f370c1aedbc4f45d19fe893bc1d722_$_1;\n.entry soft_Cs1_4x(\n";
        assert_eq!(
            canonical(text),
            ".func _RNvNtCs0_4core9panicking\ncall _RNvCs1_3lib1f, (_RNvNtCs0_4core9panicking);\nmov anon_$_0_$_1;\n\
             .entry soft_Cs1_4x(\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn twice_is_once(text in "(_RNvCs[a-z0-9]{0,3}_[0-9a][a-zé ]{0,3}|anon_\\$_[0-9a-f]{2}_\\$_[0-9]|[ ,;Cs_$é]{1,4}){0,12}") {
            let once = canonical(&text);
            proptest::prop_assert_eq!(canonical(&once), once.clone());
        }
    }
}
