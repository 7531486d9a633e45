//! One order for the declarations of variables at the head of a module.
//!
//! With several threads (`--split-compile`), NVIDIA's compilers declare the variables of a module in another order each
//! time, and nothing else differs.

use std::borrow::Cow;
use std::ops::Range;

use crate::sorted::{List as _, Map, Set};

/// The text with each group of adjacent declarations of variables in order: by their text, those whose initial value
/// names another one behind what they name. Everything from the first body on stays as it is.
pub(crate) fn declarations_in_order(text: &str) -> Cow<'_, str> {
    let mut ordered: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    let mut group: Vec<Range<usize>> = Vec::new();
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        if is_declaration(line) && line.ends_with('\n') {
            group.push(range);
            continue;
        }
        place(text, &mut group, &mut copied, &mut ordered);
        if line.starts_with('{') {
            break;
        }
    }
    place(text, &mut group, &mut copied, &mut ordered);
    match ordered {
        None => Cow::Borrowed(text),
        Some(mut ordered) => {
            ordered.push_str(&text[copied..]);
            Cow::Owned(ordered)
        }
    }
}

/// Writes a group in order, with what stands before it, unless it was in order.
fn place(text: &str, group: &mut Vec<Range<usize>>, copied: &mut usize, ordered: &mut Option<String>) {
    let ranges = std::mem::take(group);
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
        return;
    };
    let whole = first.start..last.end;
    let lines: Vec<&str> = ranges.into_iter().map(|range| &text[range]).list();
    let sorted = in_order(&lines);
    if sorted == lines {
        return;
    }
    let ordered = ordered.get_or_insert_with(|| String::with_capacity(text.len()));
    ordered.push_str(&text[*copied..whole.start]);
    sorted.iter().for_each(|line| ordered.push_str(line));
    *copied = whole.end;
}

fn in_order<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut left: Vec<&str> = lines.to_vec();
    crate::sorted::sort(&mut left);
    let names: Map<&str, &str> = left.iter().map(|line| (name(line), *line)).collect();
    // What each waits for: other variables of the group.
    let mut waits: Vec<(&str, Vec<&str>)> = left
        .iter()
        .map(|line| {
            let named = named(line).filter(|other| names.get(other).is_some_and(|other| other != line));
            (*line, named.list())
        })
        .list();
    let mut placed: Vec<&str> = Vec::with_capacity(lines.len());
    let mut known = Set::new();
    while !waits.is_empty() {
        let before = placed.len();
        waits.retain(|(line, named)| {
            let ready = named.iter().all(|name| known.contains(name));
            if ready {
                placed.push(line);
            }
            !ready
        });
        known.extend(placed[before..].iter().map(|line| name(line)));
        if placed.len() == before {
            // They name each other, which PTX does not allow: not ours to judge.
            return lines.to_vec();
        }
    }
    placed
}

/// `.visible .global .align 4 .u32 name = 1;` and its like on one line, or the comment that stands for a variable that
/// went into a function.
fn is_declaration(line: &str) -> bool {
    let line = line.trim_end();
    if let Some(comment) = line.strip_prefix("// ") {
        return comment.ends_with(" has been demoted");
    }
    if !line.starts_with('.') || !line.ends_with(';') {
        return false;
    }
    let mut words = line.split(' ');
    let first = words.next().unwrap_or_default();
    let space = match first {
        ".visible" | ".weak" | ".extern" | ".common" => words.next().unwrap_or_default(),
        other => other,
    };
    matches!(space, ".global" | ".const" | ".shared")
}

/// The name that a line declares; for a comment, all of it.
fn name(line: &str) -> &str {
    let declared = line.split(['=', ';']).next().unwrap_or(line).trim_end();
    let word = declared.rsplit(' ').next().unwrap_or(declared);
    word.split('[').next().unwrap_or(word)
}

/// Names in the initial value.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let value = line.split_once('=').map_or("", |(_, value)| value);
    // Tables of numbers are most of such text.
    let plain = value.bytes().all(|byte| {
        matches!(
            byte,
            b'0'..=b'9' | b' ' | b',' | b'{' | b'}' | b';' | b'-' | b'\n' | b'\r'
        )
    });
    value
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '%')))
        .filter(move |word| !plain && !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = ".version 9.5\n.target sm_80\n\n";
    const BODY: &str = "\n.visible .entry k()\n{\n.shared .u32 z;\n.shared .u32 a;\n\tret;\n}\n";

    #[test]
    fn any_order_gives_the_same() {
        let lines = [
            ".global .align 4 .u32 b = 17;\n",
            ".global .align 4 .u32 _ZN1aE;\n",
            ".visible .global .align 8 .u64 a[2] = {generic(b), z+4};\n",
            ".visible .global .align 8 .u64 c = generic(a);\n",
            ".global .align 1 .b8 z[3] = {1, 2, 3};\n",
            "// _ZZ1k has been demoted\n",
        ];
        let expected = format!(
            "{HEAD}{}{}{}{}{}{}{BODY}",
            lines[4], lines[1], lines[0], lines[5], lines[2], lines[3]
        );
        // Every rotation, forwards and backwards.
        for start in 0..lines.len() {
            let mut turned: Vec<&str> = lines[start..].iter().chain(&lines[..start]).copied().collect();
            for _ in 0..2 {
                let text = format!("{HEAD}{}{BODY}", turned.concat());
                assert_eq!(declarations_in_order(&text), expected);
                turned.reverse();
            }
        }
        assert!(matches!(declarations_in_order(&expected), Cow::Borrowed(_)));
    }

    #[test]
    fn other_lines_part_groups_and_stay() {
        let text = format!("{HEAD}.global .u32 d;\n.extern .func f\n(\n)\n;\n.global .u32 b;\n.global .u32 a;\n{BODY}");
        let expected = text.replace(
            ".global .u32 b;\n.global .u32 a;\n",
            ".global .u32 a;\n.global .u32 b;\n",
        );
        assert_eq!(declarations_in_order(&text), expected);
    }

    #[test]
    fn what_names_itself_in_a_circle_stays() {
        let text = ".global .u64 b = a;\n.global .u64 a = b;\n";
        assert_eq!(declarations_in_order(text), text);
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_lost(text in "(\\.global \\.u32 [a-c]( = [a-c0-9])?;\n|\\{\n|x\n|// a has been demoted\n|\r\n|\\.const ;\n){0,9}") {
            let ordered = declarations_in_order(&text);
            let sorted = |text: &str| {
                let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
                lines.sort();
                lines
            };
            proptest::prop_assert_eq!(sorted(&text), sorted(&ordered));
            proptest::prop_assert_eq!(declarations_in_order(&ordered), ordered.as_ref());
        }
    }
}
