//! Names of generated modules.

use crate::sorted::{List as _, Map, Set};
use crate::unit::UnitName;

/// Words that cannot name a module.
const KEYWORDS: [&str; 52] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// An identifier as close to the text as possible: what cannot stand in one becomes `_`.
pub(super) fn identifier(text: &str) -> String {
    let mut name: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if name.is_empty()
        || name.starts_with(|c: char| c.is_ascii_digit())
        || KEYWORDS.contains(&name.as_str())
        || name == "_"
    {
        name.insert(0, '_');
        if name == "_" || name == "__" {
            name.push('k');
        }
    }
    name
}

/// A name for each text, in the same order and all different: the wanted one, with a number behind it where an earlier text has it.
pub(super) fn distinct<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = Set::new();
    let mut names = Vec::new();
    for text in texts {
        let wanted = identifier(text);
        let mut name = wanted.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

/// A module name for each unit, in the same order: the file stem where no other unit has it, else the whole path.
pub(crate) fn of_units(units: &[&UnitName]) -> Vec<String> {
    let stem = |unit: &UnitName| {
        let file = unit.as_str().rsplit('/').next().unwrap_or_default();
        identifier(file.rsplit_once('.').map_or(file, |(stem, _)| stem))
    };
    let mut count: Map<String, usize> = Map::new();
    for unit in units {
        *count.or_default(stem(unit)) += 1;
    }
    let wanted: Vec<String> = units
        .iter()
        .map(|unit| {
            let stem = stem(unit);
            if count.get(&stem) == Some(&1) {
                stem
            } else {
                identifier(unit.as_str())
            }
        })
        .list();
    distinct(wanted.iter().map(String::as_str))
}

/// A constant for each unit, in the same order: the name of its module in capitals.
pub(crate) fn constants(units: &[&UnitName]) -> Vec<String> {
    let names: Vec<String> = of_units(units).iter().map(|name| name.to_uppercase()).list();
    // Those that the module of constants has itself.
    let own = ["UNAVAILABLE", "ALL"].into_iter();
    distinct(own.chain(names.iter().map(String::as_str))).split_off(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stems_are_told_apart_by_their_paths() {
        let units: Vec<UnitName> = ["a/k.cu", "b/k.cu", "b/type.cu", "9-x.cu", "../my-kernels"]
            .into_iter()
            .map(UnitName::from)
            .collect();
        let names = of_units(&units.iter().collect::<Vec<_>>());
        assert_eq!(names, ["a_k_cu", "b_k_cu", "_type", "_9_x", "my_kernels"]);
    }

    #[test]
    fn constants_differ_in_capitals_too() {
        let units = ["k/a.cu", "k/A.cu", "k/all.cu"].map(UnitName::from);
        assert_eq!(constants(&units.iter().collect::<Vec<_>>()), ["A", "A_2", "ALL_2"]);
    }

    #[test]
    fn names_that_would_be_equal_are_numbered() {
        assert_eq!(distinct(["a$b", "a_b", "a%b"]), ["a_b", "a_b_2", "a_b_3"]);
    }

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
    }
}
