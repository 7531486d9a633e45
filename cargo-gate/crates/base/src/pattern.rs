//! Patterns over names: `*` stands for any characters and `?` for one.

/// Whether `pattern` covers the whole of `name`.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut in_name) = (0, 0);
    // Where the last `*` stands, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(char) if *char == '?' || *char == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                in_name = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name) in [
            ("suite.test.*", "suite.test.unit"),
            ("*", ""),
            ("a*b*c", "a-b-b-c"),
            ("?.clean", "t.clean"),
            ("git.clean", "git.clean"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("suite.test.*", "suite.tool.x"), ("a*b", "abc"), ("?", ""), ("", "a")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
