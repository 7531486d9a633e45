//! `${{ … }}`: as much of GitHub's expressions as decides what a command line says. What depends on the run is unknown,
//! and unknown is an answer of its own.

/// Value of an expression: a text, or `None` when it depends on the run.
pub(super) type Value = Option<String>;

/// Longest expression, and so the deepest nesting of one.
const MAX_BYTES: usize = 2_000;

/// Evaluates an expression (the text between `${{` and `}}`). `lookup` gives the value of a name such as `matrix.os`.
pub(super) fn evaluate(text: &str, lookup: &dyn Fn(&str) -> Value) -> Value {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut reader = Reader {
        rest: text.trim(),
        lookup,
        depth: 0,
    };
    let value = reader.either();
    reader.rest.trim().is_empty().then_some(value)?
}

/// Whether a value counts as true.
pub(super) fn truthy(value: &str) -> bool {
    !matches!(value, "" | "false" | "0" | "null")
}

struct Reader<'a> {
    rest: &'a str,
    lookup: &'a dyn Fn(&str) -> Value,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn takes(&mut self, operator: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(operator) {
            Some(behind) => {
                self.rest = behind;
                true
            }
            None => false,
        }
    }

    fn either(&mut self) -> Value {
        let mut value = self.both();
        while self.takes("||") {
            let other = self.both();
            value = match value {
                Some(text) if truthy(&text) => Some(text),
                Some(_) => other,
                None => None,
            };
        }
        value
    }

    fn both(&mut self) -> Value {
        let mut value = self.equal();
        while self.takes("&&") {
            let other = self.equal();
            value = match value {
                Some(text) if truthy(&text) => other,
                value => value,
            };
        }
        value
    }

    fn equal(&mut self) -> Value {
        let left = self.one();
        let same = if self.takes("==") {
            true
        } else if self.takes("!=") {
            false
        } else {
            return left;
        };
        let right = self.one();
        // GitHub ignores the case of strings when it compares them.
        Some((left?.eq_ignore_ascii_case(&right?) == same).to_string())
    }

    fn one(&mut self) -> Value {
        self.depth += 1;
        let value = if self.depth > 50 {
            self.give_up()
        } else {
            self.operand()
        };
        self.depth -= 1;
        value
    }

    fn give_up(&mut self) -> Value {
        self.rest = "";
        None
    }

    fn operand(&mut self) -> Value {
        if self.takes("!") {
            let value = self.one()?;
            return Some((!truthy(&value)).to_string());
        }
        if self.takes("(") {
            let value = self.either();
            self.takes(")");
            return value;
        }
        let rest = self.rest.trim_start();
        if let Some(behind) = rest.strip_prefix('\'') {
            return self.string(behind);
        }
        let end = rest
            .find(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | '*' | '[' | ']')))
            .unwrap_or(rest.len());
        let (name, behind): (&'a str, &'a str) = rest.split_at(end);
        self.rest = behind;
        if self.takes("(") {
            // A function: its arguments are read and its value is unknown.
            while !self.rest.trim_start().starts_with(')') && !self.rest.trim().is_empty() {
                let before = self.rest.len();
                let _ = self.either();
                self.takes(",");
                if self.rest.len() == before {
                    return self.give_up();
                }
            }
            self.takes(")");
            return None;
        }
        match name {
            "" => self.give_up(),
            "true" | "false" => Some(name.to_owned()),
            "null" => Some(String::new()),
            _ if name.bytes().all(|byte| byte.is_ascii_digit()) => Some(name.to_owned()),
            _ => (self.lookup)(name),
        }
    }

    /// A string; a quote in it is written twice.
    fn string(&mut self, text: &'a str) -> Value {
        let mut value = String::new();
        let mut rest = text;
        loop {
            let Some(end) = rest.find('\'') else {
                self.rest = "";
                return None;
            };
            value += &rest[..end];
            rest = &rest[end + 1..];
            match rest.strip_prefix('\'') {
                Some(behind) => {
                    value.push('\'');
                    rest = behind;
                }
                None => break,
            }
        }
        self.rest = rest;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Value {
        evaluate(text, &|name| match name {
            "matrix.os" => Some("linux".into()),
            "matrix.none" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn operators() {
        let known = |text: &str| value(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(known(" matrix.os "), "linux");
        assert_eq!(known("matrix.none || 'it''s'"), "it's");
        assert_eq!(known("matrix.os == 'Linux' && 'cross' || 'cargo'"), "cross");
        assert_eq!(known("matrix.os != 'linux' && 'cross' || 'cargo'"), "cargo");
        assert_eq!(known("!(matrix.none) && 'a'"), "a");
        assert_eq!(known("false || matrix.os"), "linux");
        for text in [
            "github.ref",
            "github.ref || 'a'",
            "fromJson('[1]')",
            "contains(a, 'b') && 'c'",
            "'open",
            "a b",
            "",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
        assert_eq!(value(&"!".repeat(1_999)), None);
        assert_eq!(value(&"(".repeat(1_999)), None);
        assert_eq!(value(&"x".repeat(3_000)), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(parts in proptest::collection::vec(
            proptest::sample::select(vec!["a", "(", ")", "'", "!", "==", "&&", "||", ",", " ", "é", "[", "1", "f("]), 0..40)) {
            let _ = value(&parts.concat());
        }
    }
}
